import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Seed } from "../../../src/engine/engine.ts";
import { seededRandom } from "../../support/frames.ts";
import { partsOf } from "./observing.ts";

type Key = readonly [number, number, number, number];

const seedOf = (number: number): Seed => {
	const random = seededRandom(number);
	const word = () => Math.floor(random() * 2 ** 32) | 0;
	return [word(), word(), word(), word()];
};
/** Bytes of an entry before the caller's fields: the key and the chain. */
const headBytes = { 3: 16, 4: 20 } as const;

/** A table whose entries have `data` words of the caller's after the key; its instance of the module is its own unless it is given. */
function tableOf(limit: number, seed: Seed = seedOf(1), data = 1, keyWords: 3 | 4 = 4, { parts } = partsOf()) {
	parts.seed(...seed);
	const table = parts.makeTable(limit, headBytes[keyWords] + 4 * data, keyWords === 4);
	return {
		hash: parts.hashOf,
		find: (key: Key) => parts.findIn(table, ...key),
		insert: (key: Key) => parts.insertInto(table, ...key),
		touch: (entry: number) => parts.touchIn(table, entry),
		remove: (entry: number) => parts.removeFrom(table, entry),
		evictOldest: () => parts.evictOldestIn(table),
		olderThan: (entry: number) => parts.olderInThan(table, entry),
		next: parts.nextInChain,
		get size() {
			return parts.sizeOfTable(table);
		},
		get evicted() {
			return parts.evictedOfTable(table);
		},
		get isFull() {
			return parts.isTableFull(table) !== 0;
		},
		get oldest() {
			return parts.oldestIn(table);
		},
		memory: parts.memory,
	};
}
type Table = ReturnType<typeof tableOf>;
const find = (table: Table, key: Key) => table.find(key);
const insert = (table: Table, key: Key) => table.insert(key);

describe("what would hang or corrupt a table ends in a trap of the tests' module", () => {
	const rows: readonly [title: string, breakIt: (table: Table, entry: number) => unknown][] = [
		[
			"an entry whose key was written over is removed",
			(table, entry) => {
				new DataView(table.memory.buffer).setUint32(entry, 0xbad, true);
				table.remove(entry);
			},
		],
		[
			"an entry is removed twice",
			(table, entry) => {
				table.remove(entry);
				table.remove(entry);
			},
		],
		[
			"a removed entry is touched",
			(table, entry) => {
				table.remove(entry);
				table.touch(entry);
			},
		],
		[
			"an entry in a chain leads back to itself",
			(table, entry) => {
				new DataView(table.memory.buffer).setUint32(entry + 12, entry, true);
				table.find([1, 2, 3, 5]);
				table.find([1, 2, 3, 4]);
				table.remove(entry);
			},
		],
		["what lies between two entries is touched", (table, entry) => table.touch(entry + 4)],
		["what lies behind the last entry is touched", (table, entry) => table.touch(entry + 1_024)],
		["a key is inserted that is there", (table) => table.insert([1, 2, 3, 4])],
		[
			"an entry is inserted into a full table",
			(table) => {
				for (let key = 10; key < 15; key++) table.insert([key, 0, 0, 0]);
			},
		],
	];
	test.each(rows)("%s", (_, breakIt) => {
		const table = tableOf(4);
		table.insert([9, 9, 9, 9]);
		const entry = table.insert([1, 2, 3, 4]);
		table.touch(table.oldest);
		expect(() => breakIt(table, entry)).toThrow(WebAssembly.RuntimeError);
	});
});

