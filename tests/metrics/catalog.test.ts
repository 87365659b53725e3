import { describe, expect, test } from "bun:test";
import { catalog, type MetricEntry } from "../../src/metrics/catalog.ts";

const entries: readonly MetricEntry[] = Object.values(catalog);

describe("the catalog", () => {
	test("has each name once", () => {
		expect(entries.map(({ name }) => name).toSorted()).toEqual(
			[...new Set(entries.map(({ name }) => name))].toSorted(),
		);
	});

	test("has the six metrics of the Go exporter with its types and labels", () => {
		const sets = entries.filter(({ name }) =>
			/^dnstt_((queries|bytes_in|bytes_out|sessions)_total|(active|peak)_clients)$/.test(name),
		);
		expect(sets.map(({ name, type, labels }) => [name, type, labels]).toSorted()).toEqual([
			["dnstt_active_clients", "gauge", "set"],
			["dnstt_bytes_in_total", "counter", "set"],
			["dnstt_bytes_out_total", "counter", "set"],
			["dnstt_peak_clients", "gauge", "set"],
			["dnstt_queries_total", "counter", "set"],
			["dnstt_sessions_total", "counter", "set"],
		]);
	});

	describe.each(entries.map((entry) => [entry.name, entry] as const))("%s", (name, entry) => {
		test("is named as Prometheus asks: prefix, _total for counters alone, base units", () => {
			expect(name).toMatch(/^dnstt_[a-z][a-z_]*[a-z]$/);
			expect(name.endsWith("_total")).toBe(entry.type === "counter");
			expect(name).not.toMatch(/_(milliseconds|ms|minutes|kilobytes|percent|count|sum|bucket)(_|$)/);
		});

		test("has a help text of one line that is a sentence", () => {
			expect(entry.help).toMatch(/^\S[^\n]*\S\.$/);
		});

		test("has labels that hold neither address nor client id", () => {
			const labels = typeof entry.labels === "string" ? [] : entry.labels;
			expect(new Set(labels).size).toBe(labels.length);
			for (const label of labels) {
				expect(label).toMatch(/^[a-z]+(_[a-z]+)*$/);
				expect(["address", "resolver", "client", "session", "id"]).not.toContain(label);
			}
		});
	});
});
