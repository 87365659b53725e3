import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Histogram, lifeScale, type Scale, tripScale, tripUnitsPerUs, volumeScale } from "../../src/track/histogram.ts";

/** A histogram of one set with these values, in units. */
function of(scale: Scale, values: readonly number[]) {
	const histogram = new Histogram(1, scale);
	for (const value of values) histogram.observe(0, value);
	return histogram.distribution([0]);
}

describe.each([
	["times", tripScale],
	["lives", lifeScale],
	["volumes", volumeScale],
] as const)("the histogram of %s", (_, scale) => {
	const powers = Array.from({ length: scale.doublingMax - scale.cellBits + 1 }, (_, index) => scale.cellBits + index);

	test("counts a value of exactly a bound with the bound, and the least above it with the next", () => {
		for (const power of powers) {
			const bound = 2 ** power;
			expect([power, of(scale, [bound]).upTo(power)]).toEqual([power, 1]);
			expect([power, of(scale, [bound * (1 + 1e-9)]).upTo(power)]).toEqual([power, 0]);
			expect([power, of(scale, [bound * (1 - 1e-9)]).upTo(power)]).toEqual([power, 1]);
			if (power > scale.cellBits) expect(of(scale, [bound]).upTo(power - 1)).toBe(0);
		}
	});

	test("has at every bound as many values as there are, for any values", () => {
		const largest = 2 ** (scale.doublingMax + 1);
		const value = fc.oneof(
			fc.double({ min: 0, max: largest, noNaN: true }),
			fc.integer({ min: 0, max: 100 }),
			fc.integer({ min: 0, max: scale.doublingMax }).map((power) => 2 ** power),
		);
		fc.assert(
			fc.property(fc.array(value, { maxLength: 50 }), (values) => {
				const distribution = of(scale, values);
				for (const power of powers) {
					expect(distribution.upTo(power)).toBe(values.filter((one) => one <= 2 ** power).length);
				}
				expect(distribution.count).toBe(values.length);
				const sum = values.reduce((total, one) => total + one, 0) / scale.unitsPerBase;
				expect(Math.abs(distribution.sum - sum)).toBeLessThanOrEqual(sum * 1e-12);
			}),
		);
	});

	test("has quantiles within a cell of the sorted values'", () => {
		const width = 2 ** -scale.cellBits;
		const values = fc.array(fc.double({ min: 0, max: 2 ** scale.doublingMax, noNaN: true }), { minLength: 1 });
		const share = fc.constantFrom(0, 0.05, 0.5, 0.95, 0.99, 1);
		fc.assert(
			fc.property(values, share, (given, of_) => {
				const sorted = given.toSorted((a, b) => a - b);
				// The least value that this share of all does not exceed.
				const exact = sorted[Math.max(0, Math.ceil(sorted.length * of_) - 1)] ?? Number.NaN;
				const found = (of(scale, given).quantile(of_) ?? Number.NaN) * scale.unitsPerBase;
				// A cell is a unit wide at least; above, its share of the doubling.
				expect(Math.abs(found - exact)).toBeLessThanOrEqual(Math.max(1, exact * width) * (1 + 1e-9));
			}),
		);
	});

	test("has the sums of the sets that are asked for", () => {
		const histogram = new Histogram(3, scale);
		for (const [set, value] of [
			[0, 1],
			[1, 10],
			[1, 100],
			[2, 1_000],
		] as const) {
			histogram.observe(set, value);
		}
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

describe("the largest values", () => {
	test("count as the end of the scale, and in full in the sum", () => {
		const last = 2 ** (tripScale.doublingMax + 1);
		const distribution = of(tripScale, [last - 1, last, last + 1, 1e15]);
		expect(distribution.upTo(tripScale.doublingMax)).toBe(0);
		expect(distribution.count).toBe(4);
		expect(distribution.sum).toBeCloseTo((3 * last + 1e15) / 64_000, 3);
		expect(distribution.quantile(1)).toBeCloseTo(last / 64_000, 3);
	});

	test("of one set leave the next alone", () => {
		const histogram = new Histogram(2, lifeScale);
		histogram.observe(0, Number.MAX_SAFE_INTEGER);
		histogram.observe(0, Number.POSITIVE_INFINITY);
		expect([histogram.distribution([0]).count, histogram.distribution([1]).count]).toEqual([2, 0]);
	});
});

test("a whole number of milliseconds that is a power of two is its bucket's bound exactly", () => {
	for (let power = 0; power < 15; power++) {
		const us = 1_000 * 2 ** power;
		expect(of(tripScale, [us * tripUnitsPerUs]).upTo(power + 6)).toBe(1);
		expect(of(tripScale, [(us + 1) * tripUnitsPerUs]).upTo(power + 6)).toBe(0);
	}
});

test("the median of times that are all alike is off by 3.2 % at most", () => {
	for (let ms = 1; ms < 60_000; ms = Math.ceil(ms * 1.01)) {
		const median = of(tripScale, new Array(9).fill(ms * 64)).quantile(0.5) ?? Number.NaN;
		expect(Math.abs(median * 1_000 - ms) / ms).toBeLessThan(0.032);
	}
});
