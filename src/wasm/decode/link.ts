import { Fault, Unrelated } from "../shared/fault.ts";
import { LinkType } from "../shared/linktype.ts";
import { u16At, u32At } from "./bytes.ts";
import { Direction } from "./direction.ts";
import { ignore, malformed, observation } from "./observation.ts";

const ethertypeIpv4: u32 = 0x0800;
const ethertypeIpv6: u32 = 0x86dd;
/** IEEE 802.1Q, 802.1ad and the value that QinQ had before its standard. */
const ethertypeVlan: u32 = 0x8100;
const ethertypeQinq: u32 = 0x88a8;
const ethertypeQinqOld: u32 = 0x9100;
/** Packet types of a cooked header (packet(7)), and the ARPHRD_ type of the loopback interface. */
const packetToOtherHost: u32 = 3;
const packetOutgoing: u32 = 4;
const hardwareLoopback: u32 = 772;
/** Two tags are QinQ; a third is no network that carries DNS to a server. */
const vlanTagsMax = 2;

/**
 * Reads the link header of the frame [at..end) and gives the address of its IP header, or 0 with what was wrong in
 * `observation`. Layouts: tcpdump.org/linktypes.html.
 */
export function readLink(linkType: LinkType, at: usize, end: usize): usize {
	switch (linkType) {
		case LinkType.EN10MB:
			return networkHeader(at + 12, end);
		case LinkType.LINUX_SLL2:
			if (end < at + 20) return malformed(Fault.LinkTruncated);
			observation.interfaceIndex = u32At(at + 4);
			observation.direction = directionOf(load<u8>(at + 10), u16At(at + 8));
			return cooked(u16At(at), at + 20, end);
		case LinkType.LINUX_SLL:
			if (end < at + 16) return malformed(Fault.LinkTruncated);
			observation.interfaceIndex = u16At(at) + 1;
			observation.direction = directionOf(u16At(at), u16At(at + 2));
			return cooked(u16At(at + 14), at + 16, end);
		case LinkType.NULL:
		case LinkType.LOOP:
			if (end < at + 4) return malformed(Fault.LinkTruncated);
			return isFamily(load<u32>(at)) ? at + 4 : ignore(Unrelated.Protocol);
		default:
			// RAW, IPV4 and IPV6 have no link header.
			return at;
	}
}

/** Loopback shows both sides of every exchange as incoming, and a mirror port those of other hosts. */
function directionOf(packetType: u32, hardware: u32): Direction {
	if (hardware === hardwareLoopback || packetType === packetToOtherHost) return Direction.Unknown;
	return packetType === packetOutgoing ? Direction.Outgoing : Direction.Incoming;
}

/** Whether the frame at `at`, whose link header readLink has read, crossed a loopback interface. */
export function isLoopback(linkType: LinkType, at: usize): bool {
	switch (linkType) {
		case LinkType.EN10MB:
			// Linux writes both Ethernet addresses as zeros there.
			return (load<u64>(at) | (load<u32>(at + 8) as u64)) === 0;
		case LinkType.LINUX_SLL2:
			return u16At(at + 8) === hardwareLoopback;
		case LinkType.LINUX_SLL:
			return u16At(at + 2) === hardwareLoopback;
		case LinkType.NULL:
		case LinkType.LOOP:
			// The BSDs and macOS have these for loopback.
			return true;
		default:
			return false;
	}
}

/**
 * Whether the header of NULL or LOOP is an IP family: IPv4 is 2 everywhere, IPv6 is 10, 24, 28 or 30 by the system that
 * wrote it. NULL is in the byte order of that system, LOOP in network order: a family fits in one byte, so it is the
 * byte at either end, whichever is not 0.
 */
function isFamily(header: u32): bool {
	const family = (header & 0xff) === 0 ? bswap<u32>(header) : header;
	return family === 2 || family === 10 || family === 24 || family === 28 || family === 30;
}

/**
 * The packet behind a cooked header whose protocol field is `protocol`. Newer kernels give the innermost protocol of a
 * frame with two tags there, but leave the inner tag in front of the packet: control information, then the same
 * protocol, then IP. An IPv4 header that looks like it would be one of a packet of 2,048 bytes.
 */
function cooked(protocol: u32, at: usize, end: usize): usize {
	if (protocol !== ethertypeIpv4 && protocol !== ethertypeIpv6) return tagged(protocol, at, end);
	const version: u32 = protocol === ethertypeIpv4 ? 4 : 6;
	const isTagged =
		end > at + 4 &&
		u16At(at + 2) === protocol &&
		(load<u8>(at + 4) as u32) >> 4 === version &&
		((load<u8>(at) as u32) >> 4 !== version || end < at + 0x0800);
	return isTagged ? at + 4 : at;
}

/** Reads the EtherType at `at` and steps over VLAN tags. */
function networkHeader(at: usize, end: usize): usize {
	if (end < at + 2) return malformed(Fault.LinkTruncated);
	const ethertype = u16At(at);
	if (ethertype === ethertypeIpv4 || ethertype === ethertypeIpv6) return at + 2;
	return tagged(ethertype, at + 2, end);
}

/** Steps over the tags of IEEE 802.1Q frames: each is two bytes of control information and the next EtherType. */
function tagged(outerEthertype: u32, start: usize, end: usize): usize {
	let ethertype = outerEthertype;
	let at = start;
	for (let tags = 0; tags < vlanTagsMax; tags++) {
		if (ethertype !== ethertypeVlan && ethertype !== ethertypeQinq && ethertype !== ethertypeQinqOld) break;
		if (end < at + 4) return malformed(Fault.LinkTruncated);
		ethertype = u16At(at + 2);
		at += 4;
	}
	return ethertype === ethertypeIpv4 || ethertype === ethertypeIpv6 ? at : ignore(Unrelated.Protocol);
}
