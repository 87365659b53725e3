/** Files of the configuration: which of them others can change, and which this process can no longer read. */

import { accessSync, constants, lstatSync, readlinkSync, type Stats } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { ConfigError } from "../config/error.ts";
import type { Config } from "../config/schema.ts";

/** path_resolution(7) gives up after this many links. */
const linksMax = 40;

/**
 * Returns a line for each way in which somebody other than root and the user `uid` (by default the one who runs this) can change the
 * file: it or a folder on the way to it, through links, belongs to another user or can be written by others, as sshd's StrictModes
 * checks it. In a folder with the sticky bit only the owner of a file can replace it. What cannot be looked at is left out.
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

/** The folders that a path leads through, beginning with the root, and what it leads to. */
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
		// It does not exist or may not be searched: reading the file reports that.
	}
}

function partsOf(path: string): string[] {
	return path.split("/").filter((part) => part !== "");
}

/**
 * Returns a line for each file of the configuration that this process may not read now, with the rights that it has left: it could not
 * take up a newer one in its place. `load` reads the configuration file, as a reload does.
 */
export function unreadableFiles(config: Config, load: () => Config): string[] {
	const files: readonly (readonly [key: string, path: string | null | undefined])[] = [
		["geoip.country-database", config.geoip.countryDatabase],
		["geoip.asn-database", config.geoip.asnDatabase],
		["web.tls.certificate-file", config.web.tls?.certificateFile],
		["web.tls.key-file", config.web.tls?.keyFile],
	];
	const lines: string[] = [];
	for (const [key, path] of files) {
		if (path === null || path === undefined) continue;
		try {
			accessSync(path, constants.R_OK);
		} catch {
			lines.push(`${key} ${path}: let the account of process.user read it`);
		}
	}
	try {
		load();
	} catch (error) {
		if (!(error instanceof ConfigError)) throw error;
		lines.push(...error.problems);
	}
	return lines;
}
