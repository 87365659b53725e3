import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { concatBytes } from "../../support/pcapfile.ts";
import { type Decoder, decoderOf } from "./decoding.ts";

/** A decoder whose cursor stands on the first byte of RDATA that stands in the middle of other bytes. */
function opened(decoder: Decoder, data: ArrayLike<number>, isOneRun = false): Decoder {
	const start = decoder.put([9, 9, ...Array.from(data), ...new Array<number>(30).fill(9)]) + 2;
	if (isOneRun) decoder.exports.openBytes(start, start + data.length);
	else decoder.exports.openStrings(start, start + data.length);
	return decoder;
}

/** All bytes that a cursor gives. */
function textOf(data: readonly number[]): number[] {
	const { exports } = opened(decoderOf(), data);
	const bytes: number[] = [];
	for (let byte = exports.nextOfPayload(); byte >= 0; byte = exports.nextOfPayload()) bytes.push(byte);
	expect(exports.nextOfPayload()).toBe(-1);
	return bytes;
}

describe("PayloadCursor", () => {
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

	test("next, skip and take walk a payload alike, however it is cut into strings, or in one run", () => {
		const parts = fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 12 });
		const decoder = decoderOf();
		const step = fc.tuple(fc.constantFrom("next", "skip", "take"), fc.integer({ min: 0, max: 24 }));
		fc.assert(
			fc.property(parts, fc.array(step, { maxLength: 12 }), fc.boolean(), (strings, steps, isOneRun) => {
				const data = concatBytes(strings.flatMap((part) => [Uint8Array.of(part.length), part]));
				const joined = concatBytes(strings);
				const { exports } = opened(decoder, isOneRun ? joined : data, isOneRun);
				let at = 0;
				for (const [kind, count] of steps) {
					if (kind === "next") {
						expect(exports.nextOfPayload()).toBe(joined[at++] ?? -1);
					} else if (kind === "skip") {
						expect(exports.skipPayload(count)).toBe(at + count <= joined.length ? 1 : 0);
						at += count;
					} else {
						const taken = exports.takePayload(count);
						expect(taken !== 0).toBe(at + count <= joined.length);
						if (taken !== 0) {
							const bytes = new Uint8Array(exports.memory.buffer, taken, count);
							expect([...bytes]).toEqual([...joined.subarray(at, at + count)]);
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
