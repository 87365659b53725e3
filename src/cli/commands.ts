/** The commands and their flags as a table: parsing, help, completions and the man page all read it. */

import { type ConfigKey, configFileVariable, configKeys } from "../config/keys.ts";

export const commandNames = ["run", "inspect", "top", "demo", "check-config", "print", "version", "help"] as const;
export type CommandName = (typeof commandNames)[number];

/** What `print` can print, with what it is. */
export const printables = {
	"config-schema": "JSON Schema of the configuration file, for editors and validators",
	"systemd-unit": "Hardened unit for systemd",
	"prometheus-rules": "Recording rules and alerts for Prometheus",
	"grafana-dashboard": "Dashboard for Grafana, to import as JSON",
	"nixos-module": "Module for NixOS",
	"completion-bash": "Completion for bash",
	"completion-zsh": "Completion for zsh",
	"completion-fish": "Completion for fish",
	man: "Manual page (troff)",
} as const;
export type Printable = keyof typeof printables;

export interface FlagSpec {
	/** Without dashes. */
	readonly name: string;
	/** One letter that stands for it, without dash. */
	readonly short?: string;
	/** What stands for the value; empty for a boolean. */
	readonly placeholder: string;
	readonly description: string;
	/** As one would write it; undefined where there is none. */
	readonly default?: string;
	readonly choices?: readonly string[];
	readonly repeatable: boolean;
	/** The value is a file's name. */
	readonly file: boolean;
	/** Environment variable that does the same. */
	readonly variable?: string;
	/** Heading in help text: a section of the configuration, or undefined for the command's own. */
	readonly section?: string;
}

export interface CommandSpec {
	readonly name: CommandName;
	readonly summary: string;
	/** Words that other programs have for it. */
	readonly synonyms?: readonly string[];
	/** Operands in the usage line. */
	readonly operands: string;
	/** Words that an operand may be; empty if any. */
	readonly operandChoices: readonly string[];
	/** Operands are names of files. */
	readonly operandFiles: boolean;
	/** The command's own flags first, then those of the configuration. */
	readonly flags: readonly FlagSpec[];
	/** Command lines without the program's name, each with what it does. */
	readonly examples: readonly (readonly [line: string, what: string])[];
}

/** How a key's default is written in help text. */
function defaultText(key: ConfigKey): string | undefined {
	if (key.default === null || (Array.isArray(key.default) && key.default.length === 0)) return undefined;
	return String(key.default);
}

function configFlag(key: ConfigKey): FlagSpec {
	const text = defaultText(key);
	return {
		name: key.name,
		placeholder: key.placeholder,
		description: key.description,
		...(text === undefined ? {} : { default: text }),
		...(key.choices === undefined ? {} : { choices: key.choices }),
		repeatable: key.repeatable,
		file: key.placeholder === "FILE",
		variable: key.variable,
		section: key.section,
	};
}

const configFileFlag: FlagSpec = {
	name: "config.file",
	placeholder: "FILE",
	description: "Read the configuration from this JSON file; flags and environment variables go before it",
	repeatable: false,
	file: true,
	variable: configFileVariable,
};

const keyFlags = configKeys.map(configFlag);

/** `--config.file` and the flags of all keys, or of the sections and keys named. */
function configFlags(...named: readonly string[]): FlagSpec[] {
	if (named.length === 0) return [configFileFlag, ...keyFlags];
	return [
		configFileFlag,
		...keyFlags.filter(({ section = "", name }) => named.includes(section) || named.includes(name)),
	];
}

const own = (name: string, placeholder: string, description: string, more: Partial<FlagSpec> = {}): FlagSpec => ({
	name,
	placeholder,
	description,
	repeatable: false,
	file: placeholder === "FILE",
	...more,
});

/** Flags that every command takes. */
export const commonFlags: readonly FlagSpec[] = [
	own("help", "", "Show help and exit", { short: "h" }),
	own("version", "", "Show the version and exit"),
];

export const inspectFormats = ["text", "json", "prometheus"] as const;
export type InspectFormat = (typeof inspectFormats)[number];

export const topUrlDefault = "http://127.0.0.1:9713";

const noOperands = { operands: "", operandChoices: [], operandFiles: false } as const;

