import { describe, expect, test } from "bun:test";
import { History, sampleMs } from "../../../src/status/history.ts";
import type { HistoryStatus } from "../../../src/status/status.ts";
import { automaticSpan, endMsOf, pointsOf, type SpanName } from "../../../src/web/page/spans.ts";

const startMs = Date.UTC(2026, 10, 24, 20, 30);

/** The history after some minutes of samples, the first of them ten seconds after the start. */
function after(minutes: number): HistoryStatus {
	const history = new History();
	for (let index = 1; index <= minutes * 6; index++) history.push([startMs + index * sampleMs, index, 2, 3, 4]);
	return history.status();
}

const endMs = (history: HistoryStatus) => history.hour.at(-1)?.[0] ?? startMs;
const spanAfter = (minutes: number) => automaticSpan(after(minutes), endMs(after(minutes)));

describe("the span without a choice", () => {
	test.each<[minutes: number, span: SpanName]>([
		[0, "5min"],
		[0.5, "5min"],
		[5, "5min"],
		[5.5, "15min"],
		[15, "15min"],
		[15.5, "hour"],
		[60, "hour"],
		[350, "hour"],
		[375, "day"],
		[1_500, "day"],
	])("after %d minutes holds the points: %s", (minutes, span) => {
		expect(spanAfter(minutes)).toBe(span);
	});

	test("grows while nothing is captured, too", () => {
		expect(automaticSpan(after(3), startMs + 14 * 60_000)).toBe("15min");
	});
});

describe("the points of a day", () => {
	test("are one, of all samples, until five minutes are complete", () => {
		const history: HistoryStatus = {
			hour: [
				[startMs, 7, 2, 30, 400],
				[startMs + sampleMs, 5, 4, 50, 600],
			],
			day: [],
		};
		expect(pointsOf(history, "day")).toEqual([[startMs + sampleMs, 7, 3, 40, 500]]);
		expect(pointsOf({ hour: [], day: [] }, "day")).toBeEmpty();
	});

	test("are those of five minutes, then one of the samples after them, at the newest one's time", () => {
		const history = after(12);
		const points = pointsOf(history, "day");
		expect(points).toEqual([...history.day, [endMs(history), 72, 2, 3, 4]]);
		expect(points.map(([timeMs]) => (timeMs - startMs) / 60_000)).toEqual([5, 10, 12]);
	});

	test("are no more when five minutes have just become complete", () => {
		const history = after(10);
		expect(pointsOf(history, "day")).toEqual(history.day);
	});

	test("end at the newest sample after days as well, and are bounded", () => {
		const history = after(1_503);
		expect(pointsOf(history, "day").at(-1)?.[0]).toBe(endMs(history));
		expect(pointsOf(history, "day").length).toBe(288 + 1);
	});
});

test("charts end at the newest sample, and move on without one when it is overdue", () => {
	const history = after(1);
	expect(endMsOf(history, endMs(history) + 25_000)).toBe(endMs(history));
	expect(endMsOf(history, endMs(history) + 25_001)).toBe(endMs(history) + 25_001);
	expect(endMsOf({ hour: [], day: [] }, startMs)).toBe(startMs);
});
