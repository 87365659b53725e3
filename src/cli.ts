/** argv -> a command. Nothing is read and nothing is printed here. */

import { parseArgs } from "node:util";
import {
	type CommandName,
	type CommandSpec,
	commandNames,
	commandSpec,
	commands,
	commonFlags,
	type FlagSpec,
	type InspectFormat,
	inspectFormats,
	type Printable,
	printables,
	topUrlDefault,
} from "./cli/commands.ts";
import { configKeys } from "./config/keys.ts";
import { didYouMean } from "./config/nearest.ts";
import { readDuration } from "./config/values.ts";
import type { ConfigFlags } from "./config.ts";

export type { InspectFormat, Printable } from "./cli/commands.ts";
export { commands, commonFlags, printables } from "./cli/commands.ts";
export { helpText, versionText } from "./cli/help.ts";

/**
 * What the command line asks for. Where there is `flags`, mistakes on the command line stand in `flags.problems`: loadConfig tells
 * them together with those of the other layers, so no such command may run without it.
 */
export type Command =
	| { readonly kind: "run"; readonly flags: ConfigFlags }
	| {
			readonly kind: "inspect";
			readonly flags: ConfigFlags;
			/** Names of files in their order; `-` is standard input. At least one, unless there are problems. */
			readonly files: readonly string[];
			readonly format: InspectFormat;
			/** Rows of each table. */
			readonly top: number;
			/** First moment of interest, in milliseconds since the epoch. */
			readonly fromMs?: number;
			/** First moment no longer of interest. */
			readonly toMs?: number;
			readonly follow: boolean;
	  }
	| {
			readonly kind: "top";
			/** http or https, without credentials and trailing slashes. */
			readonly url: string;
			readonly username?: string;
			readonly passwordFile?: string;
			readonly caFile?: string;
			readonly intervalMs: number;
	  }
	| { readonly kind: "demo"; readonly flags: ConfigFlags; readonly seconds?: number }
	| { readonly kind: "check-config"; readonly flags: ConfigFlags }
	| { readonly kind: "print"; readonly what: Printable }
	| { readonly kind: "version" }
	| { readonly kind: "help"; readonly topic?: CommandName };

/** The command line cannot be understood. One line a problem; the last names the help to read. Exit code 2. */
export class UsageError extends Error {
	readonly problems: readonly string[];
	constructor(problems: readonly string[]) {
		super(problems.join("\n"));
		this.problems = problems;
	}
}

/** Every flag of every command; one name means the same everywhere. */
const allFlags = new Map([...commands.flatMap(({ flags }) => flags), ...commonFlags].map((flag) => [flag.name, flag]));
const configNames: ReadonlySet<string> = new Set(configKeys.map(({ name }) => name));

/** Go's flags have one dash, parseArgs wants two. A single letter is a short flag, a lone dash standard input. */
function withTwoDashes(argv: readonly string[]): string[] {
	const end = argv.indexOf("--");
	return argv.map((argument, index) =>
		(end < 0 || index < end) && /^-[A-Za-z][A-Za-z0-9.-]/.test(argument) ? `-${argument}` : argument,
	);
}

/** A name without the `no-` that turns a boolean off. */
function positiveOf(name: string): FlagSpec | undefined {
	const flag = name.startsWith("no-") ? allFlags.get(name.slice(3)) : undefined;
	return flag?.placeholder === "" && configNames.has(flag.name) ? flag : undefined;
}

interface Given {
	readonly operands: string[];
	/** Flag to its texts, in their order. */
	readonly values: Map<string, string[]>;
	/** Names of flags that there are none of, each as it was typed, dashes included. */
	readonly unknown: Map<string, string>;
	/** A flag is unknown or lacks its value. */
	isMistyped: boolean;
	readonly problems: string[];
}

