/** The reference in Markdown: commands, flags, keys, metrics and alerts from the tables that help, manual page, exposition and rules are made from. */

import { type CommandSpec, commands, commonFlags, type FlagSpec, printables } from "../cli/commands.ts";
import { configRules } from "../cli/config-rules.ts";
import { type ConfigKey, configKeys, configSections } from "../config/keys.ts";
import { catalog, labelNames } from "../metrics/catalog.ts";
import { type AlertingRule, alerts } from "./alerts.ts";
import { keyRules, metricRules } from "./reference-rules.ts";

const program = "dnstt_exporter";

const code = (text: string) => `\`${text}\``;
const sentence = (text: string) => (text.endsWith(".") ? text : `${text}.`);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
	return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

const list = (rules: readonly string[]) => rules.map((rule) => `- ${rule}`).join("\n");

function flagRow({ short, name, placeholder, repeatable, default: value, description }: FlagSpec): string[] {
	const written = `--${name}${placeholder === "" ? "" : ` ${placeholder}`}${repeatable ? "..." : ""}`;
	const names = short === undefined ? code(written) : `${code(`-${short}`)}, ${code(written)}`;
	return [names, value === undefined ? "" : code(value), sentence(description)];
}

const flagTable = (flags: readonly FlagSpec[]) => table(["flag", "default", "meaning"], flags.map(flagRow));

/** Which flags of the configuration a command takes besides its own; they are in the table of keys. */
function configFlagsLine({ flags }: CommandSpec): string[] {
	const taken = flags.filter(({ section }) => section !== undefined).map(({ name }) => name);
	if (taken.length === 0) return [];
	if (taken.length === configKeys.length) return ["Takes all flags of the configuration."];
	const parts = configSections.flatMap(({ name }) => {
		const ofSection = configKeys.filter(({ section }) => section === name).map((key) => key.name);
		const found = ofSection.filter((key) => taken.includes(key));
		return found.length === ofSection.length ? [code(`${name}.*`)] : found.map(code);
	});
	return [`Takes these flags of the configuration: ${parts.join(", ")}.`];
}

function commandPart(spec: CommandSpec): string {
	const own = spec.flags.filter(({ section }) => section === undefined);
	const parts = [
		`### ${spec.name}`,
		sentence(spec.summary),
		code([program, spec.name, spec.operands].join(" ").trim()),
	];
	parts.push(...configFlagsLine(spec));
	if (own.length > 0) parts.push(flagTable(own));
	if (spec.name === "print")
		parts.push(
			table(
				["WHAT", "meaning"],
				Object.entries(printables).map(([what, about]) => [code(what), sentence(about)]),
			),
		);
	return parts.join("\n\n");
}

function keyRow({ name, default: value, expected, description }: ConfigKey): string[] {
	const isUnset = value === null || (Array.isArray(value) && value.length === 0);
	return [code(name), isUnset ? "" : code(String(value)), `${sentence(description)} Value: ${expected}.`];
}

/** What is filled in when an alert fires is written in capitals: DOMAIN for its label, VALUE for the number. */
function alertRow({ alert, labels, for: duration, annotations }: AlertingRule): string[] {
	const text = annotations.description
		.replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => label.toUpperCase())
		.replaceAll(/\{\{ \$value[^}]*\}\}/g, "VALUE");
	return [code(alert), labels.severity, duration, text];
}

/** The reference as `print reference` prints it; ends with a line feed. */
export function reference(): string {
	const metrics = Object.values(catalog);
	const parts = [
		`# ${program}: reference`,
		`As printed by: ${code(`${program} print reference`)}`,
		"## Commands",
		`${code(`${program} [COMMAND] [FLAGS]`)}; without a command it is ${code("run")}.`,
		"Exit codes: 0 done; 1 failed while running; 2 wrong usage or configuration. Reports go to standard output, logs to standard error.",
		...commands.map(commandPart),
		"### Flags of every command",
		flagTable(commonFlags),
		"## Configuration",
		list([...configRules, ...keyRules]),
		table(["key", "default", "meaning"], configKeys.map(keyRow)),
		"## Metrics",
		list(metricRules),
		table(
			["metric", "type", "labels", "meaning"],
			metrics.map((metric) => [code(metric.name), metric.type, labelNames(metric).map(code).join(", "), metric.help]),
		),
		"## Alerts",
		`Those of ${code(`${program} print prometheus-rules`)}. *Usual* is the median of the same hour 1, 2 and 7 days ago.`,
		table(["alert", "severity", "for", "meaning"], alerts.map(alertRow)),
	];
	return `${parts.join("\n\n")}\n`;
}
