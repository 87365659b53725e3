/** The reference has every command, flag, key and metric, as the tables of the program have them. */

import { describe, expect, test } from "bun:test";
import { commands, commonFlags, printables } from "../../src/cli/commands.ts";
import { configKeys } from "../../src/config/keys.ts";
import { catalog } from "../../src/metrics/catalog.ts";
import { alerts } from "../../src/print/alerts.ts";
import { reference } from "../../src/print/reference.ts";
import { keyFaults, metricFaults, missingKeys, missingMetrics, rowOf, rowsOf } from "../support/reference-tables.ts";

const text = reference();

/** The part under a heading, up to the next of the same level. */
function under(heading: string): string {
	const level = /^#+/.exec(heading)?.[0] ?? "";
	const [, part = ""] = text.split(`\n${heading}\n`);
	return part.split(new RegExp(`^#{1,${level.length}} `, "m"))[0] ?? "";
}

/** The first cell of the row of a flag, whatever its short name and placeholder. */
const hasFlag = (part: string, name: string) =>
	rowsOf(part).some(([first = ""]) => new RegExp(`--${RegExp.escape(name)}(?![\\w.-])`).test(first));

describe("the reference", () => {
	test("has a row for every key with its default, meaning and values, and for no other", () => {
		expect(missingKeys(text)).toEqual([]);
		expect(keyFaults(text)).toEqual([]);
		for (const { name, description, expected } of configKeys) {
			const meaning = rowOf(text, name)?.at(-1) ?? "";
			expect(meaning).toContain(description);
			expect(meaning).toContain(expected);
		}
	});

	test("has a row for every alert, without what only Prometheus can fill in", () => {
		const rows = rowsOf(under("## Alerts")).slice(2);
		expect(rows.map(([name, severity]) => [name, severity])).toEqual(
			alerts.map(({ alert, labels }) => [`\`${alert}\``, labels.severity]),
		);
		expect(under("## Alerts")).not.toContain("{{");
	});

	test("has a row for every metric with its type and meaning, and for no other", () => {
		expect(missingMetrics(text)).toEqual([]);
		expect(metricFaults(text)).toEqual([]);
		for (const { name, help } of Object.values(catalog)) expect(rowOf(text, name)?.at(-1)).toBe(help);
	});

	test.each([
		["dnstt_queries_total", "`domain`, `country`, `asn`"],
		["dnstt_polls_total", "`domain`, `country`"],
		["dnstt_responses_total", "`domain`, `rcode`"],
		["dnstt_exporter_duplicate_packets_total", ""],
	])("has the labels of %s by their names", (name, labels) => {
		expect(rowOf(text, name)?.[2]).toBe(labels);
	});

	test("has a part for every command with each of its own flags and their meaning", () => {
		for (const { name, summary, flags } of commands) {
			const part = under(`### ${name}`);
			expect([name, part]).toEqual([name, expect.stringContaining(summary)]);
			for (const flag of flags.filter(({ section }) => section === undefined)) {
				expect([name, flag.name, hasFlag(part, flag.name)]).toEqual([name, flag.name, true]);
				expect(part).toContain(flag.description);
			}
		}
		for (const { name } of commonFlags) expect(hasFlag(under("### Flags of every command"), name)).toBe(true);
		for (const what of Object.keys(printables)) expect(rowOf(under("### print"), what)).toBeDefined();
	});

	test("says which flags of the configuration a command takes", () => {
		expect(under("### run")).toContain("Takes all flags of the configuration.");
		expect(under("### demo")).toContain("`capture.buffer-size`, `session.*`");
		expect(under("### top")).not.toContain("of the configuration");
	});

	test("names in its rules only keys and metrics that exist, and all keys that a reload applies", () => {
		const rules = text.split("\n").filter((line) => line.startsWith("- "));
		const named = rules
			.flatMap((rule) => [...rule.matchAll(/`((?:[a-z]+\.[a-z.-]+)|dnstt_[a-z_]+)`/g)])
			.map(([, name]) => name);
		const known: string[] = [...configKeys, ...Object.values(catalog)].map(({ name }) => name);
		expect(named.filter((name) => !known.includes(name ?? ""))).toEqual([]);
		const [reload = ""] = rules.filter((rule) => rule.includes("SIGHUP"));
		for (const { name, reload: isApplied } of configKeys)
			expect([name, reload.includes(`\`${name}\``)]).toEqual([name, isApplied === true]);
	});
});

describe("what the reference is held against", () => {
	test.each([
		["a key without a row", () => missingKeys("| `log.level` | `info` |"), "capture.interface"],
		["a metric without a row", () => missingMetrics(""), "dnstt_queries_total"],
	])("%s is found", (_, problems, expected) => {
		expect(problems()).toContain(expected);
	});
});
