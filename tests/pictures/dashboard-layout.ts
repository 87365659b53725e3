/** The Grafana dashboard's layout as a page: rows as headings, panels as boxes with their titles at their places. */

interface GridPosition {
	readonly x: number;
	readonly y: number;
	readonly w: number;
	readonly h: number;
}

export interface Panel {
	readonly type: string;
	readonly title: string;
	readonly gridPos: GridPosition;
	/** Of a row that is closed. */
	readonly collapsed?: boolean;
	readonly panels?: readonly Panel[];
}

/** Grafana's grid has 24 columns. */
const columns = 24;
const width = 960;
const rowHeight = 12;
const gap = 3;

/** What a panel of each type shows, for those who do not know Grafana's names. */
const kinds: Readonly<Record<string, string>> = {
	stat: "figure",
	timeseries: "chart",
	heatmap: "heat map",
	table: "table",
	geomap: "map",
};

function placeOf({ x, y, w, h }: GridPosition): string {
	const column = width / columns;
	return `left:${x * column + gap}px;top:${y * rowHeight + gap}px;width:${w * column - 2 * gap}px;height:${h * rowHeight - 2 * gap}px`;
}

function boxOf({ type, title, gridPos, collapsed, panels = [] }: Panel): string {
	const name = Bun.escapeHTML(title);
	if (type !== "row") {
		const kind = kinds[type];
		if (kind === undefined) throw new Error(`a panel of type ${type} has no picture`);
		return `<div class="panel" style="${placeOf(gridPos)}"><b>${name}</b><i>${kind}</i></div>`;
	}
	// A row is one unit high, too little for its text: it takes the gaps around it as well.
	const place = placeOf(gridPos);
	return collapsed === true
		? `<h2 style="${place}">▸ ${name} <i>(${panels.length} panels)</i></h2>`
		: `<h2 style="${place}">▾ ${name}</h2>`;
}

/** A whole page. */
export function layoutPage(panels: readonly Panel[]): string {
	const height = Math.max(...panels.map(({ gridPos: { y, h } }) => y + h)) * rowHeight + gap;
	return `<!doctype html><meta charset="utf-8"><style>
		body { margin: 0; padding: 12px; width: max-content; background: #f4f5f5; color: #24292e; font: 12px/1.3 "DejaVu Sans", sans-serif; }
		main { position: relative; width: ${width}px; height: ${height}px; }
		main > * { position: absolute; box-sizing: border-box; margin: 0; }
		h2 { font-size: 12px; line-height: 8px; white-space: nowrap; }
		.panel { display: flex; flex-direction: column; justify-content: space-between; padding: 4px 7px;
			background: #fff; border: 1px solid #d5d9dd; border-radius: 3px; }
		b { font-weight: normal; }
		i { font-style: normal; font-weight: normal; font-size: 10px; color: #6b7280; }
	</style><main>${panels.map(boxOf).join("")}</main>`;
}
