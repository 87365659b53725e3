import { describe, expect, test } from "bun:test";
import { type LinkType, linkTypes } from "../../src/capture/source.ts";
import { faultNames, foreignNames } from "../../src/decode/fault.ts";
import { readLink } from "../../src/decode/link.ts";
import { Observation } from "../../src/decode/observation.ts";

const zeros = (count: number) => new Array<number>(count).fill(0);
const addresses = zeros(12);

/** Offset of the IP header, or the word for why there is none. */
function read(linkType: LinkType, bytes: readonly number[], at = 0): number | string {
	const seen = new Observation();
	const offset = readLink(linkType, Uint8Array.from(bytes), at, bytes.length, seen);
	if (offset === -1) return `fault: ${faultNames[seen.fault]}`;
	if (offset === -2) return `foreign: ${foreignNames[seen.foreign]}`;
	return offset;
}

const truncated = "fault: link_truncated";
const notIp = "foreign: protocol";
const sll2 = (ethertype: readonly number[], index = [0, 0, 0, 7]) => [...ethertype, 0, 0, ...index, ...zeros(12)];
const sll = (type: readonly number[], ethertype: readonly number[]) => [...type, ...zeros(12), ...ethertype];

const rows: readonly [title: string, linkType: LinkType, bytes: readonly number[], expected: number | string][] = [
	["Ethernet's header is 14 bytes", linkTypes.EN10MB, [...addresses, 8, 0], 14],
	["IPv6 over Ethernet too", linkTypes.EN10MB, [...addresses, 0x86, 0xdd], 14],
	["13 bytes are no Ethernet header", linkTypes.EN10MB, [...addresses, 8], truncated],
	["an empty frame is truncated", linkTypes.EN10MB, [], truncated],
	["ARP is not IP", linkTypes.EN10MB, [...addresses, 8, 6], notIp],
	["an 802.3 length is not IP", linkTypes.EN10MB, [...addresses, 0, 46], notIp],
	["one VLAN tag is 4 bytes", linkTypes.EN10MB, [...addresses, 0x81, 0, 0, 5, 8, 0], 18],
	["a VLAN tag cut short is truncated", linkTypes.EN10MB, [...addresses, 0x81, 0, 0, 5, 8], truncated],
	["an 802.1ad tag alone is seen through", linkTypes.EN10MB, [...addresses, 0x88, 0xa8, 0, 5, 8, 0], 18],
	["the old QinQ tag is seen through", linkTypes.EN10MB, [...addresses, 0x91, 0, 0, 5, 0x81, 0, 0, 6, 0x86, 0xdd], 22],
	["two VLAN tags are QinQ", linkTypes.EN10MB, [...addresses, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0], 22],
	[
		"the second of two tags may be cut",
		linkTypes.EN10MB,
		[...addresses, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8],
		truncated,
	],
	[
		"a third tag is none of ours",
		linkTypes.EN10MB,
		[...addresses, ...[0x81, 0, 0, 5], ...[0x81, 0, 0, 6], ...[0x81, 0, 0, 7], 8, 0],
		notIp,
	],
	["a tagged ARP is not IP", linkTypes.EN10MB, [...addresses, 0x81, 0, 0, 5, 8, 6], notIp],
	["LINUX_SLL's header is 16 bytes", linkTypes.LINUX_SLL, sll([0, 0], [8, 0]), 16],
	["15 bytes are no LINUX_SLL header", linkTypes.LINUX_SLL, sll([0, 0], [8]), truncated],
	["LINUX_SLL with a tag is 20 bytes", linkTypes.LINUX_SLL, [...sll([0, 0], [0x81, 0]), 0, 5, 0x86, 0xdd], 20],
	["LINUX_SLL of ARP is not IP", linkTypes.LINUX_SLL, sll([0, 0], [8, 6]), notIp],
	["LINUX_SLL2's header is 20 bytes", linkTypes.LINUX_SLL2, sll2([8, 0]), 20],
	["19 bytes are no LINUX_SLL2 header", linkTypes.LINUX_SLL2, sll2([8, 0]).slice(0, 19), truncated],
	[
		"LINUX_SLL2 with two tags is 28 bytes",
		linkTypes.LINUX_SLL2,
		[...sll2([0x88, 0xa8]), 0, 5, 0x81, 0, 0, 6, 8, 0],
		28,
	],
	["LINUX_SLL2 with a tag cut short is truncated", linkTypes.LINUX_SLL2, [...sll2([0x81, 0]), 0, 5, 8], truncated],
	["LINUX_SLL2 of ARP is not IP", linkTypes.LINUX_SLL2, sll2([8, 6]), notIp],
	["NULL in little-endian order: AF_INET", linkTypes.NULL, [2, 0, 0, 0], 4],
	["NULL in big-endian order: AF_INET", linkTypes.NULL, [0, 0, 0, 2], 4],
	["NULL of Linux's AF_INET6", linkTypes.NULL, [10, 0, 0, 0], 4],
	["NULL of NetBSD's AF_INET6", linkTypes.NULL, [24, 0, 0, 0], 4],
	["NULL of FreeBSD's AF_INET6", linkTypes.NULL, [28, 0, 0, 0], 4],
	["NULL of macOS's AF_INET6", linkTypes.NULL, [0, 0, 0, 30], 4],
	["NULL of another family is not IP", linkTypes.NULL, [7, 0, 0, 0], notIp],
	["NULL of family 0 is not IP", linkTypes.NULL, [0, 0, 0, 0], notIp],
	["NULL with something in the middle is not IP", linkTypes.NULL, [2, 1, 0, 0], notIp],
	["3 bytes are no NULL header", linkTypes.NULL, [2, 0, 0], truncated],
	["LOOP is in network order", linkTypes.LOOP, [0, 0, 0, 24], 4],
	["3 bytes are no LOOP header", linkTypes.LOOP, [0, 0, 0], truncated],
	["RAW has no header", linkTypes.RAW, [0x45], 0],
	["IPV4 has no header", linkTypes.IPV4, [0x45], 0],
	["IPV6 has no header", linkTypes.IPV6, [0x60], 0],
];

describe("readLink", () => {
	for (const [title, linkType, bytes, expected] of rows) {
		test(title, () => {
			expect(read(linkType, bytes)).toBe(expected);
			// The same frame further back in a buffer.
			const moved = read(linkType, [9, 9, 9, ...bytes], 3);
			expect(moved).toBe(typeof expected === "number" ? expected + 3 : expected);
		});
	}

	test("the capture point is LINUX_SLL2's interface, all 32 bits of it", () => {
		const seen = new Observation();
		readLink(linkTypes.LINUX_SLL2, Uint8Array.from(sll2([8, 0], [1, 2, 3, 4])), 0, 20, seen);
		expect(seen.capturePoint).toBe(0x01020304);
	});

	test("the capture point is LINUX_SLL's packet type plus 1, so that type 0 is one", () => {
		const seen = new Observation();
		readLink(linkTypes.LINUX_SLL, Uint8Array.from(sll([0, 0], [8, 0])), 0, 16, seen);
		expect(seen.capturePoint).toBe(1);
		readLink(linkTypes.LINUX_SLL, Uint8Array.from(sll([0, 4], [8, 0])), 0, 16, seen);
		expect(seen.capturePoint).toBe(5);
	});
});
