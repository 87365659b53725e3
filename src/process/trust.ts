/** Who else could have written a file that this program obeys. */

import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";

/** path_resolution(7) gives up after so many. */
const linksMax = 40;

/**
 * Who besides root and the user `uid`, who runs this if left out, can change the file, if there is one: a line for the file and for each folder on the way to it, through links,
 * that others may write, as sshd's StrictModes has it. In a folder with the sticky bit only the owner of a file replaces it. What
 * cannot be looked at is passed over.
 */
export function changeableByOthers(path: string | null, uid = process.geteuid?.() ?? 0): string[] {
	if (path === null) return [];
	const problems: string[] = [];
	for (const [entry, stats] of wayTo(path)) {
		const isShared = stats.isDirectory() && (stats.mode & 0o1000) !== 0;
		if (stats.uid !== 0 && stats.uid !== uid) problems.push(`${entry} belongs to user ${stats.uid}`);
		else if ((stats.mode & 0o002) !== 0 && !isShared) problems.push(`${entry} can be written by everyone`);
		else if ((stats.mode & 0o020) !== 0 && !isShared) problems.push(`${entry} can be written by its group`);
	}
	return [...new Set(problems)];
}

/** The folders that a path leads through, from the root on, and what it leads to. */
function* wayTo(path: string): Generator<readonly [string, Stats]> {
	const parts = partsOf(resolve(path));
	let links = 0;
	let at = "/";
	try {
		yield [at, lstatSync(at)];
		for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
			const entry = join(at, part);
			const stats = lstatSync(entry);
			if (stats.isSymbolicLink()) {
				if (++links > linksMax) return;
				const target = readlinkSync(entry);
				parts.unshift(...partsOf(target));
				if (isAbsolute(target)) at = "/";
			} else {
				yield [entry, stats];
				at = entry;
			}
		}
	} catch {
		// Not there, or not to be searched: whoever reads the file says so.
	}
}

function partsOf(path: string): string[] {
	return path.split("/").filter((part) => part !== "");
}
