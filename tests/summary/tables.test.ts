import { describe, expect, test } from "bun:test";
import { type Row, sortRows, tableColumns, tableNames, tableOf } from "../../src/summary/tables.ts";
import { busyStatus } from "../web/page/fixture.ts";

describe("a table", () => {
	test.each([...tableNames])("of %s has a cell for each column in every row, the name first", (name) => {
		const table = tableOf(name, busyStatus);
		expect(table?.rows.length).toBeGreaterThan(1);
		for (const { names, cells } of table?.rows ?? []) {
			expect(cells.map(({ text }) => text)).toHaveLength(tableColumns[name].length);
			expect(cells[0]?.text).toBe(names[0]);
		}
	});

	test("has both forms of an internationalised domain", () => {
		const names = tableOf("domains", busyStatus)?.rows.map((row) => row.names);
		expect(names).toContainEqual(["t.امارات.example", "t.xn--mgbaam7a8h.example"]);
	});

	test("is not there without a database", () => {
		expect(tableOf("countries", { ...busyStatus, countries: null })).toBeNull();
		expect(tableOf("asns", { ...busyStatus, asns: null })).toBeNull();
	});
});

describe("rows", () => {
	const row = (name: string, activeClients: number, value: number | null): Row => ({
		names: [name],
		activeClients,
		cells: [
			{ value: name, text: name },
			{ value, text: String(value) },
		],
	});
	const rows = [row("t10", 1, 7), row("t9", 5, 7), row("T1", 3, null), row("t2", 3, 9)];
	const order = (column: number, reversed: boolean) =>
		sortRows(rows, column, reversed).map(({ names: [name] }) => name);

	test("are sorted by numbers from the greatest, what was not measured last, the most active first among equals", () => {
		expect(order(1, false)).toEqual(["t2", "t9", "t10", "T1"]);
		expect(order(1, true)).toEqual(["t9", "t10", "t2", "T1"]);
	});

	test("are sorted by names from the first, numbers in them by their value", () => {
		expect(order(0, false)).toEqual(["T1", "t2", "t9", "t10"]);
		expect(order(0, true)).toEqual(["t10", "t9", "t2", "T1"]);
	});
});
