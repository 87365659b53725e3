/** Small captures with known figures, from simulation and practice. */
import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import type { Report } from "../../src/commands/inspect/report.ts";
import { inspectJson } from "../support/exporter.ts";

async function inspected(name: string) {
	const path = resolve(import.meta.dir, "cases", `${name}.pcap`);
	const report = await inspectJson<Report>(path, ["--dnstt.domain", "t.example.com"]);
	const domain = report.domains[0];
	if (domain === undefined) throw new Error(`${name} has no domain`);
	return { sentences: report.conditions.map(({ sentence }) => sentence), domain, health: domain.health };
}

describe("segments sent again by clients", () => {
	test("are those that were lost before the server: one", async () => {
		const { health } = await inspected("lost-then-resent");
		expect([health.segments_in, health.retransmissions_in]).toEqual([3, 1]);
	});

	test("are none of a client that starts again under its old id", async () => {
		const { health } = await inspected("new-conversation");
		expect([health.segments_in, health.retransmissions_in]).toEqual([400, 0]);
	});
});

test("the same query again while the first waits: both are answered, and both answers are read", async () => {
	const { domain, health } = await inspected("same-query-again-before-answer");
	expect(domain).toMatchObject({ queries: 2, responses: 2, responses_by_rcode: { NOERROR: 2 } });
	expect(health).toMatchObject({ segments_out: 2, unanswered_ratio: 0 });
});

describe("eight queries of one flow", () => {
	test.each(["gro-the-same-8-queries", "gro-8-queries-in-1-frame"])("are eight in %s", async (name) => {
		const { domain } = await inspected(name);
		expect(domain).toMatchObject({ queries: 8, bytes_in: 920, refused_queries: 0 });
	});
});

test("a response in two fragments answers its query, with its full length", async () => {
	const { domain } = await inspected("response-in-2-fragments-1");
	expect(domain).toMatchObject({ queries: 1, responses: 1, bytes_out: 1_613, responses_by_rcode: { NOERROR: 1 } });
});

describe("round trips of 50 ms", () => {
	test("stay so where the file's clock steps forward by 3 s; seven are left out, and the step is reported", async () => {
		const { health, sentences } = await inspected("step3");
		expect(health.round_trip_seconds?.count).toBe(1_493);
		expect(health.round_trip_seconds?.p95).toBeLessThan(0.051);
		expect(sentences.filter((sentence) => sentence.includes("forward by more than a second once"))).toHaveLength(1);
	});

	test("are all 300 of a client's beside one that falls silent and returns", async () => {
		const { health, sentences } = await inspected("stale-1-8");
		expect(health.round_trip_seconds?.count).toBe(300);
		expect(health.round_trip_seconds?.p95).toBeLessThan(0.051);
		expect(sentences.join()).not.toContain("Time stamps");
	});
});
