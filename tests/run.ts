/**
 * All checks, as `npm test` runs them once the packages are installed and the executable is built: types, lint, the programs that tests
 * need, the tests. Arguments are test files or folders, in place of all. Ends with the line `N passed, N failed` (see closing).
 */
import { resolve } from "node:path";
import { installTools } from "../src/build/tools.ts";
import { testEnvironment, testOptions } from "./support/bun-options.ts";
import { Condenser } from "./support/condense.ts";
import { closing, readJunit, type Tally } from "./support/junit.ts";
import { haveNetns, removeLeftovers } from "./support/netns.ts";
import { temporaryFolder } from "./support/temporary.ts";
import { tools } from "./support/tools.ts";

const root = resolve(import.meta.dir, "..");

function say(step: string, line: string): void {
	console.log(`${step}: ${line}`);
}

/** Runs one step, and says how long it took. */
async function timed<T>(step: string, run: () => Promise<T>): Promise<T> {
	const start = performance.now();
	const result = await run();
	say(step, `took ${((performance.now() - start) / 1000).toFixed(1)} s`);
	return result;
}

/** Runs a program of node_modules/.bin with Bun in place of Node, its output going to ours. */
async function runPackage(step: string, words: readonly string[]): Promise<boolean> {
	const command = [process.execPath, "run", "--bun", ...words];
	const code = await Bun.spawn(command, { cwd: root, stdin: "ignore", stdout: "inherit", stderr: "inherit" }).exited;
	say(step, code === 0 ? "passed" : "failed");
	return code === 0;
}

/** Runs `bun test` and counts; names what failed and what was skipped. */
async function runTests(files: readonly string[]): Promise<Tally> {
	using folder = temporaryFolder();
	const reportPath = folder.file("junit.xml");
	const options = [...testOptions, "--reporter=junit", `--reporter-outfile=${reportPath}`];
	const child = Bun.spawn([process.execPath, "test", ...options, ...files], {
		cwd: root,
		env: { ...process.env, ...testEnvironment },
		stdin: "ignore",
		stdout: "inherit",
		stderr: "pipe",
	});
	const [end, code] = await Promise.all([passOn(child.stderr), child.exited]);
	const report = Bun.file(reportPath);
	const outcomes = (await report.exists()) ? readJunit(await report.text()) : [];

	for (const { title, outcome } of outcomes) if (outcome !== "passed") say(outcome, title);
	const count = (wanted: string) => outcomes.filter(({ outcome }) => outcome === wanted).length;
	// The report lacks files that could not be loaded and a crash of bun itself; the printed summary has the first, the code both.
	const printed = Number(/^ *(\d+) fail$/m.exec(end)?.[1] ?? 0);
	const failed = Math.max(count("failed"), printed, code === 0 ? 0 : 1);
	return { passed: count("passed"), failed, skipped: count("skipped") };
}

/** Writes a stream to our standard error as it comes, condensed, and returns the end of it. */
async function passOn(stream: ReadableStream<Uint8Array>): Promise<string> {
	const decoder = new TextDecoder();
	const condenser = new Condenser((text) => process.stderr.write(text));
	let end = "";
	for await (const chunk of stream) {
		const text = decoder.decode(chunk, { stream: true });
		condenser.add(text);
		end = (end + text).slice(-4096);
	}
	condenser.end();
	return end;
}

const isRoot = process.getuid?.() === 0;
const checked = [
	await timed("types", () => runPackage("types", ["tsc", "--noEmit"])),
	await timed("types of AssemblyScript", () =>
		runPackage("types of AssemblyScript", ["tsc", "--noEmit", "-p", "src/wasm"]),
	),
	await timed("types of the page", () =>
		runPackage("types of the page", ["tsc", "--noEmit", "-p", "src/web/page/browser"]),
	),
	await timed("lint", () => runPackage("lint", ["biome", "check", "."])),
];
const prepared = await timed("programs", () => installTools((line) => say("programs", line), tools));
// Others than root have the tests skipped whose program is missing; root was to install it.
if (!prepared && isRoot) checked.push(false);
const tests = await timed("tests", () => runTests(process.argv.slice(2)));
if (haveNetns()) removeLeftovers();

if (isRoot && tests.skipped > 0) say("tests", "root can run every test: a skipped one is a failure");
if (tests.passed + tests.failed === 0) say("tests", "none was run");
const passedChecks = checked.filter((well) => well).length;
const checks = { passed: passedChecks, failed: checked.length - passedChecks, skipped: 0 };
const { line, exitCode } = closing(checks, tests, isRoot);
console.log(line);
process.exitCode = exitCode;
