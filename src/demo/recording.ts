import type { FrameBatch } from "../capture/source.ts";
import { recordHeaderBytes } from "../wasm/shared/record.ts";
import {
	clientIdBytes,
	dataBytesAt,
	headerBytes,
	paddingPrefix,
	segmentHeaderBytes,
	stampAt,
} from "../wasm/shared/wire.ts";
import path from "./direct-ipv4.pcap" with { type: "file" };

/** The domain of the recorded tunnel. */
export const recordedDomain = "t.example.com";
/** Bytes of the recording before its first record. */
const fileHeaderBytes = 24;
/** Offset of the message in a recorded frame, after Ethernet, IPv4 without options and UDP headers. */
const messageAt = 14 + 20 + 8;
/** Characters of a name that hold the first 60 bits of the id. */
const idCharacters = 12;

/** One DNS message of the recording. */
export interface RecordedMessage {
	/** Since the first message. */
	readonly afterMs: number;
	readonly toServer: boolean;
	readonly bytes: Uint8Array;
	/** Number of the recorded client, from 0. */
	readonly client: number;
}

/**
 * Reads the recording in the executable: little-endian pcap with microseconds and Ethernet frames
 * (draft-ietf-opsawg-pcap), of three clients that fetch a file each.
 */
export async function readRecording(): Promise<readonly RecordedMessage[]> {
	const { file, view } = await readFile();
	const clients = new Map<string, number>();
	const messages: RecordedMessage[] = [];
	let firstMs: number | undefined;
	for (let at = fileHeaderBytes; at < file.length; ) {
		const timeMs = view.getUint32(at, true) * 1_000 + view.getUint32(at + 4, true) / 1_000;
		const end = at + recordHeaderBytes + view.getUint32(at + 8, true);
		// The message is the end of the frame: these frames have no padding.
		const bytes = file.slice(at + recordHeaderBytes + messageAt, end);
		const id = String.fromCharCode(...bytes.subarray(headerBytes + 1, headerBytes + 1 + idCharacters));
		const client = clients.get(id) ?? clients.size;
		clients.set(id, client);
		firstMs ??= timeMs;
		messages.push({
			afterMs: timeMs - firstMs,
			toServer: ((bytes[2] as number) & 0x80) === 0,
			bytes,
			client,
		});
		at = end;
	}
	return messages;
}

/** Writes the first of the recorded frames (EN10MB) to a batch, as many as it has room for; returns the offset after the last. */
export async function writeRecordedFrames(batch: FrameBatch): Promise<number> {
	const { file, view } = await readFile();
	let used = 0;
	for (let at = fileHeaderBytes; at < file.length; ) {
		const end = at + recordHeaderBytes + view.getUint32(at + 8, true);
		if (used + end - at > batch.bytes.length) break;
		batch.bytes.set(file.subarray(at, end), used);
		// A batch has nanoseconds in place of the file's microseconds, and else the same header.
		batch.view.setUint32(used + 4, view.getUint32(at + 4, true) * 1_000, true);
		used += end - at;
		at = end;
	}
	return used;
}

async function readFile() {
	const file = await Bun.file(path).bytes();
	return { file, view: new DataView(file.buffer, file.byteOffset, file.byteLength) };
}

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

/** The 5 bits of a base32 character. */
function groupOf(character: number): number {
	return alphabet.indexOf(String.fromCharCode(character));
}

/**
 * Returns the message with another client id: the first characters of its name XOR `key` (idCharacters numbers below 32), so
 * that the queries and responses of one client still have one id.
 */
export function withFreshId(message: Uint8Array, key: readonly number[]): Uint8Array {
	const fresh = message.slice();
	// After the header and the length of the first label, which holds the whole id.
	key.forEach((turn, index) => {
		const at = headerBytes + 1 + index;
		fresh[at] = alphabet.charCodeAt(groupOf(fresh[at] as number) ^ turn);
	});
	return fresh;
}

