import { describe, expect, test } from "bun:test";
import { LinkType } from "../../src/capture/source.ts";
import { dataQueriesMin, otherTunnelOf } from "../../src/discovery/discovery.ts";
import { EngineError } from "../../src/engine/error.ts";
import { createPlacelessEngine } from "../../src/engine/placeless.ts";
import { recordTypeNames } from "../../src/tunnel.ts";
import {
	dnsQuery,
	dnsttName,
	dnsttQuery,
	dnsttResponse,
	kcpCommands,
	kcpSegment,
	linuxSll2Frame,
	randomBytes,
	seededRandom,
	udpPacket,
} from "../support/frames.ts";
import { type CaptureRecord, readPcapFile } from "../support/pcapfile.ts";
import { plainDnsPackets } from "../support/plain-dns.ts";
import { vaydnsQuery, vaydnsResponse } from "../support/vaydns.ts";
import {
	between,
	casePath,
	discoveryOf,
	expectedOf,
	merged,
	packetsUnder,
	pathOf,
	recorded,
	withoutInterfaces,
} from "./discovering.ts";

const plain = plainDnsPackets();

describe("recorded tunnels", () => {
	test.each(recorded.map((capture) => [capture.name, capture] as const))(
		"%s is found, alone and with plain DNS between, with the independent counts",
		async (name, capture) => {
			const { linkType, records } = await readPcapFile(pathOf(name));
			expect(withoutInterfaces(discoveryOf(records, linkType).found())).toEqual([expectedOf(capture)]);
			const packets = await packetsUnder(capture, "t");
			const all = merged(packets, between(packets, plain));
			expect(withoutInterfaces(discoveryOf(all).found())).toEqual([expectedOf(capture)]);
		},
	);

	test("all of them at once, each under its own domain, with plain DNS between", async () => {
		const letters = [..."abcdefghi"];
		const each = await Promise.all(recorded.map((capture, index) => packetsUnder(capture, letters[index] ?? "")));
		// They were recorded one after the other: now they are at the same time.
		const start = each[0]?.[0]?.timeNs ?? 0n;
		const atOnce = each.map((records) =>
			records.map(({ timeNs, bytes }) => ({ timeNs: timeNs - (records[0]?.timeNs ?? 0n) + start, bytes })),
		);
		const all = merged(...atOnce, between(atOnce[0] ?? [], plain));
		const expected = recorded.map((capture, index) => expectedOf(capture, letters[index]));
		const found = withoutInterfaces(discoveryOf(all).found());
		expect(found).toEqual(expected.toSorted((a, b) => b.queries - a.queries));
	});

	test("frames beyond the bound are left out once a tunnel is there", async () => {
		const { linkType, records } = await readPcapFile(pathOf("direct-ipv4"));
		const discovery = discoveryOf(records, linkType, 64 * 1024);
		expect(discovery.isOver).toBe(true);
		const [found] = discovery.found();
		expect(found?.tunnel.domain).toBe("t.example.com");
		expect(found?.queries).toBeGreaterThan(dataQueriesMin);
		expect(found?.queries).toBeLessThan(528);
	});

	test("one that begins after more plain DNS than is kept is found", async () => {
		const [capture] = recorded;
		if (capture === undefined) throw new Error("no capture");
		const packets = await packetsUnder(capture, "t");
		const before = plain.map((bytes, index) => ({ timeNs: BigInt(index), bytes }));
		const discovery = discoveryOf([...before, ...packets], LinkType.RAW, 64 * 1024);
		expect(discovery.found().map(({ tunnel }) => tunnel.domain)).toEqual(["t.example.com"]);
	});
});

describe("plain DNS", () => {
	test.each([1, 2, 3, 4, 5])("holds no tunnel (seed %p)", (seed) => {
		const packets = plainDnsPackets(seed);
		const discovery = discoveryOf(packets.map((bytes, index) => ({ timeNs: BigInt(index) * 1_000_000n, bytes })));
		expect(discovery.messages).toBeGreaterThan(4_000);
		expect(discovery.found()).toEqual([]);
	});

	test("nor do base32 texts of every length that look random", () => {
		const random = seededRandom(7);
		const records = Array.from({ length: 20_000 }, (_, index) => {
			const name = dnsttName(randomBytes(random, 1 + (index % 140)), "q.example.com");
			return fromClient(dnsQuery({ name, type: [16, 1, 5][index % 3] ?? 16 }), index);
		});
		expect(discoveryOf(records).found()).toEqual([]);
	});
});

