/** Frames of several queues come out of order by less than this; a longer step back is a clock that was set. */
const disorderUsMax = 1_000_000;
/**
 * So old may a frame be when it is read: its block (blockTimeoutMs in live.ts), the time to gather (wakeup.c), and the way here.
 * While no frame says so, it is not later than what can still come.
 */
export const heldUsMax = 400_000;
/** Two clocks are never read at the same instant, and one of them in milliseconds: a smaller difference is no news. */
const shiftUsMin = 5_000;

/**
 * Turns the time stamps of frames into a time that never goes back. All times are microseconds, whole numbers.
 *
 * Stamps come from the wall clock, which can be set while packets flow. Live, they are moved to the monotonic clock, so
 * that an hour's jump of the wall clock moves nothing. A file has no other clock: a jump forward is silence, a jump back
 * is undone.
 */
export class Clock {
	/** The latest time given out. */
	now = 0;
	private shiftUs = 0;
	/** No frame was captured later than this: the monotonic clock's now, live. */
	private limitUs = Number.POSITIVE_INFINITY;

	/** The time of a frame with this stamp. */
	at(stampUs: number): number {
		let time = stampUs + this.shiftUs;
		if (time > this.limitUs) time = this.limitUs;
		if (time < this.now) {
			if (this.limitUs === Number.POSITIVE_INFINITY && this.now - time > disorderUsMax) this.shiftUs += this.now - time;
			time = this.now;
		}
		this.now = time;
		return time;
	}

	/** Live, before the frames of a batch: what both clocks show now. From here on time is on the monotonic clock's scale. */
	synchronize(wallUs: number, monotonicUs: number): void {
		const shiftUs = monotonicUs - wallUs;
		if (Math.abs(shiftUs - this.shiftUs) > shiftUsMin) this.shiftUs = shiftUs;
		this.limitUs = monotonicUs;
	}

	/** Live, whether frames come or not: time passes, as far as none can come from before any more. */
	advance(monotonicUs: number): void {
		this.limitUs = monotonicUs;
		const settledUs = monotonicUs - heldUsMax;
		if (settledUs > this.now) this.now = settledUs;
	}
}
