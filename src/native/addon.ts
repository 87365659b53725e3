/** Package `cap` with our native half, which captures, and calls functions of the C library that the process needs. */

import { tmpdir } from "node:os";
import type { NativeError } from "cap";

/** The native half cannot be loaded. The message says why, and what to do. */
export class AddonError extends Error {}

let loaded: typeof import("cap") | AddonError | undefined;

/**
 * Returns the package, which is loaded at the first use, as some commands capture nothing. The native half is inside the executable, and
 * Bun unpacks it into the folder for temporary files to load it (mode 0600, named by its content, written atomically). It stays
 * there: another exporter that starts at the same time may be about to load it. Throws an AddonError if this fails.
 */
export function loadCap(): typeof import("cap") {
	loaded ??= requireCap();
	// Not loaded again after a failure: it would seem to succeed, with half of a module in the runtime's cache.
	if (loaded instanceof AddonError) throw loaded;
	return loaded;
}

function requireCap(): typeof import("cap") | AddonError {
	try {
		return require("cap");
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		const folder = tmpdir();
		const full = isFull(folder);
		return new AddonError(
			full
				? `cannot load the capture library: ${folder} is full, where it is unpacked into; free some space, or set TMPDIR to another folder`
				: `cannot load the capture library (${reason}): it is unpacked into ${folder}; if that folder cannot be written or is mounted noexec, set TMPDIR to another`,
		);
	}
}

/** Larger than the capture library on every kind of host. */
const libraryBytesMax = 1024 * 1024;

/** Whether the folder has no room for the library: the runtime does not report why it could not unpack it. Only a write shows a quota. */
function isFull(folder: string): boolean {
	const { existsSync, rmSync, writeFileSync } = require("node:fs") as typeof import("node:fs");
	const path = `${folder}/.dnstt_exporter-${process.pid}`;
	try {
		writeFileSync(path, new Uint8Array(libraryBytesMax), { flag: "wx" });
		return false;
	} catch (error) {
		return ["ENOSPC", "EDQUOT"].includes(nativeError(error)?.code ?? "");
	} finally {
		// Where nothing can be written, rmSync throws although there is no file.
		if (existsSync(path)) rmSync(path);
	}
}

/** The error, if it is one of cap's own, which have a code; undefined for any other. */
export function nativeError(error: unknown): NativeError | undefined {
	return error instanceof Error && "code" in error ? (error as NativeError) : undefined;
}
