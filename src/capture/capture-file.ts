/** Frames from a capture file. */

import { accessSync, closeSync, constants, openSync, readSync, type Stats, statSync } from "node:fs";
import type { Cap } from "cap";
import { onDisk, shellWord } from "../filename.ts";
import { loadCap, nativeError } from "../native/addon.ts";
import { describeReadError } from "../read-error.ts";
import { linkTypeOf, readStatistics } from "./handle.ts";
import { isCopiedAsText } from "./mangled.ts";
import { CaptureError, type CaptureStatistics, type FrameBatch, type FrameSource, type LinkType } from "./source.ts";

export interface FileSource extends FrameSource {
	/** Whether read() returned 0 because the capture has ended, and not because nothing more is there yet. */
	isAtEnd(): boolean;
	/** Number of bytes read so far; 0 for a file that is being written. */
	offset(): number;
}

/**
 * Opens a capture file: pcap (both byte orders, micro- and nanoseconds) or pcapng.
 * Time stamps are in nanoseconds whatever the file has. No filter is applied: the decoder applies the same rule.
 * Throws a CaptureError that names the file if it cannot be read, is not a capture, or has a link type that the decoder does not know.
 */
export function openFile(path: string): FileSource {
	const cap = new (loadCap().Cap)();
	try {
		return sourceOf(cap, path, () => cap.openOffline(onDisk(path)));
	} catch (error) {
		cap.close();
		throw error;
	}
}

export interface GrowingOptions {
	/** The end of the file is not the end of the capture: isAtEnd() is never true. */
	readonly grows: boolean;
	/** Called while the capture's header is missing: waits a little, and returns whether to try again. */
	again(): Promise<boolean>;
}

/**
 * The same for a capture that is being written, `-` for standard input. read() returns the whole records that are there, and 0
 * after a moment if there are none. Returns null if `again` returned false.
 */
export async function openGrowing(path: string, { grows, again }: GrowingOptions): Promise<FileSource | null> {
	const cap = new (loadCap().Cap)();
	try {
		for (;;) {
			const number = named(path, () => cap.openGrowing(onDisk(path), grows));
			if (number !== undefined) return sourceOf(cap, path, () => number);
			if (!(await again())) break;
		}
	} catch (error) {
		cap.close();
		throw error;
	}
	cap.close();
	return null;
}

/**
 * Watches a file that is read while it grows. Call the function that it returns when there is nothing to read: it throws a
 * CaptureError once the file was replaced, removed or truncated, as what is written from then on would not be read.
 */
export function watchGrowth(path: string): () => void {
	const before = fileAt(path);
	let size = before?.size ?? 0;
	return () => {
		const now = fileAt(path);
		const isSame = now !== undefined && now.dev === before?.dev && now.ino === before.ino;
		if (!isSame || now.size < size) {
			const what = now === undefined ? "removed" : isSame ? "cut to a shorter one" : "replaced";
			throw new CaptureError(
				`${path} was ${what} while it was followed; follow it again for what is written from now on`,
			);
		}
		size = now.size;
	};
}

function fileAt(path: string): Stats | undefined {
	try {
		return statSync(onDisk(path));
	} catch {
		return undefined;
	}
}

function sourceOf(cap: Cap, path: string, open: () => number): FileSource {
	const name = nameOf(path);
	const linkType = linkTypeOf(cap, named(path, open), name);
	return new CapFile(cap, name, path, linkType);
}

function nameOf(path: string): string {
	return path === "-" ? "standard input" : path;
}

