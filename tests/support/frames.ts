/**
 * Frames for the tests: the IP packets of a capture taken out of their frames, and packets put into frames of every link type.
 * Pure functions; `packets.ts` and `messages.ts` (given from here too) build what goes inside.
 */
import { LinkType } from "../../src/capture/source.ts";
import { extensionHeaders, packetLength, takeApart, toIpv6, withIpv4Options } from "./packets.ts";
import { type Capture, type CaptureRecord, concatBytes } from "./pcapfile.ts";

export * from "./messages.ts";
export * from "./packets.ts";

const etherTypeIpv4 = 0x0800;
const etherTypeIpv6 = 0x86dd;

/** `in` goes to the server, `out` comes from it. */
export type Direction = "in" | "out";

/** One datagram of a capture: its IP packet without link header and padding, and when it came. */
export interface PacketRecord {
	readonly timeNs: bigint;
	readonly direction: Direction;
	readonly packet: Uint8Array;
}

/**
 * Takes the IP packets out of a capture's frames (Ethernet without tags, LINUX_SLL2 or RAW: what the recorded captures have).
 * A packet whose UDP destination is `port` goes in, any other out. Throws on a frame that holds no UDP over IP.
 */
export function packetsOf(capture: Capture, port = 53): PacketRecord[] {
	return capture.records.map(({ timeNs, bytes }) => {
		const inside = bytes.subarray(linkHeaderBytes(capture.linkType));
		const packet = inside.subarray(0, packetLength(inside));
		return { timeNs, direction: takeApart(packet).destinationPort === port ? "in" : "out", packet };
	});
}

function linkHeaderBytes(linkType: number): number {
	if (linkType === LinkType.EN10MB) return 14;
	if (linkType === LinkType.LINUX_SLL2) return 20;
	if (linkType === LinkType.RAW) return 0;
	throw new Error(`packetsOf does not take link type ${linkType}`);
}

/** Ethernet addresses of the two ends in frames made here: locally administered. */
export const serverEthernetAddress = Uint8Array.of(2, 0, 0, 0, 0, 1);
export const resolverEthernetAddress = Uint8Array.of(2, 0, 0, 0, 0, 2);

/** An Ethernet II frame; `tags` (802.1Q TPIDs, outermost first; VLAN 100, 101, ...) stand in front of the EtherType. */
export function ethernetFrame(
	packet: Uint8Array,
	direction: Direction = "in",
	tags: readonly number[] = [],
): Uint8Array {
	const toServer = [serverEthernetAddress, resolverEthernetAddress];
	return concatBytes([...(direction === "in" ? toServer : toServer.toReversed()), tagged(packet, tags)]);
}

/** An Ethernet frame filled up behind the packet: to the least length of 60 bytes (IEEE 802.3), and with a trailer. */
export function paddedEthernetFrame(packet: Uint8Array, direction: Direction = "in", trailerBytes = 7): Uint8Array {
	const frame = ethernetFrame(packet, direction);
	const padding = new Uint8Array(Math.max(0, 60 - frame.length) + trailerBytes).fill(0x55);
	return concatBytes([frame, padding]);
}

/** LINKTYPE_NULL: the address family in the byte order of the host that captured. AF_INET6 is 24, 28 or 30 on the BSDs and macOS. */
export function nullFrame(packet: Uint8Array, bigEndian: boolean, familyIpv6 = 30): Uint8Array {
	const family = isIpv4(packet) ? 2 : familyIpv6;
	return concatBytes([bigEndian ? Uint8Array.of(0, 0, 0, family) : Uint8Array.of(family, 0, 0, 0), packet]);
}

/** LINKTYPE_LOOP (OpenBSD): the address family in network byte order. */
export function loopFrame(packet: Uint8Array): Uint8Array {
	return nullFrame(packet, true, 24);
}

/** LINKTYPE_LINUX_SLL: type 0 (to us) or 4 (sent by us), ARPHRD_ETHER, the sender's address, and the EtherType. */
export function linuxSllFrame(
	packet: Uint8Array,
	direction: Direction = "in",
	tags: readonly number[] = [],
): Uint8Array {
	const header = new Uint8Array(14);
	header[1] = direction === "in" ? 0 : 4;
	header[3] = 1;
	header[5] = 6;
	header.set(direction === "in" ? resolverEthernetAddress : serverEthernetAddress, 6);
	return concatBytes([header, tagged(packet, tags)]);
}