const clientId = (number: number) => Uint8Array.of(0x5a, 0x17, 0, 0, 0, 0, number >> 8, number & 255);
const packet = (sequence: number) => kcpSegment({ command: kcpCommands.push, sequence, data: new Uint8Array(20) });
const ends = { source: "203.0.113.1", destination: "198.51.100.1", sourcePort: 40_000 };

function fromClient(payload: Uint8Array, index: number, port = 53): CaptureRecord {
	return {
		timeNs: BigInt(index) * 1_000_000n,
		bytes: udpPacket({ ...ends, destinationPort: port, payload }),
	};
}

function fromServer(payload: Uint8Array, index: number, port = 53): CaptureRecord {
	const { source, destination, sourcePort } = ends;
	const back = { source: destination, destination: source, sourcePort: port, destinationPort: sourcePort };
	return { timeNs: BigInt(index) * 1_000_000n, bytes: udpPacket({ ...back, payload }) };
}

/** Queries of one client that carry data, and their responses. */
function exchanges(count: number, domain = "t.example.com", port = 53): CaptureRecord[] {
	return Array.from({ length: count }, (_, index) => {
		const query = dnsttQuery({ clientId: clientId(port), id: index + port, packets: [packet(index)], domain });
		return [fromClient(query, index * 2, port), fromServer(dnsttResponse(query, []), index * 2 + 1, port)];
	}).flat();
}

describe("what is found", () => {
	test.each([
		[dataQueriesMin - 1, []],
		[dataQueriesMin, [["t.example.com", 53]]],
	])("%p queries that carry data are %j", (count, found) => {
		const tunnels = discoveryOf(exchanges(count)).found();
		expect(tunnels.map(({ tunnel, port }) => [tunnel.domain, port])).toEqual(found as never);
	});

	test.each(recordTypeNames.flatMap((type) => [1, 2, 3, 4, 5, 6, 7, 8].map((size) => [type, size] as const)))(
		"VayDNS of type %s with ids of %p bytes is known by both",
		(recordType, size) => {
			const records = Array.from({ length: 10 }, (_, index) => {
				const id = Uint8Array.from({ length: size }, (_, at) => at + 200);
				const query = vaydnsQuery({
					clientId: id,
					packets: [packet(index)],
					recordType,
					id: index,
					domain: "v.example",
				});
				return [
					fromClient(query, index * 2),
					fromServer(vaydnsResponse(query, recordType, [packet(index)], "v.example"), index * 2 + 1),
				];
			}).flat();
			expect(withoutInterfaces(discoveryOf(records).found())).toEqual([
				{
					...{ tunnel: { domain: "v.example", wire: "vaydns", recordType, clientIdBytes: size, mtu: 1_232 } },
					...{ port: 53, queries: 10, clients: 1, responses: 10 },
				},
			]);
		},
	);

	test.each(["com", "a.b.c.d.example.com", "aa.bb.example.com", "tunnel.example.com", "x--y_z.example"])(
		"the domain %s is found whole, though its labels may be base32",
		(domain) => {
			// Texts of every length in characters, so that those that end within a label's group are among them.
			const records = Array.from({ length: 40 }, (_, index) => {
				const segment = kcpSegment({ command: kcpCommands.push, sequence: index, data: new Uint8Array(index) });
				const query = dnsttQuery({ clientId: clientId(index), id: index, packets: [segment], domain });
				return fromClient(query, index);
			});
			expect(discoveryOf(records).found()).toMatchObject([{ tunnel: { domain }, queries: 40, clients: 40 }]);
		},
	);

	test("a name that no configuration could hold is not", () => {
		for (const domain of ["evil\u001b[2J.example", "a b.example", "192.0.2.1"])
			expect(discoveryOf(exchanges(10, domain)).found()).toEqual([]);
	});

	test("several, the one with the most queries first; on another port than 53 as well", () => {
		const records = merged(exchanges(5, "a.example.com"), exchanges(20, "b.example.com", 5_300));
		expect(discoveryOf(records).found()).toMatchObject([
			{ tunnel: { domain: "b.example.com" }, port: 5_300, queries: 20, responses: 20 },
			{ tunnel: { domain: "a.example.com" }, port: 53, queries: 5, responses: 5 },
		]);
	});

	test("no response is none", () => {
		const queries = exchanges(5).filter((_, index) => index % 2 === 0);
		expect(discoveryOf(queries).found()).toMatchObject([{ queries: 5, responses: 0 }]);
	});

	test("a -mtu that is smaller than usual is found in the server's answers", () => {
		const records = Array.from({ length: 30 }, (_, index) => {
			const ednsBytes = 900;
			const query = dnsttQuery({ clientId: clientId(1), id: index, packets: [packet(index)], ednsBytes });
			return [fromClient(query, index * 2), fromServer(dnsttResponse(query, []), index * 2 + 1)];
		}).flat();
		expect(discoveryOf(records).found()).toMatchObject([{ tunnel: { mtu: 900 }, queries: 30, responses: 30 }]);
	});

	test("one whose server refuses all for their size is found all the same", () => {
		const records = Array.from({ length: 30 }, (_, index) =>
			fromClient(dnsttQuery({ clientId: clientId(1), id: index, packets: [packet(index)], ednsBytes: 900 }), index),
		);
		expect(discoveryOf(records).found()).toMatchObject([{ tunnel: { mtu: 1_232 }, queries: 0 }]);
	});
});

