import { describe, expect, test } from "bun:test";
import type { Report } from "../../../src/commands/inspect/report.ts";
import { reportText } from "../../../src/commands/inspect/text.ts";
import type { HealthFigures } from "../../../src/summary/health.ts";

const health: HealthFigures = {
	round_trip_seconds: { count: 9, median: 0.25, p95: 12 },
	response_seconds: { count: 9, median: 0.0012, p95: 1.04 },
	polls: 10_000,
	data_queries: 2_345,
	packet_bytes_in: 1,
	packet_bytes_out: 1,
	overhead: 1.234,
	segments_in: 1,
	segments_out: 1,
	retransmissions_in: 0,
	retransmissions_out: 0,
	retransmission_ratio_in: 0.0004,
	retransmission_ratio_out: 0.145,
	unanswered_queries: 0,
	unanswered_ratio: 0,
	edns_refused_queries: 0,
	edns_below_1232_ratio: null,
};
const figures = {
	...{ queries: 12_345, bytes_in: 1_000_000, bytes_out: 22_000_000, sessions: 42, active_clients: 7 },
	health,
};
const healthTable = [
	"Tunnel health  RTT p50  RTT p95  Response p50  Response p95  Resent out  Resent in  Overhead  No answer  EDNS<1232",
	"t.example.com   250 ms     12 s        1.2 ms         1.0 s      14.5 %      0.0 %     1.23x      0.0 %          -",
];
const domain = {
	...figures,
	domain: "t.example.com",
	peak_clients: 11,
	responses: 12_340,
	responses_by_rcode: { NOERROR: 12_340 },
	truncated_responses: 0,
	refused_queries: 0,
	refused: {},
	mtu: { answered_refused_queries: 0, answered_least_bytes: 4_096, refused_most_bytes: null },
};
const report: Report = {
	files: ["day.pcap"],
	packets: 24_685,
	packets_left_out: 0,
	first_packet: "2026-05-27T09:00:00.000001Z",
	last_packet: "2026-05-27T10:00:00.500000Z",
	duration_seconds: 3600.499999,
	activity: null,
	domains: [domain],
	countries: null,
	asns: null,
	diagnosis: [],
	duplicates: 0,
	faults: {},
	foreign: {},
	broken: [],
};

