/**
 * Traffic of many dnstt sessions through many resolvers, made packet by packet into a pcap file: the same bytes for the same options.
 * The work of measurements: a million packets take about a second, so frames are written in place and not built from parts.
 *
 * Addresses are in 10.0.0.0/8 alone, so that no frame, wherever it is replayed, is addressed to a host of somebody else.
 */

import type { WireName } from "../../src/tunnel.ts";
import { concatBytes } from "../support/pcapfile.ts";

export interface TrafficOptions {
	/**
	 * "mixed": queries with 0, 24 and 120 bytes of data, their responses with 0, 100 and 900, and 2 % that is not dnstt.
	 * "polls": one poll of each session in turn, through resolvers in turn, and nothing else: to fill tables.
	 */
	readonly kind: "mixed" | "polls";
	/** VayDNS's have client ids of 2 bytes, so there are at most 65,536 sessions. */
	readonly wire: WireName;
	/** Of "polls" there are as many as sessions. */
	readonly packets: number;
	readonly sessions: number;
	readonly resolvers: number;
	/** Client ids depend on the seed alone: "polls" and "mixed" of one seed have the same sessions. */
	readonly seed: number;
	/** When the first packet comes, in seconds since 1970, and over how long the packets spread. */
	readonly startSeconds: number;
	readonly seconds: number;
}

/** What was written: what a decoder must find. */
export interface TrafficCounts {
	packets: number;
	queries: number;
	responses: number;
	/** Client ids that sent a query. */
	sessions: number;
	/** Bytes of the messages of queries and responses. */
	bytesIn: number;
	bytesOut: number;
	/** Queries and responses whose name has mixed case. */
	mixedCase: number;
	/** Packets that are not dnstt, all told, and those of them that are queries under the domain, or no DNS message. */
	strays: number;
	refused: number;
	broken: number;
}

export const domain = "t.example.com";
/** 10.77.2.2 */
export const serverAddress = 0x0a4d0202;

/** The IPv4 address of a resolver, as a number: spread evenly over 10.0.0.0/8, none twice (the multiplier is odd, 2^24 over the golden ratio). */
export function resolverAddress(index: number): number {
	return 0x0a000000 + (Math.imul(index + 1, 0x9e3779) & 0xffffff);
}

const fileHeaderBytes = 24;
const recordHeaderBytes = 16;
const ethernetBytes = 14;
const ipBytes = 20;
const udpBytes = 8;
const dnsHeaderBytes = 12;
const messageOffset = recordHeaderBytes + ethernetBytes + ipBytes + udpBytes;
/** More than any record has. */
const recordBytesMax = 2_048;
const chunkBytes = 4 * 1024 * 1024;
const nameBytesMax = 256;
/** Queries that wait for their response at one time, about, and at most. */
const waitingUsual = 400;
const waitingMax = 1_024;
/** One packet in so many is not dnstt. */
const strayEvery = 50;

const segmentBytes = 24;
const commandPush = 81;
const commandAck = 82;
const queryDataBytes = [0, 24, 120] as const;
const responseDataBytes = [0, 100, 900] as const;

const base32Lower = Buffer.from("abcdefghijklmnopqrstuvwxyz234567", "latin1");
const wireName = (name: string) =>
	concatBytes([
		...name.split(".").map((label) => Uint8Array.of(label.length, ...Buffer.from(label, "latin1"))),
		Uint8Array.of(0),
	]);
const domainWire = wireName(domain);

/** Writes the traffic as a pcap file through `write`, chunk by chunk; a chunk is good until `write` returns. Gives what is in it. */
export function writeTraffic(options: TrafficOptions, write: (chunk: Uint8Array) => void): TrafficCounts {
	return new TrafficWriter(options, write).run();
}

class TrafficWriter {
	private readonly counts: TrafficCounts = {
		packets: 0,
		queries: 0,
		responses: 0,
		sessions: 0,
		bytesIn: 0,
		bytesOut: 0,
		mixedCase: 0,
		strays: 0,
		refused: 0,
		broken: 0,
	};
	private readonly options: TrafficOptions;
	private readonly write: (chunk: Uint8Array) => void;
	private readonly chunk = new Uint8Array(chunkBytes);
	private readonly view = new DataView(this.chunk.buffer);
	private at = 0;
	private nowUs = 0;
	private state: number;

