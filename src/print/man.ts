/** The manual page, made from the tables of commands, keys and metrics. */

import { commands, commonFlags, type FlagSpec, printables } from "../cli/commands.ts";
import { configRules } from "../cli/config-rules.ts";
import { configSections } from "../config/keys.ts";
import { catalog, labelNames } from "../metrics/catalog.ts";
import { keyRules, metricRules } from "./reference-rules.ts";
import { installedConfig, installedExecutable } from "./unit.ts";

const program = "dnstt_exporter";

/** Text that troff prints as it is (groff_char(7)): backslashes, dashes that are minus signs, a first dot or quote. */
function roff(text: string): string {
	const escaped = text.replaceAll("\\", "\\e").replaceAll("-", "\\-");
	return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

const bold = (text: string) => `\\fB${roff(text)}\\fR`;
const italic = (text: string) => `\\fI${roff(text)}\\fR`;

/** A list of rules, in which names between backticks are bold. */
function rulesPart(rules: readonly string[]): string {
	const marked = (rule: string) =>
		rule
			.split("`")
			.map((part, index) => (index % 2 === 1 ? bold(part) : roff(part)))
			.join("");
	return rules.map((rule) => `.IP \\(bu 2\n${marked(rule)}`).join("\n");
}

/** A term and the lines under it. */
function item(term: string, ...lines: readonly string[]): string {
	return [".TP", term, ...lines].join("\n");
}

function flagItem(flag: FlagSpec): string {
	const names = [...(flag.short === undefined ? [] : [bold(`-${flag.short}`)]), bold(`--${flag.name}`)].join(", ");
	const value = flag.placeholder === "" ? "" : ` ${italic(flag.placeholder)}`;
	const lines = [`${roff(flag.description)}.`];
	if (flag.repeatable) lines.push("May be given several times, or with commas.");
	if (flag.default !== undefined) lines.push(`Default: ${bold(flag.default)}.`);
	if (flag.variable !== undefined) lines.push(`Environment: ${bold(flag.variable)}.`);
	return item(`${names}${value}`, ...lines);
}

/** The flags of a command that are not the configuration's; those stand once, in a section of their own. */
function commandPart(name: string): string {
	const spec = commands.find((candidate) => candidate.name === name);
	if (spec === undefined) return "";
	const own = spec.flags.filter(({ section, name: flag }) => section === undefined && flag !== "config.file");
	const usage = [bold(name), ...(spec.operands === "" ? [] : [italic(spec.operands)])].join(" ");
	const taken = [...new Set(spec.flags.flatMap(({ section }) => section ?? []))];
	const lines = [`.SS ${usage}`, `${roff(spec.summary)}.`];
	if (taken.length === configSections.length) lines.push("Takes all flags of the configuration.");
	else if (taken.length > 0) lines.push(`Takes the flags of the configuration's sections ${roff(taken.join(", "))}.`);
	lines.push(...own.map(flagItem));
	if (name === "print")
		lines.push(...Object.entries(printables).map(([what, about]) => item(bold(what), `${roff(about)}.`)));
	return lines.join("\n");
}

function configurationPart(): string {
	const run = commands.find(({ name }) => name === "run");
	const flags = run?.flags ?? [];
	const sections = configSections.map(({ name, description }) =>
		[`.SS ${roff(description)}`, ...flags.filter(({ section }) => section === name).map(flagItem)].join("\n"),
	);
	return [...flags.filter(({ name }) => name === "config.file").map(flagItem), ...sections].join("\n");
}

function metricsPart(): string {
	const items = Object.values(catalog).map((metric) => {
		const labels = labelNames(metric);
		const shown = labels.length === 0 ? "" : ` {${labels.join(", ")}}`;
		return item(`${bold(metric.name)}${roff(shown)}`, `${roff(`${metric.type}. ${metric.help}`)}`);
	});
	return [rulesPart(metricRules), ...items].join("\n");
}

function examplesPart(): string {
	return commands
		.flatMap(({ examples }) => examples)
		.map(([line, what]) =>
			[".PP", `${roff(what)}:`, ".PP", ".RS 4", ".nf", roff(`${program} ${line}`), ".fi", ".RE"].join("\n"),
		)
		.join("\n");
}

/** The manual page in man(7) macros for section 1; `version` stands in its foot. Ends with a line feed. */
export function manPage(version: string): string {
	return `.\\" as printed by: ${program} print man
.TH DNSTT_EXPORTER 1 "" "${program} ${version}" "User Commands"
.\\" Readers copy the names of flags and variables: nothing is hyphenated or stretched.
.nh
.ad l
.SH NAME
${program} \\- Prometheus exporter for dnstt servers
.SH SYNOPSIS
${bold(program)} [${italic("COMMAND")}] [${italic("FLAGS")}]
.SH DESCRIPTION
Watches the DNS traffic of a host that runs dnstt\\-server and exports the tunnel's clients, queries, bytes and health as metrics.
It takes no part in the tunnel, sends no packet and decrypts nothing.
Without a command it does ${bold("run")}.
.SH COMMANDS
${commands.map(({ name }) => commandPart(name)).join("\n")}
.SS Flags of every command
${commonFlags.map(flagItem).join("\n")}
.SH CONFIGURATION
${rulesPart([...configRules, ...keyRules])}
${configurationPart()}
.SH METRICS
${metricsPart()}
.SH SIGNALS
${item(bold("SIGHUP"), "Reads the configuration again. One that is wrong is logged, and the old one stays in use.")}
${item(`${bold("SIGTERM")}, ${bold("SIGINT")}`, "Ends the program.")}
.SH EXIT STATUS
${item(bold("0"), "Done.")}
${item(bold("1"), "Failed while running.")}
${item(bold("2"), "Wrong usage or configuration.")}
.SH FILES
${item(italic(installedExecutable), "Where the printed unit expects the executable.")}
${item(italic(installedConfig), "Where the printed unit expects the configuration, which the Debian package installs without a domain: set one in it, then start the service.")}
.SH EXAMPLES
${examplesPart()}
.SH SEE ALSO
.BR prometheus (1),
.BR pcap\\-filter (7),
.BR systemd.service (5)
`;
}
