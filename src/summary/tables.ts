/** The tables of domains, countries and networks: their columns, rows and order. The page, `top` and `inspect` render them. */

import type { Figures } from "./figures.ts";
import { byteRate, bytes, count, optional, percent, rate, seconds } from "./format.ts";
import { countryName, networkName } from "./names.ts";
import { titles } from "./titles.ts";

export interface Column {
	readonly title: string;
	/** Where there is no room, columns with the highest number are left out first; 0 stays. */
	readonly priority: number;
}

export interface Cell {
	/** What rows are sorted by; null where nothing was measured. */
	readonly value: number | string | null;
	readonly text: string;
}

export interface Row {
	/** The text of the first cell, and other forms of the same name. */
	readonly names: readonly [string, ...string[]];
	readonly activeClients: number;
	/** A cell for each column. */
	readonly cells: readonly Cell[];
}

export interface Table {
	readonly columns: readonly Column[];
	/** In the order of the status: most active clients first. */
	readonly rows: readonly Row[];
	/** Rows that the exporter has in all; /metrics has those that are not here. */
	readonly count: number;
}

export const tableNames = ["domains", "countries", "asns"] as const;
export type TableName = (typeof tableNames)[number];

interface Amounts extends Pick<Figures, "active_clients" | "sessions"> {
	readonly queries_per_second: number;
	readonly bytes_in_per_second: number;
	readonly bytes_out_per_second: number;
}

interface DomainAmounts extends Amounts {
	readonly domain: string;
	readonly domain_unicode: string;
	readonly peak_clients: number;
	readonly refused_queries: number;
}

interface OriginAmounts extends Amounts {
	readonly round_trip_median_seconds: number | null;
	readonly retransmission_ratio: number | null;
}

interface Ranking<Amounts> {
	readonly rows: readonly Amounts[];
	readonly count: number;
}

/** The parts of the status (status/status.ts) that tables are made of. */
export interface TableSource {
	readonly domains: readonly DomainAmounts[];
	/** Null without a database. */
	readonly countries: Ranking<OriginAmounts & { readonly country: string }> | null;
	readonly asns: Ranking<OriginAmounts & { readonly asn: string; readonly organization: string | null }> | null;
}

/** The parts of a report (commands/inspect) that tables are made of: totals in place of rates. */
export interface TotalsSource {
	readonly domains: readonly DomainTotals[];
	/** Null without a database; only the rows that are shown. */
	readonly countries: Ranking<Figures & { readonly country: string }> | null;
	readonly asns: Ranking<Figures & { readonly asn: string; readonly organization: string | null }> | null;
}

type DomainTotals = Readonly<Figures> &
	Pick<DomainAmounts, "domain" | "domain_unicode" | "peak_clients" | "refused_queries">;

/** How the cells of a column are made. */
interface Measure<Amounts> extends Column {
	readonly cell: (row: Amounts) => Cell;
}

/** A column of numbers, or of null where nothing was measured. */
function measure<Amounts>(
	title: string,
	priority: number,
	value: (row: Amounts) => number | null,
	text: (value: number) => string,
): Measure<Amounts> {
	const cell = (row: Amounts) => ({ value: value(row), text: optional(value(row), text) });
	return { title, priority, cell };
}

type Common = Pick<Amounts, "active_clients" | "sessions">;

const active = measure<Common>(titles.active, 0, (row) => row.active_clients, count);
const rates = [
	measure<Amounts>(titles.queryRate, 1, (row) => row.queries_per_second, rate),
	measure<Amounts>(titles.received, 4, (row) => row.bytes_in_per_second, byteRate),
	measure<Amounts>(titles.sent, 3, (row) => row.bytes_out_per_second, byteRate),
] as const;
const totals = [
	measure<Figures>(titles.queries, 1, (row) => row.queries, count),
	measure<Figures>(titles.received, 4, (row) => row.bytes_in, bytes),
	measure<Figures>(titles.sent, 3, (row) => row.bytes_out, bytes),
] as const;
const peak = measure<Pick<DomainAmounts, "peak_clients">>(titles.peak, 2, (row) => row.peak_clients, count);
const refused = measure<Pick<DomainAmounts, "refused_queries">>(titles.refused, 5, (row) => row.refused_queries, count);
const sessions = measure<Common>(titles.sessions, 6, (row) => row.sessions, count);

