import { unicodeDomain } from "../../config/values.ts";
import type { Figures } from "../../summary/figures.ts";
import { durationToTenths, grouped, percentToTenths, shortSeconds } from "../../summary/format.ts";
import type { HealthFigures } from "../../summary/health.ts";
import { countryName, networkName } from "../../summary/names.ts";
import { sparkline } from "../../summary/sparkline.ts";
import type { Report } from "./report.ts";
import { table } from "./text-table.ts";

/** Columns of the line of bars: with its text it fits a terminal of 80. */
const sparklineColumns = 60;

/** The report for a terminal or a ticket: aligned tables, at most `top` rows each of countries and networks. */
export function reportText(report: Report, top: number): string {
	const sections = [summary(report), ...activity(report), domains(report)];
	const { countries, asns } = report;
	if (countries !== null) {
		sections.push(
			ranking(
				"Country",
				countries.map((row) => [countryName(row.country), row] as const),
				top,
			),
		);
	}
	if (asns !== null)
		sections.push(
			ranking(
				"Network",
				asns.map((row) => [networkName(row.asn, row.organization), row] as const),
				top,
			),
		);
	sections.push(health(report, top));
	if (report.diagnosis.length > 0)
		sections.push(["Diagnosis", ...report.diagnosis.map((line) => `- ${line}`)].join("\n"));
	for (const [title, counts] of [
		["Faults (packets that break their format)", report.faults],
		["Foreign (sound packets, not the tunnel's)", report.foreign],
	] as const) {
		const rows = Object.entries(counts).sort(([, a], [, b]) => b - a);
		if (rows.length > 0)
			sections.push(
				table(
					[title, "Packets"],
					rows.map(([reason, count]) => [reason, grouped(count)]),
				),
			);
	}
	return `${sections.join("\n\n")}\n`;
}

function summary(report: Report): string {
	const { packets_left_out: leftOut } = report;
	const span =
		report.first_packet === null
			? leftOut > 0
				? "none between --from and --to"
				: "no packets"
			: `${report.first_packet} to ${report.last_packet} (${durationToTenths(report.duration_seconds)})`;
	const rows = [
		[report.files.length === 1 ? "File" : "Files", report.files.join(", ")],
		["Time", span],
		["Packets", `${grouped(report.packets)}${leftOut > 0 ? ` (${grouped(leftOut)} left out by --from and --to)` : ""}`],
	];
	if (report.duplicates > 0)
		rows.push(["Copies", `${grouped(report.duplicates)} (seen on several interfaces, counted once)`]);
	for (const fault of report.broken) rows.push(["Broken", fault]);
	return rows.map(([name, value]) => `${name?.padEnd(9)}${value}`).join("\n");
}

/** Active clients over the time of the capture. */
function activity({ activity }: Report): string[] {
	if (activity === null || activity.active_clients.length < 2) return [];
	const { start, seconds_per_point: seconds, active_clients: counts } = activity;
	const startMs = Date.parse(start);
	const minute = (ms: number) => new Date(ms).toISOString().slice(0, 16).replace("T", " ");
	const perColumn = (seconds / 60) * Math.ceil(counts.length / sparklineColumns);
	return [
		[
			`Active clients, ${minute(startMs)} to ${minute(startMs + counts.length * seconds * 1_000)} UTC, most ${grouped(Math.max(...counts))}, a bar ${counts.length > sparklineColumns ? "up to " : ""}${grouped(perColumn)} min`,
			`|${sparkline(counts, sparklineColumns)}|`,
		].join("\n"),
	];
}

/** A domain as people write it, and as it stands in queries. */
function domainText(domain: string): string {
	const unicode = unicodeDomain(domain);
	return unicode === domain ? domain : `${unicode} (${domain})`;
}

function domains(report: Report): string {
	const rows = report.domains.map((row) => [
		domainText(row.domain),
		grouped(row.queries),
		grouped(row.bytes_in),
		grouped(row.responses),
		grouped(row.bytes_out),
		grouped(row.sessions),
		grouped(row.active_clients),
		grouped(row.peak_clients),
		grouped(row.refused_queries),
	]);
	const header = ["Domain", "Queries", "Bytes in", "Responses", "Bytes out", "Sessions", "Active", "Peak", "Refused"];
	const refused = report.domains.flatMap(({ domain, refused }) =>
		Object.entries(refused).map(([reason, count]) => [`${domainText(domain)}: ${reason}`, grouped(count)]),
	);
	if (refused.length === 0) return table(header, rows);
	return `${table(header, rows)}\n\n${table(["Refused queries", "Queries"], refused)}`;
}

function ranking(title: string, rows: readonly (readonly [string, Figures])[], top: number): string {
	const shown = rows
		.slice(0, top)
		.map(([name, row]) => [
			name,
			grouped(row.queries),
			grouped(row.bytes_in),
			grouped(row.bytes_out),
			grouped(row.sessions),
			grouped(row.active_clients),
		]);
	const text = table([title, "Queries", "Bytes in", "Bytes out", "Sessions", "Active"], shown);
	return rows.length > top ? `${text}\nand ${grouped(rows.length - top)} more` : text;
}

/** Why is it slow: for each domain, country and network. */
function health(report: Report, top: number): string {
	const rows: [string, HealthFigures][] = [
		...report.domains.map((row) => [domainText(row.domain), row.health] as [string, HealthFigures]),
		...(report.countries ?? [])
			.slice(0, top)
			.map((row) => [countryName(row.country), row.health] as [string, HealthFigures]),
		...(report.asns ?? [])
			.slice(0, top)
			.map((row) => [networkName(row.asn, row.organization), row.health] as [string, HealthFigures]),
	];
	return table(
		[
			"Tunnel health",
			"RTT p50",
			"RTT p95",
			"Response p50",
			"Response p95",
			"Resent out",
			"Resent in",
			"Overhead",
			"No answer",
			"EDNS<1232",
		],
		rows.map(([name, it]) => [
			name,
			time(it.round_trip_seconds?.median),
			time(it.round_trip_seconds?.p95),
			time(it.response_seconds?.median),
			time(it.response_seconds?.p95),
			share(it.retransmission_ratio_out),
			share(it.retransmission_ratio_in),
			it.overhead === null ? "-" : `${it.overhead.toFixed(2)}x`,
			share(it.unanswered_ratio),
			share(it.edns_below_1232_ratio),
		]),
	);
}

function time(seconds: number | undefined): string {
	return seconds === undefined ? "-" : shortSeconds(seconds);
}

function share(ratio: number | null): string {
	return ratio === null ? "-" : percentToTenths(ratio);
}
