import { SegmentFault } from "../shared/fault.ts";
import { commandAt, conversationAt, dataBytesAt, segmentHeaderBytes, sequenceAt, stampAt } from "../shared/wire.ts";
import { byteIn, bytesIn, dropSkipped, fourGroups, groupAt, hasInvalid, invalidMarks, wordIn } from "./base32.ts";
import { Name } from "./dns.ts";
import { isCommand, segments } from "./kcp.ts";
import { observation } from "./observation.ts";

/** The characters of 8 bytes, the longest client id. */
const clientIdCharacters: u32 = 13;

/** The characters before the domain, joined; made only when the first label is not enough. */
const joined: usize = memory.data(264);

/**
 * The base32 text before the domain, which clients put into the labels of a name, and servers into names of their records. One
 * object serves for all messages.
 */
@unmanaged
export class EncodedText {
	private name: Name;
	/** How many labels of the name hold it. */
	private labels: u32;
	/** Address of the characters: of the first label's while it is enough, then of all, joined. */
	private characters: usize;
	/** How many stand there, and how many there are in all labels. */
	private reach: u32;
	private count: u32;
	/** How many bytes the text holds. */
	bytes: u32;

	/**
	 * Reads the first `labels` labels of a name, as dnstt-server does: joined, upper-cased, base32 without padding. False if they
	 * are not base32.
	 */
	read(name: Name, labels: u32): bool {
		this.name = name;
		this.labels = labels;
		this.count = 0;
		this.reach = 0;
		let marks: u64 = 0;
		for (let label: u32 = 0; label < labels; label++) marks |= this.test(name.labelAt(label));
		if (marks !== 0) {
			this.join();
			if (hasInvalid(joined, this.count)) return false;
			this.count = dropSkipped(joined, this.count);
		} else if (labels > 0) {
			this.characters = name.labelAt(0) + 1;
			this.reach = load<u8>(name.labelAt(0));
		}
		this.bytes = bytesIn(this.count);
		return true;
	}

	/**
	 * Reads the first bytes into the observation's client id, those that the masks of a tunnel leave: an id of fewer than 8 bytes
	 * stands in the first of the two words' bytes, with zeros after it.
	 */
	readClientId(highMask: u32, lowMask: u32): void {
		// Where the text is shorter, what stands after it is masked; but after a label the frame may end.
		if (this.reach < clientIdCharacters && this.characters !== joined) this.join();
		const at = this.characters;
		const second = fourGroups(at + 4);
		observation.idHigh = ((fourGroups(at) << 12) | (second >> 8)) & highMask;
		observation.idLow = ((second << 24) | (fourGroups(at + 8) << 4) | (groupAt(at + 12) >> 1)) & lowMask;
	}

	/** The byte at an offset below `bytes`. */
	byteAt(offset: u32): u32 {
		return byteIn(this.holding(offset, 1), offset);
	}

	/** The 32-bit word at an offset, little-endian; all of it is in the text. */
	wordAt(offset: u32): u32 {
		return wordIn(this.holding(offset, 4), offset);
	}

	/** Reads the packet [start..end) of a query into the observation. */
	readPacket(start: u32, end: u32): void {
		observation.packets++;
		observation.packetBytes += end - start;
		if (this.readSegments(start, end) !== SegmentFault.None) segments.malformed++;
	}

	private readSegments(start: u32, end: u32): SegmentFault {
		let at = start;
		while (end - at >= segmentHeaderBytes) {
			const characters = this.holding(at, segmentHeaderBytes);
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

	/** Whether [start..end) is a packet of well-formed segments, one at least. Changes nothing. */
	isPacket(start: u32, end: u32): bool {
		let at = start;
		while (end - at >= segmentHeaderBytes) {
			const dataBytes = this.wordAt(at + dataBytesAt);
			if (!isCommand(this.byteAt(at + commandAt)) || dataBytes > end - at - segmentHeaderBytes) return false;
			at += segmentHeaderBytes + dataBytes;
		}
		return at === end && end > start;
	}

	/** The address of the characters that hold `count` bytes from an offset on. */
	private holding(offset: u32, count: u32): usize {
		return this.upTo(min<u32>(this.count, ((offset + count) << 3) / 5 + 1));
	}

	/** Counts the characters of the label whose length octet stands at `at`; returns 0 if all are base32. */
	private test(at: usize): u64 {
		const length = load<u8>(at) as u32;
		this.count += length;
		const end = at + 1 + length;
		if (length >= 8) return invalidMarks(at + 1, end);
		let marks: u32 = 0;
		for (let next = at + 1; next < end; next++) marks |= groupAt(next) & ~31;
		return marks;
	}

	/** The address of the first `count` characters, in the first label, or else joined. */
	private upTo(count: u32): usize {
		if (count > this.reach) this.join();
		return this.characters;
	}

	private join(): void {
		let to = joined;
		for (let label: u32 = 0; label < this.labels; label++) {
			const at = this.name.labelAt(label);
			const length = load<u8>(at) as u32;
			memory.copy(to, at + 1, length);
			to += length;
		}
		this.characters = joined;
		this.reach = (to - joined) as u32;
	}
}
