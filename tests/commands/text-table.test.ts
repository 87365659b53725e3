import { describe, expect, test } from "bun:test";
import { table } from "../../src/commands/text-table.ts";

describe("a table", () => {
	test("has its first column to the left and numbers to the right, two spaces apart", () => {
		const rows = [
			["DE", "7", "1,234"],
			["other", "12,345", "0"],
		];
		expect(table(["Country", "Queries", "In"], rows, 80)).toBe(
			["Country  Queries     In", "DE             7  1,234", "other     12,345      0"].join("\n"),
		);
	});

	test("is as wide as its header where the cells are narrower, or there are none", () => {
		expect(table(["Reason", "Packets"], [["a", "1"]], 80)).toBe("Reason  Packets\na             1");
		expect(table(["Reason", "Packets"], [], 80)).toBe("Reason  Packets");
	});

	test("has no spaces at the end of a line", () => {
		expect(
			table(
				["A", "B"],
				[
					["long name", ""],
					["x", "1"],
				],
				80,
			),
		).not.toMatch(/ $/m);
	});

	test("puts a name above its numbers where both have no room on one line, and breaks one that is wider than all", () => {
		const rows = [
			["a.long.name.example", "12"],
			["short", "3"],
		];
		expect(table(["Domain", "Queries"], rows, 18).split("\n")).toEqual([
			"Domain     Queries",
			"a.long.name.exampl",
			"e",
			"                12",
			"short            3",
		]);
		expect(table(["Domain", "Queries"], rows, 28).split("\n")[1]).toBe("a.long.name.example       12");
		expect(table(["Domain", "Queries"], rows, 27).split("\n").slice(1, 3)).toEqual([
			"a.long.name.example",
			"                         12",
		]);
	});
});
