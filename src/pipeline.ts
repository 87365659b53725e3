import { type FrameBatch, recordHeaderBytes } from "./capture/source.ts";
import type { Decoder } from "./decode/decoder.ts";
import type { Tracker } from "./track/tracker.ts";

/** What of a batch was observed: how many frames, and the time stamps (microseconds since 1970) of the first and last. */
export interface Span {
	frames: number;
	firstUs: number;
	lastUs: number;
}

/** Frames from `fromUs` on and before `toUs`. */
export interface TimeRange {
	readonly fromUs: number;
	readonly toUs: number;
}

/** Looks at the tracker at moments between frames. */
export interface Sampler {
	/** The next such moment, microseconds since 1970. */
	readonly nextUs: number;
	/** The frame that comes next has this time stamp, at `nextUs` or later. */
	reach(stampUs: number): void;
}

const never: Sampler = { nextUs: Number.POSITIVE_INFINITY, reach() {} };

const always: TimeRange = { fromUs: Number.NEGATIVE_INFINITY, toUs: Number.POSITIVE_INFINITY };

/**
 * The way of a packet: every record of a batch is decoded, and what it came to is observed at its own time. `used` is
 * what FrameSource.read gave. Frames outside the range are passed over. The sampler has its turn in front of the first frame
 * at or behind its moment.
 */
export function observeBatch(
	batch: FrameBatch,
	used: number,
	decoder: Decoder,
	tracker: Tracker,
	range: TimeRange = always,
	sampler: Sampler = never,
): Span {
	const { bytes, words } = batch;
	const { seen } = decoder;
	const { fromUs, toUs } = range;
	const span: Span = { frames: 0, firstUs: 0, lastUs: 0 };
	let at = 0;
	while (at < used) {
		const word = at >> 2;
		const stampUs = (words[word] as number) * 1_000_000 + (((words[word + 1] as number) / 1_000) | 0);
		const frame = at + recordHeaderBytes;
		const end = frame + (words[word + 2] as number);
		at = (end + 3) & ~3;
		if (stampUs < fromUs || stampUs >= toUs) continue;
		if (stampUs >= sampler.nextUs) sampler.reach(stampUs);
		const outcome = decoder.decode(bytes, frame, end);
		tracker.observe(outcome, seen, stampUs);
		if (span.frames++ === 0) span.firstUs = stampUs;
		span.lastUs = stampUs;
	}
	return span;
}
