import { expect, test } from "bun:test";
import { columnsOf } from "../../src/track/columns.ts";

test("a cell of one row and column is no other's", () => {
	const columns = columnsOf(5, { queries: 1, edns: 6, bytes: 1, sessions: 1 });
	let count = 0;
	for (let row = 0; row < 5; row++) {
		for (let cell = 0; cell < 6; cell++) columns.edns.add(row, ++count, cell);
		for (const column of [columns.queries, columns.bytes, columns.sessions]) column.add(row, ++count);
	}
	let expected = 0;
	for (let row = 0; row < 5; row++) {
		for (let cell = 0; cell < 6; cell++) expect(columns.edns.at(row, cell)).toBe(++expected);
		for (const column of [columns.queries, columns.bytes, columns.sessions]) expect(column.at(row)).toBe(++expected);
	}
});

test("counts add up beyond 32 bits, and down again", () => {
	const { bytes } = columnsOf(1, { bytes: 1 });
	bytes.add(0, 2 ** 40);
	bytes.add(0, 1);
	expect(bytes.at(0)).toBe(2 ** 40 + 1);
	bytes.add(0, -1);
	expect(bytes.at(0)).toBe(2 ** 40);
});

test("raise takes what is higher, and keeps what is", () => {
	const { peak } = columnsOf(2, { other: 1, peak: 1 });
	peak.raise(1, 3);
	peak.raise(1, 2);
	expect([peak.at(0), peak.at(1)]).toEqual([0, 3]);
});

test("sums are over the rows that are named, or over all", () => {
	const { first, second } = columnsOf(4, { first: 1, second: 1 });
	for (let row = 0; row < 4; row++) {
		first.add(row, 10 ** row);
		second.add(row, 7);
	}
	expect([first.total([]), first.total([0, 3]), first.sum]).toEqual([0, 1_001, 1_111]);
});

test("copy takes the first rows of another column, and leaves the rest", () => {
	const { from } = columnsOf(3, { other: 1, from: 1 });
	const { to } = columnsOf(3, { to: 1 });
	for (let row = 0; row < 3; row++) from.add(row, row + 1);
	to.add(2, 9);
	to.copy(from, 2);
	expect([to.at(0), to.at(1), to.at(2)]).toEqual([1, 2, 9]);
});