describe("BoundedTable", () => {
	test("begins empty: nothing is found, nothing is oldest", () => {
		const table = tableOf(1);
		expect([table.size, table.oldest, find(table, [0, 0, 0, 0]), table.isFull]).toEqual([0, 0, 0, false]);
	});

	const others: readonly [title: string, key: Key][] = [
		["the first word", [2, 2, 3, 4]],
		["the second word", [1, 3, 3, 4]],
		["the third word", [1, 2, 0, 4]],
		["the fourth word", [1, 2, 3, 0]],
	];
	for (const [title, key] of others) {
		test(`tells keys apart by ${title}`, () => {
			const table = tableOf(4);
			insert(table, [1, 2, 3, 4]);
			expect(find(table, key)).toBe(0);
			const entry = insert(table, key);
			expect(find(table, key)).toBe(entry);
			expect(find(table, [1, 2, 3, 4])).not.toBe(entry);
		});
	}

	test("is full at its limit and not one before", () => {
		const table = tableOf(3);
		insert(table, [1, 0, 0, 0]);
		insert(table, [2, 0, 0, 0]);
		expect(table.isFull).toBe(false);
		insert(table, [3, 0, 0, 0]);
		expect(table.isFull).toBe(true);
	});

	test("evictOldest takes the oldest out of a full table and counts it, and does nothing before", () => {
		const table = tableOf(2);
		insert(table, [1, 0, 0, 0]);
		table.evictOldest();
		expect([table.size, table.evicted]).toEqual([1, 0]);
		insert(table, [2, 0, 0, 0]);
		table.touch(find(table, [1, 0, 0, 0]));
		table.evictOldest();
		expect([table.size, table.evicted, find(table, [2, 0, 0, 0])]).toEqual([1, 1, 0]);
		expect(find(table, [1, 0, 0, 0])).not.toBe(0);
	});

	for (const keyWords of [3, 4] as const) {
		test(`a caller's words and doubles of one entry touch no other, nor its key of ${keyWords} words`, () => {
			const table = tableOf(100, seedOf(1), 5, keyWords);
			const keys = Array.from({ length: 100 }, (_, index): Key => [index, 1, 2, keyWords === 4 ? 3 : 0]);
			const entries = keys.map((key) => insert(table, key));
			const words = new Int32Array(table.memory.buffer);
			const doubles = new Float64Array(table.memory.buffer);
			const dataWord = headBytes[keyWords] / 4;
			const even = (dataWord + 1) & ~1;
			for (const entry of entries) {
				for (let word = 0; word < 5; word++) words[entry / 4 + dataWord + word] = entry * 5 + word;
				doubles[entry / 8 + even / 2] = entry + 0.5;
			}
			for (const [index, key] of keys.entries()) {
				const entry = entries[index] as number;
				expect(find(table, key)).toBe(entry);
				expect(doubles[entry / 8 + even / 2]).toBe(entry + 0.5);
				for (const word of [0, 1, 2, 3, 4].filter((word) => (dataWord + word) >> 1 !== even >> 1)) {
					expect(words[entry / 4 + dataWord + word]).toBe(entry * 5 + word);
				}
			}
		});
	}

	test.each([
		["without words of a caller, an entry with a key of three is 16 bytes long", 3, 0, 16],
		["with one word more it is 32", 3, 1, 32],
		["with a key of four it is 32 with up to three words", 4, 3, 32],
		["and 64 with up to eleven", 4, 11, 64],
	] as const)("%s", (_, keyWords, data, bytes) => {
		const table = tableOf(1_000, seedOf(1), data, keyWords);
		const entries = [1, 2, 3].map((word) => insert(table, [word, 0, 0, 0]));
		const [first = 0, second = 0, third = 0] = entries;
		expect([second - first, third - second, first % bytes]).toEqual([bytes, bytes, 0]);
	});

	test("is a Map in the order of last use, under any run of inserts, touches and removals", () => {
		const word = fc.constantFrom(0, 1, 2, -1, 0x7fff_ffff, -0x8000_0000, 256, 65536);
		const key = fc.tuple(word, word, fc.constantFrom(0, 1, -1), fc.constantFrom(0, 1));
		const step = fc.tuple(fc.constantFrom("insert", "insert", "touch", "remove", "oldest"), key);
		fc.assert(
			fc.property(
				fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(63, 64, 65, 200)),
				fc.nat(),
				fc.constantFrom<3 | 4>(3, 4),
				fc.array(step, { minLength: 1, maxLength: 300, size: "max" }),
				(limit, seed, keyWords, steps) => {
					const table = tableOf(limit, seedOf(seed), 1, keyWords);
					const model = new Map<string, Key>();
					let evicted = 0;
					for (const [kind, [a, b, c, d]] of steps) {
						const key: Key = [a, b, c, keyWords === 4 ? d : 0];
						const name = key.join();
						const entry = find(table, key);
						expect(entry !== 0).toBe(model.has(name));
						if (kind === "insert" && entry === 0) {
							if (model.size === limit) {
								model.delete([...model.keys()][0] ?? "");
								evicted++;
							}
							model.set(name, key);
							table.evictOldest();
							insert(table, key);
						} else if (kind === "touch" && entry !== 0) {
							model.delete(name);
							model.set(name, key);
							table.touch(entry);
						} else if (kind === "remove" && entry !== 0) {
							model.delete(name);
							table.remove(entry);
						} else if (kind === "oldest" && table.oldest !== 0) {
							const [first] = model;
							expect(table.oldest).toBe(find(table, first?.[1] ?? [0, 0, 0, 0]));
						}
						expect([table.size, table.evicted]).toEqual([model.size, evicted]);
					}
					let newest = 0;
					for (const key of [...model.values()].reverse()) {
						newest = table.olderThan(newest);
						expect([find(table, key), newest === 0]).toEqual([newest, false]);
					}
					expect(table.olderThan(newest)).toBe(0);
				},
			),
			{ numRuns: 300 },
		);
	});
});

/** How many entries a search for each of these looks at, all together, told by the chains as they lie in memory. */
function searchSteps({ next }: Table, entries: readonly number[]): number {
	const followers = new Set(entries.map(next));
	let steps = 0;
	for (const head of entries) {
		if (followers.has(head)) continue;
		for (let entry = head, depth = 1; entry !== 0; entry = next(entry), depth++) steps += depth;
	}
	return steps;
}

