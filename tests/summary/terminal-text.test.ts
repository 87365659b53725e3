import { describe, expect, test } from "bun:test";
import { cut, ends, fit, wrap } from "../../src/summary/terminal-text.ts";
import { createPaint } from "../../src/top/paint.ts";

describe("a text", () => {
	test.each<[title: string, text: string, columns: number, shown: string]>([
		["that has room is as it is", "text", 4, "text"],
		["with a column too many ends in a mark", "texts", 4, "tex…"],
		["of wide characters is cut by columns, not characters", "日本語", 5, "日本…"],
		["whose next wide character has half a room is a column shorter", "日本語", 4, "日…"],
		["that begins with a wide character is the mark in two columns", "日本語", 2, "…"],
		["in one column is the mark", "text", 1, "…"],
		["in no column is nothing", "text", 0, ""],
		["in less than no column is nothing", "text", -3, ""],
	])("%s", (_, text, columns, shown) => {
		expect(cut(text, columns)).toBe(shown);
	});

	test("that is painted is cut by what is seen of it", () => {
		const painted = createPaint("colour")("texts", "red");
		expect(cut(painted, 5)).toBe(painted);
		expect(Bun.stripANSI(cut(painted, 4))).toBe("tex…");
	});

	test.each<[title: string, text: string, side: "left" | "right", shown: string]>([
		["at the left has spaces behind", "ab", "left", "ab   "],
		["at the right has spaces in front", "ab", "right", "   ab"],
		["of wide characters has a space less for each", "日本", "right", " 日本"],
		["that is too long is cut", "abcdef", "right", "abcd…"],
		["that is cut in front of a wide character is filled up", "ab日本", "left", "ab日…"],
		["that is cut a column short is filled up", "日本語", "right", "日本…"],
	])("that is to be five columns wide, %s", (_, text, side, shown) => {
		expect(fit(text, 5, side)).toBe(shown);
		expect(Bun.stringWidth(shown)).toBe(5);
	});

	test("at each end of a line: the left one is cut, and goes only where no column is left for it", () => {
		expect(ends("left", "right", 12)).toBe("left   right");
		expect(ends("left", "right", 9)).toBe("leftright");
		expect(ends("left", "right", 8)).toBe("le…right");
		expect(ends("left", "right", 6)).toBe("…right");
		expect(ends("left", "right", 5)).toBe("left");
		expect(ends("left", "right", 3)).toBe("le…");
	});

	test.each<[title: string, text: string, columns: number, lines: string[]]>([
		["is broken between words", "one two three", 8, ["one two", "three"]],
		["that has room is one line", "one two", 7, ["one two"]],
		["keeps the sign of per cent with its number", "it is 14 % of all", 8, ["it is", "14 % of", "all"]],
		["with a word that has no room is broken in it", "abcdefgh", 3, ["abc", "def", "gh"]],
		["in no column is broken as in one", "ab", 0, ["a", "b"]],
	])("%s", (_, text, columns, lines) => {
		expect(wrap(text, columns)).toEqual(lines);
	});
});
