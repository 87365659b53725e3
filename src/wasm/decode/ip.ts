import { Fault, Unrelated } from "../shared/fault.ts";
import { u16At, u32At } from "./bytes.ts";
import { observation } from "./observation.ts";

const udpHeaderBytes: u32 = 8;
const protocolUdp: u32 = 17;

/** IPv6 extension headers that may precede UDP (RFC 8200, 4.1; RFC 4302; IANA's list). */
const hopByHop: u32 = 0;
const routing: u32 = 43;
const fragment: u32 = 44;
const authentication: u32 = 51;
const destinationOptions: u32 = 60;
const mobility: u32 = 135;
const hostIdentity: u32 = 139;
const shim6: u32 = 140;
/** RFC 8200, 4.1: each header occurs at most once, destination options twice. No honest chain is longer. */
const extensionHeadersMax = 8;

/** An IP packet and its UDP datagram; one object serves for all frames. */
@unmanaged
export class Datagram {
	/** Why a well-formed packet is none of ours; then nothing else holds. */
	unrelated: Unrelated;
	sourceAddress: usize;
	destinationAddress: usize;
	isIpv4: bool;
	sourcePort: u32;
	destinationPort: u32;
	/** The UDP payload is [payload..payloadEnd), or what a first fragment holds of it. */
	payload: usize;
	payloadEnd: usize;
	/** The payload goes on in later fragments, and has this many bytes in all. */
	isPartial: bool;
	payloadBytes: u32;
	private hasMoreFragments: bool;
	/** The UDP header and its datagram: [udp..packetEnd). */
	private udp: usize;
	private packetEnd: usize;

	/**
	 * Reads the IP packet [at..end) and its UDP header. Bytes after the packet's own length are link padding. Of fragments only the
	 * first counts, for the whole datagram: it has the ports, the datagram's length, and the question. To put fragments together
	 * would add to that only the rest of a response's payload, for a table that anyone could fill.
	 */
	read(at: usize, end: usize): Fault {
		this.unrelated = Unrelated.None;
		if (end < at + 20) return Fault.IpTruncated;
		const version = load<u8>(at) >> 4;
		if (version !== 4 && version !== 6) return Fault.IpVersion;
		const fault = version === 4 ? this.readIpv4(at, end) : this.readIpv6(at, end);
		return fault === Fault.None && this.unrelated === Unrelated.None ? this.readUdp() : fault;
	}

	/** Whether the packet's source is its destination. */
	get isToItself(): bool {
		const source = this.sourceAddress;
		const destination = this.destinationAddress;
		if (this.isIpv4) return load<u32>(source) === load<u32>(destination);
		return load<u64>(source) === load<u64>(destination) && load<u64>(source, 8) === load<u64>(destination, 8);
	}

	/** RFC 791, 3.1. */
	private readIpv4(at: usize, end: usize): Fault {
		const headerBytes = ((load<u8>(at) as u32) & 0x0f) << 2;
		if (headerBytes < 20) return Fault.IpHeaderLength;
		const totalLength = u16At(at + 2);
		if (totalLength < headerBytes) return Fault.IpTotalLength;
		const flagsAndFragmentOffset = u16At(at + 6);
		if ((flagsAndFragmentOffset & 0x1fff) !== 0) return this.ignore(Unrelated.Fragment);
		this.hasMoreFragments = (flagsAndFragmentOffset & 0x2000) !== 0;
		const protocol = load<u8>(at + 9) as u32;
		if (protocol !== protocolUdp) return this.ignore(Unrelated.Protocol);
		if (at + totalLength > end) return Fault.IpTruncated;
		this.isIpv4 = true;
		this.sourceAddress = at + 12;
		this.destinationAddress = at + 16;
		this.udp = at + headerBytes;
		this.packetEnd = at + totalLength;
		return Fault.None;
	}

