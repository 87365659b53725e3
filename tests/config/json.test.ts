import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { JsonSyntaxError, readJson } from "../../src/config/json.ts";

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
				else expect(() => readJson(text)).toThrow(JsonSyntaxError);
			}),
			{ numRuns: 1000 },
		);
	});

	test.each([
		["nothing", "", "1:1: expected a value, found the end of the file"],
		["a comma at the end of an object", '{"a": 1,}', "1:9: expected a key"],
		["a comma at the end of a list", "[1,\n]", '2:1: expected a value, found "]"'],
		["a missing comma", '{\n\t"a": 1\n\t"b": 2}', '3:2: expected "," or "}"'],
		["a missing colon", '{"a" 1}', '1:6: expected ":" behind the key'],
		["a comment", "{ // x\n}", '1:3: expected a key in double quotes, found "/"'],
		["an open text", '{"a": "b\n', "1:9: expected the quote that ends the string"],
		["an unknown escape", '"\\x"', "1:2: expected an escape that JSON knows"],
		["a second value", "{} {}", "1:4: expected the end of the file"],
		["a leading zero", "01", "1:1: expected a value"],
		["a word", "nulls", "1:1: expected a value"],
		["a column behind an emoji counts characters", '["😀" x]', "1:6: expected"],
		["a byte order mark is no column", "\ufeffx", "1:1: expected a value"],
		["CR LF is one line end", "{\r\n x}", "2:2: expected a key"],
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

	test("of a key given twice keeps the first and tells the second", () => {
		const { value, duplicates, position } = readJson('{"a":{"b":[1]},\n "a":{"b":[2,3]}}');
		expect(JSON.stringify(value)).toBe('{"a":{"b":[1]}}');
		expect(duplicates).toEqual(["2:2: a is there twice; remove one"]);
		expect([position(["a"]), position(["a", "b"]), position(["a", "b", 1])]).toEqual(["1:2", "1:7", undefined]);
	});
});
