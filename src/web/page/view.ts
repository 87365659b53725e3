/** The parts of the status page that change, as HTML: the server writes them into the page, the page's script renews them. */

import { byteRate, count, duration, optional, percent, rate, seconds } from "../../format.ts";
import { captureEntries, type Entry, tunnelEntries, type Writing } from "../../report/entries.ts";
import { activeByMinute } from "../../report/minutes.ts";
import { countryName, networkName } from "../../report/names.ts";
import { silenceOf } from "../../report/silence.ts";
import type {
	Amounts,
	AsnStatus,
	CountryStatus,
	DomainStatus,
	OriginStatus,
	Point,
	Ranking,
	Status,
} from "../../status/status.ts";
import { escapeHtml } from "../html.ts";

/** A moment (RFC 3339) for the viewer: in their zone once the script runs, in UTC before. */
export type TimeText = (time: string) => string;

export interface Sorting {
	readonly column: string;
	readonly descending: boolean;
	/** All rows, or the first few. */
	readonly all: boolean;
}

/** Rows of a ranking that are shown at first. */
const fewRows = 15;

/** One column of a ranking: its name, what it sorts by, and how a cell reads. */
interface Column<Row> {
	readonly name: string;
	readonly title: string;
	readonly value: (row: Row) => number | string | null;
	readonly text: (row: Row) => string;
	/** Left out where there is no room. */
	readonly wide?: true;
}

const originColumns: readonly Column<OriginStatus>[] = [
	{
		name: "active",
		title: "Active",
		value: (row) => row.active_clients,
		text: (row) => count(row.active_clients),
	},
	{
		name: "queries",
		title: "Queries/s",
		value: (row) => row.queries_per_second,
		text: (row) => rate(row.queries_per_second),
	},
	{
		name: "traffic",
		title: "Traffic",
		value: traffic,
		text: (row) => byteRate(traffic(row)),
		wide: true,
	},
	{
		name: "trip",
		title: "Round trip",
		value: (row) => row.round_trip_median_seconds,
		text: (row) => optional(row.round_trip_median_seconds, seconds),
	},
	{
		name: "resent",
		title: "Resent",
		value: (row) => row.retransmission_ratio,
		text: (row) => optional(row.retransmission_ratio, percent),
		wide: true,
	},
];

const countryColumns: readonly Column<CountryStatus>[] = [
	{ name: "name", title: "Country", value: (row) => countryName(row.country), text: (row) => countryName(row.country) },
	...originColumns,
];

const asnColumns: readonly Column<AsnStatus>[] = [
	{ name: "name", title: "Network", value: (row) => Number(row.asn) || 0, text: (row) => networkName(row.asn) },
	...originColumns,
];

/** The rankings by the id of their table. */
export type RankingName = "countries" | "asns";

export const firstSorting: Sorting = { column: "active", descending: true, all: false };

/** The head of a ranking's table, which stays: its buttons sort. */
export function rankingHead(name: RankingName): string {
	const columns: readonly Column<never>[] = name === "countries" ? countryColumns : asnColumns;
	const cells = columns.map((column) => {
		const sort = column.name === firstSorting.column ? ` aria-sort="descending"` : "";
		const wide = column.wide ? ` class="wide"` : "";
		return `<th scope="col"${wide}${sort}><button type="button" data-table="${name}" data-column="${column.name}">${column.title}</button></th>`;
	});
	return `<tr>${cells.join("")}</tr>`;
}

/** Whether a column is sorted from its greatest value first: names are not. */
export function descendsFirst(column: string): boolean {
	return column !== "name";
}

function rankingRows<Row extends OriginStatus>(
	rows: readonly Row[],
	columns: readonly Column<Row>[],
	sorting: Sorting,
): string {
	const by = columns.find(({ name }) => name === sorting.column) ?? columns[1];
	if (by === undefined) return "";
	const sorted = rows.toSorted((a, b) => compare(by.value(a), by.value(b), sorting.descending));
	const most = Math.max(1, ...rows.map((row) => row.active_clients));
	return sorted
		.slice(0, sorting.all ? sorted.length : fewRows)
		.map((row) => {
			const cells = columns.map((column, index) => {
				const text = escapeHtml(column.text(row));
				if (index === 0) return `<th scope="row"><span>${text}</span>${bar(row.active_clients / most)}</th>`;
				return `<td${column.wide ? ` class="wide"` : ""}>${text}</td>`;
			});
			return `<tr>${cells.join("")}</tr>`;
		})
		.join("");
}

