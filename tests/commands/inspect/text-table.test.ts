import { describe, expect, test } from "bun:test";
import { table } from "../../../src/commands/inspect/text-table.ts";

describe("a table", () => {
	test("has its first column to the left and numbers to the right, two spaces apart", () => {
		const rows = [
			["DE", "7", "1,234"],
			["other", "12,345", "0"],
		];
		expect(table(["Country", "Queries", "In"], rows)).toBe(
			["Country  Queries     In", "DE             7  1,234", "other     12,345      0"].join("\n"),
		);
	});

	test("is as wide as its header where the cells are narrower, or there are none", () => {
		expect(table(["Reason", "Packets"], [["a", "1"]])).toBe("Reason  Packets\na             1");
		expect(table(["Reason", "Packets"], [])).toBe("Reason  Packets");
	});

	test("has no spaces at the end of a line", () => {
		expect(
			table(
				["A", "B"],
				[
					["long name", ""],
					["x", "1"],
				],
			),
		).not.toMatch(/ $/m);
	});
});
