import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary.ts";
import { type SanitizedTree, sanitizedTree } from "./sanitized.ts";

/** Ends what hangs. The longest takes most of a minute alone, and twice that on a busy machine. */
const limitMs = 240_000;

const report = /AddressSanitizer|runtime error:/;

/** In two runs: files alone take most of a minute. */
const files = "tests/capture/capture-file.test.ts";
const allButFiles = [...new Bun.Glob("tests/capture/*.test.ts").scanSync(join(import.meta.dir, "../.."))]
	.filter((path) => path !== files)
	.sort();

describe("the native half under AddressSanitizer and UndefinedBehaviorSanitizer", () => {
	const folder = temporaryFolder();
	let tree: SanitizedTree;
	beforeAll(async () => {
		tree = await sanitizedTree(folder.path);
	}, limitMs);
	afterAll(() => folder[Symbol.dispose]());

	test.each<[title: string, words: readonly string[], passed: number]>([
		["captures from files", [files], 40],
		["captures, live and all else of them,", allButFiles, 40],
		["tells the service manager", ["tests/process/notify.test.ts", "-t", "a service tells its manager"], 10],
	])(
		"%s without a fault",
		async (_, words, passed) => {
			const { code, stdout, stderr } = await tree.bun(["test", `--timeout=${limitMs}`, ...words]);
			expect(stderr).not.toMatch(report);
			expect({ code, stdout: code === 0 ? "" : `${stdout}\n${stderr.slice(-3000)}` }).toEqual({ code: 0, stdout: "" });
			expect(Number(/^ *(\d+) pass$/m.exec(stderr)?.[1])).toBeGreaterThan(passed);
		},
		limitMs,
	);

	const seed = Math.floor(Math.random() * 2 ** 31);
	test(
		`broken capture files are read without a fault, seed ${seed}`,
		async () => {
			const words = ["tests/hardening/mutated.ts", folder.path, String(seed), "1000"];
			const { code, stdout, stderr } = await tree.bun(words);
			expect({ seed, code, stderr }).toEqual({ seed, code: 0, stderr: "" });
			const { files, frames, refused } = JSON.parse(stdout);
			expect(files).toBeGreaterThan(3000);
			expect(frames).toBeGreaterThan(1000);
			expect(refused).toBeGreaterThan(1000);
		},
		limitMs,
	);

	test(
		"privileges are given up without a fault",
		async () => {
			const { code, stdout, stderr } = await tree.bun(["tests/hardening/confined.ts", folder.path]);
			expect(stderr).not.toMatch(report);
			expect(code).toBe(0);
			expect(JSON.parse(stdout)).toMatchObject({ run: "EPERM", socket: "pong" });
		},
		limitMs,
	);

	test(
		"a planted fault is caught",
		async () => {
			const path = join(tree.path, "src/native/cap.c");
			const source = readFileSync(path, "utf8");
			const planted = source.replace("calloc(1, sizeof *cap)", "calloc(1, 8)");
			expect(planted).not.toBe(source);
			writeFileSync(path, planted);
			await tree.compile();
			const { code, stderr } = await tree.bun(["tests/hardening/mutated.ts", folder.path, "1", "1"]);
			expect(stderr).toMatch(/AddressSanitizer: heap-buffer-overflow/);
			expect(code).not.toBe(0);
		},
		limitMs,
	);
});
