import { describe, expect, test } from "bun:test";
import { faultNames, refusalNames, unrelatedNames } from "../../../src/engine/reasons.ts";
import { Outcome } from "../../../src/wasm/shared/fault.ts";
import { LinkType } from "../../../src/wasm/shared/linktype.ts";
import {
	base32,
	dnsMessage,
	dnsQuery,
	dnsResponse,
	dnsttPayload,
	dnsttQuery,
	dnsttResponse,
	encodeName,
	ethernetFrame,
	extensionHeaders,
	ipv4Packet,
	kcpCommands,
	kcpSegment,
	namePointer,
	optRecord,
	packetsOf,
	rewrap,
	rewrappings,
	toIpv6,
	typeA,
	typeNs,
	udpPacket,
} from "../../support/frames.ts";
import { concatBytes, readPcapFile } from "../../support/pcapfile.ts";
import { fragmentPacket } from "../../support/wire-forms.ts";
import { decoderOf, decodeWord, domain, fromServer, idOf, nameOfOctets, outcomeWord, toServer } from "./decoding.ts";

const clientId = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const idText = base32(clientId);
const query = dnsttQuery({ clientId });
const response = dnsttResponse(query);
const nothing = new Uint8Array();
const queryBytesMax: number = decoderOf().exports.queryBytesMax.value;

function changed(bytes: Uint8Array, ...changes: readonly (readonly [at: number, value: number])[]): Uint8Array {
	const copy = bytes.slice();
	for (const [at, value] of changes) copy[at] = value;
	return copy;
}

/** A query whose name is these octets. */
const named = (name: string | Uint8Array) => dnsQuery({ name });
const record = { name: "x.example", type: typeA, data: Uint8Array.of(192, 0, 2, 9) };
const question = { name: `${idText}.${domain}` };
const withRecords = (counts: readonly [number, number, number, number]) =>
	dnsMessage({ questions: [question], additional: [record], counts });
/** A query that is exactly so long: its last record's data fills it up. */
const ofBytes = (bytes: number) => {
	const empty = dnsMessage({ questions: [question], additional: [{ ...record, data: nothing }] });
	return dnsMessage({ questions: [question], additional: [{ ...record, data: new Uint8Array(bytes - empty.length) }] });
};
/** A record whose name is the last of so many pointers in a row. */
const pointed = (pointers: number) => {
	const chain = concatBytes(
		Array.from({ length: pointers - 1 }, (_, i) => (i === 0 ? namePointer(12) : namePointer(chainAt + 2 * (i - 1)))),
	);
	return dnsMessage({
		questions: [question],
		answers: [{ name: "", data: chain }],
		additional: [{ ...record, name: namePointer(chainAt + 2 * (pointers - 2)) }],
	});
};
/** The same, but the record's name is the question's, which is that last pointer. */
const pointedQuestion = (pointers: number) => {
	const at = dnsMessage({ questions: [{ name: namePointer(0) }], answers: [{ name: "", data: nothing }] }).length;
	const chain = Array.from({ length: pointers - 1 }, (_, i) => namePointer(at + 2 * (i + 1)));
	return dnsMessage({
		questions: [{ name: namePointer(at) }],
		answers: [{ name: "", data: concatBytes([...chain, encodeName(`${idText}.${domain}`)]) }],
		additional: [{ ...record, name: namePointer(12) }],
	});
};
const chainAt = dnsMessage({ questions: [question], answers: [{ name: "", data: nothing }] }).length;

/** A query whose names have so many labels and pointers: four of its question, and those of records that point to one name. */
const withLabels = (steps: number, name = `${idText}.${domain}`) => {
	const last = (steps - labelsIn(name)) % 101;
	const nameAt = dnsMessage({ questions: [{ name }], answers: [{ name: "", data: nothing }] }).length;
	const short = { name: namePointer(nameAt), data: nothing };
	const pointers = new Array(Math.floor((steps - labelsIn(name)) / 101)).fill(short);
	const rest = last === 0 ? [] : [{ name: new Array(last).fill("b").join("."), data: nothing }];
	return dnsMessage({
		questions: [{ name }],
		answers: [{ name: "", data: encodeName(new Array(100).fill("a").join(".")) }, ...pointers, ...rest],
	});
};
const labelsIn = (name: string) => name.split(".").length;
const labelsMax: number = decoderOf().exports.labelsPerMessageMax.value;

