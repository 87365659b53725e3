import { describe, expect, test } from "bun:test";
import { closing, readJunit } from "./junit.ts";
import { runCommand } from "./process.ts";
import { temporaryFolder } from "./temporary.ts";

test("the report of bun itself is read: every outcome, groups outside in, escaped titles", async () => {
	using folder = temporaryFolder();
	await Bun.write(
		folder.file("a.test.ts"),
		`import { describe, expect, test } from "bun:test";
		describe("outer <a>", () => describe('inner "b" & c', () => {
			test("passes", () => {});
			test("fails at 'x' < 'y'", () => expect("<skipped />").toBe("</testcase>"));
			test.skip("is skipped", () => {});
			test.todo("is to be written");
		}));
		test("top", () => {});`,
	);
	const report = folder.file("report.xml");
	const words = ["test", "--reporter=junit", `--reporter-outfile=${report}`, "./a.test.ts"];
	const { code } = await runCommand([process.execPath, ...words], { cwd: folder.path });
	expect(code).toBe(1);
	const group = 'a.test.ts: outer <a> > inner "b" & c >';
	expect(readJunit(await Bun.file(report).text())).toEqual([
		{ title: `${group} passes`, outcome: "passed" },
		{ title: `${group} fails at 'x' < 'y'`, outcome: "failed" },
		{ title: `${group} is skipped`, outcome: "skipped" },
		{ title: `${group} is to be written`, outcome: "skipped" },
		{ title: "a.test.ts: top", outcome: "passed" },
	]);
});

test("a report without tests gives none", () => {
	expect(readJunit('<?xml version="1.0"?><testsuites tests="0"></testsuites>')).toEqual([]);
});

describe("the closing of a run", () => {
	const checks = { passed: 2, failed: 0, skipped: 0 };
	const tests = { passed: 7, failed: 0, skipped: 0 };
	const rows = [
		{ title: "all is well", checks, tests, isRoot: true, line: "9 passed, 0 failed", exitCode: 0 },
		{
			title: "a failed test",
			checks,
			tests: { ...tests, failed: 1 },
			isRoot: false,
			line: "9 passed, 1 failed",
			exitCode: 1,
		},
		{
			title: "a failed check",
			checks: { passed: 1, failed: 1, skipped: 0 },
			tests,
			isRoot: false,
			line: "8 passed, 1 failed",
			exitCode: 1,
		},
		{
			title: "a skipped test fails root",
			checks,
			tests: { ...tests, skipped: 1 },
			isRoot: true,
			line: "9 passed, 0 failed, 1 skipped",
			exitCode: 1,
		},
		{
			title: "a skipped test is forgiven to others",
			checks,
			tests: { ...tests, skipped: 1 },
			isRoot: false,
			line: "9 passed, 0 failed, 1 skipped",
			exitCode: 0,
		},
		{
			title: "no test was run",
			checks,
			tests: { passed: 0, failed: 0, skipped: 0 },
			isRoot: true,
			line: "2 passed, 0 failed",
			exitCode: 1,
		},
	] as const;
	test.each(rows)("$title", ({ checks, tests, isRoot, line, exitCode }) => {
		expect(closing(checks, tests, isRoot)).toEqual({ line, exitCode });
	});
});
