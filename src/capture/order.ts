/** The order in which several captures are read as one stream. */

import { statSync } from "node:fs";
import { onDisk } from "../filename.ts";
import { openFile } from "./capture-file.ts";
import { CaptureError, type FrameBatch, stampUsAt } from "./source.ts";

/**
 * Sorts captures by the time of their first frames: sorted by name, rotated files have 10 before 2. Those that cannot be opened
 * or have no frame come first, in their order here. If one is not a regular file, all keep that order, as a pipe can be read only
 * once. Overwrites the batch.
 */
export function inOrderOfTime(paths: readonly string[], batch: FrameBatch): readonly string[] {
	if (paths.length < 2 || !paths.every(isRegularFile)) return paths;
	return paths
		.map((path) => ({ path, firstUs: firstStampUs(path, batch) }))
		.sort((a, b) => (a.firstUs === b.firstUs ? 0 : a.firstUs - b.firstUs))
		.map(({ path }) => path);
}

/** True for a file that cannot be looked at: reading it will report why. */
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
		// Reading it will report that.
		return Number.NEGATIVE_INFINITY;
	}
}