	/** By session. */
	private readonly idHigh: Int32Array;
	private readonly idLow: Int32Array;
	private readonly sentUp: Uint32Array;
	private readonly sentDown: Uint32Array;
	/** Time stamp of the server's latest push, that the client's ack gives back. */
	private readonly pushedAt: Uint32Array;
	private readonly begun: Uint8Array;

	/** Queries without a response yet, by slot. */
	private readonly waitingSession = new Int32Array(waitingMax);
	private readonly waitingResolver = new Int32Array(waitingMax);
	private readonly waitingPort = new Int32Array(waitingMax);
	private readonly waitingId = new Int32Array(waitingMax);
	private readonly waitingName = new Uint8Array(waitingMax * nameBytesMax);
	private readonly waitingNameBytes = new Int32Array(waitingMax);
	private waiting = 0;

	private readonly payload = new Uint8Array(1_024);
	private readonly payloadView = new DataView(this.payload.buffer);
	/** Encrypted data looks like this. */
	private readonly noise = new Uint8Array(64 * 1024);

	constructor(options: TrafficOptions, write: (chunk: Uint8Array) => void) {
		this.options = options;
		this.write = write;
		this.state = options.seed | 0;
		const { sessions } = options;
		this.idHigh = new Int32Array(sessions);
		this.idLow = new Int32Array(sessions);
		this.sentUp = new Uint32Array(sessions);
		this.sentDown = new Uint32Array(sessions);
		this.pushedAt = new Uint32Array(sessions);
		this.begun = new Uint8Array(sessions);
		for (let session = 0; session < sessions; session++) {
			this.idHigh[session] = this.random();
			this.idLow[session] = this.random();
		}
		for (let index = 0; index < this.noise.length; index++) this.noise[index] = this.random();
	}

	run(): TrafficCounts {
		const { kind, sessions, seconds, startSeconds } = this.options;
		const packets = kind === "polls" ? sessions : this.options.packets;
		const stepUs = (seconds * 1e6) / packets;
		this.fileHeader();
		for (let packet = 0; packet < packets; packet++) {
			// Within its step, so that the order stays and all come within the time.
			this.nowUs = startSeconds * 1e6 + Math.floor((packet + this.random() / 0x1_0000_0000) * stepUs);
			if (this.at + recordBytesMax > chunkBytes) this.flush();
			if (kind === "polls") this.query(packet, 0);
			else this.mixed(packet, packets);
		}
		this.flush();
		this.counts.packets = packets;
		return this.counts;
	}

	private mixed(packet: number, packets: number): void {
		const { counts, waiting } = this;
		const queries = Math.floor((packets - Math.floor(packets / strayEvery)) / 2);
		if (packet % strayEvery === strayEvery - 1) {
			this.stray();
		} else if (counts.queries < queries && this.below(4) < (waiting < waitingUsual ? 3 : 1)) {
			this.query(this.below(this.options.sessions), this.below(3));
		} else if (waiting > 0) {
			this.response(this.below(waiting), this.below(3));
		} else if (counts.queries < queries) {
			this.query(this.below(this.options.sessions), this.below(3));
		} else {
			this.stray();
		}
	}

	/** A query of a session with queryDataBytes[data] of data. */
	private query(session: number, data: number): void {
		const { counts, payload, options } = this;
		// A client has one resolver for most of its queries and another for some.
		const other = options.kind === "mixed" && this.below(10) === 0 ? 1 : 0;
		const resolver = (session + other * 7) % options.resolvers;
		let length =
			options.wire === "dnstt" ? this.dnsttStart(session, data === 0) : this.vaydnsStart(session, data === 0);
		const dataBytes = queryDataBytes[data] as number;
		if (dataBytes > 0) {
			payload[length++] = dataBytes;
			if (dataBytes === segmentBytes) this.segment(length, commandAck, session, 0);
			else this.segment(length, commandPush, session, dataBytes - segmentBytes);
			length += dataBytes;
		}

		const message = this.at + messageOffset;
		const nameEnd = this.name(message + dnsHeaderBytes, length, hasMixedCase(resolver));
		const id = this.below(65_536);
		const port = 1_024 + this.below(64_512);
		this.dnsHeader(message, id, flagsOf(resolver), 0, 1);
		let end = this.question(nameEnd, 16);
		end = this.opt(end, resolver % 3 === 0 ? 4_096 : 1_232, resolver % 2 === 0);
		if (options.kind === "mixed") this.wait(session, resolver, port, id, message + dnsHeaderBytes, nameEnd);
		this.finish(resolverAddress(resolver), serverAddress, port, 53, end);

		counts.queries++;
		counts.bytesIn += end - message;
		if (hasMixedCase(resolver)) counts.mixedCase++;
		if (this.begun[session] === 0) {
			this.begun[session] = 1;
			counts.sessions++;
		}
	}

