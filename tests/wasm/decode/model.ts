/**
 * What dnstt-server takes, written down once more from the protocol alone: slow, with strings and exceptions, and with
 * nothing of the decoder. The properties in decoder.model.test.ts hold the two against each other.
 */

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

/** The verdict on a message that goes to the port of a server with this -mtu. */
export function queryVerdict(message: Uint8Array, domains: readonly string[], mtu = 512): Verdict {
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
	if (type !== 16) return { word: "refused: qtype", domain };

	const suffixLabels = (domains[domain] ?? "").split(".").length;
	const text = labels.slice(0, labels.length - suffixLabels).join("");
	const bytes = fromBase32(text);
	if (bytes === undefined) return { word: "refused: base32", domain };
	// RFC 6891, 6.2.3: below 512 is 512.
	if (Math.max(512, ednsBytes) < mtu) return { word: "refused: edns", domain };
	if (bytes.length < 8) return { word: "refused: too_short", domain };
	const id = bytes
		.slice(0, 8)
		.map((byte) => byte.toString(16).padStart(2, "0"))
		.join("");
	return { word: "query", id, domain, ednsBytes, packets: packetsIn(bytes.slice(8)) };
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
