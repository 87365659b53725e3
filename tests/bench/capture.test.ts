import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { inspectJson } from "../support/exporter.ts";
import { readPcap } from "../support/pcapfile.ts";
import { standardTraffic } from "./capture.ts";
import { compared } from "./inspect.ts";
import { domain, resolverAddress, type TrafficCounts, type TrafficOptions, writeTraffic } from "./traffic.ts";

const small: TrafficOptions = { ...standardTraffic, packets: 10_000, sessions: 200, resolvers: 20 };

function written(options: TrafficOptions): { readonly file: Uint8Array; readonly counts: TrafficCounts } {
	const chunks: Uint8Array[] = [];
	const counts = writeTraffic(options, (chunk) => chunks.push(chunk.slice()));
	return { file: Buffer.concat(chunks), counts };
}

const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("the capture that is measured on", () => {
	const { file, counts } = written(small);

	test("is the same for the same options, and another for another seed", () => {
		expect(hashOf(written(small).file)).toBe(hashOf(file));
		expect(hashOf(written({ ...small, seed: 2 }).file)).not.toBe(hashOf(file));
	});

	test("has the shares of traffic that it says", () => {
		expect(counts.packets).toBe(10_000);
		expect(counts.strays).toBe(200);
		expect(counts.queries).toBe(4_900);
		expect(counts.responses).toBe(4_900);
		expect(counts.sessions).toBe(200);
		expect(counts.mixedCase / 9_800).toBeCloseTo(0.25, 1);
	});

	test("holds as many frames, in order of time, within its time", () => {
		const { records } = readPcap(file);
		expect(records.length).toBe(10_000);
		const times = records.map(({ timeNs }) => Number(timeNs / 1_000n) / 1e6 - small.startSeconds);
		expect(times.toSorted((one, other) => one - other)).toEqual(times);
		expect(times[0]).toBeGreaterThanOrEqual(0);
		expect(times.at(-1)).toBeLessThan(small.seconds);
		expect(times.at(-1)).toBeGreaterThan(small.seconds * 0.99);
	});

	for (const kind of ["mixed", "polls"] as const) {
		test(`of ${kind} has the counts that the exporter finds in it`, async () => {
			const made = written({ ...small, kind });
			const rows = compared(await inspectJson(made.file, [`--dnstt.domain=${domain}`]), made.counts);
			expect(rows.map(([what, reported]) => [what, reported])).toEqual(
				rows.map(([what, , expected]) => [what, expected]),
			);
		});
	}

	test("of VayDNS has the counts that the exporter finds in it", async () => {
		const made = written({ ...small, wire: "vaydns" });
		const rows = compared(await inspectJson(made.file, [`--vaydns.domain=${domain}`]), made.counts);
		expect(rows.map(([what, reported]) => [what, reported])).toEqual(
			rows.map(([what, , expected]) => [what, expected]),
		);
	});

	test("has a poll of each session and nothing else when it is of polls", () => {
		const polls = written({ ...small, kind: "polls" }).counts;
		expect(polls).toMatchObject({ packets: 200, queries: 200, sessions: 200, responses: 0, strays: 0 });
	});

	test("gives each of 65,536 resolvers an address of its own in 10.0.0.0/8", () => {
		const addresses = new Set(Array.from({ length: 65_536 }, (_, index) => resolverAddress(index)));
		expect(addresses.size).toBe(65_536);
		expect([...addresses].every((address) => address >>> 24 === 10)).toBe(true);
	});
});
