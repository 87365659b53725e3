/** The tables of domains, countries and networks: their columns, rows and order. The page and `top` render them. */

import { byteRate, count, optional, percent, rate, seconds } from "./format.ts";
import { countryName, networkName } from "./names.ts";

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

interface Amounts {
	readonly active_clients: number;
	readonly sessions: number;
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

const active = measure<Amounts>("Active", 0, (row) => row.active_clients, count);
const rates = [
	measure<Amounts>("Queries/s", 1, (row) => row.queries_per_second, rate),
	measure<Amounts>("Received", 4, (row) => row.bytes_in_per_second, byteRate),
	measure<Amounts>("Sent", 3, (row) => row.bytes_out_per_second, byteRate),
] as const;
const sessions = measure<Amounts>("Sessions", 6, (row) => row.sessions, count);

const domainMeasures: readonly Measure<DomainAmounts>[] = [
	active,
	measure("Peak", 2, (row) => row.peak_clients, count),
	...rates,
	measure("Refused", 5, (row) => row.refused_queries, count),
	sessions,
];
const originMeasures: readonly Measure<OriginAmounts>[] = [
	active,
	...rates,
	measure("Round trip", 2, (row) => row.round_trip_median_seconds, seconds),
	measure("Resent", 5, (row) => row.retransmission_ratio, percent),
	sessions,
];

/** The columns of each table, the name's first. */
export const tableColumns: Readonly<Record<TableName, readonly Column[]>> = {
	domains: [nameColumn("Domain"), ...domainMeasures],
	countries: [nameColumn("Country"), ...originMeasures],
	asns: [nameColumn("Network"), ...originMeasures],
};

function nameColumn(title: string): Column {
	return { title, priority: 0 };
}

/** A table as the status has it; null where the exporter has no database for it. */
export function tableOf(name: TableName, { domains, countries, asns }: TableSource): Table | null {
	switch (name) {
		case "domains": {
			const names = ({ domain, domain_unicode }: DomainAmounts): Row["names"] =>
				domain_unicode === domain ? [domain] : [domain_unicode, domain];
			return table(name, { rows: domains, count: domains.length }, domainMeasures, names);
		}
		case "countries":
			return countries && table(name, countries, originMeasures, ({ country }) => [countryName(country)]);
		case "asns":
			return asns && table(name, asns, originMeasures, ({ asn, organization }) => [networkName(asn, organization)]);
	}
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
	return { columns: tableColumns[name], rows, count: ranking.count };
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
