import { expect, test } from "bun:test";
import type { Point } from "../../../src/status/status.ts";
import { withGaps } from "../../../src/web/page/browser/gaps.ts";

const points = (...seconds: readonly number[]): Point[] => seconds.map((at) => [at * 1_000, 1, 2, 3, 4]);

test("a chart has a gap where samples are missing, and none where one was late", () => {
	expect(withGaps(points(0, 10, 33), "hour")).toEqual(points(0, 10, 33));
	const [first, last] = points(0, 100);
	expect(withGaps(points(0, 100), "hour")).toEqual([first, [10_000], last] as never);
	expect(withGaps(points(0, 600), "day")).toEqual(points(0, 600));
	expect(withGaps(points(0, 900), "day")).toHaveLength(3);
});
