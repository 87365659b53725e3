/** A table of the status as lines of a terminal. */

import { type Column, type Row, sortRows, type Table } from "../summary/tables.ts";
import { fit, widthOf } from "../summary/terminal-text.ts";
import type { Paint } from "./paint.ts";
import type { Sorting } from "./view.ts";

/** Of the first column, at least. */
const nameWidthMin = 16;
const nameWidthMax = 44;
/** The longest text of a cell, "999 kB/s" with room to spare; the title has room for the mark of the order, too. */
const cellWidthMin = 9;
const gap = 2;
const barWidth = 10;

const titleWidth = ({ title }: Column) => Math.max(cellWidthMin, title.length + 2);

/** The rows whose name has `filter` in it, in the order that was chosen. */
export function chosenRows(table: Table, sorting: Sorting, filter: string): Row[] {
	const wanted = filter.toLowerCase();
	const rows = table.rows.filter(({ names }) => names.some((name) => name.toLowerCase().includes(wanted)));
	return sortRows(rows, sorting.column, sorting.reversed);
}

/** A header, and of each row its line and one more for each further form of its name. None is wider than `width`. */
export function tableLines(
	table: Table,
	rows: readonly Row[],
	sorting: Sorting,
	width: number,
	paint: Paint,
): { readonly header: string; readonly lines: readonly string[] } {
	const longest = Math.max(nameWidthMin, ...rows.flatMap(({ names }) => names.map((name) => widthOf(name))));
	const nameWidth = Math.min(longest, nameWidthMax, Math.max(nameWidthMin, width - cellWidthMin - gap));
	const shown = chooseColumns(table.columns, sorting.column, width - nameWidth);
	const used = shown.reduce((sum, { width: cellWidth }) => sum + cellWidth + gap, nameWidth);
	const bar = width - used >= barWidth + gap ? Math.min(3 * barWidth, width - used - gap) : 0;
	const most = Math.max(1, ...table.rows.map(({ activeClients }) => activeClients));
	const title = (index: number) => {
		const text = table.columns[index]?.title ?? "";
		return index === sorting.column ? `${text} ${sorting.reversed ? "▲" : "▼"}` : text;
	};
	const heading = (index: number, text: string) =>
		index === sorting.column ? paint(text, "bold", "cyan") : paint(text, "bold");
	const headings = shown.map(
		({ index, width: cellWidth }) => `${" ".repeat(gap)}${heading(index, fit(title(index), cellWidth, "right"))}`,
	);
	const line = ({ names: [name], cells, activeClients }: Row) => {
		const texts = shown.map(({ index, width: cellWidth }) => {
			const text = fit(cells[index]?.text ?? "", cellWidth, "right");
			return `${" ".repeat(gap)}${index === sorting.column ? paint(text, "bold") : text}`;
		});
		const drawn = bar === 0 ? "" : `  ${paint(barOf(activeClients / most, bar), "cyan")}`;
		return `${fit(name, nameWidth)}${texts.join("")}${drawn}`;
	};
	return {
		header: `${heading(0, fit(title(0), nameWidth))}${headings.join("")}`,
		lines: rows.flatMap((row) => [
			line(row),
			...row.names.slice(1).map((other) => paint(fit(other, nameWidth), "dim")),
		]),
	};
}

/** The columns after the first that have room, the sorted one always among them, each by its index. */
function chooseColumns(
	columns: readonly Column[],
	sortedBy: number,
	room: number,
): { readonly index: number; readonly width: number }[] {
	const candidates = columns.map((column, index) => ({
		index,
		width: titleWidth(column),
		priority: index === sortedBy ? -1 : column.priority,
	}));
	let left = room;
	const chosen: typeof candidates = [];
	for (const candidate of candidates.slice(1).toSorted((a, b) => a.priority - b.priority)) {
		if (candidate.width + gap > left) break;
		left -= candidate.width + gap;
		chosen.push(candidate);
	}
	return chosen.toSorted((a, b) => a.index - b.index);
}

/** A share of `width`, to an eighth of a column. */
function barOf(share: number, width: number): string {
	const eighths = share > 0 ? Math.max(1, Math.round(share * width * 8)) : 0;
	const partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8] ?? "";
	return `${"█".repeat(Math.floor(eighths / 8))}${partial}`;
}
