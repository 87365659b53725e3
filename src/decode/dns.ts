import { Fault } from "./fault.ts";

/** Length of a message's header; the question's name stands behind it. */
export const headerBytes = 12;
/** RFC 1035, 2.3.4: a name, with its length octets and the closing zero. */
const nameBytesMax = 255;
/** 255 octets hold at most 127 labels of one character. */
const labelsMax = 127;
/** As many compression pointers as dnstt-server follows in one name: without a limit, a pointer to itself never ends. */
const pointersMax = 10;

export const typeTxt = 16;
export const typeOpt = 41;

/**
 * A name as its labels: length octets stand at labelAt[0..count) of `bytes`, the closing zero at `zeroAt`. `bytes` is
 * the message itself, or, for a name with compression pointers, a copy without them.
 */
export class Name {
	bytes: Uint8Array = empty;
	count = 0;
	zeroAt = 0;
	/** Offset behind the name, in the message. */
	end = 0;
	readonly labelAt = new Int32Array(labelsMax);
	private readonly flat = new Uint8Array(nameBytesMax);

	/**
	 * Reads the name at `start` of a message that stands at bytes[message..messageEnd). RFC 1035, 3.1 and 4.1.4.
	 * Gives 0, or the Fault that dnstt-server would refuse the message for.
	 */
	read(bytes: Uint8Array, message: number, start: number, messageEnd: number): Fault | 0 {
		const limit = Math.min(messageEnd, start + nameBytesMax);
		const labelAt = this.labelAt;
		let count = 0;
		let at = start;
		while (at < limit) {
			const length = bytes[at] as number;
			if (length === 0) {
				this.bytes = bytes;
				this.count = count;
				this.zeroAt = at;
				this.end = at + 1;
				return 0;
			}
			if (length > 63) return this.readCompressed(bytes, message, start, messageEnd);
			labelAt[count++] = at;
			at += length + 1;
		}
		return at >= messageEnd ? Fault.DnsTruncated : Fault.DnsNameTooLong;
	}

	/** The same for a name with pointers, or with a label type that is none. */
	private readCompressed(bytes: Uint8Array, message: number, start: number, messageEnd: number): Fault | 0 {
		const flat = this.flat;
		let count = 0;
		let used = 0;
		let pointers = 0;
		let at = start;
		for (;;) {
			if (at >= messageEnd) return Fault.DnsTruncated;
			const length = bytes[at] as number;
			if (length >= 0xc0) {
				if (at + 1 >= messageEnd) return Fault.DnsTruncated;
				if (pointers === 0) this.end = at + 2;
				if (++pointers > pointersMax) return Fault.DnsPointerCount;
				at = message + (((length & 0x3f) << 8) | (bytes[at + 1] as number));
				continue;
			}
			if (length > 63) return Fault.DnsLabelType;
			if (used + length + 1 > nameBytesMax) return Fault.DnsNameTooLong;
			if (length === 0) break;
			if (at + length >= messageEnd) return Fault.DnsTruncated;
			this.labelAt[count++] = used;
			for (let index = 0; index <= length; index++) flat[used++] = bytes[at++] as number;
		}
		flat[used] = 0;
		this.bytes = flat;
		this.count = count;
		this.zeroAt = used;
		return 0;
	}
}

/** One resource record (RFC 1035, 4.1.3), in columns; one object serves for all. RDATA is bytes[data..end). */
export class ResourceRecord {
	type = 0;
	class = 0;
	/** Byte 1 of the TTL field: in an OPT record the EDNS version (RFC 6891, 6.1.3). */
	version = 0;
	data = 0;
	end = 0;
	private readonly owner = new Name();

	/**
	 * Reads the record at `start`; gives 0 or the Fault. `question` is the message's question, which was read before.
	 */
	read(bytes: Uint8Array, message: number, start: number, messageEnd: number, question: Name): Fault | 0 {
		let at = start + 1;
		if (start + 1 >= messageEnd) return Fault.DnsTruncated;
		const first = bytes[start] as number;
		if (first === 0xc0 && bytes[start + 1] === headerBytes && question.bytes === bytes) {
			// A pointer to the question's name, as answers have it: that name is known to be sound and without pointers.
			at = start + 2;
		} else if (first !== 0) {
			// All but the root, as OPT has it.
			const fault = this.owner.read(bytes, message, start, messageEnd);
			if (fault !== 0) return fault;
			at = this.owner.end;
		}
		if (messageEnd - at < 10) return Fault.DnsTruncated;
		const dataBytes = ((bytes[at + 8] as number) << 8) | (bytes[at + 9] as number);
		if (dataBytes > messageEnd - at - 10) return Fault.DnsTruncated;
		this.type = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
		this.class = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
		this.version = bytes[at + 5] as number;
		this.data = at + 10;
		this.end = at + 10 + dataBytes;
		return 0;
	}
}

const empty = new Uint8Array(0);
