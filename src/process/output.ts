/** Standard output and standard error, and whether they are terminals. */

import { writeSync } from "node:fs";

/** Of a terminal, in characters. */
export interface Size {
	readonly columns: number;
	readonly rows: number;
}

/** So many UTF-16 units of a text are encoded at once: a long one need not stand in memory as bytes, too. */
const pieceUnits = 65_536;

/** Writes all of the text before it returns: exiting would drop the rest. */
export function print(text: string): void {
	const encoder = new TextEncoder();
	const piece = new Uint8Array(Math.min(text.length, pieceUnits) * 3);
	for (let at = 0; at < text.length; ) {
		// Both halves of a character beyond 16 bits are in one piece.
		const isHalf = (text.charCodeAt(at + pieceUnits - 1) & 0xfc00) === 0xd800;
		const { read, written } = encoder.encodeInto(text.slice(at, at + pieceUnits - (isHalf ? 1 : 0)), piece);
		writeWhole(piece.subarray(0, written));
		at += read;
	}
}

/**
 * A pipe takes no more than it has room for. What cannot be written ends the program: whoever asked for it would take a part
 * for the whole.
 */
function writeWhole(bytes: Uint8Array): void {
	for (let at = 0; at < bytes.length; ) {
		try {
			at += writeSync(1, bytes, at);
		} catch (error) {
			const { code } = error as NodeJS.ErrnoException;
			// Whoever read has seen enough, as head has.
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

/** Whether standard output is a terminal that can more than print lines. */
export function isScreen(): boolean {
	return process.stdout.isTTY === true && process.env.TERM !== "dumb";
}

export function screenSize(): Size {
	return { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 };
}

let standardError: Bun.FileSink | undefined;

/**
 * Never waits for a reader, as process.stderr does not, which loads all that streams are made of first: 5 ms. Whoever reads the log may
 * go away, or its disk be full; the exporter stays.
 */
export function printError(text: string): void {
	try {
		standardError ??= Bun.stderr.writer();
	} catch {
		// It takes a descriptor, and none may be left.
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

/** The last line of standard error, where that is a terminal. It is not asked before there is something to show. */
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
