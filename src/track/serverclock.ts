/** A push leaves the server within this after it was stamped, unless the server is another one: held for 1 s, queued for some more. */
const delayMsMax: i32 = 10_000;
/** So many pushes in a row that do not fit make another server. */
const strangersMax: u32 = 8;
/** The offset is the least one of the last one to two of these spans, so that it follows two clocks that drift apart. */
const spanLengthUs: i64 = 60_000_000;
/** A round trip that took longer was none. */
const roundTripMsMax: i32 = 60_000;

/**
 * The millisecond clock that a dnstt server stamps its pushes with, learnt from them: a push is captured as soon as it
 * is sent, so that the least difference of capture time and stamp is the clock's offset. The stamps have 32 bits and
 * wrap around; a server that was restarted starts anew. Takes constant memory.
 *
 * An offset is 32 bits of milliseconds, which wrap around as the stamps do, and 0 to 999 microseconds.
 */
@unmanaged
export class ServerClock {
	private isKnown: bool;
	/** Least offset of the current span and the one before. */
	private ms: u32;
	private us: u32;
	/** Least offset of the current span alone. */
	private spanMs: u32;
	private spanUs: u32;
	private spanEndUs: i64;
	/** Pushes in a row that came too late or too early by the offset, and the least offset among them. */
	private strangers: u32;
	private strangersMs: u32;
	private strangersUs: u32;

	/** A push stamped `stampMs` was captured at `nowUs`. */
	push(stampMs: u32, nowUs: i64): void {
		const wholeMs = nowUs / 1_000;
		const ms = (wholeMs as u32) - stampMs;
		const us = (nowUs - wholeMs * 1_000) as u32;
		if (!this.isKnown) {
			this.restart(ms, us, nowUs);
			return;
		}
		const late = (ms - this.ms) as i32;
		if (late > delayMsMax || late < -delayMsMax) {
			this.stranger(ms, us, nowUs);
			return;
		}
		this.strangers = 0;
		if (nowUs >= this.spanEndUs) {
			this.ms = this.spanMs;
			this.us = this.spanUs;
			this.spanMs = ms;
			this.spanUs = us;
			this.spanEndUs = nowUs + spanLengthUs;
		} else if (isLess(ms, us, this.spanMs, this.spanUs)) {
			this.spanMs = ms;
			this.spanUs = us;
		}
		if (isLess(ms, us, this.ms, this.us)) {
			this.ms = ms;
			this.us = us;
		}
	}

	/**
	 * The round trip, in microseconds, that an acknowledgement captured at `nowUs` completes, of the push stamped
	 * `stampMs`; -1 when no push can have had that stamp, or it looks as if another server had come.
	 */
	roundTripUs(stampMs: u32, nowUs: i64): i64 {
		if (!this.isKnown || this.strangers > 0) return -1;
		const wholeMs = nowUs / 1_000;
		const tripMs = ((wholeMs as u32) - stampMs - this.ms) as i32;
		// A stamp is a whole millisecond, so the offset may be one too large.
		if (tripMs < -2 || tripMs > roundTripMsMax) return -1;
		return max<i64>(0, (tripMs as i64) * 1_000 + (nowUs - wholeMs * 1_000) - this.us);
	}

	private stranger(ms: u32, us: u32, nowUs: i64): void {
		if (this.strangers === 0 || isLess(ms, us, this.strangersMs, this.strangersUs)) {
			this.strangersMs = ms;
			this.strangersUs = us;
		}
		if (++this.strangers >= strangersMax) this.restart(this.strangersMs, this.strangersUs, nowUs);
	}

	private restart(ms: u32, us: u32, nowUs: i64): void {
		this.isKnown = true;
		this.ms = ms;
		this.us = us;
		this.spanMs = ms;
		this.spanUs = us;
		this.spanEndUs = nowUs + spanLengthUs;
		this.strangers = 0;
	}
}

/** Whether the first of two offsets is less, on a circle of 2^32 milliseconds. */
function isLess(ms: u32, us: u32, thanMs: u32, thanUs: u32): bool {
	const ahead = (ms - thanMs) as i32;
	return ahead < 0 || (ahead === 0 && us < thanUs);
}
