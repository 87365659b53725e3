import { type FrameBatch, recordHeaderBytes } from "./capture/source.ts";
import type { Decoder } from "./decode/decoder.ts";
import type { Tracker } from "./track/tracker.ts";

/**
 * The way of a packet: every record of a batch is decoded, and what it came to is observed at its own time. `used` is
 * what FrameSource.read gave. Gives the number of frames.
 */
export function observeBatch(batch: FrameBatch, used: number, decoder: Decoder, tracker: Tracker): number {
	const { bytes, words } = batch;
	let frames = 0;
	let at = 0;
	while (at < used) {
		const word = at >> 2;
		const seconds = words[word] as number;
		const nanoseconds = words[word + 1] as number;
		const captured = words[word + 2] as number;
		const frame = at + recordHeaderBytes;
		const outcome = decoder.decode(bytes, frame, frame + captured);
		tracker.observe(outcome, decoder.seen, seconds * 1_000_000 + ((nanoseconds / 1_000) | 0));
		at = (frame + captured + 3) & ~3;
		frames++;
	}
	return frames;
}
