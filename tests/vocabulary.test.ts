/** Words that were replaced throughout, so that they do not come back: in names, comments, help, errors, log lines and README. */

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { commandNames, type Printable, printables } from "../src/cli/commands.ts";
import { helpText } from "../src/cli/help.ts";
import { printed } from "../src/commands/print.ts";
import { conditionTexts } from "../src/summary/condition-texts.ts";

const root = resolve(import.meta.dir, "..");

const checked = ["README.md", "build.ts", "src/**/*.{ts,c,h,css}"];

const words: readonly (readonly [pattern: RegExp, instead: string, exceptIn?: string])[] = [
	[/\bgives?\b(?! up\b)|\bgave\b/i, "returns, sets, has"],
	[/\b(?:behind|in front)\b/i, "after, before"],
	[/\b(?:tells?|told|telling)\b/i, "reports, detects, distinguishes, says"],
	[/\bmend(?:s|ed)?\b/i, "fixes"],
	[/\bwhoever\b/i, "every caller, everyone who"],
	[/\bso (?:many|much)\b/i, "N, or the number"],
	[/\bgiven up\b|\bgive up\b/i, "dropped, drop"],
	[/\bopen(?:s|ed|ing)? (?:the capture )?again\b/i, "reopened, reopening"],
	[/\b(?:is|are|was|were) to be\b/i, "must be, will be; of a certificate: expires"],
	[/\bsent again\b/i, "retransmitted, replayed, forwarded"],
	[/\bgo(?:es)? on being\b/i, "continues"],
	[/\bnot one packet\b/i, "no packets"],
	[/\bsmall EDNS limit\b/i, "small EDNS buffer"],
	[/\busers that may look\b/i, "users allowed to log in"],
	[/\bthat says something counts\b/i, "precedence: ..."],
	[/\bwhat is less than\b/i, "values below"],
	[/\bever leaves it\b/i, "it never exposes"],
	[/\bbroke(?: off)?\b/i, "failed, could not be read to its end"],
	[/\bcorrect the path\b/i, "check the path"],
	[/\bsound (?:packets?|frames?|messages?)\b/i, "well-formed packets"],
	[/\banswer times?\b|\btime to respond\b/i, "response time"],
	[/\b(?:hungry|capturePoint|takeBack|toldBreak|isNews|sessionsMany|lookupsMany)\b/, "see the vocabulary"],
	// MaxMind's databases have a key of this name.
	[/\btraits\b/, "metadata", "src/geoip/subject.ts"],
	[/\b(?:World|refuseOpenDoors|writeMadeFrame|unreadable\()/, "Dependencies, refuseUnsafeEnvironment, ..."],
];

function found(path: string, text: string): string[] {
	return text
		.split("\n")
		.flatMap((line, index) =>
			words
				.filter(([pattern, , exceptIn]) => exceptIn !== path && pattern.test(line))
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

	/** What a reader sees whole, though the source has it in pieces. */
	const shown: Readonly<Record<string, () => string | Promise<string>>> = {
		help: () => helpText(),
		...Object.fromEntries(commandNames.map((name) => [`help ${name}`, () => helpText(name)])),
		...Object.fromEntries(
			(Object.keys(printables) as Printable[]).map((what) => [`print ${what}`, () => printed(what)]),
		),
		conditions: () =>
			Object.values(conditionTexts)
				.flatMap(({ title, remedy }) => [title, remedy])
				.join("\n"),
	};
	test.each(Object.keys(shown))("is kept in what is shown by: %s", async (what) => {
		const text = (await shown[what]?.()) ?? "";
		expect(text).not.toBe("");
		// Lines are wrapped within sentences, and escaped for troff.
		const paragraphs = text.replaceAll("\\-", "-").replaceAll(/\n(?=[ \t]*[^\s.-])[ \t]*/g, " ");
		expect(found(what, paragraphs)).toEqual([]);
	});

	test.each([
		"/** Gives the exit code. */",
		"// Behind the header comes the name.",
		"/** What `inspect` tells of captures. */",
		'throw new Error("does not exist; correct the path");',
		'log.warn("not all privileges could be given up");',
		"/** So many characters of a name. */",
		'problem: "does not exist; give its name"',
		"/** A datagram that is sent again. */",
		"/** The certificate is to be replaced. */",
		"let hungry = false;",
	])("finds: %s", (line) => {
		expect(found("x.ts", line)).toHaveLength(1);
	});
});
