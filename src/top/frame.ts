/** What `top` shows, as lines: a function of what was read, of the view and of the size of the terminal. */

import type { Size } from "../process/output.ts";
import { count } from "../summary/format.ts";
import { activeByMinute, minuteMs } from "../summary/minutes.ts";
import { sparkline, sparklineGap } from "../summary/sparkline.ts";
import { lastQueryOf, type StateLine, stateLine } from "../summary/state-line.ts";
import { missingDatabase, noRows, restText, type Table, tableColumns, tableNames, tableOf } from "../summary/tables.ts";
import { cut, ends, fit, widthOf, wrap } from "../summary/terminal-text.ts";
import { type Tile, tilesOf } from "../summary/tiles.ts";
import { sectionTitles } from "../summary/titles.ts";
import { chosenRows, tableLines } from "./columns.ts";
import { durationText, healthLines, timeText } from "./health-lines.ts";
import type { Paint, Style } from "./paint.ts";
import type { HistoryReading, Reading } from "./reading.ts";
import { byActive, type Extent, type Panel, panels, type View } from "./view.ts";

/** What a frame is drawn from. */
export interface Scene {
	readonly url: string;
	readonly reading: Reading;
	/** Null where the exporter returned none. */
	readonly history: HistoryReading | null;
	/** Why the exporter does not answer, and when it last did: the reading is from then. */
	readonly lost: { readonly reason: string; readonly lastMs: number } | null;
	readonly nowMs: number;
}

export interface Frame {
	readonly lines: readonly string[];
	readonly extent: Extent;
}

const historyMinutes = 60;

/** As many lines as the terminal has rows, at most; none is wider than it. */
export function frameOf(scene: Scene, view: View, size: Size, paint: Paint): Frame {
	const { reading, lost } = scene;
	const { columns, rows } = size;
	// Old figures must be distinguished from new ones at a glance.
	const fading = (isOld: boolean): [body: Paint, faded: (line: string) => string] =>
		isOld ? [(text) => text, (line) => paint(line, "dim")] : [paint, (line) => line];
	const [body, faded] = fading(lost !== null || !reading.capture.up);
	const [conditionBody, conditionFaded] = fading(lost !== null);
	const head = [
		...titleLines(scene, columns, paint),
		...summaryLines(scene, columns, body).map(faded),
		...conditionLines(reading, columns, conditionBody, view.help ? 0 : fullMax).map(conditionFaded),
		"",
		tabs(reading, view, columns, paint),
	];
	const room = Math.max(0, rows - head.length - 1);
	const { header, lines } = view.help ? { header: [], lines: helpLines(paint) } : panelOf(reading, view, columns, body);
	const page = Math.max(1, room - header.length);
	const scroll = view.help ? 0 : Math.min(view.scroll, Math.max(0, lines.length - page));
	const shown = [...header, ...lines.slice(scroll, scroll + page)]
		.slice(0, room)
		.map(view.help ? (line) => line : faded);
	const filler = Array.from({ length: Math.max(0, room - shown.length) }, () => "");
	const more = { above: scroll, below: Math.max(0, lines.length - scroll - page) };
	return {
		lines: [...head, ...shown, ...filler, bottomLine(view, more, columns, paint)]
			.slice(0, rows)
			.map((line) => cut(line, columns)),
		extent: { columns: view.panel === "health" ? 1 : tableColumns[view.panel].length, page, rows: lines.length },
	};
}

/** Everything once, for output that is no terminal. */
export function plainText(scene: Scene, columns: number, paint: Paint): string {
	const { reading } = scene;
	const tables = tableNames.flatMap((name) => {
		const table = tableOf(name, reading);
		if (table === null) return [];
		const { header, lines } = tableLines(table, chosenRows(table, byActive, ""), byActive, columns, paint);
		const rest = restText(table);
		return ["", header, ...lines, ...(rest === "" ? [] : [rest])];
	});
	const all = [
		...titleLines(scene, columns, paint),
		...summaryLines(scene, columns, paint),
		...conditionLines(reading, columns, paint, fullMax),
		...tables,
		"",
		...healthLines(reading, columns, paint),
	];
	return `${all.map((line) => line.trimEnd()).join("\n")}\n`;
}

