/** The decoder against the naive model of dnstt-server's accept rule, over messages that are made, bent and mutated. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Outcome } from "../../../src/wasm/shared/fault.ts";
import type { LinkType } from "../../../src/wasm/shared/linktype.ts";
import {
	base32,
	dnsMessage,
	dnsttName,
	encodeName,
	namePointer,
	optRecord,
	type Question,
	type ResourceRecord,
	takeApart,
} from "../../support/frames.ts";
import { concatBytes, readPcapFile } from "../../support/pcapfile.ts";
import { type Decoder, decoderOf, dnsttTunnels, domain, idOf, outcomeWord, toServer } from "./decoding.ts";
import { messagesIn, queryVerdict, type Verdict } from "./model.ts";

const domains = ["example.com", domain, "u.t.example.com"];
/** A server whose -mtu refuses nothing, and one with the usual. */
const mtuUsual = 1_232;
const decoder = decoderOf({ domains });
const usual = decoderOf({ domains, mtu: mtuUsual });

function verdictOf(message: Uint8Array, decoder: Decoder): Verdict {
	const frame = toServer(message);
	return verdictIn(decoder, decoder.decode(frame, 0, frame.length));
}

function verdictIn(decoder: Decoder, outcome: Outcome): Verdict {
	const { observation } = decoder;
	if (outcome === Outcome.Fault) return { word: "fault" };
	const word = outcomeWord(outcome, observation);
	if (outcome === Outcome.Refused) return { word, domain: observation.domain };
	if (outcome !== Outcome.Query) return { word };
	return { word, id: idOf(observation), domain: observation.domain, ednsBytes: observation.ednsBytes };
}

/** How often each verdict came, so that a property that only ever sees faults is noticed. */
const verdicts = new Map<string, number>();

function hold(message: Uint8Array): void {
	const pieces = messagesIn(message);
	if (pieces.length > 1) {
		holdJoined(message, pieces);
		return;
	}
	const { packets, ...expected } = queryVerdict(message, dnsttTunnels(domains));
	expect(verdictOf(message, decoder)).toEqual(expected);
	const { packets: _, ...refused } = queryVerdict(message, dnsttTunnels(domains, mtuUsual));
	expect(verdictOf(message, usual)).toEqual(refused);
	if (refused.word === "refused: edns") verdicts.set(refused.word, (verdicts.get(refused.word) ?? 0) + 1);
	verdicts.set(expected.word, (verdicts.get(expected.word) ?? 0) + 1);
	if (packets === undefined) return;
	expect(decoder.observation.packets).toBe(packets.length);
	expect(decoder.observation.packetBytes).toBe(packets.reduce((sum, length) => sum + length, 0));
}

function holdJoined(message: Uint8Array, pieces: readonly Uint8Array[]): void {
	const found = [verdictOf(message, decoder)];
	while (decoder.exports.hasNext()) found.push(verdictIn(decoder, decoder.exports.decodeNext()));
	const expected = pieces.map((piece) => {
		if ((piece[2] ?? 0) >= 0x80) return { word: "unrelated: direction" };
		const { packets: _, ...verdict } = queryVerdict(piece, dnsttTunnels(domains));
		return verdict;
	});
	expect(found).toEqual(expected);
	verdicts.set("joined", (verdicts.get("joined") ?? 0) + 1);
}

/** Mostly the first. */
const mostly = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
	fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, { weight: 2, arbitrary: fc.constantFrom(usual, ...others) });

const payload = fc.uint8Array({ minLength: 5, maxLength: 120 });
/** Text of a name: encoded bytes, cut off somewhere, cased and with odd characters in it. */
const tunnelName: fc.Arbitrary<string> = fc
	.record({
		payload,
		drop: mostly(0, 1, 2, 3, 4, 5),
		odd: fc.oneof(
			{ weight: 5, arbitrary: fc.constant("") },
			{ weight: 1, arbitrary: fc.constantFrom("\r", "\n", "0", "8", "-", "=", "\xff", "z") },
		),
		at: fc.nat(200),
		upper: fc.boolean(),
		under: mostly(
			domain,
			"T.eXample.COM",
			"example.com",
			"u.t.example.com",
			"t.example.org",
			"x.t.example.com",
			"com",
			"",
		),
	})
	.map(({ payload, drop, odd, at, upper, under }) => {
		const encoded = base32(payload);
		const cut = encoded.slice(0, encoded.length - drop);
		const text = cut.slice(0, at % (cut.length + 1)) + odd + cut.slice(at % (cut.length + 1));
		const labels = (upper ? text : text.toLowerCase()).match(/[\s\S]{1,63}/g) ?? [];
		return [...labels, under].join(".");
	});