const tcp = ipv4Packet({ source: "192.0.2.1", destination: "192.0.2.53", protocol: 6, payload: new Uint8Array(20) });
const fragment = ipv4Packet({ source: "192.0.2.1", destination: "192.0.2.53", fragmentOffset: 1, payload: query });

const queryRows: readonly [title: string, message: Uint8Array, expected: string][] = [
	["a poll is a query", query, "query"],
	["a query with data is a query", dnsttQuery({ clientId, packets: [new Uint8Array(100)] }), "query"],
	["a query without OPT is a query", dnsttQuery({ clientId, ednsBytes: null }), "query"],
	[
		"a query of a small EDNS size is a query: the limit is the server's setting",
		dnsttQuery({ clientId, ednsBytes: 512 }),
		"query",
	],
	["the class means nothing", dnsttQuery({ clientId, class: 255 }), "query"],
	["AA, TC, RD, RA, Z, AD, CD and RCODE mean nothing", dnsttQuery({ clientId, flags: 0x07ff }), "query"],
	["records that nobody asked for mean nothing", withRecords([1, 0, 0, 1]), "query"],
	["a record counted as an answer means nothing", withRecords([1, 1, 0, 0]), "query"],
	[
		"OPT among the answers is no OPT",
		dnsMessage({ questions: [question], answers: [optRecord(4096, 1), optRecord()] }),
		"query",
	],
	[
		"OPT among the authority is no OPT",
		dnsMessage({ questions: [question], authority: [optRecord(4096, 1)], additional: [optRecord()] }),
		"query",
	],
	[
		"OPT behind another additional record is OPT",
		dnsMessage({ questions: [question], additional: [record, optRecord()] }),
		"query",
	],
	[
		"the name of an OPT record means nothing",
		dnsMessage({ questions: [question], additional: [{ ...optRecord(), name: "a" }] }),
		"query",
	],
	[
		"the other bits of OPT's TTL mean nothing",
		dnsMessage({ questions: [question], additional: [{ ...optRecord(), ttl: 0xff00_ffff | 0 }] }),
		"query",
	],
	["a name of 255 octets is a query", named(nameOfOctets(255)), "query"],
	["a name of 256 octets is too long", named(nameOfOctets(256)), "fault: dns_name_too_long"],
	["a message of 4,096 bytes is the longest", ofBytes(queryBytesMax), "query"],
	["a message of 4,097 bytes is not read", ofBytes(queryBytesMax + 1), "fault: dns_too_long"],
	[
		"a question with a pointer into a later record is a query",
		dnsMessage({ questions: [{ name: namePointer(18) }], additional: [{ ...record, name: `${idText}.${domain}` }] }),
		"query",
	],
	[
		"a question with labels and a pointer is a query",
		dnsMessage({
			questions: [{ name: concatBytes([encodeName(idText).subarray(0, -1), namePointer(32)]) }],
			additional: [{ ...record, name: domain }],
		}),
		"query",
	],
	[
		"a question that points to itself is not read",
		dnsMessage({ questions: [{ name: namePointer(12) }] }),
		"fault: dns_pointer_count",
	],
	[
		"a question with a reserved label is not read",
		dnsMessage({ questions: [{ name: Uint8Array.of(0x40, 0) }] }),
		"fault: dns_label_type",
	],
	["a record behind 10 pointers is taken", pointed(10), "query"],
	["a record behind 11 pointers is malformed", pointed(11), "refused: malformed"],
	["a record that points to a question behind 9 pointers is taken", pointedQuestion(9), "query"],
	["a record that points to a question behind 10 pointers is malformed", pointedQuestion(10), "refused: malformed"],
	["a message of 512 labels and pointers is taken", withLabels(labelsMax), "query"],
	["one more is refused, though the server takes it", withLabels(labelsMax + 1), "refused: malformed"],
	["512 of them for another domain are unrelated", withLabels(labelsMax, "a.example"), "unrelated: domain"],
	["one more for another domain is a fault", withLabels(labelsMax + 1, "a.example"), "fault: dns_label_count"],
	["a byte behind the message is malformed", concatBytes([query, Uint8Array.of(0)]), "refused: malformed"],
	["a record too few is malformed", withRecords([1, 0, 0, 2]), "refused: malformed"],
	["a record too many is malformed", withRecords([1, 0, 0, 0]), "refused: malformed"],
	["65,535 records that are not there are malformed", withRecords([1, 0xffff, 0xffff, 0xffff]), "refused: malformed"],
	["a message cut in its last record is malformed", query.subarray(0, -1), "refused: malformed"],
	[
		"two OPT records are refused",
		dnsMessage({ questions: [question], additional: [optRecord(), optRecord()] }),
		"refused: opt",
	],
	[
		"EDNS version 1 is refused",
		dnsMessage({ questions: [question], additional: [optRecord(4096, 1)] }),
		"refused: opt",
	],
	[
		"EDNS version 128 is refused",
		dnsMessage({ questions: [question], additional: [optRecord(4096, 128)] }),
		"refused: opt",
	],
	["opcode 1 is refused", dnsttQuery({ clientId, flags: 0x0800 }), "refused: opcode"],
	["opcode 8 is refused", dnsttQuery({ clientId, flags: 0x4000 }), "refused: opcode"],
	["type A is refused", dnsttQuery({ clientId, type: typeA }), "refused: qtype"],
	["type NS, as minimised names are asked for, is refused", dnsttQuery({ clientId, type: typeNs }), "refused: qtype"],
	["a type whose low octet is TXT's is refused", dnsttQuery({ clientId, type: 0x0110 }), "refused: qtype"],
	["a character that is no base32 is refused", named(`www.${idText}1.${domain}`), "refused: base32"],
	["the domain alone is too short", named(domain), "refused: too_short"],
	["12 characters are too short", named(`${idText.slice(0, 12)}.${domain}`), "refused: too_short"],
	["13 characters are a query", named(`${idText}.${domain}`), "query"],
	["14 characters are too short", named(`${idText}a.${domain}`), "refused: too_short"],
	[
		"malformed goes before OPT",
		concatBytes([
			dnsMessage({ questions: [question], additional: [optRecord(), optRecord()] }),
			nothing.slice(),
			Uint8Array.of(1),
		]),
		"refused: malformed",
	],
	[
		"OPT goes before the opcode",
		dnsMessage({ flags: 0x0800, questions: [question], additional: [optRecord(4096, 1)] }),
		"refused: opt",
	],
	["the opcode goes before the type", dnsttQuery({ clientId, flags: 0x0800, type: typeA }), "refused: opcode"],
	["the type goes before the name", dnsQuery({ name: `1.${domain}`, type: typeA }), "refused: qtype"],
	["another domain is unrelated", dnsttQuery({ clientId, domain: "t.example.org" }), "unrelated: domain"],
	["the parent of the domain is unrelated", named("example.com"), "unrelated: domain"],
	[
		"two OPT records for another domain are unrelated",
		dnsMessage({ questions: [{ name: "a.example" }], additional: [optRecord(), optRecord()] }),
		"unrelated: domain",
	],
	[
		"a malformed message for another domain is a fault",
		concatBytes([dnsQuery({ name: "a.example" }), Uint8Array.of(0)]),
		"fault: dns_trailing_bytes",
	],
	[
		"a truncated message for another domain is a fault",
		dnsQuery({ name: "a.example" }).subarray(0, -1),
		"fault: dns_truncated",
	],
	["no question is a fault", dnsMessage({ questions: [] }), "fault: dns_question_count"],
	["two questions are a fault", dnsMessage({ questions: [question, question] }), "fault: dns_question_count"],
	[
		"257 questions are not one",
		dnsMessage({ questions: [question], counts: [257, 0, 0, 0] }),
		"fault: dns_question_count",
	],
	[
		"256 questions are not one",
		dnsMessage({ questions: [question], counts: [256, 0, 0, 0] }),
		"fault: dns_question_count",
	],
	[
		"a question without type and class is truncated",
		dnsMessage({ questions: [question] }).subarray(0, -1),
		"fault: dns_truncated",
	],
	["11 bytes are no header", query.subarray(0, 11), "fault: dns_truncated"],
	["an empty datagram is no header", nothing, "fault: dns_truncated"],
	["a header alone has no question", dnsMessage({ questions: [], counts: [1, 0, 0, 0] }), "fault: dns_truncated"],
];