/** LINKTYPE_LINUX_SLL2: the EtherType, then the interface's index, ARPHRD_ETHER, the type and the sender's address. */
export function linuxSll2Frame(
	packet: Uint8Array,
	direction: Direction = "in",
	interfaceIndex = 2,
	tags: readonly number[] = [],
): Uint8Array {
	const header = new Uint8Array(20);
	const view = new DataView(header.buffer);
	const tagBytes = tagged(packet, tags);
	header.set(tagBytes.subarray(0, 2), 0);
	view.setUint32(4, interfaceIndex);
	view.setUint16(8, 1);
	view.setUint8(10, direction === "in" ? 0 : 4);
	view.setUint8(11, 6);
	header.set(direction === "in" ? resolverEthernetAddress : serverEthernetAddress, 12);
	return concatBytes([header, tagBytes.subarray(2)]);
}

/** An Ethernet frame of a PPPoE session (RFC 2516, section 4). */
export function pppoeFrame(packet: Uint8Array, direction: Direction = "in"): Uint8Array {
	const header = new Uint8Array(10);
	const view = new DataView(header.buffer);
	view.setUint16(0, 0x8864);
	view.setUint8(2, 0x11);
	view.setUint16(4, 0x1234);
	view.setUint16(6, packet.length + 2);
	view.setUint16(8, isIpv4(packet) ? 0x0021 : 0x0057);
	return concatBytes([ethernetFrame(packet, direction).subarray(0, 12), header, packet]);
}

/** An Ethernet frame with a number of MPLS labels (RFC 3032, section 2.1). */
export function mplsFrame(packet: Uint8Array, direction: Direction = "in", labels = 1): Uint8Array {
	const entries = Array.from({ length: labels }, (_, index) => Uint8Array.of(0, 1, index === labels - 1 ? 1 : 0, 64));
	return concatBytes([ethernetFrame(packet, direction).subarray(0, 12), Uint8Array.of(0x88, 0x47), ...entries, packet]);
}

/** The EtherType and the packet, behind 802.1Q tags (TPID, then priority 0 and the VLAN's number). */
function tagged(packet: Uint8Array, tags: readonly number[]): Uint8Array {
	const tagBytes = tags.map((tpid, index) => Uint8Array.of(tpid >> 8, tpid & 0xff, 0, 100 + index));
	const etherType = isIpv4(packet) ? etherTypeIpv4 : etherTypeIpv6;
	return concatBytes([...tagBytes, Uint8Array.of(etherType >> 8, etherType & 0xff), packet]);
}

function isIpv4(packet: Uint8Array): boolean {
	return (packet[0] ?? 0) >> 4 === 4;
}

/** A way to put an IP packet into a frame. */
export interface Wrapping {
	readonly title: string;
	readonly linkType: number;
	/** The IP versions that the link type carries. */
	readonly versions: readonly (4 | 6)[];
	readonly wrap: (packet: Uint8Array, direction: Direction) => Uint8Array;
}

const both = [4, 6] as const;

