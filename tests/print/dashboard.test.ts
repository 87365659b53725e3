import { describe, expect, test } from "bun:test";
import { grafanaDashboard } from "../../src/print/dashboard.ts";
import type { View } from "../../src/print/panel-spec.ts";
import { sections } from "../../src/print/panels.ts";
import { unknownNames } from "./names.ts";

interface GridPos {
	readonly x: number;
	readonly y: number;
	readonly w: number;
	readonly h: number;
}

interface Panel {
	readonly id: number;
	readonly type: string;
	readonly title: string;
	readonly description?: string;
	readonly gridPos: GridPos;
	readonly datasource?: unknown;
	readonly options?: Record<string, unknown>;
	readonly fieldConfig?: {
		readonly defaults: {
			readonly custom?: { readonly stacking?: { readonly mode: string } };
			readonly thresholds?: { readonly steps: readonly { readonly value: number | null; readonly color: string }[] };
		};
		readonly overrides: readonly {
			readonly matcher: { readonly id: string; readonly options: unknown };
			readonly properties: readonly { readonly id: string; readonly value: unknown }[];
		}[];
	};
	readonly transformations?: readonly { readonly id: string; readonly options: Record<string, unknown> }[];
	readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly datasource: unknown }[];
	/** Of a row: whether it is closed, and the panels that it then holds itself. */
	readonly collapsed?: boolean;
	readonly panels?: readonly Panel[];
}

interface Dashboard {
	readonly uid: string;
	readonly title: string;
	readonly schemaVersion: number;
	readonly templating: { readonly list: readonly Record<string, unknown>[] };
	readonly annotations: { readonly list: readonly Record<string, unknown>[] };
	readonly panels: readonly Panel[];
}

const dashboard = JSON.parse(grafanaDashboard()) as Dashboard;
const everything = dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
const panels = everything.filter(({ type }) => type !== "row");
const specs = sections.flatMap((section) => section.panels);
const source = { type: "prometheus", uid: "$" + "{datasource}" };

/** The panels that the Go exporter's README has under "Grafana Queries": their words, the ways they may be shown, their queries. */
const documented: readonly (readonly [title: string, description: string, views: readonly View[], expr: string])[] = [
	[
		"Current active clients",
		"Current number of active DNSTT sessions for the selected domain.",
		["number"],
		'sum(dnstt_active_clients{domain="$domain"})',
	],
	[
		"Peak active clients",
		"Highest active DNSTT session count observed since the exporter started.",
		["number"],
		'sum(dnstt_peak_clients{domain="$domain"})',
	],
	[
		"Active clients by country",
		"Current active DNSTT sessions grouped by resolver country.",
		["geomap", "bars", "table"],
		'sum by (country) (dnstt_active_clients{domain="$domain"})',
	],
	[
		"Top countries by active clients",
		"Countries with the most active DNSTT sessions right now.",
		["bars"],
		'topk(10, sum by (country) (dnstt_active_clients{domain="$domain"}))',
	],
	[
		"Active clients by ASN",
		"Current active DNSTT sessions grouped by resolver ASN.",
		["bars", "table"],
		'sum by (asn) (dnstt_active_clients{domain="$domain"})',
	],
	[
		"Top ASNs by active clients",
		"Resolver ASNs with the most active DNSTT sessions right now.",
		["bars"],
		'topk(10, sum by (asn) (dnstt_active_clients{domain="$domain"}))',
	],
	[
		"Active clients by country and ASN",
		"Current active DNSTT sessions split by both resolver country and resolver ASN.",
		["table"],
		'sum by (country, asn) (dnstt_active_clients{domain="$domain"})',
	],
	[
		"Top country/ASN pairs by active clients",
		"Country and ASN combinations with the most active DNSTT sessions right now.",
		["bars", "table"],
		'topk(20, sum by (country, asn) (dnstt_active_clients{domain="$domain"}))',
	],
	[
		"DNS query rate",
		"Total observed DNSTT DNS queries per second for the selected domain.",
		["lines"],
		'sum(rate(dnstt_queries_total{domain="$domain"}[$__rate_interval]))',
	],
	[
		"DNS query rate by country",
		"Observed DNSTT DNS queries per second grouped by resolver country.",
		["stacked", "bars"],
		'sum by (country) (rate(dnstt_queries_total{domain="$domain"}[$__rate_interval]))',
	],
	[
		"Top ASNs by DNS query rate",
		"Resolver ASNs producing the highest DNSTT DNS query rates.",
		["bars"],
		'topk(10, sum by (asn) (rate(dnstt_queries_total{domain="$domain"}[$__rate_interval])))',
	],
	[
		"Inbound DNS traffic rate",
		"Bytes per second received in DNSTT DNS queries.",
		["lines"],
		'sum(rate(dnstt_bytes_in_total{domain="$domain"}[$__rate_interval]))',
	],
	[
		"Outbound DNS traffic rate",
		"Bytes per second sent in DNSTT DNS responses.",
		["lines"],
		'sum(rate(dnstt_bytes_out_total{domain="$domain"}[$__rate_interval]))',
	],
	[
		"DNS traffic rate by country",
		"Combined inbound and outbound DNSTT DNS bytes per second grouped by resolver country.",
		["geomap", "stacked", "bars"],
		'sum by (country) (rate(dnstt_bytes_in_total{domain="$domain"}[$__rate_interval]) + rate(dnstt_bytes_out_total{domain="$domain"}[$__rate_interval]))',
	],
	[
		"Total observed sessions",
		"Total unique DNSTT sessions observed since the exporter started.",
		["number"],
		'sum(dnstt_sessions_total{domain="$domain"})',
	],
	[
		"New session rate",
		"New DNSTT sessions observed per second.",
		["lines"],
		'sum(rate(dnstt_sessions_total{domain="$domain"}[$__rate_interval]))',
	],
	[
		"New session rate by country",
		"New DNSTT sessions per second grouped by resolver country.",
		["stacked", "geomap", "bars"],
		'sum by (country) (rate(dnstt_sessions_total{domain="$domain"}[$__rate_interval]))',
	],
];

