/** What the two kinds of frame source share on their way to package `cap`. */

import { tmpdir } from "node:os";
import type { Cap, NativeError } from "cap";
import { CaptureError, type CaptureStatistics, LinkType } from "./source.ts";

let loaded: typeof import("cap") | CaptureError | undefined;

/**
 * The package, loaded at the first use: commands that capture nothing do without. The executable has the native half inside, and
 * Bun unpacks it into the folder for temporary files to load it (mode 0600, named by its content, put there whole). It stays
 * there: another exporter that starts at the same time may be about to load it. Throws a CaptureError if this fails.
 */
export function loadCap(): typeof import("cap") {
	loaded ??= requireCap();
	// Once it failed it would seem to succeed: what the runtime keeps of it then is half of it.
	if (loaded instanceof CaptureError) throw loaded;
	return loaded;
}

function requireCap(): typeof import("cap") | CaptureError {
	try {
		return require("cap");
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		const folder = tmpdir();
		const full = isFull(folder);
		return new CaptureError(
			full
				? `cannot load the capture library: ${folder} is full, where it is unpacked into; free some space, or set TMPDIR to another folder`
				: `cannot load the capture library (${reason}): it is unpacked into ${folder}; if that folder cannot be written or is mounted noexec, set TMPDIR to another`,
		);
	}
}

/** More than the capture library has, on every kind of host. */
const libraryBytesMax = 1024 * 1024;

/** Whether the folder has no room for the library: the runtime does not say why it could not unpack it. A quota shows in a write alone. */
function isFull(folder: string): boolean {
	const { rmSync, writeFileSync } = require("node:fs") as typeof import("node:fs");
	const path = `${folder}/.dnstt_exporter-${process.pid}`;
	try {
		writeFileSync(path, new Uint8Array(libraryBytesMax), { flag: "wx" });
		return false;
	} catch (error) {
		return ["ENOSPC", "EDQUOT"].includes(nativeError(error)?.code ?? "");
	} finally {
		rmSync(path, { force: true });
	}
}

/** What cap threw, if it is one of its own errors, which have a code; undefined for anything else. */
export function nativeError(error: unknown): NativeError | undefined {
	return error instanceof Error && "code" in error ? (error as NativeError) : undefined;
}

/**
 * Narrows the LINKTYPE_ number of an open capture. Throws a CaptureError that names it if the decoder does not know it.
 * `name`: of the file or interface.
 */
export function linkTypeOf(cap: Cap, number: number, name: string): LinkType {
	if (number in LinkType) return number;
	const supported = Object.values(LinkType)
		.filter((value) => typeof value === "string")
		.join(", ");
	throw new CaptureError(
		`${name} has link type ${cap.linkTypeName() ?? "LINKTYPE"} (${number}), which is not supported; supported are ${supported}`,
	);
}

/** Statistics of an open capture. */
export function readStatistics(cap: Cap): CaptureStatistics {
	const counts = new Float64Array(3);
	cap.statistics(counts);
	const [received = 0, droppedByKernel = 0, droppedByInterface = 0] = counts;
	return { received, droppedByKernel, droppedByInterface };
}
