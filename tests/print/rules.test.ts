import { describe, expect, test } from "bun:test";
import { catalog, type MetricKey } from "../../src/metrics/catalog.ts";
import { Collectors } from "../../src/metrics/collect.ts";
import {
	type AlertingRule,
	prometheusRules,
	type RecordingRule,
	ruleGroups,
	scrapeJob,
} from "../../src/print/rules.ts";
import { observedDomains, Traffic } from "../metrics/traffic.ts";
import { type Ended, runCommand } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { unknownNames } from "./names.ts";

const missing = Bun.which("promtool") === null;
const rules = ruleGroups.flatMap((group) => group.rules);
const alerts = rules.filter((rule): rule is AlertingRule => "alert" in rule);
const records = rules.filter((rule): rule is RecordingRule => "record" in rule);

test("the rules use only names of the catalog, and those that they record themselves", () => {
	const recorded = records.map(({ record }) => record);
	expect(rules.flatMap(({ expr }) => unknownNames(expr, recorded))).toEqual([]);
	expect(unknownNames("rate(dnstt_queries_total[5m]) + dnstt_query_total")).toEqual(["dnstt_query_total"]);
});

test("each alert has a severity, a summary and a description", () => {
	for (const { labels, annotations } of alerts) {
		expect(labels.severity).toMatch(/^(critical|warning)$/);
		expect(annotations.summary).not.toBe("");
		expect(annotations.description.length).toBeGreaterThan(annotations.summary.length);
	}
});

test("the YAML holds the rules as they are", () => {
	expect(Bun.YAML.parse(prometheusRules())).toEqual({ groups: ruleGroups });
});

interface InputSeries {
	readonly series: string;
	/** promtool's notation: `0+10x5` is 0, 10, ... 50; `_` is no sample; `0x5` is 0 six times. */
	readonly values: string;
}

/** Runs promtool's unit tests on the printed rules. */
async function promtool(content: Readonly<Record<string, unknown>>): Promise<Ended> {
	using folder = temporaryFolder();
	await Bun.write(folder.file("dnstt.rules.yml"), prometheusRules());
	await Bun.write(folder.file("test.yml"), JSON.stringify({ rule_files: ["dnstt.rules.yml"], ...content }));
	return await runCommand(["promtool", "test", "rules", folder.file("test.yml")]);
}

/** What fires of an alert at a moment (promtool's notation of a duration): the labels, or nothing. */
async function firing(
	alert: string,
	series: readonly InputSeries[],
	at: string,
	labels: Readonly<Record<string, string>> | undefined,
): Promise<void> {
	const rule = alerts.find((candidate) => candidate.alert === alert);
	const expected = { exp_labels: { ...rule?.labels, ...labels } };
	const { code, stdout, stderr } = await promtool({
		// Over a day and more, a look every five minutes is enough, and quicker.
		evaluation_interval: at.includes("h") ? "5m" : "1m",
		tests: [
			{
				interval: "1m",
				input_series: series,
				alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts: labels === undefined ? [] : [expected] }],
			},
		],
	});
	// promtool compares annotations too, which are not given here: their labels are what counts.
	const got = /got:\[(.*?)\]$/ms.exec(`${stdout}${stderr}`)?.[1] ?? "";
	if (labels === undefined) expect({ code, got }).toEqual({ code: 0, got: "" });
	else for (const [name, value] of Object.entries(expected.exp_labels)) expect(got).toContain(`${name}="${value}"`);
}

const domain = 'domain="t.example.com"';
const one = { domain: "t.example.com" };
const two = { instance: "a:9713", interface: "eth0" };
/** A day and two hours of minutes: the first hour, what comes until a day later, the rest. */
const day = (first: string, last: string) => `${first}x1500 ${last}x120`;
const alive = { series: `dnstt_domain_queries_total{${domain},instance="a:9713"}`, values: "0+60x1700" };

