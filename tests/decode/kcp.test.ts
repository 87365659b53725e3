import { describe, expect, test } from "bun:test";
import { Segments, segmentHeaderBytes, segmentsMax } from "../../src/decode/kcp.ts";

describe("Segments", () => {
	const rows: readonly [title: string, command: number, dataBytes: number, left: number, expected: number][] = [
		["a push gives its length", 81, 5, 5, 5],
		["more may stand behind its data", 81, 5, 900, 5],
		["data of one byte more than there is breaks it", 81, 6, 5, -1],
		["a length of 2^31 is no negative number", 81, 0x8000_0000 | 0, 5, -1],
		["the greatest length is no -1 that fits", 81, -1, 5, -1],
		["an ack is a segment", 82, 0, 0, 0],
		["a window ask is a segment", 83, 0, 0, 0],
		["a window tell is a segment", 84, 0, 0, 0],
		["command 80 is none", 80, 0, 0, -1],
		["command 85 is none", 85, 0, 0, -1],
		["command 0 is none", 0, 0, 0, -1],
		["command 255 is none", 255, 0, 0, -1],
	];
	for (const [title, command, dataBytes, left, expected] of rows) {
		test(title, () => {
			const segments = new Segments();
			expect(segments.add(command, 0, 0, dataBytes, left)).toBe(expected);
			expect(segments.count).toBe(expected < 0 ? 0 : 1);
		});
	}

	test("stamp and sequence are signed words", () => {
		const segments = new Segments();
		segments.add(82, -2, 0x0102_0304, 0, 0);
		expect([segments.command[0], segments.stampMs[0], segments.sequence[0]]).toEqual([82, -2, 0x0102_0304]);
	});

	test(`${segmentsMax} segments are kept, one more is refused, and none after a clear`, () => {
		const segments = new Segments();
		for (let count = 0; count < segmentsMax; count++) expect(segments.add(81, 0, 0, 0, 0)).toBe(0);
		expect(segments.add(81, 0, 0, 0, 0)).toBe(-1);
		expect(segments.count).toBe(segmentsMax);
		segments.broken = 3;
		segments.clear();
		expect([segments.count, segments.broken, segments.add(81, 0, 0, 0, 0)]).toEqual([0, 0, 0]);
	});

	test("the longest query that a server takes holds fewer segments than are kept", () => {
		expect(Math.floor(4096 / segmentHeaderBytes)).toBeLessThan(segmentsMax);
	});
});