const twoOpt = dnsMessage({ questions: [question], additional: [optRecord(512), optRecord(512)] });
const small = { clientId, ednsBytes: 1_231 };
const mtuRows: readonly [title: string, mtu: number, message: Uint8Array, expected: string][] = [
	["1,232 bytes are enough", 1_232, dnsttQuery({ clientId, ednsBytes: 1_232 }), "query"],
	["1,231 bytes are refused", 1_232, dnsttQuery(small), "refused: edns"],
	["no OPT is refused", 1_232, dnsttQuery({ clientId, ednsBytes: null }), "refused: edns"],
	["0 bytes mean 512", 512, dnsttQuery({ clientId, ednsBytes: 0 }), "query"],
	["no OPT means 512", 512, dnsttQuery({ clientId, ednsBytes: null }), "query"],
	["511 bytes mean 512, which is too little", 513, dnsttQuery({ clientId, ednsBytes: 511 }), "refused: edns"],
	["513 bytes are enough", 513, dnsttQuery({ clientId, ednsBytes: 513 }), "query"],
	["65,535 bytes are enough", 65_535, dnsttQuery({ clientId, ednsBytes: 65_535 }), "query"],
	["two OPT records go first", 1_232, twoOpt, "refused: opt"],
	["the opcode goes first", 1_232, dnsttQuery({ ...small, flags: 0x0800 }), "refused: opcode"],
	["the type goes first", 1_232, dnsttQuery({ ...small, type: typeA }), "refused: qtype"],
	["what is no base32 goes first", 1_232, dnsQuery({ name: `1.${domain}`, ednsBytes: 512 }), "refused: base32"],
	["it goes before a name that is too short", 1_232, dnsQuery({ name: domain, ednsBytes: 512 }), "refused: edns"],
	[
		"another domain is none of the server's",
		1_232,
		dnsQuery({ name: "a.example", ednsBytes: 512 }),
		"unrelated: domain",
	],
];

