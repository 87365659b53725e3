/** The spans of time that the charts can show, and the points of each. */

import { dayPoint, daySamples, sampleMs } from "../../status/history.ts";
import type { HistoryStatus, Point } from "../../status/status.ts";
import { minuteMs } from "../../summary/minutes.ts";

export const spanNames = ["5min", "15min", "hour", "day"] as const;
export type SpanName = (typeof spanNames)[number];

export interface Span {
	readonly ms: number;
	/** From one point to the next. */
	readonly stepMs: number;
	/** On its button. */
	readonly title: string;
	/** After "the last". */
	readonly words: string;
	/** Distances of ticks on the time axis, in seconds. Three of the last fit every stretch of the span's length. */
	readonly tickSeconds: readonly number[];
}

const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

export const spans: Readonly<Record<SpanName, Span>> = {
	"5min": { ms: 5 * minuteMs, stepMs: sampleMs, title: "5 min", words: "5 minutes", tickSeconds: [60] },
	"15min": { ms: 15 * minuteMs, stepMs: sampleMs, title: "15 min", words: "15 minutes", tickSeconds: [60, 120, 300] },
	hour: { ms: hourMs, stepMs: sampleMs, title: "1 h", words: "hour", tickSeconds: [300, 600, 900] },
	day: {
		ms: dayMs,
		stepMs: sampleMs * daySamples,
		title: "24 h",
		words: "day",
		tickSeconds: [3_600, 7_200, 10_800, 21_600, 28_800],
	},
};

/** Samples come late on a busy host; one more than this late was not taken, as nothing was captured. */
export const lateMs = 1.5 * sampleMs;

/** Up to this age of the points an hour is shown: they would fill less than a quarter of a day. */
const hourAgeMs = 6 * hourMs;

/** The points of a span, oldest first, and others before it. The last of a day stands for the samples of five minutes that are not complete yet. */
export function pointsOf({ hour, day }: HistoryStatus, span: SpanName): readonly Point[] {
	if (span !== "day") return hour;
	const [lastMs] = day.at(-1) ?? [0];
	const samples = hour.filter(([timeMs]) => timeMs > lastMs);
	return samples.length === 0 ? day : [...day, dayPoint(samples)];
}

/** Where the charts end: at the newest point, or now (by the exporter's clock) when that is overdue. */
export function endMsOf({ hour }: HistoryStatus, nowMs: number): number {
	const [newestMs] = hour.at(-1) ?? [0];
	return nowMs - newestMs > sampleMs + lateMs ? nowMs : newestMs;
}

/**
 * The span that is shown until the viewer chooses one: the shortest that holds all points, but a day only when they fill a
 * quarter of it.
 */
export function automaticSpan(history: HistoryStatus, endMs: number): SpanName {
	const [oldestMs] = pointsOf(history, "day")[0] ?? [endMs];
	const [firstSampleMs] = history.hour[0] ?? [endMs];
	const ageMs = endMs - Math.min(oldestMs, firstSampleMs);
	if (ageMs > hourAgeMs) return "day";
	return spanNames.find((name) => ageMs <= spans[name].ms && name !== "day") ?? "hour";
}
