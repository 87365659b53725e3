/** argv -> a command. It reads no file and prints nothing. */

import { isIPv6 } from "node:net";
import { parseArgs } from "node:util";
import type { ConfigFlags } from "../config/config.ts";
import { configKeys } from "../config/keys.ts";
import { explain, fromText } from "../config/kinds.ts";
import { didYouMean } from "../config/nearest.ts";
import {
	type CommandName,
	type CommandSpec,
	commandNames,
	commandSpec,
	commands,
	commonFlags,
	commonFlagTable,
	defaultPort,
	demoFlags,
	discoverFlags,
	type FlagSpec,
	type InspectFormat,
	inspectFlags,
	type Printable,
	printables,
	topFlags,
} from "./commands.ts";

/**
 * What the command line asks for. Where there is `flags`, mistakes on the command line stand in `flags.problems`: loadConfig reports
 * them together with those of the other layers, so no such command may run without it.
 */
export type Command =
	| { readonly kind: "run" | "check-config"; readonly flags: ConfigFlags }
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
			readonly kind: "discover";
			/** Names of files in their order, `-` is standard input; none to capture live. */
			readonly files: readonly string[];
			readonly seconds: number;
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

interface ParsedArgs {
	readonly operands: string[];
	/** Flag to its texts, in their order. */
	readonly values: Map<string, string[]>;
	/** Names of flags that do not exist, each with its spelling on the command line, dashes included. */
	readonly unknown: Map<string, string>;
	/** A flag is unknown or lacks its value. */
	isMistyped: boolean;
	readonly problems: string[];
}

/** A flag without a value that the next word may have been meant as. */
interface PendingFlag {
	readonly name: string;
	readonly isKnown: boolean;
}

interface FlagToken {
	readonly name: string;
	readonly value?: string | undefined;
	readonly inlineValue?: boolean | undefined;
	readonly spelling: string;
}

function parse(argv: readonly string[]): ParsedArgs {
	const options = Object.fromEntries(
		[...allFlags.values()].map(({ name, placeholder, short }) => [
			name,
			{ type: placeholder === "" ? "boolean" : "string", ...(short === undefined ? {} : { short }) } as const,
		]),
	);
	const args = withTwoDashes(argv);
	const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true });
	const parsed: ParsedArgs = { operands: [], values: new Map(), unknown: new Map(), isMistyped: false, problems: [] };
	let pendingFlag: PendingFlag | undefined;
	for (const token of tokens) {
		if (token.kind === "option") {
			// Letters after one dash are one argument.
			const written = argv[token.index] ?? "";
			const spelling = /^--?[A-Za-z]/.test(written) ? (written.split("=")[0] ?? "") : token.rawName;
			pendingFlag = addFlag(parsed, { ...token, spelling });
			continue;
		}
		if (token.kind === "positional") addOperand(parsed, token.value, pendingFlag);
		pendingFlag = undefined;
	}
	return parsed;
}

/** Adds one flag; returns it if the next word may have been meant as its value. */
function addFlag(parsed: ParsedArgs, { name, value, inlineValue, spelling }: FlagToken): PendingFlag | undefined {
	const add = (to: string, text: string) => parsed.values.set(to, [...(parsed.values.get(to) ?? []), text]);
	const flag = allFlags.get(name);
	if (flag === undefined) {
		const positive = name.startsWith("no-") ? allFlags.get(name.slice(3)) : undefined;
		if (positive?.placeholder === "" && configNames.has(positive.name)) {
			if (value === undefined) add(positive.name, "false");
			else parsed.problems.push(`--${name}: takes no value; write --${positive.name}=${value}`);
			return undefined;
		}
		parsed.isMistyped = true;
		parsed.unknown.set(name, spelling);
		return value === undefined ? { name, isKnown: false } : undefined;
	}
	if (flag.placeholder === "") {
		add(name, value ?? "true");
		return value === undefined ? { name, isKnown: true } : undefined;
	}
	if (value !== undefined && (inlineValue || !/^--?[A-Za-z]/.test(value))) {
		add(name, value);
		return undefined;
	}
	parsed.isMistyped = true;
	const found = value === undefined ? "nothing" : `${value}; a value that starts with a dash is written after =`;
	parsed.problems.push(`--${name}: expected a value (${flag.placeholder}), found ${found}`);
	return value === undefined ? undefined : { name: value, isKnown: false };
}

