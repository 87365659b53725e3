/** The order of src as src/README.md draws it, and what keeps it easy to read. */

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";

const root = resolve(import.meta.dir, "..");
const files = [...new Bun.Glob("src/**/*.ts").scanSync(root)].sort();
const textOf = (path: string) => readFileSync(join(root, path), "utf8");

/** The places that it draws, from top to bottom: "src/main.ts", "src/web/", and last "src/*.ts" for the other files beside main. */
function drawingIn(readme: string): string[] {
	const block = [...readme.matchAll(/^```text\n([\s\S]*?)^```/gm)].map(([, text = ""]) => text).at(-1) ?? "";
	return block
		.trimEnd()
		.split("\n")
		.map((line) => /^(src\/\S+) {2,}\S/.exec(line)?.[1] ?? `no place in: ${line}`);
}

const drawing = drawingIn(textOf("src/README.md"));

/** The line of the drawing that a file is on. */
function placeOf(path: string): string {
	const [, folder, name] = path.split("/");
	if (name !== undefined) return `src/${folder}/`;
	return drawing.includes(path) ? path : "src/*.ts";
}

/** The files that a file imports by a relative path, as paths from the project's folder on; types and `await import` as well. */
function importsOf(path: string, text: string): string[] {
	const found = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g);
	return [...found].map(([, target = ""]) => relative(root, resolve(root, path, "..", target)));
}

/** What is wrong with one import. */
function problemOf(path: string, target: string): string[] {
	if (!target.startsWith("src/")) return [];
	const [from, to] = [placeOf(path), placeOf(target)];
	if (from === to) return [];
	if (drawing.indexOf(from) > drawing.indexOf(to)) return [`${path} imports upwards: ${target}`];
	if (to === "src/wasm/" && !target.startsWith("src/wasm/shared/"))
		return [`${path} imports ${target}, which only AssemblyScript reads`];
	return [];
}

function importProblems(path: string, text: string): string[] {
	return importsOf(path, text).flatMap((target) => problemOf(path, target));
}

describe("the drawing in src/README.md", () => {
	test("has at most 21 lines, and each folder of src once", () => {
		expect(drawing.length).toBeLessThanOrEqual(21);
		expect(drawing.toSorted()).toEqual([...new Set(files.map(placeOf))].sort());
	});

	test("is true: no file imports upwards, or more of src/wasm than src/wasm/shared", () => {
		expect(files.flatMap((path) => importProblems(path, textOf(path)))).toEqual([]);
	});

	test.each([
		["an import upwards", "src/metrics/x.ts", 'import { a } from "../web/app.ts";'],
		["one of a type", "src/config/x.ts", 'import type { Command } from "../cli/arguments.ts";'],
		["one that is awaited", "src/log.ts", 'const a = await import("./config/config.ts");'],
		["one for its effects", "src/native/x.ts", 'import "../capture/live.ts";'],
		["what is exported on", "src/geoip/x.ts", 'export { a } from "../engine/engine.ts";'],
		["main imported by a command", "src/commands/x.ts", 'import { a } from "../main.ts";'],
		["AssemblyScript imported by TypeScript", "src/engine/x.ts", 'import { a } from "../wasm/decode/dns.ts";'],
	])("%s would be found", (_, path, text) => {
		expect(importProblems(path, text)).toHaveLength(1);
	});

	test("imports downwards, of the same folder and of others than src are allowed", () => {
		const text = [
			'import { a } from "./b.ts";',
			'import { c } from "../wasm/shared/ids.ts";',
			'import { d } from "../log.ts";',
			'import e from "../../package.json";',
			'import { z } from "zod";',
		].join("\n");
		expect(importProblems("src/engine/x.ts", text)).toEqual([]);
	});
});

