import { describe, expect, test } from "bun:test";
import { createPaint } from "../../src/top/paint.ts";

describe("painting", () => {
	test.each([
		["colour", "\x1b[1;31mtext\x1b[0m"],
		["plain", "\x1b[1mtext\x1b[0m"],
		["none", "text"],
	] as const)("in %s of bold red text", (kind, painted) => {
		expect(createPaint(kind)("text", "bold", "red")).toBe(painted);
	});

	test("of nothing is nothing, and in no style the text itself", () => {
		const paint = createPaint("colour");
		expect(paint("", "bold")).toBe("");
		expect(paint("text")).toBe("text");
		expect(createPaint("plain")("text", "cyan")).toBe("text");
	});
});
