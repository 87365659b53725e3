import { Fault, Foreign } from "./fault.ts";
import type { Observation } from "./observation.ts";

const udpHeaderBytes = 8;
const protocolUdp = 17;

/** IPv6 extension headers that may stand in front of UDP (RFC 8200, 4.1; RFC 4302; IANA's list). */
const hopByHop = 0;
const routing = 43;
const fragment = 44;
const authentication = 51;
const destinationOptions = 60;
const mobility = 135;
const hostIdentity = 139;
const shim6 = 140;
/** RFC 8200, 4.1 has each header at most once, destination options twice: no honest chain is longer. */
const extensionHeadersMax = 8;

/**
 * An IP packet and the UDP datagram in it, in columns; one object serves for all frames. Offsets are into the bytes
 * that were read.
 */
export class Datagram {
	/** Offset of the source address, and of the destination address. */
	source = 0;
	destination = 0;
	isIpv4 = true;
	sourcePort = 0;
	destinationPort = 0;
	/** The UDP payload is bytes[payload..payloadEnd). */
	payload = 0;
	payloadEnd = 0;

	/**
	 * Reads the IP packet at bytes[at..end) and its UDP header. Bytes behind the packet's own length are link padding.
	 * Gives 0, or -1 with `seen.fault` or -2 with `seen.foreign` set.
	 */
	read(bytes: Uint8Array, at: number, end: number, seen: Observation): number {
		if (end - at < 20) return broken(seen, Fault.IpTruncated);
		const version = (bytes[at] as number) >> 4;
		if (version === 4) return this.readIpv4(bytes, at, end, seen);
		if (version === 6) return this.readIpv6(bytes, at, end, seen);
		return broken(seen, Fault.IpVersion);
	}

	/** RFC 791, 3.1. */
	private readIpv4(bytes: Uint8Array, at: number, end: number, seen: Observation): number {
		const headerBytes = ((bytes[at] as number) & 0x0f) << 2;
		if (headerBytes < 20) return broken(seen, Fault.IpHeaderLength);
		const totalBytes = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
		if (totalBytes < headerBytes) return broken(seen, Fault.IpTotalLength);
		// More fragments, or an offset: no part of a message that was cut in two is a message.
		if ((((bytes[at + 6] as number) & 0x3f) | (bytes[at + 7] as number)) !== 0) return foreign(seen, Foreign.Fragment);
		if (bytes[at + 9] !== protocolUdp) return foreign(seen, Foreign.Protocol);
		if (totalBytes > end - at) return broken(seen, Fault.IpTruncated);
		this.isIpv4 = true;
		this.source = at + 12;
		this.destination = at + 16;
		return this.readUdp(bytes, at + headerBytes, at + totalBytes, seen);
	}

	/** RFC 8200, 3 and 4. */
	private readIpv6(bytes: Uint8Array, at: number, end: number, seen: Observation): number {
		if (end - at < 40) return broken(seen, Fault.IpTruncated);
		const packetEnd = at + 40 + (((bytes[at + 4] as number) << 8) | (bytes[at + 5] as number));
		this.isIpv4 = false;
		this.source = at + 8;
		this.destination = at + 24;
		let next = bytes[at + 6] as number;
		let header = at + 40;
		for (let headers = 0; next !== protocolUdp; headers++) {
			if (!isExtensionHeader(next)) return foreign(seen, Foreign.Protocol);
			if (headers === extensionHeadersMax) return broken(seen, Fault.IpExtensionHeaders);
			if (packetEnd - header < 8) return broken(seen, Fault.IpTotalLength);
			if (end - header < 8) return broken(seen, Fault.IpTruncated);
			const following = bytes[header] as number;
			if (next === fragment) {
				// RFC 6946: offset 0 and no more fragments is a whole packet.
				if ((((bytes[header + 2] as number) << 8) | ((bytes[header + 3] as number) & 0xf9)) !== 0) {
					return foreign(seen, Foreign.Fragment);
				}
			}
			header += extensionHeaderBytes(next, bytes[header + 1] as number);
			next = following;
		}
		if (packetEnd > end) return broken(seen, Fault.IpTruncated);
		return this.readUdp(bytes, header, packetEnd, seen);
	}

	/** RFC 768. The datagram's own length rules; what the packet holds behind it is no part of the message. */
	private readUdp(bytes: Uint8Array, at: number, end: number, seen: Observation): number {
		if (end - at < udpHeaderBytes) return broken(seen, Fault.UdpTruncated);
		const datagramBytes = ((bytes[at + 4] as number) << 8) | (bytes[at + 5] as number);
		if (datagramBytes < udpHeaderBytes || datagramBytes > end - at) return broken(seen, Fault.UdpLength);
		this.sourcePort = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
		this.destinationPort = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
		this.payload = at + udpHeaderBytes;
		this.payloadEnd = at + datagramBytes;
		return 0;
	}
}

/** Puts the address at bytes[at..] into `seen` as the peer, an IPv4 address as IPv4-mapped IPv6. */
export function readPeer(bytes: Uint8Array, at: number, isIpv4: boolean, seen: Observation): void {
	if (isIpv4) {
		seen.peer0 = 0;
		seen.peer1 = 0;
		seen.peer2 = 0xffff;
		seen.peer3 = word(bytes, at);
	} else {
		seen.peer0 = word(bytes, at);
		seen.peer1 = word(bytes, at + 4);
		seen.peer2 = word(bytes, at + 8);
		seen.peer3 = word(bytes, at + 12);
	}
}

function word(bytes: Uint8Array, at: number): number {
	return (
		((bytes[at] as number) << 24) |
		((bytes[at + 1] as number) << 16) |
		((bytes[at + 2] as number) << 8) |
		(bytes[at + 3] as number)
	);
}

/** Whether this next-header value is that of an extension header that UDP may stand behind. */
export function isExtensionHeader(next: number): boolean {
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
function extensionHeaderBytes(type: number, length: number): number {
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

function broken(seen: Observation, fault: Fault): number {
	seen.fault = fault;
	return -1;
}

function foreign(seen: Observation, reason: Foreign): number {
	seen.foreign = reason;
	return -2;
}