const ofAddresses = (source: string, destination: string) =>
	udpPacket({ source, destination, sourcePort: 40_000, destinationPort: 53, payload: query });
const toItself = (address: string) => ofAddresses(address, address);

const frameRows: readonly [title: string, frame: Uint8Array, expected: string][] = [
	["a response with its TXT answer is a response", fromServer(response), "response"],
	["NXDOMAIN without answer is a response", fromServer(dnsResponse(query, { rcode: 3 })), "response"],
	["FORMERR is a response", fromServer(dnsResponse(query, { rcode: 1 })), "response"],
	[
		"a response that was cut behind its question is a response",
		fromServer(response.subarray(0, query.length)),
		"response",
	],
	[
		"a response of more than 4,096 bytes is a response",
		fromServer(dnsttResponse(query, [new Uint8Array(5000)])),
		"response",
	],
	[
		"a response to a question of another type is none of ours",
		fromServer(dnsResponse(dnsttQuery({ clientId, type: typeNs }))),
		"unrelated: response",
	],
	[
		"a response to a name that is no base32 is none of ours",
		fromServer(dnsResponse(named(`1.${domain}`))),
		"unrelated: response",
	],
	["a response to the domain itself is none of ours", fromServer(dnsResponse(named(domain))), "unrelated: response"],
	["a response for another domain is none of ours", fromServer(dnsResponse(named("a.example"))), "unrelated: domain"],
	["a response without question is a fault", fromServer(dnsMessage({ flags: 0x8180 })), "fault: dns_question_count"],
	["a response cut in its question is a fault", fromServer(response.subarray(0, 20)), "fault: dns_truncated"],
	["other ports are none of ours", toServer(query, 40_000, 54), "unrelated: port"],
	[
		"port 0x3500 is not port 53 with its octets the other way round",
		toServer(query, 40_000, 0x3500),
		"unrelated: port",
	],
	["a query from the server's port is none of ours", fromServer(query), "unrelated: direction"],
	["a response to the server's port is none of ours", toServer(response), "unrelated: direction"],
	["a query from a resolver at port 53 is a query", toServer(query, 53), "query"],
	["a response to a resolver at port 53 is a response", fromServer(response, 53, 53), "response"],
	["what a host would send to itself does not come over a link", toItself("192.0.2.53"), "unrelated: direction"],
	["nor over IPv6", toIpv6(toItself("192.0.2.53")), "unrelated: direction"],
	["IPv6 addresses that differ in the first half alone are two", ofAddresses("2001:db8::1", "2001:db9::1"), "query"],
	["IPv6 addresses that differ in the last half alone are two", ofAddresses("2001:db8::1", "2001:db8::2"), "query"],
	["TCP is none of ours", tcp, "unrelated: protocol"],
	["a later fragment is none of ours", fragment, "unrelated: fragment"],
	["a frame of 19 bytes is no IP packet", toServer(query).subarray(0, 19), "fault: ip_truncated"],
	["IP version 7 is none", changed(toServer(query), [0, 0x75]), "fault: ip_version"],
	["an IP header of 4 bytes is none", changed(toServer(query), [0, 0x41]), "fault: ip_header_length"],
	["an IP packet of 10 bytes is none", changed(toServer(query), [2, 0], [3, 10]), "fault: ip_total_length"],
	[
		"9 extension headers are a fault",
		toIpv6(toServer(query), new Array(9).fill(extensionHeaders.hopByHop)),
		"fault: ip_extension_headers",
	],
	["an IP packet of 24 bytes holds no UDP header", changed(toServer(query), [2, 0], [3, 24]), "fault: udp_truncated"],
	["a UDP length of 1 is none", changed(toServer(query), [24, 0], [25, 1]), "fault: udp_length"],
];

