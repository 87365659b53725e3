import { describe, expect, test } from "bun:test";
import { Segments, segmentHeaderBytes, segmentsMax } from "../../src/decode/kcp.ts";
import { kcpCommands, kcpSegment } from "../support/frames.ts";

const push = (claimedBytes: number) => kcpSegment({ command: kcpCommands.push, claimedBytes });

describe("Segments", () => {
	const rows: readonly [title: string, header: Uint8Array, left: number, expected: number][] = [
		["a push gives its length", push(5), 5, 5],
		["more may stand behind its data", push(5), 900, 5],
		["data of one byte more than there is breaks it", push(6), 5, -1],
		["a length of 2^31 is no negative number", push(0x8000_0000), 5, -1],
		["the greatest length is no -1 that fits", push(0xffff_ffff), 5, -1],
		["an ack is a segment", kcpSegment({ command: kcpCommands.ack }), 0, 0],
		["a window ask is a segment", kcpSegment({ command: kcpCommands.windowAsk }), 0, 0],
		["a window tell is a segment", kcpSegment({ command: kcpCommands.windowTell }), 0, 0],
		["command 80 is none", kcpSegment({ command: 80 }), 0, -1],
		["command 85 is none", kcpSegment({ command: 85 }), 0, -1],
		["command 0 is none", kcpSegment({ command: 0 }), 0, -1],
	];
	for (const [title, header, left, expected] of rows) {
		test(title, () => {
			const segments = new Segments();
			expect(segments.add(header, left)).toBe(expected);
			expect(segments.count).toBe(expected < 0 ? 0 : 1);
		});
	}

	test("stamp and sequence are the 32 bits of the wire, little-endian and signed", () => {
		const segments = new Segments();
		segments.add(kcpSegment({ command: kcpCommands.ack, timestampMs: 0xffff_fffe, sequence: 0x0102_0304 }), 0);
		expect([segments.command[0], segments.stampMs[0], segments.sequence[0]]).toEqual([82, -2, 0x0102_0304]);
	});

	test(`${segmentsMax} segments are kept, one more is refused, and none after a clear`, () => {
		const segments = new Segments();
		for (let count = 0; count < segmentsMax; count++) expect(segments.add(push(0), 0)).toBe(0);
		expect(segments.add(push(0), 0)).toBe(-1);
		expect(segments.count).toBe(segmentsMax);
		segments.broken = 3;
		segments.clear();
		expect([segments.count, segments.broken, segments.add(push(0), 0)]).toEqual([0, 0, 0]);
	});

	test("the longest query that a server takes holds fewer segments than are kept", () => {
		expect(Math.floor(4096 / segmentHeaderBytes)).toBeLessThan(segmentsMax);
	});
});
