import { describe, expect, test } from "bun:test";
import {
	type CaptureHealth,
	captureEntries,
	type Entry,
	type TunnelHealth,
	tunnelEntries,
	type Writing,
} from "../../src/summary/entries.ts";

/** Marks what each way of writing was asked for. */
const writing: Writing = {
	name: (name) => `{${name}}`,
	moment: (time) => `[${time}]`,
	duration: (ms) => `${ms} ms`,
	times: "times",
};
const health: TunnelHealth = {
	round_trip_seconds: { median: 0.1834, p95: 0.612 },
	response_duration_seconds: { median: 0.0042, p95: 12.34 },
	retransmission_ratio_out: 0.0132,
	retransmission_ratio_in: 0.14,
	unanswered_ratio: 0.0004,
	unanswered_queries: 20_113,
	truncated_responses: 7,
	overhead: 2.34,
	edns_below_1232_ratio: 0,
	responses_by_rcode: { FORMERR: 61_204, NOERROR: 33_100_000 },
	refused: {},
};
const capture: CaptureHealth = {
	interface: "eth0",
	ports: [53, 5353],
	up: true,
	since: "2026-11-24T20:29:00.000Z",
	reopened: 1_234,
	malformed_packets: { udp_length: 3, dns_truncated: 2 },
	received: 1_000,
	dropped_by_kernel: 0,
	dropped_by_interface: 0,
};
const time = "2026-11-24T20:30:00.000Z";

/** Each entry as one line. */
const lines = (entries: readonly Entry[]) =>
	entries.map(({ title, value, note, state }) => [title, value, note, ...(state ? [state] : [])].join(" | "));
const tunnelLines = (more: Partial<TunnelHealth> = {}) => lines(tunnelEntries({ ...health, ...more }, writing));
const captureLines = (more: Partial<CaptureHealth> = {}) =>
	lines(captureEntries({ ...capture, ...more }, time, writing));

describe("the tunnel's entries", () => {
	test("have each figure with its note, and sums with what they are made of, the most first", () => {
		expect(tunnelLines()).toEqual([
			"Round trip | 183 ms | 95 % within 612 ms",
			"Response time | 4.2 ms | 95 % within 12.3 s",
			"Retransmitted | 1.3 % | to clients (from clients 14 %)",
			"Unanswered | < 0.1 % | 20,113 queries; truncated responses: 7",
			"Overhead | 2.3 times | bytes of DNS messages per byte carried",
			"Small EDNS | 0 % | queries through resolvers that accept less than 1,232 bytes",
			"Responses | 33.2 M | {NOERROR} 33.1 M, {FORMERR} 61,204",
			"Refused | 0 | none yet",
		]);
	});

	test("have a dash for what was not measured", () => {
		const unmeasured = tunnelLines({
			...{ round_trip_seconds: null, response_duration_seconds: null, overhead: null, edns_below_1232_ratio: null },
			...{ retransmission_ratio_out: null, retransmission_ratio_in: null, unanswered_ratio: null },
		});
		expect(unmeasured.slice(0, 6)).toEqual([
			"Round trip | – | not measured yet",
			"Response time | – | not measured yet",
			"Retransmitted | – | to clients (from clients –)",
			"Unanswered | – | 20,113 queries; truncated responses: 7",
			"Overhead | – | bytes of DNS messages per byte carried",
			"Small EDNS | – | queries through resolvers that accept less than 1,232 bytes",
		]);
	});

	test.each([
		[9.94, "9.9 times"],
		[10, "10 times"],
		[123.4, "123 times"],
	])("have an overhead of %d as %s", (overhead, value) => {
		expect(tunnelLines({ overhead })[4]).toStartWith(`Overhead | ${value} | `);
	});
});

describe("the capture's entries", () => {
	test("say since when it is open, and how much came and was lost", () => {
		expect(captureLines()).toEqual([
			"Interface | {eth0} | UDP port 53, 5353",
			"State | open | since [2026-11-24T20:29:00.000Z] (60000 ms), reopened 1,234 times | good",
			"Packets | 1,000 | 5 of them malformed",
			"Lost | 0 | none",
		]);
	});

	test("say that it is closed", () => {
		expect(captureLines({ up: false })[1]).toBe(
			"State | closed | reopening is tried every few seconds; the log says why it fails | bad",
		);
	});

	test("tell losses from none", () => {
		expect(captureLines({ dropped_by_kernel: 1 })[3]).toMatch(/^Lost \| 1 \| 0\.1 %: kernel 1, .* \| poor$/);
	});
});