describe("the text of a report", () => {
	test("has totals, then a table of the domains", () => {
		expect(reportText(report, 10)).toBe(
			[
				"File     day.pcap",
				"Time     2026-05-27T09:00:00.000001Z to 2026-05-27T10:00:00.500000Z (1 h 0 min 0.5 s)",
				"Packets  24,685",
				"",
				"Domain         Queries   Bytes in  Responses   Bytes out  Sessions  Active  Peak  Refused",
				"t.example.com   12,345  1,000,000     12,340  22,000,000        42       7    11        0",
				"",
				...healthTable,
				"",
			].join("\n"),
		);
	});

	test("has countries and networks where there are databases, and says how many more there are", () => {
		const countries = ["DE", "FR", "JP"].map((country) => ({ country, ...figures }));
		const text = reportText(
			{ ...report, countries, asns: [{ asn: "64496", organization: "Example Net", ...figures }] },
			2,
		);
		expect(text).toContain(
			[
				"",
				"Country       Queries   Bytes in   Bytes out  Sessions  Active",
				"Germany (DE)   12,345  1,000,000  22,000,000        42       7",
				"France (FR)    12,345  1,000,000  22,000,000        42       7",
				"and 1 more",
				"",
				"Network                Queries   Bytes in   Bytes out  Sessions  Active",
				"Example Net (AS64496)   12,345  1,000,000  22,000,000        42       7",
				"",
			].join("\n"),
		);
		expect(reportText({ ...report, countries }, 3)).not.toContain("more");
	});

	test("has what did not count, by reason, most first", () => {
		const text = reportText({ ...report, faults: { dns_truncated: 2, udp_length: 1_000 }, foreign: { port: 3 } }, 10);
		expect(text).toMatch(
			/\n\nFaults .* +Packets\nudp_length +1,000\ndns_truncated +2\n\nForeign .* +Packets\nport +3\n$/,
		);
		const refused = { ...domain, refused_queries: 183, refused: { qtype: 183 } };
		expect(reportText({ ...report, domains: [refused] }, 10)).toMatch(
			/ 183\n\nRefused queries +Queries\nt\.example\.com: qtype +183\n\n/,
		);
	});

	test("has the health of countries and networks too, - for what was not seen, and the diagnosis", () => {
		const unseen = { ...health, round_trip_seconds: null, response_seconds: null, overhead: null };
		const countries = [{ country: "DE", ...figures, health: unseen }];
		const text = reportText({ ...report, countries, diagnosis: ["it is slow.", "it is far."] }, 10);
		expect(text).toMatch(/^Germany \(DE\) +- +- +- +- +14\.5 % +0\.0 % +- +0\.0 % +-$/m);
		const odd = {
			...report,
			countries: [{ country: "ZZ", ...figures, health }],
			asns: [{ asn: "other", organization: null, ...figures, health }],
		};
		expect(reportText(odd, 10)).toMatch(/^Unknown country .*\nOther networks /m);
		expect(text).toEndWith("\n\nDiagnosis\n- it is slow.\n- it is far.\n");
		expect(reportText(report, 10)).not.toContain("Diagnosis");
	});

	test("has - for the share of queries without a response where none could be judged", () => {
		const unjudged = { ...domain, health: { ...health, unanswered_ratio: null } };
		expect(reportText({ ...report, domains: [unjudged] }, 10)).toMatch(/1\.23x +- +-$/m);
	});

	test("says what was copied and what broke off", () => {
		const text = reportText(
			{ ...report, files: ["a", "b"], duplicates: 5, broken: ["b is damaged after frame 3: cut"] },
			10,
		);
		expect(text).toMatch(/^Files {4}a, b\n/);
		expect(text).toMatch(/^Copies {3}5 \(seen on several interfaces, counted once\)$/m);
		expect(text).toMatch(/^Broken {3}b is damaged after frame 3: cut$/m);
	});

	test("has the active clients of each minute as bars, in so many columns as fit", () => {
		const activity = { start: "2026-05-27T09:00:00.000Z", seconds_per_point: 60, active_clients: [1, 0, 8, 4] };
		expect(reportText({ ...report, activity }, 10)).toContain(
			"\n\nActive clients, 2026-05-27 09:00 to 2026-05-27 09:04 UTC, most 8, a bar 1 min\n|▁ █▄|\n\n",
		);
		const long = { ...activity, seconds_per_point: 120, active_clients: Array.from({ length: 61 }, () => 5) };
		expect(reportText({ ...report, activity: long }, 10)).toContain(`a bar up to 4 min\n|${"█".repeat(60)}|\n`);
		const short = { ...activity, active_clients: [3] };
		expect(reportText({ ...report, activity: short }, 10)).not.toContain("Active clients");
	});

	test("has an internationalised domain in both forms, and columns as wide as a terminal shows them", () => {
		const text = reportText({ ...report, domains: [{ ...domain, domain: "t.xn--wgv71a.example" }] }, 10);
		const [header = "", row = ""] = text.split("\n").slice(4, 6);
		expect(row).toStartWith("t.日本.example (t.xn--wgv71a.example)   12,345");
		expect(Bun.stringWidth(row)).toBe(Bun.stringWidth(header));
	});

	test.each([
		[0, "0.0 s"],
		[59.94, "59.9 s"],
		[59.95, "1 min 0.0 s"],
		[3_599.96, "1 h 0 min 0.0 s"],
		[360_061.2, "100 h 1 min 1.2 s"],
	])("has a duration of %p s as %s", (duration_seconds, text) => {
		expect(reportText({ ...report, duration_seconds }, 10)).toContain(`(${text})\n`);
	});

	test("says that there are no packets", () => {
		const empty = { ...report, packets: 0, first_packet: null, last_packet: null, duration_seconds: 0 };
		expect(reportText(empty, 10)).toMatch(/^Time {5}no packets\nPackets {2}0$/m);
		expect(reportText({ ...empty, packets_left_out: 1_056 }, 10)).toMatch(
			/^Time {5}none between --from and --to\nPackets {2}0 \(1,056 left out by --from and --to\)$/m,
		);
	});

	test("says how many packets were left out beside those that it is of", () => {
		expect(reportText({ ...report, packets_left_out: 1 }, 10)).toMatch(
			/^Time {5}2026-.*\nPackets {2}24,685 \(1 left out by --from and --to\)$/m,
		);
	});
});
