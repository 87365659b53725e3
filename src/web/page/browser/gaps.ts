/** Where a history has no points, its charts have a gap: nothing was captured then. */

import { daySamples, sampleMs } from "../../../status/history.ts";
import type { Point } from "../../../status/status.ts";

export type Span = "hour" | "day";

/** A point, or the time alone where there is none. */
export type ChartPoint = Point | readonly [timeMs: number];

const stepMs: Readonly<Record<Span, number>> = { hour: sampleMs, day: sampleMs * daySamples };
/** Samples come late on a busy host. */
const stepsMax = 2.5;

/** Adds a time without values between points that are too far apart. */
export function withGaps(points: readonly Point[], span: Span): ChartPoint[] {
	return points.flatMap((point, index): ChartPoint[] => {
		const previous = points[index - 1];
		if (previous === undefined || point[0] - previous[0] <= stepMs[span] * stepsMax) return [point];
		return [[previous[0] + stepMs[span]], point];
	});
}
