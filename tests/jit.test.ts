import { afterEach, beforeEach, describe, expect, type Mock, spyOn, test } from "bun:test";
import { charactersMany, lookupsMany } from "../src/jit.ts";
import { createExposition } from "../src/metrics/exposition.ts";
import { Traffic } from "./metrics/traffic.ts";
import { configOf, observed } from "./support/observed.ts";

describe("compiling as usual", () => {
	let policy: Mock<typeof Bun.unsafe.setJITPolicy>;
	beforeEach(() => {
		policy = spyOn(Bun.unsafe, "setJITPolicy").mockImplementation(() => {});
	});
	afterEach(() => policy.mockRestore());

	/** Observes a client of each domain, and gives the characters of the longest metric of a scrape. */
	async function longestOf(domains: readonly string[]): Promise<number> {
		const { sources, send } = await observed(configOf({ "dnstt.domain": domains.join(",") }));
		for (const domain of domains) send(new Traffic().exchange(1, "192.0.2.1", domain).records);
		let longest = 0;
		const exposition = createExposition(sources, async (characters) => {
			longest = Math.max(longest, characters);
		});
		await exposition.render();
		return longest;
	}

	test("begins with a scrape that has a long metric", async () => {
		expect(await longestOf(["t.example.com"])).toBeLessThan(charactersMany);
		expect(policy).not.toHaveBeenCalled();
		const long = `${"a".repeat(63)}.${"b".repeat(63)}.example.com`;
		const domains = Array.from({ length: 16 }, (_, index) => `t${index}.${long}`);
		expect(await longestOf(domains)).toBeGreaterThanOrEqual(charactersMany);
		expect(policy).toHaveBeenCalledWith(1);
	});

	test("begins with many resolvers, each of which counts once", async () => {
		const { send, tracker } = await observed();
		const each = 500;
		const pass = (first: number) => {
			const traffic = new Traffic();
			for (let number = first; number < first + each; number++)
				traffic.exchange(1, `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`);
			send(traffic.records);
		};
		for (let first = 0; first < lookupsMany - each; first += each) pass(first);
		pass(0);
		expect(tracker.queries.total([0])).toBe(lookupsMany);
		expect(policy).not.toHaveBeenCalled();
		pass(lookupsMany - each);
		expect(policy.mock.calls).toEqual([[1]]);
	});
});