function readArguments(argv: readonly string[]): Given {
	const options = Object.fromEntries(
		[...allFlags.values()].map(({ name, placeholder, short }) => [
			name,
			{
				type: placeholder === "" ? ("boolean" as const) : ("string" as const),
				...(short === undefined ? {} : { short }),
			},
		]),
	);
	const { tokens } = parseArgs({
		args: withTwoDashes(argv),
		options,
		strict: false,
		allowPositionals: true,
		tokens: true,
	});
	const given: Given = { operands: [], values: new Map(), unknown: new Map(), isMistyped: false, problems: [] };
	/** An unknown flag or a boolean without `=`: a word behind it may have been meant as its value. */
	let hungry: { readonly name: string; readonly known: boolean } | undefined;
	for (const token of tokens) {
		const before = hungry;
		hungry = undefined;
		if (token.kind === "option-terminator") continue;
		if (token.kind === "positional") {
			if (before?.known && /^(true|false)$/i.test(token.value)) {
				given.problems.push(
					`--${before.name} ${token.value}: a boolean takes its value after =; write --${before.name}=${token.value}`,
				);
			} else if (before === undefined || before.known || (commandNames as readonly string[]).includes(token.value)) {
				given.operands.push(token.value);
			}
			continue;
		}
		const flag = allFlags.get(token.name);
		const negated = positiveOf(token.name);
		const texts = (name: string) => given.values.get(name) ?? given.values.set(name, []).get(name) ?? [];
		if (flag === undefined && negated !== undefined) {
			if (token.value === undefined) texts(negated.name).push("false");
			else given.problems.push(`--${token.name}: takes no value; write --${negated.name}=${token.value}`);
		} else if (flag === undefined) {
			given.isMistyped = true;
			// Letters behind one dash have one argument.
			const typed = /^--?[A-Za-z]/.test(argv[token.index] ?? "") ? argv[token.index]?.split("=")[0] : undefined;
			given.unknown.set(token.name, typed ?? token.rawName);
			if (token.value === undefined) hungry = { name: token.name, known: false };
		} else if (flag.placeholder === "") {
			texts(flag.name).push(token.value ?? "true");
			if (token.value === undefined) hungry = { name: flag.name, known: true };
		} else if (token.value === undefined) {
			given.isMistyped = true;
			given.problems.push(`--${flag.name}: expected ${flag.placeholder} behind it, found nothing`);
		} else if (!token.inlineValue && /^--?[A-Za-z]/.test(token.value)) {
			given.isMistyped = true;
			hungry = { name: token.value, known: false };
			given.problems.push(
				`--${flag.name}: expected ${flag.placeholder} behind it, found ${token.value}; a value that starts with a dash is written behind =`,
			);
		} else texts(flag.name).push(token.value);
	}
	return given;
}

function booleanOf(given: Given, name: string): boolean {
	const text = given.values.get(name)?.at(-1);
	if (text === undefined || /^(0|f|false)$/i.test(text)) return false;
	if (!/^(1|t|true)$/i.test(text))
		given.problems.push(`--${name}: expected true or false, found ${JSON.stringify(text)}`);
	return true;
}

function countOf(given: Given, name: string, max: number): number | undefined {
	const text = given.values.get(name)?.at(-1);
	if (text === undefined) return undefined;
	const number = /^\d{1,15}$/.test(text) ? Number(text) : 0;
	if (number >= 1 && number <= max) return number;
	given.problems.push(`--${name}: expected a whole number from 1 to ${max}, found ${JSON.stringify(text)}`);
	return undefined;
}

/** A date and time of RFC 3339, section 5.6, in milliseconds since the epoch; finer digits are cut. */
function timeOf(given: Given, name: string): number | undefined {
	const text = given.values.get(name)?.at(-1);
	if (text === undefined) return undefined;
	const match = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(
		text.toUpperCase().replace(" ", "T"),
	);
	const timeMs = match === null ? Number.NaN : Date.parse(match[0].replace(/(\.\d{3})\d+/, "$1"));
	// Date.parse takes February 30th for March 2nd.
	const day = match?.[1] ?? "";
	const midnightMs = Date.parse(`${day}T00:00:00Z`);
	if (!Number.isNaN(timeMs) && !Number.isNaN(midnightMs) && new Date(midnightMs).toISOString().startsWith(day))
		return timeMs;
	given.problems.push(
		`--${name}: expected a time such as 2026-05-27T09:00:00Z (RFC 3339), found ${JSON.stringify(text)}`,
	);
	return undefined;
}

