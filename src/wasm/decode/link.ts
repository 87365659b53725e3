import { Fault, Unrelated } from "../shared/fault.ts";
import { LinkType } from "../shared/linktype.ts";
import { u16At, u32At } from "./bytes.ts";
import { Direction } from "./direction.ts";
import { observation } from "./observation.ts";

const ethertypeIpv4: u32 = 0x0800;
const ethertypeIpv6: u32 = 0x86dd;
/** IEEE 802.1Q, 802.1ad, and the value that QinQ had before it was standardised. */
const ethertypeVlan: u32 = 0x8100;
const ethertypeQinq: u32 = 0x88a8;
const ethertypeQinqOld: u32 = 0x9100;
/** RFC 2516, 4: a PPPoE session's frames have a header of 6 bytes, then PPP's protocol (IANA's list of those). */
const ethertypePppoe: u32 = 0x8864;
const pppoeHeaderBytes: u32 = 6;
const pppIpv4: u32 = 0x0021;
const pppIpv6: u32 = 0x0057;
/** RFC 3032, 2.1 and 5: entries of 4 bytes, of which the last has a bit set. */
const ethertypeMpls: u32 = 0x8847;
const mplsEntriesMax = 8;
/** Packet types of a cooked header (packet(7)), and the ARPHRD_ type of the loopback interface. */
const packetToOtherHost: u32 = 3;
const packetOutgoing: u32 = 4;
const hardwareLoopback: u32 = 772;
/** Two tags are QinQ; no network that carries DNS to a server has three. */
const vlanTagsMax = 2;

/** The link header of a frame (layouts: tcpdump.org/linktypes.html); one object serves for all frames. */
@unmanaged
export class LinkHeader {
	/** Why a well-formed frame is none of ours; then nothing else holds. */
	unrelated: Unrelated;
	/** Address of the IP header after it. */
	packet: usize;

	/** Reads the link header of the frame [at..end), and writes its interface and direction into `observation`. */
	read(linkType: LinkType, at: usize, end: usize): Fault {
		this.unrelated = Unrelated.None;
		switch (linkType) {
			case LinkType.EN10MB:
				if (end < at + 14) return Fault.LinkTruncated;
				return this.enter(u16At(at + 12), at + 14, end);
			case LinkType.LINUX_SLL2:
				if (end < at + 20) return Fault.LinkTruncated;
				observation.interfaceIndex = u32At(at + 4);
				observation.direction = directionOf(load<u8>(at + 10), u16At(at + 8));
				return this.enterCooked(u16At(at), at + 20, end);
			case LinkType.LINUX_SLL:
				if (end < at + 16) return Fault.LinkTruncated;
				observation.interfaceIndex = u16At(at) + 1;
				observation.direction = directionOf(u16At(at), u16At(at + 2));
				return this.enterCooked(u16At(at + 14), at + 16, end);
			case LinkType.NULL:
			case LinkType.LOOP:
				if (end < at + 4) return Fault.LinkTruncated;
				if (!isFamily(load<u32>(at))) this.unrelated = Unrelated.Protocol;
				this.packet = at + 4;
				return Fault.None;
			default:
				// RAW, IPV4 and IPV6 have no link header.
				this.packet = at;
				return Fault.None;
		}
	}

	/**
	 * Finds the packet after a cooked header whose protocol field is `protocol`. For a frame with two VLAN tags newer
	 * kernels write the innermost protocol there, but leave the inner tag before the packet: control information, then
	 * the same protocol, then IP. An IPv4 header that looks like such a tag belongs to a packet of 2,048 bytes.
	 */
	private enterCooked(protocol: u32, at: usize, end: usize): Fault {
		if (!isIp(protocol)) return this.enter(protocol, at, end);
		const version: u32 = protocol === ethertypeIpv4 ? 4 : 6;
		const isTagged =
			end > at + 4 &&
			u16At(at + 2) === protocol &&
			(load<u8>(at + 4) as u32) >> 4 === version &&
			((load<u8>(at) as u32) >> 4 !== version || end < at + 0x0800);
		this.packet = isTagged ? at + 4 : at;
		return Fault.None;
	}

