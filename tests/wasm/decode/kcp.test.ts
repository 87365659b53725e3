import { describe, expect, test } from "bun:test";
import { SegmentFault } from "../../../src/wasm/shared/fault.ts";
import { segmentHeaderBytes } from "../../../src/wasm/shared/wire.ts";
import { decoderOf } from "./decoding.ts";

const segmentsMax: number = decoderOf().exports.segmentsMax.value;

describe("Segments", () => {
	const rows: readonly [title: string, command: number, dataBytes: number, left: number, expected: SegmentFault][] = [
		["a push whose data is there is a segment", 81, 5, 5, SegmentFault.None],
		["more may stand after its data", 81, 5, 900, SegmentFault.None],
		["data of one byte more than there is breaks it", 81, 6, 5, SegmentFault.Format],
		["a length of 2^31 is no negative number", 81, 0x8000_0000, 5, SegmentFault.Format],
		["the greatest length is no -1 that fits", 81, 0xffff_ffff, 5, SegmentFault.Format],
		["an ack is a segment", 82, 0, 0, SegmentFault.None],
		["a window ask is a segment", 83, 0, 0, SegmentFault.None],
		["a window tell is a segment", 84, 0, 0, SegmentFault.None],
		["command 80 is none", 80, 0, 0, SegmentFault.Format],
		["command 85 is none", 85, 0, 0, SegmentFault.Format],
		["command 0 is none", 0, 0, 0, SegmentFault.Format],
		["command 255 is none", 255, 0, 0, SegmentFault.Format],
	];
	for (const [title, command, dataBytes, left, expected] of rows) {
		test(title, () => {
			const { exports, observation } = decoderOf();
			expect(exports.addSegment(0, command, 0, 0, dataBytes, left)).toBe(expected);
			expect(observation.segments.count).toBe(expected === SegmentFault.None ? 1 : 0);
		});
	}

	test("conversation, stamp and sequence are unsigned words, each segment has its own", () => {
		const { exports, observation } = decoderOf();
		exports.addSegment(0xffff_fffd, 82, 0xffff_fffe, 0x0102_0304, 0, 0);
		exports.addSegment(5, 81, 1, 0xffff_ffff, 0, 0);
		const { conversation, command, stampMs, sequence } = observation.segments;
		expect([conversation, command, stampMs, sequence]).toEqual([
			[0xffff_fffd, 5],
			[82, 81],
			[0xffff_fffe, 1],
			[0x0102_0304, 0xffff_ffff],
		]);
	});

	test(`${segmentsMax} segments are kept, one more is refused, and none after a clear`, () => {
		const { exports, observation } = decoderOf();
		const { segments } = observation;
		for (let count = 0; count < segmentsMax; count++)
			expect(exports.addSegment(0, 81, 0, count, 0, 0)).toBe(SegmentFault.None);
		expect(exports.addSegment(0, 81, 0, 0, 0, 0)).toBe(SegmentFault.Format);
		expect(segments.count).toBe(segmentsMax);
		expect(segments.sequence).toEqual(Array.from({ length: segmentsMax }, (_, index) => index));
		segments.malformed = 3;
		exports.clearSegments();
		expect([segments.count, segments.malformed, exports.addSegment(0, 81, 0, 0, 0, 0)]).toEqual([0, 0, 0]);
	});

	test("the longest query that a server takes holds fewer segments than are kept", () => {
		expect(Math.floor(4096 / segmentHeaderBytes)).toBeLessThan(segmentsMax);
	});
});