	/** Writes what stands before a query's packet into `payload`; returns its length. */
	private dnsttStart(session: number, isPoll: boolean): number {
		this.payloadView.setInt32(0, this.idHigh[session] as number);
		this.payloadView.setInt32(4, this.idLow[session] as number);
		// The padding makes each name new to the resolver's cache: 8 bytes of it in a poll, 3 otherwise.
		const padding = isPoll ? 8 : 3;
		this.payload[8] = 0xe0 + padding;
		this.addNoise(9, padding);
		return 9 + padding;
	}

	private vaydnsStart(session: number, isPoll: boolean): number {
		// The multiplier is odd: no two sessions have the same id.
		this.payloadView.setUint16(0, Math.imul(session, 0x9e37) & 0xffff);
		if (!isPoll) return 2;
		this.addNoise(2, 4);
		return 6;
	}

	private wait(session: number, resolver: number, port: number, id: number, name: number, nameEnd: number): void {
		const slot = this.waiting++;
		this.waitingSession[slot] = session;
		this.waitingResolver[slot] = resolver;
		this.waitingPort[slot] = port;
		this.waitingId[slot] = id;
		this.waitingName.set(this.chunk.subarray(name, nameEnd), slot * nameBytesMax);
		this.waitingNameBytes[slot] = nameEnd - name;
	}

	/** The response to the query in a slot, with responseDataBytes[data] of data. */
	private response(slot: number, data: number): void {
		const { counts, chunk, view } = this;
		const session = this.waitingSession[slot] as number;
		const resolver = this.waitingResolver[slot] as number;
		const port = this.waitingPort[slot] as number;
		const message = this.at + messageOffset;
		this.dnsHeader(message, this.waitingId[slot] as number, 0x8400 | flagsOf(resolver), 1, 1);
		const nameBytes = this.waitingNameBytes[slot] as number;
		const nameAt = slot * nameBytesMax;
		chunk.set(this.waitingName.subarray(nameAt, nameAt + nameBytes), message + dnsHeaderBytes);
		let end = this.question(message + dnsHeaderBytes + nameBytes, 16);
		// TXT, its name a pointer to the question's, TTL 60.
		view.setUint16(end, 0xc00c);
		view.setUint32(end + 2, 0x0010_0001);
		view.setUint32(end + 6, 60);
		const text = this.text(end + 12, this.downstream(session, responseDataBytes[data] as number));
		view.setUint16(end + 10, text - end - 12);
		end = this.opt(text, 4_096, false);
		this.finish(serverAddress, resolverAddress(resolver), 53, port, end);
		this.leave(slot);

		counts.responses++;
		counts.bytesOut += end - message;
		if (hasMixedCase(resolver)) counts.mixedCase++;
	}

	/** Writes what the server sends down to the session into `payload`; gives its length. */
	private downstream(session: number, dataBytes: number): number {
		if (dataBytes === 0) return 0;
		this.payloadView.setUint16(0, dataBytes);
		let at = 2;
		// A full packet has an ack in front, as KCP flushes them first.
		if (dataBytes === 900) {
			this.segment(at, commandAck, session, 0);
			at += segmentBytes;
		}
		this.segment(at, commandPush, session, 2 + dataBytes - at - segmentBytes, true);
		return 2 + dataBytes;
	}

	/** Frees a slot: the last one takes its place. */
	private leave(slot: number): void {
		const last = --this.waiting;
		if (slot === last) return;
		this.waitingSession[slot] = this.waitingSession[last] as number;
		this.waitingResolver[slot] = this.waitingResolver[last] as number;
		this.waitingPort[slot] = this.waitingPort[last] as number;
		this.waitingId[slot] = this.waitingId[last] as number;
		this.waitingNameBytes[slot] = this.waitingNameBytes[last] as number;
		this.waitingName.copyWithin(slot * nameBytesMax, last * nameBytesMax, (last + 1) * nameBytesMax);
	}

