/**
 * Capture files for the tests, read and written without the code under test: pcap in both byte orders and both precisions
 * (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng).
 */

export interface CaptureRecord {
	/** Nanoseconds since 1970. */
	readonly timeNs: bigint;
	readonly bytes: Uint8Array;
	/** Length on the wire where the capture cut the frame; the captured length if it is left out. */
	readonly originalLength?: number;
}

export interface Capture {
	/** LINKTYPE_ number. */
	readonly linkType: number;
	readonly bigEndian: boolean;
	/** Whether the time stamps are in nanoseconds; else in microseconds. */
	readonly nanosecond: boolean;
	readonly snapLength: number;
	readonly records: readonly CaptureRecord[];
}

const magicMicroseconds = 0xa1b2c3d4;
const magicNanoseconds = 0xa1b23c4d;
const fileHeaderBytes = 24;
const recordHeaderBytes = 16;
const snapLengthDefault = 262_144;

/** Reads a whole pcap file (not pcapng). Throws on any other magic number and on a record that reaches behind the end. */
export function readPcap(file: Uint8Array): Capture {
	const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
	if (file.length < fileHeaderBytes) throw new Error(`pcap file of ${file.length} bytes has no header`);
	const bigEndian = view.getUint8(0) === 0xa1;
	const magic = view.getUint32(0, !bigEndian);
	if (magic !== magicMicroseconds && magic !== magicNanoseconds)
		throw new Error(`no pcap magic: ${magic.toString(16)}`);
	const nanosecond = magic === magicNanoseconds;
	const records: CaptureRecord[] = [];
	let offset = fileHeaderBytes;
	while (offset < file.length) {
		if (offset + recordHeaderBytes > file.length) throw new Error(`record header cut at byte ${offset}`);
		const seconds = BigInt(view.getUint32(offset, !bigEndian));
		const fraction = BigInt(view.getUint32(offset + 4, !bigEndian));
		const length = view.getUint32(offset + 8, !bigEndian);
		const originalLength = view.getUint32(offset + 12, !bigEndian);
		const start = offset + recordHeaderBytes;
		if (start + length > file.length) throw new Error(`record cut at byte ${offset}`);
		records.push({
			timeNs: seconds * 1_000_000_000n + (nanosecond ? fraction : fraction * 1000n),
			bytes: file.subarray(start, start + length),
			originalLength,
		});
		offset = start + length;
	}
	// The upper bits of the link type word hold the FCS length.
	const linkType = view.getUint32(20, !bigEndian) & 0xffff;
	return { linkType, bigEndian, nanosecond, snapLength: view.getUint32(16, !bigEndian), records };
}

/** Reads the pcap file at `path`. */
export async function readPcapFile(path: string): Promise<Capture> {
	return readPcap(await Bun.file(path).bytes());
}

export interface PcapOptions {
	readonly linkType: number;
	readonly bigEndian?: boolean;
	/** Nanosecond time stamps; microseconds (the rest is cut off) if left out. */
	readonly nanosecond?: boolean;
	readonly snapLength?: number;
	readonly records: readonly CaptureRecord[];
}

/** Gives the bytes of a pcap file, little-endian with microseconds unless the options say otherwise. */
export function writePcap(options: PcapOptions): Uint8Array {
	const little = !(options.bigEndian ?? false);
	const nanosecond = options.nanosecond ?? false;
	const size = options.records.reduce((sum, { bytes }) => sum + recordHeaderBytes + bytes.length, fileHeaderBytes);
	const file = new Uint8Array(size);
	const view = new DataView(file.buffer);
	view.setUint32(0, nanosecond ? magicNanoseconds : magicMicroseconds, little);
	view.setUint16(4, 2, little);
	view.setUint16(6, 4, little);
	view.setUint32(16, options.snapLength ?? snapLengthDefault, little);
	view.setUint32(20, options.linkType, little);
	let offset = fileHeaderBytes;
	for (const { timeNs, bytes, originalLength } of options.records) {
		const fraction = timeNs % 1_000_000_000n;
		view.setUint32(offset, Number(timeNs / 1_000_000_000n), little);
		view.setUint32(offset + 4, Number(nanosecond ? fraction : fraction / 1000n), little);
		view.setUint32(offset + 8, bytes.length, little);
		view.setUint32(offset + 12, originalLength ?? bytes.length, little);
		file.set(bytes, offset + recordHeaderBytes);
		offset += recordHeaderBytes + bytes.length;
	}
	return file;
}

