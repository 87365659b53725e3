import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bytesScale, durationScale, responseScale, timeScale } from "../../../src/engine/histogram.ts";
import { HistogramId } from "../../../src/wasm/shared/ids.ts";
import { cellsOf } from "../../../src/wasm/shared/scales.ts";
import { type ObservingTracker, trackerOf } from "./observing.ts";

const histograms = {
	responseTimes: { id: HistogramId.ResponseTimes, scale: responseScale },
	roundTrips: { id: HistogramId.RoundTrips, scale: timeScale },
	sessionDurations: { id: HistogramId.SessionDurations, scale: durationScale },
	sessionBytes: { id: HistogramId.SessionBytes, scale: bytesScale },
} as const;
type Name = keyof typeof histograms;

function observe(tracker: ObservingTracker, name: Name, set: number, values: readonly number[]): void {
	for (const value of values) tracker.parts.observeValue(histograms[name].id, set, value);
	tracker.parts.flushPending();
}

/** Label sets whose histograms are empty still: a tracker is made for many. */
let empty = { tracker: trackerOf({ labelSetsMax: 500 }), next: 0 };

/** The distribution of one set with these values, in units. */
function of(name: Name, values: readonly number[]) {
	if (empty.next === empty.tracker.sets.sizeMax) empty = { tracker: trackerOf({ labelSetsMax: 500 }), next: 0 };
	const set = empty.next++;
	observe(empty.tracker, name, set, values);
	return empty.tracker[name].distribution([set]);
}

describe.each([["responseTimes"], ["roundTrips"], ["sessionDurations"], ["sessionBytes"]] as const)(
	"the histogram %s",
	(name) => {
		const { scale } = histograms[name];
		const powers = Array.from({ length: scale.doublingMax - scale.cellBits + 1 }, (_, index) => scale.cellBits + index);

		test("counts a value of exactly a bound with the bound, and the least above it with the next", () => {
			for (const power of powers) {
				const bound = 2 ** power;
				expect([power, of(name, [bound]).upTo(power)]).toEqual([power, 1]);
				expect([power, of(name, [bound * (1 + 1e-9)]).upTo(power)]).toEqual([power, 0]);
				expect([power, of(name, [bound * (1 - 1e-9)]).upTo(power)]).toEqual([power, 1]);
				if (power > scale.cellBits) expect(of(name, [bound]).upTo(power - 1)).toBe(0);
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
					const distribution = of(name, values);
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
					const found = (of(name, given).quantile(of_) ?? Number.NaN) * scale.unitsPerBase;
					// A cell is a unit wide at least; above, its share of the doubling.
					expect(Math.abs(found - exact)).toBeLessThanOrEqual(Math.max(1, exact * width) * (1 + 1e-9));
				}),
			);
		});

		test("has each set's values by themselves", () => {
			const tracker = trackerOf();
			observe(tracker, name, 0, [1]);
			observe(tracker, name, 1, [10, 100]);
			observe(tracker, name, 2, [1_000]);
			const told = [0, 1, 2, 3].map((set) => {
				const { count, sum } = tracker[name].distribution([set]);
				return [count, Math.round(sum * scale.unitsPerBase)];
			});
			expect(told).toEqual([
				[1, 1],
				[2, 110],
				[1, 1_000],
				[0, 0],
			]);
		});

		test("counts on when a cell comes to 65,536, any number of times, and only there", () => {
			const tracker = trackerOf();
			const counts = [65_535, 65_536, 65_537, 300 * 65_536 + 5, 0];
			for (const [set, count] of counts.entries()) observe(tracker, name, set, Array<number>(count).fill(5));
			observe(tracker, name, 3, [2 ** 20]);
			const told = (sets: number[]) => {
				const distribution = tracker[name].distribution(sets);
				return [distribution.upTo(4), distribution.upTo(21)];
			};
			expect(counts.map((_, set) => told([set]))).toEqual([
				[65_535, 65_535],
				[65_536, 65_536],
				[65_537, 65_537],
				[19_660_805, 19_660_806],
				[0, 0],
			]);
			expect(told([0, 1, 2, 3, 4])).toEqual([19_857_413, 19_857_414]);
		});

		test("of the first and the last label set is none of any other, and of no other histogram", () => {
			const tracker = trackerOf({ labelSetsMax: 50 });
			const last = tracker.sets.sizeMax - 1;
			for (const set of [0, last]) observe(tracker, name, set, Array<number>(65_537).fill(5));
			const others = Array.from({ length: last - 1 }, (_, index) => index + 1);
			for (const other of Object.keys(histograms) as Name[]) {
				const counts = [[0], others, [last]].map((sets) => tracker[other].distribution(sets).count);
				expect([other, ...counts]).toEqual(other === name ? [other, 65_537, 0, 65_537] : [other, 0, 0, 0]);
			}
		});

		test("has cells in fours, as they are read", () => {
			expect(cellsOf(scale.cellBits, scale.doublingMax) % 4).toBe(0);
		});

		test("is none of the others", () => {
			const tracker = trackerOf();
			observe(tracker, name, 0, [2, 3]);
			const names = Object.keys(histograms) as Name[];
			for (const other of names) {
				const { count, sum } = tracker[other].distribution([0]);
				expect([other, count, sum * scale.unitsPerBase]).toEqual(other === name ? [other, 2, 5] : [other, 0, 0]);
			}
		});
	},
);

