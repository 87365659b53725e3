import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ConfigError } from "../../src/config/error.ts";
import { readJson } from "../../src/config/json.ts";

describe("readJson", () => {
	test("agrees with JSON.parse on every JSON text", () => {
		fc.assert(
			fc.property(fc.json(), fc.constantFrom(undefined, 1, "\t"), (text, indent) => {
				const spaced = JSON.stringify(JSON.parse(text), null, indent);
				// A key __proto__ is an own one in both, but toEqual needs one prototype.
				expect(JSON.stringify(readJson(spaced).value)).toBe(JSON.stringify(JSON.parse(text)));
			}),
		);
	});

	test("takes exactly the texts that JSON.parse takes, whatever is changed in one", () => {
		const base = '{"a": [1, -2.5e3, "x\\u0041\\n", true, null], "b": {"c": []}}';
		fc.assert(
			fc.property(fc.nat(base.length - 1), fc.constantFrom(...'{}[]",:0-+.eE \\tn'), (index, character) => {
				const text = base.slice(0, index) + character + base.slice(index + 1);
				let valid = true;
				try {
					JSON.parse(text);
				} catch {
					valid = false;
				}
				if (valid) expect(() => readJson(text)).not.toThrow();
				else expect(() => readJson(text)).toThrow(ConfigError);
			}),
			{ numRuns: 1000 },
		);
	});

	test.each([
		["nothing", "", "1:1: must be JSON: the file is empty"],
		["white space alone", " \n\t", "2:2: must be JSON: the file is empty"],
		["a comma at the end of an object", '{"a": 1,}', '1:9: must be JSON: expected a key in double quotes, found "}"'],
		["a comma at the end of a list", "[1,\n]", '2:1: must be JSON: expected a value, found "]"'],
		["a comma alone", '{"a": {,}}', '1:8: must be JSON: unexpected ","'],
		["a missing comma", '{\n\t"a": 1\n\t"b": 2}', '3:2: must be JSON: expected "," after the value, found "\\"b\\""'],
		["a missing colon", '{"a" 1}', '1:6: must be JSON: expected ":" after the key, found "1"'],
		["a missing brace", '{"a": 1', '1:8: must be JSON: expected "," or "}", found the end of the file'],
		["a missing bracket", "[1", '1:3: must be JSON: expected "," or "]", found the end of the file'],
		["a missing value", '{"a":', "1:6: must be JSON: expected a value, found the end of the file"],
		["a comment", "{ // x\n}", "1:3: must be JSON: comments are not allowed"],
		["a comment in the other form", '{"a": 1 /* x */}', "1:9: must be JSON: comments are not allowed"],
		["a comment before the rest", "/* x */ {}", "1:1: must be JSON: comments are not allowed"],
		["an open text", '{"a": "b\n', "1:7: must be JSON: expected the quote that ends the string"],
		["an unknown escape", '"\\x"', "1:1: must be JSON: expected an escape that JSON knows"],
		["half an escape", '"\\u12"', "1:1: must be JSON: expected four hexadecimal digits after \\u"],
		["a tab in a text", '"a\tb"', "1:1: must be JSON: expected no control character"],
		["a second value", "{} {}", "1:4: must be JSON: expected the end of the file"],
		["a leading zero", "01", "1:2: must be JSON: expected the end of the file"],
		["a number without its end", "1.", "1:1: must be JSON: expected a digit"],
		["a word", "nulls", '1:1: must be JSON: unexpected "nulls"'],
		["a key without quotes", "{a: 1}", '1:2: must be JSON: unexpected "a"; keys and strings must be in double quotes'],
		["single quotes", "{'a': 1}", "1:2: must be JSON: unexpected \"'a'\"; keys and strings must be in double quotes"],
		["a column after an emoji counts characters", '["😀" x]', "1:6: must be JSON"],
		["a byte order mark is no column", "\ufeffx", "1:1: must be JSON"],
		["CR LF is one line end", "{\r\n x}", "2:2: must be JSON"],
	])("%s is told by line and column", (_title, text, message) => {
		expect(() => readJson(text)).toThrow(message);
	});

	test("64 levels are read, 65 are not, and a million do no harm", () => {
		const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
		expect(() => readJson(nested(64))).not.toThrow();
		expect(() => readJson(nested(65))).toThrow("at most 64 levels");
		expect(() => readJson("[".repeat(1_000_000))).toThrow("at most 64 levels");
	});

	test("knows where keys and list items stand", () => {
		const { position } = readJson('{"a":\n [1,\n  2]}');
		expect([position([]), position(["a"]), position(["a", 1]), position(["b"])]).toEqual([
			"1:1",
			"1:2",
			"3:3",
			undefined,
		]);
	});

	test("every key that stands in its object before is refused, by its own place", () => {
		const text = '{"a":{"b":[1],"b":2},\n "a":{"c":[{"d":1,"d":2}]}}';
		expect(() => readJson(text)).toThrow(
			new ConfigError([
				"1:15: a.b occurs twice; remove one",
				"2:2: a occurs twice; remove one",
				"2:19: a.c.0.d occurs twice; remove one",
			]),
		);
		expect(() => readJson('{"a":{"a":1},"b":{"a":1}}')).not.toThrow();
	});
});
