const wrapMs = 2 ** 32;
/** A push leaves the server within this after it was stamped, unless the server is another one: held for 1 s, queued for some more. */
const delayMsMax = 10_000;
/** So many pushes in a row that do not fit make another server. */
const strangersMax = 8;
/** The offset is the least one of the last one to two of these spans, so that it follows two clocks that drift apart. */
const spanUs = 60_000_000;
/** A round trip that took longer was none. */
const roundTripMsMax = 60_000;

/**
 * The millisecond clock that a dnstt server stamps its pushes with, learnt from them: a push is captured as soon as it
 * is sent, so that the least difference of capture time and stamp is the clock's offset. The stamps have 32 bits and
 * wrap around; a server that was restarted starts anew. Takes constant memory.
 */
export class ServerClock {
	/** Least offset in the span before and in the current one, milliseconds modulo 2^32; NaN before the first. */
	private before = Number.NaN;
	private current = Number.NaN;
	private spanEndUs = 0;
	/** Pushes in a row that came too late by the offset, and the least offset among them. */
	private strangers = 0;
	private strangersOffset = Number.NaN;

	/** A push stamped `stampMs` (32 bits) was captured at `nowUs`. */
	push(stampMs: number, nowUs: number): void {
		const offset = wrapped(nowUs / 1_000 - stampMs);
		if (Number.isNaN(this.current) && Number.isNaN(this.before)) {
			this.restart(offset, nowUs);
			return;
		}
		const late = difference(offset, this.offset);
		if (late > delayMsMax || late < -delayMsMax) {
			const least = this.strangers === 0 ? offset : this.strangersOffset;
			this.strangersOffset = difference(offset, least) < 0 ? offset : least;
			if (++this.strangers >= strangersMax) this.restart(this.strangersOffset, nowUs);
			return;
		}
		this.strangers = 0;
		if (nowUs >= this.spanEndUs) {
			this.before = this.current;
			this.current = offset;
			this.spanEndUs = nowUs + spanUs;
		} else if (Number.isNaN(this.current) || difference(offset, this.current) < 0) {
			this.current = offset;
		}
	}

	/**
	 * The round trip, in microseconds, that an acknowledgement captured at `nowUs` completes, of the push stamped
	 * `stampMs`; -1 when no push can have had that stamp.
	 */
	roundTripUs(stampMs: number, nowUs: number): number {
		const tripMs = difference(wrapped(nowUs / 1_000 - stampMs), this.offset);
		// A stamp is a whole millisecond, so the offset may be one too large.
		if (!(tripMs > -2 && tripMs <= roundTripMsMax)) return -1;
		return Math.max(0, Math.round(tripMs * 1_000));
	}

	/** NaN before the first push. */
	private get offset(): number {
		if (Number.isNaN(this.before)) return this.current;
		return difference(this.before, this.current) < 0 ? this.before : this.current;
	}

	private restart(offset: number, nowUs: number): void {
		this.before = Number.NaN;
		this.current = offset;
		this.spanEndUs = nowUs + spanUs;
		this.strangers = 0;
	}
}

function wrapped(ms: number): number {
	return ms - Math.floor(ms / wrapMs) * wrapMs;
}

/** a - b on a circle of 2^32: from -2^31 up to 2^31. */
function difference(a: number, b: number): number {
	return wrapped(a - b + wrapMs / 2) - wrapMs / 2;
}
