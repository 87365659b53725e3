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
	test("are the samples of the hour until five minutes are complete", () => {
		const history = after(2);
		expect(history.day).toBeEmpty();
		expect(pointsOf(history, "day")).toEqual(history.hour);
	});

	test("are those of five minutes, then the samples after them, in order and each once", () => {
		const history = after(12);
		const points = pointsOf(history, "day");
		expect(points).toEqual([...history.day, ...history.hour.slice(60)]);
		expect(points).toHaveLength(2 + 12);
		expect(points.at(-1)).toEqual(history.hour.at(-1));
		const times = points.map(([timeMs]) => timeMs);
		expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
	});

	test("end with the newest sample after days as well, and are bounded", () => {
		const history = after(1_503);
		expect(pointsOf(history, "day").at(-1)).toEqual(history.hour.at(-1));
		expect(pointsOf(history, "day").length).toBe(288 + 18);
	});
});

test("charts end at the newest sample, and move on without one when it is overdue", () => {
	const history = after(1);
	expect(endMsOf(history, endMs(history) + 25_000)).toBe(endMs(history));
	expect(endMsOf(history, endMs(history) + 25_001)).toBe(endMs(history) + 25_001);
	expect(endMsOf({ hour: [], day: [] }, startMs)).toBe(startMs);
});
