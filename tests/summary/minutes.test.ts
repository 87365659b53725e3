import { expect, test } from "bun:test";
import { activeByMinute, minuteMs } from "../../src/summary/minutes.ts";

test("a minute begins with its first millisecond, has the most of its moments, and is left out without one", () => {
	const moments = [
		[7 * minuteMs, 3],
		[8 * minuteMs - 1, 5, 99, 99],
		[7 * minuteMs + 1, 4],
		[8 * minuteMs, 0],
		[10 * minuteMs, 2],
	] as const;
	expect([...activeByMinute(moments)]).toEqual([
		[7, 5],
		[8, 0],
		[10, 2],
	]);
	expect(activeByMinute([]).size).toBe(0);
});
