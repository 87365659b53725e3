import { unicodeDomain } from "../../config/values.ts";
import type { DomainFigures } from "../../summary/domains.ts";
import { count, durationToTenths, factor, grouped, optional, percent, seconds } from "../../summary/format.ts";
import type { HealthFigures } from "../../summary/health.ts";
import { countryName, networkName } from "../../summary/names.ts";
import { sparkline } from "../../summary/sparkline.ts";
import { type Table, type TableName, totalsTableOf } from "../../summary/tables.ts";
import { wrap } from "../../summary/terminal-text.ts";
import { sectionTitles, titles } from "../../summary/titles.ts";
import { reportColumns, table } from "../text-table.ts";
import type { Report } from "./report.ts";

/** Columns of the line of bars, which fits reportColumns with its frame. */
const sparklineColumns = 60;

/** The report for a terminal or a ticket: aligned tables, at most `top` rows each of countries and networks. */
export function reportText(report: Report, top: number): string {
	const sections = [
		...summary(report),
		...activity(report),
		...totals(report, "domains", report.domains.length),
		...reasons("Responses by code", titles.responses, ofDomains(report, responsesOf)),
		...reasons(
			"Refused queries",
			titles.queries,
			ofDomains(report, ({ refused }) => refused),
		),
		...totals(report, "countries", top),
		...totals(report, "asns", top),
		...health(report, top),
		...conditions(report),
		...reasons("Malformed packets", "Packets", mostFirst(report.malformed_packets)),
		...reasons("Unrelated packets", "Packets", mostFirst(report.unrelated_packets)),
	];
	return `${sections.join("\n\n")}\n`;
}

function summary(report: Report): string[] {
	const { packets_left_out: leftOut } = report;
	const span =
		report.first_packet === null
			? leftOut > 0
				? "none between --from and --to"
				: "no packets"
			: `${report.first_packet} to ${report.last_packet} (${durationToTenths(report.duration_seconds)})`;
	const rows: [string, string][] = [
		[report.files.length === 1 ? "File" : "Files", report.files.join(", ")],
		["Time", span],
		["Packets", `${grouped(report.packets)}${leftOut > 0 ? ` (${grouped(leftOut)} left out by --from and --to)` : ""}`],
	];
	if (report.duplicates > 0)
		rows.push(["Duplicates", `${grouped(report.duplicates)} (captured on several interfaces, counted once)`]);
	if (report.joined_frames > 0)
		rows.push([
			"Joined",
			`${grouped(report.joined_frames)} packets (the kernel joined several queries or responses in each)`,
		]);
	for (const fault of report.broken) rows.push(["Damaged", fault]);
	const nameWidth = Math.max(...rows.map(([name]) => name.length)) + 2;
	const indent = " ".repeat(nameWidth);
	return [
		rows
			.flatMap(([name, value]) =>
				wrap(value, reportColumns - nameWidth).map(
					(line, index) => (index === 0 ? name.padEnd(nameWidth) : indent) + line,
				),
			)
			.join("\n"),
	];
}

/** Active clients over the time of the capture. */
function activity({ activity }: Report): string[] {
	if (activity === null || activity.active_clients.length < 2) return [];
	const { start, seconds_per_point: secondsPerPoint, active_clients: counts } = activity;
	const startMs = Date.parse(start);
	const minute = (ms: number) => new Date(ms).toISOString().slice(0, 16).replace("T", " ");
	const perBar = (secondsPerPoint / 60) * Math.ceil(counts.length / sparklineColumns);
	const perBarText = `${counts.length > sparklineColumns ? "up to " : ""}${grouped(perBar)} min`;
	return [
		[
			`${titles.activeClients}, ${minute(startMs)} to ${minute(startMs + counts.length * secondsPerPoint * 1_000)} UTC`,
			`|${sparkline(counts, sparklineColumns)}|`,
			`peak ${count(Math.max(...counts))}, ${perBarText} a bar`,
		].join("\n"),
	];
}

