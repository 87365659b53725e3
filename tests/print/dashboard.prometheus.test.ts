/** Every query of the dashboard, asked of a real Prometheus that scraped known traffic. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { catalog, type MetricKey } from "../../src/metrics/catalog.ts";
import { sections } from "../../src/print/panels.ts";
import { countryTitle } from "../../src/summary/names.ts";
import { type Exporter, startExporter } from "../support/exporter.ts";
import { dnsttQuery, dnsttResponse, ethernetFrame, kcpCommands, kcpSegment, udpPacket } from "../support/frames.ts";
import { asnMmdb, countryMmdb } from "../support/mmdb.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "../support/netns.ts";
import type { CaptureRecord } from "../support/pcapfile.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary.ts";
import { type Prometheus, type Series, startPrometheus } from "./prometheus.ts";

/** Debian's package is installed by tools.ts where that may be; a run names what it skipped. Namespaces need root. */
const missing = Bun.which("prometheus") === null;
const domain = "t.example.com";
const specs = sections.flatMap((section) => section.panels);

/** Two moments at which Prometheus scraped, all known counts complete: rates between them are exact. */
interface Span {
	readonly firstSeconds: number;
	readonly lastSeconds: number;
}

/** The answers to a panel's queries at the end of the span, $__rate_interval being the span. */
function answersTo(prometheus: Prometheus, title: string, span: Span): Promise<Series[][]> {
	const spec = specs.find((candidate) => candidate.title === title);
	if (spec === undefined) throw new Error(`no panel ${title}`);
	// One millisecond more, as a range leaves out its own beginning from Prometheus 3 on.
	const rangeMs = Math.round((span.lastSeconds - span.firstSeconds) * 1_000) + 1;
	const filled = (expr: string) =>
		expr
			.replaceAll("$domain", ".*")
			.replaceAll("$instance", ".*")
			.replaceAll("$__rate_interval", `${rangeMs}ms`)
			.replaceAll("$__range", `${rangeMs}ms`);
	return Promise.all(spec.queries.map(({ expr }) => prometheus.query(filled(expr), span.lastSeconds)));
}

/** Series as label values in the order of their names, with the value: `{ "DE 64496": 3 }`; "" without labels. */
function named(series: readonly Series[]): Record<string, number> {
	const rows = series.map(({ labels, value }) => {
		const { instance, job, ...own } = labels;
		const names = Object.keys(own).toSorted();
		return [names.map((name) => own[name]).join(" "), value] as const;
	});
	return Object.fromEntries(rows);
}

type Expected = readonly Readonly<Record<string, number>>[];

/** Compares to a thousandth: that millisecond, and the cut of times to milliseconds. */
function expectClose(got: readonly Series[][], expected: Expected): void {
	expect(got.map((series) => Object.keys(named(series)).toSorted())).toEqual(
		expected.map((values) => Object.keys(values).toSorted()),
	);
	for (const [index, values] of expected.entries()) {
		for (const [name, value] of Object.entries(values)) {
			const actual = named(got[index] ?? [])[name] ?? Number.NaN;
			if (!(Math.abs(actual - value) <= Math.abs(value) / 1_000 + 1e-9))
				expect({ [name]: actual }).toEqual({ [name]: value });
		}
	}
}

/**
 * When the next scrape is. The exporter reads packets between two metrics of one scrape, so that the first scrape in which one metric is
 * complete may have others that are not.
 */
async function nextScrape(prometheus: Prometheus): Promise<number> {
	const latest = `timestamp(${catalog.domainPeakClients.name})`;
	const [now] = await prometheus.query(latest);
	return (await prometheus.when(latest, (time) => time > (now?.value ?? 0))).value;
}

const scrapeConfig = (target: string) =>
	JSON.stringify({
		// The second is what $__range: steps by.
		global: { scrape_interval: "200ms", scrape_timeout: "200ms", evaluation_interval: "200ms" },
		scrape_configs: [{ job_name: "dnstt", static_configs: [{ targets: [target] }] }],
	});

/** Clients of one round by resolver: two queries each, a poll and one with data, and a response to each. */
const resolvers = [
	{ address: "192.0.2.1", country: "DE", asn: "64496", clients: 3 },
	{ address: "203.0.113.1", country: "JP", asn: "64497", clients: 2 },
	{ address: "198.51.100.7", country: "FR", asn: "0", clients: 1 },
] as const;
const server = "198.51.100.99";

