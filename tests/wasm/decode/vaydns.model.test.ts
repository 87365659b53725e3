/** The decoder against the naive model of VayDNS's format, over queries and responses of all record types that are made, bent and mutated. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type RecordTypeName, recordTypeNames, type Tunnel } from "../../../src/tunnel.ts";
import { Outcome } from "../../../src/wasm/shared/fault.ts";
import {
	dnsQuery,
	encodeName,
	kcpSegment,
	namePointer,
	type ResourceRecord,
	takeApart,
	txtData,
} from "../../support/frames.ts";
import { concatBytes, readPcapFile } from "../../support/pcapfile.ts";
import {
	answerData,
	base32Name,
	downstreamPayload,
	typeNumbers,
	vaydnsQuery,
	vaydnsResponse,
} from "../../support/vaydns.ts";
import { type Decoder, decoderOf, domain, fromServer, idOf, outcomeWord, toServer } from "./decoding.ts";
import { queryVerdict, responsePackets } from "./model.ts";

/** One of each record type and of each id size, and one of dnstt below. */
const tunnels = recordTypeNames.map((recordType, index): Tunnel => {
	return { domain, wire: "vaydns", recordType, clientIdBytes: (index % 8) + 1, mtu: index % 2 === 0 ? 512 : 1_232 };
});
const dnstt: Tunnel = { domain: `u.${domain}`, wire: "dnstt", recordType: "txt", clientIdBytes: 8, mtu: 512 };
const decoders = new Map(tunnels.map((tunnel) => [tunnel, decoderOf({ tunnels: [tunnel, dnstt] })]));
const tunnel = fc.constantFrom(...tunnels);

const sum = (lengths: readonly number[]) => lengths.reduce((all, length) => all + length, 0);
const seen = new Map<string, number>();
const count = (word: string) => seen.set(word, (seen.get(word) ?? 0) + 1);

function hold(message: Uint8Array, of: Tunnel): void {
	const decoder = decoders.get(of) as Decoder;
	const isResponse = (message[2] ?? 0) >= 0x80;
	const frame = isResponse ? fromServer(message) : toServer(message);
	const outcome = decoder.decode(frame, 0, frame.length);
	const { observation } = decoder;
	if (isResponse) {
		const expected = [of, dnstt].map((each) => responsePackets(message, each));
		// The one with the most labels is the domain.
		const [packets] = observation.domain === 1 ? expected.slice(1) : expected;
		expect(outcome === Outcome.Response).toBe(packets !== undefined);
		if (packets === undefined) return;
		expect([observation.packets, observation.packetBytes]).toEqual([packets.length, sum(packets)]);
		count(packets.length === 0 ? "response without packets" : `response of ${of.recordType}`);
		return;
	}
	const { packets, ...expected } = queryVerdict(message, [of, dnstt]);
	const word = outcome === Outcome.Fault ? "fault" : outcomeWord(outcome, observation);
	expect(word).toBe(expected.word);
	count(word);
	if (packets === undefined) return;
	expect([idOf(observation), observation.domain]).toEqual([expected.id ?? "", expected.domain ?? -1]);
	expect([observation.packets, observation.packetBytes]).toEqual([packets.length, sum(packets)]);
	count(packets.length === 0 ? "poll" : "data");
}

const packet = fc.oneof(
	fc.uint8Array({ maxLength: 60 }).map((data) => kcpSegment({ command: 81, data })),
	fc.uint8Array({ maxLength: 40 }),
);
const upstream = fc.record({
	clientId: fc.uint8Array({ minLength: 1, maxLength: 8 }),
	packets: fc.array(packet, { maxLength: 2 }),
	noise: fc.uint8Array({ maxLength: 12 }),
	isNoise: fc.boolean(),
	type: fc.option(fc.constantFrom(...recordTypeNames), { nil: undefined, freq: 8 }),
	under: fc.constantFrom(domain, domain, "T.Example.COM", `u.${domain}`, "t.example.org"),
	ednsBytes: fc.constantFrom(null, 512, 1_232, 4_096),
});

function queryOf(fields: typeof upstream extends fc.Arbitrary<infer T> ? T : never, of: Tunnel): Uint8Array {
	const { clientId, packets, noise, isNoise, type, under, ednsBytes } = fields;
	const recordType = type ?? of.recordType;
	const options = { recordType, domain: under, ednsBytes };
	if (isNoise) {
		return dnsQuery({ name: base32Name(noise, under), type: typeNumbers[recordType], ednsBytes });
	}
	const id = concatBytes([clientId, new Uint8Array(8)]).subarray(0, of.clientIdBytes);
	return vaydnsQuery({ ...options, clientId: id, packets: packets.map((bytes) => bytes.subarray(0, 60)) });
}

const changes = fc.array(fc.tuple(fc.constantFrom("set", "flip", "cut", "insert", "pointer"), fc.nat(), fc.nat(255)), {
	maxLength: 3,
});
type Changes = typeof changes extends fc.Arbitrary<infer T> ? T : never;

