import { total } from "../track/columns.ts";
import type { Tracker } from "../track/tracker.ts";
import { round } from "./history.ts";
import type { Rates } from "./status.ts";

/** A rate over less would be one packet's. */
const spanUsMin = 1_000_000;

/** The counts of all label sets as they were at one moment. */
class Mark {
	timeUs: number;
	readonly queries: Float64Array;
	readonly bytesIn: Float64Array;
	readonly bytesOut: Float64Array;

	constructor(sets: number, timeUs: number) {
		this.timeUs = timeUs;
		// Pages of it are used as sets come.
		this.queries = new Float64Array(sets);
		this.bytesIn = new Float64Array(sets);
		this.bytesOut = new Float64Array(sets);
	}

	take(tracker: Tracker, timeUs: number): void {
		const { size } = tracker.sets;
		this.timeUs = timeUs;
		this.queries.set(tracker.queries.subarray(0, size));
		this.bytesIn.set(tracker.bytesIn.subarray(0, size));
		this.bytesOut.set(tracker.bytesOut.subarray(0, size));
	}
}

/**
 * Rates from the counts of now and of one of the last two marks, whoever asks and however often. Times are microseconds
 * of a clock that nobody sets.
 */
export class RateMeter {
	private readonly tracker: Tracker;
	private earlier: Mark;
	private later: Mark;

	constructor(tracker: Tracker, nowUs: number) {
		this.tracker = tracker;
		this.earlier = new Mark(tracker.sets.sizeMax, nowUs);
		this.later = new Mark(tracker.sets.sizeMax, nowUs);
		this.mark(nowUs);
		this.mark(nowUs);
	}

	/** Remembers the counts of now, and forgets those of two marks ago. */
	mark(nowUs: number): void {
		[this.earlier, this.later] = [this.later, this.earlier];
		this.later.take(this.tracker, nowUs);
	}

	/** Of these label sets together, since the mark before the last. */
	ratesOf(sets: readonly number[], nowUs: number): Rates {
		return this.since(this.earlier, sets, nowUs);
	}

	/** The same since the last mark. */
	latestOf(sets: readonly number[], nowUs: number): Rates {
		return this.since(this.later, sets, nowUs);
	}

	private since(mark: Mark, sets: readonly number[], nowUs: number): Rates {
		const seconds = Math.max(spanUsMin, nowUs - mark.timeUs) / 1e6;
		const rate = (now: Float64Array, before: Float64Array) => round((total(now, sets) - total(before, sets)) / seconds);
		return {
			queries_per_second: rate(this.tracker.queries, mark.queries),
			bytes_in_per_second: rate(this.tracker.bytesIn, mark.bytesIn),
			bytes_out_per_second: rate(this.tracker.bytesOut, mark.bytesOut),
		};
	}
}
