import { describe, expect, test } from "bun:test";
import { grafanaDashboard } from "../../src/print/dashboard.ts";
import { sections, type View } from "../../src/print/panels.ts";
import { unknownNames } from "./names.ts";

interface GridPos {
	readonly x: number;
	readonly y: number;
	readonly w: number;
	readonly h: number;
}

interface Dashboard {
	readonly uid: string;
	readonly title: string;
	readonly schemaVersion: number;
	readonly templating: { readonly list: readonly Record<string, unknown>[] };
	readonly panels: readonly {
		readonly id: number;
		readonly type: string;
		readonly title: string;
		readonly description?: string;
		readonly gridPos: GridPos;
		readonly datasource?: unknown;
		readonly options?: Record<string, unknown>;
		readonly fieldConfig?: {
			readonly defaults: { readonly custom?: { readonly stacking?: { readonly mode: string } } };
		};
		readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly datasource: unknown }[];
	}[];
}

const dashboard = JSON.parse(grafanaDashboard()) as Dashboard;
const panels = dashboard.panels.filter(({ type }) => type !== "row");
const specs = sections.flatMap((section) => section.panels);
const source = { type: "prometheus", uid: "$" + "{datasource}" };

/** The panels that the Go exporter's README has under "Grafana Queries": their words, the ways they may be shown, their queries. */
const documented: readonly (readonly [title: string, description: string, views: readonly View[], expr: string])[] = [
	[
		"Current active clients",
		"Current number of active DNSTT sessions for the selected domain.",
		["stat"],
		'sum(dnstt_active_clients{domain="$domain"})',
	],
	[
		"Peak active clients",
		"Highest active DNSTT session count observed since the exporter started.",
		["stat"],
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
		["stat"],
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
		expect(spec?.queries.map((query) => query.expr)).toEqual([expr]);
	});
});

test("each panel of the table is in the dashboard, in its order, shown as the table says", () => {
	const types: Record<View, string> = {
		...{ stat: "stat", geomap: "geomap", bars: "barchart", table: "table" },
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
	expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
	expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
});

test("the data source and the domain are variables, and every panel and target takes that source", () => {
	const [first, second] = dashboard.templating.list;
	expect(first).toMatchObject({ name: "datasource", type: "datasource", query: "prometheus" });
	expect(second).toMatchObject({
		...{ name: "domain", type: "query", datasource: source, multi: false, includeAll: false },
		query: "label_values(dnstt_domain_peak_clients, domain)",
	});
	for (const { datasource, targets = [] } of panels) {
		expect(datasource).toEqual(source);
		expect(targets.map((target) => target.datasource)).toEqual(targets.map(() => source));
		expect(targets.map(({ refId }) => refId)).toEqual(["A", "B", "C"].slice(0, targets.length));
	}
});

test("no panel lies on another or leaves the grid of 24 columns, and each row of the screen is full", () => {
	const taken = new Map<string, string>();
	for (const { title, gridPos } of dashboard.panels) {
		expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
		for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
			for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
				expect([title, taken.get(`${x} ${y}`)]).toEqual([title, undefined]);
				taken.set(`${x} ${y}`, title);
			}
		}
	}
	for (const { gridPos } of dashboard.panels) {
		for (let x = 0; x < 24; x++) expect(taken.has(`${x} ${gridPos.y}`)).toBe(true);
	}
});
