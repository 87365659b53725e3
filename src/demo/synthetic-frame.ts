import type { FrameBatch } from "../capture/source.ts";
import { recordHeaderBytes } from "../wasm/shared/record.ts";

/** A datagram to be written as a frame, as if it had been captured. */
export interface SyntheticFrame {
	/** Microseconds since 1970, whole. */
	readonly timeUs: number;
	/** IPv4 addresses as numbers, and UDP ports. */
	readonly source: number;
	readonly destination: number;
	readonly sourcePort: number;
	readonly destinationPort: number;
	readonly payload: Uint8Array;
}

/** LINKTYPE_NULL of a little-endian host: the address family, AF_INET. */
const linkHeader = [2, 0, 0, 0];
const headersBytes = 28;

/**
 * Writes a record to a batch at offset `at`: a frame of the loopback interface (LINKTYPE_NULL) with an IPv4 and a UDP header without checksums
 * (RFC 791, 768), and the payload. Returns the offset of the next record, or 0 when this one does not fit.
 */
export function writeSyntheticFrame(batch: FrameBatch, at: number, datagram: SyntheticFrame): number {
	const { bytes } = batch;
	const packetBytes = headersBytes + datagram.payload.length;
	const frame = at + recordHeaderBytes;
	const packet = frame + linkHeader.length;
	const next = packet + packetBytes;
	if (next > bytes.length) return 0;
	const header = [Math.floor(datagram.timeUs / 1e6), (datagram.timeUs % 1e6) * 1_000, next - frame, next - frame];
	for (const [index, word] of header.entries()) batch.view.setUint32(at + index * 4, word, true);
	bytes.set(linkHeader, frame);
	const view = new DataView(bytes.buffer, bytes.byteOffset + packet, packetBytes);
	view.setUint32(0, (0x4500 << 16) | packetBytes);
	view.setUint32(4, 0);
	view.setUint32(8, 0x4011_0000);
	view.setUint32(12, datagram.source);
	view.setUint32(16, datagram.destination);
	view.setUint16(20, datagram.sourcePort);
	view.setUint16(22, datagram.destinationPort);
	view.setUint32(24, (8 + datagram.payload.length) << 16);
	bytes.set(datagram.payload, packet + headersBytes);
	return next;
}
