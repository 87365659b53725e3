/**
 * Where frames come from: the interface that live captures and capture files share.
 * A source fills the reader's batch; every record is decoded before the next read.
 */

import type { LinkType } from "../wasm/shared/linktype.ts";

export { LinkType } from "../wasm/shared/linktype.ts";

/**
 * Records, one after the other, in memory that the next read overwrites.
 * A record is four u32 in host byte order (little-endian on every supported target)
 *
 *     seconds | nanoseconds | captured length | original length
 *
 * then the captured bytes of the frame, as in a pcap file; the next follows without a gap.
 */
export interface FrameBatch {
	readonly bytes: Uint8Array;
	/** The same memory as `bytes`, to read record headers with. */
	readonly view: DataView;
}

/** The time stamp of the record at offset `at`: whole microseconds since 1970. */
export function stampUsAt({ view }: FrameBatch, at: number): number {
	return view.getUint32(at, true) * 1_000_000 + Math.floor(view.getUint32(at + 4, true) / 1_000);
}

/** Frames from `fromUs` on and before `toUs`, microseconds since 1970. */
export interface TimeRange {
	readonly fromUs: number;
	readonly toUs: number;
}

/** Counts since the source opened, as the kernel keeps them (pcap_stats(3PCAP)); all 0 for files but `received`. */
export interface CaptureStatistics {
	/** Frames that passed the filter, those dropped by the kernel among them (TPACKET_V3). */
	readonly received: number;
	/** Frames dropped because the capture buffer was full. */
	readonly droppedByKernel: number;
	/** Frames dropped by the interface or its driver. */
	readonly droppedByInterface: number;
}

export interface FrameSource {
	readonly linkType: LinkType;
	/**
	 * Fills a batch from its beginning and returns the number of bytes used; 0 when there is nothing now (live, or a file that is
	 * being written) and at the end of a file, which FileSource.isAtEnd distinguishes.
	 * Throws a CaptureError when the source has failed; earlier reads have returned all frames from before the failure.
	 */
	read(batch: FrameBatch): number;
	statistics(): CaptureStatistics;
	/** Idempotent; read() must not be called afterwards. */
	close(): void;
}

/** A capture cannot be opened or has failed: one line for the operator, with what to do. */
export class CaptureError extends Error {
	override readonly name = "CaptureError";
}