describe("on several interfaces", () => {
	const eth0 = 2;
	const on = (records: readonly CaptureRecord[], interfaceIndex: number, direction: "in" | "out") =>
		records.map(({ timeNs, bytes }) => ({ timeNs, bytes: linuxSll2Frame(bytes, direction, interfaceIndex) }));

	test("a tunnel is named with the interface on which its queries came in", () => {
		const records = on(
			exchanges(5).filter((_, index) => index % 2 === 0),
			eth0,
			"in",
		);
		const [found] = discoveryOf(records, LinkType.LINUX_SLL2).found();
		expect(found?.interfaceIndexes).toEqual([eth0]);
		expect(found && otherTunnelOf(found, (index) => (index === eth0 ? "eth0" : null))).toEqual({
			...{ domain: "t.example.com", port: 53, interfaces: ["eth0"] },
			format: { wire: "dnstt", record_type: "txt", clientid_size: 8 },
		});
		expect(found && otherTunnelOf(found, () => null).interfaces).toEqual([]);
	});

	test("copies of a query are one", () => {
		const [query] = exchanges(1);
		const copies = [2, 3, 4, 5].flatMap((index) => on(query === undefined ? [] : [query], index, "in"));
		expect(discoveryOf(copies, LinkType.LINUX_SLL2).found()).toEqual([]);
	});

	test("queries that leave this host are of another host's tunnel", () => {
		const records = on(exchanges(5), eth0, "out");
		expect(discoveryOf(records, LinkType.LINUX_SLL2).found()).toEqual([]);
	});

	test("a forwarder's tunnel is one, on the port on which clients come", async () => {
		const { linkType, records } = await readPcapFile(casePath("router-53-to-5310-any"));
		expect(discoveryOf(records, linkType).found()).toMatchObject([
			{ tunnel: { domain: "t.example.com" }, port: 53, interfaceIndexes: [eth0], queries: 100, responses: 100 },
		]);
	});
});

test("where there is no memory for the tables, no settings are named: there are none for them", () => {
	const { Instance } = WebAssembly;
	WebAssembly.Instance = class {
		readonly exports = {};
		constructor() {
			throw new RangeError("Out of memory");
		}
	};
	const complaint = "no memory for the tables: raise the limit of this process (ulimit -v; in a service LimitAS=)";
	try {
		expect(() => createPlacelessEngine([], [1, 2, 3, 4])).toThrow(new EngineError(complaint));
	} finally {
		WebAssembly.Instance = Instance;
	}
});