/** Headers of LINUX_SLL and LINUX_SLL2 in front of IPv4. */
const cooked = (front: readonly number[]) => [...front, ...new Array<number>(10).fill(0), 8, 0];
const cooked2 = (hardware: readonly number[]) => [
	8,
	0,
	0,
	0,
	0,
	0,
	0,
	7,
	...hardware,
	...new Array<number>(10).fill(0),
];

describe("decode", () => {
	const reached = new Set<string>();
	for (const [title, message, expected] of queryRows) {
		reached.add(expected);
		test(`to the server: ${title}`, () => expect(decodeWord(decoderOf(), toServer(message))).toBe(expected));
	}
	for (const [title, mtu, message, expected] of mtuRows) {
		reached.add(expected);
		test(`with -mtu ${mtu}: ${title}`, () => expect(decodeWord(decoderOf({ mtu }), toServer(message))).toBe(expected));
	}
	for (const [title, frame, expected] of frameRows) {
		reached.add(expected);
		test(title, () => expect(decodeWord(decoderOf(), frame)).toBe(expected));
	}

	test("an Ethernet frame of 13 bytes is a fault of the link", () => {
		reached.add("fault: link_truncated");
		const frame = ethernetFrame(toServer(query)).subarray(0, 13);
		expect(decodeWord(decoderOf({ linkType: LinkType.EN10MB }), frame)).toBe("fault: link_truncated");
	});

	test("a query that is refused for its EDNS size has its client id, or 0 where there is none", () => {
		const decoder = decoderOf({ mtu: 1_232 });
		decodeWord(decoder, toServer(dnsttQuery(small)));
		expect([idOf(decoder.observation), decoder.observation.ednsBytes]).toEqual(["0102030405060708", 1_231]);
		decodeWord(decoder, toServer(dnsQuery({ name: domain, ednsBytes: 512 })));
		expect(idOf(decoder.observation)).toBe("0000000000000000");
	});

	const loopbackRows: readonly [title: string, linkType: LinkType, header: readonly number[], expected: string][] = [
		["Ethernet without addresses", LinkType.EN10MB, [...new Array<number>(12).fill(0), 8, 0], "query"],
		[
			"Ethernet with one",
			LinkType.EN10MB,
			[0, 0, 0, 0, 0, 1, ...new Array<number>(6).fill(0), 8, 0],
			"unrelated: direction",
		],
		["Ethernet with the other", LinkType.EN10MB, [...new Array<number>(11).fill(0), 1, 8, 0], "unrelated: direction"],
		["NULL", LinkType.NULL, [2, 0, 0, 0], "query"],
		["LINUX_SLL of ARPHRD_LOOPBACK", LinkType.LINUX_SLL, cooked([0, 0, 3, 4]), "query"],
		["LINUX_SLL of another", LinkType.LINUX_SLL, cooked([0, 0, 0, 1]), "unrelated: direction"],
		["LINUX_SLL2 of ARPHRD_LOOPBACK", LinkType.LINUX_SLL2, cooked2([3, 4]), "query"],
		["LINUX_SLL2 of another", LinkType.LINUX_SLL2, cooked2([0, 1]), "unrelated: direction"],
	];
	test.each(loopbackRows)("what a host sends to itself over %s", (_, linkType, header, expected) => {
		const frame = concatBytes([Uint8Array.from(header), toItself("192.0.2.53")]);
		expect(decodeWord(decoderOf({ linkType }), frame)).toBe(expected);
	});

	test("the rows above reach every fault, unrelated reason and refusal", () => {
		const all = [
			...Object.values(faultNames).map((name) => `fault: ${name}`),
			...Object.values(unrelatedNames).map((name) => `unrelated: ${name}`),
			...Object.values(refusalNames).map((name) => `refused: ${name}`),
		];
		expect(new Set(all).size).toBe(all.length);
		expect(all.filter((name) => !reached.has(name))).toEqual([]);
	});
});

