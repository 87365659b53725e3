import { expect, test } from "bun:test";
import type { Point } from "../../../src/status/status.ts";
import { withGaps } from "../../../src/web/page/browser/gaps.ts";

const points = (...seconds: readonly number[]): Point[] => seconds.map((at) => [at * 1_000, 1, 2, 3, 4]);

/** The seconds of what a chart shows; those without values are negative. */
function shown(seconds: readonly number[], startSecond: number, endSecond: number, stepSeconds = 10): number[] {
	const stretch = { startMs: startSecond * 1_000, endMs: endSecond * 1_000, stepMs: stepSeconds * 1_000 };
	return withGaps(points(...seconds), stretch).map((point) => (point.length === 1 ? -point[0] : point[0]) / 1_000);
}

test.each<[title: string, shown: number[], expected: number[]]>([
	["no gap where samples are in time, or one was late", shown([100, 110, 135, 145], 100, 145), [100, 110, 135, 145]],
	[
		"a gap where samples are missing, up to the next one",
		shown([100, 110, 200], 100, 200),
		[100, 110, -120, -199.999, 200],
	],
	["a gap before the first sample", shown([180, 190], 100, 190), [-100, -179.999, 180, 190]],
	["a gap from the last sample on, while nothing is captured", shown([100, 110], 100, 160), [100, 110, -120, -159.999]],
	["a gap all over where there is no sample", shown([], 100, 160), [-100, -159.999]],
	["the line from the sample before it, and no older one", shown([70, 80, 90, 100], 95, 100), [90, 100]],
	["no gap in a day where a sample was late", shown([300, 600, 914], 300, 914, 300), [300, 600, 914]],
	[
		"a gap in a day where nothing was captured for half a minute",
		shown([300, 630], 300, 630, 300),
		[300, -600, -629.999, 630],
	],
])("a chart has %s", (_, seconds, expected) => {
	expect(seconds).toEqual(expected);
});

test("a point in a gap has its values, as it is", () => {
	expect(withGaps(points(1_000), { startMs: 900_000, endMs: 1_000_000, stepMs: 10_000 }).at(-1)).toEqual([
		1_000_000, 1, 2, 3, 4,
	]);
});
