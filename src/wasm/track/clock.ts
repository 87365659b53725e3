import { heldUsMax } from "../shared/limits.ts";

/** Frames of several queues come out of order by less than this; a longer step back is a clock that was set. */
const disorderUsMax: i64 = 1_000_000;
/** A longer silence of a file may be a step of its clock, and is remembered for so long. */
const gapUsMin: i64 = 1_000_000;
const gapKeptUs: i64 = 60_000_000;
/** Two clocks are never read at the same instant, and one of them in milliseconds: a smaller difference is no news. */
const shiftUsMin: i64 = 5_000;

/**
 * Turns the time stamps of frames into a time that never goes back. All times are microseconds.
 *
 * Stamps come from the wall clock, which can be set while packets flow. Live, they are moved to the monotonic clock, so
 * that an hour's jump of the wall clock moves nothing. A file has no other clock: a jump forward is silence, a jump back
 * is undone.
 */
@unmanaged
class Clock {
	/** The latest time given out. */
	now: i64;
	private shiftUs: i64;
	/** Live: no frame was captured later than this, the monotonic clock's now. */
	private limitUs: i64;
	private isLive: bool;
	/** How many times a file's stamps went back by more than disorder. */
	stepsBack: u32;
	/** How many times they went forward while a server's clock did not: by what it stamped. */
	stepsForward: u32;
	/** The longest gap between the stamps of a file of late, and when it ended. */
	private gapUs: i64;
	private gapEndUs: i64;

	/** The time of a frame with this stamp. */
	at(stampUs: i64): i64 {
		let time = stampUs + this.shiftUs;
		if (this.isLive && time > this.limitUs) time = this.limitUs;
		if (time < this.now) {
			if (!this.isLive && this.now - time > disorderUsMax) {
				this.shiftUs += this.now - time;
				this.stepsBack++;
			}
			time = this.now;
		} else if (time - this.now > gapUsMin) {
			this.gap(time);
		}
		this.now = time;
		return time;
	}

	/** Whether the clock may have stepped forward by so much after `sinceUs`: not live, and not without a gap as long. */
	canHaveStepped(byUs: i64, sinceUs: i64): bool {
		return this.gapEndUs > sinceUs && byUs <= this.gapUs + gapUsMin;
	}

	get isOfFile(): bool {
		return !this.isLive;
	}

	private gap(time: i64): void {
		const gapUs = time - this.now;
		if (this.isLive || this.now === 0) return;
		if (gapUs < this.gapUs && time - this.gapEndUs < gapKeptUs) return;
		this.gapUs = gapUs;
		this.gapEndUs = time;
	}

	/** Live, before the frames of a batch: what both clocks show now. From here on time is on the monotonic clock's scale. */
	synchronize(wallUs: i64, monotonicUs: i64): void {
		const shiftUs = monotonicUs - wallUs;
		if (abs<i64>(shiftUs - this.shiftUs) > shiftUsMin) this.shiftUs = shiftUs;
		this.limitUs = monotonicUs;
		this.isLive = true;
	}

	/** Live, whether frames come or not: time passes, as far as none can come from before any more. */
	advance(monotonicUs: i64): void {
		this.limitUs = monotonicUs;
		this.isLive = true;
		const settledUs = monotonicUs - heldUsMax;
		if (settledUs > this.now) this.now = settledUs;
	}
}

export const clock: Clock = changetype<Clock>(memory.data(offsetof<Clock>(), 8));
