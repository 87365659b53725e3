import type { HistoryStatus, HistoryStep, Point } from "./status.ts";

/** How often a sample is pushed. */
export const sampleMs = 10_000;
export const hourPointsMax = 3_600_000 / sampleMs;
/** Samples that one point of the day stands for: five minutes. */
export const daySamples = 30;
export const dayPointsMax = 86_400_000 / (sampleMs * daySamples);

const pointNumbers = 5;

/** The latest points, in memory of a fixed size. */
class Ring {
	private readonly numbers: Float64Array;
	private readonly limit: number;
	private pushed = 0;

	constructor(limit: number) {
		this.limit = limit;
		this.numbers = new Float64Array(limit * pointNumbers);
	}

	push(point: Point): void {
		this.numbers.set(point, (this.pushed % this.limit) * pointNumbers);
		this.pushed++;
	}

	/** The latest, or fewer of them, oldest first. */
	points(most = this.limit): Point[] {
		const points: Point[] = [];
		for (let index = Math.max(0, this.pushed - most); index < this.pushed; index++) {
			const start = (index % this.limit) * pointNumbers;
			const [timeMs = 0, active = 0, queries = 0, bytesIn = 0, bytesOut = 0] = this.numbers.subarray(start);
			points.push([timeMs, active, queries, bytesIn, bytesOut]);
		}
		return points;
	}
}

/** The last hour and the last day. Its memory never grows. */
export class History {
	private readonly hour = new Ring(hourPointsMax);
	private readonly day = new Ring(dayPointsMax);
	/** Of the incomplete point of the day. */
	private samples = 0;

	/** Takes the sample of one moment, by any monotonic clock; returns what joined the history. */
	push(point: Point): HistoryStep {
		this.hour.push(point);
		if (++this.samples < daySamples) return { hour: point, day: null };
		const day = dayPoint(this.hour.points(daySamples));
		this.day.push(day);
		this.samples = 0;
		return { hour: point, day };
	}

	status(): HistoryStatus {
		return { hour: this.hour.points(), day: this.day.points() };
	}
}

/** The point of a day that stands for samples, of which there is one at least: at the time of the newest, with the most active clients and the means of the rates. */
export function dayPoint(samples: readonly Point[]): Point {
	const mean = (at: 2 | 3 | 4) => round(samples.reduce((sum, sample) => sum + sample[at], 0) / samples.length);
	const newestMs = samples.at(-1)?.[0] ?? 0;
	return [newestMs, Math.max(...samples.map(([, active]) => active)), mean(2), mean(3), mean(4)];
}

/** A rate as it is sent to viewers: digits after the first decimal would only make it longer. */
export function round(rate: number): number {
	return Math.round(rate * 10) / 10;
}
