import { describe, expect, test } from "bun:test";
import { Direction } from "../../../src/wasm/decode/direction.ts";
import { LinkType } from "../../../src/wasm/shared/linktype.ts";
import { decoderOf, readWord } from "./decoding.ts";

const zeros = (count: number) => new Array<number>(count).fill(0);
const addresses = zeros(12);

/** Offset of the IP header, or the word for why there is none. */
function read(linkType: LinkType, bytes: readonly number[], at = 0): number | string {
	const { exports, put, start } = decoderOf();
	// After the frame stands what reads like an IPv4 packet.
	const frame = put([...bytes, ...new Array<number>(8).fill(0x45)]);
	const fault = exports.readLink(linkType, frame + at, start + bytes.length);
	return readWord(fault, exports.linkUnrelated()) ?? exports.linkPacket() - start;
}

const pppoe = [...addresses, 0x88, 0x64, 0x11, 0, 0, 1, 0, 30];
const mpls = [...addresses, 0x88, 0x47];
/** Labels of which none is the last. */
const labels = (count: number) => Array.from({ length: count }, () => [0, 1, 0, 64]).flat();
const truncated = "fault: link_truncated";
const notIp = "unrelated: protocol";
const sll2 = (ethertype: readonly number[], index = [0, 0, 0, 7]) => [...ethertype, 0, 0, ...index, ...zeros(12)];
const sll = (type: readonly number[], ethertype: readonly number[]) => [...type, ...zeros(12), ...ethertype];
/** So many bytes behind LINUX_SLL2's header that are a tag of priority 2 with an IPv4 packet, or a packet of 2,048 bytes. */
const tagOrPacket = (bytes: number) => [...sll2([8, 0]), 0x45, 0, 8, 0, 0x45, ...zeros(bytes - 5)];

