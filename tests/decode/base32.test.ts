import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
	byteAt,
	bytesIn,
	dropSkipped,
	groupInvalid,
	groupOf,
	groupSkipped,
	littleEndianAt,
	unsound,
} from "../../src/decode/base32.ts";
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

describe("unsound", () => {
	const word = (octets: readonly number[]) => new DataView(Uint8Array.from(octets).buffer).getInt32(0, true);

	test("takes four octets if each is a base32 character, wherever a bad one stands", () => {
		for (let place = 0; place < 4; place++) {
			for (let octet = 0; octet < 256; octet++) {
				for (const around of ["a", "z", "A", "Z", "2", "7"]) {
					const octets = new Array<number>(4).fill(around.charCodeAt(0));
					octets[place] = octet;
					expect([octets, unsound(word(octets)) === 0]).toEqual([octets, (groupOf[octet] ?? 255) < 32]);
				}
			}
		}
	});

	test("is the four octets' own answer for any four", () => {
		const bounds = [0x0a, 0x0d, 0x31, 0x32, 0x37, 0x38, 0x40, 0x41, 0x5a, 0x5b, 0x60, 0x61, 0x7a, 0x7b, 0x80, 0xff];
		const octet = fc.oneof(fc.nat(255), fc.constantFrom(...bounds));
		fc.assert(
			fc.property(fc.array(octet, { minLength: 4, maxLength: 4 }), (octets) => {
				expect(unsound(word(octets)) === 0).toBe(octets.every((one) => (groupOf[one] ?? 255) < 32));
			}),
			{ numRuns: 5_000 },
		);
	});
});

describe("dropSkipped", () => {
	const rows: readonly [title: string, characters: string, kept: string][] = [
		["nothing stays nothing", "", ""],
		["without CR and LF all stay", "aB7", "aB7"],
		["CR and LF go wherever they stand", "\na\r\nb\r", "ab"],
		["CR and LF alone leave nothing", "\r\n", ""],
	];
	for (const [title, characters, kept] of rows) {
		test(title, () => {
			const bytes = Uint8Array.from(characters, (character) => character.charCodeAt(0));
			const count = dropSkipped(bytes, bytes.length);
			expect(String.fromCharCode(...bytes.subarray(0, count))).toBe(kept);
		});
	}
});

/** Characters behind others and before others. */
function surrounded(text: string, start: number, stale: number): Uint8Array {
	const characters = new Uint8Array(start + text.length + 16).fill(stale);
	for (let index = 0; index < text.length; index++) characters[start + index] = text.charCodeAt(index);
	return characters;
}

describe("what the characters hold", () => {
	const any = fc.tuple(fc.uint8Array({ maxLength: 160 }), fc.nat(9), fc.nat(255), fc.boolean());

	test("is every byte that base32 wrote, in either case, whatever stands around them", () => {
		fc.assert(
			fc.property(any, ([bytes, start, stale, isLower]) => {
				const text = isLower ? base32(bytes).toLowerCase() : base32(bytes);
				const characters = surrounded(text, start, stale);
				expect(bytesIn(text.length)).toBe(bytes.length);
				expect(bytes.map((_, index) => byteAt(characters, start, index))).toEqual(bytes);
			}),
		);
	});

	test("is every little-endian word of them", () => {
		fc.assert(
			fc.property(any, ([bytes, start, stale]) => {
				const characters = surrounded(base32(bytes), start, stale);
				for (let index = 0; index + 4 <= bytes.length; index++) {
					const word = new DataView(bytes.buffer, bytes.byteOffset).getInt32(index, true);
					expect(littleEndianAt(characters, start, index)).toBe(word);
				}
			}),
		);
	});
});