describe("the largest values", () => {
	test("count as the end of the scale, and in full in the sum", () => {
		const last = 2 ** (responseScale.doublingMax + 1);
		const distribution = of("responseTimes", [last - 1, last, last + 1, 1e15]);
		expect(distribution.upTo(responseScale.doublingMax)).toBe(0);
		expect(distribution.count).toBe(4);
		expect(distribution.sum).toBeCloseTo((3 * last + 1e15) / 160_000, 3);
		expect(distribution.quantile(1)).toBeCloseTo(last / 160_000, 3);
	});

	test("of one set leave the next alone", () => {
		const tracker = trackerOf();
		observe(tracker, "sessionDurations", 0, [Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]);
		expect([0, 1].map((set) => tracker.sessionDurations.distribution([set]).count)).toEqual([2, 0]);
	});
});

test.each([[1_023], [1_024], [1_025], [5_000]])(
	"%i values of several sets are counted, however many come at once",
	(count) => {
		const tracker = trackerOf();
		for (let index = 0; index < count; index++) tracker.parts.observeValue(HistogramId.SessionBytes, index % 3, index);
		tracker.parts.flushPending();
		tracker.parts.flushPending();
		const { sessionBytes } = tracker;
		expect(sessionBytes.distribution([0, 1, 2]).count).toBe(count);
		expect(sessionBytes.distribution([1]).count).toBe(Math.floor((count + 1) / 3));
		expect(sessionBytes.distribution([0, 1, 2]).upTo(9)).toBe(513);
	},
);

test("a whole number of milliseconds that is a power of two is its bucket's bound exactly", () => {
	const timeUnitsPerUs = empty.tracker.parts.timeUnitsPerUs.value;
	for (let power = 0; power < 15; power++) {
		const us = 1_000 * 2 ** power;
		expect(of("roundTrips", [us * timeUnitsPerUs]).upTo(power + 6)).toBe(1);
		expect(of("roundTrips", [(us + 1) * timeUnitsPerUs]).upTo(power + 6)).toBe(0);
	}
});

test("0.1 ms and its doublings are bounds of response times exactly", () => {
	const responseUnitsPerUs = empty.tracker.parts.responseUnitsPerUs.value;
	for (let power = 0; power < 17; power++) {
		const us = 100 * 2 ** power;
		expect(of("responseTimes", [us * responseUnitsPerUs]).upTo(power + 4)).toBe(1);
		expect(of("responseTimes", [(us + 1) * responseUnitsPerUs]).upTo(power + 4)).toBe(0);
	}
	expect(of("responseTimes", [responseUnitsPerUs * 1e6]).sum).toBe(1);
});

test("units of a time are told in seconds", () => {
	expect(of("roundTrips", [empty.tracker.parts.timeUnitsPerUs.value * 1e6]).sum).toBe(1);
});
