import { describe, expect, test } from "bun:test";
import { catalog } from "../../src/metrics/catalog.ts";
import { createExposition } from "../../src/metrics/exposition.ts";
import { heldUsMax } from "../../src/wasm/shared/limits.ts";
import { parseExposition } from "../support/exposition.ts";
import { observedDomains, Traffic } from "./traffic.ts";

const labels = { domain: "t.example.com" };

const textOf = (parts: readonly Uint8Array[]) => Buffer.concat(parts).toString();

describe("an exposition", () => {
	test("has help and type of every metric in the catalog, and the process's own", async () => {
		const { sources } = await observedDomains();
		const exposition = createExposition(sources, async () => {});
		const text = textOf(await exposition.render());
		for (const { name, help, type } of Object.values(catalog)) {
			expect(text).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`);
		}
		const { types } = parseExposition(text);
		const others = [...types.keys()].filter((name) => !name.startsWith("dnstt_"));
		expect(others).toContain("process_resident_memory_bytes");
		expect(others).toContain("process_cpu_seconds_total");
		// Of no use: addresses that the runtime reserved.
		expect(others).not.toContain("process_heap_bytes");
		expect(others.filter((name) => !name.startsWith("process_"))).toEqual([]);
		expect(text).toEndWith("\n");
		expect(exposition.contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
	});

	test("has the values as they are at each rendering", async () => {
		const { sources, send } = await observedDomains();
		const exposition = createExposition(sources, async () => {});
		const value = async (name: string) => parseExposition(textOf(await exposition.render())).value(name, labels);
		expect(await value("dnstt_queries_total")).toBe(0);
		send(new Traffic().exchange(1, "192.0.2.1").records);
		expect(await value("dnstt_queries_total")).toBe(1);
		expect(await value("dnstt_active_clients")).toBe(1);
	});

	test.each([
		["to the last microsecond of the window", 0, 1],
		["not a microsecond longer", 1, 0],
	])("has a silent client %s", async (_, moreUs, active) => {
		const { sources, send } = await observedDomains();
		const { records } = new Traffic().exchange(1, "192.0.2.1");
		send(records);
		const exposition = createExposition(sources, async () => {});
		const queryUs = Number((records[0]?.timeNs ?? 0n) / 1000n);
		sources.tracker.advance(queryUs + 30_000_000 + heldUsMax + moreUs);
		const samples = parseExposition(textOf(await exposition.render()));
		expect(samples.value("dnstt_active_clients", labels)).toBe(active);
		expect(samples.value("dnstt_peak_clients", labels)).toBe(1);
		expect(samples.value("dnstt_sessions_total", labels)).toBe(1);
	});

	test("lets others breathe behind every metric, and waits for them", async () => {
		const { sources } = await observedDomains();
		let breathing = 0;
		let breaths = 0;
		const exposition = createExposition(sources, async () => {
			breathing++;
			expect(breathing).toBe(1);
			await Promise.resolve();
			breathing--;
			breaths++;
		});
		await exposition.render();
		expect(breathing).toBe(0);
		expect(breaths).toBeGreaterThanOrEqual(Object.keys(catalog).length);
	});
});
