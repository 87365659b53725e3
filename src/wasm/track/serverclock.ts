import { clock } from "./clock.ts";

/**
 * A push leaves the server within this time after it was stamped, unless its session made it wait or another server
 * sent it.
 */
const promptMsMax: i32 = 1_000;
/** An idle client polls at least every ten seconds: a push may wait for this long. */
const waitMsMax: i32 = 10_000;
/**
 * After this many pushes that fit, the offset is certain. From then on a push that is earlier by more than earlyMsMax,
 * a wait that a busy server may have imposed on all before it, does not move the offset: a single one may be forged.
 * Until then an earlier push is believed, as no push leaves before its stamp.
 */
const fitsMin: u32 = 8;
const earlyMsMax: i32 = 100;
/**
 * This many messages that do not fit, and agree on another offset, establish another clock. They must span a time after
 * which messages that a session made wait, all stamped at once, would no longer agree. For each of them, up to three
 * others may disagree.
 */
const witnessesMin: u32 = 8;
const witnessUsMin: i64 = 500_000;
const agreementMs: i32 = 200;
const dissentersPerWitness: u32 = 3;
/** The offset is the least of the last one to two of these spans, so that it follows two clocks that drift apart. */
const spanLengthUs: i64 = 60_000_000;
/** A longer round trip is implausible, and ignored. */
const roundTripMsMax: i32 = 60_000;
/** A stamp is a whole millisecond, so the offset may be one too large. */
const roundingMs: i32 = 2;

/**
 * The millisecond clock with which a dnstt server stamps its pushes, learnt from them: a push is captured as soon as it
 * is sent, so the least difference of capture time and stamp is the clock's offset. The stamps have 32 bits and wrap
 * around; a restarted server starts anew. Memory is constant.
 *
 * An offset is 32 bits of milliseconds, which wrap around like the stamps, and 0 to 999 microseconds.
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
	/** The number of pushes that fit, up to fitsMin, and the last of them. */
	private fits: u32;
	private fitStampMs: u32;
	private fitUs: i64;
	/**
	 * The messages that agree on another offset: their number, the number of those that disagree, the times of the first
	 * and the last, and the least offset.
	 */
	private witnesses: u32;
	private dissenters: u32;
	private sinceUs: i64;
	private witnessUs: i64;
	private otherMs: u32;
	private otherUs: u32;

	/** A push stamped `stampMs` was captured at `nowUs`. */
	push(stampMs: u32, nowUs: i64): void {
		const wholeMs = nowUs / 1_000;
		const ms = (wholeMs as u32) - stampMs;
		const us = (nowUs - wholeMs * 1_000) as u32;
		if (!this.isKnown) {
			this.restart(ms, us, stampMs, nowUs);
			return;
		}
		const late = (ms - this.ms) as i32;
		if (late > promptMsMax || late < -earlyMsMax) {
			if (this.isStrange(late, nowUs)) {
				this.witness(ms, us, stampMs, nowUs);
				return;
			}
		} else {
			this.fit(stampMs, nowUs);
		}
		if (nowUs >= this.spanEndUs) {
			// After a long silence the clocks may have drifted apart.
			if (nowUs >= this.spanEndUs + spanLengthUs) this.fits = 0;
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
	 * Returns the round trip, in microseconds, that an acknowledgement captured at `nowUs` completes, of the push stamped
	 * `stampMs`; -1 if no push can have had that stamp, or if it may be another clock's.
	 */
	roundTripUs(stampMs: u32, nowUs: i64): i64 {
		if (!this.isKnown) return -1;
		const wholeMs = nowUs / 1_000;
		const ms = (wholeMs as u32) - stampMs;
		const rttMs = (ms - this.ms) as i32;
		if (rttMs < -roundingMs || rttMs > roundTripMsMax) return -1;
		if (this.witnesses > this.dissenters && ((this.otherMs - this.ms) as i32) > 0) {
			if (((ms - this.otherMs) as i32) >= -roundingMs) return -1;
		}
		return max<i64>(0, (rttMs as i64) * 1_000 + (nowUs - wholeMs * 1_000) - this.us);
	}

	private fit(stampMs: u32, nowUs: i64): void {
		this.witnesses = 0;
		if (this.fits < fitsMin) this.fits++;
		this.fitStampMs = stampMs;
		this.fitUs = nowUs;
	}

	/** Whether a push that is late by this, or early if it is negative, indicates another clock. */
	private isStrange(late: i32, nowUs: i64): bool {
		if (late < 0) {
			const isSilent = nowUs >= this.spanEndUs + spanLengthUs;
			return late < -waitMsMax || (this.fits >= fitsMin && !isSilent);
		}
		return late > waitMsMax || clock.canHaveStepped((late as i64) * 1_000, this.fitUs);
	}

	private witness(ms: u32, us: u32, stampMs: u32, nowUs: i64): void {
		const later = (ms - this.otherMs) as i32;
		const isOutvoted = this.dissenters > dissentersPerWitness * this.witnesses;
		// The first may have been late itself.
		const isPrompter = later < -agreementMs && later >= -promptMsMax;
		if (this.witnesses === 0 || isPrompter || isOutvoted) {
			this.witnesses = 1;
			this.dissenters = 0;
			this.sinceUs = nowUs;
			this.otherMs = ms;
			this.otherUs = us;
		} else if (later > agreementMs || later < -agreementMs) {
			this.dissenters++;
			return;
		} else if (this.witnessUs !== nowUs) {
			this.witnesses++;
		}
		this.witnessUs = nowUs;
		if (isLess(ms, us, this.otherMs, this.otherUs)) {
			this.otherMs = ms;
			this.otherUs = us;
		}
		if (this.witnesses < witnessesMin || nowUs - this.sinceUs < witnessUsMin) return;
		if (this.hasStepped(stampMs)) clock.stepsForward++;
		this.restart(this.otherMs, this.otherUs, stampMs, nowUs);
	}

	/** Whether the capture's clock stepped forward, while the server's is the same as before. */
	private hasStepped(stampMs: u32): bool {
		const late = (this.otherMs - this.ms) as i32;
		if (late < 0 || ((stampMs - this.fitStampMs) as i32) < 0) return false;
		return clock.canHaveStepped((late as i64) * 1_000, this.fitUs);
	}

	private restart(ms: u32, us: u32, stampMs: u32, nowUs: i64): void {
		this.isKnown = true;
		this.ms = ms;
		this.us = us;
		this.spanMs = ms;
		this.spanUs = us;
		this.spanEndUs = nowUs + spanLengthUs;
		this.fits = 0;
		this.fit(stampMs, nowUs);
	}
}

/** Whether the first of two offsets is less, on a circle of 2^32 milliseconds. */
function isLess(ms: u32, us: u32, thanMs: u32, thanUs: u32): bool {
	const ahead = (ms - thanMs) as i32;
	return ahead < 0 || (ahead === 0 && us < thanUs);
}
