import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { TextCursor } from "../../src/decode/txt.ts";
import { concatBytes } from "../support/pcapfile.ts";

/** All bytes that a cursor gives, in RDATA that stands in the middle of other bytes. */
function textOf(data: readonly number[]): number[] {
	const text = new TextCursor();
	text.open(Uint8Array.of(9, 9, ...data, 9, 9, 9, 9), 2, 2 + data.length);
	const bytes: number[] = [];
	for (let byte = text.next(); byte >= 0; byte = text.next()) bytes.push(byte);
	expect(text.next()).toBe(-1);
	return bytes;
}

describe("TextCursor", () => {
	const rows: readonly [title: string, data: readonly number[], expected: readonly number[]][] = [
		["no RDATA is no text", [], []],
		["an empty string is no text", [0], []],
		["one string is its bytes", [2, 7, 8], [7, 8]],
		["strings are joined", [2, 7, 8, 1, 6], [7, 8, 6]],
		["empty strings between add nothing", [0, 1, 7, 0, 0, 1, 6, 0], [7, 6]],
		["a string that reaches over the end is not read", [1, 7, 2, 6], [7]],
		["a length octet alone is not read", [1, 7, 1], [7]],
		["a string to the very end is read", [3, 1, 2, 3], [1, 2, 3]],
	];
	for (const [title, data, expected] of rows) test(title, () => expect(textOf(data)).toEqual([...expected]));

	test("next, skip and take walk the joined text alike, however it is cut into strings", () => {
		const parts = fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 12 });
		const step = fc.tuple(fc.constantFrom("next", "skip", "take"), fc.integer({ min: 0, max: 24 }));
		fc.assert(
			fc.property(parts, fc.array(step, { maxLength: 12 }), (strings, steps) => {
				const data = concatBytes(strings.flatMap((part) => [Uint8Array.of(part.length), part]));
				const joined = concatBytes(strings);
				const text = new TextCursor();
				text.open(concatBytes([Uint8Array.of(5), data, Uint8Array.of(5, 5, 5, 5, 5, 5)]), 1, 1 + data.length);
				let at = 0;
				for (const [kind, count] of steps) {
					if (kind === "next") {
						expect(text.next()).toBe(joined[at++] ?? -1);
					} else if (kind === "skip") {
						expect(text.skip(count)).toBe(at + count <= joined.length);
						at += count;
					} else {
						expect(text.take(count)).toBe(at + count <= joined.length);
						if (at + count <= joined.length) {
							const taken = Array.from({ length: count }, (_, index) => text.taken(index));
							expect(taken).toEqual([...joined.subarray(at, at + count)]);
							if (count >= 4) {
								const word = new DataView(joined.buffer).getInt32(at + count - 4, true);
								expect(text.takenLittleEndian(count - 4)).toBe(word);
							}
						}
						at += count;
					}
					if (at > joined.length) return;
				}
			}),
			{ numRuns: 500 },
		);
	});
});