	/**
	 * Finds the packet of a frame after its IEEE 802.1Q tags: each is two bytes of control information and the next
	 * EtherType. After them PPPoE or MPLS may come.
	 */
	private enter(outerEthertype: u32, start: usize, end: usize): Fault {
		let ethertype = outerEthertype;
		let at = start;
		for (let tags = 0; tags < vlanTagsMax && isTag(ethertype); tags++) {
			if (end < at + 4) return Fault.LinkTruncated;
			ethertype = u16At(at + 2);
			at += 4;
		}
		this.packet = at;
		if (isIp(ethertype)) return Fault.None;
		if (ethertype === ethertypePppoe) return this.enterPppoe(at, end);
		if (ethertype === ethertypeMpls) return this.enterMpls(at, end);
		this.unrelated = Unrelated.Protocol;
		return Fault.None;
	}

	private enterPppoe(at: usize, end: usize): Fault {
		this.packet = at + pppoeHeaderBytes + 2;
		if (end < this.packet) return Fault.LinkTruncated;
		const protocol = u16At(at + pppoeHeaderBytes);
		if (protocol !== pppIpv4 && protocol !== pppIpv6) this.unrelated = Unrelated.Protocol;
		return Fault.None;
	}

	/** No label says what follows the last. What begins as neither IPv4 nor IPv6 is another protocol. */
	private enterMpls(start: usize, end: usize): Fault {
		let at = start;
		for (let entries = 0; entries < mplsEntriesMax; entries++) {
			if (end < at + 5) return Fault.LinkTruncated;
			const isLast = (load<u8>(at, 2) & 1) !== 0;
			at += 4;
			if (!isLast) continue;
			const version = load<u8>(at) >> 4;
			if (version !== 4 && version !== 6) break;
			this.packet = at;
			return Fault.None;
		}
		this.unrelated = Unrelated.Protocol;
		return Fault.None;
	}
}

function isIp(ethertype: u32): bool {
	return ethertype === ethertypeIpv4 || ethertype === ethertypeIpv6;
}

function isTag(ethertype: u32): bool {
	return ethertype === ethertypeVlan || ethertype === ethertypeQinq || ethertype === ethertypeQinqOld;
}

/** On loopback both directions of every exchange are captured as incoming, and a mirror port captures other hosts' frames. */
function directionOf(packetType: u32, hardware: u32): Direction {
	if (hardware === hardwareLoopback || packetType === packetToOtherHost) return Direction.Unknown;
	return packetType === packetOutgoing ? Direction.Outgoing : Direction.Incoming;
}

/** Whether the frame at `at`, whose link header was read, crossed a loopback interface. */
export function isLoopback(linkType: LinkType, at: usize): bool {
	switch (linkType) {
		case LinkType.EN10MB:
			// On loopback Linux writes both Ethernet addresses as zeros.
			return (load<u64>(at) | (load<u32>(at + 8) as u64)) === 0;
		case LinkType.LINUX_SLL2:
			return u16At(at + 8) === hardwareLoopback;
		case LinkType.LINUX_SLL:
			return u16At(at + 2) === hardwareLoopback;
		case LinkType.NULL:
		case LinkType.LOOP:
			// The BSDs and macOS use these for loopback.
			return true;
		default:
			return false;
	}
}

/**
 * Whether the header of NULL or LOOP is an IP family: IPv4 is 2 everywhere, IPv6 is 10, 24, 28 or 30, depending on the
 * system that wrote it. NULL is in that system's byte order, LOOP in network order. A family fits in one byte, so it is
 * the byte at either end that is not 0.
 */
function isFamily(header: u32): bool {
	const family = (header & 0xff) === 0 ? bswap<u32>(header) : header;
	return family === 2 || family === 10 || family === 24 || family === 28 || family === 30;
}