function titleLines({ url, reading, lost, nowMs }: Scene, columns: number, paint: Paint): string[] {
	const up = durationText(Date.parse(reading.time) - Date.parse(reading.started));
	const host = reading.host === "" ? "" : ` on ${reading.host}`;
	const left = ` dnstt_exporter ${reading.version}${host}  ${url}`;
	const right = ` up ${up}   ${timeText(lost === null ? reading.time : lost.lastMs, nowMs)} `;
	const title = paint(ends(left, right, columns), "reverse", "bold");
	if (lost === null) return [title];
	const since = `No answer since ${timeText(lost.lastMs, nowMs)} (${durationText(nowMs - lost.lastMs)}); showing the last figures.`;
	return [
		title,
		...[since, ...wrap(lost.reason, columns - 1)].map((line) => paint(` ${cut(line, columns - 1)}`, "bold", "red")),
	];
}

/** With the space after it: room for the longest value, and for the first tile's title. */
const tileWidthMin = 11;
const firstTileWidthMin = 15;
const tileWidthMax = 22;

/** The total, and the last hour's active clients as bars. */
function summaryLines({ reading, history }: Scene, columns: number, paint: Paint): string[] {
	const { total } = reading;
	const room = columns - 1;
	const tiles = chooseTiles(tilesOf(total), room);
	const shareWidth = Math.floor(room / tiles.length);
	const firstWidth = Math.min(room, Math.max(firstTileWidthMin, Math.min(tileWidthMax, shareWidth)));
	const width = Math.min(firstWidth, Math.floor((room - firstWidth) / (tiles.length - 1)));
	const line = (text: (tile: Tile, index: number) => string, ...styles: readonly Style[]) =>
		` ${tiles
			.map((tile, index) => {
				const cell = `${fit(text(tile, index), (index === 0 ? firstWidth : width) - 1)} `;
				return paint(cell, ...styles, ...(index === 0 && styles.includes("bold") ? (["cyan"] as const) : []));
			})
			.join("")}`;
	return [
		"",
		line(({ title }) => title, "dim"),
		line(({ value }) => value, "bold"),
		// A note that is cut in half says less than none; the first one is short.
		line(({ note }, index) => (index === 0 || widthOf(note) < width ? note : ""), "dim"),
		...historyLine(history, Date.parse(reading.time), columns, paint),
	];
}

/** As many as have room, the first always. */
function chooseTiles(tiles: readonly Tile[], room: number): Tile[] {
	const most = 1 + Math.max(0, Math.floor((room - firstTileWidthMin) / tileWidthMin));
	return tiles.filter(({ priority }) => priority < most);
}

function historyLine(history: HistoryReading | null, nowMs: number, columns: number, paint: Paint): string[] {
	const minutes = minutesOf(history, nowMs);
	if (minutes.length < 2) return [];
	const most = count(Math.max(...minutes.map((active) => active ?? 0)));
	const gap = minutes.includes(null) ? `, ${sparklineGap} not captured` : "";
	const note = `${minutes.length} min, most ${most}${gap}`;
	const bars = sparkline(minutes, Math.max(10, Math.min(historyMinutes, columns - widthOf(note) - 4)));
	return [` ${paint(bars, "cyan")}  ${paint(note, "dim")}`];
}

/**
 * The most active clients of each minute of the last hour; null is a minute without a sample, when nothing was captured. `nowMs`
 * is the exporter's time, as the history's are: the viewer's clock may be another.
 */
export function minutesOf(history: HistoryReading | null, nowMs: number): (number | null)[] {
	const last = Math.floor(nowMs / minuteMs);
	const most = activeByMinute(history?.hour ?? []);
	for (const minute of most.keys()) if (minute <= last - historyMinutes || minute > last) most.delete(minute);
	if (most.size === 0) return [];
	const first = Math.min(...most.keys());
	// The current minute has no sample in its first seconds.
	const end = most.has(last) ? last : last - 1;
	return Array.from({ length: end - first + 1 }, (_, index) => most.get(first + index) ?? null);
}

const severityStyles: Readonly<Record<StateLine["severity"], Style>> = {
	good: "green",
	info: "cyan",
	warning: "yellow",
	critical: "red",
};

/** Sentences of the first conditions only: the panel of health has all. */
const fullMax = 1;

