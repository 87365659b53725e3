/** The table of commands and their flags, which parsing, help, completions and the man page read. */

import * as z from "zod";
import { configFileVariable, configKeys } from "../config/keys.ts";
import { boolean, choice, duration, file, integer, type Kind, text, time } from "../config/kinds.ts";

export const commandNames = [
	"run",
	"discover",
	"inspect",
	"top",
	"demo",
	"check-config",
	"print",
	"version",
	"help",
] as const;
export type CommandName = (typeof commandNames)[number];

/** The operands of `print`, each with its description. */
export const printables = {
	"config-schema": "JSON Schema of the configuration file, for editors",
	"systemd-unit": "Hardened unit for systemd",
	"prometheus-rules": "Recording rules and alerts for Prometheus",
	"grafana-dashboard": "Dashboard for Grafana, to import as JSON",
	"nixos-module": "Module for NixOS",
	"completion-bash": "Completion for bash",
	"completion-zsh": "Completion for zsh",
	"completion-fish": "Completion for fish",
	man: "Manual page (troff)",
	reference: "All commands, flags, keys and metrics (Markdown)",
} as const;
export type Printable = keyof typeof printables;

export interface FlagSpec<T = unknown> {
	/** Without dashes. */
	readonly name: string;
	/** One letter that stands for it, without dash. */
	readonly short?: string | undefined;
	readonly kind: Kind<T>;
	/** Placeholder of the value in help text; empty for a boolean. */
	readonly placeholder: string;
	readonly description: string;
	/** As text on the command line; undefined if there is none. */
	readonly default?: string | undefined;
	readonly choices?: readonly string[] | undefined;
	readonly repeatable: boolean;
	/** The value is a file's name. */
	readonly file: boolean;
	/** Environment variable for the same setting. */
	readonly variable?: string;
	/** Heading in help text: a section of the configuration, or undefined for the command's own. */
	readonly section?: string;
}

