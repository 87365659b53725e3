/** The tables of domains, countries and networks: their columns, order and text. */

import { byteRate, count, optional, percent, rate, seconds } from "../format.ts";
import { countryNameWithCode, networkName } from "../report/names.ts";
import { fit, type Paint, widthOf } from "./paint.ts";
import type { AsnReading, CountryReading, DomainReading, OriginReading, Reading } from "./reading.ts";
import type { RankedPanel, Sorting } from "./view.ts";

export interface Column<Row> {
	readonly title: string;
	/** What rows are sorted by: numbers from the greatest, texts from the first, nothing last. */
	readonly value: (row: Row) => number | string | null;
	readonly text: (row: Row) => string;
	/** Room for the title with the mark of the order, too. */
	readonly width: number;
	/** Columns of the highest number go first where there is no room. */
	readonly dispensable: number;
}

interface RowBase {
	/** What a filter looks at, and the row's first cell. */
	readonly names: readonly string[];
}

/** Rows of a panel with their columns; the type of the row stays inside. */
export interface Ranked {
	readonly columns: readonly Column<never>[];
	/** Before filtering, and of all that the exporter has. */
	readonly given: number;
	readonly count: number;
	/** The rows that the filter leaves, in order. */
	readonly rows: readonly unknown[];
	/** A header and the rows; a row takes a second line where its name has two forms. */
	lines(width: number, paint: Paint): { readonly header: string; readonly lines: readonly string[] };
}

/** Of the first column, at least. */
const nameWidthMin = 16;
const nameWidthMax = 44;
const gap = 2;
const barWidth = 10;

const column = <Row>(
	title: string,
	width: number,
	dispensable: number,
	value: Column<Row>["value"],
	text: Column<Row>["text"],
): Column<Row> => ({ title, width, dispensable, value, text });

type Amounts = Pick<
	DomainReading,
	"active_clients" | "queries_per_second" | "bytes_in_per_second" | "bytes_out_per_second" | "sessions"
>;

const active = column<Amounts>(
	"Active",
	9,
	0,
	(row) => row.active_clients,
	(row) => count(row.active_clients),
);
const rates = [
	column<Amounts>(
		"Queries/s",
		11,
		1,
		(row) => row.queries_per_second,
		(row) => rate(row.queries_per_second),
	),
	column<Amounts>(
		"In",
		10,
		3,
		(row) => row.bytes_in_per_second,
		(row) => byteRate(row.bytes_in_per_second),
	),
	column<Amounts>(
		"Out",
		10,
		2,
		(row) => row.bytes_out_per_second,
		(row) => byteRate(row.bytes_out_per_second),
	),
] as const;
const sessions = column<Amounts>(
	"Sessions",
	10,
	6,
	(row) => row.sessions,
	(row) => count(row.sessions),
);
const link = [
	column<OriginReading>(
		"RTT",
		8,
		4,
		(row) => row.round_trip_median_seconds,
		(row) => optional(row.round_trip_median_seconds, seconds),
	),
	column<OriginReading>(
		"Resent",
		8,
		5,
		(row) => row.retransmission_ratio,
		(row) => optional(row.retransmission_ratio, percent),
	),
] as const;
const name = (title: string) =>
	column<RowBase>(
		title,
		nameWidthMin,
		0,
		(row) => row.names[0] ?? "",
		(row) => row.names[0] ?? "",
	);

const domainColumns: readonly Column<DomainReading & RowBase>[] = [
	name("Domain"),
	active,
	column(
		"Peak",
		8,
		4,
		(row) => row.peak_clients,
		(row) => count(row.peak_clients),
	),
	...rates,
	column(
		"Refused",
		9,
		5,
		(row) => row.refused_queries,
		(row) => count(row.refused_queries),
	),
	sessions,
];
const countryColumns: readonly Column<CountryReading & RowBase>[] = [
	name("Country"),
	active,
	...rates,
	...link,
	sessions,
];
const asnColumns: readonly Column<AsnReading & RowBase>[] = [name("Network"), active, ...rates, ...link, sessions];

/** The columns that `s` goes through. */
export const columnCounts: Readonly<Record<RankedPanel, number>> = {
	domains: domainColumns.length,
	countries: countryColumns.length,
	asns: asnColumns.length,
};

