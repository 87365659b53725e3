/**
 * Finds dnstt under any domain and on any port, in frames that hold nothing for the configured ones: the names of its queries
 * differ in what they carry, and end alike. Only what many different names have in common is reported, so no client id is.
 */

import { LinkType } from "../../capture/source.ts";
import { recordHeaderBytes } from "../../wasm/shared/record.ts";
import { clientIdBytes, headerBytes, paddingPrefix } from "../../wasm/shared/wire.ts";

export interface Discovered {
	readonly domain: string;
	readonly port: number;
	/** Different names among those that were looked at. */
	readonly names: number;
}

/** Frames that are looked at: the first ones are enough, and the decoder is a hundred times as fast. */
const framesMax = 20_000;
/** Ports and ends of names, and names of each. */
const groupsMax = 64;
const namesMax = 64;
/** This number of different names, of which nearly all read as dnstt's. */
const namesMin = 10;
const fittingRatioMin = 0.9;
/** The id, a prefix and a little padding in base32. */
const firstLabelMin = 16;
const udp = 17;

interface Group {
	readonly port: number;
	/** As labels. */
	readonly names: Map<string, readonly string[]>;
}

export class Discovery {
	private frames = 0;
	/** By port and the last two labels. */
	private readonly groups = new Map<string, Group>();

	/** Whether more frames help. */
	get isOver(): boolean {
		return this.frames >= framesMax;
	}

	/** Looks at the records of a batch, in its first `used` bytes. */
	take({ bytes, view }: { readonly bytes: Uint8Array; readonly view: DataView }, used: number, link: LinkType): void {
		for (let at = 0; at < used && !this.isOver; ) {
			const start = at + recordHeaderBytes;
			at = start + view.getUint32(at + 8, true);
			this.frames++;
			const datagram = datagramIn(bytes.subarray(start, at), link);
			if (datagram === null) continue;
			const name = queriedName(datagram.payload);
			if (name !== null) this.add(datagram.port, name);
		}
	}

	/** The tunnels that were found, the one with the most names first. */
	found(): Discovered[] {
		return [...this.groups.values()]
			.flatMap((group) => {
				const domain = domainOf(group);
				return domain === null ? [] : [{ domain, port: group.port, names: group.names.size }];
			})
			.sort((a, b) => b.names - a.names);
	}

	private add(port: number, name: readonly string[]): void {
		const key = `${port} ${name.slice(-2).join(".")}`;
		let group = this.groups.get(key);
		if (group === undefined) {
			if (this.groups.size >= groupsMax) return;
			group = { port, names: new Map() };
			this.groups.set(key, group);
		}
		if (group.names.size < namesMax) group.names.set(name.join("."), name);
	}
}

/** What the names end in, if they read as dnstt's before that. */
function domainOf({ names }: Group): string | null {
	const all = [...names.values()];
	const [first = [], ...others] = all;
	if (all.length < namesMin) return null;
	let common = first.length - 1;
	for (const name of others) {
		let same = 0;
		while (same < Math.min(common, name.length - 1) && name.at(-1 - same) === first.at(-1 - same)) same++;
		common = same;
	}
	if (common === 0) return null;
	const fitting = all.filter((name) => isDnstt(name.slice(0, -common).join("")));
	return fitting.length < all.length * fittingRatioMin ? null : first.slice(-common).join(".");
}

/** Whether base32 text is an id, and then packets and padding up to its end. */
function isDnstt(text: string): boolean {
	const bytes = fromBase32(text);
	if (bytes === null || bytes.length <= clientIdBytes) return false;
	let at = clientIdBytes;
	while (at < bytes.length) {
		const prefix = bytes[at] ?? 0;
		at += 1 + (prefix < paddingPrefix ? prefix : prefix - paddingPrefix);
	}
	return at === bytes.length;
}

function fromBase32(text: string): Uint8Array | null {
	const bytes = new Uint8Array((text.length * 5) >> 3);
	let [bits, kept, at] = [0, 0, 0];
	for (const character of text) {
		const value = "abcdefghijklmnopqrstuvwxyz234567".indexOf(character);
		if (value < 0) return null;
		bits = ((bits << 5) | value) & 0xfff;
		kept += 5;
		if (kept < 8) continue;
		kept -= 8;
		bytes[at++] = bits >> kept;
	}
	return bytes;
}

/** The name of a DNS message that is a query with one question, in lower case; null for anything else (RFC 1035, 4.1). */
function queriedName(message: Uint8Array): string[] | null {
	const [flags = 0x80, questions] = [message[2], u16(message, 4)];
	if (message.length < headerBytes || (flags & 0xf8) !== 0 || questions !== 1 || u16(message, 6) !== 0) return null;
	const labels: string[] = [];
	let at = headerBytes;
	for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
		if (length > 63 || at + 1 + length > message.length) return null;
		labels.push(
			Buffer.from(message.subarray(at + 1, at + 1 + length))
				.toString("latin1")
				.toLowerCase(),
		);
		at += 1 + length;
	}
	return labels.length < 2 || (labels[0] ?? "").length < firstLabelMin ? null : labels;
}

/** The payload of a whole UDP datagram and where it goes; null for anything else. */
function datagramIn(frame: Uint8Array, link: LinkType): { readonly port: number; readonly payload: Uint8Array } | null {
	const packet = frame.subarray(linkHeaderOf(frame, link));
	const version = (packet[0] ?? 0) >> 4;
	const isUdp =
		version === 4 ? packet[9] === udp && (u16(packet, 6) & 0x3fff) === 0 : version === 6 && packet[6] === udp;
	if (!isUdp) return null;
	const datagram = packet.subarray(version === 4 ? ((packet[0] ?? 0) & 15) * 4 : 40);
	return { port: u16(datagram, 2), payload: datagram.subarray(8, u16(datagram, 4)) };
}

const tags: readonly number[] = [0x8100, 0x88a8, 0x9100];

function linkHeaderOf(frame: Uint8Array, link: LinkType): number {
	switch (link) {
		case LinkType.EN10MB: {
			let at = 12;
			while (at < 24 && tags.includes(u16(frame, at))) at += 4;
			return at + 2;
		}
		case LinkType.LINUX_SLL:
			return 16;
		case LinkType.LINUX_SLL2:
			return 20;
		case LinkType.NULL:
		case LinkType.LOOP:
			return 4;
		default:
			return 0;
	}
}

function u16(bytes: Uint8Array, at: number): number {
	return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
