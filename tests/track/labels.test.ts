import { describe, expect, test } from "bun:test";
import { ProcessCell } from "../../src/track/cells.ts";
import { partsOf, trackerOf } from "./observing.ts";

const other = 1;

/** Label sets of their own, of up to twelve origins. */
function setsOf(limit: number, domains = 2) {
	const { parts } = partsOf();
	parts.setUpLabelSets(domains, limit, 12, other);
	const sizeMax = limit + domains;
	const { buffer } = parts.memory;
	const process = new Float64Array(buffer, parts.processRow(), ProcessCell.Width);
	return {
		of: parts.labelSetOf,
		get size() {
			return parts.labelSetsSize();
		},
		sizeMax,
		get overflowed() {
			return process[ProcessCell.Overflowed];
		},
		domains: new Int32Array(buffer, parts.labelSetDomains(), sizeMax),
		origins: new Int32Array(buffer, parts.labelSetOrigins(), sizeMax),
	};
}

type Sets = ReturnType<typeof setsOf>;
/** "domain/origin" of a set. */
const meaning = (sets: Sets, set: number) => `${sets.domains[set]}/${sets.origins[set]}`;

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

	test("the tracker has room for the limit and one more a domain", () => {
		expect(trackerOf({ labelSetsMax: 4, domains: 3 }).sets.sizeMax).toBe(setsOf(4, 3).sizeMax);
	});
});