/** A panel's rows; null where the exporter has no database for them. */
export function rankedOf(reading: Reading, panel: RankedPanel, sorting: Sorting, filter: string): Ranked | null {
	switch (panel) {
		case "domains": {
			const rows = reading.domains.map((row) => {
				const names = row.domain_unicode === row.domain ? [row.domain] : [row.domain_unicode, row.domain];
				return { ...row, names };
			});
			return ranked(rows, domainColumns, rows.length, sorting, filter);
		}
		case "countries": {
			if (reading.countries === null) return null;
			const rows = reading.countries.rows.map((row) => ({ ...row, names: [countryNameWithCode(row.country)] }));
			return ranked(rows, countryColumns, reading.countries.count, sorting, filter);
		}
		case "asns": {
			if (reading.asns === null) return null;
			const rows = reading.asns.rows.map((row) => ({ ...row, names: [networkName(row.asn)] }));
			return ranked(rows, asnColumns, reading.asns.count, sorting, filter);
		}
	}
}

function ranked<Row extends RowBase & Amounts>(
	given: readonly Row[],
	columns: readonly Column<Row>[],
	all: number,
	sorting: Sorting,
	filter: string,
): Ranked {
	const wanted = filter.toLowerCase();
	const rows = given
		.filter((row) => row.names.some((one) => one.toLowerCase().includes(wanted)))
		.toSorted((a, b) => compare(a, b, columns, sorting));
	const most = Math.max(1, ...given.map((row) => row.active_clients));
	return {
		columns: columns as unknown as readonly Column<never>[],
		given: given.length,
		count: all,
		rows,
		lines(width, paint) {
			const sortedBy = columns[sorting.column];
			const longest = Math.max(nameWidthMin, ...rows.flatMap(({ names }) => names.map((one) => widthOf(one))));
			const nameWidth = Math.min(longest, nameWidthMax, Math.max(nameWidthMin, width - active.width - gap));
			const shown = chooseColumns(columns, sortedBy, width - nameWidth);
			const used = shown.reduce((sum, one) => sum + one.width + gap, nameWidth);
			const bar = width - used >= barWidth + gap ? Math.min(3 * barWidth, width - used - gap) : 0;
			const arrow = sorting.reversed ? "▲" : "▼";
			const title = (one: Column<Row>) => (one === sortedBy ? `${one.title} ${arrow}` : one.title);
			const headerCells = shown.map((one) => {
				const cell = fit(title(one), one.width, "right");
				return `${" ".repeat(gap)}${one === sortedBy ? paint(cell, "bold", "cyan") : paint(cell, "bold")}`;
			});
			const [first] = columns;
			const nameCell = first === undefined ? "" : fit(title(first), nameWidth);
			return {
				header: `${first === sortedBy ? paint(nameCell, "bold", "cyan") : paint(nameCell, "bold")}${headerCells.join("")}`,
				lines: rows.flatMap((row) => {
					const [shownName = "", ...otherNames] = row.names;
					const cells = shown.map((one) => {
						const cell = fit(one.text(row), one.width, "right");
						return `${" ".repeat(gap)}${one === sortedBy ? paint(cell, "bold") : cell}`;
					});
					const line = `${fit(shownName, nameWidth)}${cells.join("")}`;
					const drawn = bar === 0 ? "" : `  ${paint(barOf(row.active_clients / most, bar), "cyan")}`;
					return [`${line}${drawn}`, ...otherNames.map((other) => paint(fit(other, nameWidth), "dim"))];
				}),
			};
		},
	};
}

/** All but the first that have room, the sorted one always among them. */
function chooseColumns<Row>(
	columns: readonly Column<Row>[],
	sortedBy: Column<Row> | undefined,
	room: number,
): Column<Row>[] {
	const rank = (one: Column<Row>) => (one === sortedBy ? -1 : one.dispensable);
	const chosen = new Set<Column<Row>>();
	let left = room;
	for (const one of columns.slice(1).toSorted((a, b) => rank(a) - rank(b))) {
		if (one.width + gap > left) break;
		left -= one.width + gap;
		chosen.add(one);
	}
	return columns.filter((one) => chosen.has(one));
}

/** A share of `width`, to an eighth of a column. */
function barOf(share: number, width: number): string {
	const eighths = share > 0 ? Math.max(1, Math.round(share * width * 8)) : 0;
	const partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8] ?? "";
	return `${"█".repeat(Math.floor(eighths / 8))}${partial}`;
}

function compare<Row extends RowBase & Amounts>(
	a: Row,
	b: Row,
	columns: readonly Column<Row>[],
	sorting: Sorting,
): number {
	const value = columns[sorting.column]?.value;
	const [left, right] = [value?.(a) ?? null, value?.(b) ?? null];
	// What was not measured is last in either direction.
	if (left === null || right === null) return Number(left === null) - Number(right === null);
	const order =
		typeof left === "string" || typeof right === "string"
			? String(left).localeCompare(String(right), "en", { numeric: true })
			: right - left;
	return order === 0 ? b.active_clients - a.active_clients : sorting.reversed ? -order : order;
}
