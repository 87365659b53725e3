import { describe, expect, test } from "bun:test";
import {
	base32,
	dnsQuery,
	dnsttName,
	dnsttPayload,
	kcpCommands,
	kcpSegment,
	mixCase,
	seededRandom,
	txtData,
} from "../../support/frames.ts";
import { concatBytes } from "../../support/pcapfile.ts";
import { type Decoder, decoderOf, decodeWord, domain, idOf, type Observation, toServer } from "./decoding.ts";

const clientId = Uint8Array.of(0x81, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef);
const idText = base32(clientId);

/** What a query for this name came to: a decoder, and the word for it. */
function read(name: string): { decoder: Decoder; word: string } {
	const decoder = decoderOf();
	return { decoder, word: decodeWord(decoder, toServer(dnsQuery({ name }))) };
}

/** The id in the labels before the domain, or the refusal. */
function readId(labels: string): string {
	const { decoder, word } = read(labels === "" ? domain : `${labels}.${domain}`);
	return word === "query" ? idOf(decoder.observation) : word.replace("refused: ", "");
}

describe("the client id", () => {
	const id = "8123456789abcdef";
	const rows: readonly [title: string, labels: string, expected: string][] = [
		["13 characters are a client id", idText, id],
		["12 characters are too short", idText.slice(0, 12), "too_short"],
		["no character is too short", "", "too_short"],
		["14 characters are too short: the server drops the last 6", `${idText}A`, "too_short"],
		["15 characters are a client id and a byte", `${idText}AA`, id],
		["16 characters are a client id and two bytes", `${idText}AAA`, id],
		["17 characters are 16 and one that is dropped", `${idText}AAAA`, id],
		["lower case means the same", idText.toLowerCase(), id],
		["mixed case means the same", mixCase(idText, seededRandom(1)), id],
		["labels are joined wherever they are cut", idText.split("").join("."), id],
		["the bits behind the id's last mean nothing", `${idText.slice(0, 12)}7`, id],
		["0 is no base32 character", `${idText.slice(0, 12)}0`, "base32"],
		["1 is no base32 character", `1${idText.slice(1)}`, "base32"],
		["8 is no base32 character", `${idText}8`, "base32"],
		["padding is refused", `${idText}===`, "base32"],
		["a hyphen is refused", `a-${idText}`, "base32"],
		["the octet 0xff is refused", `${idText}\xff`, "base32"],
		["too few characters with a bad one are a bad one", "0", "base32"],
		["CR and LF are skipped", `\r${idText.slice(0, 5)}\n${idText.slice(5)}\r\n`, id],
		["CR and LF do not count as characters", `${idText.slice(0, 11)}\r\n`, "too_short"],
		["14 characters of which one is skipped are a client id", `${idText}\n`, id],
		["CR and LF hide no bad character", `\r\n0${idText}`, "base32"],
	];
	for (const [title, labels, expected] of rows) test(title, () => expect(readId(labels)).toBe(expected));

	test("all 64 bits of an id are read, each in its place", () => {
		for (let bit = 0; bit < 64; bit++) {
			const bytes = new Uint8Array(8);
			bytes[bit >> 3] = 0x80 >> (bit & 7);
			expect(readId(base32(bytes))).toBe(Buffer.from(bytes).toString("hex"));
		}
	});
});

const push = (data: Uint8Array, sequence = 0) =>
	kcpSegment({ command: kcpCommands.push, timestampMs: 77, sequence, data });
const ack = kcpSegment({ command: kcpCommands.ack, timestampMs: 5, sequence: 9 });

/** "packets packetBytes | command:sequence ... | broken". */
function told(observation: Observation): string {
	const { segments } = observation;
	const list = Array.from({ length: segments.count }, (_, i) => `${segments.command[i]}:${segments.sequence[i]}`);
	return `${observation.packets} ${observation.packetBytes} | ${list.join(" ")} | ${segments.malformed}`;
}