/** Calls `open` and turns what it throws into a CaptureError that names the file. */
function named<T>(path: string, open: () => T): T {
	const name = nameOf(path);
	try {
		return open();
	} catch (error) {
		const native = nativeError(error);
		if (native !== undefined && /Is a directory$/.test(native.message))
			throw new CaptureError(`${name} is a folder; name the captures in it, as in ${name.replace(/\/+$/, "")}/*.pcap`);
		if (native?.code === "file_unreadable") {
			if (path !== "-") refuseUnreadable(path);
			throw new CaptureError(`cannot read ${name}: ${native.message}`);
		}
		if (native?.code === "not_a_capture" && /only got 0$/.test(native.message))
			throw new CaptureError(`${name} is empty: the program that writes it has not begun, or failed`);
		if (native?.code === "not_a_capture" && isCopiedAsText(path))
			throw new CaptureError(`${name} is no capture: ${copyAgain}`);
		if (native?.code === "not_a_capture") {
			const unpacker = path === "-" ? undefined : unpackerOf(path);
			throw new CaptureError(
				unpacker === undefined
					? `${name} is no capture (${native.message}); expected pcap or pcapng, not compressed, as tcpdump -w writes it`
					: `${name} is compressed; decompress it, or read it from standard input: ${unpacker} ${shellWord(name)} | dnstt_exporter ... -`,
			);
		}
		throw error;
	}
}

/** Throws if the runtime may not read it either: unlike libpcap's errors, those of the runtime have codes. */
function refuseUnreadable(path: string): void {
	try {
		accessSync(onDisk(path), constants.R_OK);
	} catch (error) {
		throw new CaptureError(`${path} ${describeReadError(path, error)}`);
	}
}

const copyAgain =
	"its line ends were changed, as in a copy of text; copy it again as it is (scp, or ftp in binary mode)";

/** How compressed files begin (RFC 1952, 2.3.1; RFC 8878, 3.1.1; The .xz File Format, 2.1.1.1; bzip2), and what unpacks them. */
const compressions: readonly (readonly [begin: string, unpacker: string])[] = [
	["1f8b", "zcat"],
	["28b52ffd", "zstdcat"],
	["fd377a585a00", "xzcat"],
	["425a68", "bzcat"],
];
const compressionBytes = 6;

/** The program that unpacks a file; undefined if it is not compressed, or is a named pipe, which cannot be read twice. */
function unpackerOf(path: string): string | undefined {
	if (!statSync(onDisk(path)).isFile()) return undefined;
	const file = openSync(onDisk(path), "r");
	try {
		const bytes = Buffer.alloc(compressionBytes);
		const begin = bytes.toString("hex", 0, readSync(file, bytes));
		return compressions.find(([magic]) => begin.startsWith(magic))?.[1];
	} finally {
		closeSync(file);
	}
}

class CapFile implements FileSource {
	private last: CaptureStatistics | undefined;

	constructor(
		private readonly cap: Cap,
		private readonly name: string,
		private readonly path: string,
		readonly linkType: LinkType,
	) {}

	read({ bytes }: FrameBatch): number {
		try {
			return this.cap.read(bytes);
		} catch (error) {
			const native = nativeError(error);
			if (native === undefined || !["read_failed", "interfaces_differ", "sections_differ"].includes(native.code))
				throw error;
			const { received } = this.statistics();
			// libpcap reads a named pipe directly, and refuses interfaces for other differences, too.
			const differ =
				native.code !== "read_failed" || /different from the .* of the first interface/.test(native.message);
			throw new CaptureError(
				differ
					? `${this.name} is read up to frame ${received}, as its interfaces differ (${native.message}); ${this.partingAdvice(native.code)}`
					: `${this.name} is damaged after frame ${received}: ${isCopiedAsText(this.path) ? copyAgain : native.message}`,
			);
		}
	}

	private partingAdvice(code: string): string {
		// tshark and editcap take the interfaces of every section for those of the first section, and fail.
		if (code === "sections_differ") return "read the files that it was joined from instead";
		const isFile = this.path !== "-" && fileAt(this.path)?.isFile() === true;
		const file = isFile ? shellWord(this.path) : "FILE";
		return `${isFile ? "write" : "save it to a file, then write"} each to one of its own, with its number for N: tshark -r ${file} -Y frame.interface_id==N -w ONE.pcapng`;
	}

	isAtEnd(): boolean {
		return this.cap.isAtEnd();
	}

	offset(): number {
		return this.cap.offset();
	}

	statistics(): CaptureStatistics {
		return this.last ?? readStatistics(this.cap);
	}

	close(): void {
		this.last ??= readStatistics(this.cap);
		this.cap.close();
	}
}
