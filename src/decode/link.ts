import { type LinkType, linkTypes } from "../capture/source.ts";
import { Fault, Foreign } from "./fault.ts";
import type { Observation } from "./observation.ts";

const ethertypeIpv4 = 0x0800;
const ethertypeIpv6 = 0x86dd;
/** IEEE 802.1Q, 802.1ad and the value that QinQ had before its standard. */
const ethertypeVlan = 0x8100;
const ethertypeQinq = 0x88a8;
const ethertypeQinqOld = 0x9100;
/** Two tags are QinQ; a third is no network that carries DNS to a server. */
const vlanTagsMax = 2;

/** Address families in NULL and LOOP headers: IPv4 is 2 everywhere, IPv6 is 10, 24, 28 or 30 by the system that wrote it. */
const familyIpv4 = 2;
const familiesIpv6: readonly number[] = [10, 24, 28, 30];

/**
 * Reads the link header of a frame that stands at bytes[at..end) and gives the offset of its IP header.
 * Gives -1 with `seen.fault` or -2 with `seen.foreign` set. Layouts: tcpdump.org/linktypes.html.
 */
export function readLink(linkType: LinkType, bytes: Uint8Array, at: number, end: number, seen: Observation): number {
	switch (linkType) {
		case linkTypes.EN10MB:
			return networkHeader(bytes, at + 12, end, seen);
		case linkTypes.LINUX_SLL2: {
			if (end - at < 20) return truncated(seen);
			seen.capturePoint =
				((bytes[at + 4] as number) << 24) |
				((bytes[at + 5] as number) << 16) |
				((bytes[at + 6] as number) << 8) |
				(bytes[at + 7] as number);
			return cooked(((bytes[at] as number) << 8) | (bytes[at + 1] as number), bytes, at + 20, end, seen);
		}
		case linkTypes.LINUX_SLL:
			if (end - at < 16) return truncated(seen);
			seen.capturePoint = (((bytes[at] as number) << 8) | (bytes[at + 1] as number)) + 1;
			return cooked(((bytes[at + 14] as number) << 8) | (bytes[at + 15] as number), bytes, at + 16, end, seen);
		case linkTypes.NULL:
		case linkTypes.LOOP: {
			if (end - at < 4) return truncated(seen);
			// NULL is in the byte order of the host that wrote it, LOOP in network order: a family fits in one byte, so
			// it is the byte at either end, whichever is not 0.
			const first = bytes[at] as number;
			const family = first === 0 ? (bytes[at + 3] as number) : first;
			const rest = first === 0 ? 0 : (bytes[at + 3] as number);
			if (((bytes[at + 1] as number) | (bytes[at + 2] as number) | rest) !== 0) return notIp(seen);
			return family === familyIpv4 || familiesIpv6.includes(family) ? at + 4 : notIp(seen);
		}
		case linkTypes.RAW:
		case linkTypes.IPV4:
		case linkTypes.IPV6:
			return at;
	}
}

/**
 * The packet behind a cooked header whose protocol field is `protocol`. Newer kernels give the innermost protocol of a
 * frame with two tags there, but leave the inner tag in front of the packet: control information, then the same
 * protocol, then IP. An IPv4 header that looks like it would be one of a packet of 2,048 bytes.
 */
function cooked(protocol: number, bytes: Uint8Array, at: number, end: number, seen: Observation): number {
	if (protocol !== ethertypeIpv4 && protocol !== ethertypeIpv6) return tagged(protocol, bytes, at, end, seen);
	const version = protocol === ethertypeIpv4 ? 4 : 6;
	const isTagged =
		end - at > 4 &&
		(((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) === protocol &&
		(bytes[at + 4] as number) >> 4 === version &&
		((bytes[at] as number) >> 4 !== version || end - at < 0x0800);
	return isTagged ? at + 4 : at;
}

/** Reads the EtherType at `at` and steps over VLAN tags. */
function networkHeader(bytes: Uint8Array, at: number, end: number, seen: Observation): number {
	if (end - at < 2) return truncated(seen);
	const ethertype = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
	if (ethertype === ethertypeIpv4 || ethertype === ethertypeIpv6) return at + 2;
	return tagged(ethertype, bytes, at + 2, end, seen);
}

/** Steps over the tags of IEEE 802.1Q frames: each is two bytes of control information and the next EtherType. */
function tagged(outerEthertype: number, bytes: Uint8Array, start: number, end: number, seen: Observation): number {
	let ethertype = outerEthertype;
	let at = start;
	for (let tags = 0; tags < vlanTagsMax; tags++) {
		if (ethertype !== ethertypeVlan && ethertype !== ethertypeQinq && ethertype !== ethertypeQinqOld) break;
		if (end - at < 4) return truncated(seen);
		ethertype = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
		at += 4;
	}
	return ethertype === ethertypeIpv4 || ethertype === ethertypeIpv6 ? at : notIp(seen);
}

function truncated(seen: Observation): number {
	seen.fault = Fault.LinkTruncated;
	return -1;
}

function notIp(seen: Observation): number {
	seen.foreign = Foreign.Protocol;
	return -2;
}