describe("what a decode reads", () => {
	test("of a query: resolver, port, message, id, EDNS size and packets", () => {
		const decoder = decoderOf({ domains: ["other.example", domain] });
		const { observation } = decoder;
		const packet = kcpSegment({ command: kcpCommands.push, sequence: 6, data: new Uint8Array(10) });
		const message = dnsttQuery({ clientId, id: 0xabcd, ednsBytes: 1232, packets: [packet] });
		expect(decodeWord(decoder, toServer(message))).toBe("query");
		expect([
			observation.resolver0,
			observation.resolver1,
			observation.resolver2,
			observation.resolver3,
			observation.resolverPort,
		]).toEqual([0, 0, 0xffff, 0xc0000201, 40_000]);
		expect([observation.messageBytes, observation.messageId, observation.domain]).toEqual([message.length, 0xabcd, 1]);
		expect([idOf(observation), observation.ednsBytes, observation.packets, observation.packetBytes]).toEqual([
			"0102030405060708",
			1232,
			1,
			34,
		]);
		expect([observation.segments.count, observation.segments.sequence[0]]).toEqual([1, 6]);
	});

	test("of a response: the resolver is the destination; rcode, TC, id and packets", () => {
		const decoder = decoderOf();
		const { observation } = decoder;
		const payload = Uint8Array.of(0, 24, ...kcpSegment({ command: kcpCommands.ack, sequence: 3 }));
		expect(decodeWord(decoder, fromServer(dnsResponse(query, { rcode: 2, truncated: true, payload })))).toBe(
			"response",
		);
		expect([observation.resolver3, observation.resolverPort, idOf(observation)]).toEqual([
			0xc0000201,
			40_000,
			"0102030405060708",
		]);
		expect([
			observation.rcode,
			observation.truncated,
			observation.packets,
			observation.packetBytes,
			observation.segments.count,
		]).toEqual([2, 1, 1, 24, 1]);
	});

	/** Words of all messages of a frame, each with its length and id. */
	const allOf = (frame: Uint8Array, decoder = decoderOf()) => {
		const { exports, observation } = decoder;
		const words = [decodeWord(decoder, frame)];
		const each = [[observation.messageBytes, observation.messageId]];
		while (exports.hasNext()) {
			words.push(outcomeWord(exports.decodeNext(), observation));
			each.push([observation.messageBytes, observation.messageId]);
		}
		return { words, each };
	};
	const ofId = (id: number) => dnsttQuery({ clientId, id });
	const shorter = dnsttQuery({ clientId: clientId.subarray(0, 5), id: 9 });

	test("of joined queries: each by itself, the last perhaps shorter", () => {
		const { words, each } = allOf(toServer(concatBytes([ofId(1), ofId(2), ofId(3), shorter])));
		expect(words).toEqual(["query", "query", "query", "query"]);
		const { length } = query;
		expect(each).toEqual([
			[length, 1],
			[length, 2],
			[length, 3],
			[shorter.length, 9],
		]);
	});

	test("of joined responses: each by itself", () => {
		const answer = (id: number) => dnsttResponse(ofId(id), [new Uint8Array(30)]);
		const { words, each } = allOf(fromServer(concatBytes([answer(4), answer(5), response])));
		expect(words).toEqual(["response", "response", "response"]);
		expect(each.map(([, id]) => id)).toEqual([4, 5, 0x1234]);
	});

	test("of joined queries that are longer together than the server takes one", () => {
		const frame = toServer(concatBytes(Array.from({ length: 100 }, (_, id) => ofId(id))));
		expect(frame.length).toBeGreaterThan(4_096);
		expect(allOf(frame).words).toEqual(new Array(100).fill("query"));
	});

	test.each<[title: string, message: Uint8Array]>([
		["a byte", concatBytes([query, Uint8Array.of(0)])],
		["a header", concatBytes([query, new Uint8Array(12)])],
		["a message that is longer", concatBytes([shorter, query])],
		["a shorter message before another", concatBytes([query, shorter, shorter])],
		["a message but for its last byte", concatBytes([query, query.subarray(0, -1)])],
		["a message and a byte", concatBytes([query, query, Uint8Array.of(0)])],
	])("left over after a query is one message, which is refused: %s", (_, message) => {
		expect(allOf(toServer(message)).words).toEqual(["refused: malformed"]);
	});

	test("of a response with bytes left over: one response with all its bytes", () => {
		const { words, each } = allOf(fromServer(concatBytes([response, new Uint8Array(20)])));
		expect(words).toEqual(["response"]);
		expect(each[0]?.[0]).toBe(response.length + 20);
	});

	test("of a first fragment: the length of the whole, and the packets as far as they go", () => {
		const decoder = decoderOf();
		const { observation } = decoder;
		const push = (sequence: number) => kcpSegment({ command: kcpCommands.push, sequence, data: new Uint8Array(500) });
		const whole = dnsttResponse(query, [push(1), concatBytes([push(2), push(3)])]);
		const [first, second] = fragmentPacket(fromServer(whole), whole.length - 600);
		expect(allOf(first, decoder)).toEqual({ words: ["response"], each: [[whole.length, 0x1234]] });
		const { count, malformed } = observation.segments;
		expect([observation.packets, observation.packetBytes, count, malformed]).toEqual([2, 524 + 1_048, 2, 0]);
		expect(allOf(second).words).toEqual(["unrelated: fragment"]);
	});

	test("of a first fragment of a query without its OPT record: the server's -mtu", () => {
		const decoder = decoderOf({ mtu: 1_232 });
		const [first] = fragmentPacket(toServer(query), query.length - 11);
		expect(allOf(first, decoder)).toEqual({ words: ["query"], each: [[query.length, 0x1234]] });
		expect(decoder.observation.ednsBytes).toBe(1_232);
	});

	test("of a first fragment of a query with more than the server takes: a fault", () => {
		const long = dnsMessage({ questions: [question], additional: [optRecord(4096, 0, new Uint8Array(4_000))] });
		const longer = dnsMessage({ questions: [question], additional: [optRecord(4096, 0, new Uint8Array(4_050))] });
		expect(allOf(fragmentPacket(toServer(long), 400)[0]).words).toEqual(["query"]);
		expect(allOf(fragmentPacket(toServer(longer), 400)[0]).words).toEqual(["fault: dns_too_long"]);
	});

	test("nothing of an earlier frame stays in a query without packets and OPT", () => {
		const decoder = decoderOf();
		const { observation } = decoder;
		const packet = kcpSegment({ command: kcpCommands.push });
		decodeWord(decoder, toServer(dnsttQuery({ clientId, packets: [packet, Uint8Array.of(1)] })));
		expect([
			observation.packets,
			observation.segments.count,
			observation.segments.malformed,
			observation.ednsBytes,
		]).toEqual([2, 1, 1, 4096]);
		decodeWord(decoder, toServer(dnsttQuery({ clientId, ednsBytes: null })));
		expect([
			observation.packets,
			observation.packetBytes,
			observation.segments.count,
			observation.segments.malformed,
			observation.ednsBytes,
		]).toEqual([0, 0, 0, 0, 0]);
		decodeWord(decoder, fromServer(dnsResponse(query, { rcode: 5, truncated: true })));
		decodeWord(decoder, fromServer(response));
		expect([observation.rcode, observation.truncated]).toEqual([0, 0]);
	});

	test("padding behind the datagram is no DNS bytes", () => {
		const decoder = decoderOf({ linkType: LinkType.EN10MB });
		expect(decodeWord(decoder, concatBytes([ethernetFrame(toServer(query)), new Uint8Array(40)]))).toBe("query");
		expect(decoder.observation.messageBytes).toBe(query.length);
	});

	test("the longest matching domain wins, in queries and in responses", () => {
		const decoder = decoderOf({ domains: ["example.com", "t.example.com", "u.t.example.com"] });
		const inner = dnsttQuery({ clientId, domain: "u.t.example.com" });
		for (const [frame, index] of [
			[toServer(inner), 2],
			[fromServer(dnsttResponse(inner)), 2],
			[toServer(query), 1],
			[toServer(dnsttQuery({ clientId, domain: "example.com" })), 0],
		] as const) {
			decodeWord(decoder, frame);
			expect([decoder.observation.domain, idOf(decoder.observation)]).toEqual([index, "0102030405060708"]);
		}
	});

	test("several ports are the servers'", () => {
		const decoder = decoderOf({ ports: [53, 5300] });
		const { observation } = decoder;
		expect([decodeWord(decoder, toServer(query, 40_000, 5300)), observation.resolverPort]).toEqual(["query", 40_000]);
		expect([decodeWord(decoder, fromServer(response, 5300)), observation.resolverPort]).toEqual(["response", 40_000]);
		expect([decodeWord(decoder, toServer(query, 5300)), observation.resolverPort]).toEqual(["query", 5300]);
		expect(decodeWord(decoder, fromServer(response, 53, 5300))).toBe("response");
		expect(decodeWord(decoder, toServer(query, 40_000, 5301))).toBe("unrelated: port");
	});

	test("the dnstt payload's padding is random and means nothing", () => {
		const padded = dnsttPayload({ clientId, padding: [Uint8Array.of(0x10, 0xff, 3)], packets: [Uint8Array.of(9)] });
		expect(padded.length).toBe(14);
		const decoder = decoderOf();
		decodeWord(
			decoder,
			toServer(dnsttQuery({ clientId, padding: [Uint8Array.of(0x10, 0xff, 3)], packets: [Uint8Array.of(9)] })),
		);
		expect([decoder.observation.packets, decoder.observation.packetBytes]).toEqual([1, 1]);
	});
});

