/** What a panel of the Grafana dashboard is, as data. */

/**
 * How a panel shows its values. Number, geomap, bars and table take the values of the moment, the others those of the time range;
 * a stat is the last value above its course.
 */
export type View = "number" | "stat" | "geomap" | "bars" | "table" | "lines" | "stacked" | "heatmap";

/** Value to text and colour. */
export type Texts = Readonly<Record<string, readonly [text: string, color: string]>>;

/** Where values begin to be bad, and where they are: green below, yellow and red above. */
export type Thresholds = readonly [warn: number, bad: number];

export interface PanelQuery {
	/** PromQL with Grafana's $domain, $instance, $__rate_interval and $__range. */
	readonly expr: string;
	/** What a series is called, with {{label}} for its labels; of a table, the column of its values. */
	readonly legend: string;
	/** Of a table's column, where they are not the panel's. */
	readonly unit?: string;
	readonly texts?: Texts;
	readonly thresholds?: Thresholds;
	readonly noValue?: string;
}

export interface PanelSpec {
	readonly title: string;
	readonly description: string;
	readonly view: View;
	/** Grafana's name of the unit. */
	readonly unit: string;
	/** Columns of the 24. */
	readonly width: 4 | 6 | 8 | 12 | 24;
	/** Rows, where they are not the view's. */
	readonly height?: number;
	readonly queries: readonly PanelQuery[];
	readonly texts?: Texts;
	readonly thresholds?: Thresholds;
	/** What stands in place of a value that is not there. */
	readonly noValue?: string;
	/** Of a table: the labels that are columns, and their names. */
	readonly columns?: Readonly<Record<string, string>>;
}

export interface PanelSection {
	readonly title: string;
	readonly collapsed: boolean;
	readonly panels: readonly PanelSpec[];
}

export const one = (expr: string, legend: string): readonly PanelQuery[] => [{ expr, legend }];