const domainMeasures: readonly Measure<DomainAmounts>[] = [active, peak, ...rates, refused, sessions];
const originMeasures: readonly Measure<OriginAmounts>[] = [
	active,
	...rates,
	measure(titles.roundTrip, 2, (row) => row.round_trip_median_seconds, seconds),
	measure(titles.retransmitted, 5, (row) => row.retransmission_ratio, percent),
	sessions,
];

const domainTotals: readonly Measure<DomainTotals>[] = [active, peak, ...totals, refused, sessions];
const originTotals: readonly Measure<Figures>[] = [active, ...totals, sessions];

const nameColumns: Readonly<Record<TableName, Column>> = {
	domains: { title: "Domain", priority: 0 },
	countries: { title: "Country", priority: 0 },
	asns: { title: "Network", priority: 0 },
};

/** The columns of the status's tables, the name's first. */
export const tableColumns: Readonly<Record<TableName, readonly Column[]>> = {
	domains: [nameColumns.domains, ...domainMeasures],
	countries: [nameColumns.countries, ...originMeasures],
	asns: [nameColumns.asns, ...originMeasures],
};

/** What stands in place of a table's rows while there are none. */
export const noRows = "No queries yet.";

/** What stands in place of a table whose database the exporter does not have; "" where none is needed. */
export const missingDatabase: Readonly<Record<TableName, string>> = {
	domains: "",
	countries:
		"The exporter has no country database: start it with --geoip.country-database /path/to/GeoLite2-Country.mmdb",
	asns: "The exporter has no network database: start it with --geoip.asn-database /path/to/GeoLite2-ASN.mmdb",
};

/** What stands after the rows of a table: how many more the exporter has; "" if none. */
export function restText({ rows, count: all }: Table): string {
	const rest = all - rows.length;
	return rest > 0 ? `${count(rest)} more, with fewer active clients, are in the metrics.` : "";
}

/** A table as the status has it; null where the exporter has no database for it. */
export function tableOf(name: TableName, { domains, countries, asns }: TableSource): Table | null {
	switch (name) {
		case "domains": {
			return table(name, { rows: domains, count: domains.length }, domainMeasures, domainNames);
		}
		case "countries":
			return countries && table(name, countries, originMeasures, ({ country }) => [countryName(country)]);
		case "asns":
			return asns && table(name, asns, originMeasures, ({ asn, organization }) => [networkName(asn, organization)]);
	}
}

/** A table of a report; null where there was no database for it. */
export function totalsTableOf(name: TableName, { domains, countries, asns }: TotalsSource): Table | null {
	switch (name) {
		case "domains":
			return table(name, { rows: domains, count: domains.length }, domainTotals, domainNames);
		case "countries":
			return countries && table(name, countries, originTotals, ({ country }) => [countryName(country)]);
		case "asns":
			return asns && table(name, asns, originTotals, ({ asn, organization }) => [networkName(asn, organization)]);
	}
}

function domainNames({ domain, domain_unicode }: Pick<DomainAmounts, "domain" | "domain_unicode">): Row["names"] {
	return domain_unicode === domain ? [domain] : [domain_unicode, domain];
}

function table<Amounts extends { readonly active_clients: number }>(
	name: TableName,
	ranking: Ranking<Amounts>,
	measures: readonly Measure<Amounts>[],
	namesOf: (row: Amounts) => Row["names"],
): Table {
	const rows = ranking.rows.map((row) => {
		const names = namesOf(row);
		const nameCell = { value: names[0], text: names[0] };
		const cells = [nameCell, ...measures.map(({ cell }) => cell(row))];
		return { names, activeClients: row.active_clients, cells };
	});
	return { columns: [nameColumns[name], ...measures], rows, count: ranking.count };
}

/**
 * Rows in the order of a column, by its index: numbers from the greatest, names from the first, or both the other way round. What was not
 * measured comes last in either direction; among equals the row with the most active clients comes first.
 */
export function sortRows(rows: readonly Row[], column: number, reversed: boolean): Row[] {
	return rows.toSorted((a, b) => {
		const [left, right] = [a.cells[column]?.value ?? null, b.cells[column]?.value ?? null];
		if (left === null || right === null) return Number(left === null) - Number(right === null);
		const order =
			typeof left === "number" && typeof right === "number"
				? right - left
				: String(left).localeCompare(String(right), "en", { numeric: true });
		return order === 0 ? b.activeClients - a.activeClients : reversed ? -order : order;
	});
}
