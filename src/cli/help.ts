/** Help and version texts, from the tables of commands and keys. */

import { configSections } from "../config/keys.ts";
import { type CommandName, commandSpec, commands, commonFlags, type FlagSpec, printables } from "./commands.ts";
import { configRules } from "./config-rules.ts";

/** That of the smallest usual terminal. */
const columnsMax = 80;
/** Where descriptions start. A longer flag has a line of its own. */
const descriptionColumn = 34;
const program = "dnstt_exporter";

/** A term on the left, lines on the right. */
function entry(term: string, lines: readonly string[], column = descriptionColumn): string {
	const left = `  ${term}`;
	const [first = "", ...rest] = lines;
	const indent = " ".repeat(column);
	const head = left.length + 2 > column ? [left, indent + first] : [left.padEnd(column) + first];
	return [...head, ...rest.map((line) => indent + line)].join("\n");
}

function flagTerm({ short, name, placeholder, repeatable }: FlagSpec): string {
	const value = placeholder === "" ? "" : ` ${placeholder}`;
	return `${short === undefined ? "" : `-${short}, `}--${name}${value}${repeatable ? "..." : ""}`;
}

const defaultNote = ({ default: value }: FlagSpec) => (value === undefined ? "" : ` (default ${value})`);

function flagEntry(flag: FlagSpec): string {
	const text = `${flag.description}${defaultNote(flag)}`;
	return entry(flagTerm(flag), Bun.wrapAnsi(text, columnsMax - descriptionColumn).split("\n"));
}

/** One line: the description's first clause, and the default where there is room. */
function shortFlagEntry(flag: FlagSpec): string {
	const clause = /^[^,;(]*[^,;( ]/.exec(flag.description)?.[0] ?? "";
	const whole = entry(flagTerm(flag), [`${clause}${defaultNote(flag)}`]);
	return whole.length <= columnsMax ? whole : entry(flagTerm(flag), [clause]);
}

function flagGroups(flags: readonly FlagSpec[]): string[] {
	const groups = [{ title: "Flags", of: [...flags.filter(({ section }) => section === undefined), ...commonFlags] }];
	for (const { name, description } of configSections) {
		groups.push({ title: description, of: flags.filter(({ section }) => section === name) });
	}
	return groups.filter(({ of }) => of.length > 0).map(({ title, of }) => `${title}:\n${of.map(flagEntry).join("\n")}`);
}

function exampleLines(examples: readonly (readonly [line: string, what: string])[]): string {
	return examples.map(([line, what]) => `  # ${what}\n  ${program} ${line}`).join("\n\n");
}

const configNote = configRules.map((rule) => Bun.wrapAnsi(rule.replaceAll("`", ""), columnsMax)).join("\n");

/** Help on one command, or on all of them without a name; ends with a line feed. */
export function helpText(name?: CommandName): string {
	if (name === undefined) return generalHelp();
	const spec = commandSpec(name);
	const parts = [`${spec.summary}.`];
	const usage = ["Usage:", program, name === "run" ? "[run]" : name, spec.operands, "[FLAGS]"];
	parts.push(usage.filter((part) => part !== "").join(" "));
	if (name === "print") {
		parts.push(
			`WHAT:\n${Object.entries(printables)
				.map(([what, about]) => entry(what, [about], 24))
				.join("\n")}`,
		);
	}
	parts.push(...flagGroups(spec.flags));
	if (spec.flags.some(({ section }) => section !== undefined)) parts.push(configNote);
	if (spec.examples.length > 0) parts.push(`Examples:\n${exampleLines(spec.examples)}`);
	return `${parts.join("\n\n")}\n`;
}

/** The flags that help shows first, in this order. */
const mostUsedFlags = [
	"dnstt.domain",
	"dnstt.port",
	"vaydns.domain",
	"capture.interface",
	"geoip.country-database",
	"geoip.asn-database",
	"web.listen-address",
	"web.basic-auth",
	"web.telemetry-path",
	"config.file",
];

/** Fits a terminal of 24 lines with the prompt below it, so `help` itself has no row. */
function generalHelp(): string {
	const { flags } = commandSpec("run");
	const mostUsed = mostUsedFlags.flatMap((name) => flags.filter((flag) => flag.name === name));
	const listed = commands.filter(({ name }) => name !== "help");
	return [
		`Usage: ${program} [COMMAND] [FLAGS]`,
		"Prometheus exporter for dnstt servers: it only listens, and decrypts nothing.",
		"",
		...listed.map(({ name, summary }) => entry(name, [summary], 16)),
		"",
		`Flags of run (all: ${program} help run; of others: help COMMAND):`,
		...mostUsed.map(shortFlagEntry),
		"",
	].join("\n");
}

/** The version in the form of Prometheus's own programs; ends with a line feed. */
export function versionText(build: {
	readonly version: string;
	readonly revision: string;
	readonly bunVersion: string;
	/** Such as linux/x64. */
	readonly platform: string;
}): string {
	return [
		`${program}, version ${build.version} (revision: ${build.revision})`,
		`  bun version:      ${build.bunVersion}`,
		`  platform:         ${build.platform}`,
		"",
	].join("\n");
}
