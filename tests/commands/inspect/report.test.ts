import { describe, expect, test } from "bun:test";
import { createReport, type Reading } from "../../../src/commands/inspect/report.ts";
import { Fault, Unrelated } from "../../../src/wasm/shared/fault.ts";
import { domains, observedDomains, Traffic } from "../../metrics/traffic.ts";
import { dnsQuery, dnsResponse, dnsttQuery, ipv4Packet, typeA, udpPacket } from "../../support/frames.ts";
import type { CaptureRecord } from "../../support/pcapfile.ts";
import { temporaryFolder } from "../../support/temporary.ts";

const reading: Reading = {
	files: ["a.pcap"],
	broken: [],
	ports: [53],
	packets: 6,
	leftOut: 2,
	firstUs: 1_700_000_000_000_001,
	lastUs: 1_700_000_002_500_000,
	activity: null,
	discovered: [],
};

const [resolver, host] = ["192.0.2.1", "198.51.100.9"];

/** A packet to a port. */
function packet(payload: Uint8Array, toPort: number, fromPort = 4_000): Uint8Array {
	return udpPacket({ source: resolver, destination: host, sourcePort: fromPort, destinationPort: toPort, payload });
}

/** At the time of the reading's first packet. */
const record = (bytes: Uint8Array): CaptureRecord => ({ timeNs: BigInt(reading.firstUs) * 1_000n, bytes });

/** Packets that are none of a tunnel's, and why. */
const strange = {
	port: packet(new Uint8Array(12), 5_353),
	protocol: ipv4Packet({ source: resolver, destination: host, protocol: 6, payload: new Uint8Array(20) }),
	/** A query that the server sends. */
	direction: packet(dnsttQuery({ clientId: new Uint8Array(8) }), 4_000, 53),
	domain: packet(dnsttQuery({ clientId: new Uint8Array(8), domain: "elsewhere.example" }), 53),
	/** Under the domain, but not of the tunnel. */
	response: packet(dnsResponse(dnsQuery({ name: `aaaa.${domains[0]}`, type: typeA })), 4_000, 53),
	dnsTruncated: packet(Uint8Array.of(1, 2, 3), 53),
	/** Its length says more than there is. */
	udpLength: packet(new Uint8Array(12), 53).with(25, 21),
} as const;