/** What is absent comes last, whichever way. */
function compare(a: number | string | null, b: number | string | null, descending: boolean): number {
	if (a === null || b === null) return Number(a === null) - Number(b === null);
	const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en");
	return descending ? -order : order;
}

/** All parts of the page that change, by the id of the element that they fill. */
export function parts(
	status: Status,
	hour: readonly Point[],
	time: TimeText,
	sortings: Readonly<Record<RankingName, Sorting>>,
): Readonly<Record<string, string>> {
	const { countries, asns } = status;
	const writing: Writing = {
		name: escapeHtml,
		moment: (moment) => timeElement(moment, time),
		duration,
		times: "×",
	};
	return {
		notice: notice(status, time),
		now: now(status, hour, time),
		domains: status.domains.map(domainRow).join(""),
		"countries-rows": rankingRows(countries?.rows ?? [], countryColumns, sortings.countries),
		"countries-more": more("countries", countries, sortings.countries),
		"asns-rows": rankingRows(asns?.rows ?? [], asnColumns, sortings.asns),
		"asns-more": more("asns", asns, sortings.asns),
		health: tunnelEntries(status.health, writing).map(entry).join(""),
		diagnosis: status.diagnosis.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join(""),
		capture: capture(status, writing),
	};
}

function more(name: RankingName, ranking: Ranking<unknown> | null, { all }: Sorting): string {
	if (ranking === null) return "";
	const { rows, count: inAll } = ranking;
	if (rows.length === 0) return "No queries yet.";
	const button =
		rows.length > fewRows
			? `<button type="button" data-all="${name}">${all ? "Show fewer" : `Show all ${count(rows.length)}`}</button>`
			: "";
	const rest = inAll - rows.length;
	return rest > 0 ? `${button} ${count(rest)} more, with fewer active clients, are in the metrics.` : button;
}

function now({ total, active_window_seconds, started, time }: Status, hour: readonly Point[], at: TimeText): string {
	const up = duration(Date.parse(time) - Date.parse(started));
	const since = `since ${timeElement(started, at)}`;
	const peak =
		total.peak_clients === null
			? "Peaks are with the domains below"
			: `Peak <b>${count(total.peak_clients)}</b> ${since}`;
	return `<div class="lead">
<div><h3>Active clients</h3>
<p class="figure" data-figure="active">${count(total.active_clients)}</p>
<p class="note">${peak}</p>
<p class="note">Active for ${active_window_seconds} s after a query</p></div>
${sparkline(hour)}
</div>
<dl class="tiles">
${tile("Queries", `${rate(total.queries_per_second)} <small>/s</small>`, `${count(total.queries)} in ${up}`, "queries")}
${tile("Received", byteRateHtml(total.bytes_in_per_second), "in queries", "in")}
${tile("Sent", byteRateHtml(total.bytes_out_per_second), "in responses", "out")}
${tile("Sessions", count(total.sessions), "since the start", "sessions")}
</dl>`;
}

function tile(title: string, value: string, note: string, figure: string): string {
	return `<div><dt>${title}</dt><dd><span data-figure="${figure}">${value}</span><span class="note">${note}</span></dd></div>`;
}

/** The number large, its unit small. */
function byteRateHtml(value: number): string {
	const [number, unit] = byteRate(value).split(" ");
	return `${number} <small>${unit}</small>`;
}

const sparklineWidth = 360;
const sparklineHeight = 64;

