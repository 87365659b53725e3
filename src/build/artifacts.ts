/** Files that the build makes: written whole, and only when what they are made of has changed. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";

export const root = resolve(import.meta.dir, "../..");
export const workFolder = join(root, ".build");

/** Ends the build with one line that says what is wrong and how to fix it. */
export class BuildError extends Error {}

export function say(line: string): void {
	console.error(`build: ${line}`);
}

export function hashOf(...parts: (string | Uint8Array)[]): string {
	const hash = createHash("sha256");
	for (const part of parts) hash.update(`${part.length}:`).update(part);
	return hash.digest("hex");
}

/**
 * Makes `output` by writing another file first, so that it is whole at every moment: a running process may have the old one
 * mapped, and two builds may run at the same time.
 */
export async function writeWhole(
	output: string,
	write: (fresh: string) => Promise<void> | void,
	name = basename(output),
): Promise<void> {
	mkdirSync(dirname(output), { recursive: true });
	const folder = join(workFolder, `fresh-${process.pid}`);
	const fresh = join(folder, name);
	mkdirSync(folder, { recursive: true });
	try {
		await write(fresh);
		renameSync(fresh, output);
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/** All files under a folder, sorted, as the parts of a hash: name and content of each. */
export function folderParts(folder: string): (string | Uint8Array)[] {
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name))
		.sort()
		.flatMap((path) => [relative(root, path), readFileSync(path)]);
}

/** Whether `output` is there and was made from inputs of this hash. */
export function isFresh(output: string, stampPath: string, hash: string): boolean {
	return existsSync(output) && existsSync(stampPath) && readFileSync(stampPath, "utf8") === hash;
}
