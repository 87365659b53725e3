/** The Grafana dashboard, built of the panels' table with Grafana's own builders. Heavy to load: import it only where it is printed. */

import * as bars from "@grafana/grafana-foundation-sdk/barchart";
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import * as common from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import * as geomap from "@grafana/grafana-foundation-sdk/geomap";
import * as heatmap from "@grafana/grafana-foundation-sdk/heatmap";
import * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import * as stat from "@grafana/grafana-foundation-sdk/stat";
import * as table from "@grafana/grafana-foundation-sdk/table";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";
import { catalog } from "../metrics/catalog.ts";
import type { PanelQuery, PanelSpec, Texts, View } from "./panel-spec.ts";
import { sections } from "./panels.ts";

const source = { type: "prometheus", uid: "$" + "{datasource}" } as const;

/** Rows of the grid. */
const heights: Readonly<Record<View, number>> = {
	...{ number: 4, stat: 4, geomap: 10, bars: 10, table: 8, lines: 8, stacked: 8, heatmap: 8 },
};

/** A host without GeoIP has no country and no network to name its series by: Grafana would call it Value, or nothing. */
const withoutPlace: dashboard.DataTransformerConfig = {
	id: "renameByRegex",
	options: { regex: "^(Value|AS|\\s*)$", renamePattern: "without GeoIP" },
};
/** A series' name and its last value as a row, the greatest first: what a bar chart with one bar a series wants. */
const seriesAsRows: readonly dashboard.DataTransformerConfig[] = [
	{ id: "reduce", options: { mode: "seriesToRows", reducers: ["lastNotNull"] } },
	{ id: "sortBy", options: { sort: [{ field: "Last *", desc: true }] } },
];
/** Labels that the columns of a table need not show. */
const placeLabels = ["country", "asn", "name", "organization"];

/** One row for each combination of labels, its columns named, the greatest first. */
function namedColumns({ view, queries, columns = {} }: PanelSpec): dashboard.DataTransformerConfig[] {
	const hidden = ["Time", ...(view === "table" ? placeLabels.filter((label) => columns[label] === undefined) : [])];
	// Grafana calls the only value Value, several by their query.
	const values = queries.map(({ legend }, index) => [
		queries.length === 1 ? "Value" : `Value #${refId(index)}`,
		legend,
	]);
	const names = [...Object.entries(columns), ...values];
	return [
		...(queries.length === 1 ? [] : [{ id: "merge", options: {} }]),
		{
			id: "organize",
			options: {
				excludeByName: Object.fromEntries(hidden.map((name) => [name, true])),
				renameByName: Object.fromEntries(names),
				indexByName: Object.fromEntries(names.map(([name], index) => [name, index])),
			},
		},
		{ id: "sortBy", options: { sort: [{ field: queries[0]?.legend, desc: true }] } },
	];
}

function refId(index: number): string {
	return String.fromCharCode(65 + index);
}

function target(query: PanelQuery, index: number, view: View): prometheus.DataqueryBuilder {
	const builder = new prometheus.DataqueryBuilder()
		.refId(refId(index))
		.datasource(source)
		.editorMode(prometheus.QueryEditorMode.Code)
		.expr(query.expr)
		.legendFormat(query.legend);
	switch (view) {
		case "lines":
		case "stacked":
		case "stat":
			return builder.range();
		case "heatmap":
			return builder.range().format(prometheus.PromQueryFormat.Heatmap);
		case "table":
		case "geomap":
			return builder.instant().format(prometheus.PromQueryFormat.Table);
		case "number":
		case "bars":
			return builder.instant();
	}
}

function seriesPanel(view: "lines" | "stacked"): timeseries.PanelBuilder {
	const builder = new timeseries.PanelBuilder()
		.min(0)
		.legend(new common.VizLegendOptionsBuilder().showLegend(true).placement(common.LegendPlacement.Bottom))
		.tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi));
	if (view === "lines") return builder;
	return builder
		.fillOpacity(30)
		.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group("A"));
}

