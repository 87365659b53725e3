import { describe, expect, test } from "bun:test";
import { Column } from "../../src/engine/column.ts";
import { bytesScale, durationScale, Histogram, type Scale, timeScale } from "../../src/engine/histogram.ts";

/** The upper ends of a scale's cells, which they hold, in units: first a unit each, then each doubling in as many parts. */
function endsOf({ cellBits, doublingMax }: Scale): number[] {
	const parts = 2 ** cellBits;
	const ends = Array.from({ length: parts }, (_, cell) => cell + 1);
	for (let doubling = cellBits; doubling <= doublingMax; doubling++) {
		for (let part = 1; part <= parts; part++) ends.push(2 ** doubling * (1 + part / parts));
	}
	return ends;
}

/** A histogram with these values of each set, in units. */
function histogramOf(scale: Scale, sets: readonly (readonly number[])[]): Histogram {
	const ends = endsOf(scale);
	const counts = new Float64Array(sets.length * ends.length);
	for (const [set, values] of sets.entries()) {
		for (const value of values) {
			const cell = set * ends.length + ends.findIndex((end) => value <= end);
			counts[cell] = (counts[cell] ?? 0) + 1;
		}
	}
	// Sums stand in rows of two, behind another count.
	const rows = Float64Array.from(sets.flatMap((values) => [7, values.reduce((sum, value) => sum + value, 0)]));
	return new Histogram(scale, cumulatorOf(counts, ends.length), new Column(rows, 2, 1));
}

/** How many values of some sets are in each cell and all below, of `cells` counts a set. */
function cumulatorOf(counts: Float64Array, cells: number): (sets: readonly number[]) => Float64Array {
	return (sets) => {
		let count = 0;
		return Float64Array.from({ length: cells }, (_, cell) => {
			for (const set of sets) count += counts[set * cells + cell] ?? 0;
			return count;
		});
	};
}

/** The distribution of one set with these values. */
const of = (scale: Scale, values: readonly number[]) => histogramOf(scale, [values]).distribution([0]);

describe.each([
	["times", timeScale],
	["sessionDurations", durationScale],
	["sessionBytes", bytesScale],
] as const)("the histogram of %s", (_, scale) => {
	test("has the sums of the sets that are asked for", () => {
		const histogram = histogramOf(scale, [[1], [10, 100], [1_000]]);
		const sums = [[0], [1], [2], [0, 2], [0, 1, 2], []].map((sets) => {
			const { count, sum } = histogram.distribution(sets);
			return [count, Math.round(sum * scale.unitsPerBase)];
		});
		expect(sums).toEqual([
			[1, 1],
			[2, 110],
			[1, 1_000],
			[2, 1_001],
			[4, 1_111],
			[0, 0],
		]);
		expect(histogram.distribution([]).quantile(0.5)).toBeNull();
	});
});

describe("a quantile", () => {
	test("lies within its cell as if the cell's values lay evenly in it", () => {
		// Of 4 to 8 seconds.
		const distribution = of(durationScale, [5, 6, 7, 8]);
		expect([0, 0.25, 0.5, 1].map((share) => distribution.quantile(share))).toEqual([4, 5, 6, 8]);
	});

	test("is in the metric's base unit", () => {
		expect(of(timeScale, [64_000]).quantile(1)).toBeCloseTo(1, 1);
		// Of 512 KiB to 1 MiB.
		expect(of(bytesScale, [1_024]).quantile(1)).toBe(2 ** 20);
	});
});

test("the median of times that are all alike is off by 3.2 % at most", () => {
	for (let ms = 1; ms < 60_000; ms = Math.ceil(ms * 1.01)) {
		const median = of(timeScale, new Array(9).fill(ms * 64)).quantile(0.5) ?? Number.NaN;
		expect(Math.abs(median * 1_000 - ms) / ms).toBeLessThan(0.032);
	}
});
