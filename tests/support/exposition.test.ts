import { describe, expect, test } from "bun:test";
import { parseExposition } from "./exposition.ts";

describe("the exposition format is read", () => {
	const samples = parseExposition(
		[
			"# HELP a_total Something, with a \\\\ in it.",
			"# TYPE a_total counter",
			'a_total{domain="t.example.com",country="DE"} 3',
			'a_total{country="ZZ",domain="t.example.com"} 4.5e1 1700000000000',
			'a_total{domain="quoted \\"x\\" \\\\ \\n, b=\\"c\\"",country="DE"} +Inf',
			"b NaN",
			"c -Inf",
			"",
		].join("\n"),
	);

	test("a value is found by its labels in any order", () => {
		expect(samples.value("a_total", { country: "DE", domain: "t.example.com" })).toBe(3);
		expect(samples.value("a_total", { domain: "t.example.com", country: "ZZ" })).toBe(45);
		expect(samples.value("a_total", { domain: "t.example.com" })).toBeUndefined();
		expect(samples.byKey.get('a_total{country="DE",domain="t.example.com"}')).toBe(3);
	});

	test("escapes are undone and special values read", () => {
		expect(samples.value("a_total", { domain: 'quoted "x" \\ \n, b="c"', country: "DE" })).toBe(
			Number.POSITIVE_INFINITY,
		);
		expect(samples.value("b")).toBeNaN();
		expect(samples.value("c")).toBe(Number.NEGATIVE_INFINITY);
	});

	test("a sum goes over the label sets that match", () => {
		expect(samples.sum("a_total", { domain: "t.example.com" })).toBe(48);
		expect(samples.sum("a_total", { country: "FR" })).toBe(0);
		expect(samples.types).toEqual(new Map([["a_total", "counter"]]));
	});

	const bad = ["a{b=c} 1", 'a{b="c} 1', "a one", "a", 'a{b="c"}1', "a 1\na 2", "1a 1", 'a{b="\\x"} 1'];
	for (const text of bad) {
		test(`refused: ${JSON.stringify(text)}`, () => {
			expect(() => parseExposition(text)).toThrow();
		});
	}
});
