/** The text of the filter that the kernel runs: only frames that pass are copied. */

import { LinkType } from "../wasm/shared/linktype.ts";

/** Next-header values of the IPv6 extension headers that may precede a UDP header (RFC 8200 section 4, RFC 4302). */
export const extensionHeaders: readonly number[] = [0, 43, 44, 51, 60, 135, 139, 140];

/**
 * The filter for pcap-filter(7): UDP from or to one of the ports in IPv4 and IPv6, untagged, and with one or two VLAN tags.
 * It may pass more (the decoder has the exact rule), never less, but for more than two MPLS labels. Fragments other than the first
 * are not needed: those of IPv4 have no ports, and those of IPv6 are left out. Without ports it passes UDP of all ports; LINUX_SLL and
 * LINUX_SLL2 alone have that filter.
 */
export function captureFilter(ports: readonly number[], linkType: LinkType): string {
	// The kernel cannot find a UDP header after extension headers (`protochain` would be evaluated in user space, for all traffic).
	const extended = extensionHeaders.map((number) => `ip6[6] = ${number}`).join(" or ");
	// The first byte of an extension header is the next protocol. TCP is excluded, and ICMPv6, which every host's multicast reports use.
	const udp = ports.length === 0 ? "udp" : ports.map((port) => `udp port ${port}`).join(" or ");
	const datagrams = `${udp} or (ip6 and (${extended}) and ip6[40] != 6 and ip6[40] != 58 and (ip6[6] != 44 or ip6[42:2] & 0xfff8 = 0))`;
	switch (linkType) {
		case LinkType.EN10MB:
			// `vlan` moves the offsets of all that follows it. The kernel keeps an outermost tag outside the frame: libpcap looks there too.
			return `${datagrams} or (vlan and (${datagrams} or (vlan and (${datagrams})))) or ${tunnelled(ports)}`;
		case LinkType.LINUX_SLL:
		case LinkType.LINUX_SLL2:
			// `vlan` cannot be used here. The kernel strips the outermost tag; with a second tag, its filter sees that tag's type as the
			// protocol. Since Linux 6.10 the record has the protocol after the second tag, with the tag still before the packet, and libpcap
			// sees that when it filters the first round of the ring again.
			return `${datagrams} or ether proto 0x8100 or ether proto 0x88a8 or (ip and ip[2:2] = 0x0800 and ip[4] & 0xf0 = 0x40) or (ip6 and ip6[2:2] = 0x86dd and ip6[4] & 0xf0 = 0x60)`;
		default:
			return datagrams;
	}
}

/**
 * The same in PPPoE sessions and after one or two MPLS labels. `pppoes` and `mpls` cannot be used with `vlan` in one filter: each
 * moves the offsets of all that follows it. Within another tag, the kernel keeps that tag outside the frame.
 */
function tunnelled(ports: readonly number[]): string {
	return [
		`(ether[12:2] = 0x8864 and ether[20:2] = 0x0021 and (${ipv4At(22, ports)}))`,
		`(ether[12:2] = 0x8864 and ether[20:2] = 0x0057 and (${ipv6At(22, ports)}))`,
		`(ether[12:2] = 0x8847 and ether[16] & 1 = 1 and (${ipAt(18, ports)}))`,
		`(ether[12:2] = 0x8847 and ether[16] & 1 = 0 and ether[20] & 1 = 1 and (${ipAt(22, ports)}))`,
	].join(" or ");
}

function ipAt(at: number, ports: readonly number[]): string {
	return `(ether[${at}] & 0xf0 = 0x40 and ${ipv4At(at, ports)}) or (ether[${at}] & 0xf0 = 0x60 and (${ipv6At(at, ports)}))`;
}

function ipv4At(at: number, ports: readonly number[]): string {
	// With options the ports stand elsewhere. The kernel refuses what libpcap makes of a computed offset here.
	const isPort = ports.map((port) => `ether[${at + 20}:2] = ${port} or ether[${at + 22}:2] = ${port}`);
	return `ether[${at + 9}] = 17 and ether[${at + 6}:2] & 0x1fff = 0 and (ether[${at}] != 0x45 or ${isPort.join(" or ")})`;
}

function ipv6At(at: number, ports: readonly number[]): string {
	const isPort = ports.map((port) => `ether[${at + 40}:2] = ${port} or ether[${at + 42}:2] = ${port}`);
	const extended = extensionHeaders.map((number) => `ether[${at + 6}] = ${number}`).join(" or ");
	return `(ether[${at + 6}] = 17 and (${isPort.join(" or ")})) or (${extended})`;
}