describe("readDnsttPackets", () => {
	const upstream = (rest: Uint8Array) => {
		const { decoder, word } = read(dnsttName(concatBytes([clientId, rest]), domain));
		expect(word).toBe("query");
		expect(idOf(decoder.observation)).toBe("8123456789abcdef");
		return told(decoder.observation);
	};
	const behindId = (options: Omit<Parameters<typeof dnsttPayload>[0], "clientId">) =>
		dnsttPayload({ clientId, ...options }).subarray(8);
	const rows: readonly [title: string, rest: Uint8Array, expected: string][] = [
		["the id alone holds no packet", new Uint8Array(), "0 0 |  | 0"],
		["a poll holds padding and no packet", behindId({}), "0 0 |  | 0"],
		["a data query holds one packet", behindId({ packets: [ack] }), "1 24 | 82:9 | 0"],
		[
			"a packet holds several segments",
			behindId({ packets: [concatBytes([ack, push(new Uint8Array(3), 4)])] }),
			"1 51 | 82:9 81:4 | 0",
		],
		["several packets are read", behindId({ packets: [ack, push(new Uint8Array(1), 2)] }), "2 49 | 82:9 81:2 | 0"],
		["the prefix 0xe0 is padding of no bytes", Uint8Array.of(0xe0, 0xe0, 0), "1 0 |  | 0"],
		[
			"the prefix 0xff is 31 bytes of padding",
			concatBytes([Uint8Array.of(0xff), new Uint8Array(31).fill(1), Uint8Array.of(0)]),
			"1 0 |  | 0",
		],
		["padding that reaches behind the end is the end", Uint8Array.of(0xff, 1, 2), "0 0 |  | 0"],
		["a packet that reaches behind the end is none", Uint8Array.of(3, 1, 2), "0 0 |  | 0"],
		["a packet of 0 bytes is a packet", Uint8Array.of(0), "1 0 |  | 0"],
		["a packet that is no KCP is counted, and as broken", Uint8Array.of(2, 1, 2), "1 2 |  | 1"],
		[
			"a segment whose data reaches behind its packet breaks it",
			behindId({ packets: [kcpSegment({ command: 81, claimedBytes: 1 })] }),
			"1 24 |  | 1",
		],
		[
			"what stands in front of the break is kept",
			behindId({ packets: [concatBytes([ack, Uint8Array.of(1)])] }),
			"1 25 | 82:9 | 1",
		],
		[
			"a broken packet does not hide the next",
			concatBytes([Uint8Array.of(1, 7), behindId({ padding: [], packets: [ack] })]),
			"2 25 | 82:9 | 1",
		],
		["the packet of 0xdf bytes is not padding", Uint8Array.of(0xdf, 0xe0), "0 0 |  | 0"],
	];
	for (const [title, rest, expected] of rows) test(title, () => expect(upstream(rest)).toBe(expected));

	test("labels are joined wherever they are cut, with a packet of any length", () => {
		for (let length = 0; length < 5; length++) {
			const packets = [push(new Uint8Array(length).fill(0xff), 0xffff_ffff), ack, Uint8Array.of(0xff)];
			const text = base32(concatBytes([clientId, behindId({ packets })]));
			for (let first = 1; first <= 63; first++) {
				const labels = [text.slice(0, first), ...(text.slice(first).match(/.{1,63}/g) ?? [])];
				const { decoder, word } = read(`${labels.join(".")}.${domain}`);
				expect(word).toBe("query");
				expect(told(decoder.observation)).toBe(`3 ${49 + length} | 81:4294967295 82:9 | 1`);
			}
		}
	});
});

describe("readDownstream", () => {
	const behindLength = (packet: Uint8Array, claimed = packet.length) =>
		concatBytes([Uint8Array.of(claimed >> 8, claimed & 255), packet]);
	const downstream = (payload: Uint8Array, data = txtData(payload)) => {
		const { exports, observation, put, start } = decoderOf();
		put(concatBytes([Uint8Array.of(3), data, new Uint8Array(40)]));
		exports.readDownstream(start + 1, start + 1 + data.length);
		return told(observation);
	};
	const rows: readonly [title: string, payload: Uint8Array, expected: string][] = [
		["an empty text holds no packet", new Uint8Array(), "0 0 |  | 0"],
		["one packet is read", behindLength(push(new Uint8Array(9), 3)), "1 33 | 81:3 | 0"],
		[
			"several packets are read",
			concatBytes([behindLength(ack), behindLength(push(new Uint8Array(9), 3))]),
			"2 57 | 82:9 81:3 | 0",
		],
		["a packet over several character-strings is read", behindLength(push(new Uint8Array(900), 3)), "1 924 | 81:3 | 0"],
		[
			"a header over two character-strings is read",
			concatBytes([behindLength(push(new Uint8Array(210), 1)), behindLength(push(new Uint8Array(400), 2))]),
			"2 658 | 81:1 81:2 | 0",
		],
		["an odd byte at the end is no packet", concatBytes([behindLength(ack), Uint8Array.of(0)]), "1 24 | 82:9 | 0"],
		["a packet of 0 bytes is a packet", Uint8Array.of(0, 0), "1 0 |  | 0"],
		[
			"a packet that is no KCP is counted, and as broken",
			concatBytes([behindLength(Uint8Array.of(1, 2)), behindLength(ack)]),
			"2 26 | 82:9 | 1",
		],
		[
			"a header that is no KCP is counted, and as broken",
			concatBytes([behindLength(kcpSegment({ command: 80 })), behindLength(ack)]),
			"2 48 | 82:9 | 1",
		],
		[
			"a header of data that is not there is counted, and as broken",
			concatBytes([behindLength(kcpSegment({ command: 81, claimedBytes: 1 })), behindLength(ack)]),
			"2 48 | 82:9 | 1",
		],
		[
			"what stands in front of the break is kept",
			behindLength(concatBytes([ack, new Uint8Array(30)])),
			"1 54 | 82:9 | 1",
		],
		["a packet that breaks off in its header is none", behindLength(ack.subarray(0, 20), 24), "0 0 |  | 1"],
	];
	for (const [title, payload, expected] of rows) test(title, () => expect(downstream(payload)).toBe(expected));

	test("a segment whose data breaks off is counted as broken", () => {
		expect(downstream(behindLength(push(new Uint8Array(50)).subarray(0, 30), 74))).toContain("| 1");
	});

	test("empty character-strings change nothing", () => {
		const payload = behindLength(ack);
		const data = concatBytes([...payload].map((byte) => Uint8Array.of(0, 1, byte)));
		expect(downstream(payload, data)).toBe("1 24 | 82:9 | 0");
	});
});
