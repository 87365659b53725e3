import { describe, expect, test } from "bun:test";
import {
	addressBytes,
	type ExtensionHeader,
	extensionHeaders,
	ipv4Packet,
	ipv6Packet,
	udpDatagram,
	udpPacket,
} from "../../support/frames.ts";
import { concatBytes } from "../../support/pcapfile.ts";
import { decoderOf, readWord } from "./decoding.ts";

const ends = { source: "192.0.2.1", destination: "192.0.2.53" };
const ends6 = { source: "2001:db8::1", destination: "2001:db8::53" };
const ports = { sourcePort: 40_000, destinationPort: 53 };
const payload = Uint8Array.of(1, 2, 3, 4);
const udp = udpDatagram({ ...ends, ...ports, payload });
const v4 = (options: Partial<Parameters<typeof ipv4Packet>[0]> = {}) =>
	ipv4Packet({ ...ends, payload: udp, ...options });
const v6 = (extensions: readonly ExtensionHeader[] = []) => udpPacket({ ...ends6, ...ports, payload, extensions });

function changed(packet: Uint8Array, ...changes: readonly (readonly [at: number, value: number])[]): Uint8Array {
	const copy = packet.slice();
	for (const [at, value] of changes) copy[at] = value;
	return copy;
}

/** The payload's bytes in hexadecimal, or the word for why there is none. */
function read(packet: Uint8Array): string {
	const { exports, put, room, start } = decoderOf();
	// In the middle of something else: what stands around the packet must not matter.
	const bytes = concatBytes([Uint8Array.of(0x45, 17), packet, new Uint8Array(64).fill(17)]);
	const at = put(bytes) + 2;
	const fault = exports.readDatagram(at, at + packet.length);
	const word = readWord(fault, exports.datagramUnrelated());
	if (word !== null) return word;
	expect([exports.datagramSourcePort(), exports.datagramDestinationPort()]).toEqual([40_000, 53]);
	const [first, end] = [exports.datagramPayload() - start, exports.datagramPayloadEnd() - start];
	return Buffer.from(room.subarray(first, end)).toString("hex");
}

const { hopByHop, destinationOptions, routing, fragment, authentication } = extensionHeaders;
const whole = "01020304";
const padding = new Uint8Array(11).fill(0xee);
const header = (protocol: number): ExtensionHeader => ({ protocol, bytes: new Uint8Array(8) });
/** An IPv6 packet whose payload is no UDP. */
const other6 = (next: number, body: Uint8Array) => changed(ipv6Packet({ ...ends6, payload: body }), [6, next]);

