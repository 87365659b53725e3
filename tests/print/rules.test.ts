import { describe, expect, test } from "bun:test";
import { catalog, type MetricKey } from "../../src/metrics/catalog.ts";
import { Collectors } from "../../src/metrics/collect.ts";
import { alerts } from "../../src/print/alerts.ts";
import { recordingRules } from "../../src/print/recording-rules.ts";
import { prometheusRules, ruleGroups } from "../../src/print/rules.ts";
import { observedDomains, Traffic } from "../metrics/traffic.ts";
import { type Ended, runCommand } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { unknownNames } from "./names.ts";

const missing = Bun.which("promtool") === null;
const rules = ruleGroups.flatMap((group) => group.rules);

test("the rules use only names of the catalog, and those that they record themselves", () => {
	const recorded = recordingRules.map(({ record }) => record);
	expect(rules.flatMap(({ expr }) => unknownNames(expr, recorded))).toEqual([]);
	expect(unknownNames("rate(dnstt_queries_total[5m]) + dnstt_query_total")).toEqual(["dnstt_query_total"]);
});

test("each alert has a summary, a description and a runbook, and names the domain or the host", () => {
	for (const { alert, annotations } of alerts) {
		expect(annotations.description.length).toBeGreaterThan(annotations.summary.length);
		expect(annotations.runbook_url).toBe("README.md#conditions-and-what-to-do");
		// There is no host to name where no exporter can be scraped.
		if (alert === "DnsttNoExporter") continue;
		expect(annotations.summary).toMatch(/\{\{ \$labels\.(domain|instance) \}\}/);
	}
});

test("only what takes the tunnel or all sight of it away is critical", () => {
	const critical = alerts.filter(({ labels }) => labels.severity === "critical");
	expect(critical.map(({ alert }) => alert)).toEqual([
		...["DnsttNoExporter", "DnsttDomainUnseen", "DnsttServerSilent", "DnsttNoQueries"],
	]);
});

test("the YAML holds the rules as they are", () => {
	expect(Bun.YAML.parse(prometheusRules())).toEqual({ groups: ruleGroups });
});

/** Runs promtool's unit tests on the printed rules. */
async function promtool(content: Readonly<Record<string, unknown>>): Promise<Ended> {
	using folder = temporaryFolder();
	await Bun.write(folder.file("dnstt.rules.yml"), prometheusRules());
	await Bun.write(folder.file("test.yml"), JSON.stringify({ rule_files: ["dnstt.rules.yml"], ...content }));
	return await runCommand(["promtool", "test", "rules", folder.file("test.yml")]);
}