	/** What else comes to port 53: questions for other names and their refusals, QNAME minimisation, and scanners. */
	private stray(): void {
		const { counts, chunk } = this;
		const resolver = this.below(this.options.resolvers);
		const peer = resolverAddress(resolver);
		const port = 1_024 + this.below(64_512);
		const message = this.at + messageOffset;
		const kind = this.below(20);
		counts.strays++;
		if (kind === 0) {
			chunk.set(this.noise.subarray(0, 7), message);
			this.finish(peer, serverAddress, port, 53, message + 7);
			counts.broken++;
			return;
		}
		const isResponse = kind < 5;
		const isMinimised = kind >= 17;
		const name = isMinimised ? domainWire : strayNames[this.below(strayNames.length)];
		chunk.set(name as Uint8Array, message + dnsHeaderBytes);
		const nameEnd = message + dnsHeaderBytes + (name as Uint8Array).length;
		this.dnsHeader(message, this.below(65_536), isResponse ? 0x8005 : flagsOf(resolver), 0, 1);
		const end = this.opt(this.question(nameEnd, isMinimised ? 2 : 1), 1_232, true);
		if (isResponse) this.finish(serverAddress, peer, 53, port, end);
		else this.finish(peer, serverAddress, port, 53, end);
		if (isMinimised) counts.refused++;
	}

	/** One KCP segment at payload[at..], of a session's client, or of the server if `down`. */
	private segment(at: number, command: number, session: number, dataBytes: number, down = false): void {
		const { payload, payloadView, sentUp, sentDown } = this;
		const clockMs = Math.floor(this.nowUs / 1_000) >>> 0;
		const isPush = command === commandPush;
		const sent = down ? sentDown : sentUp;
		const received = (down ? sentUp : sentDown)[session] as number;
		payloadView.setInt32(at, this.idLow[session] as number, true);
		payload[at + 4] = command;
		payload[at + 5] = 0;
		payloadView.setUint16(at + 6, 128, true);
		payloadView.setUint32(at + 8, isPush || down ? clockMs : (this.pushedAt[session] as number), true);
		payloadView.setUint32(at + 12, isPush ? (sent[session] as number) : Math.max(0, received - 1), true);
		payloadView.setUint32(at + 16, received, true);
		payloadView.setUint32(at + 20, dataBytes, true);
		this.addNoise(at + segmentBytes, dataBytes);
		if (!isPush) return;
		sent[session] = (sent[session] as number) + 1;
		if (down) this.pushedAt[session] = clockMs;
	}

	private addNoise(at: number, length: number): void {
		const from = this.below(this.noise.length - 1_024);
		for (let index = 0; index < length; index++) this.payload[at + index] = this.noise[from + index] as number;
	}

	/** Writes payload[0..length) as base32 in labels of 63 under the domain; gives the name's end. */
	private name(start: number, length: number, mixed: boolean): number {
		const { chunk, payload } = this;
		let at = start;
		let labelAt = at++;
		let value = 0;
		let bits = 0;
		let index = 0;
		for (let left = Math.ceil((length * 8) / 5); left > 0; left--) {
			if (bits < 5) {
				value = ((value & 31) << 8) | (index < length ? (payload[index++] as number) : 0);
				bits += 8;
			}
			bits -= 5;
			chunk[at++] = base32Lower[(value >> bits) & 31] as number;
			if (at - labelAt === 64 || left === 1) {
				chunk[labelAt] = at - labelAt - 1;
				labelAt = at++;
			}
		}
		chunk.set(domainWire, labelAt);
		const end = labelAt + domainWire.length;
		if (mixed) this.mixCase(start, end);
		return end;
	}

	/** Flips the case of letters as a resolver that uses 0x20 does. Lengths of labels are below 64 and no letters. */
	private mixCase(start: number, end: number): void {
		const { chunk } = this;
		for (let at = start; at < end; ) {
			let coins = this.random();
			for (const stop = Math.min(end, at + 32); at < stop; at++, coins >>= 1) {
				const byte = chunk[at] as number;
				if (byte >= 0x61 && (coins & 1) === 1) chunk[at] = byte & 0xdf;
			}
		}
	}

	private dnsHeader(at: number, id: number, flags: number, answers: number, additional: number): void {
		const { view } = this;
		view.setUint16(at, id);
		view.setUint16(at + 2, flags);
		view.setUint16(at + 4, 1);
		view.setUint16(at + 6, answers);
		view.setUint16(at + 8, 0);
		view.setUint16(at + 10, additional);
	}

	private question(at: number, type: number): number {
		this.view.setUint16(at, type);
		this.view.setUint16(at + 2, 1);
		return at + 4;
	}