function addOperand(parsed: ParsedArgs, word: string, pendingFlag: PendingFlag | undefined): void {
	if (pendingFlag?.isKnown && /^(true|false)$/i.test(word)) {
		const flag = `--${pendingFlag.name}`;
		parsed.problems.push(`${flag} ${word}: a boolean takes its value after =; write ${flag}=${word}`);
	} else if (pendingFlag === undefined || pendingFlag.isKnown || isCommandName(word)) parsed.operands.push(word);
}

/** The value of a flag, or its default; undefined without either, and where it is refused. */
function flagValue(parsed: ParsedArgs, { name, kind, ...flag }: FlagSpec): unknown {
	const texts = parsed.values.get(name) ?? (flag.default === undefined ? undefined : [flag.default]);
	if (texts === undefined) return undefined;
	const value = fromText(kind, texts);
	const { data, error } = kind.schema.safeParse(value);
	for (const issue of error?.issues ?? []) parsed.problems.push(`--${name}: ${explain(kind, issue, value)}`);
	return data;
}

/** The values of a command's own flags, under the names that its table has for them. */
function valuesOf<Flags extends Readonly<Record<string, FlagSpec>>>(parsed: ParsedArgs, flags: Flags) {
	const values = Object.entries(flags).map(([field, flag]) => [field, flagValue(parsed, flag)]);
	return Object.fromEntries(values.filter(([, value]) => value !== undefined)) as {
		[Field in keyof Flags]?: Flags[Field] extends FlagSpec<infer T> ? T : never;
	};
}

/** Reports flags that the command does not take. */
function refuseOtherFlags({ unknown, values, problems }: ParsedArgs, spec: CommandSpec): void {
	const names = [...spec.flags, ...commonFlags].map(({ name }) => name);
	for (const [name, spelling] of unknown) {
		problems.push(`${spelling}: no such flag${didYouMean(name, names, (found) => `--${found}`)}`);
	}
	for (const name of values.keys()) {
		if (names.includes(name)) continue;
		const owners = commands.filter(({ flags }) => flags.some((flag) => flag.name === name));
		const listed = owners.map((owner) => owner.name).join(", ");
		problems.push(`--${name}: not a flag of ${spec.name}, but of ${listed.replace(/, (?=[^,]*$)/, " and ")}`);
	}
}

function helpLine(name: CommandName): string {
	return `for its flags see: dnstt_exporter ${name} --help`;
}

function configFlagsOf({ values, problems, isMistyped }: ParsedArgs, name: CommandName): ConfigFlags {
	return {
		values: new Map([...values].filter(([flag]) => configNames.has(flag))),
		file: values.get("config.file")?.at(-1),
		problems,
		isMistyped,
		help: helpLine(name),
	};
}

function isCommandName(word: string): word is CommandName {
	return (commandNames as readonly string[]).includes(word);
}

const commandsLine = "for the commands see: dnstt_exporter --help";

function noCommand(word: string): string {
	const words = new Map(
		commands.flatMap(({ name, synonyms = [] }) => [name, ...synonyms].map((known) => [known, name])),
	);
	return `${word}: no such command${didYouMean(word, [...words.keys()], (found) => words.get(found) ?? found)}`;
}

/**
 * Reads the arguments after the program's name. The first word that is no flag names the command; without one it is `run`.
 * Throws UsageError where no configuration is loaded that could report the problems.
 */
export function parseCommand(argv: readonly string[]): Command {
	const parsed = parse(argv);
	const { problems } = parsed;
	const [word, ...operands] = parsed.operands;
	if (word !== undefined && !isCommandName(word)) {
		const problem = /^-$|\.p?cap(ng)?$/i.test(word)
			? `${word}: no such command; to read a capture: dnstt_exporter inspect ${word}`
			: noCommand(word);
		throw new UsageError([...problems, problem, commandsLine]);
	}
	const asked = valuesOf(parsed, commonFlagTable);
	if (asked.help) return { kind: "help", ...(word === undefined ? {} : { topic: word }) };
	if (asked.version) return { kind: "version" };
	const spec = commandSpec(word ?? "run");
	refuseOtherFlags(parsed, spec);
	const extra = spec.operands === "" ? operands : spec.operandFiles ? [] : operands.slice(1);
	for (const operand of extra)
		problems.push(`${operand}: ${spec.name} takes no ${spec.operands === "" ? "" : "more "}words`);
	const command = build(spec.name, operands, parsed);
	if (problems.length > 0 && !("flags" in command)) throw new UsageError([...problems, helpLine(spec.name)]);
	return command;
}

