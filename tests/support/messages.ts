/** DNS messages, dnstt queries and responses, and KCP segments for the tests. Pure functions; chance comes in as an argument. */
import { concatBytes } from "./pcapfile.ts";

const base32Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export const typeA = 1;
export const typeNs = 2;
export const typeTxt = 16;
export const typeOpt = 41;

/** Gives numbers in [0, 1), the same run for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let t = Math.imul(state ^ (state >>> 15), state | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
	};
}

/** `length` bytes from `random`. */
export function randomBytes(random: () => number, length: number): Uint8Array {
	return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

/** RFC 4648 base32 in upper case, without padding. */
export function base32(bytes: Uint8Array): string {
	let text = "";
	let bits = 0;
	let value = 0;
	for (const byte of bytes) {
		value = (value << 8) | byte;
		bits += 8;
		while (bits >= 5) {
			bits -= 5;
			text += base32Digits.charAt((value >> bits) & 31);
		}
		value &= (1 << bits) - 1;
	}
	return bits > 0 ? text + base32Digits.charAt((value << (5 - bits)) & 31) : text;
}

/** The labels of a name in text; a dot separates, nothing is escaped; "" and "." are the root. */
export function labelsOf(name: string): string[] {
	return name.split(".").filter((label) => label !== "");
}

/** A name in wire form without compression (RFC 1035, section 3.1). No limit is checked, so that a test may break it. */
export function encodeName(name: string): Uint8Array {
	const labels = labelsOf(name).map((label) => Uint8Array.of(label.length, ...Buffer.from(label, "latin1")));
	return concatBytes([...labels, Uint8Array.of(0)]);
}

/** A pointer to an earlier name in the message (RFC 1035, section 4.1.4). */
export function namePointer(offset: number): Uint8Array {
	return Uint8Array.of(0xc0 | (offset >> 8), offset & 0xff);
}

export interface Question {
	/** Text, or the wire form. */
	readonly name: string | Uint8Array;
	/** TXT if left out. */
	readonly type?: number;
	/** IN if left out. */
	readonly class?: number;
}

export interface ResourceRecord extends Question {
	readonly ttl?: number;
	readonly data: Uint8Array;
}

/** The four sections and the header of a message; `counts` overrides what the header says of them. */
export interface Message {
	readonly id?: number;
	/** The second 16 bits of the header: QR, OPCODE, flags, RCODE. 0x0100 (a query with RD) if left out. */
	readonly flags?: number;
	readonly questions?: readonly Question[];
	readonly answers?: readonly ResourceRecord[];
	readonly authority?: readonly ResourceRecord[];
	readonly additional?: readonly ResourceRecord[];
	readonly counts?: readonly [number, number, number, number];
}

/** A message in wire form (RFC 1035, section 4.1). */
export function dnsMessage(message: Message): Uint8Array {
	const { questions = [], answers = [], authority = [], additional = [] } = message;
	const header = new DataView(new ArrayBuffer(12));
	header.setUint16(0, message.id ?? 0x1234);
	header.setUint16(2, message.flags ?? 0x0100);
	const counts = message.counts ?? [questions.length, answers.length, authority.length, additional.length];
	for (const [index, count] of counts.entries()) header.setUint16(4 + 2 * index, count);
	return concatBytes([
		new Uint8Array(header.buffer),
		...questions.map(encodeQuestion),
		...[...answers, ...authority, ...additional].map(encodeRecord),
	]);
}

function encodeQuestion(question: Question): Uint8Array {
	const name = typeof question.name === "string" ? encodeName(question.name) : question.name;
	const type = question.type ?? typeTxt;
	const classNumber = question.class ?? 1;
	return concatBytes([name, Uint8Array.of(type >> 8, type & 0xff, classNumber >> 8, classNumber & 0xff)]);
}

function encodeRecord(record: ResourceRecord): Uint8Array {
	const rest = new DataView(new ArrayBuffer(6));
	rest.setUint32(0, record.ttl ?? 60);
	rest.setUint16(4, record.data.length);
	return concatBytes([encodeQuestion(record), new Uint8Array(rest.buffer), record.data]);
}

/** An OPT record (RFC 6891, section 6.1.2). */
export function optRecord(payloadBytes = 4096, version = 0, data: Uint8Array = new Uint8Array()): ResourceRecord {
	return { name: "", type: typeOpt, class: payloadBytes, ttl: version << 16, data };
}

/** A TXT record's data: character-strings of up to 255 bytes each (RFC 1035, section 3.3.14); one empty string for no bytes. */
export function txtData(payload: Uint8Array): Uint8Array {
	const strings: Uint8Array[] = [];
	for (let at = 0; at === 0 || at < payload.length; at += 255) {
		const part = payload.subarray(at, at + 255);
		strings.push(Uint8Array.of(part.length), part);
	}
	return concatBytes(strings);
}

export interface DnsQueryOptions extends Question {
	readonly id?: number;
	readonly flags?: number;
	/** EDNS payload size; null leaves the OPT record out; 4096, as dnstt-client says, if left out. */
	readonly ednsBytes?: number | null;
}

/** A query as dnstt-client and resolvers send it: one question and an OPT record. */
export function dnsQuery(options: DnsQueryOptions): Uint8Array {
	const { id, flags, ednsBytes = 4096 } = options;
	return dnsMessage({
		...(id === undefined ? {} : { id }),
		...(flags === undefined ? {} : { flags }),
		questions: [options],
		additional: ednsBytes === null ? [] : [optRecord(ednsBytes)],
	});
}

export interface DnsResponseOptions {
	/** RCODE; 0 if left out. */
	readonly rcode?: number;
	/** The bytes in the TXT answer; null for no answer. */
	readonly payload?: Uint8Array | null;
	/** TC=1. */
	readonly truncated?: boolean;
}

/** The server's response to `query` (a message of one question, its name not compressed): AA, the question, a TXT answer, OPT. */
export function dnsResponse(query: Uint8Array, options: DnsResponseOptions = {}): Uint8Array {
	const { rcode = 0, payload = null, truncated = false } = options;
	const view = new DataView(query.buffer, query.byteOffset, query.byteLength);
	let end = 12;
	while ((query[end] ?? 0) !== 0) end += 1 + (query[end] ?? 0);
	const question: Question = {
		name: query.subarray(12, end + 1),
		type: view.getUint16(end + 1),
		class: view.getUint16(end + 3),
	};
	const queryFlags = view.getUint16(2);
	return dnsMessage({
		id: view.getUint16(0),
		flags: 0x8400 | (queryFlags & 0x7900) | (truncated ? 0x0200 : 0) | rcode,
		questions: [question],
		answers: payload === null ? [] : [{ name: namePointer(12), data: txtData(payload) }],
		additional: [optRecord()],
	});
}

export interface DnsttPayloadOptions {
	/** 8 bytes; any other length is for tests of what is refused. */
	readonly clientId: Uint8Array;
	/** Data packets, each shorter than 0xe0 bytes; none for a poll. */
	readonly packets?: readonly Uint8Array[];
	/** Runs of padding in front of the packets, each of at most 31 bytes; one of 3 (8 in a poll), as the client sends, if left out. */
	readonly padding?: readonly Uint8Array[];
}

/** What stands in a query's name once decoded: the client id, padding, and length-prefixed packets. */
export function dnsttPayload({ clientId, packets = [], padding }: DnsttPayloadOptions): Uint8Array {
	const runs = padding ?? [new Uint8Array(packets.length === 0 ? 8 : 3)];
	return concatBytes([
		clientId,
		...runs.flatMap((run) => [Uint8Array.of(0xe0 + run.length), run]),
		...packets.flatMap((packet) => [Uint8Array.of(packet.length), packet]),
	]);
}

/** The name that carries a payload under a domain: base32 in lower case, cut into labels of at most 63 characters. */
export function dnsttName(payload: Uint8Array, domain: string): string {
	const labels =
		base32(payload)
			.toLowerCase()
			.match(/.{1,63}/g) ?? [];
	return [...labels, domain].join(".");
}

/** The name with each letter's case drawn from `random`, as a resolver that uses 0x20 does. */
export function mixCase(name: string, random: () => number): string {
	return name.replace(/[a-z]/gi, (letter) => (random() < 0.5 ? letter.toLowerCase() : letter.toUpperCase()));
}

export interface DnsttQueryOptions extends DnsttPayloadOptions, Omit<DnsQueryOptions, "name"> {
	/** "t.example.com" if left out. */
	readonly domain?: string;
	/** Mixes the case of the name. */
	readonly random?: () => number;
}

/** A whole dnstt query message. */
export function dnsttQuery(options: DnsttQueryOptions): Uint8Array {
	const name = dnsttName(dnsttPayload(options), options.domain ?? "t.example.com");
	return dnsQuery({ ...options, name: options.random === undefined ? name : mixCase(name, options.random) });
}

/** A whole dnstt response to `query` with these packets, each behind its u16 length. */
export function dnsttResponse(query: Uint8Array, packets: readonly Uint8Array[] = []): Uint8Array {
	const payload = packets.flatMap((packet) => [Uint8Array.of(packet.length >> 8, packet.length & 0xff), packet]);
	return dnsResponse(query, { payload: concatBytes(payload) });
}

export const kcpCommands = { push: 81, ack: 82, windowAsk: 83, windowTell: 84 } as const;

export interface KcpSegment {
	readonly conversation?: number;
	readonly command: number;
	readonly fragment?: number;
	readonly window?: number;
	readonly timestampMs?: number;
	readonly sequence?: number;
	readonly unacknowledged?: number;
	readonly data?: Uint8Array;
	/** What the length field says, where it lies. */
	readonly claimedBytes?: number;
}

/** A KCP segment: 24 bytes, little-endian, then its data. */
export function kcpSegment(segment: KcpSegment): Uint8Array {
	const data = segment.data ?? new Uint8Array();
	const header = new DataView(new ArrayBuffer(24));
	header.setUint32(0, segment.conversation ?? 0, true);
	header.setUint8(4, segment.command);
	header.setUint8(5, segment.fragment ?? 0);
	header.setUint16(6, segment.window ?? 64, true);
	header.setUint32(8, segment.timestampMs ?? 0, true);
	header.setUint32(12, segment.sequence ?? 0, true);
	header.setUint32(16, segment.unacknowledged ?? 0, true);
	header.setUint32(20, segment.claimedBytes ?? data.length, true);
	return concatBytes([new Uint8Array(header.buffer), data]);
}