interface Round {
	readonly frames: readonly CaptureRecord[];
	/** Bytes of one client's two queries, of its two responses, and of the tunnel's packets inside them. */
	readonly bytesIn: number;
	readonly bytesOut: number;
	readonly packetBytesIn: number;
	readonly packetBytesOut: number;
}

/** The messages of one round; client ids start at `firstClient`. */
function round(firstClient: number): Round {
	const frames: CaptureRecord[] = [];
	const packetIn = kcpSegment({ command: kcpCommands.push, sequence: 0, data: new Uint8Array(40) });
	const packetOut = kcpSegment({ command: kcpCommands.push, sequence: 0, data: new Uint8Array(400) });
	let next = firstClient;
	let sums = { bytesIn: 0, bytesOut: 0 };
	for (const { address, clients } of resolvers) {
		for (let client = 0; client < clients; client++) {
			const clientId = Uint8Array.of(0, 0, 0, 0, 0, 0, 2, next++);
			const poll = dnsttQuery({ clientId, domain, id: next * 2 });
			const data = dnsttQuery({ clientId, domain, id: next * 2 + 1, packets: [packetIn] });
			const exchanges = [
				[poll, dnsttResponse(poll)],
				[data, dnsttResponse(data, [packetOut])],
			] as const;
			sums = { bytesIn: 0, bytesOut: 0 };
			for (const [query, response] of exchanges) {
				const there = { source: address, sourcePort: 4_000, destination: server, destinationPort: 53 };
				const back = { source: server, sourcePort: 53, destination: address, destinationPort: 4_000 };
				const packets = [udpPacket({ ...there, payload: query }), udpPacket({ ...back, payload: response })];
				for (const packet of packets) frames.push({ timeNs: 0n, bytes: ethernetFrame(packet) });
				sums = { bytesIn: sums.bytesIn + query.length, bytesOut: sums.bytesOut + response.length };
			}
		}
	}
	return { frames, ...sums, packetBytesIn: packetIn.length, packetBytesOut: packetOut.length };
}

