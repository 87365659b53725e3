import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { conditionTexts } from "../../src/summary/condition-texts.ts";
import {
	conditionOf,
	type FileFacts,
	fileFindings,
	nothingYet,
	tunnelFindings,
	worstFirst,
} from "../../src/summary/conditions.ts";
import type { DomainFigures } from "../../src/summary/domains.ts";
import { findingOf } from "../../src/summary/finding.ts";
import type { HealthFigures } from "../../src/summary/health.ts";
import { countryName, networkName } from "../../src/summary/names.ts";
import type { Place as AnyPlace } from "../../src/summary/places.ts";
import type { WindowFigures } from "../../src/summary/window.ts";

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

type PlaceKind = AnyPlace["kind"];

function figuresOf(domains: readonly Domain[], places: readonly AnyPlace[] = [], more: Partial<WindowFigures> = {}) {
	return {
		...{ seconds: 300, domains, health: well, places, evicted: {}, overflowed: 0, otherDomains: 0, otherPorts: 0 },
		capture: { received: 0, droppedByKernel: 0, droppedByInterface: 0 },
		...more,
	} satisfies WindowFigures;
}

/** What figures show, with dnstt.mtu as it is unless it is set: sentences and what to do. */
function diagnose(domains: readonly Domain[], places: readonly AnyPlace[], mtu = 1_232): string[] {
	const rows = (domains.length === 0 ? [domain()] : domains).map((row) => ({
		...row,
		mtu: { ...row.mtu, bytes: mtu },
	}));
	return worstFirst(tunnelFindings(figuresOf(rows, places))).map((finding) => {
		const { sentence, remedy } = conditionOf(finding, null);
		return `${sentence} ${remedy}`;
	});
}

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
			labelled_queries: 0,
			labelled: null,
			answered_queries: 1_000,
			answered_refused_queries: 0,
		},
		health: { ...well, ...health },
		...figures,
	};
}

function place(label: string, health: Partial<HealthFigures> = {}, kind: PlaceKind = "network", queries = 1_000) {
	const name = kind === "country" ? countryName(label) : networkName(label, null);
	return { kind, name, queries, health: { ...well, ...health } };
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
	expect(diagnose([silent], [])).toEqual([]);
});

/** A file with which nothing is wrong. */
const file: FileFacts = {
	ports: [53],
	discovered: [],
	packets: 1_000,
	cut: 0,
	strays: 0,
	stepsBack: 0,
	stepsForward: 0,
};

describe("where nothing came for the domains", () => {
	const silent = domain({ queries: 0, responses: 0 });
	const begin = "No query for t.example.com on eth0, UDP port 53";
	type Row = [title: string, domains: Domain[], others: number, ports: number, strays: number, said: string | null];
	test.each<Row>([
		["and nothing else, that is said", [silent], 0, 0, 0, `${begin}.`],
		["but for another", [silent], 1, 0, 1, `${begin}: 1 DNS message was for another domain.`],
		["but for others", [silent], 1_056, 9, 1, `${begin}: 1,056 DNS messages were for other domains.`],
		[
			"all domains are named",
			[silent, domain({ domain: "u.example.com", queries: 0, responses: 0 })],
			...[0, 0, 0, "No query for t.example.com or u.example.com on eth0, UDP port 53."],
		] as Row,
		[
			"but of other ports",
			[silent],
			0,
			7,
			0,
			"No packet to or from on eth0, UDP port 53: 7 packets were of other ports.",
		],
		["something of the port says that the port is right", [silent], 0, 7, 1, `${begin}.`],
		["a query ends it", [domain({ queries: 1, responses: 0 })], 9, 9, 0, null],
		["so does a response", [domain({ queries: 0, responses: 1 })], 9, 9, 0, null],
		[
			"refused ones are counted",
			[domain({ queries: 0, responses: 0, refused_queries: 1 })],
			...[9, 9, 0, "1 query for t.example.com on eth0, UDP port 53, all of them refused: see their reasons."],
		] as Row,
	])("%s", (_, domains, otherDomains, otherPorts, strays, said) => {
		const facts = { ports: [53], strays, interface: "eth0", discovered: [] };
		expect(nothingYet({ domains, otherDomains, otherPorts }, facts)?.sentence ?? null).toBe(said);
	});
});