const name: fc.Arbitrary<string | Uint8Array> = fc.oneof(
	{ weight: 8, arbitrary: tunnelName },
	{
		weight: 2,
		arbitrary: fc
			.tuple(fc.array(fc.constantFrom("a", "bc", "t", "example", "com", domain), { maxLength: 4 }), fc.nat(600))
			.map(([labels, offset]) => concatBytes([encodeName(labels.join(".")).subarray(0, -1), namePointer(offset)])),
	},
	{ weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) },
);
const question: fc.Arbitrary<Question> = fc.record({
	name,
	type: mostly(16, 1, 2, 41, 255, 0x1000),
	class: mostly(1, 0, 255),
});
const record: fc.Arbitrary<ResourceRecord> = fc.oneof(
	fc
		.record({ payload: mostly(4096, 512, 0), version: mostly(0, 1, 255) })
		.map(({ payload, version }) => optRecord(payload, version)),
	fc.record({ name, type: mostly(16, 41), class: fc.constant(1), data: fc.uint8Array({ maxLength: 20 }) }),
);
const few = (min: number, max: number) => fc.array(record, { minLength: min, maxLength: max });
const message: fc.Arbitrary<Uint8Array> = fc
	.record({
		id: fc.nat(0xffff),
		flags: mostly(0x0100, 0, 0x0800, 0x7800, 0x07ff),
		questions: fc.oneof(
			{ weight: 12, arbitrary: question.map((only) => [only]) },
			{ weight: 1, arbitrary: fc.array(question, { maxLength: 2 }) },
		),
		answers: fc.oneof({ weight: 5, arbitrary: few(0, 0) }, { weight: 1, arbitrary: few(0, 2) }),
		authority: fc.oneof({ weight: 5, arbitrary: few(0, 0) }, { weight: 1, arbitrary: few(0, 2) }),
		additional: fc.oneof({ weight: 4, arbitrary: few(1, 1) }, { weight: 1, arbitrary: few(0, 3) }),
		tail: mostly(0, 1, -1),
	})
	.map(({ tail, ...fields }) => {
		const bytes = dnsMessage(fields);
		return tail > 0 ? concatBytes([bytes, new Uint8Array(tail)]) : bytes.subarray(0, bytes.length + tail);
	});

const mutation = fc.record({
	kind: fc.constantFrom("set", "flip", "insert", "remove", "repeat", "pointer"),
	at: fc.nat(),
	value: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 12, 63, 64, 0xc0, 0xff)),
});

function mutate(bytes: Uint8Array, { kind, at, value }: { kind: string; at: number; value: number }): Uint8Array {
	const offset = at % (bytes.length + 1);
	const [front, back] = [bytes.subarray(0, offset), bytes.subarray(offset)];
	const first = back[0] ?? 0;
	switch (kind) {
		case "set":
			return concatBytes([front, Uint8Array.of(value), back.subarray(1)]);
		case "flip":
			return concatBytes([front, Uint8Array.of(first ^ (1 << (value & 7))), back.subarray(1)]);
		case "insert":
			return concatBytes([front, Uint8Array.of(value), back]);
		case "remove":
			return concatBytes([front, back.subarray(1 + (value & 15))]);
		case "repeat":
			return concatBytes([front, back.subarray(0, value), back]);
		default:
			return concatBytes([front, Uint8Array.of(0xc0, value), back.subarray(2)]);
	}
}

const asQuery = (bytes: Uint8Array) => {
	const copy = bytes.slice();
	if (copy.length > 2) copy[2] = (copy[2] ?? 0) & 0x7f;
	return copy;
};

