/** Every alert against histories of hosts in promtool: each history is a tunnel with a domain and hosts of its own, all evaluated together. */
import { beforeAll, describe, expect, test } from "bun:test";
import { catalog } from "../../src/metrics/catalog.ts";
import { alerts } from "../../src/print/alerts.ts";
import { scrapeJob } from "../../src/print/recording-rules.ts";
import { prometheusRules, ruleGroups } from "../../src/print/rules.ts";
import { runCommand } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { dayEnd, dayStart, days, ended, endless, type Fired, type History, hours } from "./alert-histories.ts";
import { hostHistory, type InputSeries } from "./fleet-history.ts";

const missing = Bun.which("promtool") === null;

/** What fired from minute 0 on, and the last minute of each alert. */
interface Course {
	readonly fires: Record<string, Fired[string]>;
	readonly last: Record<string, number>;
}

/** Runs promtool's unit tests, with the printed rules; returns what it writes. */
async function promtool(evaluationMinutes: number, tests: readonly unknown[]): Promise<string> {
	using folder = temporaryFolder();
	await Bun.write(folder.file("dnstt.rules.yml"), prometheusRules());
	const content = {
		rule_files: ["dnstt.rules.yml"],
		evaluation_interval: `${evaluationMinutes}m`,
		// promtool takes them in a random order otherwise: alerts before records would read none where evaluations are further apart than samples live.
		group_eval_order: ruleGroups.map(({ name }) => name),
		tests,
	};
	await Bun.write(folder.file("test.yml"), JSON.stringify(content));
	const { stdout, stderr } = await runCommand(["promtool", "test", "rules", folder.file("test.yml")]);
	return `${stdout}${stderr}`;
}

/** What fires in each history from minute 0 on, evaluated every `step` minutes from `start` to `end`. promtool needs milliseconds for an evaluation even without any series. */
async function evaluate(
	histories: readonly History[],
	[start, end, step]: readonly [start: number, end: number, step: number],
): Promise<Map<string, Course>> {
	const series: InputSeries[] = histories.flatMap(({ hosts }, index) =>
		Object.entries(hosts).flatMap(([name, plan]) =>
			hostHistory(`${index}-${name}`, end - start, (minute) => plan(minute + start), `${index}.example.com`),
		),
	);
	const labels = "alertname, severity, domain, instance, country, interface, database, table";
	const times = `(timestamp(ALERTS{alertstate="firing"}))[${end}m:${step}m]`;
	const edge = (aggregation: "min" | "max") =>
		`label_replace(${aggregation} by (${labels}) (${aggregation}_over_time(${times})), "edge", "${aggregation}", "", "")`;
	const text = await promtool(step, [
		{
			...{ interval: "1m", input_series: series },
			promql_expr_test: [{ expr: `${edge("min")} or ${edge("max")}`, eval_time: `${end - start}m`, exp_samples: [] }],
		},
	]);
	const got = text.includes("SUCCESS") ? "" : /got: (.*)$/m.exec(text)?.[1];
	if (got === undefined) throw new Error(text);
	const courses = new Map<string, Course>(histories.map(({ title }) => [title, { fires: {}, last: {} }]));
	for (const [, pairs = "", value = ""] of got.matchAll(/\{([^}]*)\} ([-+.\dEe]+)/g)) {
		const labels = Object.fromEntries([...pairs.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, text]) => [name, text]));
		const { alertname = "", severity, edge, ...others } = labels;
		const index = Number.parseInt(others.domain ?? others.instance ?? "", 10);
		const host = others.instance?.replace(/^\d+-/, "");
		const { domain, instance, ...own } = others;
		const course = courses.get(histories[index]?.title ?? "");
		if (course === undefined) throw new Error(`${alertname} names neither domain nor host`);
		const key = host === undefined ? alertname : `${alertname} ${host}`;
		const minute = Math.round(Number(value) / 60) + start;
		if (edge === "min") course.fires[key] = { after: minute, ...own };
		else course.last[key] = minute;
	}
	return courses;
}

