import { expect, test } from "bun:test";
import { DomainCell, ProcessCell, SetCell } from "../../../src/wasm/shared/cells.ts";
import { partsOf } from "./observing.ts";

const domains = 3;
const sets = 5;

/** Counts of three domains and five label sets. */
function countsOf() {
	const { parts } = partsOf();
	parts.setUpCounts(domains, sets);
	const { buffer } = parts.memory;
	const at = (row: number, cell: number) => new Float64Array(buffer, row, cell + 1)[cell];
	return { parts, at };
}

test("a cell of one row is no other's, of label sets, domains and the process", () => {
	const { parts, at } = countsOf();
	const rows: (readonly [row: number, width: number])[] = [
		...Array.from({ length: sets }, (_, set) => [parts.setRow(set), SetCell.Width] as const),
		...Array.from({ length: domains }, (_, domain) => [parts.domainRow(domain), DomainCell.Width] as const),
		[parts.processRow(), ProcessCell.Width],
	];
	let count = 0;
	for (const [row, width] of rows) for (let cell = 0; cell < width; cell++) parts.add(row, cell, ++count);
	let expected = 0;
	for (const [row, width] of rows) for (let cell = 0; cell < width; cell++) expect(at(row, cell)).toBe(++expected);
});

test("a row begins with a line of the processor's cache", () => {
	const { parts } = countsOf();
	for (const row of [parts.setRow(0), parts.setRow(1), parts.domainRow(2), parts.processRow()])
		expect(row % 64).toBe(0);
});

test("counts add up beyond 32 bits, and down again", () => {
	const { parts, at } = countsOf();
	const row = parts.setRow(1);
	parts.add(row, 7, 2 ** 40);
	parts.add(row, 7, 1);
	expect(at(row, 7)).toBe(2 ** 40 + 1);
	parts.add(row, 7, -1);
	expect(at(row, 7)).toBe(2 ** 40);
});

test("raise takes what is higher, and keeps what is", () => {
	const { parts, at } = countsOf();
	const row = parts.setRow(1);
	parts.add(row, 4, 3);
	parts.raise(row, 5, 4);
	expect(at(row, 5)).toBe(3);
	parts.add(row, 4, -1);
	parts.raise(row, 5, 4);
	expect([at(row, 4), at(row, 5), at(parts.setRow(0), 5)]).toEqual([2, 3, 0]);
});
