/** Standard output and standard error, and whether they are terminals. */

import { writeSync } from "node:fs";

/** The size of a terminal, in characters. */
export interface Size {
	readonly columns: number;
	readonly rows: number;
}

/** A text is encoded in pieces of this many UTF-16 units, so that a long one is not in memory a second time as bytes. */
const pieceUnits = 65_536;

/** Writes all of the text before it returns: exiting would drop the rest. */
export function print(text: string): void {
	const encoder = new TextEncoder();
	const piece = new Uint8Array(Math.min(text.length, pieceUnits) * 3);
	for (let at = 0; at < text.length; ) {
		// Both halves of a surrogate pair have to be in one piece.
		const isHalf = (text.charCodeAt(at + pieceUnits - 1) & 0xfc00) === 0xd800;
		const { read, written } = encoder.encodeInto(text.slice(at, at + pieceUnits - (isHalf ? 1 : 0)), piece);
		writeWhole(piece.subarray(0, written));
		at += read;
	}
}

/**
 * Writes again while a pipe is full. If the output cannot be written, the program ends with an error, as its reader would take a part for
 * the whole.
 */
function writeWhole(bytes: Uint8Array): void {
	for (let at = 0; at < bytes.length; ) {
		try {
			at += writeSync(1, bytes, at);
		} catch (error) {
			const { code } = error as NodeJS.ErrnoException;
			// The reader, such as head, has seen enough.
			if (code === "EPIPE") process.exit(0);
			if (code !== "EAGAIN") {
				const reason = error instanceof Error ? error.message : String(error);
				printError(`dnstt_exporter: standard output cannot be written: ${reason}\n`);
				process.exit(1);
			}
			Bun.sleepSync(1);
		}
	}
}

/** Whether standard output is a terminal that can do more than print lines. */
export function isScreen(): boolean {
	return process.stdout.isTTY === true && process.env.TERM !== "dumb";
}

export function screenSize(): Size {
	return { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 };
}

let standardError: Bun.FileSink | undefined;

/**
 * Writes to standard error without waiting for its reader. process.stderr does not wait either, but loading streams takes 5 ms. The
 * reader of the log may go away, or its disk be full: the exporter keeps running.
 */
export function printError(text: string): void {
	try {
		standardError ??= Bun.stderr.writer();
	} catch {
		// It needs a file descriptor, and none may be left.
		writeError(text);
		return;
	}
	try {
		for (const written of [standardError.write(text), standardError.flush()]) Promise.resolve(written).catch(() => {});
	} catch {}
}

function writeError(text: string): void {
	try {
		writeSync(2, text);
	} catch {}
}

/** The last line of standard error, if that is a terminal; which is only checked once there is something to show. */
export function progressLine(): { readonly columns: number; show(line: string): void } {
	let isShown = false;
	return {
		get columns() {
			return process.stderr.columns || 80;
		},
		show(line) {
			if ((line === "" && !isShown) || !process.stderr.isTTY) return;
			isShown = line !== "";
			printError(`\r\x1b[K${line}`);
		},
	};
}