const rows: readonly [title: string, linkType: LinkType, bytes: readonly number[], expected: number | string][] = [
	["Ethernet's header is 14 bytes", LinkType.EN10MB, [...addresses, 8, 0], 14],
	["IPv6 over Ethernet too", LinkType.EN10MB, [...addresses, 0x86, 0xdd], 14],
	["13 bytes are no Ethernet header", LinkType.EN10MB, [...addresses, 8], truncated],
	["an empty frame is truncated", LinkType.EN10MB, [], truncated],
	["ARP is not IP", LinkType.EN10MB, [...addresses, 8, 6], notIp],
	["an 802.3 length is not IP", LinkType.EN10MB, [...addresses, 0, 46], notIp],
	["one VLAN tag is 4 bytes", LinkType.EN10MB, [...addresses, 0x81, 0, 0, 5, 8, 0], 18],
	["a VLAN tag cut short is truncated", LinkType.EN10MB, [...addresses, 0x81, 0, 0, 5, 8], truncated],
	["an 802.1ad tag alone is seen through", LinkType.EN10MB, [...addresses, 0x88, 0xa8, 0, 5, 8, 0], 18],
	["the old QinQ tag is seen through", LinkType.EN10MB, [...addresses, 0x91, 0, 0, 5, 0x81, 0, 0, 6, 0x86, 0xdd], 22],
	["two VLAN tags are QinQ", LinkType.EN10MB, [...addresses, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0], 22],
	["the second of two tags may be cut", LinkType.EN10MB, [...addresses, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8], truncated],
	[
		"a third tag is none of ours",
		LinkType.EN10MB,
		[...addresses, ...[0x81, 0, 0, 5], ...[0x81, 0, 0, 6], ...[0x81, 0, 0, 7], 8, 0],
		notIp,
	],
	["a tagged ARP is not IP", LinkType.EN10MB, [...addresses, 0x81, 0, 0, 5, 8, 6], notIp],
	["PPPoE's header is 8 bytes, PPP's protocol included", LinkType.EN10MB, [...pppoe, 0, 0x21], 22],
	["PPPoE carries IPv6", LinkType.EN10MB, [...pppoe, 0, 0x57], 22],
	["PPPoE in a tag is 12 bytes", LinkType.EN10MB, [...addresses, 0x81, 0, 0, 5, ...pppoe.slice(12), 0, 0x21], 26],
	["PPP's link control is not IP", LinkType.EN10MB, [...pppoe, 0xc0, 0x21], notIp],
	["PPPoE cut short is truncated", LinkType.EN10MB, [...pppoe, 0], truncated],
	["PPPoE's discovery is not IP", LinkType.EN10MB, [...addresses, 0x88, 0x63, ...pppoe.slice(14), 0, 0x21], notIp],
	["a MPLS label is 4 bytes", LinkType.EN10MB, [...mpls, 0, 1, 0x01, 64, 0x45], 18],
	["MPLS carries IPv6", LinkType.EN10MB, [...mpls, 0, 1, 0x01, 64, 0x60], 18],
	["two MPLS labels are 8 bytes", LinkType.EN10MB, [...mpls, 0, 1, 0, 64, 0, 2, 0x01, 64, 0x45], 22],
	["eight MPLS labels are seen through", LinkType.EN10MB, [...mpls, ...labels(7), 0, 1, 1, 64, 0x45], 46],
	["nine MPLS labels are none of ours", LinkType.EN10MB, [...mpls, ...labels(8), 0, 1, 1, 64, 0x45], notIp],
	["what MPLS carries may be Ethernet", LinkType.EN10MB, [...mpls, 0, 1, 1, 64, 0], notIp],
	["MPLS without what it carries is truncated", LinkType.EN10MB, [...mpls, 0, 1, 1, 64], truncated],
	["MPLS cut in its second label is truncated", LinkType.EN10MB, [...mpls, 0, 1, 0, 64, 0, 2, 1, 64], truncated],
	["LINUX_SLL's header is 16 bytes", LinkType.LINUX_SLL, sll([0, 0], [8, 0]), 16],
	["15 bytes are no LINUX_SLL header", LinkType.LINUX_SLL, sll([0, 0], [8]), truncated],
	["LINUX_SLL with a tag is 20 bytes", LinkType.LINUX_SLL, [...sll([0, 0], [0x81, 0]), 0, 5, 0x86, 0xdd], 20],
	["LINUX_SLL of ARP is not IP", LinkType.LINUX_SLL, sll([0, 0], [8, 6]), notIp],
	["LINUX_SLL2's header is 20 bytes", LinkType.LINUX_SLL2, sll2([8, 0]), 20],
	["19 bytes are no LINUX_SLL2 header", LinkType.LINUX_SLL2, sll2([8, 0]).slice(0, 19), truncated],
	["LINUX_SLL2 with two tags is 28 bytes", LinkType.LINUX_SLL2, [...sll2([0x88, 0xa8]), 0, 5, 0x81, 0, 0, 6, 8, 0], 28],
	["LINUX_SLL2 with a tag cut short is truncated", LinkType.LINUX_SLL2, [...sll2([0x81, 0]), 0, 5, 8], truncated],
	["LINUX_SLL2 of ARP is not IP", LinkType.LINUX_SLL2, sll2([8, 6]), notIp],
	["LINUX_SLL2 may name IPv4 with a tag left in front", LinkType.LINUX_SLL2, [...sll2([8, 0]), 0, 5, 8, 0, 0x45], 24],
	[
		"LINUX_SLL2 may name IPv6 with a tag left in front",
		LinkType.LINUX_SLL2,
		[...sll2([0x86, 0xdd]), 0, 5, 0x86, 0xdd, 0x60],
		24,
	],
	["a tag that is left in front has a packet behind it", LinkType.LINUX_SLL2, [...sll2([8, 0]), 0, 5, 8, 0], 20],
	["what is left in front names the same protocol", LinkType.LINUX_SLL2, [...sll2([8, 0]), 0, 5, 8, 6, 0x45], 20],
	[
		"behind a tag that is left in front is the same version",
		LinkType.LINUX_SLL2,
		[...sll2([8, 0]), 0, 5, 8, 0, 0x60],
		20,
	],
	["a tag that looks like IPv4's first octets has less than 2,048 bytes", LinkType.LINUX_SLL2, tagOrPacket(2_047), 24],
	["a packet of 2,048 bytes may look like a tag", LinkType.LINUX_SLL2, tagOrPacket(2_048), 20],
	["NULL in little-endian order: AF_INET", LinkType.NULL, [2, 0, 0, 0], 4],
	["NULL in big-endian order: AF_INET", LinkType.NULL, [0, 0, 0, 2], 4],
	["NULL of Linux's AF_INET6", LinkType.NULL, [10, 0, 0, 0], 4],
	["NULL of NetBSD's AF_INET6", LinkType.NULL, [24, 0, 0, 0], 4],
	["NULL of FreeBSD's AF_INET6", LinkType.NULL, [28, 0, 0, 0], 4],
	["NULL of macOS's AF_INET6", LinkType.NULL, [0, 0, 0, 30], 4],
	["NULL of another family is not IP", LinkType.NULL, [7, 0, 0, 0], notIp],
	["NULL of family 0 is not IP", LinkType.NULL, [0, 0, 0, 0], notIp],
	["NULL with something in the middle is not IP", LinkType.NULL, [2, 1, 0, 0], notIp],
	["3 bytes are no NULL header", LinkType.NULL, [2, 0, 0], truncated],
	["LOOP is in network order", LinkType.LOOP, [0, 0, 0, 24], 4],
	["3 bytes are no LOOP header", LinkType.LOOP, [0, 0, 0], truncated],
	["RAW has no header", LinkType.RAW, [0x45], 0],
	["IPV4 has no header", LinkType.IPV4, [0x45], 0],
	["IPV6 has no header", LinkType.IPV6, [0x60], 0],
];

