import { expect, test } from "bun:test";
import { installTools, missingTools } from "../../src/build/tools.ts";
import { tools } from "../support/tools.ts";

const present = { program: "sh", package: "dash", purpose: "a program that every machine has" };
const absent = { program: "no-such-program-here", package: "no-such-package-here", purpose: "this test" };

test("a program that is there is not missing", () => {
	expect(missingTools([present, absent])).toEqual([absent]);
});

test("nothing is done when all is there", async () => {
	const lines: string[] = [];
	expect(await installTools((line) => lines.push(line), [present])).toBe(true);
	expect(lines).toEqual(["all 1 programs are there"]);
});

test("each program is named once", () => {
	expect(new Set(tools.map(({ program }) => program)).size).toBe(tools.length);
});