describe.skipIf(missing || !haveNetns())("the exporter, live, after two rounds of 6 clients", () => {
	let network: Network;
	let host: Namespace;
	let folder: TemporaryFolder;
	let exporter: Exporter;
	let prometheus: Prometheus;
	let span: Span;
	const clientsOfRound = 6;
	const { bytesIn, bytesOut, packetBytesIn, packetBytesOut } = round(0);

	beforeAll(async () => {
		network = makeNetwork();
		host = network.namespace("dash");
		network.veth({ namespace: host, interfaceName: "eth0" }, { namespace: host, interfaceName: "wan0" });
		folder = temporaryFolder();
		await Bun.write(folder.file("country.mmdb"), countryMmdb());
		await Bun.write(folder.file("asn.mmdb"), asnMmdb());
		await Bun.write(folder.file("prometheus.yml"), scrapeConfig("127.0.0.1:9713"));
		exporter = await startExporter({
			flags: [
				...["--dnstt.domain", domain, "--capture.interface=eth0", "--session.active-window=1h", "--process.user=root"],
				`--geoip.country-database=${folder.file("country.mmdb")}`,
				`--geoip.asn-database=${folder.file("asn.mmdb")}`,
			],
			namespace: host,
		});
		prometheus = await startPrometheus({ configFile: folder.file("prometheus.yml"), namespace: host, port: 9090 });
		const send = async (rounds: number) => {
			await host.sendFrames(round((rounds - 1) * clientsOfRound).frames, "wan0");
			const complete = rounds * clientsOfRound * bytesOut;
			await prometheus.when(`sum(${catalog.bytesOut.name})`, (value) => value === complete);
			return nextScrape(prometheus);
		};
		const firstSeconds = await send(1);
		span = { firstSeconds, lastSeconds: await send(2) };
	}, 40_000);
	afterAll(async () => {
		await prometheus?.[Symbol.asyncDispose]();
		await exporter?.stop();
		network?.remove();
		folder?.[Symbol.dispose]();
	});

	/** A value for each resolver, under the labels of those names. */
	const each = (labels: readonly ("country" | "asn")[], value: (clients: number) => number) => ({
		...Object.fromEntries(
			// In the order of the names: asn, country.
			resolvers.map((resolver) => [
				labels
					.toSorted()
					.map((label) => resolver[label])
					.join(" "),
				value(resolver.clients),
			]),
		),
	});
	const both = (clients: number) => clients * 2;
	/** The same under codes and names, which no exporter exports yet: asn, country, name, organization. */
	const placed = (value: (clients: number) => number) =>
		Object.fromEntries(
			resolvers.map(({ asn, country, clients }) => [
				`${asn} ${country} ${countryTitle(country)} ${asn === "0" ? "Unknown network" : `Example Network ${asn}`}`,
				value(clients),
			]),
		);

	test.each<[title: string, expected: (seconds: number) => Expected]>([
		["Current active clients", () => [{ "": 12 }]],
		["Peak active clients", () => [{ "": 12 }]],
		["Active clients by country", () => [each(["country"], both)]],
		["Top countries by active clients", () => [each(["country"], both)]],
		["Active clients by ASN", () => [each(["asn"], both)]],
		["Top ASNs by active clients", () => [each(["asn"], both)]],
		["Active clients by country and ASN", () => [each(["country", "asn"], both)]],
		["Top country/ASN pairs by active clients", () => [each(["country", "asn"], both)]],
		["DNS query rate", (s) => [{ "": 12 / s }]],
		["DNS query rate by country", (s) => [each(["country"], (clients) => (clients * 2) / s)]],
		["Top ASNs by DNS query rate", (s) => [each(["asn"], (clients) => (clients * 2) / s)]],
		["Inbound DNS traffic rate", (s) => [{ "": (6 * bytesIn) / s }]],
		["Outbound DNS traffic rate", (s) => [{ "": (6 * bytesOut) / s }]],
		["DNS traffic rate by country", (s) => [each(["country"], (clients) => (clients * (bytesIn + bytesOut)) / s)]],
		["Total observed sessions", () => [{ "": 12 }]],
		["New session rate", (s) => [{ "": 6 / s }]],
		["New session rate by country", (s) => [each(["country"], (clients) => clients / s)]],
		["Active clients", () => [{ "": 12 }]],
		["Peak in the time range", () => [{ "": 12 }]],
		["Queries", (s) => [{ "": 12 / s }]],
		["Active clients by country of the resolver", () => [{ "DE Germany": 6, "JP Japan": 4, "FR France": 2 }]],
		[
			"Active clients by network of the resolver",
			() => [{ "64496 Example Network 64496": 6, "64497 Example Network 64497": 4, "0 Unknown network": 2 }],
		],
		["Map", () => [{ "DE Germany": 6, "JP Japan": 4, "FR France": 2 }]],
		[
			"Countries and networks",
			(s) => [
				placed((clients) => clients * 2),
				placed((clients) => (clients * 2) / s),
				placed((clients) => (clients * (bytesIn + bytesOut)) / s),
			],
		],
		["Hosts now", (s) => [{ "": 12 }, { "": 12 / s }, { "": 0 }, {}, { "": 3 }, { "": 1 }]],
		["DNS traffic", (s) => [{ "": (6 * bytesIn) / s }, { "": (6 * bytesOut) / s }]],
		["Certificate", () => [{}]],
		["Polls and queries with data", (s) => [{ "": 6 / s }, { "": 6 / s }]],
		["Tunnel traffic", (s) => [{ "": (6 * packetBytesIn) / s }, { "": (6 * packetBytesOut) / s }]],
		["Overhead", () => [{ "": (bytesIn + bytesOut) / (packetBytesIn + packetBytesOut) }]],
		["Responses by code", (s) => [{ NOERROR: 12 / s, FORMERR: 0, SERVFAIL: 0, NXDOMAIN: 0, NOTIMP: 0, REFUSED: 0 }]],
		["Retransmissions", () => [{ "": 0 }, { "": 0 }]],
		["Refused queries by reason", () => [{ none: 0 }]],
		["Malformed packets by reason", () => [{ none: 0 }]],
		["EDNS payload sizes", (s) => [{ "512": 0, "1231": 0, "1232": 0, "1452": 0, "4096": 12 / s, "+Inf": 12 / s }]],
		["Truncated responses", () => [{ "": 0 }]],
		["Capture", () => [{ eth0: 1 }]],
		["Last configuration reload", () => [{ "": 1 }]],
		["Captured packets", (s) => [{ eth0: 24 / s }]],
		["Capture drops", () => [{ "kernel eth0": 0, "interface eth0": 0 }]],
	])("%s", async (title, expected) => {
		expectClose(await answersTo(prometheus, title, span), expected(span.lastSeconds - span.firstSeconds));
	});
});

