/** IPv4 and IPv6 packets and UDP datagrams for the tests: built, taken apart, and changed into one another. Pure functions. */
import { concatBytes } from "./pcapfile.ts";

const protocolUdp = 17;

/** An address as 4 or 16 bytes, or as text ("192.0.2.1", "2001:db8::1"). */
export type Address = Uint8Array | string;

/** The 4 or 16 bytes of an address in text; the last 32 bits of an IPv6 address may be dotted (RFC 4291, section 2.2). */
export function addressBytes(address: Address): Uint8Array {
	if (typeof address !== "string") return address;
	if (!address.includes(":")) {
		const parts = address.split(".").map(Number);
		if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part <= 255)))
			throw new Error(`no address: ${address}`);
		return Uint8Array.from(parts);
	}
	const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
	if (dotted !== null) {
		const low = addressBytes(dotted[2] ?? "");
		const words = [0, 2].map((at) => (((low[at] ?? 0) << 8) | (low[at + 1] ?? 0)).toString(16));
		return addressBytes(`${dotted[1]}${words.join(":")}`);
	}
	const [head = "", tail] = address.split("::");
	const wordsOf = (text: string) => (text === "" ? [] : text.split(":").map((word) => Number.parseInt(word, 16)));
	const before = wordsOf(head);
	const after = tail === undefined ? [] : wordsOf(tail);
	const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
	const words = [...before, ...new Array<number>(zeros).fill(0), ...after];
	if (words.length !== 8 || words.some((word) => !(word >= 0 && word <= 0xffff)))
		throw new Error(`no address: ${address}`);
	return Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]));
}

/** The Internet checksum (RFC 1071) of the parts, each of which is padded to an even length. */
export function internetChecksum(...parts: readonly Uint8Array[]): number {
	let sum = 0;
	for (const part of parts) {
		for (let at = 0; at < part.length; at += 2) sum += ((part[at] ?? 0) << 8) | (part[at + 1] ?? 0);
	}
	while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
	return ~sum & 0xffff;
}

export interface UdpOptions {
	readonly source: Address;
	readonly destination: Address;
	readonly sourcePort: number;
	readonly destinationPort: number;
	readonly payload: Uint8Array;
}

/** A UDP datagram (RFC 768) with the checksum that belongs to its addresses (RFC 8200, section 8.1, for IPv6). */
export function udpDatagram(options: UdpOptions): Uint8Array {
	const source = addressBytes(options.source);
	const destination = addressBytes(options.destination);
	const datagram = new Uint8Array(8 + options.payload.length);
	const view = new DataView(datagram.buffer);
	view.setUint16(0, options.sourcePort);
	view.setUint16(2, options.destinationPort);
	view.setUint16(4, datagram.length);
	datagram.set(options.payload, 8);
	const lengthAndProtocol = Uint8Array.of(0, protocolUdp, datagram.length >> 8, datagram.length & 0xff);
	const checksum = internetChecksum(source, destination, lengthAndProtocol, datagram);
	// A sum of zero is sent as all ones: zero means that there is none.
	view.setUint16(6, checksum === 0 ? 0xffff : checksum);
	return datagram;
}

export interface Ipv4Options {
	readonly source: Address;
	readonly destination: Address;
	/** 17 if left out. */
	readonly protocol?: number;
	/** Padded with End of Option List to a multiple of 4; at most 40 bytes. */
	readonly options?: Uint8Array;
	/** Fragment offset in units of 8 bytes; 0 if left out. */
	readonly fragmentOffset?: number;
	readonly moreFragments?: boolean;
	/** 0 if left out: frames without one are not known to be the same (RFC 6864, 4.1). */
	readonly identification?: number;
	readonly payload: Uint8Array;
}

/** An IPv4 packet (RFC 791, section 3.1) with its header checksum. */
export function ipv4Packet(options: Ipv4Options): Uint8Array {
	const optionBytes = Math.ceil((options.options?.length ?? 0) / 4) * 4;
	const headerBytes = 20 + optionBytes;
	if (headerBytes > 60) throw new Error(`IPv4 options of ${optionBytes} bytes`);
	const packet = new Uint8Array(headerBytes + options.payload.length);
	const view = new DataView(packet.buffer);
	view.setUint8(0, 0x40 | (headerBytes / 4));
	view.setUint16(2, packet.length);
	view.setUint16(4, options.identification ?? 0);
	view.setUint16(6, (options.moreFragments === true ? 0x2000 : 0) | (options.fragmentOffset ?? 0));
	view.setUint8(8, 64);
	view.setUint8(9, options.protocol ?? protocolUdp);
	packet.set(addressBytes(options.source), 12);
	packet.set(addressBytes(options.destination), 16);
	if (options.options !== undefined) packet.set(options.options, 20);
	view.setUint16(10, internetChecksum(packet.subarray(0, headerBytes)));
	packet.set(options.payload, headerBytes);
	return packet;
}

/** An IPv6 extension header: its protocol number and its bytes, whose first is overwritten with the number of what follows. */
export interface ExtensionHeader {
	readonly protocol: number;
	readonly bytes: Uint8Array;
}

/** Extension headers as they may stand in front of a whole datagram (RFC 8200, section 4; RFC 4302 for the last). */
export const extensionHeaders = {
	/** Hop-by-Hop Options: a PadN over the six bytes. */
	hopByHop: { protocol: 0, bytes: Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0) },
	/** Destination Options of 16 bytes: a PadN over 14 bytes. */
	destinationOptions: { protocol: 60, bytes: Uint8Array.of(0, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) },
	/** Routing header with no segments left, of the experimental type 253, which a node ignores then. */
	routing: { protocol: 43, bytes: Uint8Array.of(0, 0, 253, 0, 0, 0, 0, 0) },
	/** Fragment header of a datagram in one piece: offset 0 and M=0 (an atomic fragment, RFC 6946). */
	fragment: { protocol: 44, bytes: Uint8Array.of(0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78) },
	/** Authentication Header with a check value of 12 bytes; its length counts 4-byte units less 2. */
	authentication: {
		protocol: 51,
		bytes: Uint8Array.of(0, 4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
	},
} as const satisfies Record<string, ExtensionHeader>;

