import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dir, "../../src/native");
const textOf = (file: string) => readFileSync(join(folder, file), "utf8");
/** The C files in the order in which native.h lists them. */
const listed = [...textOf("native.h").matchAll(/^ \*\s+(\w+\.c) /gm)].map(([, file = ""]) => file);

/** The functions of a C file that others can call. */
function functionsOf(file: string): string[] {
	const definitions = textOf(file).matchAll(/^(?!static\b)(?:\w+ )+\**(\w+)\([^;{}]*\)\n\{/gm);
	return [...definitions].map(([, name = ""]) => name);
}

test("native.h lists every C file", () => {
	expect(listed.toSorted()).toEqual(
		readdirSync(folder)
			.filter((file) => file.endsWith(".c"))
			.toSorted(),
	);
});

test("no C file calls a function of one that stands above it in native.h", () => {
	expect(functionsOf("napi_util.c")).toEqual(["throw_coded", "string_argument", "path_argument", "define_function"]);
	const calls = listed.flatMap((file, index) => {
		const above = listed.slice(0, index).flatMap(functionsOf);
		return above.filter((name) => new RegExp(`\\b${name}\\(`).test(textOf(file))).map((name) => `${file}: ${name}`);
	});
	expect(calls).toEqual([]);
});