/** Circles on the countries that the label names, as large as the value. */
function countryLayer(): common.MapLayerOptionsBuilder {
	return new common.MapLayerOptionsBuilder()
		.type("markers")
		.name("Clients")
		.tooltip(true)
		.location(
			new common.FrameGeometrySourceBuilder()
				.mode(common.FrameGeometrySourceMode.Lookup)
				.lookup("country")
				.gazetteer("public/gazetteer/countries.json"),
		)
		.config({
			showLegend: false,
			style: {
				color: { fixed: "dark-green" },
				opacity: 0.5,
				size: { field: "Clients", fixed: 5, min: 4, max: 24 },
				symbol: { fixed: "img/icons/marker/circle.svg", mode: "fixed" },
			},
		});
}

function viewPanel(spec: PanelSpec) {
	const { view } = spec;
	switch (view) {
		case "number":
		case "stat":
			return (
				new stat.PanelBuilder()
					.graphMode(view === "stat" ? common.BigValueGraphMode.Area : common.BigValueGraphMode.None)
					// The last value of a course may be old: then none is shown.
					.reduceOptions(new common.ReduceDataOptionsBuilder().calcs([view === "stat" ? "last" : "lastNotNull"]))
			);
		case "lines":
		case "stacked":
			return seriesPanel(view);
		case "bars":
			return new bars.PanelBuilder()
				.min(0)
				.xField("Field")
				.orientation(common.VizOrientation.Horizontal)
				.legend(new common.VizLegendOptionsBuilder().showLegend(false))
				.transformations([...seriesAsRows]);
		case "table":
			return new table.PanelBuilder().transformations(namedColumns(spec));
		case "geomap":
			return new geomap.PanelBuilder()
				.view(new geomap.MapViewConfigBuilder().id(geomap.MapCenterID.Zero).zoom(1))
				.layers([countryLayer()])
				.transformations(namedColumns(spec));
		case "heatmap":
			return new heatmap.PanelBuilder();
	}
}

function panel(spec: PanelSpec): Builder<dashboard.Panel> {
	const { title, description, view, unit, width, height, queries, texts, thresholds, noValue } = spec;
	const byPlace = queries.some(({ legend }) => /\{\{(country|asn)\}\}/.test(legend));
	const builder = viewPanel(spec)
		.title(title)
		.description(description)
		.datasource(source)
		.unit(unit)
		.span(width)
		.height(height ?? heights[view]);
	if (byPlace) builder.transformations([withoutPlace, ...(view === "bars" ? seriesAsRows : [])]);
	for (const [index, query] of queries.entries()) builder.withTarget(target(query, index, view));
	if (texts !== undefined) builder.mappings([mappingOf(texts)]);
	if (noValue !== undefined) builder.noValue(noValue);
	if (thresholds !== undefined) builder.thresholds(thresholdsOf(thresholds));
	// Without them Grafana has some of its own, at which a number turns red.
	else if (view === "number" || view === "stat") builder.thresholds(thresholdsOf([]));
	if (thresholds !== undefined && builder instanceof timeseries.PanelBuilder) {
		builder.thresholdsStyle(
			new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed),
		);
	}
	for (const query of queries) {
		const properties = columnProperties(query);
		if (properties.length > 0) builder.overrideByName(query.legend, properties);
	}
	return builder;
}

/** What a table's column has in place of the panel's. Its cells have the colours of its thresholds or texts. */
function columnProperties({ unit, texts, thresholds, noValue = "" }: PanelQuery): dashboard.DynamicConfigValue[] {
	const properties = unit === undefined ? [] : [{ id: "unit", value: unit }];
	if (texts === undefined && thresholds === undefined) return properties;
	const background: common.TableColoredBackgroundCellOptions = {
		type: common.TableCellDisplayMode.ColorBackground,
		mode: common.TableCellBackgroundDisplayMode.Basic,
	};
	// Grafana colours a cell without a value as if it were below all thresholds: green.
	const empty: dashboard.SpecialValueMap = {
		type: dashboard.MappingType.SpecialValue,
		options: { match: dashboard.SpecialValueMatch.NullAndNan, result: { text: noValue, color: "transparent" } },
	};
	return [
		...properties,
		{ id: "custom.cellOptions", value: background },
		...(thresholds === undefined ? [] : [{ id: "thresholds", value: thresholdsOf(thresholds).build() }]),
		{ id: "mappings", value: [...(texts === undefined ? [] : [mappingOf(texts)]), empty] },
	];
}

