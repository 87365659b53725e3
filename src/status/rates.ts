import { type Column, columnsOf } from "../track/columns.ts";
import type { Tracker } from "../track/tracker.ts";
import { round } from "./history.ts";
import type { Rates } from "./status.ts";

/** A rate over less would be one packet's. */
const spanUsMin = 1_000_000;

/** The counts of all label sets as they were at one moment. */
class Mark {
	timeUs: number;
	readonly counts: Readonly<Record<"queries" | "bytesIn" | "bytesOut", Column>>;

	constructor(sets: number, timeUs: number) {
		this.timeUs = timeUs;
		this.counts = columnsOf(sets, { queries: 1, bytesIn: 1, bytesOut: 1 });
	}

	take(tracker: Tracker, timeUs: number): void {
		const { size } = tracker.sets;
		this.timeUs = timeUs;
		this.counts.queries.copy(tracker.queries, size);
		this.counts.bytesIn.copy(tracker.bytesIn, size);
		this.counts.bytesOut.copy(tracker.bytesOut, size);
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
		const rate = (now: Column, before: Column) => round((now.total(sets) - before.total(sets)) / seconds);
		return {
			queries_per_second: rate(this.tracker.queries, mark.counts.queries),
			bytes_in_per_second: rate(this.tracker.bytesIn, mark.counts.bytesIn),
			bytes_out_per_second: rate(this.tracker.bytesOut, mark.counts.bytesOut),
		};
	}
}