export const commands: readonly CommandSpec[] = [
	{
		name: "run",
		summary: "Capture live and serve metrics (what happens without a command)",
		synonyms: ["start", "serve"],
		...noOperands,
		flags: configFlags(),
		examples: [
			["--dnstt.domain t.example.com", "watch one tunnel, serve on 127.0.0.1:9713"],
			["--config.file /etc/dnstt_exporter/config.json", "take everything from a file"],
			["-dnstt.domain=t.example.com -web.listen-address=:9713", "flags in Go's form"],
		],
	},
	{
		name: "inspect",
		summary: "Read capture files, print a report and exit",
		operands: "FILE... | -",
		operandChoices: [],
		operandFiles: true,
		flags: [
			own("format", inspectFormats.join("|"), "Form of the report", { choices: inspectFormats, default: "text" }),
			own("top", "N", "Rows shown of each table", { default: "10" }),
			own("from", "TIME", "Leave out packets before this time, such as 2026-05-27T09:00:00Z"),
			own("to", "TIME", "Leave out packets at or after this time"),
			own("follow", "", "Go on reading as the file grows, until interrupted"),
			...configFlags("dnstt", "session", "labels", "geoip", "log"),
		],
		examples: [
			["inspect --dnstt.domain t.example.com day.pcap", "report on a capture"],
			[
				"inspect --dnstt.domain t.example.com --format json a.pcap b.pcapng",
				"several files as one stream, the earliest first",
			],
			["inspect --dnstt.domain t.example.com -", "read from standard input, as from ssh HOST tcpdump -w -"],
		],
	},
	{
		name: "top",
		summary: "Watch a running exporter in a terminal; to a pipe or file, print one look and end",
		synonyms: ["watch", "status"],
		...noOperands,
		flags: [
			own("url", "URL", "Address of the exporter", { default: topUrlDefault }),
			own("username", "USER", "User for basic auth"),
			own("password-file", "FILE", "File that holds the password for basic auth"),
			own("ca-file", "FILE", "Trust this certificate (PEM) for https"),
			own("interval", "DURATION", "Time between two looks, from 500ms to 1m", { default: "2s" }),
		],
		examples: [
			["top", "the exporter of this host"],
			["top > now.txt", "one look, as standard output is no terminal"],
			["top --url https://vps.example.com:9713 --username ops --password-file pw", "another, with TLS and basic auth"],
		],
	},
	{
		name: "demo",
		summary: "The whole exporter, live on loopback, fed with recorded dnstt traffic",
		...noOperands,
		flags: [
			own("seconds", "N", "Stop after this long, from 1 to 86400; otherwise on Ctrl-C"),
			// What it watches is its own.
			...configFlags("capture.buffer-size", "session", "labels", "geoip", "web", "process", "log"),
		],
		examples: [
			["demo", "try it without a server, then open http://127.0.0.1:9713"],
			["demo --web.listen-address 127.0.0.1:0 --seconds 10", "ten seconds on a free port"],
		],
	},
	{
		name: "check-config",
		summary: "Check the configuration and the files that it names, and print what is in force",
		synonyms: ["validate"],
		...noOperands,
		flags: configFlags(),
		examples: [["check-config --config.file /etc/dnstt_exporter/config.json", "before a reload"]],
	},
	{
		name: "print",
		summary: "Print something that belongs to an installation",
		operands: "WHAT",
		operandChoices: Object.keys(printables),
		operandFiles: false,
		flags: [],
		examples: [
			["print systemd-unit > /etc/systemd/system/dnstt_exporter.service", "install the unit"],
			[
				"print completion-bash > /etc/bash_completion.d/dnstt_exporter",
				"complete commands and flags, after mkdir -p /etc/bash_completion.d",
			],
		],
	},
	{ name: "version", summary: "Show the version", ...noOperands, flags: [], examples: [] },
	{
		name: "help",
		summary: "Show help on everything or on one command",
		operands: "[COMMAND]",
		operandChoices: commandNames,
		operandFiles: false,
		flags: [],
		examples: [["help inspect", "the same as inspect --help"]],
	},
];

/** The table's row of a command. */
export function commandSpec(name: CommandName): CommandSpec {
	const spec = commands.find((candidate) => candidate.name === name);
	if (spec === undefined) throw new Error(`no command ${name} in the table`);
	return spec;
}
