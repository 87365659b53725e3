/**
 * Where frames come from: the one face that a live interface and a capture file share.
 * A source fills a batch; whoever reads it decodes every record before the next read.
 */

/** LINKTYPE_ numbers (tcpdump.org/linktypes.html) that the decoder knows. Any other is refused by name when a source opens. */
export const linkTypes = {
	NULL: 0,
	EN10MB: 1,
	RAW: 101,
	LOOP: 108,
	LINUX_SLL: 113,
	IPV4: 228,
	IPV6: 229,
	LINUX_SLL2: 276,
} as const;

export type LinkType = (typeof linkTypes)[keyof typeof linkTypes];

/** Length of the header in front of each frame of a batch. */
export const recordHeaderBytes = 16;

/**
 * A run of records, one behind the other, in memory that the source overwrites at its next read.
 * A record starts at a multiple of 4 and is four u32 in host byte order (little-endian on every supported target)
 *
 *     seconds | nanoseconds | captured length | original length
 *
 * then the captured bytes of the frame, then padding to the next multiple of 4.
 */
export interface FrameBatch {
	readonly bytes: Uint8Array;
	/** The same memory as `bytes`, to read record headers with. */
	readonly words: Uint32Array;
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
	readonly batch: FrameBatch;
	/**
	 * Fills the batch from its beginning and gives the number of bytes used; 0 when there is nothing (live: for now; file: the end).
	 * Throws a CaptureError when the source is broken; frames that came before the fault have been given by then.
	 */
	read(): number;
	statistics(): CaptureStatistics;
	/** Idempotent; read() must not be called afterwards. */
	close(): void;
}

/** A capture that cannot be opened or went bad: one line for the operator, with what to do. */
export class CaptureError extends Error {
	override readonly name = "CaptureError";
}
