import { describe, expect, test } from "bun:test";
import type { Report } from "../../../src/commands/inspect/report.ts";
import { reportText } from "../../../src/commands/inspect/text.ts";
import type { HealthFigures } from "../../../src/summary/health.ts";

const health: HealthFigures = {
	round_trip_seconds: { count: 9, median: 0.25, p95: 12 },
	response_duration_seconds: { count: 9, median: 0.0012, p95: 1.04 },
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
const healthTables = [
	"Tunnel health  Round trip  95 % within  Response time  95 % within",
	"t.example.com      250 ms       12.0 s         1.2 ms       1.04 s",
	"",
	"Tunnel health  Retransmitted  from clients  Overhead  Unanswered  Small EDNS",
	"t.example.com           14 %       < 0.1 %     1.2 x         0 %           –",
];
const domain: Report["domains"][number] = {
	...figures,
	domain: "t.example.com",
	peak_clients: 11,
	responses: 12_340,
	responses_by_rcode: { NOERROR: 12_340 },
	truncated_responses: 0,
	refused_queries: 0,
	refused: {},
	mtu: { bytes: 1_232, answered_refused_queries: 0, answered_least_bytes: 4_096, refused_most_bytes: null },
	tunnel: { wire: "dnstt", record_type: "txt", clientid_size: 8 },
	lookalike: {
		fitting_queries: 1,
		other_queries: 0,
		other: null,
		labelled_queries: 0,
		labelled: null,
		answered_queries: 1,
		answered_refused_queries: 0,
	},
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
	conditions: [],
	duplicates: 0,
	joined_frames: 0,
	malformed_packets: {},
	unrelated_packets: {},
	broken: [],
};

const condition = (title: string, sentence: string) => ({
	...({ id: "slow_round_trips", severity: "warning", about: [], since: null, remedy: "Do it." } as const),
	...{ title, sentence },
});

describe("the text of a report", () => {
	test("has totals, then a table of the domains", () => {
		expect(reportText(report, 10)).toBe(
			[
				"File     day.pcap",
				"Time     2026-05-27T09:00:00.000001Z to 2026-05-27T10:00:00.500000Z (1 h 0 min",
				"         0.5 s)",
				"Packets  24,685",
				"",
				"Domain         Active  Peak  Queries  Received     Sent  Refused  Sessions",
				"t.example.com       7    11   12,345   1.00 MB  22.0 MB        0        42",
				"",
				"Responses by code       Responses",
				"t.example.com: NOERROR     12,340",
				"",
				...healthTables,
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
				"Country       Active  Queries  Received     Sent  Sessions",
				"Germany (DE)       7   12,345   1.00 MB  22.0 MB        42",
				"France (FR)        7   12,345   1.00 MB  22.0 MB        42",
				"and 1 more",
				"",
				"Network                Active  Queries  Received     Sent  Sessions",
				"Example Net (AS64496)       7   12,345   1.00 MB  22.0 MB        42",
				"",
			].join("\n"),
		);
		expect(reportText({ ...report, countries }, 3)).not.toContain("more");
	});

	test("has what did not count, by reason, most first", () => {
		const text = reportText(
			{ ...report, malformed_packets: { dns_truncated: 2, udp_length: 1_000 }, unrelated_packets: { port: 3 } },
			10,
		);
		expect(text).toMatch(
			/\n\nMalformed packets +Packets\nudp_length +1,000\ndns_truncated +2\n\nUnrelated packets +Packets\nport +3\n$/,
		);
		const refused = { ...domain, refused_queries: 183, refused: { qtype: 183 } };
		expect(reportText({ ...report, domains: [refused] }, 10)).toMatch(
			/ NOERROR +12,340\n\nRefused queries +Queries\nt\.example\.com: qtype +183\n\n/,
		);
	});

	test("has the health of countries and networks too, a dash for what was not seen, and the conditions", () => {
		const unseen = { ...health, round_trip_seconds: null, response_duration_seconds: null, overhead: null };
		const countries = [{ country: "DE", ...figures, health: unseen }];
		const text = reportText(
			{ ...report, countries, conditions: [condition("Slow", "It is slow."), condition("Far", "It is far.")] },
			10,
		);
		expect(text).toMatch(/^Germany \(DE\) +– +– +– +–$/m);
		expect(text).toMatch(/^Germany \(DE\) +14 % +< 0\.1 % +– +0 % +–$/m);
		const odd = {
			...report,
			countries: [{ country: "ZZ", ...figures, health }],
			asns: [{ asn: "other", organization: null, ...figures, health }],
		};
		expect(reportText(odd, 10)).toMatch(/^Unknown country .*\nOther networks /m);
		expect(text).toEndWith("\n\nConditions\n- Slow. It is slow. Do it.\n- Far. It is far. Do it.\n");
		expect(reportText(report, 10)).not.toContain("Conditions");
	});

	test("has a dash for the share of queries without a response where none could be judged", () => {
		const unjudged = { ...domain, health: { ...health, unanswered_ratio: null } };
		expect(reportText({ ...report, domains: [unjudged] }, 10)).toMatch(/1\.2 x +– +–$/m);
	});

	test("says what was duplicated and what is damaged", () => {
		const text = reportText(
			{ ...report, files: ["a", "b"], duplicates: 5, joined_frames: 6, broken: ["b is damaged after frame 3: cut"] },
			10,
		);
		expect(text).toMatch(/^Files {7}a, b\n/);
		expect(text).toMatch(/^Duplicates {2}5 \(captured on several interfaces, counted once\)$/m);
		expect(text).toMatch(/^Joined {6}6 packets \(the kernel joined several queries or responses in each\)$/m);
		expect(text).toMatch(/^Damaged {5}b is damaged after frame 3: cut$/m);
	});

	test("has the active clients of each minute as bars, in as many columns as fit", () => {
		const activity = { start: "2026-05-27T09:00:00.000Z", seconds_per_point: 60, active_clients: [1, 0, 8, 4] };
		expect(reportText({ ...report, activity }, 10)).toContain(
			"\n\nActive clients, 2026-05-27 09:00 to 2026-05-27 09:04 UTC\n|▁ █▄|\npeak 8, 1 min a bar\n\n",
		);
		const long = { ...activity, seconds_per_point: 120, active_clients: Array.from({ length: 61 }, () => 5) };
		expect(reportText({ ...report, activity: long }, 10)).toContain(`|${"█".repeat(60)}|\npeak 5, up to 4 min a bar\n`);
		const short = { ...activity, active_clients: [3] };
		expect(reportText({ ...report, activity: short }, 10)).not.toContain("Active clients");
	});

	test("has an internationalised domain in both forms, and columns as wide as a terminal shows them", () => {
		const text = reportText({ ...report, domains: [{ ...domain, domain: "t.xn--wgv71a.example" }] }, 10);
		const [header = "", name, row = ""] = text.split("\n").slice(5, 8);
		expect(name).toBe("t.日本.example (t.xn--wgv71a.example)");
		expect(row).toMatch(/^ +7 +11 +12,345 /);
		expect(Bun.stringWidth(row)).toBe(Bun.stringWidth(header));
	});

	test.each([
		[0, "0.0 s"],
		[59.94, "59.9 s"],
		[59.95, "1 min 0.0 s"],
		[3_599.96, "1 h 0 min 0.0 s"],
		[360_061.2, "100 h 1 min 1.2 s"],
	])("has a duration of %p s as %s", (duration_seconds, text) => {
		const words = reportText({ ...report, duration_seconds }, 10).replace(/\s+/g, " ");
		expect(words).toContain(`(${text}) Packets`);
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
			/^Time {5}2026-.*\n.*\nPackets {2}24,685 \(1 left out by --from and --to\)$/m,
		);
	});

	test("fits 80 columns with the longest names and the greatest numbers", () => {
		const most = 9_007_199_254_740_991;
		const great = { queries: 999_999, bytes_in: most, bytes_out: most, sessions: 999_999, active_clients: 999_999 };
		const times = { count: 9, median: 999, p95: 999 };
		const poor: HealthFigures = {
			...{ ...health, round_trip_seconds: times, response_duration_seconds: times, overhead: 12_345 },
			...{ retransmission_ratio_in: 1, retransmission_ratio_out: 1, unanswered_ratio: 1, edns_below_1232_ratio: 1 },
		};
		const name = `${Array.from({ length: 3 }, () => "long-label-".repeat(5)).join(".")}.example`;
		const row = { ...domain, ...great, domain: name, peak_clients: 999_999, refused_queries: 999_999, health: poor };
		const text = reportText(
			{
				...report,
				...{ files: [`${"folder/".repeat(30)}day.pcap`, "b"], packets: most, packets_left_out: most, duplicates: most },
				activity: { start: "2026-05-27T09:00:00.000Z", seconds_per_point: 60, active_clients: [...Array(240).keys()] },
				domains: [{ ...row, refused: { qtype: most } }],
				countries: ["BA", "ZZ", "other"].map((country) => ({ country, ...great, health: poor })),
				asns: ["4294967295", "0"].map((asn) => ({ asn, organization: "long name ".repeat(8), ...great, health: poor })),
				...{ conditions: [condition("Long", "word ".repeat(60))], broken: ["it is damaged ".repeat(10)] },
				...{ malformed_packets: { dns_name_too_long: most }, unrelated_packets: { port: most } },
			},
			10,
		);
		for (const line of text.split("\n")) expect([line, Bun.stringWidth(line) <= 80]).toEqual([line, true]);
		// Nothing is cut for it.
		expect(text.replace(/\n *(?=[^ ])/g, "")).toContain(name);
		expect(text).not.toContain("…");
	});
});