/** A domain as people write it, and as it stands in queries. */
function domainText(domain: string): string {
	const unicode = unicodeDomain(domain);
	return unicode === domain ? domain : `${unicode} (${domain})`;
}

/** A table of totals, at most `top` rows of it. */
function totals({ domains, countries, asns }: Report, name: TableName, top: number): string[] {
	const ranking = <Row>(rows: readonly Row[] | null) => rows && { rows: rows.slice(0, top), count: rows.length };
	const shown = totalsTableOf(name, {
		domains: domains.map((row) => ({ ...row, domain_unicode: unicodeDomain(row.domain) })),
		countries: ranking(countries),
		asns: ranking(asns),
	});
	return shown === null ? [] : [tableText(shown)];
}

function tableText({ columns, rows, count: all }: Table): string {
	const text = table(
		columns.map(({ title }) => title),
		rows.map(({ names: [name, ...others], cells }) => [
			others.length === 0 ? name : `${name} (${others.join(", ")})`,
			...cells.slice(1).map((cell) => cell.text),
		]),
		reportColumns,
	);
	return all > rows.length ? `${text}\nand ${grouped(all - rows.length)} more` : text;
}

/** Why it is slow: for each domain, country and network. */
function health(report: Report, top: number): string[] {
	const rows: (readonly [string, HealthFigures])[] = [
		...report.domains.map((row) => [domainText(row.domain), row.health] as const),
		...(report.countries ?? []).slice(0, top).map((row) => [countryName(row.country), row.health] as const),
		...(report.asns ?? []).slice(0, top).map((row) => [networkName(row.asn, row.organization), row.health] as const),
	];
	return [
		table(
			[sectionTitles.health, titles.roundTrip, "95 % within", titles.responseTime, "95 % within"],
			rows.map(([name, { round_trip_seconds: roundTrip, response_duration_seconds: response }]) => [
				name,
				...[roundTrip?.median, roundTrip?.p95, response?.median, response?.p95].map((value) =>
					optional(value, seconds),
				),
			]),
			reportColumns,
		),
		table(
			[
				sectionTitles.health,
				titles.retransmitted,
				"from clients",
				titles.overhead,
				titles.unanswered,
				titles.smallEdns,
			],
			rows.map(([name, it]) => [
				name,
				optional(it.retransmission_ratio_out, percent),
				optional(it.retransmission_ratio_in, percent),
				optional(it.overhead, (value) => factor(value, "x")),
				optional(it.unanswered_ratio, percent),
				optional(it.edns_below_1232_ratio, percent),
			]),
			reportColumns,
		),
	];
}

function conditions({ conditions: found }: Report): string[] {
	if (found.length === 0) return [];
	const lines = found.flatMap(({ title, sentence, remedy }) =>
		wrap(`- ${title}. ${sentence} ${remedy}`, reportColumns, "  "),
	);
	return [[sectionTitles.conditions, ...lines].join("\n")];
}

type Reasons = readonly (readonly [reason: string, value: number])[];

/** The responses of a domain by code, and those that answer no query of the capture. */
function responsesOf({ responses, responses_by_rcode: byCode }: DomainFigures): Readonly<Record<string, number>> {
	const matched = Object.values(byCode).reduce((sum, value) => sum + value, 0);
	return responses > matched ? { ...byCode, unmatched: responses - matched } : byCode;
}

function ofDomains(report: Report, of: (row: DomainFigures) => Readonly<Record<string, number>>): Reasons {
	return report.domains.flatMap((row) =>
		mostFirst(of(row)).map(([reason, value]) => [`${domainText(row.domain)}: ${reason}`, value] as const),
	);
}

function mostFirst(counts: Readonly<Record<string, number>>): Reasons {
	return Object.entries(counts).toSorted(([, a], [, b]) => b - a);
}

function reasons(title: string, unit: string, rows: Reasons): string[] {
	if (rows.length === 0) return [];
	return [
		table(
			[title, unit],
			rows.map(([reason, value]) => [reason, grouped(value)]),
			reportColumns,
		),
	];
}