describe("LinkHeader", () => {
	for (const [title, linkType, bytes, expected] of rows) {
		test(title, () => {
			expect(read(linkType, bytes)).toBe(expected);
			// The same frame further back in a buffer.
			const moved = read(linkType, [9, 9, 9, ...bytes], 3);
			expect(moved).toBe(typeof expected === "number" ? expected + 3 : expected);
		});
	}

	const interfaceIndex = (linkType: LinkType, bytes: readonly number[]) => {
		const { exports, observation, put, start } = decoderOf();
		exports.readLink(linkType, put(bytes), start + bytes.length);
		return observation.interfaceIndex;
	};

	test("the interface index is LINUX_SLL2's interface, all 32 bits of it", () => {
		expect(interfaceIndex(LinkType.LINUX_SLL2, sll2([8, 0], [1, 2, 3, 4]))).toBe(0x01020304);
	});

	test("the interface index is LINUX_SLL's packet type plus 1, so that type 0 is one", () => {
		expect(interfaceIndex(LinkType.LINUX_SLL, sll([0, 0], [8, 0]))).toBe(1);
		expect(interfaceIndex(LinkType.LINUX_SLL, sll([0, 4], [8, 0]))).toBe(5);
	});

	const direction = (linkType: LinkType, bytes: readonly number[]) => {
		const { exports, observation, put, start } = decoderOf();
		observation.direction = 99;
		exports.readLink(linkType, put(bytes), start + bytes.length);
		return Direction[observation.direction];
	};
	const directionRows: readonly [packetType: number, hardware: readonly [number, number], expected: string][] = [
		[0, [0, 1], "Incoming"],
		[1, [0, 1], "Incoming"],
		[2, [0, 1], "Incoming"],
		[3, [0, 1], "Unknown"],
		[4, [0, 1], "Outgoing"],
		[0, [3, 4], "Unknown"],
		[4, [3, 4], "Unknown"],
		[4, [4, 3], "Outgoing"],
	];
	test.each(directionRows)("packet type %i of an interface of type %p is %s", (packetType, hardware, expected) => {
		const sll2 = [8, 0, 0, 0, 0, 0, 0, 7, ...hardware, packetType, 6, ...zeros(8)];
		expect(direction(LinkType.LINUX_SLL2, sll2)).toBe(expected);
		expect(direction(LinkType.LINUX_SLL, [0, packetType, ...hardware, ...zeros(10), 8, 0])).toBe(expected);
	});

	test("the interface index is 0 for a link type without, also behind one that has it", () => {
		const decoder = decoderOf({ linkType: LinkType.LINUX_SLL2 });
		const cooked = Uint8Array.from(sll2([8, 0]));
		decoder.decode(cooked, 0, cooked.length);
		expect([decoder.observation.interfaceIndex, decoder.observation.direction]).toEqual([7, Direction.Incoming]);
		decoder.exports.setLinkType(LinkType.EN10MB);
		decoder.decode(Uint8Array.from([...addresses, 8, 0]), 0, 14);
		expect([decoder.observation.interfaceIndex, decoder.observation.direction]).toEqual([0, Direction.Unknown]);
	});
});
