/**
 * What dnstt-server and vaydns-server take and send, written down once more from the protocol alone: slow, with strings and
 * exceptions, and with nothing of the decoder. The properties in decoder.model.test.ts hold the two against each other.
 */
import type { Tunnel } from "../../../src/tunnel.ts";

export interface Verdict {
	/** As decodeWord gives it, but for a fault, whose reason depends on the order of looking. */
	readonly word: string;
	readonly id?: string;
	readonly domain?: number;
	readonly ednsBytes?: number;
	/** Lengths of the packets in the name. */
	readonly packets?: readonly number[];
}

class Broken extends Error {}

/** Labels and pointers in all names of a message, but for pointers to a question that has none. This bound is ours: the server has none. */
const stepsMax = 512;

const typeNumbers = { a: 1, ns: 2, cname: 5, null: 10, mx: 15, txt: 16, aaaa: 28, srv: 33, caa: 257 };

/**
 * The messages that a payload holds: itself, or, if its first message ends before it does, and the rest can be cut into messages of
 * that length, the last perhaps shorter, each of them whole, those.
 */
export function messagesIn(payload: Uint8Array): Uint8Array[] {
	const length = endOf(payload.subarray(0, 4096));
	if (length < 0 || length === payload.length) return [payload];
	const pieces: Uint8Array[] = [];
	for (let at = 0; at < payload.length; at += length) pieces.push(payload.slice(at, at + length));
	return pieces.every((piece) => endOf(piece) === piece.length) ? pieces : [payload];
}

/** The offset at which the records of a message end; -1 if something is missing. */
function endOf(message: Uint8Array): number {
	const u16 = (at: number) => (message[at] ?? 0) * 256 + (message[at + 1] ?? 0);
	if (message.length < 12 || u16(4) !== 1) return -1;
	try {
		const question = readName(message, 12);
		let at = question.end + 4;
		let steps = question.labels.length + question.pointers;
		for (let left = u16(6) + u16(8) + u16(10); left > 0; left--) {
			const name = readName(message, at);
			if (question.pointers > 0 || u16(at) !== 0xc00c) steps += name.labels.length + name.pointers;
			at = name.end + 10 + u16(name.end + 8);
			if (steps > stepsMax || at > message.length) return -1;
		}
		return steps > stepsMax || at > message.length ? -1 : at;
	} catch {
		return -1;
	}
}

/** The verdict on a message that goes to the port of servers. */
export function queryVerdict(message: Uint8Array, tunnels: readonly Tunnel[]): Verdict {
	const domains = tunnels.map((tunnel) => tunnel.domain);
	if (message.length < 12 || message.length > 4096) return { word: "fault" };
	const u16 = (at: number) => {
		const [high, low] = [message[at], message[at + 1]];
		if (high === undefined || low === undefined) throw new Broken();
		return high * 256 + low;
	};
	if (u16(4) !== 1) return { word: "fault" };

	let labels: string[];
	let domain: number;
	let at: number;
	let isPlain: boolean;
	let steps: number;
	try {
		let pointers: number;
		({ labels, pointers, end: at } = readName(message, 12));
		isPlain = pointers === 0;
		steps = labels.length + pointers;
		u16(at + 2);
		domain = longestDomain(labels, domains);
	} catch {
		return { word: "fault" };
	}
	const type = u16(at);
	at += 4;

	const versions: number[] = [];
	let ednsBytes = 0;
	try {
		for (const section of [6, 8, 10]) {
			for (let count = u16(section); count > 0; count--) {
				const name = readName(message, at);
				if (!isPlain || u16(at) !== 0xc00c) steps += name.labels.length + name.pointers;
				if (steps > stepsMax) throw new Broken();
				at = name.end;
				const length = u16(at + 8);
				if (section === 10 && u16(at) === 41) {
					versions.push(message[at + 5] ?? -1);
					ednsBytes = u16(at + 2);
				}
				at += 10 + length;
				if (at > message.length) throw new Broken();
			}
		}
		if (at !== message.length) throw new Broken();
	} catch {
		return domain < 0 ? { word: "fault" } : { word: "refused: malformed", domain };
	}
	if (domain < 0) return { word: "unrelated: domain" };
	if (versions.length > 1 || versions.some((version) => version !== 0)) return { word: "refused: opt", domain };
	if (((message[2] ?? 0) >> 3) % 16 !== 0) return { word: "refused: opcode", domain };
	const tunnel = tunnels[domain];
	if (tunnel === undefined || type !== typeNumbers[tunnel.recordType]) return { word: "refused: qtype", domain };

	const suffixLabels = (domains[domain] ?? "").split(".").length;
	const text = labels.slice(0, labels.length - suffixLabels).join("");
	const bytes = fromBase32(text);
	if (bytes === undefined) return { word: "refused: base32", domain };
	// RFC 6891, 6.2.3: below 512 is 512.
	if (Math.max(512, ednsBytes) < tunnel.mtu) return { word: "refused: edns", domain };
	const size = tunnel.clientIdBytes;
	if (bytes.length < size) return { word: "refused: too_short", domain };
	const id = bytes
		.slice(0, size)
		.map((byte) => byte.toString(16).padStart(2, "0"))
		.join("")
		.padEnd(16, "0");
	const rest = bytes.slice(size);
	return { word: "query", id, domain, ednsBytes, packets: tunnel.wire === "dnstt" ? packetsIn(rest) : packetsOf(rest) };
}

