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
import { type PanelQuery, type PanelSpec, sections, type View } from "./panels.ts";

const source = { type: "prometheus", uid: "$" + "{datasource}" } as const;

/** Rows of the grid. */
const heights: Readonly<Record<View, number>> = {
	...{ stat: 4, geomap: 10, bars: 10, table: 8, lines: 8, stacked: 8, heatmap: 8 },
};

/** A series' name and its last value as a row, the greatest first: what a bar chart with one bar a series wants. */
const seriesAsRows: readonly dashboard.DataTransformerConfig[] = [
	{ id: "reduce", options: { mode: "seriesToRows", reducers: ["lastNotNull"] } },
	{ id: "sortBy", options: { sort: [{ field: "Last *", desc: true }] } },
];
/** A table without the column of the time, which is the same in all rows. */
const withoutTime: readonly dashboard.DataTransformerConfig[] = [
	{ id: "organize", options: { excludeByName: { Time: true } } },
	{ id: "sortBy", options: { sort: [{ field: "Value", desc: true }] } },
];

function target(query: PanelQuery, index: number, view: View): prometheus.DataqueryBuilder {
	const builder = new prometheus.DataqueryBuilder()
		.refId(String.fromCharCode(65 + index))
		.datasource(source)
		.editorMode(prometheus.QueryEditorMode.Code)
		.expr(query.expr)
		.legendFormat(query.legend);
	switch (view) {
		case "lines":
		case "stacked":
			return builder.range();
		case "heatmap":
			return builder.range().format(prometheus.PromQueryFormat.Heatmap);
		case "table":
		case "geomap":
			return builder.instant().format(prometheus.PromQueryFormat.Table);
		case "stat":
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
				size: { field: "Value", fixed: 5, min: 4, max: 24 },
				symbol: { fixed: "img/icons/marker/circle.svg", mode: "fixed" },
			},
		});
}

function viewPanel(view: View) {
	switch (view) {
		case "stat":
			return new stat.PanelBuilder()
				.graphMode(common.BigValueGraphMode.None)
				.reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]));
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
			return new table.PanelBuilder().transformations([...withoutTime]);
		case "geomap":
			return new geomap.PanelBuilder()
				.view(new geomap.MapViewConfigBuilder().id(geomap.MapCenterID.Zero).zoom(1))
				.layers([countryLayer()]);
		case "heatmap":
			return new heatmap.PanelBuilder();
	}
}

function panel(spec: PanelSpec): Builder<dashboard.Panel> {
	const { title, description, view, unit, width, queries, texts } = spec;
	const builder = viewPanel(view)
		.title(title)
		.description(description)
		.datasource(source)
		.unit(unit)
		.span(width)
		.height(heights[view]);
	for (const [index, query] of queries.entries()) builder.withTarget(target(query, index, view));
	if (texts !== undefined) {
		const options = Object.entries(texts).map(
			([value, [text, color]], index) => [value, { text, color, index }] as const,
		);
		builder.mappings([{ type: dashboard.MappingType.ValueToText, options: Object.fromEntries(options) }]);
	}
	return builder;
}

/** The dashboard as Grafana imports it (JSON, a line feed at its end), with variables for the data source and the domain. */
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
		.withVariable(
			new dashboard.QueryVariableBuilder("domain")
				.label("Domain")
				.datasource(source)
				// There for every domain, also before the first query.
				.query(`label_values(${catalog.domainPeakClients.name}, domain)`)
				.refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
				.sort(dashboard.VariableSort.AlphabeticalAsc)
				.multi(false)
				.includeAll(false),
		);
	for (const section of sections) {
		builder.withRow(new dashboard.RowBuilder(section.title));
		for (const spec of section.panels) builder.withPanel(panel(spec));
	}
	const built = builder.build();
	for (const [index, one] of (built.panels ?? []).entries()) one.id = index + 1;
	return `${JSON.stringify(built, null, 2)}\n`;
}