function urlOf(given: Given): { url: string; username?: string } {
	const text = given.values.get("url")?.at(-1) ?? topUrlDefault;
	const username = given.values.get("username")?.at(-1);
	// "localhost:9713" would parse with a scheme of localhost.
	const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
	if (url === null || !/^https?:$/.test(url.protocol)) {
		given.problems.push(`--url: expected an address such as ${topUrlDefault}, found ${JSON.stringify(text)}`);
	} else if (url.username !== "" || url.password !== "") {
		given.problems.push(
			"--url: expected no password in it, as other users of this host can see it; use --username and --password-file",
		);
	} else {
		const path = url.pathname.replace(/\/+$/, "");
		return { url: `${url.origin}${path}`, ...(username === undefined ? {} : { username }) };
	}
	return { url: text };
}

/** The last text of a flag under a field's name, or nothing. */
function optional<K extends string>(field: K, given: Given, name: string): { [P in K]?: string } {
	const text = given.values.get(name)?.at(-1);
	return text === undefined ? {} : ({ [field]: text } as { [P in K]?: string });
}

/** Tells flags that the command does not take. */
function refuseForeign(given: Given, spec: CommandSpec): void {
	const names = [...spec.flags, ...commonFlags].map(({ name }) => name);
	for (const [name, typed] of given.unknown) {
		const near = didYouMean(name, names, (found) => `--${found}`);
		given.problems.push(`${typed}: no such flag${near}`);
	}
	for (const name of given.values.keys()) {
		if (names.includes(name)) continue;
		const owners = commands.filter(({ flags }) => flags.some((flag) => flag.name === name));
		const listed = owners.map((owner) => owner.name).join(", ");
		given.problems.push(`--${name}: not a flag of ${spec.name}, but of ${listed.replace(/, (?=[^,]*$)/, " and ")}`);
	}
}

function helpLine(name: CommandName): string {
	return `for its flags see: dnstt_exporter ${name} --help`;
}

function configFlagsOf(given: Given, name: CommandName): ConfigFlags {
	const file = given.values.get("config.file")?.at(-1);
	return {
		values: new Map([...given.values].filter(([name]) => configNames.has(name))),
		...(file === undefined ? {} : { file }),
		problems: given.problems,
		isMistyped: given.isMistyped,
		help: helpLine(name),
	};
}

function isCommandName(word: string): word is CommandName {
	return (commandNames as readonly string[]).includes(word);
}

function meantCommand(word: string): string {
	const words = new Map(
		commands.flatMap(({ name, synonyms = [] }) => [name, ...synonyms].map((known) => [known, name])),
	);
	return didYouMean(word, [...words.keys()], (found) => words.get(found) ?? found);
}

/**
 * Reads the arguments behind the program's name. The first word that is no flag names the command; without one it is `run`.
 * Throws UsageError where no configuration is loaded that could tell the problems.
 */
