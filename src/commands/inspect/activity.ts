import type { Tracker } from "../../engine/tracker.ts";

/** How often the active clients are counted, in time of the capture. */
const sampleUs = 10_000_000;
/** Time that one point covers at first: a minute. */
const pointUsMin = 60_000_000;
/** Points that are kept: four hours of minutes. A longer capture has points of two, four, ... minutes. */
export const pointsMax = 240;

/** Active clients over the time of a capture, in the form of the report's JSON. */
export interface ActivityFigures {
	/** When the first point begins; RFC 3339, UTC. */
	readonly start: string;
	readonly seconds_per_point: number;
	/** The most active clients of each point's samples. */
	readonly active_clients: readonly number[];
}

/**
 * Counts the active clients each ten seconds of a capture's time; in observeBatch it is the sampler. Its memory is bounded,
 * and so is its work for any leap of the time stamps.
 */
export class Activity {
	nextUs = Number.NEGATIVE_INFINITY;
	private startUs = Number.NaN;
	private pointUs = pointUsMin;
	private stepUs = sampleUs;
	private readonly points: number[] = [];

	constructor(private readonly tracker: Tracker) {}

	/** Counts at every moment up to `stampUs`. */
	reach(stampUs: number): void {
		if (Number.isNaN(this.startUs)) {
			this.startUs = Math.floor(stampUs / pointUsMin) * pointUsMin;
			this.nextUs = Math.floor(stampUs / sampleUs) * sampleUs + sampleUs;
		}
		while (this.nextUs <= stampUs) {
			this.tracker.reach(this.nextUs);
			this.sample(this.nextUs);
			this.nextUs += this.stepUs;
		}
	}

	/** Up to the last frame, at `lastUs`; null when all of it lies within one sample. */
	figures(lastUs: number): ActivityFigures | null {
		if (this.points.length === 0) return null;
		if (lastUs < this.nextUs) this.sample(lastUs);
		return {
			start: new Date(this.startUs / 1_000).toISOString(),
			seconds_per_point: this.pointUs / 1e6,
			active_clients: [...this.points],
		};
	}

	private sample(timeUs: number): void {
		const { points, tracker } = this;
		tracker.expire();
		const active = tracker.activeByDomain.sum;
		let point = Math.floor((timeUs - this.startUs) / this.pointUs);
		// The clock was set back: samples count again once it has caught up.
		if (point < 0) return;
		while (point >= pointsMax) {
			this.halve();
			point = Math.floor((timeUs - this.startUs) / this.pointUs);
		}
		while (points.length <= point) points.push(0);
		points[point] = Math.max(points[point] ?? 0, active);
	}

	/** Doubles the time that a point covers. */
	private halve(): void {
		const { points } = this;
		const half = Math.ceil(points.length / 2);
		for (let index = 0; index < half; index++) {
			points[index] = Math.max(points[2 * index] ?? 0, points[2 * index + 1] ?? 0);
		}
		points.length = half;
		this.pointUs *= 2;
		this.stepUs = Math.max(sampleUs, this.pointUs / 6);
	}
}