describe.skipIf(missing)("of histories in promtool", () => {
	const rowsOf = (histories: readonly History[]) => histories.map((history) => [history.title, history] as const);
	const endedHours = hours.filter(endless).map((history) => ended(history, 90));
	const endedDays = days.filter(endless).map((history) => ended(history, 120));
	// What happened stays an alert for six hours at the most.
	const hoursEnd = 480;
	let courses: readonly Map<string, Course>[];
	// Side by side: each is one process that mostly takes one core.
	beforeAll(async () => {
		courses = await Promise.all([
			evaluate(hours, [-90, 120, 1]),
			evaluate(days, [-7 * 1_440 + dayStart, dayEnd, 10]),
			evaluate(endedHours, [-90, hoursEnd, 1]),
			evaluate(endedDays, [-7 * 1_440 + dayStart, dayEnd, 10]),
		]);
	}, 240_000);

	describe.each([
		["hours", hours, 0],
		["days", days, 1],
	] as const)("of %s", (_, histories, run) => {
		test.each(rowsOf(histories))("%s", (title, { fires, ends }) => {
			const { fires: fired, last } = courses[run]?.get(title) ?? {};
			expect(fired).toEqual(fires);
			if (ends !== undefined) expect(last).toEqual(ends);
		});
	});

	describe.each([
		["hours, and well again after 90 minutes", endedHours, 2, hoursEnd - 2],
		["days, and well again after two hours", endedDays, 3, dayEnd - 10],
	] as const)("of %s:", (_, histories, run, until) => {
		test.each(rowsOf(histories))("%s", (title, { fires }) => {
			const { last = {} } = courses[run]?.get(title) ?? {};
			expect(Object.keys(last).toSorted()).toEqual(Object.keys(fires).toSorted());
			expect(Object.keys(last).filter((key) => (last[key] ?? 0) >= until)).toEqual([]);
		});
	});

	test("a GeoIP database that says no build time is not old", async () => {
		const of = (instance: string, values: string) => ({
			...{ series: `${catalog.geoipBuildTime.name}{database="country",instance="${instance}"}`, values },
		});
		const labels =
			'{alertname="DnsttGeoipOld",alertstate="firing",database="country",instance="old",severity="warning"}';
		const text = await promtool(1_440, [
			{
				...{ interval: "1d", input_series: [of("none", "0x62"), of("old", "1x62")] },
				promql_expr_test: [
					{
						...{ expr: 'ALERTS{alertname="DnsttGeoipOld"}', eval_time: "62d" },
						exp_samples: [{ labels: `ALERTS${labels}`, value: 1 }],
					},
				],
			},
		]);
		expect(text).toContain("SUCCESS");
	});

	test.each<[title: string, ups: Readonly<Record<string, string>>, fires: readonly number[]]>([
		["no exporter in the scrape configuration", {}, [5, 15, 16, 40, 41, 60]],
		["all exporters down", { a: "1x10 0x49", b: "1x10 0x49" }, [16, 40, 41, 60]],
		["all exporters down for half an hour", { a: "1x10 0x29 1x19", b: "1x10 0x49" }, [16, 40]],
		["the only exporter down for 3 minutes", { a: "1x10 0x2 1x46" }, []],
		["one of two exporters down", { a: "1x10 0x49", b: "1x60" }, []],
		["a first start", { a: "0x3 1x56" }, []],
	])("DnsttNoExporter, %s", async (_, ups, fires) => {
		const firing = 'ALERTS{alertname="DnsttNoExporter",alertstate="firing",severity="critical"}';
		const text = await promtool(1, [
			{
				interval: "1m",
				input_series: Object.entries(ups).map(([host, values]) => ({
					...{ series: `up{job="${scrapeJob}",instance="${host}"}`, values },
				})),
				promql_expr_test: [4, 5, 15, 16, 40, 41, 60].map((minute) => ({
					...{ expr: `count(${firing})`, eval_time: `${minute}m` },
					exp_samples: fires.includes(minute) ? [{ labels: "{}", value: 1 }] : [],
				})),
			},
		]);
		expect(text).toContain("SUCCESS");
	});

	test("every alert fires in one of them", () => {
		const fired = new Set(
			[...hours, ...days].flatMap(({ fires }) => Object.keys(fires).map((key) => key.split(" ")[0])),
		);
		const others = alerts.map(({ alert }) => alert).filter((name) => !fired.has(name));
		// It names no host, as there is none: its cases are those below.
		expect(others).toEqual(["DnsttNoExporter"]);
	});
});