/** Every link type that the decoder knows, with the tags and paddings that occur. */
export const wrappings: readonly Wrapping[] = [
	{ title: "Ethernet", linkType: LinkType.EN10MB, versions: both, wrap: (p, d) => ethernetFrame(p, d) },
	{
		title: "Ethernet, 802.1Q",
		linkType: LinkType.EN10MB,
		versions: both,
		wrap: (p, d) => ethernetFrame(p, d, [0x8100]),
	},
	{
		title: "Ethernet, QinQ 0x88a8 + 0x8100",
		linkType: LinkType.EN10MB,
		versions: both,
		wrap: (p, d) => ethernetFrame(p, d, [0x88a8, 0x8100]),
	},
	{
		title: "Ethernet, QinQ 0x8100 + 0x8100",
		linkType: LinkType.EN10MB,
		versions: both,
		wrap: (p, d) => ethernetFrame(p, d, [0x8100, 0x8100]),
	},
	{
		title: "Ethernet with padding behind the datagram",
		linkType: LinkType.EN10MB,
		versions: both,
		wrap: (p, d) => paddedEthernetFrame(p, d),
	},
	{ title: "Ethernet, PPPoE", linkType: LinkType.EN10MB, versions: both, wrap: (p, d) => pppoeFrame(p, d) },
	{ title: "Ethernet, MPLS", linkType: LinkType.EN10MB, versions: both, wrap: (p, d) => mplsFrame(p, d) },
	{ title: "Ethernet, two MPLS labels", linkType: LinkType.EN10MB, versions: both, wrap: (p, d) => mplsFrame(p, d, 2) },
	{ title: "RAW", linkType: LinkType.RAW, versions: both, wrap: (p) => p },
	{ title: "IPV4", linkType: LinkType.IPV4, versions: [4], wrap: (p) => p },
	{ title: "IPV6", linkType: LinkType.IPV6, versions: [6], wrap: (p) => p },
	{ title: "NULL, little-endian family", linkType: LinkType.NULL, versions: both, wrap: (p) => nullFrame(p, false) },
	{ title: "NULL, big-endian family", linkType: LinkType.NULL, versions: both, wrap: (p) => nullFrame(p, true) },
	{ title: "NULL, FreeBSD's AF_INET6", linkType: LinkType.NULL, versions: [6], wrap: (p) => nullFrame(p, false, 28) },
	{ title: "LOOP", linkType: LinkType.LOOP, versions: both, wrap: (p) => loopFrame(p) },
	{ title: "LINUX_SLL", linkType: LinkType.LINUX_SLL, versions: both, wrap: (p, d) => linuxSllFrame(p, d) },
	{
		title: "LINUX_SLL, 802.1Q",
		linkType: LinkType.LINUX_SLL,
		versions: both,
		wrap: (p, d) => linuxSllFrame(p, d, [0x8100]),
	},
	{ title: "LINUX_SLL2", linkType: LinkType.LINUX_SLL2, versions: both, wrap: (p, d) => linuxSll2Frame(p, d) },
	{
		title: "LINUX_SLL2, 802.1Q",
		linkType: LinkType.LINUX_SLL2,
		versions: both,
		wrap: (p, d) => linuxSll2Frame(p, d, 2, [0x8100]),
	},
];

/** A way to carry an IPv4 packet's datagram in another IP packet. */
export interface Carriage {
	readonly title: string;
	readonly version: 4 | 6;
	readonly carry: (ipv4: Uint8Array) => Uint8Array;
}

/** The IP headers that the decoder must see through. */
export const carriages: readonly Carriage[] = [
	{ title: "IPv4", version: 4, carry: (p) => p },
	{ title: "IPv4 with options", version: 4, carry: (p) => withIpv4Options(p) },
	{ title: "IPv6", version: 6, carry: (p) => toIpv6(p) },
	...Object.entries(extensionHeaders).map(([name, header]) => ({
		title: `IPv6 with ${name}`,
		version: 6 as const,
		carry: (p: Uint8Array) => toIpv6(p, [header]),
	})),
	{
		title: "IPv6 with hopByHop, destinationOptions, routing, fragment, authentication",
		version: 6,
		carry: (p) => {
			const { hopByHop, destinationOptions, routing, fragment, authentication } = extensionHeaders;
			return toIpv6(p, [hopByHop, destinationOptions, routing, fragment, authentication]);
		},
	},
];

/** A wrapping and a carriage that go together. */
export interface Rewrapping {
	readonly title: string;
	readonly wrapping: Wrapping;
	readonly carriage: Carriage;
}

/** Every pair of a wrapping and a carriage that the wrapping's link type can carry. */
export const rewrappings: readonly Rewrapping[] = wrappings.flatMap((wrapping) =>
	carriages
		.filter(({ version }) => wrapping.versions.includes(version))
		.map((carriage) => ({ title: `${wrapping.title}, ${carriage.title}`, wrapping, carriage })),
);

/** The records of a capture of `rewrapping.wrapping.linkType` that holds the same datagrams at the same times. */
export function rewrap(packets: readonly PacketRecord[], { wrapping, carriage }: Rewrapping): CaptureRecord[] {
	return packets.map(({ timeNs, direction, packet }) => ({
		timeNs,
		bytes: wrapping.wrap(carriage.carry(packet), direction),
	}));
}