describe("a report", () => {
	test("of nothing has every domain with zeros, and no times", async () => {
		const { sources } = await observedDomains();
		const report = createReport({ ...reading, packets: 0, firstUs: Number.POSITIVE_INFINITY, lastUs: 0 }, sources);
		expect(report).toMatchObject({ packets: 0, first_packet: null, last_packet: null, duration_seconds: 0 });
		expect(
			report.domains.map(({ domain, queries, sessions, peak_clients }) => [domain, queries, sessions, peak_clients]),
		).toEqual([
			["t.example.com", 0, 0, 0],
			["other.example", 0, 0, 0],
		]);
		expect([report.countries, report.asns]).toEqual([null, null]);
		// All of it can be said in JSON.
		expect(JSON.parse(JSON.stringify(report))).toEqual(report);
	});

	test("has the times of its packets to the microsecond", async () => {
		const { sources } = await observedDomains();
		expect(createReport(reading, sources)).toMatchObject({
			first_packet: "2023-11-14T22:13:20.000001Z",
			last_packet: "2023-11-14T22:13:22.500000Z",
			duration_seconds: 2.499999,
		});
	});

	test("has each domain's figures summed over its label sets, and its own peak", async () => {
		using folder = temporaryFolder();
		const { sources, send } = await observedDomains(folder);
		// Client 1 moves to another country: two label sets had one client each at their highest, the domain had one.
		const traffic = new Traffic().exchange(1, "192.0.2.1").exchange(1, "203.0.113.1").probe("192.0.2.1");
		send(traffic.records);
		const [first, second] = createReport(reading, sources).domains;
		expect(first).toMatchObject({
			domain: "t.example.com",
			queries: 2,
			bytes_in: traffic.bytesIn,
			responses: 2,
			bytes_out: traffic.bytesOut,
			sessions: 1,
			active_clients: 1,
			peak_clients: 1,
			refused_queries: 1,
			refused: { qtype: 1 },
		});
		expect(second).toMatchObject({ domain: "other.example", queries: 0, refused_queries: 0, refused: {} });
	});

	test("has countries and networks over all domains, those with the most queries first", async () => {
		using folder = temporaryFolder();
		const { sources, send } = await observedDomains(folder);
		const traffic = new Traffic().exchange(1, "192.0.2.1").exchange(2, "203.0.113.1");
		traffic.exchange(3, "203.0.113.200", "other.example").exchange(4, "203.0.113.1", "other.example");
		send(traffic.records);
		const { countries, asns } = createReport(reading, sources);
		expect(countries?.map(({ country, queries, sessions }) => [country, queries, sessions])).toEqual([
			["JP", 2, 2],
			["DE", 1, 1],
			["US", 1, 1],
		]);
		expect(asns?.map(({ asn, organization, queries }) => [asn, organization, queries])).toEqual([
			["64497", "Example Network 64497", 3],
			["64496", "Example Network 64496", 1],
		]);
		expect(asns?.map(({ active_clients }) => active_clients)).toEqual([3, 1]);
	});

	test("says that everything was for other domains than it was to look for", async () => {
		const { sources, send } = await observedDomains();
		send(new Traffic().exchange(1, "192.0.2.1", "elsewhere.example").records);
		expect(createReport(reading, sources).conditions).toMatchObject([
			{
				id: "nothing_yet",
				sentence: `No query for ${sources.domains.join(" or ")}, UDP port 53: 2 DNS messages were for other domains.`,
			},
		]);
		send(new Traffic().exchange(1, "192.0.2.1").records);
		expect(createReport(reading, sources).conditions).toEqual([]);
	});

	test("says that everything was of other ports than it was to look at, but not what only meets no domain", async () => {
		const { sources, send } = await observedDomains();
		const { tracker } = sources;
		const said = () =>
			createReport({ ...reading, ports: [5300] }, sources).conditions.map(({ sentence }) => sentence.split(":")[0]);
		send([strange.port, strange.protocol, strange.udpLength].map(record));
		expect([Unrelated.Port, Unrelated.Protocol].map((reason) => tracker.unrelatedOf(reason))).toEqual([1, 1]);
		expect(tracker.faultsOf(Fault.UdpLength)).toBe(1);
		expect(said()).toEqual(["No packet to or from UDP port 5300"]);
		send([record(strange.dnsTruncated)]);
		expect(tracker.faultsOf(Fault.DnsTruncated)).toBe(1);
		expect(said()).toEqual(["No query for t.example.com or other.example, UDP port 5300."]);
	});

	test.each([
		[Unrelated.Direction, strange.direction],
		[Unrelated.Domain, strange.domain],
		[Unrelated.Response, strange.response],
	])(
		"does not call the port wrong where something of it was seen, foreign for reason %d",
		async (foreign, packetOfPort) => {
			const { sources, send } = await observedDomains();
			send([strange.port, packetOfPort].map(record));
			expect([Unrelated.Port, foreign].map((reason) => sources.tracker.unrelatedOf(reason))).toEqual([1, 1]);
			expect(
				createReport(reading, sources)
					.conditions.map(({ remedy }) => remedy)
					.join(),
			).not.toContain("--dnstt.port");
		},
	);

	test("leaves out reasons that did not occur", async () => {
		const { sources, send } = await observedDomains();
		send(new Traffic().broken("192.0.2.1").broken("192.0.2.1").records);
		expect(createReport(reading, sources)).toMatchObject({
			malformed_packets: { dns_truncated: 2 },
			unrelated_packets: {},
		});
	});
});
