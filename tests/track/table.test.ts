import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BoundedTable, dataOfFour, dataOfThree, type Seed } from "../../src/track/table.ts";
import { seededRandom } from "../support/frames.ts";

type Key = readonly [number, number, number, number];
const chainWord = 3;

const seedOf = (number: number): Seed => {
	const random = seededRandom(number);
	const word = () => Math.floor(random() * 2 ** 32) | 0;
	return [word(), word(), word(), word()];
};
const tableOf = (limit: number, seed: Seed = seedOf(1), data = 1, keyWords: 3 | 4 = 4) =>
	new BoundedTable({ limit, keyWords, data, seed });
const find = (table: BoundedTable, key: Key) => table.find(table.hash(...key), ...key);
const insert = (table: BoundedTable, key: Key) => table.insert(table.hash(...key), ...key);

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

	test("makeRoom takes the oldest out of a full table and counts it, and does nothing before", () => {
		const table = tableOf(2);
		insert(table, [1, 0, 0, 0]);
		table.makeRoom();
		expect([table.size, table.evicted]).toEqual([1, 0]);
		insert(table, [2, 0, 0, 0]);
		table.touch(find(table, [1, 0, 0, 0]));
		table.makeRoom();
		expect([table.size, table.evicted, find(table, [2, 0, 0, 0])]).toEqual([1, 1, 0]);
		expect(find(table, [1, 0, 0, 0])).not.toBe(0);
	});

	for (const [keyWords, dataWord] of [
		[3, dataOfThree],
		[4, dataOfFour],
	] as const) {
		test(`a caller's words and doubles of one entry touch no other, nor its key of ${keyWords} words`, () => {
			const table = tableOf(100, seedOf(1), 5, keyWords);
			const keys = Array.from({ length: 100 }, (_, index): Key => [index, 1, 2, keyWords === 4 ? 3 : 0]);
			const entries = keys.map((key) => insert(table, key));
			const even = (dataWord + 1) & ~1;
			for (const entry of entries) {
				for (let word = 0; word < 5; word++) table.words[entry + dataWord + word] = entry * 5 + word;
				table.doubles[(entry + even) >> 1] = entry + 0.5;
			}
			for (const [index, key] of keys.entries()) {
				const entry = entries[index] as number;
				expect(find(table, key)).toBe(entry);
				expect(table.doubles[(entry + even) >> 1]).toBe(entry + 0.5);
				for (const word of [0, 1, 2, 3, 4].filter((word) => (dataWord + word) >> 1 !== even >> 1)) {
					expect(table.words[entry + dataWord + word]).toBe(entry * 5 + word);
				}
			}
		});
	}

	test("without words of a caller, an entry with a key of three is 16 bytes long", () => {
		expect(tableOf(1_000, seedOf(1), 0, 3).words.byteLength).toBe(16 * 1_001);
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
							table.makeRoom();
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
function searchSteps(table: BoundedTable, entries: readonly number[]): number {
	const next = (entry: number) => table.words[entry + chainWord] ?? 0;
	const followers = new Set(entries.map(next));
	let steps = 0;
	for (const head of entries) {
		if (followers.has(head)) continue;
		for (let entry = head, depth = 1; entry !== 0; entry = next(entry), depth++) steps += depth;
	}
	return steps;
}

function stepsFor(keys: readonly Key[], seed: Seed): number {
	const table = tableOf(keys.length, seed);
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

	test("cost no more when they count up, in the high or the low octets, as ids or as addresses", () => {
		const shapes: readonly ((index: number) => Key)[] = [
			(index) => [0, index, 0, 0],
			(index) => [index, 0, 0, 0],
			(index) => [index << 16, 0, 0, 0],
			(index) => [0, index << 23, 0, 0],
			(index) => [0, 0, 0xffff, 0x0a00_0000 | index],
			(index) => [0x2001_0db8, index, 0, 1],
			(index) => [1, 2, index, 1],
		];
		for (let seed = 1; seed <= 20; seed++) {
			const usual = stepsFor(usualKeys(seed), seedOf(seed));
			for (const [number, shape] of shapes.entries()) {
				const keys = Array.from({ length: size }, (_, index) => shape(index));
				expect([seed, number, stepsFor(keys, seedOf(seed)) / usual < 2]).toEqual([seed, number, true]);
			}
		}
	});
});