/** A Fragment header with this offset (units of 8 bytes) and M flag. */
export function fragmentHeader(offset: number, moreFragments: boolean): ExtensionHeader {
	const bytes = new Uint8Array(8);
	new DataView(bytes.buffer).setUint16(2, (offset << 3) | (moreFragments ? 1 : 0));
	return { protocol: 44, bytes };
}

export interface Ipv6Options {
	readonly source: Address;
	readonly destination: Address;
	/** Protocol of the payload; 17 if left out. */
	readonly protocol?: number;
	readonly extensions?: readonly ExtensionHeader[];
	readonly payload: Uint8Array;
}

/** An IPv6 packet (RFC 8200, section 3) with these extension headers in this order. */
export function ipv6Packet(options: Ipv6Options): Uint8Array {
	const extensions = options.extensions ?? [];
	const protocols = [...extensions.map(({ protocol }) => protocol), options.protocol ?? protocolUdp];
	const chain = extensions.map(({ bytes }, index) => {
		const header = Uint8Array.from(bytes);
		header[0] = protocols[index + 1] ?? 59;
		return header;
	});
	const body = concatBytes([...chain, options.payload]);
	const header = new Uint8Array(40);
	const view = new DataView(header.buffer);
	view.setUint8(0, 0x60);
	view.setUint16(4, body.length);
	view.setUint8(6, protocols[0] ?? protocolUdp);
	view.setUint8(7, 64);
	header.set(addressBytes(options.source), 8);
	header.set(addressBytes(options.destination), 24);
	return concatBytes([header, body]);
}

/** A whole IP packet with a UDP datagram in it: IPv4 or IPv6 as the addresses are. */
export function udpPacket(options: UdpOptions & { readonly extensions?: readonly ExtensionHeader[] }): Uint8Array {
	const payload = udpDatagram(options);
	const { source, destination, extensions = [] } = options;
	return addressBytes(source).length === 4
		? ipv4Packet({ source, destination, payload })
		: ipv6Packet({ source, destination, extensions, payload });
}

/** A UDP datagram as it lay in an IP packet; the fields are views of the packet. */
export interface TakenApart {
	readonly version: 4 | 6;
	readonly source: Uint8Array;
	readonly destination: Uint8Array;
	readonly sourcePort: number;
	readonly destinationPort: number;
	readonly payload: Uint8Array;
}

/** Takes apart an IPv4 or IPv6 packet without extension headers that holds a whole UDP datagram; throws on any other. */
export function takeApart(packet: Uint8Array): TakenApart {
	const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
	const version = view.getUint8(0) >> 4;
	if (version !== 4 && version !== 6) throw new Error(`IP version ${version}`);
	const headerBytes = version === 4 ? (view.getUint8(0) & 15) * 4 : 40;
	const protocol = view.getUint8(version === 4 ? 9 : 6);
	if (protocol !== protocolUdp) throw new Error(`protocol ${protocol} is not UDP`);
	const addressAt = version === 4 ? 12 : 8;
	const addressLength = version === 4 ? 4 : 16;
	const udpBytes = view.getUint16(headerBytes + 4);
	return {
		version,
		source: packet.subarray(addressAt, addressAt + addressLength),
		destination: packet.subarray(addressAt + addressLength, addressAt + 2 * addressLength),
		sourcePort: view.getUint16(headerBytes),
		destinationPort: view.getUint16(headerBytes + 2),
		payload: packet.subarray(headerBytes + 8, headerBytes + udpBytes),
	};
}

/** The length that an IP packet claims for itself: what lies behind it in a frame is padding. */
export function packetLength(bytes: Uint8Array): number {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	return view.getUint8(0) >> 4 === 4 ? view.getUint16(2) : 40 + view.getUint16(4);
}

/** The same datagram in an IPv4 packet with options: a Router Alert (RFC 2113) and a No Operation if none are given. */
export function withIpv4Options(packet: Uint8Array, options = Uint8Array.of(0x94, 4, 0, 0, 1)): Uint8Array {
	const { source, destination } = takeApart(packet);
	const payload = packet.subarray(((packet[0] ?? 0) & 15) * 4, packetLength(packet));
	return ipv4Packet({ source, destination, options, payload });
}

/** Prefix in front of an IPv4 address in packets made by toIpv6: the address is in its last 32 bits (ULA, RFC 4193). */
const ipv6Prefix = addressBytes("fd00:77::");

/** The IPv6 address that toIpv6 gives an IPv4 address: fd00:77::a.b.c.d. */
export function ipv6AddressOf(ipv4: Address): Uint8Array {
	return concatBytes([ipv6Prefix.subarray(0, 12), addressBytes(ipv4)]);
}

/** The datagram of an IPv4 packet in an IPv6 packet, behind these extension headers, with the checksum made anew. */
export function toIpv6(packet: Uint8Array, extensions: readonly ExtensionHeader[] = []): Uint8Array {
	const { source, destination, sourcePort, destinationPort, payload } = takeApart(packet);
	return udpPacket({
		source: ipv6AddressOf(source),
		destination: ipv6AddressOf(destination),
		sourcePort,
		destinationPort,
		payload,
		extensions,
	});
}