const rows: readonly [title: string, packet: Uint8Array, expected: string][] = [
	["IPv4 without options is read", v4(), whole],
	["IPv4 with options is read", v4({ options: Uint8Array.of(0x94, 4, 0, 0, 1) }), whole],
	["IPv4 with the most options, 40 bytes, is read", v4({ options: new Uint8Array(40).fill(1) }), whole],
	["Bytes behind the IPv4 packet are link padding", concatBytes([v4(), padding]), whole],
	["IPv4 with Don't Fragment is read", changed(v4(), [6, 0x40]), whole],
	["IPv4 with the reserved bit is no fragment", changed(v4(), [6, 0x80]), whole],
	["19 bytes are no IPv4 header", v4().subarray(0, 19), "fault: ip_truncated"],
	["Nothing is no IP header", new Uint8Array(), "fault: ip_truncated"],
	["IP version 5 is none", changed(v4(), [0, 0x55]), "fault: ip_version"],
	["IP version 0 is none", changed(v4(), [0, 0x05]), "fault: ip_version"],
	["An IPv4 header of 16 bytes is none", changed(v4(), [0, 0x44]), "fault: ip_header_length"],
	["An IPv4 packet shorter than its header is none", changed(v4(), [2, 0], [3, 19]), "fault: ip_total_length"],
	["An IPv4 packet of its header alone holds no UDP header", changed(v4(), [3, 20]), "fault: udp_truncated"],
	["An IPv4 packet with 7 bytes of UDP header is cut", changed(v4(), [3, 27]), "fault: udp_truncated"],
	["An IPv4 packet captured but for its last byte is truncated", v4().subarray(0, 31), "fault: ip_truncated"],
	[
		"An IPv4 header that reaches behind the frame is truncated",
		changed(v4(), [0, 0x4f], [3, 60]),
		"fault: ip_truncated",
	],
	["TCP is none of ours", v4({ protocol: 6 }), "unrelated: protocol"],
	["TCP captured in part is none of ours", v4({ protocol: 6 }).subarray(0, 24), "unrelated: protocol"],
	["The first IPv4 fragment is read", v4({ moreFragments: true, payload: udp.subarray(0, 10) }), "0102"],
	[
		"A first IPv4 fragment may hold no more than the UDP header",
		v4({ moreFragments: true, payload: udp.subarray(0, 8) }),
		"",
	],
	[
		"A first IPv4 fragment without all of the UDP header is cut",
		v4({ moreFragments: true, payload: udp.subarray(0, 7) }),
		"fault: udp_truncated",
	],
	["A first fragment may go on after its datagram", v4({ moreFragments: true }), whole],
	["A first fragment of TCP is none of ours", v4({ moreFragments: true, protocol: 6 }), "unrelated: protocol"],
	["A later IPv4 fragment is none of ours", v4({ fragmentOffset: 1 }), "unrelated: fragment"],
	["The last offset of an IPv4 fragment is seen", v4({ fragmentOffset: 0x1fff }), "unrelated: fragment"],
	["A UDP length below its header is none", changed(v4(), [24, 0], [25, 7]), "fault: udp_length"],
	["A UDP length of 0 is none", changed(v4(), [24, 0], [25, 0]), "fault: udp_length"],
	["A UDP length that reaches behind the packet is none", changed(v4(), [25, 13]), "fault: udp_length"],
	[
		"A UDP length that reaches into link padding is none",
		concatBytes([changed(v4(), [25, 13]), padding]),
		"fault: udp_length",
	],
	["Bytes behind the UDP datagram are no message", changed(v4(), [25, 11]), "010203"],
	["A UDP datagram of its header alone is empty", changed(v4(), [25, 8]), ""],
	["IPv6 without extension headers is read", v6(), whole],
	["Bytes behind the IPv6 packet are link padding", concatBytes([v6(), padding]), whole],
	["39 bytes are no IPv6 header", v6().subarray(0, 39), "fault: ip_truncated"],
	["39 bytes are no IPv6 header, whatever is inside", other6(6, payload).subarray(0, 39), "fault: ip_truncated"],
	["An IPv6 packet captured but for its last byte is truncated", v6().subarray(0, 51), "fault: ip_truncated"],
	["Hop-by-hop options are seen through", v6([hopByHop]), whole],
	["Destination options of 16 bytes are seen through", v6([destinationOptions]), whole],
	["A routing header is seen through", v6([routing]), whole],
	["An atomic fragment is seen through", v6([fragment]), whole],
	["An authentication header is seen through", v6([authentication]), whole],
	["Mobility, host identity and shim6 headers are seen through", v6([header(135), header(139), header(140)]), whole],
	["8 extension headers are seen through", v6(new Array<ExtensionHeader>(8).fill(hopByHop)), whole],
	[
		"9 extension headers are no honest chain",
		v6(new Array<ExtensionHeader>(9).fill(hopByHop)),
		"fault: ip_extension_headers",
	],
	["A first IPv6 fragment is read", changed(v6([fragment]), [43, 1], [53, 200]), whole],
	["Without its flag the same is no fragment", changed(v6([fragment]), [53, 200]), "fault: udp_length"],
	["A later IPv6 fragment is none of ours", changed(v6([fragment]), [43, 8]), "unrelated: fragment"],
	["A late IPv6 fragment is none of ours", changed(v6([fragment]), [42, 1]), "unrelated: fragment"],
	["The two reserved bits of a fragment header mean nothing", changed(v6([fragment]), [43, 6]), whole],
	["ICMPv6 is none of ours", other6(58, new Uint8Array(8)), "unrelated: protocol"],
	["ESP is none of ours, since it hides what is inside", other6(50, new Uint8Array(16)), "unrelated: protocol"],
	["An IPv6 payload length of 0 holds no UDP header", changed(v6(), [5, 0]), "fault: udp_truncated"],
	[
		"An extension header that reaches behind the packet leaves no UDP",
		changed(v6([hopByHop]), [41, 5], [40, 17]),
		"fault: udp_truncated",
	],
	[
		"An extension header behind the end of the packet is a wrong length",
		changed(v6([hopByHop]), [5, 7]),
		"fault: ip_total_length",
	],
	["An extension header that was not captured is truncated", v6([hopByHop]).subarray(0, 47), "fault: ip_truncated"],
	[
		"The longest extension header reaches behind any frame here",
		changed(v6([hopByHop, hopByHop]), [41, 255]),
		"fault: ip_total_length",
	],
];

describe("Datagram", () => {
	for (const [title, packet, expected] of rows) test(title, () => expect(read(packet)).toBe(expected));

	test("every prefix of a packet is truncated, never read on", () => {
		for (const packet of [v4(), v6(), v6([hopByHop, destinationOptions, routing, fragment, authentication])]) {
			for (let length = 0; length < packet.length; length++) {
				expect(read(packet.subarray(0, length))).toBe("fault: ip_truncated");
			}
		}
	});

	test("the addresses of both versions stand where it says", () => {
		const { exports, put, start } = decoderOf();
		const addresses = (packet: Uint8Array, length: number) => {
			exports.readDatagram(put(packet), start + packet.length);
			const offsets = [exports.datagramSource() - start, exports.datagramDestination() - start];
			return offsets.map((offset) => packet.subarray(offset, offset + length));
		};
		expect(addresses(v4(), 4)).toEqual([addressBytes(ends.source), addressBytes(ends.destination)]);
		expect(exports.datagramIsIpv4()).toBe(1);
		expect(addresses(v6(), 16)).toEqual([addressBytes(ends6.source), addressBytes(ends6.destination)]);
		expect(exports.datagramIsIpv4()).toBe(0);
	});
});

describe("readResolver", () => {
	const rows: readonly [address: string, isIpv4: boolean, words: readonly number[]][] = [
		["192.0.2.1", true, [0, 0, 0xffff, 0xc0000201]],
		["255.255.255.255", true, [0, 0, 0xffff, 0xffffffff]],
		["2001:db8:1:2:3:4:fffe:ffff", false, [0x20010db8, 0x00010002, 0x00030004, 0xfffeffff]],
		["::ffff:192.0.2.1", false, [0, 0, 0xffff, 0xc0000201]],
	];
	for (const [address, isIpv4, words] of rows) {
		test(`gives ${address} as words, most significant first`, () => {
			const { exports, observation, put } = decoderOf();
			exports.readResolver(put(concatBytes([Uint8Array.of(7), addressBytes(address)])) + 1, isIpv4);
			expect([observation.resolver0, observation.resolver1, observation.resolver2, observation.resolver3]).toEqual([
				...words,
			]);
		});
	}
});
