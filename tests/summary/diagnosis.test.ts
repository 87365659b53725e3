import { describe, expect, test } from "bun:test";
import {
	diagnose as diagnoseAt,
	diagnoseCut,
	diagnoseDomain,
	diagnoseGap,
	diagnosePort,
	diagnoseTime,
	type PlaceKind,
	placeOf,
} from "../../src/summary/diagnosis.ts";
import type { DomainFigures } from "../../src/summary/domains.ts";
import type { HealthFigures } from "../../src/summary/health.ts";
import { countryName, networkName } from "../../src/summary/names.ts";

/** A tunnel with which nothing is wrong. */
const well: HealthFigures = {
	round_trip_seconds: { count: 1_000, median: 0.2, p95: 0.9 },
	response_duration_seconds: { count: 1_000, median: 0.01, p95: 1 },
	polls: 900,
	data_queries: 100,
	packet_bytes_in: 1_000,
	packet_bytes_out: 100_000,
	overhead: 1.3,
	segments_in: 100,
	segments_out: 1_000,
	retransmissions_in: 0,
	retransmissions_out: 0,
	retransmission_ratio_in: 0,
	retransmission_ratio_out: 0,
	unanswered_queries: 0,
	unanswered_ratio: 0,
	edns_refused_queries: 0,
	edns_below_1232_ratio: 0,
};

/** With dnstt.mtu as it is unless it is set. */
const diagnose = (domains: readonly Domain[], places: readonly Place[], mtu = 1_232) =>
	diagnoseAt(
		(domains.length === 0 ? [domain()] : domains).map((row) => ({ ...row, mtu: { ...row.mtu, bytes: mtu } })),
		places,
	);

type Domain = DomainFigures & { readonly health: HealthFigures };

function domain(figures: Partial<DomainFigures> = {}, health: Partial<HealthFigures> = {}): Domain {
	return {
		domain: "t.example.com",
		queries: 1_000,
		bytes_in: 80_000,
		bytes_out: 400_000,
		sessions: 3,
		active_clients: 3,
		peak_clients: 3,
		responses: 1_000,
		responses_by_rcode: { NOERROR: 1_000 },
		truncated_responses: 0,
		refused_queries: 0,
		refused: {},
		mtu: { bytes: 1_232, answered_refused_queries: 0, answered_least_bytes: 4_096, refused_most_bytes: null },
		tunnel: { wire: "dnstt", record_type: "txt", clientid_size: 8 },
		lookalike: {
			fitting_queries: 500,
			other_queries: 0,
			other: null,
			answered_queries: 1_000,
			answered_refused_queries: 0,
		},
		health: { ...well, ...health },
		...figures,
	};
}

function place(label: string, health: Partial<HealthFigures> = {}, kind: PlaceKind = "network", queries = 1_000) {
	const name = kind === "country" ? countryName(label) : kind === "network" ? networkName(label, null) : label;
	return placeOf(kind, name, { queries, health: { ...well, ...health } });
}

const resent = (ratio: number, segments = 1_000): Partial<HealthFigures> => ({
	segments_out: segments,
	retransmissions_out: segments * ratio,
	retransmission_ratio_out: ratio,
});
const times = (median: number, count = 1_000) => ({ count, median, p95: 9 });

test("nothing is said of a tunnel with which nothing is wrong, nor of no traffic at all", () => {
	expect(diagnose([domain()], [place("64500"), place("DE", {}, "country")])).toEqual([]);
	const nothing: HealthFigures = {
		...{ ...well, round_trip_seconds: null, response_duration_seconds: null, overhead: null, segments_out: 0 },
		...{ retransmission_ratio_in: null, retransmission_ratio_out: null, unanswered_ratio: null },
		edns_below_1232_ratio: null,
	};
	const silent = domain({ queries: 0, responses: 0, responses_by_rcode: {} }, nothing);
	expect(diagnose([silent], [placeOf("domain", "t.example.com", silent)])).toEqual([]);
});

