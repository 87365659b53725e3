import { describe, expect, test } from "bun:test";
import { blocksOf, commandsIn, firstMissing, sameButNumbers, shownIn } from "./blocks.ts";

const text =
	"Run `npm run x`, see `src/a.ts`:\n\n```console\n# do it\nfirst\n...\nlast\n```\n\n```sh\na `npm b`\n```\n";

describe("blocks of a text", () => {
	test("are found with their language, and consoles are read", () => {
		const [console, shell] = blocksOf(text);
		expect(console && shownIn(console)).toEqual({ prompt: "#", command: "do it", lines: ["first", "...", "last"] });
		expect(shell).toEqual({ language: "sh", text: "a `npm b`" });
	});

	test("commands in sentences are found by their program, those in blocks are not", () => {
		expect(commandsIn(text, ["npm"])).toEqual(["npm run x"]);
	});
});

describe("what is shown", () => {
	test.each([
		["all lines", "a\nb\n", ["a", "b"], undefined],
		["lines left out", "a\nb\nc\n", ["a", "...", "c"], undefined],
		["nothing left out at a gap", "a\nb\n", ["a", "...", "b"], undefined],
		["a line between without a gap", "a\nb\nc\n", ["a", "c"], "c"],
		["another first line", "a\nb\n", ["b"], "b"],
		["another order", "b\na\n", ["...", "a", "...", "b"], "b"],
		["a line that is gone", "a\n", ["a", "...", "c"], "c"],
	])("%s", (_, printed, shown, missing) => {
		expect(firstMissing(printed, shown)).toBe(missing as string | undefined);
	});

	test("numbers may differ, words may not", () => {
		expect(sameButNumbers("43 active, 1,200 queries/s, 18.9 kB/s", "7 active, 3 queries/s, 198 MB/s")).toBe(true);
		expect(sameButNumbers("43 active", "43 clients")).toBe(false);
	});
});
