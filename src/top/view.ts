/** What the viewer has chosen to see, and how keys change it. */

import { type TableName, tableNames } from "../summary/tables.ts";

/** Tables can be sorted and filtered. */
export const panels = [...tableNames, "health"] as const;
export type Panel = (typeof panels)[number];

export interface Sorting {
	/** Index into the panel's columns. */
	readonly column: number;
	readonly reversed: boolean;
}

export interface View {
	readonly panel: Panel;
	readonly sorting: Readonly<Record<TableName, Sorting>>;
	/** Only rows whose name has this in it. */
	readonly filter: string;
	/** The filter is being typed. */
	readonly editing: boolean;
	/** Rows that are above the first one shown. */
	readonly scroll: number;
	readonly help: boolean;
}

/** The first column is the name, the second the active clients. */
export const byActive: Sorting = { column: 1, reversed: false };

export const firstView: View = {
	panel: "domains",
	sorting: { domains: byActive, countries: byActive, asns: byActive },
	filter: "",
	editing: false,
	scroll: 0,
	help: false,
};

/** What scrolling and sorting are bounded by. */
export interface Extent {
	/** Columns of a ranked panel's table. */
	readonly columns: number;
	/** Rows that are shown at once, and how many there are. */
	readonly page: number;
	readonly rows: number;
}

/** A filter no longer than a domain name. */
const filterMax = 253;

const panelKeys: Readonly<Record<string, Panel>> = { d: "domains", c: "countries", n: "asns", h: "health" };

/** The view after a key; null to quit. */
export function press(view: View, key: string, extent: Extent): View | null {
	if (key === "interrupt") return null;
	if (view.editing) return edit(view, key);
	if (view.help) return key === "q" ? null : { ...view, help: false };
	const panel = panelKeys[key];
	if (panel !== undefined) return { ...view, panel, scroll: 0 };
	const lastScroll = Math.max(0, extent.rows - extent.page);
	const scrolled = (to: number) => ({ ...view, scroll: Math.max(0, Math.min(to, lastScroll)) });
	switch (key) {
		case "q":
			return null;
		case "?":
			return { ...view, help: true };
		case "s":
			return sorted(view, ({ column }) => ({ column: (column + 1) % extent.columns, reversed: false }));
		case "r":
			return sorted(view, ({ column, reversed }) => ({ column, reversed: !reversed }));
		case "/":
			return view.panel === "health" ? view : { ...view, editing: true };
		case "escape":
			return { ...view, filter: "", scroll: 0 };
		case "left":
		case "right": {
			const next = panels.indexOf(view.panel) + (key === "right" ? 1 : panels.length - 1);
			return { ...view, panel: panels[next % panels.length] ?? view.panel, scroll: 0 };
		}
		case "up":
		case "k":
			return scrolled(view.scroll - 1);
		case "down":
		case "j":
			return scrolled(view.scroll + 1);
		case "page up":
			return scrolled(view.scroll - extent.page);
		case "page down":
		case " ":
			return scrolled(view.scroll + extent.page);
		case "home":
		case "g":
			return scrolled(0);
		case "end":
		case "G":
			return scrolled(lastScroll);
		default:
			return view;
	}
}

function sorted(view: View, change: (sorting: Sorting) => Sorting): View {
	if (view.panel === "health") return view;
	return { ...view, scroll: 0, sorting: { ...view.sorting, [view.panel]: change(view.sorting[view.panel]) } };
}

function edit(view: View, key: string): View {
	if (key === "enter") return { ...view, editing: false };
	if (key === "escape") return { ...view, editing: false, filter: "", scroll: 0 };
	if (key === "backspace") return { ...view, filter: [...view.filter].slice(0, -1).join(""), scroll: 0 };
	if ([...key].length !== 1 || view.filter.length >= filterMax) return view;
	return { ...view, filter: view.filter + key, scroll: 0 };
}
