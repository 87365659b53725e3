/** Frames from a capture file. */

import type { Cap } from "cap";
import { linkTypeOf, loadCap, nativeError, newBatch, readStatistics } from "./native.ts";
import { CaptureError, type CaptureStatistics, type FrameBatch, type FrameSource, type LinkType } from "./source.ts";

/**
 * Opens a capture file: pcap (both byte orders, micro- and nanoseconds) or pcapng; `-` is standard input, whose reads block.
 * Time stamps come out in nanoseconds whatever the file keeps. No filter is applied: the decoder has the same rule.
 * Throws a CaptureError that names the file if it cannot be read, is no capture, or holds a link type that the decoder does not know.
 */
export function openFile(path: string): FrameSource {
	const cap = new (loadCap().Cap)();
	const name = path === "-" ? "standard input" : path;
	try {
		const linkType = linkTypeOf(cap, openOffline(cap, path, name), name);
		return new FileSource(cap, name, linkType);
	} catch (error) {
		cap.close();
		throw error;
	}
}

function openOffline(cap: Cap, path: string, name: string): number {
	try {
		return cap.openOffline(path);
	} catch (error) {
		const native = nativeError(error);
		if (native?.code === "file_unreadable") throw new CaptureError(`cannot read ${name}: ${native.message}`);
		if (native?.code === "not_a_capture")
			throw new CaptureError(
				`${name} is no capture (${native.message}); expected pcap or pcapng, as tcpdump -w writes it`,
			);
		throw error;
	}
}

class FileSource implements FrameSource {
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

	statistics(): CaptureStatistics {
		return this.last ?? readStatistics(this.cap);
	}

	close(): void {
		this.last ??= readStatistics(this.cap);
		this.cap.close();
	}
}
