/** Where a history has no points, its charts have a gap: nothing was captured then. */

import type { Point } from "../../../status/status.ts";
import { lateMs } from "../spans.ts";

/** A point, or the time alone where there is none. */
export type ChartPoint = Point | readonly [timeMs: number];

export interface Stretch {
	readonly startMs: number;
	readonly endMs: number;
	/** From one point to the next. */
	readonly stepMs: number;
}

/**
 * The points of a stretch of time, with times without values at both ends of whatever has none. One point before the
 * stretch is kept, for the line that comes from there.
 */
export function withGaps(points: readonly Point[], { startMs, endMs, stepMs }: Stretch): ChartPoint[] {
	const shown: ChartPoint[] = [];
	let lastMs = startMs - stepMs;
	const skipTo = (timeMs: number) => {
		if (timeMs - lastMs > stepMs + lateMs) shown.push([lastMs + stepMs], [timeMs - 1]);
	};
	for (const point of points) {
		const [timeMs] = point;
		if (timeMs < startMs - stepMs || timeMs > endMs) continue;
		skipTo(timeMs);
		shown.push(point);
		lastMs = timeMs;
	}
	skipTo(endMs);
	return shown;
}
