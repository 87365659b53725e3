import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { byteAt, bytesIn, dropSkipped, groupInvalid, groupOf, groupSkipped } from "../../src/decode/base32.ts";
import { base32 } from "../support/frames.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

describe("groupOf", () => {
	test("gives every octet its group in both cases, CR and LF the one mark, and all others the other", () => {
		for (let octet = 0; octet < 256; octet++) {
			const character = String.fromCharCode(octet);
			const ascii = octet < 128 ? character.toUpperCase() : character;
			const index = alphabet.indexOf(ascii);
			const expected = index >= 0 ? index : character === "\r" || character === "\n" ? groupSkipped : groupInvalid;
			expect([octet, groupOf[octet]]).toEqual([octet, expected]);
		}
	});
});

describe("bytesIn", () => {
	const rows: readonly [groups: number, bytes: number][] = [
		[0, 0],
		[1, 0],
		[2, 1],
		[3, 0],
		[4, 2],
		[5, 3],
		[6, 0],
		[7, 4],
		[8, 5],
		[9, 5],
		[10, 6],
		[11, 5],
		[12, 7],
		[13, 8],
		[14, 5],
		[15, 9],
		[16, 10],
	];
	for (const [groups, bytes] of rows) {
		const drops = [1, 3, 6].includes(groups % 8) ? ", the last run dropped as the server drops it" : "";
		test(`${groups} characters hold ${bytes} bytes${drops}`, () => expect(bytesIn(groups)).toBe(bytes));
	}
});

describe("dropSkipped", () => {
	const rows: readonly [title: string, groups: readonly number[], kept: readonly number[]][] = [
		["nothing stays nothing", [], []],
		["without marks all stay", [1, 2, 31], [1, 2, 31]],
		["marks go wherever they stand", [64, 1, 64, 64, 2, 64], [1, 2]],
		["marks alone leave nothing", [64, 64], []],
	];
	for (const [title, groups, kept] of rows) {
		test(title, () => {
			const bytes = Uint8Array.from(groups);
			const count = dropSkipped(bytes, bytes.length);
			expect([...bytes.subarray(0, count)]).toEqual([...kept]);
		});
	}
});

describe("byteAt", () => {
	test("gives back every byte that base32 wrote, whatever stands behind the groups", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 160 }), fc.integer({ min: 0, max: 31 }), (bytes, stale) => {
				const text = base32(bytes);
				const groups = new Uint8Array(300).fill(stale);
				for (let index = 0; index < text.length; index++) groups[index] = alphabet.indexOf(text.charAt(index));
				expect(bytesIn(text.length)).toBe(bytes.length);
				expect(bytes.map((_, index) => byteAt(groups, index))).toEqual(bytes);
			}),
		);
	});
});
