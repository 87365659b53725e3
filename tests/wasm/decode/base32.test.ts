import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { base32 } from "../../support/frames.ts";
import { decoderOf } from "./decoding.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const { exports, put, room, start } = decoderOf();
const { bytesIn } = exports;

/** The group of an octet, which is a base32 character in either case; -1 for one that is none. */
function groupOf(octet: number): number {
	return octet < 128 ? alphabet.indexOf(String.fromCharCode(octet).toUpperCase()) : -1;
}

const isSkipped = (octet: number) => octet === 0x0a || octet === 0x0d;

describe("groupAt", () => {
	test("gives every octet its group in both cases, and all others more than a group", () => {
		for (let octet = 0; octet < 256; octet++) {
			const group = exports.groupAt(put([octet]));
			expect([octet, group > 31 ? -1 : group]).toEqual([octet, groupOf(octet)]);
		}
	});
});

describe("hasInvalid", () => {
	test("sees every octet that is neither base32 nor CR nor LF, and no other", () => {
		for (let octet = 0; octet < 256; octet++) {
			const isInvalid = groupOf(octet) < 0 && !isSkipped(octet);
			expect([octet, exports.hasInvalid(put([octet]), 1)]).toEqual([octet, isInvalid ? 1 : 0]);
		}
	});

	const rows: readonly [title: string, characters: string, count: number, isInvalid: boolean][] = [
		["nothing has none", "0", 0, false],
		["the first of several is seen", "0ab", 3, true],
		["the last of several is seen", "ab0", 3, true],
		["one behind the last is not", "ab0", 2, false],
		["CR and LF hide none", "\r\n0", 3, true],
	];
	for (const [title, characters, count, isInvalid] of rows) {
		test(title, () => expect(exports.hasInvalid(put(Buffer.from(characters)), count)).toBe(isInvalid ? 1 : 0));
	}
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

describe("invalidMarks", () => {
	const isSound = (octets: readonly number[]) => exports.invalidMarks(put(octets)) === 0n;

	test("takes eight octets if each is a base32 character, wherever a bad one stands", () => {
		for (let index = 0; index < 8; index++) {
			for (let octet = 0; octet < 256; octet++) {
				for (const around of ["a", "z", "A", "Z", "2", "7"]) {
					const octets = new Array<number>(8).fill(around.charCodeAt(0));
					octets[index] = octet;
					if (isSound(octets) !== groupOf(octet) >= 0)
						throw new Error(`${octets} is taken, or is not, against the rule`);
				}
			}
		}
	});

	test("is the eight octets' own answer for any eight", () => {
		const bounds = [0x0a, 0x0d, 0x31, 0x32, 0x37, 0x38, 0x40, 0x41, 0x5a, 0x5b, 0x60, 0x61, 0x7a, 0x7b, 0x80, 0xff];
		const octet = fc.oneof(fc.nat(255), fc.constantFrom(...bounds));
		fc.assert(
			fc.property(fc.array(octet, { minLength: 8, maxLength: 8 }), (octets) => {
				expect(isSound(octets)).toBe(octets.every((one) => groupOf(one) >= 0));
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
			const count = exports.dropSkipped(put(Buffer.from(characters)), characters.length);
			expect(String.fromCharCode(...room.subarray(0, count))).toBe(kept);
		});
	}
});

/** Puts characters behind others and before others; gives the address of the first. */
function surrounded(text: string, offset: number, stale: number): number {
	room.fill(stale, 0, offset + text.length + 16);
	room.set(Buffer.from(text), offset);
	return start + offset;
}

describe("what the characters hold", () => {
	const any = fc.tuple(fc.uint8Array({ maxLength: 160 }), fc.nat(9), fc.nat(255), fc.boolean());

	test("is every byte that base32 wrote, in either case, whatever stands around them", () => {
		fc.assert(
			fc.property(any, ([bytes, offset, stale, isLower]) => {
				const text = isLower ? base32(bytes).toLowerCase() : base32(bytes);
				const characters = surrounded(text, offset, stale);
				expect(bytesIn(text.length)).toBe(bytes.length);
				expect(bytes.map((_, index) => exports.byteIn(characters, index))).toEqual(bytes);
			}),
		);
	});

	test("is every little-endian word of them", () => {
		fc.assert(
			fc.property(any, ([bytes, offset, stale]) => {
				const characters = surrounded(base32(bytes), offset, stale);
				for (let index = 0; index + 4 <= bytes.length; index++) {
					const word = new DataView(bytes.buffer, bytes.byteOffset).getUint32(index, true);
					expect(exports.wordIn(characters, index) >>> 0).toBe(word);
				}
			}),
		);
	});
});