describe("names", () => {
	/** Names of files that are there several times, each for one subject. */
	const shared: Readonly<Record<string, string>> = {
		"error.ts": "the error class of its folder: a command tells the folders' errors apart without loading the folders",
		"histogram.ts": "the same table in AssemblyScript and as TypeScript reads it",
		"lookalike.ts": "what is counted of other tunnels' traffic in AssemblyScript, and the sentence that comes of it",
		"tracker.ts": "the same object in AssemblyScript and as TypeScript reads it",
		"tunnel.ts": "the same tunnels in AssemblyScript and as TypeScript knows them",
	};

	test("no two files have one name, but for one subject", () => {
		const names = files.map((path) => basename(path));
		const twice = names.filter((name, index) => names.indexOf(name) < index);
		expect([...new Set(twice)].sort()).toEqual(Object.keys(shared).sort());
	});

	/** Names that a file exports although they are another's. */
	const passedOn: Readonly<Record<string, string>> = {
		"src/capture/source.ts: LinkType":
			"a part of FrameSource, so that whoever implements one has all of it in one place",
	};

	/** AssemblyScript's module.ts is left out: what it exports on are the exports of the module. */
	test("no name is exported from two paths", () => {
		const found = files
			.filter((path) => path !== "src/wasm/module.ts")
			.flatMap((path) =>
				[...textOf(path).matchAll(/^export (?:type )?(\{[^}]*\}|\*)(?: as \w+)? from "/gm)].map(
					([, names = ""]) => `${path}: ${names.replaceAll(/[{}\s]|\btype\b/g, "")}`,
				),
			);
		expect(found).toEqual(Object.keys(passedOn));
	});
});

describe("functions", () => {
	const linesMax = 70;
	/** The start of a function, a method or a constructor, as biome formats them; group 1 is its indentation. */
	const start =
		/^(\t*)(?:(?:export|default|async|private|public|protected|static|override|get|set) )*(?:function\b|(?:const|readonly) \w+ = (?:async )?(?:\(|\w+ =>)|constructor\(|(?!if|for|while|switch|return|catch)#?\w+(?:<[^(]*>)?\()/;

	/** Functions of more than `linesMax` lines without a comment that gives the reason: `Long: REASON`, in the function or right before it. */
	function longFunctions(path: string, text: string): string[] {
		const lines = text.split("\n");
		return lines.flatMap((line, first) => {
			const indentation = start.exec(line)?.[1];
			if (indentation === undefined || line.endsWith(";")) return [];
			const rest = lines
				.slice(first + 1)
				.findIndex(
					(next) =>
						/^\t*\S/.test(next) &&
						!next.startsWith(`${indentation}\t`) &&
						!next.startsWith(`${indentation})`) &&
						!(next.startsWith(`${indentation}}`) && next.endsWith("{")),
				);
			const count = rest + 2;
			if (count <= linesMax || !lines[first + count - 1]?.startsWith(`${indentation}}`)) return [];
			const isExplained = lines
				.slice(Math.max(0, first - 8), first + count)
				.some((near) => /(?:\/\/|\*) Long: \S/.test(near));
			return isExplained ? [] : [`${path} has ${count} lines: ${line.trim()}`];
		});
	}

	test("have at most 70 lines, or a comment that gives the reason", () => {
		expect(files.flatMap((path) => longFunctions(path, textOf(path)))).toEqual([]);
	});

	const body = (lines: number) => Array.from({ length: lines }, (_, index) => `\tcall(${index});`);
	test.each([
		["a function of 70 lines", ["function a(): void {", ...body(68), "}"], 0],
		["one of 71", ["export async function a(", "\tb: number,", "): Promise<void> {", ...body(67), "}"], 1],
		["an arrow function of 71", ["const a = async (b: number) => {", ...body(69), "};"], 1],
		["a method of 71", ["class A {", "\ta(): void {", ...body(69).map((line) => `\t${line}`), "\t}", "}"], 1],
		["one of 71 with a reason", ["// Long: one table.", "function a(): void {", ...body(69), "}"], 0],
		["two of 60", ["function a() {", ...body(58), "}", "function b() {", ...body(58), "}"], 0],
	])("%s", (_, lines, found) => {
		expect(longFunctions("x.ts", lines.join("\n"))).toHaveLength(found);
	});
});