function mutate(message: Uint8Array, list: Changes): Uint8Array {
	return list.reduce((bytes, [kind, at, value]) => {
		// Not the header, but for its counts: QR decides which way it goes.
		const offset = 3 + (at % Math.max(1, bytes.length - 3));
		const [front, back] = [bytes.subarray(0, offset), bytes.subarray(offset)];
		if (kind === "set") return concatBytes([front, Uint8Array.of(value), back.subarray(1)]);
		if (kind === "flip")
			return concatBytes([front, Uint8Array.of((back[0] ?? 0) ^ (1 << (value & 7))), back.subarray(1)]);
		if (kind === "cut") return concatBytes([front, back.subarray(1 + (value & 15))]);
		if (kind === "insert") return concatBytes([front, Uint8Array.of(value), back]);
		return concatBytes([front, Uint8Array.of(0xc0, value), back.subarray(2)]);
	}, message);
}

/** Answers that carry packets, or that a server does not send: of other types and sizes, several, with names that point anywhere. */
const answersOf = ({ recordType, clientIdBytes }: Tunnel) => {
	/** After the question's only label, with the client id and the nonce of a poll. */
	const domainAt = 13 + Math.ceil(((clientIdBytes + 4) * 8) / 5);
	const owners = [encodeName(domain), encodeName(""), namePointer(domainAt), namePointer(29), namePointer(300)];
	const name = fc.oneof(
		{ weight: 6, arbitrary: fc.constant(namePointer(12)) },
		{ weight: 1, arbitrary: fc.constantFrom(...owners) },
	);
	const good = fc
		.array(packet, { minLength: 1, maxLength: 3 })
		.map((packets) => answerData(recordType, downstreamPayload(packets).subarray(0, 120), domain));
	const wrong = fc.oneof(
		fc.uint8Array({ maxLength: 24 }).map((data) => [data]),
		fc.array(fc.uint8Array({ minLength: 4, maxLength: 4 }), { maxLength: 20 }),
		fc.array(fc.uint8Array({ minLength: 16, maxLength: 16 }), { maxLength: 4 }),
		fc
			.tuple(fc.constantFrom(0, 2, 6), fc.uint8Array({ maxLength: 50 }), fc.nat(400), fc.boolean())
			.map(([before, bytes, target, isPointer]) => {
				const end = isPointer ? namePointer(target) : encodeName("t.example.org");
				return [concatBytes([new Uint8Array(before), encodeName(base32Name(bytes, "x")).subarray(0, -3), end])];
			}),
		fc.tuple(fc.constantFrom(0, 2, 6), fc.uint8Array({ minLength: 1, maxLength: 60 })).map(([before, bytes]) => {
			// The question's domain, where the question's client id has 4 characters: compressed, as no server writes it.
			const text = encodeName(base32Name(downstreamPayload([bytes]), "x")).subarray(0, -3);
			return [concatBytes([new Uint8Array(before), text, namePointer(domainAt)])];
		}),
		fc.uint8Array({ maxLength: 60 }).map((bytes) => [txtData(bytes)]),
	);
	const type = fc.option(fc.constantFrom(...recordTypeNames), { nil: undefined, freq: 8 });
	return fc
		.tuple(fc.oneof({ weight: 2, arbitrary: good }, { weight: 1, arbitrary: wrong }), name, type)
		.map(([data, owner, other]): ResourceRecord[] =>
			data.map((each, index) => ({
				...{
					name: owner,
					type: typeNumbers[index === data.length - 1 ? (other ?? recordType) : recordType],
					data: each,
				},
			})),
		);
};
const answered = tunnel.chain((of) => fc.tuple(fc.constant(of), answersOf(of)));

describe("the decoder reads VayDNS as the model does", () => {
	test("in queries, whole and mutated", () => {
		seen.clear();
		fc.assert(
			fc.property(tunnel, upstream, changes, (of, fields, list) => {
				const query = queryOf(fields, of);
				hold(query, of);
				hold(mutate(query, list), of);
			}),
			{ numRuns: 6_000 },
		);
		for (const word of ["poll", "data", "refused: qtype", "refused: too_short", "refused: edns", "unrelated: domain"])
			expect([word, (seen.get(word) ?? 0) > 100]).toEqual([word, true]);
	});

	test("in responses of all record types, whole and mutated", () => {
		seen.clear();
		fc.assert(
			fc.property(answered, changes, ([of, answers], list) => {
				const clientId = new Uint8Array(of.clientIdBytes).fill(7);
				const query = vaydnsQuery({ clientId, recordType: of.recordType });
				const response = vaydnsResponse(query, of.recordType, { answers });
				hold(response, of);
				hold(mutate(response, list), of);
			}),
			{ numRuns: 9_000 },
		);
		for (const recordType of recordTypeNames) {
			const word = `response of ${recordType}`;
			expect([word, (seen.get(word) ?? 0) > 100]).toEqual([word, true]);
		}
		expect(seen.get("response without packets")).toBeGreaterThan(500);
	});

	test.each(["a", "cname", "srv", "txt", "unbound-txt", "unbound-txt-id4-ipv6"])("in %s.pcap", async (file) => {
		const capture = await readPcapFile(new URL(`../../captures/vaydns/${file}.pcap`, import.meta.url).pathname);
		const recordType = (/a|cname|srv|txt/.exec(file.replace("unbound-", "")) ?? ["txt"])[0] as RecordTypeName;
		const of: Tunnel = {
			...{ domain, wire: "vaydns", recordType, clientIdBytes: file.includes("id4") ? 4 : 2, mtu: 512 },
		};
		decoders.set(of, decoderOf({ tunnels: [of, dnstt] }));
		for (const { bytes } of capture.records) hold(takeApart(bytes.subarray(14)).payload, of);
	});
});
