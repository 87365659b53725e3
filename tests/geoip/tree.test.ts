import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type AsnResponse, Reader } from "mmdb-lib";
import { damagedTree, noRecord, SearchTree } from "../../src/geoip/tree.ts";
import { addressText } from "../support/address.ts";
import { asnRecord, type MmdbRow, writeMmdb } from "../support/mmdb.ts";

const word = fc.oneof(
	fc.constantFrom(0, 1, 0xffff, 0x20010db8, 0x2002_0000, 0xffffffff),
	fc.integer({ min: 0, max: 0xffffffff }),
);

/** Networks of any width, so that records stand at every depth of the tree. */
const rows: fc.Arbitrary<MmdbRow[]> = fc
	.array(
		fc.oneof(
			fc.tuple(word, fc.integer({ min: 1, max: 32 })).map(([d, bits]) => `${addressText(0, 0, 0xffff, d)}/${bits}`),
			fc
				.tuple(word, word, word, word, fc.integer({ min: 3, max: 128 }))
				.map(([a, b, c, d, bits]) => `${addressText((a | 0x20000000) >>> 0, b, c, d)}/${bits}`),
		),
		{ maxLength: 30 },
	)
	.map((networks) => networks.map((network, index) => [network, asnRecord(index + 1)] as const));

describe.each([24, 28, 32] as const)("A tree with records of %d bits", (recordSize) => {
	test("gives each address the record that the library finds for its text", () => {
		fc.assert(
			fc.property(
				rows,
				fc.array(fc.tuple(word, word, word, word, fc.boolean()), { minLength: 20 }),
				(networks, addresses) => {
					const bytes = writeMmdb(networks, { databaseType: "Test", recordSize });
					const reader = new Reader<AsnResponse>(bytes);
					const tree = new SearchTree(bytes, reader.metadata);
					const asns = new Map<number, number | undefined>([[noRecord, undefined]]);
					for (const [a, b, c, d, ipv4] of addresses) {
						const words = ipv4 ? ([0, 0, 0xffff, d] as const) : ([a, b, c, d] as const);
						const record = tree.find(...words);
						const expected = reader.get(addressText(...words))?.autonomous_system_number;
						expect(record).not.toBe(damagedTree);
						if (!asns.has(record)) asns.set(record, expected);
						expect(asns.get(record)).toBe(expected);
					}
				},
			),
			{ numRuns: 100 },
		);
	});
});

test("A record begins with a map, and zeros in its place do not", () => {
	const bytes = writeMmdb([["192.0.2.0/24", asnRecord(1)]], { databaseType: "Test" });
	const { metadata } = new Reader(bytes);
	const tree = new SearchTree(bytes, metadata);
	const record = tree.find(0, 0, 0xffff, 0xc0000201);
	expect(tree.isMap(record)).toBe(true);
	bytes.fill(0, metadata.searchTreeSize + 16, bytes.lastIndexOf("MaxMind.com") - 3);
	expect(tree.find(0, 0, 0xffff, 0xc0000201)).toBe(record);
	expect(tree.isMap(record)).toBe(false);
});

test("Signed words find what unsigned ones find", () => {
	const bytes = writeMmdb(
		[
			["192.0.2.0/24", asnRecord(1)],
			["fe80::/10", asnRecord(2)],
		],
		{ databaseType: "Test" },
	);
	const tree = new SearchTree(bytes, new Reader(bytes).metadata);
	expect(tree.find(0, 0, 0xffff, 0xc0000201 | 0)).toBe(tree.find(0, 0, 0xffff, 0xc0000201));
	expect(tree.find(0, 0, 0xffff, 0xc0000201)).toBeGreaterThan(0);
	expect(tree.find(0xfe800000 | 0, 0, 0, 1)).toBe(tree.find(0xfe800000, 0, 0, 1));
	expect(tree.find(0xfe800000, 0, 0, 1)).toBeGreaterThan(0);
});

test("A tree that leads in a circle, into the separator or behind the file is damaged there, and ends", () => {
	const bytes = writeMmdb([["0.0.0.0/1", asnRecord(1)]], { databaseType: "Test", recordSize: 32, ipVersion: 4 });
	const { metadata } = new Reader(bytes);
	expect(metadata.nodeCount).toBe(1);
	const find = (d: number) => new SearchTree(bytes, metadata).find(0, 0, 0xffff, d);
	const [low, high] = [() => find(0), () => find(0xffffffff)];
	expect([low(), high()]).toEqual([1 + 16, noRecord]);
	bytes.writeUInt32BE(0, 4);
	expect(high()).toBe(damagedTree);
	bytes.writeUInt32BE(1 + 15, 4);
	expect(high()).toBe(damagedTree);
	bytes.writeUInt32BE(1 + bytes.length - 8 - 1, 4);
	expect(high()).toBe(bytes.length - 8);
	bytes.writeUInt32BE(1 + bytes.length - 8, 4);
	expect(high()).toBe(damagedTree);
	bytes.writeUInt32BE(0xffffffff, 4);
	expect(high()).toBe(damagedTree);
});

describe("A tree is refused when", () => {
	const bytes = writeMmdb([], { databaseType: "Test" });
	const { metadata } = new Reader(bytes);
	const bad: [title: string, Partial<typeof metadata>][] = [
		["its IP version is neither 4 nor 6", { ipVersion: 5 }],
		["it has no node", { nodeCount: 0 }],
		["its count of nodes is no number", { nodeCount: Number.NaN }],
		["no separator follows it", { searchTreeSize: metadata.searchTreeSize + 1 }],
		["it ends behind the file", { searchTreeSize: bytes.length }],
	];
	test.each(bad)("%s", (_, change) => {
		new SearchTree(bytes, metadata);
		expect(() => new SearchTree(bytes, { ...metadata, ...change })).toThrow(RangeError);
	});
});