export interface PcapngOptions {
	readonly linkType: number;
	readonly bigEndian?: boolean;
	/** if_tsresol: 6 (the default; the option is then left out), 9, another power of ten, or 0x80 + n for units of 2^-n seconds. */
	readonly tsresol?: number;
	/** 0 (no limit) if left out. */
	readonly snapLength?: number;
	/** More interfaces than the first, which is the one that linkType and snapLength describe. */
	readonly more?: readonly { readonly linkType: number; readonly snapLength?: number }[];
	/** The number of the interface that a record is of, by its index in the section; 0 if left out. */
	readonly interfaceOf?: (index: number) => number;
	/** Puts blocks that a reader must skip between the packets: interface statistics and a block type that nobody knows. */
	readonly otherBlocks?: boolean;
	/** Begins a second section of the other byte order in the middle of the records, as `cat a.pcapng b.pcapng` gives. */
	readonly secondSection?: boolean;
	readonly records: readonly CaptureRecord[];
}

/** Gives the bytes of a pcapng file: a section header, one interface and an enhanced packet block a record. */
export function writePcapng(options: PcapngOptions): Uint8Array {
	const bigEndian = options.bigEndian ?? false;
	const { records } = options;
	const middle = options.secondSection === true ? Math.floor(records.length / 2) : records.length;
	const blocks = section(options, records.slice(0, middle), options.linkType, !bigEndian);
	if (options.secondSection === true) {
		blocks.push(...section(options, records.slice(middle), options.linkType, bigEndian));
	}
	return concatBytes(blocks);
}

function section(
	options: PcapngOptions,
	records: readonly CaptureRecord[],
	linkType: number,
	little: boolean,
): Uint8Array[] {
	const tsresol = options.tsresol ?? 6;
	const header = new DataView(new ArrayBuffer(16));
	header.setUint32(0, 0x1a2b3c4d, little);
	header.setUint16(4, 1, little);
	// Section length -1: not known.
	header.setBigInt64(8, -1n, little);

	const blocks = [block(0x0a0d0d0a, bytesOf(header), little)];
	const withResolution = tsresol !== 6;
	for (const described of [{ linkType, snapLength: options.snapLength }, ...(options.more ?? [])]) {
		const description = new DataView(new ArrayBuffer(withResolution ? 20 : 8));
		description.setUint16(0, described.linkType, little);
		description.setUint32(4, described.snapLength ?? 0, little);
		if (withResolution) {
			description.setUint16(8, 9, little); // if_tsresol
			description.setUint16(10, 1, little);
			description.setUint8(12, tsresol);
			// Bytes 16 to 19: opt_endofopt.
		}
		blocks.push(block(1, bytesOf(description), little));
	}
	for (const [index, { timeNs, bytes, originalLength }] of records.entries()) {
		const ticks = ticksOf(timeNs, tsresol);
		const body = new Uint8Array(20 + bytes.length);
		const view = new DataView(body.buffer);
		view.setUint32(0, options.interfaceOf?.(index) ?? 0, little);
		view.setUint32(4, Number(ticks >> 32n), little);
		view.setUint32(8, Number(ticks & 0xffff_ffffn), little);
		view.setUint32(12, bytes.length, little);
		view.setUint32(16, originalLength ?? bytes.length, little);
		body.set(bytes, 20);
		blocks.push(block(6, body, little));
		if (options.otherBlocks === true && index % 100 === 0) {
			// Interface statistics of interface 0 at time 0, and a type of the range for local use with three bytes.
			blocks.push(block(5, new Uint8Array(12), little), block(0x8000_0bad, new Uint8Array([1, 2, 3]), little));
		}
	}
	return blocks;
}

function ticksOf(timeNs: bigint, tsresol: number): bigint {
	if ((tsresol & 0x80) !== 0) return (timeNs << BigInt(tsresol & 0x7f)) / 1_000_000_000n;
	return (timeNs * 10n ** BigInt(tsresol)) / 1_000_000_000n;
}

function block(type: number, body: Uint8Array, little: boolean): Uint8Array {
	const length = 12 + Math.ceil(body.length / 4) * 4;
	const bytes = new Uint8Array(length);
	const view = new DataView(bytes.buffer);
	view.setUint32(0, type, little);
	view.setUint32(4, length, little);
	bytes.set(body, 8);
	view.setUint32(length - 4, length, little);
	return bytes;
}

function bytesOf(view: DataView): Uint8Array {
	return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** One array with the bytes of all. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
	const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let offset = 0;
	for (const part of parts) {
		all.set(part, offset);
		offset += part.length;
	}
	return all;
}
