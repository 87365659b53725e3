import { expect, test } from "bun:test";
import { columns, type Outcome, renderMatrix, runnable, tally } from "./matrix.ts";

test("the matrix is a Markdown table with a row for each executable and root", () => {
	const outcomes = columns.map((column): Outcome => (column.startsWith("live") ? "-" : "ok"));
	const lines = renderMatrix([
		{ target: "linux-x64", host: "Debian 11", outcomes },
		{ target: "linux-arm64", host: "Debian 12 (emulated)", outcomes: [...outcomes.slice(0, -1), "FAILED"] },
	]).split("\n");
	const cells = lines.map((line) =>
		line
			.split("|")
			.slice(1, -1)
			.map((cell) => cell.trim()),
	);
	expect(new Set(lines.map((line) => line.length)).size).toBe(1);
	expect(cells[0]).toEqual(["executable", "in", ...columns]);
	expect(cells[2]).toEqual(["linux-x64", "Debian 11", ...outcomes]);
	expect(cells[3]?.at(-1)).toBe("FAILED");
	expect(cells[1]?.every((cell) => /^-+$/.test(cell))).toBe(true);
});

test("what was not run counts neither as passed nor as failed", () => {
	expect(tally(["ok", "-", "FAILED", "ok", "-"])).toEqual({ passed: 2, failed: 1 });
});

test("an emulated host is asked for everything but live capture", () => {
	const real = { title: "Debian 12", folder: "/roots/12" };
	const emulated = { ...real, emulator: { path: "/qemu", words: [] } };
	expect(columns.filter((column) => runnable(real, column))).toEqual([...columns]);
	expect(columns.filter((column) => runnable(emulated, column))).toEqual(["alone", "version", "inspect", "exposition"]);
});
