/** Detects captures that were copied as text, so that line feeds became two bytes, or two bytes became a line feed. */

import { closeSync, openSync, readSync, statSync } from "node:fs";
import { onDisk } from "../filename.ts";

const carriageReturn = 0x0d;
const lineFeed = 0x0a;

/** Holds some hundred line feeds in any capture. */
const lookedAtBytes = 65_536;
/** In arbitrary bytes one line feed in 256 follows a carriage return: this many in a row are no coincidence. */
const lineFeedsMin = 8;

/** How pcap files begin (draft-ietf-opsawg-pcap, 4), in both byte orders; no byte of it is a line feed. */
const pcapBegins = ["a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1"];
/** What the first word of pcapng, 0a0d0d0a, becomes: it was chosen to show this (draft-ietf-opsawg-pcapng, 4.1). */
const mangledBegins = ["0d0a0d0d", "0a0d0a"];

/** Whether the line ends of a file, which could not be read as a capture, were changed; false for a pipe, which cannot be read twice. */
export function isCopiedAsText(path: string): boolean {
	// It may be gone by now.
	if (path === "-" || statSync(onDisk(path), { throwIfNoEntry: false })?.isFile() !== true) return false;
	const file = openSync(onDisk(path), "r");
	try {
		const buffer = Buffer.alloc(lookedAtBytes);
		const bytes = buffer.subarray(0, readSync(file, buffer));
		const begin = bytes.toString("hex", 0, 4);
		if (mangledBegins.some((mangled) => begin.startsWith(mangled))) return true;
		return pcapBegins.includes(begin) && hasTextLineEnds(bytes);
	} finally {
		closeSync(file);
	}
}

function hasTextLineEnds(bytes: Uint8Array): boolean {
	let lineFeeds = 0;
	for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) {
		if (bytes[at - 1] !== carriageReturn) return false;
		lineFeeds++;
	}
	return lineFeeds >= lineFeedsMin;
}
