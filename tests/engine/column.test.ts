import { expect, test } from "bun:test";
import { Column } from "../../src/engine/column.ts";

/** Rows of four doubles in which each value says where it stands: 10 times the row and the cell. */
const rows = Float64Array.from({ length: 12 }, (_, index) => (index >> 2) * 10 + (index & 3));
const column = (start: number) => new Column(rows, 4, start);

test("a count is that of its row and cell, the first where none is named", () => {
	expect([0, 1, 2].map((row) => column(1).at(row))).toEqual([1, 11, 21]);
	expect([0, 1, 2].map((cell) => column(1).at(2, cell))).toEqual([21, 22, 23]);
});

test("a count is as it is now", () => {
	const live = new Float64Array(4);
	const counts = new Column(live, 2, 1);
	live[3] = 2 ** 40 + 1;
	expect([counts.at(0), counts.at(1), counts.sum]).toEqual([0, 2 ** 40 + 1, 2 ** 40 + 1]);
});

test("sums are over the rows that are named, or over all", () => {
	const powers = new Column(Float64Array.of(1, 7, 10, 7, 100, 7, 1_000, 7), 2, 0);
	expect([powers.total([]), powers.total([0, 3]), powers.sum]).toEqual([0, 1_001, 1_111]);
	expect([column(3).total([1, 1]), column(3).sum]).toEqual([26, 3 + 13 + 23]);
});