export interface CommandSpec {
	readonly name: CommandName;
	readonly summary: string;
	/** Names that other programs use for it. */
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

function flag<T>(
	name: string,
	kind: Kind<T>,
	description: string,
	more: Partial<Pick<FlagSpec, "short" | "default" | "variable" | "section">> = {},
): FlagSpec<T> {
	const { placeholder, choices, form } = kind;
	const repeatable = form === "texts" || form === "integers" || form === "accounts";
	return { name, kind, placeholder, description, choices, repeatable, file: placeholder === "FILE", ...more };
}

/** How a key's default is written in help text. */
function defaultText(value: unknown): string | undefined {
	return value === null || (Array.isArray(value) && value.length === 0) ? undefined : String(value);
}

const configFileFlag = flag(
	"config.file",
	file,
	"Read the configuration from this JSON file; flags and environment variables take precedence",
	{ variable: configFileVariable },
);

const keyFlags = configKeys.map(({ name, kind, description, variable, section, ...key }) =>
	flag(name, kind, description, { variable, section, default: defaultText(key.default) }),
);

/** `--config.file` and the flags of all keys, or of the sections and keys named. */
function configFlags(...named: readonly string[]): FlagSpec[] {
	const isTaken = ({ section = "", name }: FlagSpec) =>
		named.length === 0 || named.includes(section) || named.includes(name);
	return [configFileFlag, ...keyFlags.filter(isTaken)];
}

export const commonFlagTable = {
	help: flag("help", boolean, "Show help and exit", { short: "h" }),
	version: flag("version", boolean, "Show the version and exit", { short: "V" }),
};

/** Flags that every command takes. */
export const commonFlags: readonly FlagSpec[] = Object.values(commonFlagTable);

const inspectFormats = ["text", "json", "prometheus"] as const;
export type InspectFormat = (typeof inspectFormats)[number];

export const inspectFlags = {
	format: flag("format", choice(inspectFormats), "Form of the report", { default: "text" }),
	top: flag("top", integer(1, 10_000), "Rows shown of each table", { default: "10" }),
	fromMs: flag("from", time, "Leave out packets before this time, such as 2026-05-27T09:00:00Z"),
	toMs: flag("to", time, "Leave out packets at or after this time"),
	follow: flag("follow", boolean, "Go on reading as the file grows, until interrupted"),
};

/** The port of web.listen-address unless that is set. */
export const defaultPort = 9713;

export const topFlags = {
	url: flag(
		"url",
		text("an address such as http://127.0.0.1:9713 or vps1", "URL", z.string()),
		`Address of the exporter; without a scheme it is http, and http without a port is port ${defaultPort}`,
		{ default: `http://127.0.0.1:${defaultPort}` },
	),
	username: flag("username", text("a user's name", "USER", z.string()), "User for basic auth"),
	passwordFile: flag("password-file", file, "File that holds the password for basic auth"),
	caFile: flag("ca-file", file, "Trust this certificate (PEM) for https"),
	intervalMs: flag("interval", duration(500, 60_000, "2s"), "Time between two updates, from 500ms to 1m", {
		default: "2s",
	}),
};

export const demoFlags = {
	seconds: flag("seconds", integer(1, 86_400), "Stop after this long, from 1 to 86400; otherwise on Ctrl-C"),
};

export const discoverFlags = {
	seconds: flag("seconds", integer(1, 3_600), "Capture for this long, from 1 to 3600; Ctrl-C ends it earlier", {
		default: "15",
	}),
};

const noOperands = { operands: "", operandChoices: [], operandFiles: false } as const;

export const commands: readonly CommandSpec[] = [
	{
		name: "run",
		summary: "Capture live and serve metrics (the default command)",
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
		name: "discover",
		summary: "Find tunnels, live or in captures, and print the configuration",
		synonyms: ["find", "detect", "scan"],
		operands: "[FILE... | -]",
		operandChoices: [],
		operandFiles: true,
		flags: Object.values(discoverFlags),
		examples: [
			["discover", "which tunnels this host serves: domain, port and format"],
			["discover > config.json", "write the configuration for them"],
			["discover --seconds 120", "look longer, where clients are few"],
			["discover day.pcap", "the same from a capture"],
		],
	},
	{
		name: "inspect",
		summary: "Read capture files, print a report and exit",
		operands: "FILE... | -",
		operandChoices: [],
		operandFiles: true,
		flags: [...Object.values(inspectFlags), ...configFlags("dnstt", "vaydns", "session", "labels", "geoip", "log")],
		examples: [
			["inspect --dnstt.domain t.example.com day.pcap", "report on a capture"],
			["inspect --dnstt.domain t.example.com --format json *.pcap", "several files as one stream, the earliest first"],
			["inspect --dnstt.domain t.example.com -", "read from standard input, as from ssh HOST tcpdump -w -"],
		],
	},
	{
		name: "top",
		summary: "Watch a running exporter in a terminal, or print its status once",
		synonyms: ["watch", "status"],
		...noOperands,
		flags: Object.values(topFlags),
		examples: [
			["top", "the exporter of this host"],
			["top > now.txt", "its status once, as standard output is not a terminal"],
			["top --url https://vps1:9713 --username ops --password-file pw", "another, with TLS and basic auth"],
		],
	},
	{
		name: "demo",
		summary: "Run the whole exporter on loopback with recorded dnstt traffic",
		...noOperands,
		flags: [
			...Object.values(demoFlags),
			// Domain, port and interface are the demo's own.
			...configFlags("capture.buffer-size", "session", "labels", "geoip", "web", "process", "log"),
		],
		examples: [
			["demo", "try it without a server, then open http://127.0.0.1:9713"],
			["demo --web.listen-address 127.0.0.1:0 --seconds 10", "ten seconds on a free port"],
		],
	},
	{
		name: "check-config",
		summary: "Check the configuration and its files, and print all settings",
		synonyms: ["validate"],
		...noOperands,
		flags: configFlags(),
		examples: [["check-config --config.file /etc/dnstt_exporter/config.json", "before a reload"]],
	},
	{
		name: "print",
		summary: "Print a file for the installation, such as a systemd unit",
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
