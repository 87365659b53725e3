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
/** Length of what stands before a message in the recorded frames: Ethernet, IPv4 without options, UDP. */
const messageAt = 14 + 20 + 8;
/** So many characters of a name stand for the id's first 60 bits. */
const idCharacters = 12;

/** One DNS message of the recording. */
export interface RecordedMessage {
	/** Since the first message. */
	readonly afterMs: number;
	readonly toServer: boolean;
	readonly bytes: Uint8Array;
	/** Which of the recorded clients it belongs to, from 0. */
	readonly client: number;
}

/**
 * The recording that is part of this program: little-endian pcap with microseconds and Ethernet frames
 * (draft-ietf-opsawg-pcap), of three clients that fetch a file each.
 */
export async function readRecording(): Promise<readonly RecordedMessage[]> {
	const file = await Bun.file(path).bytes();
	const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
	const clients = new Map<string, number>();
	const messages: RecordedMessage[] = [];
	let firstMs: number | undefined;
	for (let at = 24; at < file.length; ) {
		const timeMs = view.getUint32(at, true) * 1_000 + view.getUint32(at + 4, true) / 1_000;
		const end = at + 16 + view.getUint32(at + 8, true);
		// The message is the end of the frame: these frames have no padding.
		const bytes = file.slice(at + 16 + messageAt, end);
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

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

/** The 5 bits that a character stands for. */
function groupOf(character: number): number {
	return alphabet.indexOf(String.fromCharCode(character));
}

/**
 * Returns the message with another client id: the first characters of its name are turned by `key` (idCharacters numbers below
 * 32), so that query and response of one client stay together.
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
 * Returns the message with the stamps of all its KCP segments, in the name and in the text of a response, later by
 * `shiftMs` (whole, modulo 2^32): as if both ends had sent the recorded segments so much later. Takes messages of the
 * recording only, whose names have no mixed case, and whose responses have their text in the first answer.
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

/** Packets in a name: the base32 characters that stand at `characters` in the message. */
function shiftName(message: Uint8Array, characters: readonly number[], shiftMs: number): void {
	const bytes = new Uint8Array((characters.length * 5) >> 3);
	characters.forEach((at, index) => {
		const group = groupOf(message[at] as number);
		for (let bit = 0; bit < 5; bit++) {
			const place = index * 5 + bit;
			if ((group >> (4 - bit)) & 1) bytes[place >> 3] = (bytes[place >> 3] ?? 0) | (0x80 >> (place & 7));
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
		for (let place = index * 5; place < index * 5 + 5; place++) {
			group = (group << 1) | (((bytes[place >> 3] ?? 0) >> (7 - (place & 7))) & 1);
		}
		message[at] = alphabet.charCodeAt(group);
	});
}

/** Packets in the character-strings of a TXT record, whose length stands at `lengthAt`. */
function shiftText(message: Uint8Array, lengthAt: number, shiftMs: number): void {
	const end = lengthAt + 2 + (((message[lengthAt] as number) << 8) | (message[lengthAt + 1] as number));
	const places: number[] = [];
	for (let at = lengthAt + 2; at < end; at += 1 + (message[at] as number)) {
		for (let next = at + 1; next <= at + (message[at] as number); next++) places.push(next);
	}
	const bytes = Uint8Array.from(places, (place) => message[place] as number);
	for (let at = 0; at + 2 <= bytes.length; ) {
		const packet = at + 2;
		at = packet + (((bytes[at] as number) << 8) | (bytes[at + 1] as number));
		shiftSegments(bytes.subarray(packet, at), shiftMs);
	}
	places.forEach((place, index) => {
		message[place] = bytes[index] as number;
	});
}

/** All segments of a packet, in place. */
function shiftSegments(packet: Uint8Array, shiftMs: number): void {
	const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
	for (let at = 0; at + segmentHeaderBytes <= packet.length; ) {
		view.setUint32(at + stampAt, view.getUint32(at + stampAt, true) + shiftMs, true);
		at += segmentHeaderBytes + view.getUint32(at + dataBytesAt, true);
	}
}