describe("the decoder takes what the model takes", () => {
	test("of messages made of well-formed and malformed parts", () => {
		verdicts.clear();
		fc.assert(fc.property(message, hold), { numRuns: 8_000 });
		expect([...verdicts.keys()].sort()).toEqual([
			"fault",
			"query",
			"refused: base32",
			"refused: edns",
			"refused: malformed",
			"refused: opcode",
			"refused: opt",
			"refused: qtype",
			"refused: too_short",
			"unrelated: domain",
		]);
		expect(verdicts.get("query")).toBeGreaterThan(400);
	});

	test("of messages mutated in one to four places", () => {
		verdicts.clear();
		const mutated = fc
			.tuple(message, fc.array(mutation, { minLength: 1, maxLength: 4 }))
			.map(([bytes, mutations]) => asQuery(mutations.reduce(mutate, bytes)));
		fc.assert(fc.property(mutated, hold), { numRuns: 8_000 });
		expect(verdicts.get("query")).toBeGreaterThan(50);
	});

	test("of messages that the kernel joined, and of what only looks so", () => {
		verdicts.clear();
		const joined = fc
			.record({
				message,
				copies: fc.integer({ min: 2, max: 5 }),
				cut: mostly(0, 1, 3, 40),
				changes: fc.array(mutation, { maxLength: 1 }),
			})
			.map(({ message, copies, cut, changes }) => {
				const pieces = new Array<Uint8Array>(copies).fill(message);
				const bytes = concatBytes(pieces);
				return asQuery(changes.reduce(mutate, bytes.subarray(0, bytes.length - cut)));
			});
		fc.assert(fc.property(joined, hold), { numRuns: 4_000 });
		expect(verdicts.get("joined")).toBeGreaterThan(400);
		expect(verdicts.get("refused: malformed")).toBeGreaterThan(100);
	});

	test("of messages whose names are labels and pointers in plenty", () => {
		verdicts.clear();
		const asked = encodeName(`${base32(new Uint8Array(8))}.${domain}`);
		const plenty = fc
			.record({
				labels: fc.integer({ min: 1, max: 130 }),
				pointers: fc.nat(11),
				records: fc.integer({ min: 1, max: 30 }),
				isPlain: fc.boolean(),
			})
			.map(({ labels, pointers, records, isPlain }) => {
				// The first record's data: what a question that is a pointer points to, then pointers, each to the next, then a name.
				const dataAt = 12 + (isPlain ? asked.length : 2) + 4 + 11;
				const chainAt = dataAt + asked.length;
				const chain = Array.from({ length: pointers }, (_, index) => namePointer(chainAt + 2 * (index + 1)));
				const data = concatBytes([asked, ...chain, encodeName(new Array(labels).fill("a").join("."))]);
				const none = new Uint8Array();
				return dnsMessage({
					questions: [{ name: isPlain ? asked : namePointer(dataAt) }],
					answers: [{ name: "", data }, ...new Array(records).fill({ name: namePointer(chainAt), data: none })],
					additional: [optRecord(), { name: namePointer(12), data: none }],
				});
			});
		fc.assert(fc.property(plenty, hold), { numRuns: 3_000 });
		expect(verdicts.get("query")).toBeGreaterThan(200);
		expect(verdicts.get("refused: malformed")).toBeGreaterThan(200);
	});

	test("of payloads with packets and padding anywhere", () => {
		const part = fc.oneof(
			fc.nat(31).map((length) => concatBytes([Uint8Array.of(0xe0 + length), new Uint8Array(length).fill(7)])),
			fc.uint8Array({ maxLength: 40 }).map((bytes) => concatBytes([Uint8Array.of(bytes.length), bytes])),
			fc.uint8Array({ maxLength: 3 }),
		);
		fc.assert(
			fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.array(part, { maxLength: 4 }), (id, parts) => {
				const bytes = concatBytes([id, ...parts]).subarray(0, 140);
				hold(dnsMessage({ questions: [{ name: dnsttName(bytes, domain) }], additional: [optRecord()] }));
			}),
			{ numRuns: 2_000 },
		);
	});

	for (const file of ["bent-queries", "direct-ipv4", "unbound-0x20-ipv4"]) {
		test(`of the queries in ${file}`, async () => {
			const capture = await readPcapFile(new URL(`../../captures/${file}.pcap`, import.meta.url).pathname);
			const linkBytes: Partial<Record<LinkType, number>> = { 1: 14, 101: 0, 276: 20 };
			for (const { bytes } of capture.records) {
				const packet = bytes.subarray(linkBytes[capture.linkType as LinkType]);
				const { payload, destinationPort } = takeApart(packet);
				// A response that goes to the server's port is nobody's: no message for the model.
				if (destinationPort === 53 && (payload[2] ?? 0) < 0x80) hold(payload);
			}
		});
	}
});
