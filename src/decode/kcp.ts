/**
 * KCP segments, as they stand in a dnstt packet: a 24-byte little-endian header, then `len` bytes of data, several in
 * a row. The data is encrypted and never looked at.
 *
 *     conv u32 | cmd u8 | frg u8 | wnd u16 | ts u32 (ms) | sn u32 | una u32 | len u32
 */
export const segmentHeaderBytes = 24;
/** Offsets of the fields that are looked at. */
export const commandAt = 4;
export const stampAt = 8;
export const sequenceAt = 12;
export const dataBytesAt = 20;

export const segmentPush = 81;
export const segmentAck = 82;
const segmentWindowTell = 84;

/**
 * How many segments of one message are kept. A response at a server's usual limit of 1,232 bytes holds 51 bare
 * headers, one of 4,096 bytes holds 170; more than this in one message is a fault.
 */
export const segmentsMax = 256;

/** The segments of one message, in columns. Sequence numbers and stamps are the 32 bits of the wire, as signed words. */
export class Segments {
	count = 0;
	/** Packets whose segments did not parse; what stood in front of the break is kept. */
	broken = 0;
	readonly command = new Uint8Array(segmentsMax);
	readonly stampMs = new Int32Array(segmentsMax);
	readonly sequence = new Int32Array(segmentsMax);

	clear(): void {
		this.count = 0;
		this.broken = 0;
	}

	/**
	 * Adds a segment, as its header says. Gives the bytes of data that follow it, or -1 when this is no KCP segment: an
	 * unknown command, or more data (`dataBytes`, 32 bits) than the `left` bytes behind the header.
	 */
	add(command: number, stampMs: number, sequence: number, dataBytes: number, left: number): number {
		if (command < segmentPush || command > segmentWindowTell || this.count === segmentsMax) return -1;
		if (dataBytes < 0 || dataBytes > left) return -1;
		const index = this.count++;
		this.command[index] = command;
		this.stampMs[index] = stampMs;
		this.sequence[index] = sequence;
		return dataBytes;
	}
}
