/** Words that were replaced throughout, so that they do not come back: in names, comments, help, errors, log lines and README. */

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dir, "..");

/** Files that have been read for these words. To widen the test to a folder, add it here; `src/**` is all. */
const checked = [
	"README.md",
	"build.ts",
	"src/*.ts",
	"src/build/**/*.ts",
	"src/cli/**/*.ts",
	"src/commands/*.ts",
	"src/commands/discover/**/*.ts",
	"src/commands/inspect/{activity,inspect,progress,reader,report,stdin,text-table}.ts",
	"src/config/**/*.ts",
	"src/demo/**/*.ts",
	"src/discovery/**/*.ts",
	"src/process/**/*.ts",
];

const words: readonly (readonly [pattern: RegExp, instead: string])[] = [
	[/\bgives\b(?! (?:up|every)\b)|\bgave\b/i, "returns, sets, has"],
	[/\b(?:behind|in front)\b/i, "after, before"],
	[/\b(?:tells?|told|telling)\b/i, "reports, detects, distinguishes, says"],
	[/\bmend(?:s|ed)?\b/i, "fixes"],
	[/\bwhoever\b/i, "every caller, everyone who"],
	[/\bso (?:many|much)\b/i, "N, or the number"],
	[/\bgiven up\b|\bgive up\b/i, "dropped, drop"],
	[/\bopen(?:s|ed|ing)? (?:the capture )?again\b/i, "reopened, reopening"],
	[/\bbroke(?: off)?\b/i, "failed, could not be read to its end"],
	[/\bcorrect the path\b/i, "check the path"],
	[/\bsound (?:packets?|frames?|messages?)\b/i, "well-formed packets"],
	[/\banswer times?\b|\btime to respond\b/i, "response time"],
	[/\b(?:hungry|traits|capturePoint|takeBack|toldBreak|isNews|sessionsMany|lookupsMany)\b/, "see the vocabulary"],
	[/\b(?:World|refuseOpenDoors|writeMadeFrame|unreadable\()/, "Dependencies, refuseUnsafeEnvironment, ..."],
];

/** Rows of README whose texts are those of the catalog of metrics, and examples of what programs print. */
function proseOf(path: string, text: string): string {
	if (path !== "README.md") return text;
	return text
		.replaceAll(/^\| `dnstt_.*$/gm, "")
		.replaceAll(/^```console[\s\S]*?^```/gm, (block) => block.replace(/./g, " "));
}

function found(path: string, text: string): string[] {
	return proseOf(path, text)
		.split("\n")
		.flatMap((line, index) =>
			words
				.filter(([pattern]) => pattern.test(line))
				.map(
					([pattern, instead]) =>
						`${path}:${index + 1}: ${pattern.exec(line)?.[0]} (write: ${instead}): ${line.trim()}`,
				),
		);
}

describe("the vocabulary", () => {
	for (const pattern of checked) {
		test(`is kept in ${pattern}`, () => {
			const paths = [...new Bun.Glob(pattern).scanSync(root)].sort();
			expect(paths).not.toBeEmpty();
			expect(paths.flatMap((path) => found(path, readFileSync(join(root, path), "utf8")))).toEqual([]);
		});
	}

	test.each([
		"/** Gives the exit code. */",
		"// Behind the header comes the name.",
		"/** What `inspect` tells of captures. */",
		'throw new Error("does not exist; correct the path");',
		'log.warn("not all privileges could be given up");',
		"/** So many characters of a name. */",
		"let hungry = false;",
	])("finds: %s", (line) => {
		expect(found("x.ts", line)).toHaveLength(1);
	});
});
