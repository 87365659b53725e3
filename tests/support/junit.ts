/** What a JUnit report of `bun test` says, and what a whole run of checks comes to. */

export interface TestOutcome {
	/** "tests/decode/dns.test.ts: DNS messages > a query of 12 bytes is refused" */
	readonly title: string;
	readonly outcome: "passed" | "failed" | "skipped";
}

/** The outcome of every test in a report; tests that are still to be written (`test.todo`) count as skipped. */
export function readJunit(report: string): TestOutcome[] {
	const outcomes: TestOutcome[] = [];
	// A test case has no element of the same name in it.
	for (const [, attributes = "", inside = ""] of report.matchAll(
		/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g,
	)) {
		const attribute = (name: string) => {
			const [, value = ""] = new RegExp(` ${name}="([^"]*)"`).exec(attributes) ?? [];
			return unescaped(value);
		};
		// Bun writes the groups inside out: "inner > outer".
		const groups = attribute("classname").split(" > ").toReversed();
		const place = [...groups, attribute("name")].filter((part) => part !== "").join(" > ");
		const failed = /<(failure|error)\b/.test(inside);
		outcomes.push({
			title: `${attribute("file")}: ${place}`,
			outcome: failed ? "failed" : /<skipped\b/.test(inside) ? "skipped" : "passed",
		});
	}
	return outcomes;
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescaped(text: string): string {
	return text.replace(/&(#x?[0-9a-f]+|[a-z]+);/gi, (whole, name: string) => {
		if (name.startsWith("#x")) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
		if (name.startsWith("#")) return String.fromCodePoint(Number(name.slice(1)));
		return entities[name] ?? whole;
	});
}

export interface Tally {
	readonly passed: number;
	readonly failed: number;
	readonly skipped: number;
}

/**
 * The closing line of a run, and its exit code: 1 when anything failed, when no test ran, and when root, who can run every test, had
 * one skipped.
 */
export function closing(
	checks: Tally,
	tests: Tally,
	isRoot: boolean,
): { readonly line: string; readonly exitCode: 0 | 1 } {
	const passed = checks.passed + tests.passed;
	const failed = checks.failed + tests.failed;
	const skipped = tests.skipped > 0 ? `, ${tests.skipped} skipped` : "";
	const well = failed === 0 && tests.passed > 0 && !(isRoot && tests.skipped > 0);
	return { line: `${passed} passed, ${failed} failed${skipped}`, exitCode: well ? 0 : 1 };
}
