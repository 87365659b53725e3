/** Ends sessions whose time has come, even if no packet comes. */

import type { Tracker } from "../engine/tracker.ts";
import { heldUsMax } from "../wasm/shared/limits.ts";

/**
 * Wake-ups are at least this far apart, so that each ends several sessions, and not much further, so that each has little to do
 * under a flood.
 */
const delayMinMs = 10;

export interface ExpiryOptions {
	readonly tracker: Pick<Tracker, "synchronize" | "advance" | "expire" | "nextExpiryUs">;
	/** Reads the frames that wait; false if some are left. */
	catchUp(): boolean;
	/** Runs `work` after `delayMs`; returns the function that cancels it. */
	schedule(work: () => void, delayMs: number): () => void;
	wallUs(): number;
	monotonicUs(): number;
}

export interface Expiry {
	/**
	 * Advances the tracker's clock to now and ends what has ended. Frames that waited for long, as after the process was stopped,
	 * count at their own time: while some are left, the clock stays before them.
	 */
	passTime(): void;
	/** Sets the timer for what ends next, unless it is set; there is none while nothing is going to end. */
	setTimer(): void;
	stop(): void;
}

export function createExpiry({ tracker, catchUp, schedule, wallUs, monotonicUs }: ExpiryOptions): Expiry {
	/** Cancels the timer; null while there is none. */
	let cancel: (() => void) | null = null;

	function passTime(): void {
		// Without frames as well: the times of the last ones are by the wall clock as it is set now.
		tracker.synchronize(wallUs(), monotonicUs());
		if (catchUp()) tracker.advance(monotonicUs());
		tracker.expire();
	}

	function nextTimer(): typeof cancel {
		const waitMs = (tracker.nextExpiryUs + heldUsMax - monotonicUs()) / 1_000;
		if (waitMs === Number.POSITIVE_INFINITY) return null;
		const work = () => {
			passTime();
			cancel = nextTimer();
		};
		return schedule(work, Math.max(waitMs, delayMinMs));
	}

	return {
		passTime,
		setTimer() {
			cancel ??= nextTimer();
		},
		stop() {
			cancel?.();
		},
	};
}