function build(name: CommandName, operands: readonly string[], parsed: ParsedArgs): Command {
	switch (name) {
		case "run":
		case "check-config":
			return { kind: name, flags: configFlagsOf(parsed, name) };
		case "demo":
			return { kind: name, flags: configFlagsOf(parsed, name), ...valuesOf(parsed, demoFlags) };
		case "discover":
			return buildDiscover(operands, parsed);
		case "inspect":
			return buildInspect(operands, parsed);
		case "top":
			return buildTop(parsed);
		case "print":
			return buildPrint(operands, parsed);
		case "version":
			return { kind: name };
		case "help": {
			const [topic] = operands;
			if (topic === undefined) return { kind: name };
			if (isCommandName(topic)) return { kind: name, topic };
			throw new UsageError([...parsed.problems, noCommand(topic), commandsLine]);
		}
	}
}

function buildPrint([what]: readonly string[], { problems }: ParsedArgs): Command {
	if (what !== undefined && Object.hasOwn(printables, what)) return { kind: "print", what: what as Printable };
	const known = Object.keys(printables);
	throw new UsageError([
		...problems,
		what === undefined
			? `print: expected one of ${known.join(", ")}`
			: `print ${what}: nothing of that name${didYouMean(what, known)}`,
		"for what there is see: dnstt_exporter print --help",
	]);
}

function buildTop(parsed: ParsedArgs): Command {
	const { url = "", intervalMs = 0, ...access } = valuesOf(parsed, topFlags);
	if ((access.username === undefined) !== (access.passwordFile === undefined)) {
		parsed.problems.push("--username and --password-file: expected both or neither");
	}
	return { kind: "top", url: urlOf(parsed, url), ...access, intervalMs };
}

function urlOf({ problems }: ParsedArgs, text: string): string {
	// "localhost:9713" would parse with a scheme of localhost.
	const written = /^[a-z]+:\/\//i.test(text) ? text : `http://${isIPv6(text) ? `[${text}]` : text}`;
	const url = URL.parse(written);
	if (url === null || !/^https?:$/.test(url.protocol)) {
		problems.push(`--url: expected ${topFlags.url.kind.expected}, found ${JSON.stringify(text)}`);
		return text;
	}
	if (url.username !== "" || url.password !== "") {
		problems.push(
			"--url: expected no password in it, as other users of this host can see it; use --username and --password-file",
		);
	}
	// The text is looked at, as a URL drops the port that is its scheme's own: http://vps1:80 has a port.
	if (url.protocol === "http:" && !/^[a-z]+:\/\/[^/?#]*:\d+(?:[/?#]|$)/i.test(written)) url.port = `${defaultPort}`;
	return url.origin + url.pathname.replace(/\/+$/, "");
}

function buildDiscover(files: readonly string[], parsed: ParsedArgs): Command {
	const { seconds = 0 } = valuesOf(parsed, discoverFlags);
	refuseStdinTwice("discover", files, parsed);
	if (files.length > 0 && parsed.values.has("seconds"))
		parsed.problems.push("--seconds: is for live traffic; files are read to their end");
	return { kind: "discover", files, seconds };
}

function refuseStdinTwice(command: CommandName, files: readonly string[], { problems }: ParsedArgs): void {
	if (files.filter((file) => file === "-").length > 1)
		problems.push(`${command}: standard input (-) can be read only once`);
}

function buildInspect(files: readonly string[], parsed: ParsedArgs): Command {
	const { problems } = parsed;
	const { format = "text", top = 10, follow = false, ...times } = valuesOf(parsed, inspectFlags);
	if (files.length === 0) problems.push("inspect: expected at least one capture file, or - for standard input");
	refuseStdinTwice("inspect", files, parsed);
	if (follow && files.length > 1) problems.push("--follow: expected one file, as only the last of a stream can grow");
	if (follow && files.length === 1 && files[0] === "-")
		problems.push("--follow: standard input (-) is read until it ends as it is; leave the flag out");
	if (times.fromMs !== undefined && times.toMs !== undefined && times.fromMs >= times.toMs)
		problems.push("--to: expected a time after that of --from");
	const flags = configFlagsOf(parsed, "inspect");
	return { kind: "inspect", flags, files, format, top, ...times, follow };
}
