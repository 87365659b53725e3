import { Fault, Unrelated } from "../shared/fault.ts";
import { u16At, u32At } from "./bytes.ts";
import { ignore, malformed, observation } from "./observation.ts";

const udpHeaderBytes: u32 = 8;
const protocolUdp: u32 = 17;

/** IPv6 extension headers that may stand in front of UDP (RFC 8200, 4.1; RFC 4302; IANA's list). */
const hopByHop: u32 = 0;
const routing: u32 = 43;
const fragment: u32 = 44;
const authentication: u32 = 51;
const destinationOptions: u32 = 60;
const mobility: u32 = 135;
const hostIdentity: u32 = 139;
const shim6: u32 = 140;
/** RFC 8200, 4.1 has each header at most once, destination options twice: no honest chain is longer. */
const extensionHeadersMax = 8;

/** An IP packet and the UDP datagram in it, as addresses of what was read; one object serves for all frames. */
@unmanaged
export class Datagram {
	/** The source address and the destination address. */
	source: usize;
	destination: usize;
	isIpv4: bool;
	sourcePort: u32;
	destinationPort: u32;
	/** The UDP payload is [payload..payloadEnd). */
	payload: usize;
	payloadEnd: usize;

	/**
	 * Reads the IP packet [at..end) and its UDP header. Bytes behind the packet's own length are link padding. Gives
	 * whether it is sound; if not, why is in `observation`.
	 */
	read(at: usize, end: usize): bool {
		if (end < at + 20) return malformed(Fault.IpTruncated) !== 0;
		const version = load<u8>(at) >> 4;
		const udp =
			version === 4 ? this.readIpv4(at, end) : version === 6 ? this.readIpv6(at, end) : malformed(Fault.IpVersion);
		return udp !== 0 && this.readUdp(udp);
	}

	/** Whether the packet's source is its destination. */
	get isToItself(): bool {
		if (this.isIpv4) return load<u32>(this.source) === load<u32>(this.destination);
		return (
			load<u64>(this.source) === load<u64>(this.destination) &&
			load<u64>(this.source, 8) === load<u64>(this.destination, 8)
		);
	}

	/** RFC 791, 3.1. Gives the address of the UDP header, and puts the end of the packet into `payloadEnd`; or 0. */
	private readIpv4(at: usize, end: usize): usize {
		const headerBytes = ((load<u8>(at) as u32) & 0x0f) << 2;
		if (headerBytes < 20) return malformed(Fault.IpHeaderLength);
		const totalBytes = u16At(at + 2);
		if (totalBytes < headerBytes) return malformed(Fault.IpTotalLength);
		// More fragments, or an offset: no part of a message that was cut in two is a message.
		if ((u16At(at + 6) & 0x3fff) !== 0) return ignore(Unrelated.Fragment);
		if (load<u8>(at + 9) !== protocolUdp) return ignore(Unrelated.Protocol);
		if (at + totalBytes > end) return malformed(Fault.IpTruncated);
		this.isIpv4 = true;
		this.source = at + 12;
		this.destination = at + 16;
		this.payloadEnd = at + totalBytes;
		return at + headerBytes;
	}

	/** RFC 8200, 3 and 4. Gives the same. */
	private readIpv6(at: usize, end: usize): usize {
		if (end < at + 40) return malformed(Fault.IpTruncated);
		const packetEnd = at + 40 + u16At(at + 4);
		this.isIpv4 = false;
		this.source = at + 8;
		this.destination = at + 24;
		let next = load<u8>(at + 6) as u32;
		let header = at + 40;
		for (let headers = 0; next !== protocolUdp; headers++) {
			if (!isExtensionHeader(next)) return ignore(Unrelated.Protocol);
			if (headers === extensionHeadersMax) return malformed(Fault.IpExtensionHeaders);
			if (packetEnd < header + 8) return malformed(Fault.IpTotalLength);
			if (end < header + 8) return malformed(Fault.IpTruncated);
			// RFC 6946: offset 0 and no more fragments is a whole packet.
			if (next === fragment && (u16At(header + 2) & 0xfff9) !== 0) return ignore(Unrelated.Fragment);
			const following = load<u8>(header) as u32;
			header += extensionHeaderBytes(next, load<u8>(header + 1));
			next = following;
		}
		if (packetEnd > end) return malformed(Fault.IpTruncated);
		this.payloadEnd = packetEnd;
		return header;
	}

	/**
	 * RFC 768; the packet ends at `payloadEnd`. The datagram's own length rules; what the packet holds behind it is no
	 * part of the message.
	 */
	private readUdp(at: usize): bool {
		if (this.payloadEnd < at + udpHeaderBytes) return malformed(Fault.UdpTruncated) !== 0;
		const datagramBytes = u16At(at + 4);
		if (datagramBytes < udpHeaderBytes || at + datagramBytes > this.payloadEnd) return malformed(Fault.UdpLength) !== 0;
		this.sourcePort = u16At(at);
		this.destinationPort = u16At(at + 2);
		this.payload = at + udpHeaderBytes;
		this.payloadEnd = at + datagramBytes;
		return true;
	}
}

/** Puts the address at `at` into `observation` as the resolver, an IPv4 address as IPv4-mapped IPv6. */
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

/** Whether this next-header value is that of an extension header that UDP may stand behind. */
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

/** Length of an extension header whose second byte is `length`. */
function extensionHeaderBytes(type: u32, length: u32): u32 {
	switch (type) {
		case fragment:
			return 8;
		case authentication:
			// RFC 4302, 2.2: counted in 4-byte units, less two.
			return (length + 2) << 2;
		default:
			// RFC 8200, 4.3: in 8-byte units, without the first.
			return (length + 1) << 3;
	}
}
