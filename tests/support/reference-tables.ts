/** Tables of keys and metrics in Markdown, held against the program's own. */

import { type ConfigKey, configKeys, configSections } from "../../src/config/keys.ts";
import { catalog } from "../../src/metrics/catalog.ts";

/** The cells of every table's rows; a bar in a cell is written \|. */
export function rowsOf(text: string): string[][] {
	return text
		.split("\n")
		.filter((line) => /^\s*\|.*\|\s*$/.test(line))
		.map((line) =>
			line
				.trim()
				.slice(1, -1)
				.split(/(?<!\\)\|/)
				.map((cell) => cell.replaceAll("\\|", "|").trim()),
		);
}

/** The text of a cell that is code and nothing else. */
function codeOf(cell: string | undefined): string | undefined {
	return /^`([^`]+)`$/.exec(cell ?? "")?.[1];
}

/** The forms in which a table may write a default, without backticks. */
function defaultForms(value: ConfigKey["default"]): string[] {
	if (value === null || (Array.isArray(value) && value.length === 0))
		return ["", "-", "–", "—", "none", "null", "unset", "[]", "required", "(required)"];
	const json = JSON.stringify(value);
	const grouped = typeof value === "number" ? [value.toLocaleString("en-US")] : [];
	return [json, String(value), ...grouped];
}

const metrics = Object.values(catalog);

/** The row whose first cell is a name in code. */
export function rowOf(text: string, name: string): string[] | undefined {
	return rowsOf(text).find(([first]) => codeOf(first) === name);
}

/** Keys without a row. */
export function missingKeys(text: string): string[] {
	return configKeys.map(({ name }) => name).filter((name) => rowOf(text, name) === undefined);
}

/** What is wrong with the rows of keys that are there; the second cell is the default. */
export function keyFaults(text: string): string[] {
	const sections = configSections.map(({ name }) => name);
	return rowsOf(text).flatMap(([first, second = ""]) => {
		const name = codeOf(first) ?? "";
		if (!/^[a-z]+\.[a-z.-]+$/.test(name) || !sections.includes(name.split(".")[0] ?? "")) return [];
		const key = configKeys.find((candidate) => candidate.name === name);
		if (key === undefined) return [`${name} is no key`];
		const shown = second.replaceAll("`", "");
		return defaultForms(key.default).includes(shown) ? [] : [`${name} has the default ${shown}`];
	});
}

/** Metrics without a row. */
export function missingMetrics(text: string): string[] {
	return metrics.map(({ name }) => name).filter((name) => rowOf(text, name) === undefined);
}

/** What is wrong with the rows of metrics that are there; one of the cells is the type. */
export function metricFaults(text: string): string[] {
	return rowsOf(text).flatMap((row) => {
		const name = codeOf(row[0]) ?? "";
		const metric = metrics.find((candidate) => candidate.name === name);
		const types = row
			.map((cell) => cell.replaceAll("`", ""))
			.filter((cell) => /^(counter|gauge|histogram)$/.test(cell));
		if (metric === undefined) return name.startsWith("dnstt_") && types.length > 0 ? [`${name} is no metric`] : [];
		return types.includes(metric.type) ? [] : [`${name} is a ${metric.type}`];
	});
}
