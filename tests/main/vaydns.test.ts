/** The recorded VayDNS traffic, with what two independent decoders counted in it: from files, in other frames, beside dnstt's, and live. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { LinkType } from "../../src/capture/source.ts";
import type { Report } from "../../src/commands/inspect/report.ts";
import type { RecordTypeName } from "../../src/tunnel.ts";
import { inspectJson, startExporter } from "../support/exporter.ts";
import {
	encodeName,
	ethernetFrame,
	type PacketRecord,
	packetsOf,
	rewrap,
	rewrappings,
	takeApart,
	udpPacket,
	wrappings,
} from "../support/frames.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "../support/netns.ts";
import { type CaptureRecord, readPcapFile, writePcap } from "../support/pcapfile.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { captureNames, capturePath, countsOf, expectedCounts, recordedDomain } from "./captures.ts";

interface Expected {
	readonly queries: number;
	readonly bytes_in: number;
	readonly responses: number;
	readonly bytes_out: number;
	readonly polls: number;
	readonly pushes_in: number;
	readonly rejected: number;
	readonly sessions: number;
	readonly peak: number;
	readonly active_at_end: number;
	readonly packet_bytes_out: number;
	readonly segments_out: number;
	readonly retransmissions_out: number;
}

interface VaydnsCapture {
	readonly name: string;
	readonly recordType: RecordTypeName;
	readonly clientIdSize: number;
	readonly expected: Expected;
}

const folder = resolve(import.meta.dir, "../captures/vaydns");
const pathOf = (name: string) => resolve(folder, `${name}.pcap`);
const captures: readonly VaydnsCapture[] = await Promise.all(
	["a", "cname", "srv", "txt", "unbound-txt", "unbound-txt-id4-ipv6"].map(async (name) => {
		// The model of the decoder is held against packets_out.
		const { record_type, clientid_size, packets_out, ...expected } = await Bun.file(
			resolve(folder, `${name}.expected.json`),
		).json();
		return { name, recordType: record_type, clientIdSize: clientid_size, expected };
	}),
);

const flagsOf = ({ recordType, clientIdSize }: VaydnsCapture, domain = recordedDomain) => [
	...["--vaydns.domain", domain, "--vaydns.record-type", recordType],
	...["--vaydns.clientid-size", String(clientIdSize)],
];

function figuresOf(report: Report, domain = recordedDomain): Expected {
	const health = report.domains.find((row) => row.domain === domain)?.health;
	if (health === undefined) throw new Error(`the report has no domain ${domain}`);
	return {
		...countsOf(report, domain),
		polls: health.polls,
		pushes_in: health.segments_in,
		packet_bytes_out: health.packet_bytes_out,
		segments_out: health.segments_out,
		retransmissions_out: health.retransmissions_out,
	};
}

const looks = (report: Report) =>
	report.conditions.map(({ sentence }) => sentence).filter((sentence) => sentence.includes("looks like"));

describe.each(captures)("$name", (capture) => {
	test("has the independent counts", async () => {
		const report = await inspectJson<Report>(pathOf(capture.name), flagsOf(capture));
		expect(figuresOf(report)).toEqual(capture.expected);
		expect(report.domains[0]?.tunnel).toEqual({
			...{ wire: "vaydns", record_type: capture.recordType, clientid_size: capture.clientIdSize },
		});
		expect(report.malformed_packets).toEqual({});
		expect(looks(report)).toEqual([]);
	});

	const isDefault = { type: capture.recordType === "txt", size: capture.clientIdSize === 2 };
	const fits = [
		`looks like VayDNS with record type ${capture.recordType} and ids of ${capture.clientIdSize} bytes: --vaydns.domain t.example.com`,
		...(isDefault.type ? [] : [`--vaydns.record-type ${capture.recordType}`]),
		...(isDefault.size ? [] : [`--vaydns.clientid-size ${capture.clientIdSize}`]),
	].join(" ");
	test.each([
		["dnstt", ["--dnstt.domain=t.example.com"]],
		["VayDNS of type AAAA", ["--vaydns.domain=t.example.com", "--vaydns.record-type=aaaa"]],
		["VayDNS of type A", ["--vaydns.domain=t.example.com", "--vaydns.record-type=a", "--vaydns.clientid-size=2"]],
		["VayDNS with ids of 3 bytes", [...flagsOf(capture).slice(0, 4), "--vaydns.clientid-size=3"]],
		["VayDNS with ids of 8 bytes", [...flagsOf(capture).slice(0, 4), "--vaydns.clientid-size=8"]],
	] as const)("read as %s is recognised, with the flags that fit", async (title, flags) => {
		if (title.endsWith("type A") && capture.recordType === "a") return;
		const report = await inspectJson<Report>(pathOf(capture.name), flags);
		expect(looks(report)).toEqual([expect.stringContaining(`${fits}. `)]);
		const isRefused = !flags.some((flag) => flag === capture.recordType) && capture.recordType !== "txt";
		if (isRefused) expect(looks(report)[0]).toContain("so it did not refuse them");
	});
});

describe("the captures in other frames", () => {
	test.each(wrappings)("$title: each has its counts, whatever the IP headers", async ({ title }) => {
		using work = temporaryFolder();
		const chosen = rewrappings.filter(({ wrapping }) => wrapping.title === title);
		expect(chosen.length).toBeGreaterThan(0);
		await Promise.all(
			chosen.map(async (rewrapping, index) => {
				const capture = captures[(index + title.length) % captures.length] as VaydnsCapture;
				const records = rewrap(packetsOf(await readPcapFile(pathOf(capture.name))), rewrapping);
				const path = work.file(`${index}.pcap`);
				await Bun.write(path, writePcap({ linkType: rewrapping.wrapping.linkType, records }));
				expect([rewrapping.title, figuresOf(await inspectJson<Report>(path, flagsOf(capture)))]).toEqual([
					rewrapping.title,
					capture.expected,
				]);
			}),
		);
	});
});

test.each(captureNames)("%s, dnstt's traffic, is recognised when it is read as VayDNS", async (name) => {
	for (const flags of [[], ["--vaydns.record-type=a"], ["--vaydns.clientid-size=8"], ["--vaydns.record-type=null"]]) {
		const report = await inspectJson<Report>(capturePath(name), ["--vaydns.domain=t.example.com", ...flags]);
		expect(looks(report)).toEqual([
			expect.stringContaining("t.example.com looks like dnstt: --dnstt.domain t.example.com. "),
		]);
	}
	expect(looks(await inspectJson<Report>(capturePath(name), ["--dnstt.domain=t.example.com"]))).toEqual([]);
});

test("no way of reading bent queries makes them look like another tunnel", async () => {
	const types = ["txt", "null", "cname", "a", "aaaa", "mx", "ns", "srv", "caa"];
	const readings = [
		["--dnstt.domain=t.example.com"],
		["--dnstt.domain=t.example.com", "--dnstt.mtu=512"],
		...types.map((type) => ["--vaydns.domain=t.example.com", `--vaydns.record-type=${type}`]),
		...["1", "4", "8"].map((size) => ["--vaydns.domain=t.example.com", `--vaydns.clientid-size=${size}`]),
	];
	for (const flags of readings)
		expect(looks(await inspectJson<Report>(capturePath("bent-queries"), flags))).toEqual([]);
});

/** The packets of a capture as of another domain of the same length, through a resolver of their own, from a time on. */
function renamed(packets: readonly PacketRecord[], letter: string, resolver: string, startNs: bigint): PacketRecord[] {
	const domain = Buffer.from(encodeName(recordedDomain)).toString("latin1");
	const first = packets[0]?.timeNs ?? 0n;
	return packets.map(({ timeNs, direction, packet }) => {
		const { sourcePort, destinationPort, payload } = takeApart(packet);
		const message = Buffer.from(payload);
		const text = message.toString("latin1").toLowerCase();
		for (let at = text.indexOf(domain); at >= 0; at = text.indexOf(domain, at + 1)) message.write(letter, at + 1);
		const [source, destination] = direction === "in" ? [resolver, "10.77.9.9"] : ["10.77.9.9", resolver];
		const changed = { source, destination, sourcePort, destinationPort, payload: message };
		return { timeNs: timeNs - first + startNs, direction, packet: udpPacket(changed) };
	});
}