/** A histogram's buckets, cumulative counts of 0 before and these after: half up to the first bound, nine tenths up to the second. */
const halves = (bounds: readonly [number, number, number]) =>
	[...bounds.map(String), "+Inf"].map((le, index) => [{ le }, 0, [50, 90, 100, 100][index] ?? 0] as const);

type Row = readonly [labels: Readonly<Record<string, string>>, before: number, after: number];

const buildSeconds = 1_767_323_045;
/** What an exporter might tell before and after, by metric; histograms by their buckets. */
const told: Partial<Record<MetricKey, readonly Row[]>> = {
	queries: [[{ domain }, 1_000, 1_600]],
	activeClients: [
		[{ domain, country: "DE", asn: "64496" }, 3, 3],
		[{ domain, country: "ZZ", asn: "0" }, 2, 2],
		[{ domain, country: "JP", asn: "other" }, 0, 0],
	],
	polls: [[{ domain }, 400, 600]],
	bytesIn: [[{ domain }, 100_000, 160_000]],
	bytesOut: [[{ domain }, 200_000, 500_000]],
	domainQueries: [[{ domain }, 1_000, 1_600]],
	domainBytesIn: [[{ domain }, 100_000, 160_000]],
	domainBytesOut: [[{ domain }, 200_000, 500_000]],
	packetBytesIn: [[{ domain }, 20_000, 50_000]],
	packetBytesOut: [[{ domain }, 100_000, 340_000]],
	segmentsIn: [[{ domain }, 100, 200]],
	retransmissionsIn: [[{ domain }, 10, 15]],
	segmentsOut: [[{ domain }, 1_000, 2_000]],
	retransmissionsOut: [[{ domain }, 100, 300]],
	domainPeakClients: [[{ domain }, 7, 7]],
	lastQuery: [[{ domain }, 1_700_000_000, 1_700_000_060]],
	certificateNotAfter: [[{}, 2_000_000_000, 2_000_000_000]],
	roundTrips: halves([0.064, 0.128, 0.256]).map(([labels, ...values]) => [{ domain, ...labels }, ...values]),
	responseTimes: halves([0.512, 1.024, 2.048]).map(([labels, ...values]) => [{ domain, ...labels }, ...values]),
	sessionDurations: halves([16, 64, 256]).map(([labels, ...values]) => [{ domain, ...labels }, ...values]),
	sessionBytes: halves([1_024, 4_096, 16_384]).map(([labels, ...values]) => [{ domain, ...labels }, ...values]),
	unanswered: [[{ domain }, 5, 11]],
	responses: [
		[{ domain, rcode: "NOERROR" }, 900, 1_400],
		[{ domain, rcode: "FORMERR" }, 10, 30],
	],
	truncated: [[{ domain }, 1, 4]],
	refusedQueries: [
		[{ domain, reason: "not_txt" }, 10, 20],
		[{ domain, reason: "short_id" }, 5, 5],
	],
	malformedPackets: [
		[{ reason: "frame_truncated" }, 1, 3],
		[{ reason: "name_too_long" }, 8, 8],
	],
	packetsDropped: [
		[{ interface: "any", by: "kernel" }, 10, 20],
		[{ interface: "any", by: "interface" }, 5, 5],
	],
	tableEntries: [[{ table: "sessions" }, 40, 50]],
	tableCapacity: [[{ table: "sessions" }, 100, 100]],
	tableEvicted: [[{ table: "sessions" }, 3, 6]],
	geoipBuildTime: [[{ database: "country" }, buildSeconds, buildSeconds]],
	buildInfo: [[{ version: "1.0.0", revision: "abc", bunversion: "1.4.5" }, 1, 1]],
};

function exposition(after: boolean): string {
	const lines = Object.entries(told).flatMap(([key, rows]) => {
		const { name, type } = catalog[key as MetricKey];
		const samples = rows.map(([labels, before, later]) => {
			const text = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
			return `${name}${type === "histogram" ? "_bucket" : ""}{${text.join(",")}} ${after ? later : before}`;
		});
		return [`# TYPE ${name} ${type}`, ...samples];
	});
	return `${[...lines, ...infos].join("\n")}\n`;
}

/** Names of the country and the network; of two hosts with other databases the one or the other. */
const infos = [
	'dnstt_country_info{country="DE",name="Germany"} 1',
	'dnstt_asn_info{asn="64496",organization="Example Net"} 1',
];