describe("the panels of the Go exporter's README", () => {
	test.each(documented)("%s: %s", (title, description, views, expr) => {
		const spec = specs.find((candidate) => candidate.title === title);
		expect(spec).toMatchObject({ title, description });
		expect(views).toContain(spec?.view as View);
		// The variables take several values, and there is one for hosts.
		const expected = expr.replaceAll('{domain="$domain"}', '{domain=~"$domain",instance=~"$instance"}');
		expect(spec?.queries.map((query) => query.expr)).toEqual([expected]);
	});
});

test("each panel of the table is in the dashboard, in its order, shown as the table says", () => {
	const types: Record<View, string> = {
		...{ number: "stat", stat: "stat", geomap: "geomap", bars: "barchart", table: "table" },
		...{ lines: "timeseries", stacked: "timeseries", heatmap: "heatmap" },
	};
	const shown = panels.map(({ title, description, type, targets }) => ({
		...{ title, description, type },
		queries: targets?.map(({ expr }) => expr),
	}));
	expect(shown).toEqual(
		specs.map(({ title, description, view, queries }) => ({
			...{ title, description, type: types[view] },
			queries: queries.map(({ expr }) => expr),
		})),
	);
	expect(panels.map((panel) => panel.fieldConfig?.defaults.custom?.stacking?.mode === "normal")).toEqual(
		specs.map(({ view }) => view === "stacked"),
	);
});

test("the queries use only names of the catalog", () => {
	expect(specs.flatMap(({ queries }) => queries.flatMap(({ expr }) => unknownNames(expr)))).toEqual([]);
});

test("Grafana can import it: a uid, a title, a schema, panels with ids of their own", () => {
	expect(dashboard).toMatchObject({ uid: expect.stringMatching(/^[\w-]{1,40}$/), title: "dnstt" });
	expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(36);
	expect(new Set(everything.map(({ id }) => id)).size).toBe(everything.length);
	expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
});

test("the rows are in the order of what an operator asks for, the exporter's last and collapsed", () => {
	const rows = dashboard.panels.filter(({ type }) => type === "row");
	expect(rows.map(({ title, collapsed }) => [title, collapsed])).toEqual([
		["Now", false],
		["Clients", false],
		["Traffic", false],
		["Health", false],
		["Hosts", false],
		["Places", false],
		["As in the Go exporter's README", true],
		["Exporter", true],
	]);
	expect(
		rows
			.find(({ title }) => title.startsWith("As in"))
			?.panels?.map(({ title }) => title)
			.toSorted(),
	).toEqual(documented.map(([title]) => title).toSorted());
});