/** A key for withFreshId. */
export function freshKey(): number[] {
	return [...crypto.getRandomValues(new Uint8Array(idCharacters))].map((byte) => byte & 31);
}

/**
 * Returns the message with the time stamps of all its KCP segments, in the name and in the text of a response, `shiftMs` later
 * (whole, modulo 2^32), as if both ends had sent the segments later. It takes messages of the recording only: their names have
 * no mixed case, and their responses have the text in the first answer.
 */
export function withLaterStamps(message: Uint8Array, shiftMs: number): Uint8Array {
	const later = message.slice();
	const characters: number[] = [];
	let at = headerBytes;
	for (let length = later[at] as number; length > 0; length = later[at] as number) {
		for (let next = at + 1; next <= at + length; next++) characters.push(next);
		at += 1 + length;
	}
	characters.length -= recordedDomain.replaceAll(".", "").length;
	shiftName(later, characters, shiftMs);
	const isAnswered = ((later[2] as number) & 0x80) !== 0 && (later[7] as number) > 0;
	// After the name's end, type and class of the question; pointer, type, class and TTL of the answer (RFC 1035, 4.1).
	if (isAnswered) shiftText(later, at + 1 + 4 + 2 + 8, shiftMs);
	return later;
}

/** Shifts the stamps of packets in a name, whose base32 characters are at the offsets `characters` of the message. */
function shiftName(message: Uint8Array, characters: readonly number[], shiftMs: number): void {
	const bytes = new Uint8Array((characters.length * 5) >> 3);
	characters.forEach((at, index) => {
		const group = groupOf(message[at] as number);
		for (let bit = 0; bit < 5; bit++) {
			const bitIndex = index * 5 + bit;
			if ((group >> (4 - bit)) & 1) bytes[bitIndex >> 3] = (bytes[bitIndex >> 3] ?? 0) | (0x80 >> (bitIndex & 7));
		}
	});
	for (let at = clientIdBytes; at < bytes.length; ) {
		const prefix = bytes[at++] as number;
		const end = at + (prefix < paddingPrefix ? prefix : prefix - paddingPrefix);
		if (prefix < paddingPrefix) shiftSegments(bytes.subarray(at, end), shiftMs);
		at = end;
	}
	characters.forEach((at, index) => {
		let group = 0;
		for (let bitIndex = index * 5; bitIndex < index * 5 + 5; bitIndex++) {
			group = (group << 1) | (((bytes[bitIndex >> 3] ?? 0) >> (7 - (bitIndex & 7))) & 1);
		}
		message[at] = alphabet.charCodeAt(group);
	});
}

/** Shifts the stamps of packets in the character-strings of a TXT record, whose length field is at `lengthAt`. */
function shiftText(message: Uint8Array, lengthAt: number, shiftMs: number): void {
	const end = lengthAt + 2 + (((message[lengthAt] as number) << 8) | (message[lengthAt + 1] as number));
	const offsets: number[] = [];
	for (let at = lengthAt + 2; at < end; at += 1 + (message[at] as number)) {
		for (let next = at + 1; next <= at + (message[at] as number); next++) offsets.push(next);
	}
	const bytes = Uint8Array.from(offsets, (offset) => message[offset] as number);
	for (let at = 0; at + 2 <= bytes.length; ) {
		const packet = at + 2;
		at = packet + (((bytes[at] as number) << 8) | (bytes[at + 1] as number));
		shiftSegments(bytes.subarray(packet, at), shiftMs);
	}
	offsets.forEach((offset, index) => {
		message[offset] = bytes[index] as number;
	});
}

/** Shifts the stamps of all segments of a packet, in place. */
function shiftSegments(packet: Uint8Array, shiftMs: number): void {
	const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
	for (let at = 0; at + segmentHeaderBytes <= packet.length; ) {
		view.setUint32(at + stampAt, view.getUint32(at + stampAt, true) + shiftMs, true);
		at += segmentHeaderBytes + view.getUint32(at + dataBytesAt, true);
	}
}