const rows: readonly (readonly [title: string, expected: (seconds: number, now: number) => Expected])[] = [
	["Active clients by country of the resolver", () => [{ "DE Germany": 3, "ZZ unknown": 2, "JP JP": 0 }]],
	[
		"Active clients by network of the resolver",
		() => [{ "64496 Example Net": 3, "0 unknown": 2, "other other networks": 0 }],
	],
	["Map", () => [{ "DE Germany": 3, "ZZ unknown": 2 }]],
	["Session duration", () => [{ "": 16 }, { "": 64 + 0.5 * 192 }]],
	["Session volume", () => [{ "": 1_024 }, { "": 4_096 + 0.5 * 12_288 }]],
	["Round trip, median", () => [{ "": 0.064 }]],
	["Round trip time", () => [{ "": 0.064 }, { "": 0.128 + 0.5 * 0.128 }]],
	["Response time", () => [{ "": 0.512 }, { "": 1.024 + 0.5 * 1.024 }]],
	["Unanswered", () => [{ "": 6 / 600 }]],
	["Unanswered queries", () => [{ "": 6 / 600 }]],
	["Last query", (_, now) => [{ "": now - 1_700_000_060 }]],
	["Certificate", (_, now) => [{ "": 2_000_000_000 - now }]],
	["Retransmissions", () => [{ "": 0.05 }, { "": 0.2 }]],
	["Tunnel traffic", (s) => [{ "": 30_000 / s }, { "": 240_000 / s }]],
	["Overhead", () => [{ "": 360_000 / 270_000 }]],
	["Polls and queries with data", (s) => [{ "": 200 / s }, { "": 400 / s }]],
	["Responses by code", (s) => [{ NOERROR: 500 / s, FORMERR: 20 / s }]],
	["Truncated responses", (s) => [{ "": 3 / s }]],
	["Refused queries by reason", (s) => [{ not_txt: 10 / s }]],
	["Malformed packets by reason", (s) => [{ frame_truncated: 2 / s }]],
	["Capture drops", (s) => [{ "kernel any": 10 / s, "interface any": 0 }]],
	["Fill of the tables", () => [{ sessions: 0.5 }]],
	["Evictions", (s) => [{ sessions: 3 / s }]],
	["Age of the GeoIP databases", (_, now) => [{ country: now - buildSeconds }]],
	["Build", () => [{ "1.4.5 abc 1.0.0": 1 }]],
];

describe.skipIf(missing)("an exporter that tells known numbers before and after", () => {
	let after = false;
	let server: ReturnType<typeof Bun.serve>;
	let folder: TemporaryFolder;
	let prometheus: Prometheus;
	let span: Span;

	beforeAll(async () => {
		folder = temporaryFolder();
		server = Bun.serve({
			...{ hostname: "127.0.0.1", port: 0 },
			fetch: () => new Response(exposition(after), { headers: { "content-type": "text/plain; version=0.0.4" } }),
		});
		await Bun.write(folder.file("prometheus.yml"), scrapeConfig(`127.0.0.1:${server.port}`));
		prometheus = await startPrometheus({ configFile: folder.file("prometheus.yml") });
		const scraped = async (queries: number) => {
			await prometheus.when(catalog.queries.name, (value) => value === queries);
			return nextScrape(prometheus);
		};
		const firstSeconds = await scraped(1_000);
		after = true;
		span = { firstSeconds, lastSeconds: await scraped(1_600) };
	}, 40_000);
	afterAll(async () => {
		await prometheus?.[Symbol.asyncDispose]();
		await server?.stop(true);
		folder?.[Symbol.dispose]();
	});

	test.each(rows)("%s", async (title, expected) => {
		expectClose(
			await answersTo(prometheus, title, span),
			expected(span.lastSeconds - span.firstSeconds, span.lastSeconds),
		);
	});
});

test("every panel has a row above, or a test of two hosts", async () => {
	const files = ["dashboard.prometheus.test.ts", "dashboard.hosts.test.ts"];
	const texts = await Promise.all(files.map((name) => Bun.file(`${import.meta.dir}/${name}`).text()));
	const text = texts.join("\n");
	expect(
		specs
			.map(({ title }) => title)
			.filter((title) => !text.includes(`"${title}", `) && !text.includes(`"${title}",\n`)),
	).toEqual([]);
});
