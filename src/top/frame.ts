/** What `top` shows, as lines: a function of what was read, of the view and of the size of the terminal. */

import type { Size } from "../process/output.ts";
import { byteRate, count, rate } from "../summary/format.ts";
import { activeByMinute, minuteMs } from "../summary/minutes.ts";
import { silenceOf } from "../summary/silence.ts";
import { sparkline } from "../summary/sparkline.ts";
import { type Table, type TableName, tableColumns, tableNames, tableOf } from "../summary/tables.ts";
import { cut, ends, fit, widthOf, wrap } from "../summary/terminal-text.ts";
import { chosenRows, tableLines } from "./columns.ts";
import { bytesText, durationText, healthLines, timeText } from "./health-lines.ts";
import type { Paint, Style } from "./paint.ts";
import type { HistoryReading, Reading } from "./reading.ts";
import { byActive, type Extent, type Panel, panels, type View } from "./view.ts";

/** What is there to be shown. */
export interface Scene {
	readonly url: string;
	readonly reading: Reading;
	/** Null where the exporter gave none. */
	readonly history: HistoryReading | null;
	/** Why the exporter cannot be asked, and when it last could: what is shown is of then. */
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
	// Old figures are told from new ones at a glance.
	const body: Paint = lost === null ? paint : (text) => text;
	const faded = (line: string) => (lost === null ? line : paint(line, "dim"));
	const head = [
		...titleLines(scene, columns, paint),
		...summaryLines(scene, columns, body).map(faded),
		...notice(reading, columns).map((line, index) =>
			paint(line, ...(index === 0 ? (["bold", "yellow"] as const) : [])),
		),
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

/** All that there is, once, for what is no terminal. */
export function plainText(scene: Scene, columns: number, paint: Paint): string {
	const { reading } = scene;
	const tables = tableNames.flatMap((name) => {
		const table = tableOf(name, reading);
		if (table === null) return [];
		const { header, lines } = tableLines(table, chosenRows(table, byActive, ""), byActive, columns, paint);
		const missing = table.count - table.rows.length;
		return ["", header, ...lines, ...(missing > 0 ? [`and ${count(missing)} more`] : [])];
	});
	const all = [
		...titleLines(scene, columns, paint),
		...summaryLines(scene, columns, paint),
		...notice(reading, columns),
		...tables,
		"",
		...healthLines(reading, columns, paint),
	];
	return `${all.map((line) => line.trimEnd()).join("\n")}\n`;
}

function titleLines({ url, reading, lost, nowMs }: Scene, columns: number, paint: Paint): string[] {
	const up = durationText(Date.parse(reading.time) - Date.parse(reading.started));
	const left = ` dnstt_exporter ${reading.version}  ${url}`;
	const right = ` up ${up}   ${timeText(lost === null ? reading.time : lost.lastMs, nowMs)} `;
	const title = paint(ends(left, right, columns), "reverse", "bold");
	if (lost === null) return [title];
	const since = `No answer since ${timeText(lost.lastMs, nowMs)} (${durationText(nowMs - lost.lastMs)}); the figures are of then, and it is asked again and again.`;
	return [
		title,
		...[since, ...wrap(lost.reason, columns - 1)].map((line) => paint(` ${cut(line, columns - 1)}`, "bold", "red")),
	];
}

interface Tile {
	readonly title: string;
	readonly value: string;
	readonly note: string;
	/** Tiles of the highest number go first where there is no room. */
	readonly dispensable: number;
}

/** With the space behind it: room for the longest value, and for the first tile's title. */
const tileWidthMin = 11;
const firstTileWidthMin = 15;
const tileWidthMax = 22;

/** The total, and the last hour's active clients as bars. */
function summaryLines({ reading, history }: Scene, columns: number, paint: Paint): string[] {
	const { total } = reading;
	const room = columns - 1;
	const tiles = chooseTiles(
		[
			{
				title: "Active clients",
				value: count(total.active_clients),
				note: total.peak_clients === null ? "" : `peak ${count(total.peak_clients)}`,
				dispensable: 0,
			},
			{
				title: "Queries",
				value: `${rate(total.queries_per_second)} /s`,
				note: `${count(total.queries)} in all`,
				dispensable: 1,
			},
			{
				title: "Received",
				value: byteRate(total.bytes_in_per_second),
				note: `${bytesText(total.bytes_in)} in all`,
				dispensable: 3,
			},
			{
				title: "Sent",
				value: byteRate(total.bytes_out_per_second),
				note: `${bytesText(total.bytes_out)} in all`,
				dispensable: 2,
			},
			{ title: "Sessions", value: count(total.sessions), note: "since start", dispensable: 4 },
		],
		room,
	);
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
		// Half a note says less than none; the first one is short.
		line(({ note }, index) => (index === 0 || widthOf(note) < width ? note : ""), "dim"),
		...historyLine(history, Date.parse(reading.time), columns, paint),
	];
}

/** As many as have room, the first always. */
function chooseTiles(tiles: readonly Tile[], room: number): Tile[] {
	const most = 1 + Math.max(0, Math.floor((room - firstTileWidthMin) / tileWidthMin));
	return tiles.filter(({ dispensable }) => dispensable < most);
}

function historyLine(history: HistoryReading | null, nowMs: number, columns: number, paint: Paint): string[] {
	const minutes = minutesOf(history, nowMs);
	if (minutes.length < 2) return [];
	const bars = sparkline(minutes, Math.max(10, Math.min(historyMinutes, columns - 20)));
	return [` ${paint(bars, "cyan")}  ${paint(`${minutes.length} min, most ${count(Math.max(...minutes))}`, "dim")}`];
}

/**
 * The most active clients of each minute of the last hour; minutes without a sample are 0. `nowMs` is the exporter's time,
 * as the history's are: the viewer's clock may be another.
 */
export function minutesOf(history: HistoryReading | null, nowMs: number): number[] {
	const last = Math.floor(nowMs / minuteMs);
	const most = activeByMinute(history?.hour ?? []);
	for (const minute of most.keys()) if (minute <= last - historyMinutes || minute > last) most.delete(minute);
	if (most.size === 0) return [];
	const first = Math.min(...most.keys());
	// The current minute has no sample in its first seconds.
	const end = Math.max(...most.keys());
	return Array.from({ length: end - first + 1 }, (_, index) => most.get(first + index) ?? 0);
}

/** What an operator should know first; none when all is as it should be. */
function notice(reading: Reading, columns: number): string[] {
	const silence = silenceOf(reading);
	if (silence === null) return [];
	const { capture, domains } = reading;
	const text = (first: string, ...rest: readonly string[]) => [
		"",
		...wrap(first, columns - 2).map((line) => ` ${line}`),
		...rest.map((line) => `   ${line}`),
	];
	const names = domains.map(({ domain }) => domain);
	const where = `on ${capture.interface}, UDP port ${capture.ports.join(" or ")}`;
	const port = capture.ports[0] ?? 53;
	switch (silence.reason) {
		case "capture closed":
			return text(
				`The capture on ${capture.interface} is not open, and nothing is counted. It is tried again every few seconds; the log says why it fails.`,
				"ip -brief link",
			).slice(1);
		case "refused":
			return text(
				`No client yet ${where}: ${count(silence.queries)} queries came for the domain, and all were refused (key h says why).`,
			);
		case "foreign":
			return text(
				`No tunnel traffic yet ${where}: ${count(silence.messages)} DNS messages came, none of them for ${names.join(" or ")}. Compare dnstt.domain with the domain of dnstt-server.`,
			);
		case "no query":
			return text(
				`No tunnel traffic yet ${where}: ${count(capture.received)} packets came, none of them a query to the tunnel. To check:`,
				`ss -ulpn 'sport = :${port}'        does dnstt-server receive there?`,
				`dig +trace NS ${names[0] ?? ""}   is the domain delegated to this host?`,
				`tcpdump -ni ${capture.interface} udp port ${port}    do queries arrive while a client connects?`,
			);
	}
}

const panelTitles: Readonly<Record<Panel, string>> = {
	domains: "Domains",
	countries: "Countries",
	asns: "ASNs",
	health: "Health",
};

function tabs(reading: Reading, view: View, columns: number, paint: Paint): string {
	const amounts: Readonly<Record<Panel, number | null>> = {
		domains: reading.domains.length,
		countries: reading.countries?.count ?? null,
		asns: reading.asns?.count ?? null,
		health: reading.diagnosis.length === 0 ? null : reading.diagnosis.length,
	};
	const labels = panels.map((panel) => {
		const amount = amounts[panel];
		const label = ` ${panelTitles[panel]}${amount === null ? "" : ` ${panel === "health" ? "!" : ""}${count(amount)}`} `;
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
	if (table === null) return { header: [], lines: ["", ...wrap(databaseHint[view.panel], columns - 2).map(indent)] };
	const sorting = view.sorting[view.panel];
	const rows = chosenRows(table, sorting, view.filter);
	const { header, lines } = tableLines(table, rows, sorting, columns - 2, paint);
	const remarks = remark(table, rows.length, view.filter).map((line) => paint(line, "dim"));
	return { header: [indent(header)], lines: [...lines, ...remarks].map(indent) };
}

/** What the rows leave out; `shown` is how many the filter left. */
function remark({ rows, count: all }: Table, shown: number, filter: string): string[] {
	const given = rows.length;
	if (shown === 0 && filter !== "") return [`none of ${count(given)} has “${filter}” in its name; Esc shows all`];
	if (shown === 0) return ["none so far"];
	if (all > given) return [`the ${count(given)} with the most active clients, of ${count(all)}; /metrics has all`];
	return filter === "" ? [] : [`${count(shown)} of ${count(given)}; Esc shows all`];
}

const databaseHint: Readonly<Record<TableName, string>> = {
	domains: "",
	countries:
		"The exporter has no database of countries: start it with --geoip.country-database /path/to/GeoLite2-Country.mmdb",
	asns: "The exporter has no database of networks: start it with --geoip.asn-database /path/to/GeoLite2-ASN.mmdb",
};

function helpLines(paint: Paint): string[] {
	const keys = [
		["d c a h", "domains, countries, ASNs, health; Tab and the arrows too"],
		["s", "sort by the next column"],
		["r", "reverse the order"],
		["/", "filter by name; Enter keeps the filter, Esc drops it"],
		["↑ ↓ j k", "scroll; Page up, Page down, Home and End too"],
		["Ctrl+L", "draw the screen anew"],
		["q", "quit"],
	] as const;
	return [
		"",
		...keys.map(([key, what]) => ` ${paint(fit(key, 9), "bold")} ${what}`),
		"",
		" A client is active for session.active-window (30 s) after its last query.",
		" Rates are of the last 10 to 20 s; times are UTC.",
		" Countries and ASNs are those of the resolvers that the queries came through.",
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
	const keys = "d c a h panels  s sort  r reverse  / filter  ? help  q quit";
	return paint(ends(` ${keys}`, `${scrolled} `, columns), "dim");
}