	/** An OPT record (RFC 6891, 6.1.2), with DO as validating resolvers set it. */
	private opt(at: number, payloadBytes: number, dnssecOk: boolean): number {
		const { chunk, view } = this;
		chunk[at] = 0;
		view.setUint16(at + 1, 41);
		view.setUint16(at + 3, payloadBytes);
		view.setUint32(at + 5, dnssecOk ? 0x8000 : 0);
		view.setUint16(at + 9, 0);
		return at + 11;
	}

	/** Writes payload[0..length) as character-strings (RFC 1035, 3.3.14); gives their end. */
	private text(start: number, length: number): number {
		let at = start;
		for (let from = 0; from === 0 || from < length; from += 255) {
			const part = Math.min(255, length - from);
			this.chunk[at++] = part;
			this.chunk.set(this.payload.subarray(from, from + part), at);
			at += part;
		}
		return at;
	}

	/** Puts the headers in front of the message that ends at `end`, and goes on behind it. */
	private finish(source: number, destination: number, sourcePort: number, destinationPort: number, end: number): void {
		const { view, at, chunk } = this;
		const frame = at + recordHeaderBytes;
		const frameBytes = end - frame;
		view.setUint32(at, Math.floor(this.nowUs / 1e6), true);
		view.setUint32(at + 4, this.nowUs % 1e6, true);
		view.setUint32(at + 8, frameBytes, true);
		view.setUint32(at + 12, frameBytes, true);
		const toServer = destinationPort === 53;
		view.setUint32(frame, 0x0200_0000);
		view.setUint16(frame + 4, toServer ? 1 : 2);
		view.setUint32(frame + 6, 0x0200_0000);
		view.setUint16(frame + 10, toServer ? 2 : 1);
		view.setUint16(frame + 12, 0x0800);
		const ip = frame + ethernetBytes;
		view.setUint16(ip, 0x4500);
		view.setUint16(ip + 2, end - ip);
		view.setUint32(ip + 4, (this.below(65_536) << 16) | 0x4000);
		view.setUint32(ip + 8, 0x3711_0000);
		view.setUint32(ip + 12, source);
		view.setUint32(ip + 16, destination);
		view.setUint16(ip + 10, checksum(chunk, ip, ip + ipBytes, 0));
		const udp = ip + ipBytes;
		view.setUint16(udp, sourcePort);
		view.setUint16(udp + 2, destinationPort);
		view.setUint16(udp + 4, end - udp);
		view.setUint16(udp + 6, 0);
		const pseudo = (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff);
		// 0 would say that there is none (RFC 768).
		view.setUint16(udp + 6, checksum(chunk, udp, end, pseudo + 17 + (end - udp)) || 0xffff);
		this.at = end;
	}

	/** pcap, little-endian, microseconds, Ethernet. */
	private fileHeader(): void {
		const { view } = this;
		view.setUint32(0, 0xa1b2c3d4, true);
		view.setUint16(4, 2, true);
		view.setUint16(6, 4, true);
		view.setUint32(16, 262_144, true);
		view.setUint32(20, 1, true);
		this.at = fileHeaderBytes;
	}

	private flush(): void {
		this.write(this.chunk.subarray(0, this.at));
		this.at = 0;
	}

	/** 32 random bits, unsigned (splitmix32). */
	private random(): number {
		this.state = (this.state + 0x9e3779b9) | 0;
		let mixed = this.state ^ (this.state >>> 16);
		mixed = Math.imul(mixed, 0x21f0aaad);
		mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
		return (mixed ^ (mixed >>> 15)) >>> 0;
	}

	private below(limit: number): number {
		return Math.floor((this.random() / 0x1_0000_0000) * limit);
	}
}

const strayNames = ["www.example.com", "example.org", "version.bind", "a.root.example.net"].map(wireName);

/** A quarter of the resolvers mix the case. */
function hasMixedCase(resolver: number): boolean {
	return resolver % 4 === 1;
}

/** Most resolvers ask the server itself without RD, forwarders with it. */
function flagsOf(resolver: number): number {
	return resolver % 8 === 0 ? 0x0100 : 0;
}

/** RFC 1071, over bytes[start..end) and what `sum` holds already. */
function checksum(bytes: Uint8Array, start: number, end: number, sum: number): number {
	let total = sum;
	let at = start;
	for (; at + 1 < end; at += 2) total += ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
	if (at < end) total += (bytes[at] as number) << 8;
	while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
	return ~total & 0xffff;
}
