import { Fault } from "../shared/fault.ts";
import { headerBytes } from "../shared/wire.ts";
import { u16At } from "./bytes.ts";

/** RFC 1035, 2.3.4: the length of a name, with its length octets and the closing zero. */
const nameBytesMax: u32 = 255;
/** 255 octets hold at most 127 labels of one character. */
const labelsMax: u32 = 127;
/** dnstt-server follows this many compression pointers in one name. Without a limit, a pointer to itself never ends. */
const pointersMax = 10;
/**
 * The most labels and pointers that are followed in all names of one message: enough for the longest question and the
 * names of three more records. The message of a client or resolver has a question and an OPT record, whose name is the
 * root. Without this bound 340 records whose names all point to one of 119 labels cost fifty times as much as a query.
 */
export const labelsPerMessageMax: i32 = 512;

let labelsLeft: i32 = 0;
let isPartial: bool = false;

/** Names and records that are read from now on belong to another message; of a partial one only the beginning was captured. */
export function beginMessage(partial: bool): void {
	labelsLeft = labelsPerMessageMax;
	isPartial = partial;
}

/** The header of a message: an object of this class has the message's own address. RFC 1035, 4.1.1 defines the fields. */
@unmanaged
export class Header {
	get message(): usize {
		return changetype<usize>(this);
	}

	get id(): u32 {
		return u16At(this.message);
	}

	/** Whether QR is set. */
	get isResponse(): bool {
		return load<u8>(this.message, 2) >= 0x80;
	}

	get opcode(): u32 {
		return ((load<u8>(this.message, 2) as u32) >> 3) & 0x0f;
	}

	get tc(): u32 {
		return ((load<u8>(this.message, 2) as u32) >> 1) & 1;
	}

	get rcode(): u32 {
		return (load<u8>(this.message, 3) as u32) & 0x0f;
	}

	get qdcount(): u32 {
		return u16At(this.message + 4);
	}

	get ancount(): u32 {
		return u16At(this.message + 6);
	}

	get nscount(): u32 {
		return u16At(this.message + 8);
	}

	get arcount(): u32 {
		return u16At(this.message + 10);
	}
}

/**
 * A name as its labels, whose length octets are at labelAt(0..count), and the closing zero at `zeroAt`: in the message
 * itself, or, for a name with compression pointers, in a copy without them.
 */
@unmanaged
export class Name {
	count: u32;
	zeroAt: usize;
	/** Address after the name, in the message. */
	end: usize;
	isCopied: bool;

	/** Address of a label's length octet. */
	labelAt(index: u32): usize {
		return load<usize>(changetype<usize>(this) + labelsOffset + index * sizeof<usize>());
	}

	private setLabel(index: u32, at: usize): void {
		store<usize>(changetype<usize>(this) + labelsOffset + index * sizeof<usize>(), at);
	}

	private get copy(): usize {
		return changetype<usize>(this) + copyOffset;
	}

	/**
	 * Reads the name at `start` of the message [message..messageEnd) (RFC 1035, 3.1 and 4.1.4). The faults are those for
	 * which dnstt-server refuses the message, and DnsLabelCount.
	 */
	read(message: usize, start: usize, messageEnd: usize): Fault {
		const limit = min<usize>(messageEnd, start + nameBytesMax);
		let count: u32 = 0;
		let at = start;
		while (at < limit) {
			const length = load<u8>(at) as u32;
			if (length === 0) {
				labelsLeft -= count;
				if (labelsLeft < 0) return Fault.DnsLabelCount;
				this.count = count;
				this.zeroAt = at;
				this.end = at + 1;
				this.isCopied = false;
				return Fault.None;
			}
			if (length > 63) return this.readCompressed(message, start, messageEnd);
			this.setLabel(count++, at);
			at += length + 1;
		}
		return at >= messageEnd ? Fault.DnsTruncated : Fault.DnsNameTooLong;
	}

	/** Reads a name with pointers, or with an unknown label type. */
	private readCompressed(message: usize, start: usize, messageEnd: usize): Fault {
		let count: u32 = 0;
		let used: u32 = 0;
		let pointers = 0;
		let at = start;
		for (;;) {
			if (at >= messageEnd) return Fault.DnsTruncated;
			const length = load<u8>(at) as u32;
			if (length >= 0xc0) {
				if (at + 1 >= messageEnd) return Fault.DnsTruncated;
				if (pointers === 0) this.end = at + 2;
				if (++pointers > pointersMax) return Fault.DnsPointerCount;
				if (--labelsLeft < 0) return Fault.DnsLabelCount;
				at = message + (u16At(at) & 0x3fff);
				continue;
			}
			if (length > 63) return Fault.DnsLabelType;
			if (used + length + 1 > nameBytesMax) return Fault.DnsNameTooLong;
			if (length === 0) break;
			if (at + length >= messageEnd) return Fault.DnsTruncated;
			if (--labelsLeft < 0) return Fault.DnsLabelCount;
			this.setLabel(count++, this.copy + used);
			memory.copy(this.copy + used, at, length + 1);
			used += length + 1;
			at += length + 1;
		}
		store<u8>(this.copy + used, 0);
		this.count = count;
		this.zeroAt = this.copy + used;
		this.isCopied = true;
		return Fault.None;
	}
}

/** The addresses of a Name's labels follow its fields, and its copy follows these. */
const labelsOffset: usize = offsetof<Name>();
const copyOffset: usize = offsetof<Name>() + labelsMax * 4;
export const nameBytes: i32 = (offsetof<Name>() + labelsMax * 4 + nameBytesMax + 1) as i32;

/** One resource record (RFC 1035, 4.1.3); one object serves for all. RDATA is [rdata..end), in a partial message as far as it goes. */
@unmanaged
export class ResourceRecord {
	type: u32;
	class: u32;
	/** Byte 1 of the TTL field: in an OPT record the EDNS version (RFC 6891, 6.1.3). */
	version: u32;
	rdata: usize;
	end: usize;

	/** Reads the record at `start`. `question` is the message's question, which must have been read before. */
	read(message: usize, start: usize, messageEnd: usize, question: Name): Fault {
		let at = start + 1;
		if (start + 1 >= messageEnd) return Fault.DnsTruncated;
		const first = load<u8>(start);
		if (first === 0xc0 && load<u8>(start + 1) === headerBytes && !question.isCopied) {
			// Answers have a pointer to the question's name, which was read already and has no pointers itself.
			at = start + 2;
		} else if (first !== 0) {
			// OPT records have the root as their name.
			const fault = owner.read(message, start, messageEnd);
			if (fault !== Fault.None) return fault;
			at = owner.end;
		}
		if (messageEnd < at + 10) return Fault.DnsTruncated;
		const rdlength = u16At(at + 8);
		if (at + 10 + rdlength > messageEnd && !isPartial) return Fault.DnsTruncated;
		this.type = u16At(at);
		this.class = u16At(at + 2);
		this.version = load<u8>(at + 5);
		this.rdata = at + 10;
		this.end = min<usize>(at + 10 + rdlength, messageEnd);
		return Fault.None;
	}
}

/** Owner names of records are read only to find their end. */
const owner: Name = changetype<Name>(memory.data(nameBytes, 8));
