import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ExporterOptions, startExporter } from "../support/exporter.ts";
import {
	carriages,
	dnsttQuery,
	dnsttResponse,
	ethernetFrame,
	randomBytes,
	rewrap,
	seededRandom,
	udpPacket,
	wrappings,
} from "../support/frames.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "../support/netns.ts";
import type { CaptureRecord } from "../support/pcapfile.ts";
import {
	type CaptureName,
	captureNames,
	capturePath,
	countsIn,
	expectedCounts,
	metricCounts,
	recordedDomain,
	recordedPackets,
} from "./captures.ts";

const root = haveNetns();

describe.skipIf(!root)("live between two network namespaces", () => {
	let network: Network;
	let server: Namespace;
	let resolver: Namespace;

	beforeAll(() => {
		network = makeNetwork();
		server = network.namespace("server");
		resolver = network.namespace("resolver");
		network.veth({ namespace: server, interfaceName: "tunnel0" }, { namespace: resolver, interfaceName: "wan0" });
	});
	afterAll(() => network?.remove());

	const start = (options: Omit<ExporterOptions, "namespace">) => startExporter({ ...options, namespace: server });

	/** Sends frames to a fresh exporter and compares what it counted. */
	async function countsAre(name: CaptureName, interfaceName: string, send: () => Promise<void>): Promise<void> {
		await using exporter = await start({
			flags: ["--dnstt.domain", recordedDomain, "--capture.interface", interfaceName],
		});
		const expected = metricCounts(await expectedCounts(name));
		await send();
		const samples = await exporter.metricsWhen((read) => {
			const counts = countsIn(read);
			return counts.queries >= expected.queries && counts.bytes_out >= expected.bytes_out;
		});
		expect(countsIn(samples)).toEqual(expected);
		const labels = { interface: interfaceName, by: "kernel" };
		expect(samples.value("dnstt_exporter_packets_dropped_total", labels)).toBe(0);
		expect(samples.sum("dnstt_exporter_malformed_packets_total")).toBe(0);
	}

	describe.each(["tunnel0", "any"])("on %s", (interfaceName) => {
		test.each(captureNames.filter((name) => name !== "any-sll2-ipv4"))(
			"%s, replayed with tcpreplay, has the independent counts",
			async (name) => {
				await countsAre(name, interfaceName, () => resolver.sendCapture(capturePath(name), "wan0"));
			},
		);

		const rows = [
			["Ethernet", "IPv4 with options"],
			["Ethernet, 802.1Q", "IPv4"],
			["Ethernet, QinQ 0x88a8 + 0x8100", "IPv4"],
			["Ethernet, QinQ 0x8100 + 0x8100", "IPv6"],
			["Ethernet with padding behind the datagram", "IPv4"],
			["Ethernet", "IPv6"],
			["Ethernet", "IPv6 with hopByHop, destinationOptions, routing, fragment, authentication"],
			["Ethernet, 802.1Q", "IPv6 with fragment"],
		] as const;
		test.each(rows)("%s with %s has the same counts", async (frames, headers) => {
			const wrapping = wrappings.find(({ title }) => title === frames);
			const carriage = carriages.find(({ title }) => title === headers);
			if (wrapping === undefined || carriage === undefined) throw new Error("no such frames");
			const name = "any-sll2-ipv4";
			const records = rewrap(await recordedPackets(name), { title: "", wrapping, carriage });
			await countsAre(name, interfaceName, () => resolver.sendFrames(records, "wan0"));
		});
	});

	test("several domains and ports are watched at once, and the longest matching domain wins", async () => {
		const random = seededRandom(7);
		const client = { address: "192.0.2.1", port: 40_000 };
		const host = "198.51.100.1";
		const id = randomBytes(random, 8);
		const traffic: CaptureRecord[] = [];
		const bytes = { in: 0, out: 0 };
		const send = (domain: string, port: number, clientId: Uint8Array) => {
			const query = dnsttQuery({ domain, clientId, padding: [randomBytes(random, 8)] });
			const response = dnsttResponse(query, [randomBytes(random, 50)]);
			bytes.in = query.length;
			bytes.out = response.length;
			const there = udpPacket({
				...{ source: client.address, destination: host, payload: query },
				...{ sourcePort: client.port, destinationPort: port },
			});
			const back = udpPacket({
				...{ source: host, destination: client.address, payload: response },
				...{ sourcePort: port, destinationPort: client.port },
			});
			traffic.push(
				{ timeNs: BigInt(traffic.length) * 1_000_000n, bytes: ethernetFrame(there, "in") },
				{ timeNs: BigInt(traffic.length) * 1_000_000n, bytes: ethernetFrame(back, "out") },
			);
		};
		// One client id in three tunnels is three sessions, whatever the port; more of them in the last.
		for (let count = 0; count < 3; count++) send("T.example.com", 53, id);
		for (let count = 0; count < 5; count++) send("deep.t.example.com", 5353, id);
		for (let count = 0; count < 7; count++) send("other.example", count % 2 === 0 ? 53 : 5353, randomBytes(random, 8));
		send("t.example.com", 54, id); // No port of ours.
		send("xt.example.com", 53, id); // Ends in the domain's letters, but not in its labels.

		await using exporter = await start({
			flags: [
				...["-dnstt.domain", "t.example.com", "-dnstt.domain=deep.t.example.com,other.example"],
				...["--dnstt.port=53,5353", "--capture.interface=tunnel0"],
			],
		});
		await resolver.sendFrames(traffic, "wan0");
		const samples = await exporter.metricsWhen((read) => read.sum("dnstt_queries_total") >= 15);
		const figures = (domain: string) =>
			["queries", "sessions", "bytes_in", "bytes_out"].map((name) => samples.value(`dnstt_${name}_total`, { domain }));
		expect(figures("t.example.com").slice(0, 2)).toEqual([3, 1]);
		expect(figures("deep.t.example.com").slice(0, 2)).toEqual([5, 1]);
		expect(figures("other.example").slice(0, 2)).toEqual([7, 7]);
		expect(samples.sum("dnstt_queries_total")).toBe(15);
		expect(samples.value("dnstt_active_clients", { domain: "other.example" })).toBe(7);
		expect(samples.value("dnstt_exporter_unrelated_packets_total", { reason: "domain" })).toBe(2);
	});
});
