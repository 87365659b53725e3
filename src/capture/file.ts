/** Frames from a capture file. */

import type { Cap } from "cap";
import { linkTypeOf, loadCap, nativeError, newBatch, readStatistics } from "./native.ts";
import { CaptureError, type CaptureStatistics, type FrameBatch, type FrameSource, type LinkType } from "./source.ts";

export interface FileSource extends FrameSource {
	/** Whether read() gave 0 because there is no more, and not because no more is there yet. */
	isAtEnd(): boolean;
	/** How far the file was read, in bytes; 0 for one that is being written. */
	offset(): number;
}

/**
 * Opens a capture file: pcap (both byte orders, micro- and nanoseconds) or pcapng.
 * Time stamps come out in nanoseconds whatever the file keeps. No filter is applied: the decoder has the same rule.
 * Throws a CaptureError that names the file if it cannot be read, is no capture, or holds a link type that the decoder does not know.
 */
export function openFile(path: string): FileSource {
	const cap = new (loadCap().Cap)();
	try {
		return sourceOf(cap, path, () => cap.openOffline(path));
	} catch (error) {
		cap.close();
		throw error;
	}
}

export interface GrowingOptions {
	/** The end of the file is not the end of the capture: isAtEnd() is never true. */
	readonly grows: boolean;
	/** Asked while the capture's header is not there: waits a little, and tells whether to look again. */
	again(): Promise<boolean>;
}

/**
 * The same for a capture that is being written, `-` for standard input. A read gives what is there of whole records, and 0
 * within a moment if that is nothing. Null when `again` gave up.
 */
export async function openGrowing(path: string, { grows, again }: GrowingOptions): Promise<FileSource | null> {
	const cap = new (loadCap().Cap)();
	try {
		for (;;) {
			const number = named(path, () => cap.openGrowing(path, grows));
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

function sourceOf(cap: Cap, path: string, open: () => number): FileSource {
	const name = nameOf(path);
	const linkType = linkTypeOf(cap, named(path, open), name);
	return new CapFile(cap, name, linkType);
}

function nameOf(path: string): string {
	return path === "-" ? "standard input" : path;
}

/** Opens, and says of which file it is that this fails. */
function named<T>(path: string, open: () => T): T {
	const name = nameOf(path);
	try {
		return open();
	} catch (error) {
		const native = nativeError(error);
		if (native !== undefined && /Is a directory$/.test(native.message))
			throw new CaptureError(`${name} is a folder; name the captures in it, as in ${name.replace(/\/+$/, "")}/*.pcap`);
		if (native?.code === "file_unreadable") throw new CaptureError(`cannot read ${name}: ${native.message}`);
		if (native?.code === "not_a_capture" && /only got 0$/.test(native.message))
			throw new CaptureError(`${name} is empty; expected pcap or pcapng: what was to write it says why it did not`);
		if (native?.code === "not_a_capture")
			throw new CaptureError(
				`${name} is no capture (${native.message}); expected pcap or pcapng, as tcpdump -w writes it`,
			);
		throw error;
	}
}

class CapFile implements FileSource {
	readonly batch: FrameBatch = newBatch();
	private last: CaptureStatistics | undefined;

	constructor(
		private readonly cap: Cap,
		private readonly name: string,
		readonly linkType: LinkType,
	) {}

	read(): number {
		try {
			return this.cap.read(this.batch.bytes);
		} catch (error) {
			const native = nativeError(error);
			if (native?.code !== "read_failed") throw error;
			throw new CaptureError(`${this.name} is damaged after frame ${this.statistics().received}: ${native.message}`);
		}
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