/** For tables of which one is in use at a time: an instance of the module for each of thousands would take seconds. */
const shared = partsOf();

function stepsFor(keys: readonly Key[], seed: Seed): number {
	const table = tableOf(keys.length, seed, 1, 4, shared);
	const entries = keys.map((key) => insert(table, key));
	return searchSteps(table, entries);
}

describe("keys that a sender chose", () => {
	const fixed: Seed = [0, 0, 0, 0];
	const size = 512;
	/** Keys like client ids, of equal hash, in the low bits that a table of this size looks at, under the fixed seed. */
	const colliding: Key[] = [];
	const table = tableOf(1, fixed);
	const mask = 2 * size - 1;
	const wanted = table.hash(0, 0, 0, 0) & mask;
	for (let low = 0; colliding.length < size; low++) {
		const key: Key = [Math.imul(low, 0x9e3779b1), low, 0, 0];
		if ((table.hash(...key) & mask) === wanted) colliding.push(key);
	}
	const usualKeys = (seed: number): Key[] => {
		const random = seededRandom(seed);
		const word = () => Math.floor(random() * 2 ** 32) | 0;
		return Array.from({ length: size }, () => [word(), word(), 0, 0]);
	};

	test("all collide under the seed that they were chosen for", () => {
		expect(stepsFor(colliding, fixed)).toBe((size * (size + 1)) / 2);
	});

	test("cost at most twice the usual under any other seed", () => {
		for (let seed = 1; seed <= 100; seed++) {
			const usual = stepsFor(usualKeys(seed), seedOf(seed));
			expect(usual).toBeLessThan(size * 2);
			expect([seed, stepsFor(colliding, seedOf(seed)) / usual < 2]).toEqual([seed, true]);
		}
	});

	const shapes: readonly [title: string, shape: (index: number) => Key][] = [
		["ids that count up", (index) => [0, index, 0, 0]],
		["ids that count up in their upper half", (index) => [index, 0, 0, 0]],
		["ids that differ in their upper octets", (index) => [index << 16, 0, 0, 0]],
		["ids whose octets in the middle count up", (index) => [0, index << 23, 0, 0]],
		[
			"ids that differ in one octet, or in another",
			(index) => [index >> 8, (index & 0xff) << (8 * (index >> 8)), 0, 0],
		],
		["addresses that count up", (index) => [0, 0, 0xffff, 0x0a00_0000 | index]],
		["networks that count up", (index) => [0x2001_0db8, index, 0, 1]],
		["lengths that count up", (index) => [1, 2, index, 1]],
		["words of equal sum, the first and the second", (index) => [index, -index, 0, 0]],
		["words of equal sum, the second and the third", (index) => [0, index, -index, 0]],
		["words of equal sum, the third and the fourth", (index) => [0, 0, index, -index]],
		["words of equal sum, the fourth and the first", (index) => [-index, 0, 0, index]],
		["words of equal sum, the first and the third", (index) => [index, 0, -index, 0]],
		["words of equal sum, the second and the fourth", (index) => [0, index, 0, -index]],
	];
	test.each(shapes)("cost at most a quarter more than the usual under any seed when they are %s", (_, shape) => {
		const keys = Array.from({ length: size }, (_, index) => shape(index));
		for (let seed = 1; seed <= 100; seed++) {
			const usual = stepsFor(usualKeys(seed), seedOf(seed));
			expect([seed, stepsFor(keys, seedOf(seed)) / usual < 1.25]).toEqual([seed, true]);
		}
	});

	test("have other neighbours under another seed", () => {
		/** Pairs of keys that stand in one chain. */
		const pairs = (seed: Seed) => {
			const table = tableOf(size, seed);
			const numbers = new Map(Array.from({ length: size }, (_, index) => [insert(table, [0, index, 0, 0]), index]));
			return new Set([...numbers].map(([entry, index]) => `${index} ${numbers.get(table.next(entry))}`));
		};
		const one = pairs(seedOf(1));
		const same = [...pairs(seedOf(2))].filter((pair) => one.has(pair) && !pair.endsWith("undefined"));
		expect(same.length).toBeLessThan(size / 16);
		expect(pairs(seedOf(1))).toEqual(one);
	});
});

describe("the hash", () => {
	test.each([0, 1, 2, 3])("depends on each bit of the key's word %i, in its low bits and its high ones", (word) => {
		const { parts } = partsOf();
		for (let bit = 0; bit < 32; bit++) {
			const key = [0x0badcafe, 0x12345678, 0x9abcdef0, 0x55aa55aa] as const;
			const other = key.map((value, index) => (index === word ? value ^ (1 << bit) : value));
			// Bits of the hash that differ under some seed.
			let differing = 0;
			for (let seed = 1; seed <= 32; seed++) {
				parts.seed(...seedOf(seed));
				differing |= parts.hashOf(...key) ^ parts.hashOf(...(other as [number, number, number, number]));
			}
			expect([bit, differing >>> 0]).toEqual([bit, 0xffff_ffff]);
		}
	});
});
