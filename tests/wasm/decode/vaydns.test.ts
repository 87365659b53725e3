import { describe, expect, test } from "bun:test";
import type { Tunnel } from "../../../src/tunnel.ts";
import { Outcome } from "../../../src/wasm/shared/fault.ts";
import { dnsQuery, kcpCommands, kcpSegment } from "../../support/frames.ts";
import { concatBytes } from "../../support/pcapfile.ts";
import { base32Name } from "../../support/vaydns.ts";
import { decoderOf, decodeWord, domain, idOf, type Observation, toServer } from "./decoding.ts";

const tunnelOf = (clientIdBytes: number): Tunnel => {
	return { domain, wire: "vaydns", recordType: "txt", clientIdBytes, mtu: 512 };
};
const ack = kcpSegment({ command: kcpCommands.ack, timestampMs: 5, sequence: 9 });
const push = (bytes: number) => kcpSegment({ command: kcpCommands.push, sequence: 3, data: new Uint8Array(bytes) });
const behindLength = (packet: Uint8Array, claimed = packet.length) => concatBytes([Uint8Array.of(claimed), packet]);

/** A decoder of ids of this size, and what a query that carries these bytes came to. */
function read(bytes: Uint8Array, clientIdBytes = 2) {
	const decoder = decoderOf({ tunnels: [tunnelOf(clientIdBytes)] });
	const word = decodeWord(decoder, toServer(dnsQuery({ name: base32Name(bytes, domain) })));
	return { word, observation: decoder.observation };
}

/** "packets packetBytes | command:sequence ... | malformed". */
function packetsIn({ packets, packetBytes, segments }: Observation): string {
	const list = Array.from({ length: segments.count }, (_, i) => `${segments.command[i]}:${segments.sequence[i]}`);
	return `${packets} ${packetBytes} | ${list.join(" ")} | ${segments.malformed}`;
}

describe("client ids", () => {
	const bytes = Uint8Array.of(0xff, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 1, 2, 3, 4);
	test.each([1, 2, 3, 4, 5, 6, 7, 8])("of %i bytes are those bytes, with zeros after them", (size) => {
		for (const length of [size, size + 1, size + 4]) {
			const { word, observation } = read(bytes.subarray(0, length), size);
			expect([word, idOf(observation)]).toEqual(["query", "ff23456789abcdef".slice(0, 2 * size).padEnd(16, "0")]);
		}
		expect(read(bytes.subarray(0, size - 1), size).word).toBe("refused: too_short");
	});

	test("are read from the name alone, wherever it is cut into labels", () => {
		const decoder = decoderOf({ tunnels: [tunnelOf(5)] });
		// What an earlier query left where characters are joined.
		decodeWord(decoder, toServer(dnsQuery({ name: `a.${"z".repeat(62)}.${domain}` })));
		for (const name of ["74rukz4j", "7.4rukz4j", "74rukz4.j", "7.4.r.u.k.z.4.j"]) {
			expect(decodeWord(decoder, toServer(dnsQuery({ name: `${name}.${domain}` })))).toBe("query");
			expect(idOf(decoder.observation)).toBe("ff23456789000000");
		}
	});
});

describe("readVaydnsPackets", () => {
	test.each<[title: string, rest: Uint8Array, expected: string]>([
		["the id alone holds no packet", new Uint8Array(), "0 0 |  | 0"],
		["4 random bytes are a poll", Uint8Array.of(2, 1, 2, 0), "0 0 |  | 0"],
		["a data query holds one packet", behindLength(ack), "1 24 | 82:9 | 0"],
		["several packets are read", concatBytes([behindLength(ack), behindLength(push(7))]), "2 55 | 82:9 81:3 | 0"],
		["a packet of 23 bytes is dropped", behindLength(ack.subarray(0, 23)), "0 0 |  | 0"],
		[
			"what is dropped does not hide the next",
			concatBytes([Uint8Array.of(1, 9), behindLength(ack)]),
			"1 24 | 82:9 | 0",
		],
		["a packet that reaches beyond the end is none", behindLength(ack, 25), "0 0 |  | 0"],
		["24 bytes that are no KCP are malformed", behindLength(new Uint8Array(24)), "1 24 |  | 1"],
		["no length is padding", behindLength(new Uint8Array(0xe0 - 0xc0)), "1 32 |  | 1"],
	])("%s", (_, rest, expected) => {
		const { word, observation } = read(concatBytes([Uint8Array.of(0xe1, 7), rest]));
		expect([word, packetsIn(observation)]).toEqual(["query", expected]);
	});
});

test("the record type decides what is refused", () => {
	const type = 33;
	const query = dnsQuery({ name: base32Name(Uint8Array.of(1, 2, 3), domain), type });
	const srv = decoderOf({ tunnels: [{ ...tunnelOf(2), recordType: "srv" }] });
	expect(decodeWord(srv, toServer(query))).toBe("query");
	expect(decodeWord(decoderOf({ tunnels: [tunnelOf(2)] }), toServer(query))).toBe("refused: qtype");
	expect(decodeWord(srv, toServer(dnsQuery({ name: base32Name(Uint8Array.of(1, 2, 3), domain) })))).toBe(
		"refused: qtype",
	);
});

test("each tunnel has its own -mtu", () => {
	const other: Tunnel = { ...tunnelOf(2), domain: "v.example.com", mtu: 1_232 };
	const decoder = decoderOf({ tunnels: [tunnelOf(2), other] });
	const words = [domain, "v.example.com"].map((under) => {
		return decodeWord(decoder, toServer(dnsQuery({ name: base32Name(Uint8Array.of(1, 2), under), ednsBytes: 1_231 })));
	});
	expect(words).toEqual(["query", "refused: edns"]);
	expect(decoder.decode(toServer(new Uint8Array(3)), 0, 31)).toBe(Outcome.Fault);
});
