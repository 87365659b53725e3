import { Segment, Segments, segments, segmentsMax } from "../decode/kcp.ts";
import { Observation, observation } from "../decode/observation.ts";

/**
 * In merged captures of two machines, a response may be stamped before its query by the difference of their clocks.
 * Microseconds.
 */
const earlyUsMax: i64 = 10_000;
/** Responses that are kept at one time; the oldest is replaced when more come within earlyUsMax. */
const slotsMax: u32 = 16;

/** A response that matched no query. Its observation and segments follow its fields. */
@unmanaged
class EarlyResponse {
	timeUs: i64;
	/** The label set under which its bytes were counted. */
	set: u32;
	isKept: bool;

	get observation(): Observation {
		return changetype<Observation>(changetype<usize>(this) + offsetof<EarlyResponse>());
	}

	get segments(): usize {
		return changetype<usize>(this) + offsetof<EarlyResponse>() + offsetof<Observation>();
	}

	/** Whether it answers the query of the current observation. */
	isAnswer(now: i64): bool {
		const response = this.observation;
		if (!this.isKept || now - this.timeUs > earlyUsMax) return false;
		if (response.messageId !== observation.messageId || response.resolverPort !== observation.resolverPort)
			return false;
		if (response.domain !== observation.domain || response.resolver3 !== observation.resolver3) return false;
		return (
			response.resolver2 === observation.resolver2 &&
			response.resolver1 === observation.resolver1 &&
			response.resolver0 === observation.resolver0
		);
	}
}

const segmentsBytes: u32 = offsetof<Segments>() + segmentsMax * offsetof<Segment>();
const slotBytes: u32 = (offsetof<EarlyResponse>() + offsetof<Observation>() + segmentsBytes + 7) & ~7;
const slots: usize = memory.data(slotsMax * slotBytes, 64);
let next: u32 = 0;
/** The time of the latest response that is kept. */
let latestUs: i64 = i64.MIN_VALUE / 2;

function slotAt(index: u32): EarlyResponse {
	return changetype<EarlyResponse>((slots + index * slotBytes) as usize);
}

/** Keeps the current observation, a response at `now`, which was counted under this label set. */
export function keepEarly(set: u32, now: i64): void {
	const slot = slotAt(next);
	next = (next + 1) % slotsMax;
	slot.timeUs = now;
	slot.set = set;
	slot.isKept = true;
	memory.copy(changetype<usize>(slot.observation), changetype<usize>(observation), offsetof<Observation>());
	memory.copy(slot.segments, changetype<usize>(segments), offsetof<Segments>() + segments.count * offsetof<Segment>());
	latestUs = now;
}

/**
 * If the response to the current query came shortly before it, makes that response the current observation, and returns
 * the label set under which it was counted; otherwise -1.
 */
export function takeEarly(now: i64): i32 {
	if (now - latestUs > earlyUsMax) return -1;
	for (let index: u32 = 0; index < slotsMax; index++) {
		const slot = slotAt(index);
		if (!slot.isAnswer(now)) continue;
		slot.isKept = false;
		memory.copy(changetype<usize>(observation), changetype<usize>(slot.observation), offsetof<Observation>());
		const count = changetype<Segments>(slot.segments).count;
		memory.copy(changetype<usize>(segments), slot.segments, offsetof<Segments>() + count * offsetof<Segment>());
		return slot.set;
	}
	return -1;
}
