/** Captures as one stream: in which order they are read. */

import { statSync } from "node:fs";
import { onDisk } from "../filename.ts";
import { openFile } from "./capture-file.ts";
import { CaptureError, type FrameBatch, stampUsAt } from "./source.ts";

/**
 * The captures in the order of their first frames: by name, rotated files stand otherwise, 10 in front of 2. Those that cannot be opened
 * or hold no frame come first, in the order given. All keep that order if one is no regular file, as a pipe can be read only
 * once. Overwrites the batch.
 */
export function inOrderOfTime(paths: readonly string[], batch: FrameBatch): readonly string[] {
	if (paths.length < 2 || !paths.every(isRegularFile)) return paths;
	return paths
		.map((path) => ({ path, firstUs: firstStampUs(path, batch) }))
		.sort((a, b) => (a.firstUs === b.firstUs ? 0 : a.firstUs - b.firstUs))
		.map(({ path }) => path);
}

/** What cannot be looked at now can be again, when it is read and its fault told. */
function isRegularFile(path: string): boolean {
	if (path === "-") return false;
	try {
		return statSync(onDisk(path)).isFile();
	} catch {
		return true;
	}
}

function firstStampUs(path: string, batch: FrameBatch): number {
	try {
		const source = openFile(path);
		try {
			return source.read(batch) === 0 ? Number.NEGATIVE_INFINITY : stampUsAt(batch, 0);
		} finally {
			source.close();
		}
	} catch (error) {
		if (!(error instanceof CaptureError)) throw error;
		// Whoever reads it will say so.
		return Number.NEGATIVE_INFINITY;
	}
}
