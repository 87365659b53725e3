/** The exporter's health figures of the recorded captures against an independent count, in Python on tshark's output. */
import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import type { Report } from "../../src/commands/inspect/report.ts";
import { captureNames, capturePath, recordedDomain } from "../main/captures.ts";
import { inspectJson, runExporter } from "../support/exporter.ts";
import { parseExposition } from "../support/exposition.ts";
import { runCommand } from "../support/process.ts";

interface DirectionCount {
	readonly packet_bytes: number;
	readonly pushes: number;
	readonly retransmissions: number;
	readonly acks: number;
	/** Data that each client was sent or sent, without what was repeated; ascending. */
	readonly data_bytes_by_client: readonly number[];
}

interface Count {
	readonly queries: number;
	readonly polls: number;
	readonly data_queries: number;
	readonly responses: number;
	readonly up: DirectionCount;
	readonly down: DirectionCount;
	readonly round_trips: number;
	/** Acknowledgements that came again, or after a later one. */
	readonly overtaken_acks: number;
	readonly round_trip_median_seconds: number;
}

const flags = ["--dnstt.domain", recordedDomain];
const canCount = Bun.which("tshark") !== null && Bun.which("python3") !== null;

/** Sizes of the files that the clients of a capture fetched through the tunnel. */
const fetchedBytes = {
	"direct-ipv4": [2_000, 60_000, 250_000],
	"unbound-0x20-ipv4": [2_000, 60_000, 250_000],
	"any-sll2-ipv4": [60_000, 250_000],
} as const;

async function countOf(name: string): Promise<Count> {
	const script = resolve(import.meta.dir, "count-segments.py");
	const { code, stdout, stderr } = await runCommand(["python3", script, capturePath(name), recordedDomain]);
	if (code !== 0) throw new Error(`count-segments.py ended with ${code}: ${stderr}`);
	return JSON.parse(stdout);
}

describe.skipIf(!canCount).each(captureNames)("%s", (name) => {
	test("has the independent count's segments, retransmissions, bytes and round trips in the report", async () => {
		const [expected, report] = await Promise.all([countOf(name), inspectJson<Report>(capturePath(name), flags)]);
		const health = report.domains[0]?.health;
		expect(health).toMatchObject({
			polls: expected.polls,
			data_queries: expected.data_queries,
			packet_bytes_in: expected.up.packet_bytes,
			packet_bytes_out: expected.down.packet_bytes,
			segments_in: expected.up.pushes,
			segments_out: expected.down.pushes,
			retransmissions_in: expected.up.retransmissions,
			retransmissions_out: expected.down.retransmissions,
			round_trip_seconds: { count: expected.round_trips },
			response_duration_seconds: { count: expected.responses },
			edns_below_1232_ratio: 0,
		});
		// A median that is read from cells is off by a cell at most, and the offset, of whole milliseconds, was not known from the start.
		const median = health?.round_trip_seconds?.median ?? Number.NaN;
		const exact = expected.round_trip_median_seconds;
		expect(Math.abs(median - exact)).toBeLessThan(exact / 16 + 0.001);
	});

	test("has the same in the metrics", async () => {
		const [expected, { stdout }] = await Promise.all([
			countOf(name),
			runExporter(["inspect", "--format=prometheus", ...flags, capturePath(name)]),
		]);
		const samples = parseExposition(stdout);
		const value = (metric: string) => samples.value(metric, { domain: recordedDomain });
		expect({
			polls: value("dnstt_polls_total"),
			up: [value("dnstt_packet_bytes_in_total"), value("dnstt_segments_in_total")],
			down: [value("dnstt_packet_bytes_out_total"), value("dnstt_segments_out_total")],
			retransmissions: [value("dnstt_retransmissions_in_total"), value("dnstt_retransmissions_out_total")],
			trips: value("dnstt_round_trip_seconds_count"),
			faults: ["format", "sequence", "echo", "ack_order"].map((reason) =>
				samples.value("dnstt_exporter_segment_faults_total", { reason }),
			),
		}).toEqual({
			polls: expected.polls,
			up: [expected.up.packet_bytes, expected.up.pushes],
			down: [expected.down.packet_bytes, expected.down.pushes],
			retransmissions: [expected.up.retransmissions, expected.down.retransmissions],
			trips: expected.round_trips,
			faults: [0, 0, 0, expected.overtaken_acks],
		});
	});

	test("carried at least the file that each client fetched, and the exporter saw no less", async () => {
		const [expected, report] = await Promise.all([countOf(name), inspectJson<Report>(capturePath(name), flags)]);
		const fetched = fetchedBytes[name];
		expect(expected.down.data_bytes_by_client).toHaveLength(fetched.length);
		for (const [index, bytes] of fetched.entries()) {
			const carried = expected.down.data_bytes_by_client[index] ?? 0;
			expect(carried).toBeGreaterThanOrEqual(bytes);
			// HTTP, Noise and smux add little: less than a third, and some hundred bytes.
			expect(carried).toBeLessThan(bytes * 1.3 + 500);
		}
		const sum = fetched.reduce<number>((total, bytes) => total + bytes, 0);
		expect(report.domains[0]?.health.packet_bytes_out).toBeGreaterThanOrEqual(sum);
	});
});

test.skipIf(!canCount)("the count that was made by hand: 580 pushes to clients, 84 of them again", async () => {
	const { down } = await countOf("direct-ipv4");
	expect([down.pushes, down.retransmissions]).toEqual([580, 84]);
});