test("every query is of the chosen hosts, and of the chosen domains where it has domains", () => {
	for (const { expr } of specs.flatMap(({ queries }) => queries)) {
		expect(expr).toContain('instance=~"$instance"');
		expect(expr).not.toContain('"$domain",country');
		for (const [, name] of expr.matchAll(/(\w+)\{instance=~/g)) expect(name).toStartWith("dnstt_exporter_");
	}
});

test("the tables have named columns, and thresholds turn from good to bad", () => {
	for (const { type, transformations, title } of panels) {
		if (type !== "table") continue;
		const renamed = transformations?.find(({ id }) => id === "organize")?.options.renameByName as Record<
			string,
			string
		>;
		const { queries = [], columns = {} } = specs.find((spec) => spec.title === title) ?? {};
		expect(Object.values(renamed)).toEqual([...Object.values(columns), ...queries.map(({ legend }) => legend)]);
	}
	const steps = panels.find(({ title }) => title === "Unanswered")?.fieldConfig?.defaults.thresholds?.steps;
	expect(steps).toEqual([
		{ value: null, color: "green" },
		{ value: 0.05, color: "yellow" },
		{ value: 0.2, color: "red" },
	]);
});

test("of each host, the cells with a good and a bad have its colour, and those without a value have none", () => {
	const { overrides = [] } = panels.find(({ title }) => title === "Hosts now")?.fieldConfig ?? {};
	const cells = Object.fromEntries(
		overrides.map(({ matcher, properties }) => [
			`${matcher.id} ${matcher.options}`,
			Object.fromEntries(properties.map(({ id, value }) => [id, value])),
		]),
	);
	const background = { type: "color-background", mode: "basic" };
	const empty = (text: string) => ({
		...{ type: "special", options: { match: "null+nan", result: { text, color: "transparent" } } },
	});
	const steps = (warn: number, bad: number) => ({
		mode: "absolute",
		steps: [
			{ value: null, color: "green" },
			{ value: warn, color: "yellow" },
			{ value: bad, color: "red" },
		],
	});
	expect(cells).toEqual({
		"byName Queries": { unit: "reqps" },
		"byName Unanswered": {
			...{ unit: "percentunit", "custom.cellOptions": background },
			...{ thresholds: steps(0.05, 0.2), mappings: [empty("no queries")] },
		},
		"byName Round trip, median": {
			...{ unit: "s", "custom.cellOptions": background },
			...{ thresholds: steps(0.5, 2), mappings: [empty("no traffic")] },
		},
		"byName Capture": {
			"custom.cellOptions": background,
			mappings: [
				{
					type: "value",
					options: { 0: { text: "closed", color: "red", index: 0 }, 1: { text: "open", color: "green", index: 1 } },
				},
				empty(""),
			],
		},
	});
});

test("a series by country or network has a name also where there is no GeoIP", () => {
	const byPlace = specs.filter(({ queries }) => queries.some(({ legend }) => /\{\{(country|asn)\}\}/.test(legend)));
	expect(byPlace.length).toBeGreaterThan(5);
	for (const { title } of byPlace) {
		const [first] = panels.find((panel) => panel.title === title)?.transformations ?? [];
		const { regex, renamePattern } = first?.options ?? {};
		expect([title, first?.id, renamePattern]).toEqual([title, "renameByRegex", "without GeoIP"]);
		const names = ["", " ", "AS", "Value", "DE", "AS64496", "DE 64496"];
		expect(names.filter((name) => new RegExp(String(regex)).test(name))).toEqual(["", " ", "AS", "Value"]);
	}
	for (const { queries } of specs) {
		for (const { expr, legend } of queries) if (legend === "{{name}}") expect(expr).toContain('"without GeoIP"');
	}
});

test("firing alerts are annotations", () => {
	expect(dashboard.annotations.list).toHaveLength(1);
	expect(dashboard.annotations.list[0]).toMatchObject({ enable: true, datasource: source });
	expect(dashboard.annotations.list[0]?.expr).toContain('ALERTS{alertname=~"Dnstt.+",alertstate="firing"');
});

test("data source, domains and hosts are variables, and every panel and target takes that source", () => {
	const [first, second, third] = dashboard.templating.list;
	expect(first).toMatchObject({ name: "datasource", type: "datasource", query: "prometheus" });
	expect(second).toMatchObject({
		...{ name: "domain", type: "query", datasource: source, multi: true, includeAll: true, allValue: ".*" },
		query: "label_values(dnstt_domain_peak_clients, domain)",
	});
	expect(third).toMatchObject({
		...{ name: "instance", type: "query", datasource: source, multi: true, includeAll: true, allValue: ".*" },
		query: 'label_values(dnstt_domain_peak_clients{domain=~"$domain"}, instance)',
	});
	for (const { datasource, targets = [] } of panels) {
		expect(datasource).toEqual(source);
		expect(targets.map((target) => target.datasource)).toEqual(targets.map(() => source));
		expect(targets.map(({ refId }) => refId)).toEqual(["A", "B", "C", "D", "E", "F"].slice(0, targets.length));
	}
});

test("no panel lies on another or leaves the grid of 24 columns, and each row of the screen is full", () => {
	// A collapsed row takes one line; its panels have a grid of their own.
	const rows = dashboard.panels.filter((panel) => panel.collapsed === true);
	for (const { panels: inner = [], gridPos } of rows) expectFull(inner, gridPos.y + 1);
	expectFull(dashboard.panels, 0);
});

/** From the line `top` on. */
function expectFull(list: readonly Panel[], top: number): void {
	const taken = new Map<string, string>();
	for (const { title, gridPos } of list) {
		expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
		for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
			for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
				expect([title, taken.get(`${x} ${y}`)]).toEqual([title, undefined]);
				taken.set(`${x} ${y}`, title);
			}
		}
	}
	const bottom = Math.max(...list.map(({ gridPos }) => gridPos.y + gridPos.h));
	expect(taken.size).toBe(24 * (bottom - top));
}
