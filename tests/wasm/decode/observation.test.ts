import { expect, test } from "bun:test";
import { decoderOf, observationFields, segmentFields } from "./decoding.ts";

const { exports, observation } = decoderOf();
const everyFourth = (bytes: number) => Array.from({ length: bytes / 4 }, (_, index) => index * 4);

test("the fields that tests read of an observation are all that the decoder has, each a word", () => {
	const offsets = observationFields.map((field): number => exports[`${field}Offset`].value);
	expect(offsets.toSorted((a, b) => a - b)).toEqual(everyFourth(exports.observationBytes.value));
});

test("the fields that tests read of a segment are all that the decoder has, each a word", () => {
	const offsets = segmentFields.map((field): number => exports[`${field}Offset`].value);
	expect(offsets.toSorted((a, b) => a - b)).toEqual(everyFourth(exports.segmentBytes.value));
	expect(exports.segmentAt(1) - exports.segmentAt(0)).toBe(exports.segmentBytes.value);
});

test("a word of the observation is unsigned, in the module's own memory, and stays when memory grows", () => {
	observation.idHigh = -1;
	expect(observation.idHigh).toBe(0xffff_ffff);
	exports.memory.grow(1);
	expect(observation.idHigh).toBe(0xffff_ffff);
	const at = exports.observationAddress() + exports.idHighOffset.value;
	expect(new DataView(exports.memory.buffer).getUint32(at, true)).toBe(0xffff_ffff);
});