export function parseCommand(argv: readonly string[]): Command {
	const given = readArguments(argv);
	const [word, ...operands] = given.operands;
	if (word !== undefined && !isCommandName(word)) {
		const meant = /^-$|\.p?cap(ng)?$/i.test(word)
			? `; to read a capture: dnstt_exporter inspect ${word}`
			: meantCommand(word);
		throw new UsageError([
			...given.problems,
			`${word}: no such command${meant}`,
			"for the commands see: dnstt_exporter --help",
		]);
	}
	if (given.values.has("help") && booleanOf(given, "help"))
		return { kind: "help", ...(word === undefined ? {} : { topic: word }) };
	if (given.values.has("version") && booleanOf(given, "version")) return { kind: "version" };
	const spec = commandSpec(word ?? "run");
	refuseForeign(given, spec);
	const extra = spec.operands === "" ? operands : spec.operandFiles ? [] : operands.slice(1);
	for (const operand of extra)
		given.problems.push(`${operand}: ${spec.name} takes no ${spec.operands === "" ? "" : "more "}words`);
	const command = build(spec.name, operands, given);
	if (given.problems.length > 0 && !("flags" in command)) {
		throw new UsageError([...given.problems, helpLine(spec.name)]);
	}
	return command;
}

function build(name: CommandName, operands: readonly string[], given: Given): Command {
	switch (name) {
		case "run":
		case "check-config":
			return { kind: name, flags: configFlagsOf(given, name) };
		case "demo": {
			const seconds = countOf(given, "seconds", 86_400);
			return { kind: name, flags: configFlagsOf(given, name), ...(seconds === undefined ? {} : { seconds }) };
		}
		case "inspect":
			return buildInspect(operands, given);
		case "top": {
			const text = given.values.get("interval")?.at(-1) ?? "2s";
			const interval = readDuration(text);
			const intervalMs = "value" in interval ? interval.value : 0;
			if (intervalMs < 500 || intervalMs > 60_000) {
				given.problems.push(`--interval: expected a duration from 500ms to 1m, found ${JSON.stringify(text)}`);
			}
			const files = { ...optional("passwordFile", given, "password-file"), ...optional("caFile", given, "ca-file") };
			if (given.values.has("username") !== given.values.has("password-file")) {
				given.problems.push("--username and --password-file: expected both or neither");
			}
			return { kind: name, ...urlOf(given), ...files, intervalMs };
		}
		case "print": {
			const [what] = operands;
			if (what !== undefined && Object.hasOwn(printables, what)) return { kind: name, what: what as Printable };
			const known = Object.keys(printables);
			throw new UsageError([
				...given.problems,
				what === undefined
					? `print: expected what to print: ${known.join(", ")}`
					: `print ${what}: nothing of that name${didYouMean(what, known)}`,
				"for what there is see: dnstt_exporter print --help",
			]);
		}
		case "version":
			return { kind: name };
		case "help": {
			const [topic] = operands;
			if (topic === undefined) return { kind: name };
			if (isCommandName(topic)) return { kind: name, topic };
			given.problems.push(`${topic}: no such command${meantCommand(topic)}`);
			return { kind: name };
		}
	}
}

function buildInspect(files: readonly string[], given: Given): Command {
	const format = given.values.get("format")?.at(-1) ?? "text";
	if (!(inspectFormats as readonly string[]).includes(format)) {
		given.problems.push(`--format: expected one of ${inspectFormats.join(", ")}, found ${JSON.stringify(format)}`);
	}
	const follow = booleanOf(given, "follow");
	if (files.length === 0) given.problems.push("inspect: expected at least one capture file, or - for standard input");
	if (files.filter((file) => file === "-").length > 1)
		given.problems.push("inspect: standard input (-) can be read only once");
	if (follow && files.length > 1)
		given.problems.push("--follow: expected one file, as only the last of a stream can grow");
	if (follow && files.length === 1 && files[0] === "-")
		given.problems.push("--follow: standard input (-) is read until it ends as it is; leave the flag out");
	const fromMs = timeOf(given, "from");
	const toMs = timeOf(given, "to");
	if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs) {
		given.problems.push("--to: expected a time after that of --from");
	}
	return {
		kind: "inspect",
		flags: configFlagsOf(given, "inspect"),
		files,
		format: format as InspectFormat,
		top: countOf(given, "top", 10_000) ?? 10,
		...(fromMs === undefined ? {} : { fromMs }),
		...(toMs === undefined ? {} : { toMs }),
		follow,
	};
}