describe.skipIf(missing)("promtool", () => {
	test("finds the rules well-formed", async () => {
		using folder = temporaryFolder();
		await Bun.write(folder.file("rules.yml"), prometheusRules());
		const { code, stdout } = await runCommand(["promtool", "check", "rules", folder.file("rules.yml")]);
		expect({ code, stdout }).toEqual({
			code: 0,
			stdout: expect.stringContaining(`SUCCESS: ${rules.length} rules found`),
		});
	});

	test("the first client of each network is in the rates of its domain, as this program exports it", async () => {
		using folder = temporaryFolder();
		const { sources, send } = await observedDomains(folder);
		const collectors = new Collectors(sources);
		const minutes = 10;
		const scraped = new Map<string, string[]>();
		for (let minute = 0; minute <= minutes; minute++) {
			// Three clients, each the first of its network, one a minute.
			const resolver = new Map([
				[3, "192.0.2.1"],
				[4, "203.0.113.1"],
				[5, "100.64.0.1"],
			]).get(minute);
			if (resolver !== undefined) send(new Traffic().exchange(minute, resolver).records);
			for (const key of Object.keys(catalog) as MetricKey[]) {
				for (const { sharedLabels, labels, value, metricName } of collectors.collect(key)) {
					const pairs = Object.entries({ ...sharedLabels, ...labels }).map(([name, text]) => `${name}="${text}"`);
					const name = `${metricName ?? catalog[key].name}{${pairs.join(",")}}`;
					const values = scraped.get(name) ?? Array<string>(minutes + 1).fill("_");
					values[minute] = String(value);
					scraped.set(name, values);
				}
			}
		}
		const all = Array.from(scraped, ([series, values]) => ({ series, values: values.join(" ") }));
		const each = (record: string, value: number) => ({
			expr: `round(${record}{domain="t.example.com"} * 300)`,
			eval_time: "6m",
			exp_samples: [{ labels: '{domain="t.example.com"}', value }],
		});
		const bytes = new Traffic().exchange(1, "192.0.2.1");
		const { code, stdout, stderr } = await promtool({
			tests: [
				{
					interval: "1m",
					input_series: all,
					promql_expr_test: [
						each("domain:dnstt_sessions:rate5m", 3),
						each("domain:dnstt_queries:rate5m", 3),
						each("domain:dnstt_bytes_in:rate5m", 3 * bytes.bytesIn),
						each("domain:dnstt_bytes_out:rate5m", 3 * bytes.bytesOut),
						{
							...each("domain:dnstt_sessions:rate5m", 3),
							expr: 'increase(dnstt_domain_sessions_total{domain="t.example.com"}[5m])',
						},
					],
				},
			],
		});
		expect({ code, output: code === 0 ? "" : stdout + stderr }).toEqual({ code: 0, output: "" });
	});

	test("records add up the servers of a domain, and no others", async () => {
		const series = (name: string, instance: string, name2: string, more = "") =>
			`${name}{domain="${name2}",instance="${instance}"${more}}`;
		const values = (first: number, step: number) => `${first}+${step}x10`;
		const { code, stdout, stderr } = await promtool({
			tests: [
				{
					interval: "1m",
					input_series: [
						{ series: series("dnstt_active_clients", "a", "t.example.com", ',country="DE"'), values: "3x10" },
						{ series: series("dnstt_domain_active_clients", "a", "t.example.com"), values: "3x10" },
						{ series: series("dnstt_domain_active_clients", "b", "t.example.com"), values: "4x10" },
						{ series: series("dnstt_domain_active_clients", "b", "u.example.com"), values: "5x10" },
						{ series: series("dnstt_active_clients", "b", "t.example.com", ',country="FR"'), values: "4x10" },
						{ series: series("dnstt_active_clients", "b", "u.example.com", ',country="FR"'), values: "5x10" },
						{ series: series("dnstt_domain_queries_total", "a", "t.example.com"), values: values(600, 60) },
						{ series: series("dnstt_domain_queries_total", "b", "t.example.com"), values: values(600, 120) },
						{ series: series("dnstt_domain_bytes_in_total", "a", "t.example.com"), values: values(6000, 600) },
						{ series: series("dnstt_segments_out_total", "a", "t.example.com"), values: values(600, 60) },
						{ series: series("dnstt_retransmissions_out_total", "a", "t.example.com"), values: values(60, 6) },
						{
							series: series("dnstt_round_trip_seconds_bucket", "a", "t.example.com", ',le="0.064"'),
							values: values(60, 60),
						},
						{ series: series("dnstt_round_trip_seconds_bucket", "b", "t.example.com", ',le="0.064"'), values: "0x10" },
						{
							series: series("dnstt_round_trip_seconds_bucket", "a", "t.example.com", ',le="0.128"'),
							values: values(60, 60),
						},
						{
							series: series("dnstt_round_trip_seconds_bucket", "b", "t.example.com", ',le="0.128"'),
							values: values(60, 60),
						},
						{
							series: series("dnstt_round_trip_seconds_bucket", "a", "t.example.com", ',le="+Inf"'),
							values: values(60, 60),
						},
						{
							series: series("dnstt_round_trip_seconds_bucket", "b", "t.example.com", ',le="+Inf"'),
							values: values(60, 60),
						},
					],
					promql_expr_test: Object.entries({
						"domain:dnstt_active_clients:sum": [
							['{domain="t.example.com"}', 7],
							['{domain="u.example.com"}', 5],
						],
						"domain_country:dnstt_active_clients:sum": [
							['{country="DE",domain="t.example.com"}', 3],
							['{country="FR",domain="t.example.com"}', 4],
							['{country="FR",domain="u.example.com"}', 5],
						],
						"domain:dnstt_queries:rate5m": [['{domain="t.example.com"}', 3]],
						"domain:dnstt_bytes_in:rate5m": [['{domain="t.example.com"}', 10]],
						"domain:dnstt_retransmissions_out_per_segments_out:ratio_rate5m": [['{domain="t.example.com"}', 0.1]],
						"domain:dnstt_round_trip_seconds:p50_5m": [['{domain="t.example.com"}', 0.064]],
					}).map(([record, samples]) => ({
						expr: record,
						eval_time: "10m",
						exp_samples: samples.map(([labels, value]) => ({ labels: `${record}${labels}`, value })),
					})),
				},
			],
		});
		expect({ code, output: code === 0 ? "" : stdout + stderr }).toEqual({ code: 0, output: "" });
	});
});