function mappingOf(texts: Texts): dashboard.ValueMap {
	const options = Object.entries(texts).map(
		([value, [text, color]], index) => [value, { text, color, index }] as const,
	);
	return { type: dashboard.MappingType.ValueToText, options: Object.fromEntries(options) };
}

/** Green, then yellow and red from these values on. */
function thresholdsOf(bounds: readonly number[]): dashboard.ThresholdsConfigBuilder {
	const steps = [null, ...bounds].map((value, index) => ({ value, color: ["green", "yellow", "red"][index] ?? "red" }));
	return new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps(steps);
}

/** A variable with the values of a label of something that is there for every domain and host, also before the first query. */
function labelVariable(label: string, title: string, query: string): dashboard.QueryVariableBuilder {
	return new dashboard.QueryVariableBuilder(label)
		.label(title)
		.datasource(source)
		.query(query)
		.refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
		.sort(dashboard.VariableSort.AlphabeticalAsc)
		.multi(true)
		.includeAll(true)
		.allValue(".*")
		.current({ selected: true, text: ["All"], value: ["$__all"] });
}

/** Alerts as they fire; of those without a domain or a host, all. */
function alertAnnotation(): dashboard.AnnotationQueryBuilder {
	const chosen = 'domain=~"$domain|",instance=~"$instance|"';
	return new dashboard.AnnotationQueryBuilder()
		.name("Alerts")
		.datasource(source)
		.enable(true)
		.iconColor("red")
		.expr(`ALERTS{alertname=~"Dnstt.+",alertstate="firing",${chosen}}`)
		.titleFormat("{{alertname}}")
		.textFormat("{{domain}} {{instance}} {{country}}");
}

/** The dashboard as Grafana imports it (JSON, a line feed at its end), with variables for the data source, domains and hosts. */
export function grafanaDashboard(): string {
	const builder = new dashboard.DashboardBuilder("dnstt")
		.uid("dnstt-exporter")
		.description("Clients, traffic and health of dnstt tunnels, as dnstt_exporter sees them")
		.tags(["dnstt", "dns"])
		.timezone("browser")
		.time({ from: "now-6h", to: "now" })
		.refresh("1m")
		.tooltip(dashboard.DashboardCursorSync.Crosshair)
		.withVariable(new dashboard.DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"))
		.withVariable(labelVariable("domain", "Domain", `label_values(${catalog.domainPeakClients.name}, domain)`))
		.withVariable(
			labelVariable("instance", "Host", `label_values(${catalog.domainPeakClients.name}{domain=~"$domain"}, instance)`),
		)
		.annotation(alertAnnotation());
	for (const { title, collapsed, panels } of sections) {
		const row = new dashboard.RowBuilder(title);
		// A row that is collapsed holds its panels itself.
		if (collapsed) for (const spec of panels) row.withPanel(panel(spec));
		builder.withRow(row);
		if (!collapsed) for (const spec of panels) builder.withPanel(panel(spec));
	}
	const built = builder.build();
	placePanels(built.panels ?? []);
	return `${JSON.stringify(built, null, 2)}\n`;
}

/** Numbers all panels, and lets a collapsed row take no more room than its title. */
function placePanels(panels: readonly (dashboard.Panel | dashboard.RowPanel)[]): void {
	let id = 0;
	let hidden = 0;
	for (const panel of panels) {
		panel.id = ++id;
		const inner = "panels" in panel ? panel.panels : [];
		const { gridPos } = panel;
		if (gridPos === undefined) continue;
		const bottoms = inner.map((one) => (one.gridPos?.y ?? 0) + (one.gridPos?.h ?? 0));
		const height = Math.max(0, ...bottoms.map((bottom) => bottom - gridPos.y - 1));
		gridPos.y -= hidden;
		for (const one of inner) {
			one.id = ++id;
			if (one.gridPos !== undefined) one.gridPos.y -= hidden;
		}
		hidden += height;
	}
}
