import { describe, expect, test } from "bun:test";
import { createScrape } from "../../src/exporter/scrape.ts";
import { catalog } from "../../src/metrics/catalog.ts";
import { observedDomains, Traffic } from "../metrics/traffic.ts";
import { parseExposition } from "../support/exposition.ts";

/** A scrape whose clock goes on by `stepUs` whenever it is read: about the time that one metric takes. */
async function prepared({ stepUs = 0 } = {}) {
	const { sources, send } = await observedDomains();
	const counts = { passed: 0, collected: 0 };
	let nowUs = 0;
	const render = createScrape({
		sources,
		passTime: () => void counts.passed++,
		collect: () => void counts.collected++,
		monotonicUs: () => {
			nowUs += stepUs;
			return nowUs;
		},
	});
	return { render, send, counts };
}

/** What the event loop's turns do during `work`, and how many there were. */
async function turnsDuring(work: () => Promise<unknown>, onTurn: () => void = () => {}): Promise<number> {
	let turns = 0;
	let isDone = false;
	const next = () =>
		setImmediate(() => {
			if (isDone) return;
			turns++;
			onTurn();
			next();
		});
	next();
	await work();
	isDone = true;
	return turns;
}

describe("a scrape", () => {
	test("lets the capture be read between two metrics that take long", async () => {
		const { render } = await prepared({ stepUs: 5_000 });
		expect(await turnsDuring(render)).toBeGreaterThanOrEqual(Object.keys(catalog).length);
	});

	test("holds what was read between two of its metrics", async () => {
		const { render, send } = await prepared({ stepUs: 5_000 });
		const traffic = new Traffic().exchange(1, "192.0.2.1");
		let turns = 0;
		let text = "";
		await turnsDuring(
			async () => {
				text = Buffer.concat(await render()).toString();
			},
			() => {
				// The turn before the first metric is over.
				if (++turns === 2) send(traffic.records);
			},
		);
		const samples = parseExposition(text);
		expect(samples.sum("dnstt_bytes_out_total")).toBe(traffic.bytesOut);
	});

	test("does not wait after each metric where all are quick", async () => {
		const { render } = await prepared({ stepUs: 100 });
		expect(await turnsDuring(render)).toBeLessThan(Object.keys(catalog).length / 4);
	});

	test("lets time pass first, once", async () => {
		const { render, counts } = await prepared();
		await render();
		expect(counts.passed).toBe(1);
	});

	test("has its garbage collected after 600,000 characters of this one and earlier ones", async () => {
		const { render, counts } = await prepared();
		let characters = 0;
		while (counts.collected === 0) {
			expect(characters).toBeLessThanOrEqual(600_000);
			const parts = await render();
			// Each begins with the line end that joins it to the one before.
			characters += parts.reduce((sum, part) => sum + part.length, 0) - 2 * parts.length + 1;
		}
		expect(characters).toBeGreaterThan(600_000);
	});
});
