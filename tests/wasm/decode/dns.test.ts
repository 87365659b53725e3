import { describe, expect, test } from "bun:test";
import { faultNames } from "../../../src/engine/reasons.ts";
import type { Fault } from "../../../src/wasm/shared/fault.ts";
import { encodeName, namePointer } from "../../support/frames.ts";
import { concatBytes } from "../../support/pcapfile.ts";
import { type Decoder, decoderOf, nameOfOctets, wordOf } from "./decoding.ts";

const word = (fault: Fault) => wordOf(faultNames, fault);
/** What stands in front of a message, and behind it, in the buffer: labels and pointers that must not be read. */
const front = Uint8Array.of(3, 1, 65, 0xc0, 2);
const behind = Uint8Array.of(1, 65, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

/** The labels of the name that was read, wherever they stand in memory. */
function labelsIn({ exports }: Decoder): string {
	const bytes = new Uint8Array(exports.memory.buffer);
	const labels: string[] = [];
	for (let index = 0; index < exports.nameLabels(); index++) {
		const at = exports.nameLabelAt(index);
		labels.push(String.fromCharCode(...bytes.subarray(at + 1, at + 1 + (bytes[at] ?? 0))));
	}
	expect(bytes[exports.nameZeroAt()]).toBe(0);
	return `${labels.join(".")}.`;
}

/** Reads the name at `start` of a message: its text and the offset behind it, or the fault. */
function readName(message: Uint8Array, start = 0): string {
	const decoder = decoderOf();
	const at = decoder.put(concatBytes([front, message, behind])) + front.length;
	const fault = decoder.exports.readName(at, at + start, at + message.length);
	return fault === 0 ? `${labelsIn(decoder)} ${decoder.exports.nameEnd() - at}` : word(fault);
}

/** `count` pointers, each to the next, the last to a name "a." behind them. */
function pointerChain(count: number): Uint8Array {
	const pointers = Array.from({ length: count }, (_, index) => namePointer(2 * (index + 1)));
	return concatBytes([...pointers, encodeName("a")]);
}

const text = (length: number) => "b".repeat(length);

describe("Name", () => {
	const rows: readonly [title: string, message: Uint8Array, start: number, expected: string][] = [
		["the root is one zero", Uint8Array.of(0), 0, ". 1"],
		["a name is its labels", encodeName("t.example.com"), 0, "t.example.com. 15"],
		["a label of 63 octets is the longest", encodeName(text(63)), 0, `${text(63)}. 65`],
		[
			"a length octet of 64 is a reserved type",
			concatBytes([Uint8Array.of(64), encodeName(text(63))]),
			0,
			"dns_label_type",
		],
		[
			"a length octet of 191 is a reserved type",
			concatBytes([Uint8Array.of(191), new Uint8Array(200)]),
			0,
			"dns_label_type",
		],
		["a reserved type behind good labels is refused", Uint8Array.of(1, 97, 0x80, 0), 0, "dns_label_type"],
		["a reserved type behind a pointer is refused", Uint8Array.of(0x41, 0, 0xc0, 0), 2, "dns_label_type"],
		["a name of 254 octets is taken", nameOfOctets(254), 0, `${labelText(254)} 254`],
		["a name of 255 octets is the longest", nameOfOctets(255), 0, `${labelText(255)} 255`],
		["a name of 256 octets is too long", nameOfOctets(256), 0, "dns_name_too_long"],
		[
			"127 labels of one octet are the most",
			encodeName(new Array(127).fill("c").join(".")),
			0,
			`${"c.".repeat(127)} 255`,
		],
		["128 labels of one octet are too long", encodeName(new Array(128).fill("c").join(".")), 0, "dns_name_too_long"],
		[
			"a name whose last label jumps over octet 255 is too long",
			concatBytes([nameOfOctets(240).subarray(0, 239), encodeName(text(63))]),
			0,
			"dns_name_too_long",
		],
		["nothing is truncated", Uint8Array.of(), 0, "dns_truncated"],
		["a name without its zero is truncated", encodeName("t.example.com").subarray(0, 14), 0, "dns_truncated"],
		["a label that reaches behind the message is truncated", Uint8Array.of(5, 97, 97), 0, "dns_truncated"],
		[
			"a pointer goes to an earlier name",
			concatBytes([encodeName("a.b"), Uint8Array.of(1, 99), namePointer(2)]),
			5,
			"c.b. 9",
		],
		[
			"a pointer goes to a later name",
			concatBytes([Uint8Array.of(1, 99), namePointer(4), encodeName("d")]),
			0,
			"c.d. 4",
		],
		["a pointer alone is a name", concatBytes([encodeName("a"), namePointer(0)]), 3, "a. 5"],
		["a pointer may go to a zero", concatBytes([namePointer(2), Uint8Array.of(0)]), 0, ". 2"],
		["a pointer may go into the middle of a label", Uint8Array.of(2, 1, 97, 0, 0xc0, 1), 4, "a. 6"],
		["half a pointer is truncated", Uint8Array.of(1, 97, 0xc0), 0, "dns_truncated"],
		["a pointer behind the message is truncated", Uint8Array.of(0xc0, 2), 0, "dns_truncated"],
		["a pointer to the last offset of all is truncated", Uint8Array.of(0xff, 0xff), 0, "dns_truncated"],
		["a label behind a pointer may not reach behind the message", Uint8Array.of(0xc0, 2, 5, 97), 0, "dns_truncated"],
		["a label behind a pointer without zero is truncated", Uint8Array.of(0xc0, 2, 1, 97), 0, "dns_truncated"],
		["10 pointers are followed", pointerChain(10), 0, "a. 2"],
		["11 pointers are not", pointerChain(11), 0, "dns_pointer_count"],
		["a pointer to itself ends", namePointer(0), 0, "dns_pointer_count"],
		["two pointers to each other end", concatBytes([namePointer(2), namePointer(0)]), 0, "dns_pointer_count"],
		["a label in a loop ends", Uint8Array.of(1, 97, 0xc0, 0), 0, "dns_pointer_count"],
		[
			"a long label in a loop is too long before its pointers are too many",
			concatBytes([encodeName(text(63)).subarray(0, 64), namePointer(0)]),
			0,
			"dns_name_too_long",
		],
		[
			"255 octets through a pointer are taken",
			concatBytes([namePointer(2), nameOfOctets(255)]),
			0,
			`${labelText(255)} 2`,
		],
		[
			"256 octets through a pointer are too long",
			concatBytes([namePointer(2), nameOfOctets(256)]),
			0,
			"dns_name_too_long",
		],
		[
			"128 labels through a pointer are too long",
			concatBytes([namePointer(2), encodeName(new Array(128).fill("c").join("."))]),
			0,
			"dns_name_too_long",
		],
		[
			"127 labels through a pointer are the most",
			concatBytes([namePointer(2), encodeName(new Array(127).fill("c").join("."))]),
			0,
			`${"c.".repeat(127)} 2`,
		],
	];
	for (const [title, message, start, expected] of rows) {
		test(title, () => expect(readName(message, start)).toBe(expected));
	}

	test("one Name serves for many: a name with pointers leaves nothing in the next", () => {
		const decoder = decoderOf();
		const { exports, start } = decoder;
		const compressed = concatBytes([namePointer(2), encodeName("long.name.of.labels")]);
		expect(exports.readName(decoder.put(compressed), start, start + compressed.length)).toBe(0);
		expect(labelsIn(decoder)).toBe("long.name.of.labels.");
		expect(exports.readName(decoder.put(encodeName("a")), start, start + 3)).toBe(0);
		expect(labelsIn(decoder)).toBe("a.");
	});
});

function labelText(octets: number): string {
	const bytes = nameOfOctets(octets);
	const labels: string[] = [];
	for (let at = 0; bytes[at] !== 0; at += 1 + (bytes[at] ?? 0)) {
		labels.push(String.fromCharCode(...bytes.subarray(at + 1, at + 1 + (bytes[at] ?? 0))));
	}
	return `${labels.join(".")}.`;
}

describe("ResourceRecord", () => {
	const fields = (dataBytes: number, type = 0x0102) =>
		Uint8Array.of(type >> 8, type & 255, 3, 4, 5, 6, 7, 8, dataBytes >> 8, dataBytes & 255);
	const read = (message: Uint8Array, start = 0) => {
		const { exports, put } = decoderOf();
		const at = put(concatBytes([front, message, behind])) + front.length;
		const fault = exports.readRecord(at, at + start, at + message.length);
		if (fault !== 0) return word(fault);
		const [data, end] = [exports.recordRdata() - at, exports.recordEnd() - at];
		return [exports.recordType(), exports.recordClass(), exports.recordVersion(), data, end].join(" ");
	};
	const root = Uint8Array.of(0);
	const rows: readonly [title: string, message: Uint8Array, start: number, expected: string][] = [
		["a record of the root without data", concatBytes([root, fields(0)]), 0, "258 772 6 11 11"],
		["a record with a name and data", concatBytes([encodeName("a"), fields(2), root, root]), 0, "258 772 6 13 15"],
		[
			"a record with a pointer for a name",
			concatBytes([encodeName("a"), namePointer(0), fields(0)]),
			3,
			"258 772 6 15 15",
		],
		[
			"data that reaches to the end exactly",
			concatBytes([root, fields(300), new Uint8Array(300)]),
			0,
			"258 772 6 11 311",
		],
		[
			"data that is one byte short is truncated",
			concatBytes([root, fields(300), new Uint8Array(299)]),
			0,
			"dns_truncated",
		],
		["9 bytes of fields are truncated", concatBytes([root, fields(0).subarray(0, 9)]), 0, "dns_truncated"],
		["no record at all is truncated", new Uint8Array(), 0, "dns_truncated"],
		["a name without zero is truncated", Uint8Array.of(1, 97), 0, "dns_truncated"],
		["a name with a reserved label is refused", concatBytes([Uint8Array.of(0x40), fields(0)]), 0, "dns_label_type"],
		["a name that points to itself is refused", concatBytes([namePointer(0), fields(0)]), 0, "dns_pointer_count"],
		["a name of 256 octets is refused", concatBytes([nameOfOctets(256), fields(0)]), 0, "dns_name_too_long"],
		["a name of 255 octets is taken", concatBytes([nameOfOctets(255), fields(0)]), 0, "258 772 6 265 265"],
	];
	for (const [title, message, start, expected] of rows) {
		test(title, () => expect(read(message, start)).toBe(expected));
	}
});