describe("a tunnel that was recognised where nothing came", () => {
	const dnstt = { wire: "dnstt", record_type: "txt", clientid_size: 8 } as const;
	const tunnel = { domain: "t.example.com", port: 53, format: dnstt, interfaces: ["eth0"] };
	const nothing = domain({ queries: 0, responses: 0 });
	const other = { ...dnstt, wire: "vaydns", clientid_size: 2 } as const;
	const lookalike = { ...nothing.lookalike, fitting_queries: 0, other_queries: 20, other };
	test.each([
		["under another domain is named", { domain: "u.example.com" }, nothing, true],
		["on another port is named", { port: 54 }, nothing, true],
		["on another interface is named", { interfaces: ["eth1"] }, nothing, true],
		["of another format is named", { format: other }, nothing, true],
		["of another format is not named by two conditions", { format: other }, { ...nothing, lookalike }, false],
		["as it is configured is not named", {}, nothing, false],
	])("%s", (_, more, row, isNamed) => {
		const facts = { ports: [53], strays: 0, interface: "eth0", discovered: [{ ...tunnel, ...more }] };
		const finding = nothingYet({ domains: [row], otherDomains: 0, otherPorts: 0 }, facts);
		expect(finding?.advice.startsWith("Looks like ")).toBe(isNamed);
	});
});

describe("a file has a condition", () => {
	test.each<[title: string, facts: Partial<FileFacts>, ids: string[]]>([
		["for nothing while all is well", {}, []],
		["for no few packets that are not whole", { cut: 99 }, []],
		["for a tenth that are not whole", { cut: 100 }, ["packets_cut"]],
		["for a step back", { stepsBack: 1 }, ["time_went_back"]],
		["for a step forward", { stepsForward: 1_234 }, ["time_went_forward"]],
	])("%s", (_, facts, ids) => {
		expect(fileFindings(figuresOf([domain()]), { ...file, ...facts }).map(({ id }) => id)).toEqual(ids as never);
	});

	test("for queries that nothing answers, and not another one for the same", () => {
		const row = domain({ responses: 0, responses_by_rcode: {} }, { unanswered_ratio: 1 });
		expect(fileFindings(figuresOf([row]), file).map(({ id }) => id)).toEqual(["queries_only"]);
	});
});

test("tables that evict and label sets without room have theirs", () => {
	const found = tunnelFindings(figuresOf([domain()], [], { evicted: { waiting_queries: 1_200 }, overflowed: 3 }));
	expect(found.map(({ sentence }) => sentence)).toEqual([
		"Evicted entries: waiting queries 1,200.",
		"3 lookups found no room for a new label set.",
	]);
});

test("the worst condition is first, whatever the order they were found in", () => {
	const found = (["nothing_yet", "retransmissions", "unanswered", "server_silent"] as const).map((id) =>
		findingOf(id, [], id),
	);
	expect(worstFirst(found).map(({ id }) => id)).toEqual([
		"server_silent",
		"unanswered",
		"retransmissions",
		"nothing_yet",
	]);
});

test("README's table has each condition with its severity and what to do, and nothing else", () => {
	const readme = readFileSync(resolve(import.meta.dir, "../../README.md"), "utf8");
	const section = readme.split("\n## Conditions and what to do\n")[1]?.split("\n## ")[0] ?? "";
	const rows = section.split("\n").filter((line) => /^\| `/.test(line));
	expect(rows).toEqual(
		Object.entries(conditionTexts).map(
			([id, { severity, title, remedy }]) => `| \`${id}\` | ${severity} | ${title}. ${remedy} |`,
		),
	);
});

