import { expect, test } from "bun:test";
import { Condenser } from "./condense.ts";

const output = [
	"bun test v1.4.5 (a7733435c)",
	"",
	"tests/a.test.ts:",
	"(pass) one > two [0.17ms]",
	"error: expect(received).toBe(expected)",
	"(fail) one > three [0.24ms]",
	"(pass) four",
	"",
	"tests/b.test.ts:",
	"(pass) five",
	"",
	" 3 pass",
	" 1 fail",
	"Ran 4 tests across 2 files. [5.00ms]",
].join("\n");

const condensed = [
	"bun test v1.4.5 (a7733435c)",
	"error: expect(received).toBe(expected)",
	"(fail) one > three [0.24ms]",
	"tests/a.test.ts: 2 passed",
	"tests/b.test.ts: 1 passed",
	" 3 pass",
	" 1 fail",
	"Ran 4 tests across 2 files. [5.00ms]",
	"",
].join("\n");

test.each([1, 7, 1_000])("failures stay, passed tests become one line a file, in pieces of %d characters", (size) => {
	let written = "";
	const condenser = new Condenser((text) => {
		written += text;
	});
	for (let at = 0; at < output.length; at += size) condenser.add(output.slice(at, at + size));
	condenser.end();
	expect(written).toBe(condensed);
});
