import { describe, expect, test } from "bun:test";
import { LabelSets } from "../../src/track/labels.ts";

const other = 1;
const setsOf = (limit: number, domains = 2) => new LabelSets({ domains, limit, originsMax: 12, otherOrigin: other });
/** "domain/origin" of a set. */
const meaning = (sets: LabelSets, set: number) => `${sets.domains[set]}/${sets.origins[set]}`;

describe("LabelSets", () => {
	test("a set keeps its number", () => {
		const sets = setsOf(5);
		const first = sets.of(0, 2);
		const second = sets.of(1, 2);
		expect(second).not.toBe(first);
		expect([sets.of(0, 2), sets.of(1, 2), sets.size]).toEqual([first, second, 2]);
		expect([meaning(sets, first), meaning(sets, second)]).toEqual(["0/2", "1/2"]);
	});

	test("the limit's last set is one of its own, the next is its domain's \"other\"", () => {
		const sets = setsOf(3);
		expect([2, 3, 4].map((origin) => meaning(sets, sets.of(0, origin)))).toEqual(["0/2", "0/3", "0/4"]);
		expect(sets.overflowed).toBe(0);
		expect(meaning(sets, sets.of(0, 5))).toBe("0/1");
		expect(meaning(sets, sets.of(1, 2))).toBe("1/1");
		expect([sets.size, sets.overflowed, sets.sizeMax]).toEqual([5, 2, 5]);
	});

	test("beyond the limit known sets are still their own", () => {
		const sets = setsOf(1);
		const first = sets.of(0, 7);
		sets.of(0, 8);
		expect(sets.of(0, 7)).toBe(first);
		expect(sets.overflowed).toBe(1);
	});

	test('"other" asked for by name takes no room from the rest, and counts as an overflow of the origins', () => {
		const sets = setsOf(2);
		const named = sets.of(0, other);
		expect([2, 3].map((origin) => meaning(sets, sets.of(0, origin)))).toEqual(["0/2", "0/3"]);
		expect(sets.of(0, 4)).toBe(named);
		expect(sets.overflowed).toBe(2);
	});

	test("every number is below sizeMax, whatever is asked for", () => {
		const sets = setsOf(4, 3);
		for (let origin = 0; origin < 12; origin++) {
			for (let domain = 0; domain < 3; domain++) expect(sets.of(domain, origin)).toBeLessThan(sets.sizeMax);
		}
		expect(sets.size).toBeLessThanOrEqual(sets.sizeMax);
	});
});