/** Figures of a domain that are one short of a sentence, and the least that make it. */
const domainRows: readonly [title: string, begin: string, short: Domain, enough: Domain][] = [
	[
		"FORMERR in 2 % of the responses",
		"t.example.com: 2.0 % of the responses are FORMERR. ",
		domain({ responses_by_rcode: { NOERROR: 981, FORMERR: 19 } }),
		domain({ responses_by_rcode: { NOERROR: 980, FORMERR: 20 } }),
	],
	[
		"FORMERR in all of 50 responses",
		"t.example.com: 100.0 % of the responses are FORMERR. ",
		domain({ responses: 49, responses_by_rcode: { FORMERR: 49 } }),
		domain({ responses: 50, responses_by_rcode: { FORMERR: 50 } }),
	],
	[
		"TC=1 in 2 % of the responses",
		"t.example.com: 2.0 % of the responses have TC=1. ",
		domain({ truncated_responses: 19 }),
		domain({ truncated_responses: 20 }),
	],
	[
		"TC=1 in all of 50 responses",
		"t.example.com: 100.0 % of the responses have TC=1. ",
		domain({ responses: 49, truncated_responses: 49 }),
		domain({ responses: 50, truncated_responses: 50 }),
	],
	[
		"responses that take 400 ms",
		"t.example.com: the median response time is 400 ms. ",
		domain({}, { response_duration_seconds: times(0.399) }),
		domain({}, { response_duration_seconds: times(0.4) }),
	],
	[
		"50 responses that take 1 s",
		"t.example.com: the median response time is 1.0 s. ",
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
		"30 % of segments retransmitted",
		"Retransmitted segments to clients: AS64500 30.0 %. ",
		place("64500", resent(0.299)),
		place("64500", resent(0.3)),
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
		[
			"ten of ten",
			1_232,
			answered(10, 10, 512),
			"10 of 10 queries that count as refused for their EDNS size are answered all the same: the server's -mtu is smaller than the dnstt.mtu of 1232",
		],
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
		expect(diagnose([], [place("64500", resent(0.345))])[0]).toStartWith(
			"Retransmitted segments to clients: AS64500 34.5 %. ",
		);
	});

	test("names the worst three of its kind, and counts the others", () => {
		const ratios = [0.32, 0.5, 0.31, 0.4, 0.35];
		const places = ratios.map((ratio, index) => place(String(64_500 + index), resent(ratio)));
		const named = "Retransmitted segments to clients: AS64501 50.0 %, AS64503 40.0 %, AS64504 35.0 %";
		expect(diagnose([], places)[0]).toStartWith(`${named} and 2 more networks. `);
		expect(diagnose([], places.slice(1))[0]).toStartWith(`${named} and 1 more network. `);
		expect(
			diagnose(
				[],
				places.slice(1).filter((_, index) => index !== 1),
			)[0],
		).toStartWith(`${named}. `);
	});

	test("is one, by the places that stand out, and by domain where all have it", () => {
		const health = { unanswered_ratio: 0.5 };
		const [as, de, fr] = [place("64500", health), place("DE", health, "country"), place("FR", {}, "country")];
		const begin = (...places: Place[]) =>
			diagnose([domain({}, health)], places).map((sentence) => sentence.split(". ")[0]);
		expect(begin(as, de, fr)).toEqual(["Queries without a response: Germany (DE) 50.0 %"]);
		expect(begin(as, de, place("64501"))).toEqual(["Queries without a response: AS64500 50.0 %"]);
		expect(begin(as, de)).toEqual(["Queries without a response: t.example.com 50.0 %"]);
		expect(begin()).toEqual(["Queries without a response: t.example.com 50.0 %"]);
	});

	test("of retransmitted segments compares with the others of the kind, if they have enough", () => {
		const lossy = place("64500", resent(0.4));
		const begin = "Retransmitted segments to clients: AS64500 40.0 %";
		const said = (...others: Place[]) => diagnose([], [lossy, ...others])[0];
		expect(said(place("64501", resent(0.01)), place("64502", resent(0.03)))).toStartWith(
			`${begin} (elsewhere 2.0 %). `,
		);
		expect(said(place("64501", resent(0.02, 50)))).toStartWith(`${begin} (elsewhere 2.0 %). `);
		expect(said(place("64501", resent(0.02, 49)))).toStartWith(`${begin}. `);
		expect(said(place("DE", resent(0.02), "country"))).toStartWith(`${begin}. `);
	});

	test("is one line, however many places there are", () => {
		const health = { ...resent(0.5), unanswered_ratio: 1, edns_refused_queries: 1_000, round_trip_seconds: times(3) };
		const places = Array.from({ length: 10_000 }, (_, index) => place(String(index + 1), health));
		const sentences = diagnose([domain()], places);
		expect(sentences).toHaveLength(4);
		for (const sentence of sentences) expect(sentence).toMatch(/^[^\n]{40,400}\.$/);
	});
});
