import { Refusal, SegmentFault } from "../shared/fault.ts";
import {
	clientIdBytes,
	commandAt,
	conversationAt,
	dataBytesAt,
	paddingPrefix,
	segmentHeaderBytes,
	sequenceAt,
	stampAt,
} from "../shared/wire.ts";
import { byteIn, bytesIn, dropSkipped, fourGroups, groupAt, hasInvalid, invalidMarks, wordIn } from "./base32.ts";
import { Name } from "./dns.ts";
import { segments } from "./kcp.ts";
import { observation } from "./observation.ts";
import { TextCursor } from "./txt.ts";

const clientIdCharacters: u32 = 13;

/** The characters before the domain, joined; they are joined only if the first label is not enough. */
const joined: usize = memory.data(264);
const text: TextCursor = changetype<TextCursor>(memory.data(offsetof<TextCursor>(), 8));

/** The base32 text before the domain, which dnstt puts into the labels of a name. One object serves for all messages. */
@unmanaged
export class Tunnel {
	/** Address of the characters: the first label's while these are enough, then all of them, joined. */
	private characters: usize;
	/** The number of characters there, and of all characters. */
	private reach: u32;
	private count: u32;
	private labels: u32;

	/**
	 * Reads the client id from the first `labels` labels of a name into `observation` by the rules of dnstt-server:
	 * joined, upper-cased, base32 without padding.
	 */
	readClientId(name: Name, labels: u32): Refusal {
		this.labels = labels;
		this.count = 0;
		let marks: u64 = 0;
		for (let label: u32 = 0; label < labels; label++) marks |= this.test(name.labelAt(label));
		if (marks !== 0) {
			this.join(name);
			if (hasInvalid(joined, this.count)) return Refusal.Base32;
			this.count = dropSkipped(joined, this.count);
		}
		// 8 bytes are 13 characters; 14 hold fewer bytes, as the server drops the last 6.
		if (this.count < clientIdCharacters || bytesIn(this.count) < clientIdBytes) return Refusal.TooShort;
		if (marks === 0) {
			this.characters = name.labelAt(0) + 1;
			this.reach = load<u8>(name.labelAt(0));
		}
		const at = this.upTo(name, clientIdCharacters);
		const second = fourGroups(at + 4);
		observation.idHigh = (fourGroups(at) << 12) | (second >> 8);
		observation.idLow = (second << 24) | (fourGroups(at + 8) << 4) | (groupAt(at + 12) >> 1);
		return Refusal.None;
	}

	/** Counts the characters of the label whose length octet is at `at`; returns 0 if all are base32. */
	private test(at: usize): u64 {
		const length = load<u8>(at) as u32;
		this.count += length;
		const end = at + 1 + length;
		if (length >= 8) return invalidMarks(at + 1, end);
		let marks: u32 = 0;
		for (let next = at + 1; next < end; next++) marks |= groupAt(next) & ~31;
		return marks;
	}

	/** Returns the address of the first `count` characters, joined if the first label has fewer. */
	private upTo(name: Name, count: u32): usize {
		if (count > this.reach) this.join(name);
		return this.characters;
	}

	private join(name: Name): void {
		let to = joined;
		for (let label: u32 = 0; label < this.labels; label++) {
			const at = name.labelAt(label);
			const length = load<u8>(at) as u32;
			memory.copy(to, at + 1, length);
			to += length;
		}
		this.characters = joined;
		this.reach = (to - joined) as u32;
	}

	/** Reads the packets after the client id of the name that was read last: a query with data has one, a poll none. */
	readUpstream(name: Name): void {
		const total = bytesIn(this.count);
		let at: u32 = clientIdBytes;
		while (at < total) {
			const prefix = byteIn(this.holding(name, at, 1), at);
			at++;
			if (prefix >= paddingPrefix) {
				at += prefix - paddingPrefix;
				continue;
			}
			if (prefix > total - at) return;
			observation.packets++;
			observation.packetBytes += prefix;
			const fault = this.readUpstreamSegments(name, at, at + prefix);
			if (fault !== SegmentFault.None) segments.malformed++;
			at += prefix;
		}
	}

	private readUpstreamSegments(name: Name, start: u32, end: u32): SegmentFault {
		let at = start;
		while (end - at >= segmentHeaderBytes) {
			const characters = this.holding(name, at, segmentHeaderBytes);
			const dataBytes = wordIn(characters, at + dataBytesAt);
			const fault = segments.add(
				wordIn(characters, at + conversationAt),
				byteIn(characters, at + commandAt),
				wordIn(characters, at + stampAt),
				wordIn(characters, at + sequenceAt),
				dataBytes,
				end - at - segmentHeaderBytes,
			);
			if (fault !== SegmentFault.None) return fault;
			at += segmentHeaderBytes + dataBytes;
		}
		return at === end ? SegmentFault.None : SegmentFault.Format;
	}

	/** Returns the address of characters that hold at least `count` bytes from byte `at` on. */
	private holding(name: Name, at: u32, count: u32): usize {
		return this.upTo(name, min<u32>(this.count, ((at + count) << 3) / 5 + 1));
	}
}

/**
 * Reads the packets of an answer whose TXT RDATA is [start..end) into `observation`. Each follows its length, 16 bits
 * big-endian.
 */
export function readDownstream(start: usize, end: usize): void {
	text.open(start, end);
	for (;;) {
		const high = text.next();
		const low = text.next();
		if (low < 0) return;
		const packetBytes = (high << 8) | low;
		const fault = readDownstreamSegments(packetBytes);
		if (fault !== SegmentFault.None) segments.malformed++;
		if (text.hasEnded) return;
		observation.packets++;
		observation.packetBytes += packetBytes;
	}
}

/** Reads one packet. Afterwards the text continues with the next one, or has ended within this one. */
function readDownstreamSegments(packetBytes: u32): SegmentFault {
	let left = packetBytes;
	while (left >= segmentHeaderBytes) {
		if (!text.take(segmentHeaderBytes)) return SegmentFault.Format;
		left -= segmentHeaderBytes;
		const header = text.taken;
		const dataBytes = load<u32>(header + dataBytesAt);
		const fault = segments.add(
			load<u32>(header + conversationAt),
			load<u8>(header + commandAt),
			load<u32>(header + stampAt),
			load<u32>(header + sequenceAt),
			dataBytes,
			left,
		);
		if (fault !== SegmentFault.None) {
			text.skip(left);
			return fault;
		}
		if (!text.skip(dataBytes)) return SegmentFault.Format;
		left -= dataBytes;
	}
	if (left === 0) return SegmentFault.None;
	text.skip(left);
	return SegmentFault.Format;
}
