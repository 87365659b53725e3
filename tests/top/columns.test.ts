import { describe, expect, test } from "bun:test";
import { type Table, type TableName, tableOf } from "../../src/summary/tables.ts";
import { chosenRows, tableLines } from "../../src/top/columns.ts";
import { createPaint } from "../../src/top/paint.ts";
import { type CountryReading, type DomainReading, type Reading, readingSchema } from "../../src/top/reading.ts";
import type { Sorting } from "../../src/top/view.ts";
import { busyStatus } from "../web/page/fixture.ts";

const busy = readingSchema.parse(JSON.parse(JSON.stringify(busyStatus)));
const none = createPaint("none");
const [firstDomain] = busy.domains as [DomainReading];
const firstCountry = (busy.countries as NonNullable<Reading["countries"]>).rows[0] as CountryReading;

/** The first column is the name, the second the active clients. */
const byName: Sorting = { column: 0, reversed: false };
const byActive: Sorting = { column: 1, reversed: false };

function domains(rows: readonly Partial<DomainReading>[]): Reading {
	const whole = rows.map((row) => ({ ...firstDomain, ...row, domain_unicode: row.domain ?? firstDomain.domain }));
	return { ...busy, domains: whole };
}

function countries(rows: readonly Partial<CountryReading>[]): Reading {
	const whole = rows.map((row) => ({ ...firstCountry, ...row }));
	return { ...busy, countries: { rows: whole, count: whole.length } };
}

function known(name: TableName, reading: Reading): Table {
	const table = tableOf(name, reading);
	if (table === null) throw new Error(`no database for ${name}`);
	return table;
}

/** The table of domains at a width. */
function linesOf(reading: Reading, width: number, sorting = byActive, filter = "") {
	const table = known("domains", reading);
	return tableLines(table, chosenRows(table, sorting, filter), sorting, width, none);
}

/** The first words of the table's lines. */
const namesOf = (reading: Reading, sorting: Sorting) =>
	linesOf(reading, 80, sorting).lines.map((line) => line.split(" ")[0] as string);

describe("the order of rows", () => {
	test("is that of people: numbers in names by their value", () => {
		const reading = domains(["t10.example", "t9.example", "T1.example"].map((domain) => ({ domain })));
		expect(namesOf(reading, byName)).toEqual(["T1.example", "t9.example", "t10.example"]);
		expect(namesOf(reading, { ...byName, reversed: true })).toEqual(["t10.example", "t9.example", "T1.example"]);
	});

	test.each([false, true])("has the most active first among equals, reversed: %p", (reversed) => {
		const reading = domains([
			{ domain: "few", peak_clients: 9, active_clients: 1 },
			{ domain: "many", peak_clients: 9, active_clients: 5 },
		]);
		expect(namesOf(reading, { column: 2, reversed })).toEqual(["many", "few"]);
	});
});

describe("the columns", () => {
	const titles = (width: number, sorting = byActive) =>
		linesOf(busy, width, sorting)
			.header.replace(/ [▼▲]/, "")
			.split(/ {2,}/)
			.map((title) => title.trim());

	const all = ["Domain", "Active", "Peak", "Queries/s", "Received", "Sent", "Refused", "Sessions"];
	// The longest name takes 24 columns.
	test.each<[width: number, without: string[]]>([
		[105, []],
		[104, ["Sessions"]],
		[93, ["Sessions"]],
		[92, ["Sessions", "Refused"]],
		[82, ["Sessions", "Refused"]],
		[81, ["Sessions", "Refused", "Received"]],
		[70, ["Sessions", "Refused", "Received"]],
		[69, ["Sessions", "Refused", "Received", "Sent"]],
		[59, ["Sessions", "Refused", "Received", "Sent"]],
		[58, ["Sessions", "Refused", "Received", "Sent", "Peak"]],
		[48, ["Sessions", "Refused", "Received", "Sent", "Peak"]],
		[47, ["Sessions", "Refused", "Received", "Sent", "Peak", "Queries/s"]],
		[30, ["Sessions", "Refused", "Received", "Sent", "Peak", "Queries/s"]],
	])("in %i columns are all, in their order, but %p", (width, without) => {
		expect(titles(width)).toEqual(all.filter((title) => !without.includes(title)));
	});

	test("have the one that is sorted by among them, in place of others", () => {
		expect(titles(48, { column: 7, reversed: false })).toEqual(["Domain", "Active", "Sessions"]);
	});

	test("and the bar are no wider than there is room, however long a name is", () => {
		const reading = domains([{ domain: `${"a".repeat(63)}.example` }, { domain: "b.example" }]);
		for (let width = 30; width <= 200; width++) {
			const { header, lines } = linesOf(reading, width);
			for (const line of [header, ...lines]) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(width);
		}
	});

	test("leave 44 columns to a long name, which is cut then", () => {
		const { lines } = linesOf(domains([{ domain: "a".repeat(45) }]), 200);
		expect(lines[0]).toStartWith(`${"a".repeat(43)}…  `);
		expect(linesOf(domains([{ domain: "a".repeat(44) }]), 200).lines[0]).toStartWith(`${"a".repeat(44)}  `);
	});
});

describe("the bar", () => {
	/** What stands behind the last figure. */
	const bars = (width: number, ...active: number[]) => {
		const rows = active.map((active_clients, index) => ({ domain: `${index}.example`, active_clients, sessions: 7 }));
		return linesOf(domains(rows), width).lines.map((line) => line.replace(/^.* 7( {2}|$)/, ""));
	};
	const spare = 16 + 2 + 9 + 2 + 9 + 2 + 11 + 2 + 10 + 2 + 9 + 2 + 9 + 2 + 10;

	test("is 30 columns at the most, a share of the most active to an eighth of a column", () => {
		expect(bars(200, 240, 120, 121, 8, 0)).toEqual(["█".repeat(30), `${"█".repeat(15)}▏`, "█".repeat(15), "█", ""]);
	});

	test("is seen for a single client among many", () => {
		expect(bars(200, 100_000, 1)).toEqual(["█".repeat(30), "▏"]);
	});

	test("is there from ten columns on", () => {
		expect(bars(spare + 12, 4)).toEqual(["█".repeat(10)]);
		expect(bars(spare + 11, 4)).toEqual([""]);
	});

	test("is of the most active of all, also of those that a filter leaves out", () => {
		const reading = domains([
			{ domain: "a.example", active_clients: 20 },
			{ domain: "b.example", active_clients: 10 },
		]);
		expect(linesOf(reading, 200, byActive, "b.").lines[0]).toEndWith(`  ${"█".repeat(15)}`);
	});
});

test("what was not measured is shown as a dash, not as 0", () => {
	const rows = [{ country: "DE", round_trip_median_seconds: null, retransmission_ratio: null }];
	const table = known("countries", countries(rows));
	expect(tableLines(table, table.rows, byActive, 120, none).lines[0]).toMatch(/ – +– /);
});

test("without a database there is no table", () => {
	const reading = { ...busy, countries: null, asns: null };
	expect(tableOf("countries", reading)).toBeNull();
	expect(tableOf("asns", reading)).toBeNull();
});