const capturesAt = new URL("../../captures/", import.meta.url).pathname;

describe("the recorded captures", () => {
	for (const name of ["direct-ipv4", "unbound-0x20-ipv4", "any-sll2-ipv4"]) {
		test(`${name} counts as an independent decoder counted it`, async () => {
			const capture = await readPcapFile(`${capturesAt}${name}.pcap`);
			const expected = await Bun.file(`${capturesAt}${name}.expected.json`).json();
			const decoder = decoderOf({ linkType: capture.linkType as LinkType });
			const ids = new Set<string>();
			const got = { queries: 0, responses: 0, bytes_in: 0, bytes_out: 0, rejected: 0, sessions: 0 };
			for (const { bytes } of capture.records) {
				const outcome = decoder.decode(bytes, 0, bytes.length);
				if (outcome === Outcome.Query) {
					got.queries++;
					got.bytes_in += decoder.observation.messageBytes;
					ids.add(idOf(decoder.observation));
				} else if (outcome === Outcome.Response) {
					got.responses++;
					got.bytes_out += decoder.observation.messageBytes;
				} else if (outcome === Outcome.Refused) got.rejected++;
				else if (outcome === Outcome.Unrelated) continue;
				else throw new Error("a recorded frame is broken");
			}
			got.sessions = ids.size;
			expect(expected).toMatchObject(got);
		});
	}

	test("bent-queries gives exactly the queries, bytes and ids that dnstt-server takes", async () => {
		const capture = await readPcapFile(`${capturesAt}bent-queries.pcap`);
		const expected: { queries: number; bytes_in: number; ids: string[] } = await Bun.file(
			`${capturesAt}bent-queries.json`,
		).json();
		const decoder = decoderOf({ linkType: capture.linkType as LinkType });
		const ids: string[] = [];
		let bytes_in = 0;
		for (const { bytes } of capture.records) {
			if (decoder.decode(bytes, 0, bytes.length) !== Outcome.Query) continue;
			ids.push(idOf(decoder.observation));
			bytes_in += decoder.observation.messageBytes;
		}
		expect(ids.sort()).toEqual(expected.ids.toSorted());
		expect([ids.length, bytes_in]).toEqual([expected.queries, expected.bytes_in]);
	});

	test("every link type, tag and IP header around them gives the same", async () => {
		const packets = packetsOf(await readPcapFile(`${capturesAt}direct-ipv4.pcap`)).slice(0, 40);
		const digest = (words: readonly string[]) => words.join(" ");
		const read = (frames: readonly Uint8Array[], linkType: LinkType) => {
			const decoder = decoderOf({ linkType });
			return digest(
				frames.map(
					(frame) => `${decodeWord(decoder, frame)} ${idOf(decoder.observation)} ${decoder.observation.messageBytes}`,
				),
			);
		};
		const expected = read(
			packets.map(({ packet }) => packet),
			LinkType.RAW,
		);
		expect(expected).toContain("query");
		for (const rewrapping of rewrappings) {
			const frames = rewrap(packets, rewrapping).map(({ bytes }) => bytes);
			expect([rewrapping.title, read(frames, rewrapping.wrapping.linkType as LinkType)]).toEqual([
				rewrapping.title,
				expected,
			]);
		}
	});
});
