import { heldUsMax } from "../shared/limits.ts";

/** Frames of several queues are out of order by less than this; a longer step back means that the clock was set. */
const disorderUsMax: i64 = 1_000_000;
/** A longer silence of a file may be a step of its clock; it is remembered for gapKeptUs. */
const gapUsMin: i64 = 1_000_000;
const gapKeptUs: i64 = 60_000_000;
/**
 * Two clocks are never read at the same instant, and one of them is read in milliseconds: a smaller difference means
 * nothing.
 */
const shiftUsMin: i64 = 5_000;

/**
 * Turns the time stamps of frames into a time that never goes back. All times are microseconds.
 *
 * Stamps come from the wall clock, which can be set while packets flow. Live, they are moved to the monotonic clock, so
 * that a jump of the wall clock has no effect. A file has no other clock: a jump forward is silence, a jump back is
 * undone.
 */
@unmanaged
class Clock {
	now: i64;
	private shiftUs: i64;
	/** Live: the monotonic clock's now; no frame was captured later. */
	private limitUs: i64;
	private isLive: bool;
	/** The number of times that a file's stamps went back by more than disorder. */
	stepsBack: u32;
	/** The number of times that they went forward while a server's clock did not, as its stamps show. */
	stepsForward: u32;
	/** The longest recent gap between the stamps of a file, and when it ended. */
	private gapUs: i64;
	private gapEndUs: i64;

	/** Returns the time of a frame with this stamp. */
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

	/**
	 * Whether the clock may have stepped forward by `byUs` after `sinceUs`: only in a file, and only with a gap of that
	 * length.
	 */
	canHaveStepped(byUs: i64, sinceUs: i64): bool {
		return this.gapEndUs > sinceUs && byUs <= this.gapUs + gapUsMin;
	}

	/** Returns a time in microseconds since 1970; live, by the wall clock as it is set now. */
	wallUsOf(time: i64): i64 {
		return time - this.shiftUs;
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

	/**
	 * Live, before the frames of a batch: the present values of both clocks. From now on time is on the monotonic clock's
	 * scale.
	 */
	synchronize(wallUs: i64, monotonicUs: i64): void {
		const shiftUs = monotonicUs - wallUs;
		if (abs<i64>(shiftUs - this.shiftUs) > shiftUsMin) this.shiftUs = shiftUs;
		this.limitUs = monotonicUs;
		this.isLive = true;
	}

	/** Live, with or without frames: time passes up to the moment before which no frame can arrive any more. */
	advance(monotonicUs: i64): void {
		this.limitUs = monotonicUs;
		this.isLive = true;
		const settledUs = monotonicUs - heldUsMax;
		if (settledUs > this.now) this.now = settledUs;
	}
}

export const clock: Clock = changetype<Clock>(memory.data(offsetof<Clock>(), 8));