	/** RFC 8200, 3 and 4. */
	private readIpv6(at: usize, end: usize): Fault {
		if (end < at + 40) return Fault.IpTruncated;
		const payloadLength = u16At(at + 4);
		const packetEnd = at + 40 + payloadLength;
		this.isIpv4 = false;
		this.hasMoreFragments = false;
		this.sourceAddress = at + 8;
		this.destinationAddress = at + 24;
		let nextHeader = load<u8>(at + 6) as u32;
		let header = at + 40;
		for (let headers = 0; nextHeader !== protocolUdp; headers++) {
			if (!isExtensionHeader(nextHeader)) return this.ignore(Unrelated.Protocol);
			if (headers === extensionHeadersMax) return Fault.IpExtensionHeaders;
			if (packetEnd < header + 8) return Fault.IpTotalLength;
			if (end < header + 8) return Fault.IpTruncated;
			if (nextHeader === fragment) {
				// RFC 6946: offset 0 and no more fragments is a whole packet.
				const offsetAndFlags = u16At(header + 2);
				if ((offsetAndFlags & 0xfff8) !== 0) return this.ignore(Unrelated.Fragment);
				this.hasMoreFragments = (offsetAndFlags & 1) !== 0;
			}
			const following = load<u8>(header) as u32;
			header += extensionHeaderBytes(nextHeader, load<u8>(header + 1));
			nextHeader = following;
		}
		if (packetEnd > end) return Fault.IpTruncated;
		this.udp = header;
		this.packetEnd = packetEnd;
		return Fault.None;
	}

	/** RFC 768. The message ends where the UDP header's length says, even if the packet goes on. */
	private readUdp(): Fault {
		const at = this.udp;
		if (this.packetEnd < at + udpHeaderBytes) return Fault.UdpTruncated;
		const length = u16At(at + 4);
		if (length < udpHeaderBytes) return Fault.UdpLength;
		const end = at + length;
		const isPartial = end > this.packetEnd;
		if (isPartial && !this.hasMoreFragments) return Fault.UdpLength;
		this.isPartial = isPartial;
		this.sourcePort = u16At(at);
		this.destinationPort = u16At(at + 2);
		this.payload = at + udpHeaderBytes;
		this.payloadEnd = end;
		if (isPartial) {
			this.payloadEnd = this.packetEnd;
			this.payloadBytes = length - udpHeaderBytes;
		}
		return Fault.None;
	}

	private ignore(reason: Unrelated): Fault {
		this.unrelated = reason;
		return Fault.None;
	}
}

/** Writes the address at `at` into `observation` as the resolver's, an IPv4 address as IPv4-mapped IPv6. */
export function readResolver(at: usize, isIpv4: bool): void {
	if (isIpv4) {
		observation.resolver0 = 0;
		observation.resolver1 = 0;
		observation.resolver2 = 0xffff;
		observation.resolver3 = u32At(at);
	} else {
		observation.resolver0 = u32At(at);
		observation.resolver1 = u32At(at + 4);
		observation.resolver2 = u32At(at + 8);
		observation.resolver3 = u32At(at + 12);
	}
}

/** Whether a Next Header value is that of an extension header that UDP may follow. */
export function isExtensionHeader(next: u32): bool {
	switch (next) {
		case hopByHop:
		case routing:
		case fragment:
		case authentication:
		case destinationOptions:
		case mobility:
		case hostIdentity:
		case shim6:
			return true;
		default:
			return false;
	}
}

/** Returns the length of an extension header whose second byte is `length`. */
function extensionHeaderBytes(type: u32, length: u32): u32 {
	switch (type) {
		case fragment:
			return 8;
		case authentication:
			// RFC 4302, 2.2: Payload Len counts 4-byte units, minus two.
			return (length + 2) << 2;
		default:
			// RFC 8200, 4.3: Hdr Ext Len counts 8-byte units, without the first.
			return (length + 1) << 3;
	}
}
