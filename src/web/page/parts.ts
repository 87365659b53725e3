/** The parts of the status page that change, as HTML: the server writes them into the page, the page's script renews them. */

import type { Status } from "../../status/status.ts";
import type { Condition } from "../../summary/conditions.ts";
import { captureEntries, type Entry, tunnelEntries, type Writing } from "../../summary/entries.ts";
import { count, duration } from "../../summary/format.ts";
import { isSinceStart, lastQueryOf, recentText, sinceStartText, stateLine } from "../../summary/state-line.ts";
import {
	type Column,
	noRows,
	restText,
	sortRows,
	type Table,
	type TableName,
	tableColumns,
	tableNames,
	tableOf,
} from "../../summary/tables.ts";
import { type Tile, tilesOf } from "../../summary/tiles.ts";
import { sectionTitles } from "../../summary/titles.ts";
import { escapeHtml } from "../html.ts";

/** A moment (RFC 3339) for the viewer: in their zone once the script runs, in UTC before. */
export type TimeText = (time: string) => string;

export interface Sorting {
	/** Index of the column. */
	readonly column: number;
	/** Numbers from the least, names from the last. */
	readonly reversed: boolean;
	/** All rows, or the first few. */
	readonly all: boolean;
}

export type Sortings = Readonly<Record<TableName, Sorting>>;

const byActive: Sorting = { column: 1, reversed: false, all: false };
export const firstSortings: Sortings = { domains: byActive, countries: byActive, asns: byActive };

/** Rows of a table that are shown at first. */
const fewRows = 15;

/** Columns of a higher number are left out on a narrow screen. */
const narrowPriorityMax = 2;

function widthClass({ priority }: Column): string {
	return priority > narrowPriorityMax ? ` class="wide"` : "";
}

/** The head of a table, which stays: its buttons sort. */
export function tableHead(name: TableName): string {
	const cells = tableColumns[name].map((column, index) => {
		const order = index === byActive.column ? ` aria-sort="descending"` : "";
		return `<th scope="col"${widthClass(column)}${order}><button type="button" data-table="${name}" data-column="${index}">${column.title}</button></th>`;
	});
	return `<tr>${cells.join("")}</tr>`;
}

function tableRows(table: Table | null, { column, reversed, all }: Sorting): string {
	if (table === null) return "";
	const most = Math.max(1, ...table.rows.map(({ activeClients }) => activeClients));
	return sortRows(table.rows, column, reversed)
		.slice(0, all ? table.rows.length : fewRows)
		.map(({ names: [name, ...others], activeClients, cells }) => {
			const notes = others.map((other) => `<span class="note">${escapeHtml(other)}</span>`).join("");
			const head = `<th scope="row"><span>${escapeHtml(name)}</span>${notes}${bar(activeClients / most)}</th>`;
			const rest = table.columns.map((of, index) =>
				index === 0 ? head : `<td${widthClass(of)}>${escapeHtml(cells[index]?.text ?? "")}</td>`,
			);
			return `<tr>${rest.join("")}</tr>`;
		})
		.join("");
}

/** All parts of the page that change, by the id of the element that they fill. */
export function parts(status: Status, time: TimeText, sortings: Sortings): Readonly<Record<string, string>> {
	const writing: Writing = {
		name: escapeHtml,
		moment: (moment) => timeElement(moment, time),
		duration,
		times: "×",
	};
	return {
		state: stateHtml(status, time),
		conditions: status.conditions.map((condition) => conditionHtml(condition, time)).join(""),
		now: now(status, time),
		...Object.fromEntries(
			tableNames.flatMap((name) => {
				const table = tableOf(name, status);
				return [
					[`${name}-rows`, tableRows(table, sortings[name])],
					[`${name}-more`, more(name, table, sortings[name])],
				];
			}),
		),
		health: tunnelEntries(status.recent.health, writing).map(entry).join(""),
		"health-span": recentText(status.recent),
		"health-total": isSinceStart(status.recent) ? "" : healthSinceStart(status, writing),
		capture: captureEntries(status.capture, status.time, writing).map(entry).join(""),
	};
}

function more(name: TableName, table: Table | null, { all }: Sorting): string {
	if (table === null) return "";
	const { rows } = table;
	if (rows.length === 0) return noRows;
	const button =
		rows.length > fewRows
			? `<button type="button" data-all="${name}">${all ? "Show fewer" : `Show all ${count(rows.length)}`}</button>`
			: "";
	return [button, restText(table)].join(" ").trim();
}

function now({ total, active_window_seconds, started }: Status, at: TimeText): string {
	const [active, ...rest] = tilesOf(total);
	const peak =
		total.peak_clients === null
			? "Peaks are listed with the domains below"
			: `Peak <b>${count(total.peak_clients)}</b> since ${timeElement(started, at)}`;
	return `<div>
<h3>${active?.title}</h3>
<p class="figure" data-figure="${active?.figure}">${active?.value}</p>
<p class="note">${peak}</p>
<p class="note">Active for ${active_window_seconds} s after a query</p>
</div>
<dl class="tiles">
${rest.map(tile).join("\n")}
</dl>`;
}

/** The number large, its unit small. */
function tile({ figure, title, value, note }: Tile): string {
	const [number, unit] = value.split(" ");
	const shown = unit === undefined ? number : `${number} <small>${unit}</small>`;
	return `<div><dt>${title}</dt><dd><span data-figure="${figure}">${shown}</span><span class="note">${note}</span></dd></div>`;
}

/** A share of the widest bar. */
function bar(share: number): string {
	return `<svg class="bar" aria-hidden="true"><rect width="100%" height="100%"/><rect class="filled" width="${(share * 100).toFixed(1)}%" height="100%"/></svg>`;
}

function entry({ title, value, note, state }: Entry): string {
	const warning = state === "poor" || state === "bad" ? ` class="warning"` : "";
	return `<div${warning}><dt>${title}</dt><dd>${value}<span class="note">${note}</span></dd></div>`;
}

function healthSinceStart({ health }: Status, writing: Writing): string {
	const entries = tunnelEntries(health, writing).map(entry).join("");
	return `<h2>${sectionTitles.health} <span class="of">${sinceStartText}</span></h2><dl class="entries">${entries}</dl>`;
}

/** How all is, and when the last query came. */
function stateHtml({ conditions, domains }: Status, at: TimeText): string {
	const { text, severity } = stateLine(conditions);
	const last = lastQueryOf(domains);
	const lastText = last === null ? "" : ` <span class="note">Last query ${timeElement(last, at)}</span>`;
	return `<strong data-severity="${severity}">${escapeHtml(text)}</strong>${lastText}`;
}

function conditionHtml({ severity, title, since, sentence, remedy }: Condition, at: TimeText): string {
	const begin = since === null ? "" : ` <span class="note since">since ${timeElement(since, at)}</span>`;
	return `<li data-severity="${severity}"><h2>${escapeHtml(title)}${begin}</h2><p>${escapeHtml(sentence)}</p><p>${escapeHtml(remedy)}</p></li>`;
}

function timeElement(time: string, text: TimeText): string {
	return `<time datetime="${time}">${escapeHtml(text(time))}</time>`;
}