/** How all is, and when the last query came; then the first `full` conditions, the worst first. */
function conditionLines(reading: Reading, columns: number, paint: Paint, full: number): string[] {
	const { conditions, domains, time } = reading;
	const state = stateLine(conditions);
	const last = lastQueryOf(domains);
	const lastText = last === null ? "" : `last query ${timeText(last, Date.parse(time))} `;
	const line = ends(` ● ${state.text}`, lastText, columns);
	return [
		paint(line, "bold", severityStyles[state.severity]),
		...conditions
			.slice(0, full)
			.flatMap(({ sentence, remedy }) => wrap(`${sentence} ${remedy}`, columns - 4).map((text) => `   ${text}`)),
	];
}

function tabs(reading: Reading, view: View, columns: number, paint: Paint): string {
	const amounts: Readonly<Record<Panel, number | null>> = {
		domains: reading.domains.length,
		countries: reading.countries?.count ?? null,
		asns: reading.asns?.count ?? null,
		health: reading.conditions.length === 0 ? null : reading.conditions.length,
	};
	const labels = panels.map((panel) => {
		const amount = amounts[panel];
		const label = ` ${sectionTitles[panel]}${amount === null ? "" : ` ${panel === "health" ? "!" : ""}${count(amount)}`} `;
		return panel === view.panel && !view.help ? paint(label, "reverse", "bold") : label;
	});
	const filter = view.filter === "" || view.editing || view.panel === "health" ? "" : `filter: ${view.filter} `;
	return ends(labels.join(" "), paint(filter, "yellow"), columns);
}

function panelOf(
	reading: Reading,
	view: View,
	columns: number,
	paint: Paint,
): { header: string[]; lines: readonly string[] } {
	const indent = (line: string) => ` ${line}`;
	if (view.panel === "health") return { header: [], lines: healthLines(reading, columns - 2, paint).map(indent) };
	const table = tableOf(view.panel, reading);
	if (table === null) return { header: [], lines: ["", ...wrap(missingDatabase[view.panel], columns - 2).map(indent)] };
	const sorting = view.sorting[view.panel];
	const rows = chosenRows(table, sorting, view.filter);
	const { header, lines } = tableLines(table, rows, sorting, columns - 2, paint);
	const remarks = remark(table, rows.length, view.filter).map((line) => paint(line, "dim"));
	return { header: [indent(header)], lines: [...lines, ...remarks].map(indent) };
}

/** What the rows leave out; `shown` is how many the filter left. */
function remark(table: Table, shown: number, filter: string): string[] {
	const all = table.rows.length;
	if (all === 0) return [noRows];
	if (shown === 0) return [`none of ${count(all)} has “${filter}” in its name; Esc shows all`];
	const parts = [filter === "" ? "" : `${count(shown)} of ${count(all)}; Esc shows all`, restText(table)];
	return parts.filter((part) => part !== "");
}

function helpLines(paint: Paint): string[] {
	const keys = [
		["d c n h", "domains, countries, networks, health; Tab and the arrows too"],
		["s", "sort by the next column"],
		["r", "reverse the order"],
		["/", "filter by name; Enter keeps the filter, Esc drops it"],
		["↑ ↓ j k", "scroll; Page up, Page down, Home and End too"],
		["Ctrl+L", "redraw the screen"],
		["q", "quit"],
	] as const;
	return [
		"",
		...keys.map(([key, what]) => ` ${paint(fit(key, 9), "bold")} ${what}`),
		"",
		" A client is active for session.active-window (30 s) after its last query.",
		" Rates are of the last 10 to 20 s; times are UTC.",
		" Countries and networks are those of the resolvers that queries come through.",
		" Round trip: from the server through the resolvers to the clients, and back.",
		"",
		paint(" Any key goes back.", "dim"),
	];
}

function bottomLine(view: View, more: { above: number; below: number }, columns: number, paint: Paint): string {
	if (view.editing)
		return ` ${paint("Filter:", "bold")} ${view.filter}${paint(" ", "reverse")}  ${paint("Enter keeps it, Esc drops it", "dim")}`;
	const scrolled = [
		...(more.above > 0 ? [`↑ ${count(more.above)}`] : []),
		...(more.below > 0 ? [`↓ ${count(more.below)}`] : []),
	].join(" ");
	const keys = "d c n h panels  s sort  r reverse  / filter  ? help  q quit";
	return paint(ends(` ${keys}`, `${scrolled} `, columns), "dim");
}
