/** Help and version texts, from the tables of commands and keys. */

import { configSections } from "../config/keys.ts";
import { type CommandName, commandSpec, commands, commonFlags, type FlagSpec, printables } from "./commands.ts";

/** Terminals have 80 columns or more, and long variable names need some more. */
const columnsMax = 96;
/** Where descriptions start. A longer flag has a line of its own. */
const descriptionColumn = 38;
const program = "dnstt_exporter";

/** A term on the left, lines on the right. */
function entry(term: string, lines: readonly string[], column = descriptionColumn): string {
	const left = `  ${term}`;
	const [first = "", ...rest] = lines;
	const indent = " ".repeat(column);
	const head = left.length + 2 > column ? [left, indent + first] : [left.padEnd(column) + first];
	return [...head, ...rest.map((line) => indent + line)].join("\n");
}

function flagEntry(flag: FlagSpec): string {
	const short = flag.short === undefined ? "" : `-${flag.short}, `;
	const value = flag.placeholder === "" ? "" : ` ${flag.placeholder}`;
	const more = flag.repeatable ? "..." : "";
	const width = columnsMax - descriptionColumn;
	const lines = Bun.wrapAnsi(
		`${flag.description}${flag.default === undefined ? "" : ` (default ${flag.default})`}`,
		width,
	).split("\n");
	if (flag.variable !== undefined) lines.push(`$${flag.variable}`);
	return entry(`${short}--${flag.name}${value}${more}`, lines);
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

const configNote = Bun.wrapAnsi(
	"A flag --section.key is also a key of that section in the JSON file, and the environment variable listed below it. " +
		"Precedence: flag, environment variable, configuration file, default. A flag takes one dash or two, its value after = or a space. " +
		"Flags marked ... may be given several times, or with commas; --no-FLAG turns one off that is on by default.",
	columnsMax,
);

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

function generalHelp(): string {
	const examples = ["run", "inspect", "demo"] as const;
	const parts = [
		Bun.wrapAnsi(
			"Prometheus exporter for dnstt servers: it watches the DNS traffic of the host and counts the tunnel's clients, " +
				"queries and bytes. It only listens and decrypts nothing.",
			columnsMax,
		),
		`Usage: ${program} [COMMAND] [FLAGS]`,
		`Commands:\n${commands.map(({ name, summary }) => entry(name, [summary], 18)).join("\n")}`,
		`${program} COMMAND --help shows the flags of a command. Those of run:`,
		...flagGroups(commandSpec("run").flags),
		configNote,
		`Examples:\n${exampleLines(examples.flatMap((name) => commandSpec(name).examples.slice(0, name === "run" ? 3 : 1)))}`,
		"Exit codes: 0 done; 1 failed while running; 2 wrong usage or configuration.",
	];
	return `${parts.join("\n\n")}\n`;
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
