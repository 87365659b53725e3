import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { byteRate, count, rate } from "../../../src/summary/format.ts";
import { axisText, clockText, ticksUpTo } from "../../../src/web/page/browser/axis.ts";

test.each([
	["a whole rate has no fraction, below a hundred as above", rate(50), "50"],
	["a fraction stays", rate(0.5), "0.5"],
	["zeros at the end of a fraction go, others stay", "2.50 kB/s", "2.5 kB/s"],
	["a fraction of zeros goes, and its unit stays", byteRate(50_000), "50 kB/s"],
	["zeros inside a fraction stay", "1.05 MB/s", "1.05 MB/s"],
	["zeros of a whole number stay", byteRate(100_000), "100 kB/s"],
	["a comma is no fraction", count(12_000), "12,000"],
	["nothing is as it is", rate(0), "0"],
])("on an axis, %s", (_, figure, text) => {
	expect(axisText(figure)).toBe(text);
});

describe("ticks", () => {
	test.each([
		["0 to 1 in whole numbers", ticksUpTo(1, 4, 1), [0, 1, 2]],
		["0 to 4 in whole numbers", ticksUpTo(4, 4, 1), [0, 1, 2, 3, 4]],
		["0 to 1", ticksUpTo(1, 4, 0), [0, 0.5, 1]],
		["a little more than a step's multiple", ticksUpTo(10.5, 4, 1), [0, 5, 10, 15]],
		["few steps", ticksUpTo(1_000, 3, 0), [0, 500, 1_000]],
	])("of %s", (_, ticks, expected) => {
		expect(ticks).toEqual(expected);
	});

	test("are three or more, no more than asked for, at one round distance, and reach the greatest value with the last one", () => {
		const property = (max: number, stepsMax: number, stepMin: number) => {
			const ticks = ticksUpTo(max, stepsMax, stepMin);
			const [, step = 0, last = 0] = [0, ticks[1], ticks.at(-1)];
			expect(ticks.length).toBeWithin(3, stepsMax + 2);
			expect(last).toBeGreaterThanOrEqual(max);
			expect(last).toBeLessThanOrEqual(Math.max(max * 2.5, 2 * stepMin));
			expect(step).toBeGreaterThanOrEqual(stepMin);
			expect(Number(step.toExponential(6).slice(0, 8))).toBeOneOf([1, 2, 5]);
		};
		const maxima = fc.double({ min: 1, max: 1e13, noNaN: true });
		fc.assert(fc.property(maxima, fc.constantFrom(3, 4), fc.constantFrom(0, 1), property), { numRuns: 2_000 });
	});
});

test("a time on an axis is short where minutes are close together", () => {
	const timeMs = Date.UTC(2026, 10, 24, 20, 30);
	expect(clockText(timeMs, 300_000)).toMatch(/^\d{1,2}:\d\d$/);
	expect(clockText(timeMs, 86_400_000)).toStartWith(clockText(timeMs, 300_000));
});