/**
 * Lengths of the packets in a response under this tunnel's domain: undefined for a message that is no response to a query of the
 * tunnel, as far as its question says.
 */
export function responsePackets(message: Uint8Array, tunnel: Tunnel): readonly number[] | undefined {
	const u16 = (bytes: ArrayLike<number>, at: number) => (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
	const number = typeNumbers[tunnel.recordType];
	let at: number;
	let steps: number;
	let isPlain: boolean;
	try {
		const { labels, pointers, end } = readName(message, 12);
		if (u16(message, 4) !== 1 || end + 4 > message.length || labels.length > stepsMax) return undefined;
		const before = textBefore(labels, tunnel.domain);
		const bytes = before === undefined ? undefined : fromBase32(before);
		if (u16(message, end) !== number || bytes === undefined || bytes.length < tunnel.clientIdBytes) return undefined;
		at = end + 4;
		steps = labels.length + pointers;
		isPlain = pointers === 0;
	} catch {
		return undefined;
	}
	const read = (start: number) => {
		const name = readName(message, start);
		steps += name.labels.length + name.pointers;
		if (steps > stepsMax) throw new Broken();
		return name;
	};
	const next = () => {
		if (isPlain && u16(message, at) === 0xc00c) at += 2;
		else at = read(at).end;
		const [type, length] = [u16(message, at), u16(message, at + 8)];
		const start = at + 10;
		at = start + length;
		if (at > message.length) throw new Broken();
		if (type !== number) throw new Broken();
		return { data: message.slice(start, at), start };
	};
	const nameAt = (start: number) => {
		const name = read(start);
		if (name.end !== at) throw new Broken();
		return fromBase32(textBefore(name.labels, tunnel.domain) ?? "!") ?? [];
	};
	try {
		const count = u16(message, 6);
		if (count === 0) return [];
		const size = { a: 4, aaaa: 16 }[tunnel.recordType as string];
		if (size !== undefined) {
			const all: number[] = [];
			for (let index = 0; index < count; index++) {
				const { data } = next();
				if (data.length !== size) throw new Broken();
				all.push(...data);
			}
			const length = u16(all, 0);
			return length > all.length - 2 ? [] : framed(all.slice(2, 2 + length));
		}
		const { data, start } = next();
		switch (tunnel.recordType) {
			case "txt":
				return framed(strings(data));
			case "null":
				return framed([...data]);
			case "caa":
				return data.length < 2 ? [] : framed([...data.slice(2 + (data[1] ?? 0))]);
			case "mx":
				return framed(nameAt(start + 2));
			case "srv":
				return framed(nameAt(start + 6));
			default:
				return framed(nameAt(start));
		}
	} catch {
		return [];
	}
}

/** The labels before the domain, joined; undefined where the name does not end in it. */
function textBefore(labels: readonly string[], domain: string): string | undefined {
	if (longestDomain(labels, [domain]) < 0) return undefined;
	return labels.slice(0, labels.length - domain.split(".").length).join("");
}

/** The character-strings of a TXT record, joined, up to one that is not whole. */
function strings(data: Uint8Array): number[] {
	const bytes: number[] = [];
	for (let at = 0; at < data.length; at += 1 + (data[at] ?? 0)) {
		const string = data.slice(at + 1, at + 1 + (data[at] ?? 0));
		if (string.length < (data[at] ?? 0)) break;
		bytes.push(...string);
	}
	return bytes;
}

/** Packets after lengths of 16 bits, as many as are whole. */
function framed(bytes: readonly number[]): number[] {
	const packets: number[] = [];
	for (let at = 0; at + 2 <= bytes.length; ) {
		const length = (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
		at += 2 + length;
		if (at > bytes.length) break;
		packets.push(length);
	}
	return packets;
}

/** Labels in text (one character an octet), how many pointers were followed, and the offset behind the name. */
function readName(message: Uint8Array, start: number): { labels: string[]; pointers: number; end: number } {
	const labels: string[] = [];
	let at = start;
	let end: number | undefined;
	let pointers = 0;
	for (;;) {
		const octet = message[at];
		if (octet === undefined) throw new Broken();
		if (octet === 0) break;
		const kind = Math.floor(octet / 64);
		if (kind === 3) {
			const low = message[at + 1];
			if (low === undefined) throw new Broken();
			end ??= at + 2;
			pointers++;
			if (pointers > 10) throw new Broken();
			at = (octet % 64) * 256 + low;
		} else if (kind === 0) {
			const label = message.slice(at + 1, at + 1 + octet);
			if (label.length < octet) throw new Broken();
			labels.push(String.fromCharCode(...label));
			at += 1 + octet;
		} else throw new Broken();
	}
	const octets = labels.reduce((sum, label) => sum + label.length + 1, 1);
	if (octets > 255) throw new Broken();
	return { labels, pointers, end: end ?? at + 1 };
}

/** The index of the domain with the most labels that the name ends in; -1 for none. */
function longestDomain(labels: readonly string[], domains: readonly string[]): number {
	const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
	let best = -1;
	let bestLabels = 0;
	for (const [index, name] of domains.entries()) {
		const suffix = name.split(".");
		const tail = labels.slice(-suffix.length);
		const matches = labels.length >= suffix.length && suffix.every((label, i) => lower(label) === lower(tail[i] ?? ""));
		if (matches && suffix.length > bestLabels) {
			best = index;
			bestLabels = suffix.length;
		}
	}
	return best;
}

/** Base32 as Go reads it without padding; undefined for a character that is none. */
function fromBase32(text: string): number[] | undefined {
	let bits = "";
	let characters = 0;
	for (const character of text.replace(/[\r\n]/g, "")) {
		const value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(
			/[a-z]/.test(character) ? character.toUpperCase() : character,
		);
		if (value < 0) return undefined;
		bits += value.toString(2).padStart(5, "0");
		characters++;
	}
	const rest = characters % 8;
	if (rest === 1 || rest === 3 || rest === 6) bits = bits.slice(0, (characters - rest) * 5);
	const bytes: number[] = [];
	for (let at = 0; at + 8 <= bits.length; at += 8) bytes.push(Number.parseInt(bits.slice(at, at + 8), 2));
	return bytes;
}

function packetsIn(bytes: readonly number[]): number[] {
	const packets: number[] = [];
	let at = 0;
	while (at < bytes.length) {
		const prefix = bytes[at++] ?? 0;
		if (prefix >= 0xe0) {
			at += prefix - 0xe0;
		} else {
			if (at + prefix > bytes.length) break;
			packets.push(prefix);
			at += prefix;
		}
	}
	return packets;
}

/** The same of VayDNS, without those that KCP drops. */
function packetsOf(bytes: readonly number[]): number[] {
	const packets: number[] = [];
	for (let at = 0; at < bytes.length; ) {
		const length = bytes[at] ?? 0;
		at += 1 + length;
		if (at > bytes.length) break;
		if (length >= 24) packets.push(length);
	}
	return packets;
}