/** Active clients of the last hour, the most of each minute, as a line. The chart below says the same with numbers. */
function sparkline(hour: readonly Point[]): string {
	const minutes = activeByMinute(hour);
	const most = Math.max(1, ...minutes.values());
	const last = Math.max(0, ...minutes.keys());
	const spots = [...minutes].map(([minute, active]) => {
		const x = sparklineWidth * (1 - (last - minute) / 60);
		return `${x.toFixed(1)} ${((sparklineHeight - 3) * (1 - active / most) + 1.5).toFixed(1)}`;
	});
	const line = spots.length < 2 ? `M0 ${sparklineHeight - 1.5}H${sparklineWidth}` : `M${spots.join("L")}`;
	const firstX = spots.length < 2 ? "0" : spots[0]?.split(" ")[0];
	return `<svg class="sparkline" viewBox="0 0 ${sparklineWidth} ${sparklineHeight}" preserveAspectRatio="none" aria-hidden="true"><path class="area" d="${line}V${sparklineHeight}H${firstX}Z"/><path class="line" d="${line}"/></svg>`;
}

/** A share of the widest bar. */
function bar(share: number): string {
	return `<svg class="bar" aria-hidden="true"><rect width="100%" height="100%"/><rect class="filled" width="${(share * 100).toFixed(1)}%" height="100%"/></svg>`;
}

function domainRow(row: DomainStatus): string {
	const ascii = row.domain_unicode === row.domain ? "" : `<span class="note">${escapeHtml(row.domain)}</span>`;
	const cells = [
		count(row.active_clients),
		count(row.peak_clients),
		rate(row.queries_per_second),
		byteRate(traffic(row)),
		count(row.sessions),
		count(row.refused_queries),
	];
	const tds = cells.map((text, index) => `<td${index > 2 ? ` class="wide"` : ""}>${text}</td>`);
	return `<tr><th scope="row"><span>${escapeHtml(row.domain_unicode)}</span>${ascii}</th>${tds.join("")}</tr>`;
}

function capture({ capture, time }: Status, writing: Writing): string {
	const { ports } = capture;
	return [
		{ title: "Interface", value: escapeHtml(capture.interface), note: `UDP port ${ports.join(", ")}` },
		...captureEntries(capture, time, writing),
	]
		.map(entry)
		.join("");
}

function entry({ title, value, note, state }: Entry): string {
	const warning = state === "poor" || state === "bad" ? ` class="warning"` : "";
	return `<div${warning}><dt>${title}</dt><dd>${value}<span class="note">${note}</span></dd></div>`;
}

/** What an operator should know first; empty when all is as it should be. */
function notice(status: Status, at: TimeText): string {
	const silence = silenceOf(status);
	if (silence === null) return "";
	const { capture, domains } = status;
	const names = domains.map(({ domain }) => escapeHtml(domain));
	const [name = ""] = names;
	const [port] = capture.ports;
	const on = escapeHtml(capture.interface);
	const intro = `<h2>No tunnel traffic yet</h2><p>Listening on ${on}, UDP port ${capture.ports.join(" or ")} since ${timeElement(capture.since, at)}.`;
	switch (silence.reason) {
		case "capture closed":
			return `<h2>The capture is not open</h2><p>Nothing is counted since it broke on ${on}. It is tried again every few seconds; the log says why it fails. Look whether the interface is there: <code>ip -brief link</code></p>`;
		case "refused":
			return `${intro} ${count(silence.queries)} queries came for ${name}, and none of them is a client's: see what was refused under tunnel health. Once a client connects, this page comes alive.</p>`;
		case "foreign":
			return `${intro} ${count(silence.messages)} DNS messages came, and none is for ${names.join(" or ")}. Compare <code>dnstt.domain</code> with the domain that dnstt-server was started with.</p>`;
		case "no query":
			return `${intro} ${capture.received === 0 ? "Not one packet came." : `${count(capture.received)} packets came, and none is a DNS query to the tunnel.`} What to check:</p>
<ul>
<li>Does dnstt-server receive on this port? <code>ss -ulpn 'sport = :${port}'</code></li>
<li>Is the domain delegated to this host? <code>dig +trace NS ${name}</code></li>
<li>Do queries arrive at all? <code>tcpdump -ni ${on} udp port ${port}</code> while a client connects</li>
<li>Is another port or interface in use? See <code>dnstt.port</code> and <code>capture.interface</code>.</li>
</ul>`;
	}
}

function traffic(row: Amounts): number {
	return row.bytes_in_per_second + row.bytes_out_per_second;
}

function timeElement(time: string, text: TimeText): string {
	return `<time datetime="${time}">${escapeHtml(text(time))}</time>`;
}