/** A host of the domain, and whether its capture is open: `_` while it is down. */
const capturing = (instance: string, up = day("1", "1")): InputSeries[] => [
	{
		series: `dnstt_domain_peak_clients{${domain},job="${scrapeJob}",instance="${instance}"}`,
		values: up.replaceAll(" 0x", " 1x"),
	},
	{ series: `dnstt_exporter_capture_up{job="${scrapeJob}",instance="${instance}",interface="any"}`, values: up },
];

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

	test.each<
		[title: string, alert: string, series: InputSeries[], at: string, labels: Record<string, string> | undefined]
	>([
		[
			"an exporter that is down for 5 minutes fires",
			"DnsttExporterDown",
			[{ series: `up{job="${scrapeJob}",instance="a:9713"}`, values: "1 0x10" }],
			"6m",
			{ instance: "a:9713" },
		],
		[
			"an exporter that is down for less is waited for",
			"DnsttExporterDown",
			[{ series: `up{job="${scrapeJob}",instance="a:9713"}`, values: "1 0x10" }],
			"5m",
			undefined,
		],
		[
			"the exporters of other jobs are none of ours",
			"DnsttExporterDown",
			[{ series: 'up{job="node",instance="a:9100"}', values: "0x10" }],
			"10m",
			undefined,
		],
		[
			"a capture that is down for 2 minutes fires",
			"DnsttCaptureDown",
			[{ series: 'dnstt_exporter_capture_up{instance="a:9713",interface="eth0"}', values: "1 0x10" }],
			"3m",
			two,
		],
		[
			"a capture that comes back within 2 minutes does not fire",
			"DnsttCaptureDown",
			[{ series: 'dnstt_exporter_capture_up{instance="a:9713",interface="eth0"}', values: "1 0 0 1x10" }],
			"5m",
			undefined,
		],
		[
			"drops by the kernel that go on fire",
			"DnsttKernelDrops",
			[
				{
					series: 'dnstt_exporter_packets_dropped_total{instance="a:9713",interface="eth0",by="kernel"}',
					values: "0x5 0+10x20",
				},
			],
			"15m",
			two,
		],
		[
			"drops by the interface do not fire",
			"DnsttKernelDrops",
			[
				{
					series: 'dnstt_exporter_packets_dropped_total{instance="a:9713",interface="eth0",by="interface"}',
					values: "0x5 0+10x20",
				},
			],
			"15m",
			undefined,
		],
		[
			"drops of long ago do not fire",
			"DnsttKernelDrops",
			[
				{
					series: 'dnstt_exporter_packets_dropped_total{instance="a:9713",interface="eth0",by="kernel"}',
					values: "0x5 10x20",
				},
			],
			"15m",
			undefined,
		],
		[
			"a domain whose queries stopped fires after 20 minutes",
			"DnsttNoQueries",
			[{ series: `dnstt_domain_queries_total{${domain},instance="a:9713"}`, values: "0+60x10 600x40" }],
			"31m",
			one,
		],
		[
			"a domain that never had a query fires",
			"DnsttNoQueries",
			[{ series: `dnstt_domain_queries_total{${domain},instance="a:9713"}`, values: "0x40" }],
			"17m",
			one,
		],
		[
			"a domain does not fire while one of its servers has queries",
			"DnsttNoQueries",
			[
				{ series: `dnstt_domain_queries_total{${domain},instance="a:9713"}`, values: "600x40" },
				{ series: `dnstt_domain_queries_total{${domain},instance="b:9713"}`, values: "0+1x40" },
			],
			"40m",
			undefined,
		],
		[
			"less than half of yesterday's clients fire",
			"DnsttActiveClientsHalved",
			[...capturing("a:9713"), { series: `dnstt_active_clients{${domain},instance="a:9713"}`, values: day("20", "9") }],
			"26h40m",
			one,
		],
		[
			"half of yesterday's clients do not fire",
			"DnsttActiveClientsHalved",
			[
				...capturing("a:9713"),
				{ series: `dnstt_active_clients{${domain},instance="a:9713"}`, values: day("20", "10") },
			],
			"26h40m",
			undefined,
		],
		[
			"clients that moved to another server are still there",
			"DnsttActiveClientsHalved",
			[
				...capturing("a:9713"),
				...capturing("b:9713"),
				{ series: `dnstt_active_clients{${domain},instance="a:9713"}`, values: day("20", "0") },
				{ series: `dnstt_active_clients{${domain},instance="b:9713"}`, values: day("0", "20") },
			],
			"26h40m",
			undefined,
		],
		[
			"too few clients say nothing",
			"DnsttActiveClientsHalved",
			[...capturing("a:9713"), { series: `dnstt_active_clients{${domain},instance="a:9713"}`, values: day("9", "1") }],
			"26h40m",
			undefined,
		],
		[
			"a country whose clients are gone while others come fires",
			"DnsttCountryVanished",
			[
				alive,
				...capturing("a:9713"),
				{ series: `dnstt_active_clients{${domain},country="IR",instance="a:9713"}`, values: day("5", "0") },
			],
			"26h40m",
			{ ...one, country: "IR" },
		],
		[
			"a country that an exporter no longer knows after a restart fires too",
			"DnsttCountryVanished",
			[
				alive,
				...capturing("a:9713"),
				{ series: `dnstt_active_clients{${domain},country="IR",instance="a:9713"}`, values: day("5", "_") },
			],
			"26h40m",
			{ ...one, country: "IR" },
		],
		[
			"a country with one client left does not fire",
			"DnsttCountryVanished",
			[
				alive,
				...capturing("a:9713"),
				{ series: `dnstt_active_clients{${domain},country="IR",instance="a:9713"}`, values: day("5", "1") },
			],
			"26h40m",
			undefined,
		],
		[
			"a country that had few clients does not fire",
			"DnsttCountryVanished",
			[
				alive,
				...capturing("a:9713"),
				{ series: `dnstt_active_clients{${domain},country="IR",instance="a:9713"}`, values: day("4", "0") },
			],
			"26h40m",
			undefined,
		],
		[
			"resolvers without a country are no country",
			"DnsttCountryVanished",
			[
				alive,
				...capturing("a:9713"),
				{ series: `dnstt_active_clients{${domain},country="ZZ",instance="a:9713"}`, values: day("5", "0") },
			],
			"26h40m",
			undefined,
		],
		[
			"a domain without any queries is not a matter of countries",
			"DnsttCountryVanished",
			[
				...capturing("a:9713"),
				{ series: `dnstt_active_clients{${domain},country="IR",instance="a:9713"}`, values: day("5", "0") },
			],
			"26h40m",
			undefined,
		],
		[
			"one dead host of three, which had most of the clients, is no loss of clients",
			"DnsttActiveClientsHalved",
			[
				...[...capturing("a:9713"), ...capturing("b:9713"), ...capturing("c:9713", day("1", "_"))],
				{ series: `dnstt_active_clients{${domain},instance="a:9713"}`, values: day("5", "5") },
				{ series: `dnstt_active_clients{${domain},instance="b:9713"}`, values: day("5", "5") },
				{ series: `dnstt_active_clients{${domain},instance="c:9713"}`, values: day("20", "_") },
			],
			"26h40m",
			undefined,
		],
		[
			"a closed capture on one of two hosts is no loss of clients",
			"DnsttActiveClientsHalved",
			[
				...[...capturing("a:9713"), ...capturing("b:9713", day("1", "0"))],
				{ series: `dnstt_active_clients{${domain},instance="a:9713"}`, values: day("5", "5") },
				{ series: `dnstt_active_clients{${domain},instance="b:9713"}`, values: day("20", "0") },
			],
			"26h40m",
			undefined,
		],
		[
			"clients that are lost on all three hosts fire",
			"DnsttActiveClientsHalved",
			["a:9713", "b:9713", "c:9713"].flatMap((instance) => [
				...capturing(instance),
				{ series: `dnstt_active_clients{${domain},instance="${instance}"}`, values: day("10", "4") },
			]),
			"26h40m",
			one,
		],
		[
			"a country whose only host is dead, one of two, has not vanished",
			"DnsttCountryVanished",
			[
				...[alive, ...capturing("a:9713"), ...capturing("b:9713", day("1", "_"))],
				{ series: `dnstt_active_clients{${domain},country="IR",instance="b:9713"}`, values: day("5", "_") },
			],
			"26h40m",
			undefined,
		],
	])("%s", async (_, alert, series, at, labels) => firing(alert, series, at, labels));

	test("every alert has a case above that fires and one that does not", async () => {
		const text = await Bun.file(import.meta.path).text();
		for (const { alert } of alerts) expect(text.split(`"${alert}",`).length - 1).toBeGreaterThanOrEqual(2);
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
						"domain:dnstt_retransmissions_out:ratio_rate5m": [['{domain="t.example.com"}', 0.1]],
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
