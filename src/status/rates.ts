import type { Tracker } from "../engine/tracker.ts";
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
		this.queries = new Float64Array(sets);
		this.bytesIn = new Float64Array(sets);
		this.bytesOut = new Float64Array(sets);
	}

	take(tracker: Tracker, timeUs: number): void {
		const { size } = tracker.sets;
		this.timeUs = timeUs;
		for (let set = 0; set < size; set++) {
			this.queries[set] = countOf(tracker, "queries", set);
			this.bytesIn[set] = countOf(tracker, "bytesIn", set);
			this.bytesOut[set] = countOf(tracker, "bytesOut", set);
		}
	}
}

/**
 * Rates from the counts of now and of one of the last two marks, for every caller at any time. Times are microseconds
 * of a monotonic clock.
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
		const rate = (column: Counted) =>
			round(
				sets.reduce((sum, set) => sum + countOf(this.tracker, column, set) - (mark[column][set] as number), 0) /
					seconds,
			);
		return {
			queries_per_second: rate("queries"),
			bytes_in_per_second: rate("bytesIn"),
			bytes_out_per_second: rate("bytesOut"),
		};
	}
}

type Counted = "queries" | "bytesIn" | "bytesOut";

/** What was counted under this number, whatever moved to it and away from it. */
function countOf(tracker: Tracker, column: Counted, set: number): number {
	return tracker[column].at(set) - tracker.moved[column].at(set);
}