describe("dnstt and VayDNS on one host", () => {
	const work = temporaryFolder();
	const config = work.file("config.json");
	const path = work.file("both.pcap");
	const domainOf = (index: number) => `${"uvwxyz"[index]}.example.com`;
	let records: CaptureRecord[];
	beforeAll(async () => {
		const own = captures.map(({ recordType, clientIdSize }, index) => ({
			...{ name: domainOf(index), "record-type": recordType, "clientid-size": clientIdSize },
		}));
		await Bun.write(config, JSON.stringify({ dnstt: { domain: [recordedDomain] }, vaydns: { domain: own } }));
		const start = 1_800_000_000_000_000_000n;
		const files = [capturePath("direct-ipv4"), ...captures.map(({ name }) => pathOf(name))];
		const all = await Promise.all(
			files.map(async (file, index) =>
				renamed(packetsOf(await readPcapFile(file)), "tuvwxyz"[index] ?? "", `192.0.2.${index + 1}`, start),
			),
		);
		records = all
			.flat()
			.sort((a, b) => Number(a.timeNs - b.timeNs))
			.map(({ timeNs, direction, packet }) => ({ timeNs, bytes: ethernetFrame(packet, direction) }));
		await Bun.write(path, writePcap({ linkType: LinkType.EN10MB, records }));
	});
	afterAll(() => work[Symbol.dispose]());

	test("each domain has its own counts", async () => {
		const report = await inspectJson<Report>(path, ["--config.file", config]);
		const all = { ...(await expectedCounts("direct-ipv4")), active_at_end: expect.any(Number) };
		expect(countsOf(report)).toEqual(all);
		for (const [index, { expected }] of captures.entries()) {
			// Another capture may be longer by more than the active window.
			const figures = { ...expected, active_at_end: expect.any(Number) };
			expect([domainOf(index), figuresOf(report, domainOf(index))]).toEqual([domainOf(index), figures]);
		}
		expect(looks(report)).toEqual([]);
	});

	describe.skipIf(!haveNetns())("live", () => {
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

		test("each domain has its own counts on a veth", async () => {
			const flags = ["--config.file", config, "--capture.interface=tunnel0"];
			await using exporter = await startExporter({ flags, namespace: server });
			await resolver.sendFrames(records, "wan0");
			const queries = captures.reduce((sum, { expected }) => sum + expected.queries, 528);
			const bytesOut = captures.reduce((sum, { expected }) => sum + expected.bytes_out, 430_747);
			const samples = await exporter.metricsWhen(
				(read) => read.sum("dnstt_queries_total") >= queries && read.sum("dnstt_bytes_out_total") >= bytesOut,
			);
			for (const [index, { expected, recordType, clientIdSize }] of captures.entries()) {
				const domain = domainOf(index);
				const sum = (name: string) => samples.sum(name, { domain });
				const { active_at_end, responses, ...counts } = expected;
				expect({
					queries: sum("dnstt_queries_total"),
					bytes_in: sum("dnstt_bytes_in_total"),
					bytes_out: sum("dnstt_bytes_out_total"),
					polls: sum("dnstt_polls_total"),
					pushes_in: sum("dnstt_segments_in_total"),
					rejected: sum("dnstt_refused_queries_total"),
					sessions: sum("dnstt_sessions_total"),
					peak: sum("dnstt_peak_clients"),
					packet_bytes_out: sum("dnstt_packet_bytes_out_total"),
					segments_out: sum("dnstt_segments_out_total"),
					retransmissions_out: sum("dnstt_retransmissions_out_total"),
				}).toEqual(counts);
				const labels = { domain, wire: "vaydns", record_type: recordType, clientid_size: String(clientIdSize) };
				expect(samples.value("dnstt_tunnel_info", labels)).toBe(1);
			}
			expect(samples.sum("dnstt_queries_total", { domain: recordedDomain })).toBe(528);
			const dnstt = { domain: recordedDomain, wire: "dnstt", record_type: "txt", clientid_size: "8" };
			expect(samples.value("dnstt_tunnel_info", dnstt)).toBe(1);
		});
	});
});