describe("where all DNS messages were for other domains", () => {
	const silent = domain({ queries: 0, responses: 0 });
	test.each<[title: string, domains: Domain[], others: number, said: string | null]>([
		[
			"one says so",
			[silent],
			1,
			"No query for t.example.com: 1 DNS message was for another domain; check --dnstt.domain.",
		],
		[
			"many say so, with all domains that were looked for",
			[silent, domain({ domain: "u.example.com", queries: 0, responses: 0 })],
			1_056,
			"No query for t.example.com or u.example.com: 1,056 DNS messages were for other domains; check --dnstt.domain.",
		],
		[
			"the flag is the tunnel's own, or both",
			[
				silent,
				domain({
					...{ domain: "v.example.com", queries: 0, responses: 0 },
					tunnel: { wire: "vaydns", record_type: "a", clientid_size: 2 },
				}),
			],
			2,
			"No query for t.example.com or v.example.com: 2 DNS messages were for other domains; check --dnstt.domain and --vaydns.domain.",
		],
		["none say nothing", [silent], 0, null],
		[
			"a query for one of the domains says that the flag is right",
			[silent, domain({ queries: 1, responses: 0 })],
			9,
			null,
		],
		["so does a refused one", [domain({ queries: 0, responses: 0, refused_queries: 1 })], 9, null],
		["so does a response", [domain({ queries: 0, responses: 1 })], 9, null],
	])("%s", (_, domains, others, said) => {
		expect(diagnoseDomain(domains, others)).toBe(said);
	});
});

describe("where all UDP packets were of other ports", () => {
	const silent = domain({ queries: 0, responses: 0 });
	const begin = "No packet to or from UDP port";
	test.each<[title: string, ports: number[], found: Domain, others: number, strays: number, said: string | null]>([
		["one says so", [5300], silent, 1, 0, `${begin} 5300: 1 was of another port; check --dnstt.port.`],
		[
			"many say so, with all ports that were looked at",
			[5300, 5301],
			silent,
			1_056,
			0,
			`${begin} 5300 or 5301: 1,056 were of other ports; check --dnstt.port.`,
		],
		["none say nothing", [53], silent, 0, 0, null],
		["a query says that the flag is right", [53], domain({ queries: 1, responses: 0 }), 9, 0, null],
		["so does a refused one", [53], domain({ queries: 0, responses: 0, refused_queries: 1 }), 9, 0, null],
		["so does something of the port that is for no domain", [53], silent, 9, 1, null],
	])("%s", (_, ports, found, others, strays, said) => {
		expect(diagnosePort(ports, [found], { others, strays })).toBe(said);
	});
});

test.each([
	["none", 0, 1_000, null],
	["few", 99, 1_000, null],
	["none of none", 0, 0, null],
	["a tenth", 100, 1_000, "Packets that are not whole: 100 of 1,000. They were cut when they were captured: "],
])("of packets that are not whole %s", (_, truncated, packets, said) => {
	expect(diagnoseCut(truncated, packets)?.slice(0, said?.length) ?? null).toBe(said);
});

test.each([
	[0, null],
	[1, "Time stamps go back by more than a second once, as where"],
	[1_234, "Time stamps go back by more than a second 1,234 times, as where"],
])("time stamps that went back %i times", (stepsBack, said) => {
	expect(diagnoseTime(stepsBack)?.slice(0, said?.length) ?? null).toBe(said);
});

test.each([
	[0, null],
	[1, "Time stamps go forward by more than a second once while the server's clock does not"],
	[1_234, "Time stamps go forward by more than a second 1,234 times while the server's clock does not"],
])("time stamps that went forward %i times", (stepsForward, said) => {
	expect(diagnoseGap(stepsForward)?.slice(0, said?.length) ?? null).toBe(said);
});

/** Figures of a domain that are one short of a sentence, and the least that make it. */
const domainRows: readonly [title: string, begin: string, short: Domain, enough: Domain][] = [
	[
		"FORMERR in 2 % of the responses",
		"Queries refused with FORMERR: t.example.com 2.0 %. ",
		domain({ responses_by_rcode: { NOERROR: 981, FORMERR: 19 } }),
		domain({ responses_by_rcode: { NOERROR: 980, FORMERR: 20 } }),
	],
	[
		"FORMERR in all of 50 responses",
		"Queries refused with FORMERR: t.example.com 100.0 %. ",
		domain({ responses: 49, responses_by_rcode: { FORMERR: 49 } }),
		domain({ responses: 50, responses_by_rcode: { FORMERR: 50 } }),
	],
	[
		"TC=1 in 2 % of the responses",
		"Truncated responses (TC=1): t.example.com 2.0 %. ",
		domain({ truncated_responses: 19 }),
		domain({ truncated_responses: 20 }),
	],
	[
		"TC=1 in all of 50 responses",
		"Truncated responses (TC=1): t.example.com 100.0 %. ",
		domain({ responses: 49, truncated_responses: 49 }),
		domain({ responses: 50, truncated_responses: 50 }),
	],
	[
		"responses that take 400 ms",
		"Median response time: t.example.com 400 ms. ",
		domain({}, { response_duration_seconds: times(0.399) }),
		domain({}, { response_duration_seconds: times(0.4) }),
	],
	[
		"50 responses that take 1 s",
		"Median response time: t.example.com 1.0 s. ",
		domain({}, { response_duration_seconds: times(1, 49) }),
		domain({}, { response_duration_seconds: times(1, 50) }),
	],
];

