/** Numbers of the wire formats that other folders than decode/ use as well. */

/** Length of a DNS message's header; the question's name follows it (RFC 1035, 4.1.1). */
export const headerBytes: u32 = 12;

/** Formats of what stands in the names of queries: a file each in decode/. */
export enum Wire {
	Dnstt,
	Vaydns,
}

/** IANA's numbers of the record types that carry a payload, and of OPT (RFC 6895, 3.1). */
export enum RecordType {
	A = 1,
	Ns = 2,
	Cname = 5,
	Null = 10,
	Mx = 15,
	Txt = 16,
	Aaaa = 28,
	Srv = 33,
	Opt = 41,
	Caa = 257,
}

/** Numbers of the types that carry a payload, without gaps: 1 to 9, and 0 for all others. */
export function payloadTypeIndex(type: u32): u32 {
	switch (type) {
		case RecordType.Txt:
			return 1;
		case RecordType.Null:
			return 2;
		case RecordType.Cname:
			return 3;
		case RecordType.A:
			return 4;
		case RecordType.Aaaa:
			return 5;
		case RecordType.Mx:
			return 6;
		case RecordType.Ns:
			return 7;
		case RecordType.Srv:
			return 8;
		case RecordType.Caa:
			return 9;
		default:
			return 0;
	}
}

/** Length of the client id before what a dnstt query carries, and the longest that VayDNS has. */
export const clientIdBytes: u32 = 8;
/**
 * A prefix byte of this value or more is followed by (byte - 0xe0) bytes of padding; a smaller one is the length of the
 * packet after it.
 */
export const paddingPrefix: u32 = 0xe0;

/**
 * KCP segments in a dnstt packet: a 24-byte little-endian header, then `len` bytes of data, one segment after another.
 * The data is encrypted and never read.
 */
export const segmentHeaderBytes: u32 = 24;
export const conversationAt: u32 = 0;
export const commandAt: u32 = 4;
export const stampAt: u32 = 8;
export const sequenceAt: u32 = 12;
export const dataBytesAt: u32 = 20;
