import { byteAt, bytesIn, dropSkipped, fourGroups, groupInvalid, groupOf, littleEndianAt, unsound } from "./base32.ts";
import { Name } from "./dns.ts";
import { Refusal } from "./fault.ts";
import { commandAt, dataBytesAt, segmentHeaderBytes, sequenceAt, stampAt } from "./kcp.ts";
import type { Observation } from "./observation.ts";
import { TextCursor } from "./txt.ts";

export const clientIdBytes = 8;
const clientIdCharacters = 13;
/** A prefix byte from here on is so many bytes of padding, below it the length of a packet. */
export const paddingPrefix = 0xe0;

/**
 * What dnstt puts into names and TXT records. One object serves for all messages; readUpstream speaks of the name that
 * readClientId read last.
 */
export class Tunnel {
	/** The characters in front of the domain, joined; made only when the first label is not enough. */
	private readonly joined = new Uint8Array(264);
	private isJoined = false;
	/** How many characters there are, all told. */
	private count = 0;
	private name: Name = new Name();
	private labels = 0;
	private view: DataView = new DataView(this.joined.buffer);
	private viewed: Uint8Array = this.joined;
	private readonly text = new TextCursor();

	/**
	 * Reads the client id from the first `labels` labels of a name into `seen`, as dnstt-server does: joined,
	 * upper-cased, base32 without padding. Gives 0, or why the server refuses it.
	 */
	readClientId(name: Name, labels: number, seen: Observation): Refusal | 0 {
		this.name = name;
		this.labels = labels;
		this.isJoined = false;
		this.count = 0;
		let marks = 0;
		for (let label = 0; label < labels; label++) marks |= this.test(name, name.labelAt[label] as number);
		if (marks !== 0) {
			this.join();
			for (let at = 0; at < this.count; at++) {
				if (groupOf[this.joined[at] as number] === groupInvalid) return Refusal.Base32;
			}
			this.count = dropSkipped(this.joined, this.count);
		}
		// 8 bytes are 13 characters; 14 hold fewer, since their last 6 are dropped.
		if (this.count < clientIdCharacters || bytesIn(this.count) < clientIdBytes) return Refusal.TooShort;
		const bytes = this.charactersUpTo(clientIdCharacters);
		const at = this.start;
		const first = fourGroups(bytes, at);
		const second = fourGroups(bytes, at + 4);
		const third = fourGroups(bytes, at + 8);
		seen.idHigh = (first << 12) | (second >> 8);
		seen.idLow = (second << 24) | (third << 4) | ((groupOf[bytes[at + 12] as number] as number) >> 1);
		return 0;
	}

	/** Counts the characters of the label whose length octet stands at `at`; gives 0 if all are base32. */
	private test(name: Name, at: number): number {
		const { bytes } = name;
		if (this.viewed !== bytes) {
			// Nearly always it is the same batch.
			this.viewed = bytes;
			this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
		}
		const { view } = this;
		const length = bytes[at] as number;
		this.count += length;
		let next = at + 1;
		const end = next + length;
		let marks = 0;
		if (length < 8) {
			for (; next < end; next++) marks |= (groupOf[bytes[next] as number] as number) & ~31;
			return marks;
		}
		for (; next + 8 < end; next += 8) {
			marks |= unsound(view.getInt32(next, true)) | unsound(view.getInt32(next + 4, true));
		}
		// The last eight, some of which may have been tested before.
		return marks | unsound(view.getInt32(end - 8, true)) | unsound(view.getInt32(end - 4, true));
	}

	/** Where the first `count` characters stand, from `start` on: in the first label, or else joined. */
	private charactersUpTo(count: number): Uint8Array {
		const { bytes, labelAt } = this.name;
		if (!this.isJoined && count > (bytes[labelAt[0] as number] as number)) this.join();
		return this.isJoined ? this.joined : bytes;
	}

	private get start(): number {
		return this.isJoined ? 0 : (this.name.labelAt[0] as number) + 1;
	}

	private join(): void {
		const { joined, name } = this;
		let count = 0;
		for (let label = 0; label < this.labels; label++) {
			const at = name.labelAt[label] as number;
			const end = at + 1 + (name.bytes[at] as number);
			for (let next = at + 1; next < end; next++) joined[count++] = name.bytes[next] as number;
		}
		this.isJoined = true;
	}

	/** Reads the packets behind the client id: one when the query carries data, none in a poll. */
	readUpstream(seen: Observation): void {
		const total = bytesIn(this.count);
		let at = clientIdBytes;
		while (at < total) {
			const prefix = byteAt(this.charactersFor(at, 1), this.start, at);
			at++;
			if (prefix >= paddingPrefix) {
				at += prefix - paddingPrefix;
				continue;
			}
			if (prefix > total - at) return;
			seen.packets++;
			seen.packetBytes += prefix;
			this.readUpstreamSegments(at, at + prefix, seen);
			at += prefix;
		}
	}

	private readUpstreamSegments(start: number, end: number, seen: Observation): void {
		let at = start;
		while (end - at >= segmentHeaderBytes) {
			const characters = this.charactersFor(at, segmentHeaderBytes);
			const first = this.start;
			const dataBytes = seen.segments.add(
				byteAt(characters, first, at + commandAt),
				littleEndianAt(characters, first, at + stampAt),
				littleEndianAt(characters, first, at + sequenceAt),
				littleEndianAt(characters, first, at + dataBytesAt),
				end - at - segmentHeaderBytes,
			);
			if (dataBytes < 0) break;
			at += segmentHeaderBytes + dataBytes;
		}
		if (at !== end) seen.segments.broken++;
	}

	/** charactersUpTo those that hold `count` bytes from byte `at` on. */
	private charactersFor(at: number, count: number): Uint8Array {
		return this.charactersUpTo(Math.min(this.count, (((at + count) << 3) / 5) | 0) + 1);
	}

	/** Reads the packets of an answer whose TXT RDATA is bytes[start..end): each behind its length, 16 bits big-endian. */
	readDownstream(bytes: Uint8Array, start: number, end: number, seen: Observation): void {
		const text = this.text;
		text.open(bytes, start, end);
		for (;;) {
			const high = text.next();
			const low = text.next();
			if (low < 0) return;
			const packetBytes = (high << 8) | low;
			const left = this.readDownstreamSegments(packetBytes, seen);
			if (left !== 0) seen.segments.broken++;
			if (left < 0 || !text.skip(left)) return;
			seen.packets++;
			seen.packetBytes += packetBytes;
		}
	}

	/** Reads the segments of one packet. Gives how many of its bytes are no segments, or -1 when the text ends in it. */
	private readDownstreamSegments(packetBytes: number, seen: Observation): number {
		const { text } = this;
		let left = packetBytes;
		while (left >= segmentHeaderBytes) {
			if (!text.take(segmentHeaderBytes)) return -1;
			left -= segmentHeaderBytes;
			const dataBytes = seen.segments.add(
				text.taken(commandAt),
				text.takenLittleEndian(stampAt),
				text.takenLittleEndian(sequenceAt),
				text.takenLittleEndian(dataBytesAt),
				left,
			);
			if (dataBytes < 0) return left === 0 ? -1 : left;
			if (!text.skip(dataBytes)) return -1;
			left -= dataBytes;
		}
		return left;
	}
}