describe("a domain is spoken of from its threshold on:", () => {
	test.each(domainRows)("%s", (_, begin, short, enough) => {
		expect(diagnose([short], [])).toEqual([]);
		const sentences = diagnose([enough], []);
		expect(sentences).toHaveLength(1);
		expect(sentences[0]).toStartWith(begin);
	});
});

const small = "Queries through resolvers that take less than 1,232 bytes: AS64500";
const placeRows: readonly [title: string, begin: string, short: Place, enough: Place][] = [
	[
		"2 % of queries with a small EDNS size",
		`${small} 2.1 %. `,
		place("64500", { edns_refused_queries: 20 }),
		place("64500", { edns_refused_queries: 21 }),
	],
	[
		"all of 50 queries with a small EDNS size",
		`${small} 100.0 %. `,
		place("64500", { edns_refused_queries: 49 }, "network", 0),
		place("64500", { edns_refused_queries: 50 }, "network", 0),
	],
	[
		"10 % of segments retransmitted",
		"Retransmitted segments to clients: AS64500 10.0 %. ",
		place("64500", resent(0.099)),
		place("64500", resent(0.1)),
	],
	[
		"half of 50 segments retransmitted",
		"Retransmitted segments to clients: AS64500 50.0 %. ",
		place("64500", resent(0.5, 49)),
		place("64500", resent(0.5, 50)),
	],
	[
		"5 % of queries without a response",
		"Queries without a response: AS64500 5.0 %. ",
		place("64500", { unanswered_ratio: 0.049 }),
		place("64500", { unanswered_ratio: 0.05 }),
	],
	[
		"none of 50 queries with a response",
		"Queries without a response: AS64500 100.0 %. ",
		place("64500", { unanswered_ratio: 1 }, "network", 49),
		place("64500", { unanswered_ratio: 1 }, "network", 50),
	],
	[
		"round trips of 2 s",
		"Median round trip: AS64500 2.0 s. ",
		place("64500", { round_trip_seconds: times(1.99) }),
		place("64500", { round_trip_seconds: times(2) }),
	],
	[
		"50 round trips of 5 s",
		"Median round trip: AS64500 5.0 s. ",
		place("64500", { round_trip_seconds: times(5, 49) }),
		place("64500", { round_trip_seconds: times(5, 50) }),
	],
];
type Place = ReturnType<typeof place>;

type MtuFigures = DomainFigures["mtu"];
/** With so many queries refused for their size, of which some were answered. */
const answered = (small: number, count: number, least: number) =>
	domain({
		refused: { edns: small },
		mtu: { bytes: 1_232, answered_refused_queries: count, answered_least_bytes: least, refused_most_bytes: null },
	});
/** With a tenth of the responses FORMERR. */
const refusing = (answered_least_bytes: number | null, refused_most_bytes: number | null) =>
	domain({
		responses_by_rcode: { NOERROR: 900, FORMERR: 100 },
		mtu: { bytes: 1_232, answered_refused_queries: 0, answered_least_bytes, refused_most_bytes } satisfies MtuFigures,
	});

describe("where the server's answers contradict dnstt.mtu", () => {
	test.each<[title: string, mtu: number, found: Domain, fits: string | null]>([
		["few answers to what counts as refused", 1_232, answered(9, 9, 512), null],
		["ten of ten", 1_232, answered(10, 10, 512), "10 of 10. The server's -mtu is smaller than the dnstt.mtu of 1232"],
		["the least that was answered fits", 1_232, answered(10, 10, 512), "--dnstt.mtu 512 fits"],
		["and that is not 512 alone", 1_400, answered(600, 12, 1_280), "--dnstt.mtu 1280 fits"],
		["a share that is small", 1_232, answered(601, 12, 512), null],
		["FORMERR for as much as the key asks for", 1_000, refusing(4_096, 1_100), "larger than the dnstt.mtu of 1000"],
		["the server's usual -mtu fits, if it does", 512, refusing(4_096, 512), "--dnstt.mtu 1232 fits"],
		["to the byte", 512, refusing(1_232, 1_231), "--dnstt.mtu 1232 fits"],
		["else the next above the greatest that was refused", 1_232, refusing(4_096, 1_232), "--dnstt.mtu 1233 fits"],
		["also where it is below the usual", 512, refusing(1_231, 1_100), "--dnstt.mtu 1101 fits"],
		["where nothing was answered yet", 1_232, refusing(null, 1_400), "--dnstt.mtu 1401 fits"],
		[
			"of a tunnel of VayDNS by its own key",
			1_000,
			{ ...refusing(4_096, 1_100), tunnel: { wire: "vaydns", record_type: "txt", clientid_size: 2 } },
			"larger than the vaydns.mtu of 1000: --vaydns.mtu 1232 fits",
		],
	])("%s", (_, mtu, found, fits) => {
		const sentences = diagnose([found], [], mtu);
		expect(sentences).toHaveLength(fits === null ? 0 : 1);
		expect(sentences[0] ?? "").toContain(fits ?? "");
	});

	test.each([
		["answers that contradict each other", refusing(1_232, 1_232)],
		["no size that was refused", refusing(4_096, null)],
		["the greatest size that there is", refusing(null, 65_535)],
	])("no value fits %s", (_, found) => {
		const [sentence, ...others] = diagnose([found], [], 512);
		expect([sentence?.includes("FORMERR"), sentence?.includes("dnstt.mtu"), others]).toEqual([true, false, []]);
	});
});

describe("a place is spoken of from its threshold on:", () => {
	test.each(placeRows)("%s", (_, begin, short, enough) => {
		expect(diagnose([], [short])).toEqual([]);
		const sentences = diagnose([], [enough]);
		expect(sentences).toHaveLength(1);
		expect(sentences[0]).toStartWith(begin);
	});
});

describe("a sentence", () => {
	test("has shares with the decimal that the tables have", () => {
		expect(diagnose([], [place("64500", resent(0.145))])[0]).toStartWith(
			"Retransmitted segments to clients: AS64500 14.5 %. ",
		);
	});

	test("names the worst three of its kind, and counts the others", () => {
		const ratios = [0.12, 0.5, 0.11, 0.3, 0.2];
		const places = ratios.map((ratio, index) => place(String(64_500 + index), resent(ratio)));
		const named = "Retransmitted segments to clients: AS64501 50.0 %, AS64503 30.0 %, AS64504 20.0 %";
		expect(diagnose([], places)[0]).toStartWith(`${named} and 2 more networks. `);
		expect(diagnose([], places.slice(1))[0]).toStartWith(`${named} and 1 more network. `);
		expect(
			diagnose(
				[],
				places.slice(1).filter((_, index) => index !== 1),
			)[0],
		).toStartWith(`${named}. `);
	});

	test("is one for each kind of place", () => {
		const health = { unanswered_ratio: 0.5 };
		const places = [place("64500", health), place("DE", health, "country"), place("FR", health, "country")];
		expect(diagnose([], places).map((sentence) => sentence.split(". ")[0])).toEqual([
			"Queries without a response: Germany (DE) 50.0 %, France (FR) 50.0 %",
			"Queries without a response: AS64500 50.0 %",
		]);
	});

	test("of retransmitted segments compares with the others of the kind, if they have enough", () => {
		const lossy = place("64500", resent(0.2));
		const begin = "Retransmitted segments to clients: AS64500 20.0 %";
		const said = (...others: Place[]) => diagnose([], [lossy, ...others])[0];
		expect(said(place("64501", resent(0.01)), place("64502", resent(0.03)))).toStartWith(
			`${begin} (elsewhere 2.0 %). `,
		);
		expect(said(place("64501", resent(0.02, 50)))).toStartWith(`${begin} (elsewhere 2.0 %). `);
		expect(said(place("64501", resent(0.02, 49)))).toStartWith(`${begin}. `);
		expect(said(place("DE", resent(0.02), "country"))).toStartWith(`${begin}. `);
	});

	test("calls what is no country and no network by what it is", () => {
		const names = (kind: PlaceKind, ...labels: string[]) => labels.map((label) => place(label, {}, kind).name);
		expect(names("country", "IR", "ZZ", "other")).toEqual(["Iran (IR)", "Unknown country", "Other countries"]);
		expect(names("network", "64500", "0", "other")).toEqual(["AS64500", "Unknown network", "Other networks"]);
		expect(names("domain", "t.example.com", "other")).toEqual(["t.example.com", "other"]);
	});

	test("is one line, however many places there are", () => {
		const health = { ...resent(0.5), unanswered_ratio: 1, edns_refused_queries: 1_000, round_trip_seconds: times(3) };
		const places = Array.from({ length: 10_000 }, (_, index) => place(String(index + 1), health));
		const sentences = diagnose([domain()], places);
		expect(sentences).toHaveLength(4);
		for (const sentence of sentences) expect(sentence).toMatch(/^[^\n]{40,400}\.$/);
	});
});
