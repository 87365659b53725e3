/** Every query of the dashboard, asked of a real Prometheus that scrapes two hosts: before traffic, during, and after it ended. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { catalog } from "../../src/metrics/catalog.ts";
import { sections } from "../../src/print/panels.ts";
import { type Exporter, startExporter } from "../support/exporter.ts";
import { dnsttQuery, dnsttResponse, ethernetFrame, kcpCommands, kcpSegment, udpPacket } from "../support/frames.ts";
import { asnMmdb, countryMmdb } from "../support/mmdb.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "../support/netns.ts";
import type { CaptureRecord } from "../support/pcapfile.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary.ts";
import { type Prometheus, type Series, startPrometheus } from "./prometheus.ts";

const missing = Bun.which("prometheus") === null;
const specs = sections.flatMap((section) => section.panels);
const [first, second] = ["t.example.com", "u.example.com"];

/** Grafana's $__rate_interval here, and the window after which a client is no longer active: both have passed in the last phase. */
const rateIntervalSeconds = 4;
const activeSeconds = 5;

/** Sessions of one host: each asks for a poll and sends data, every second for some seconds. */
interface Traffic {
	readonly domain: string;
	readonly resolver: string;
	readonly clients: number;
}
const server = "198.51.100.99";
/** The first host has databases and watches one domain, the other has none and watches two. */
const onFirst: readonly Traffic[] = [
	{ domain: first, resolver: "192.0.2.1", clients: 4 },
	{ domain: first, resolver: "203.0.113.1", clients: 2 },
];
// One resolver is that of the first host as well.
const onSecond: readonly Traffic[] = [
	{ domain: first, resolver: "192.0.2.1", clients: 3 },
	{ domain: second, resolver: "203.0.113.200", clients: 1 },
];
const seconds = 8;
const perSecond = 5;

function framesOf(traffic: readonly Traffic[]): CaptureRecord[] {
	const frames: CaptureRecord[] = [];
	for (let round = 0; round < seconds * perSecond; round++) {
		for (const [index, { domain, resolver, clients }] of traffic.entries()) {
			for (let client = 0; client < clients; client++) {
				const packet = kcpSegment({ command: kcpCommands.push, sequence: round, data: new Uint8Array(40) });
				const query = dnsttQuery({
					...{ clientId: Uint8Array.of(0, 0, 0, 0, 0, 0, index, client), domain },
					...{ id: round * 100 + client, packets: round % 2 === 0 ? [] : [packet] },
				});
				const there = { source: resolver, sourcePort: 4_000, destination: server, destinationPort: 53 };
				const back = { source: server, sourcePort: 53, destination: resolver, destinationPort: 4_000 };
				for (const datagram of [
					udpPacket({ ...there, payload: query }),
					udpPacket({ ...back, payload: dnsttResponse(query, [packet]) }),
				])
					frames.push({ timeNs: 0n, bytes: ethernetFrame(datagram) });
			}
		}
	}
	return frames;
}

/** Panels without a value before the first query: there is nothing to divide by, no place, no session that ended. */
const nothingBefore = [
	...["Unanswered", "Round trip, median", "Last query", "Unanswered queries", "Round trip time", "Response time"],
	...["Retransmissions", "Overhead", "Session duration", "Session volume", "Map", "Countries and networks"],
];
/** Without a value whenever: no TLS, and no time stamps echoed in this traffic. */
const nothingEver = ["Certificate", "Round trip, median", "Round trip time"];
/** Afterwards no rate has anything to divide by, and nobody is active at any place. */
const nothingAfter = [
	...["Unanswered", "Unanswered queries", "Response time", "Retransmissions", "Overhead"],
	...["Session duration", "Session volume", "Map", "Countries and networks"],
];

describe.skipIf(missing || !haveNetns())("two hosts, one with GeoIP, one with two domains", () => {
	let network: Network;
	let host: Namespace;
	let folder: TemporaryFolder;
	let prometheus: Prometheus;
	const exporters: Exporter[] = [];
	const times: Record<string, number> = {};

	beforeAll(async () => {
		network = makeNetwork();
		host = network.namespace("two");
		for (const index of [0, 1]) {
			network.veth(
				{ namespace: host, interfaceName: `eth${index}` },
				{ namespace: host, interfaceName: `wan${index}` },
			);
		}
		folder = temporaryFolder();
		await Bun.write(folder.file("country.mmdb"), countryMmdb());
		await Bun.write(folder.file("asn.mmdb"), asnMmdb());
		const targets = ["127.0.0.1:9713", "127.0.0.1:9714"];
		await Bun.write(
			folder.file("prometheus.yml"),
			JSON.stringify({
				global: { scrape_interval: "500ms", scrape_timeout: "500ms", evaluation_interval: "500ms" },
				scrape_configs: [{ job_name: "dnstt", static_configs: [{ targets }] }],
			}),
		);
		const common = [`--session.active-window=${activeSeconds}s`, "--process.user=root"];
		const flags = [
			[
				...["--dnstt.domain", first, "--capture.interface=eth0"],
				`--geoip.country-database=${folder.file("country.mmdb")}`,
				`--geoip.asn-database=${folder.file("asn.mmdb")}`,
			],
			["--dnstt.domain", first, "--dnstt.domain", second, "--capture.interface=eth1"],
		];
		for (const [index, own] of flags.entries()) {
			exporters.push(
				await startExporter({ flags: [...own, ...common], namespace: host, listenAddress: targets[index] ?? "" }),
			);
		}
		prometheus = await startPrometheus({ configFile: folder.file("prometheus.yml"), namespace: host, port: 9090 });
		await prometheus.when("sum(up)", (up) => up === 2);
		await Bun.sleep((rateIntervalSeconds + 1) * 1_000);
		times.before = Date.now() / 1_000;
		const rate = (traffic: readonly Traffic[]) =>
			traffic.reduce((sum, { clients }) => sum + clients, 0) * 2 * perSecond;
		const sending = [
			host.sendFrames(framesOf(onFirst), "wan0", rate(onFirst)),
			host.sendFrames(framesOf(onSecond), "wan1", rate(onSecond)),
		];
		await Bun.sleep((seconds - 1.5) * 1_000);
		times.during = Date.now() / 1_000;
		await Promise.all(sending);
		await prometheus.when(`sum(${catalog.activeClients.name})`, (active) => active === 0, 30_000);
		await Bun.sleep((rateIntervalSeconds + 1) * 1_000);
		times.after = Date.now() / 1_000;
	}, 90_000);
	afterAll(async () => {
		await prometheus?.[Symbol.asyncDispose]();
		for (const exporter of exporters) await exporter.stop();
		network?.remove();
		folder?.[Symbol.dispose]();
	});

	function ask(title: string, phase: string, chosen: { domain?: string; instance?: string } = {}): Promise<Series[][]> {
		const queries = specs.find((spec) => spec.title === title)?.queries ?? [];
		const filled = (expr: string) =>
			expr
				.replaceAll("$domain", chosen.domain ?? ".*")
				.replaceAll("$instance", chosen.instance ?? ".*")
				.replaceAll("$__rate_interval", `${rateIntervalSeconds}s`)
				.replaceAll("$__range", "60s");
		return Promise.all(queries.map(({ expr }) => prometheus.query(filled(expr), times[phase])));
	}
	const single = async (title: string, phase: string, chosen = {}) => (await ask(title, phase, chosen))[0]?.[0]?.value;

	test.each(["before", "during", "after"])("no query returns NaN or an infinity %s the traffic", async (phase) => {
		for (const { title } of specs) {
			const values = (await ask(title, phase)).flat().map(({ value }) => value);
			expect([title, values.filter((value) => !Number.isFinite(value))]).toEqual([title, []]);
		}
	});

	test.each([
		["before", [...nothingBefore, ...nothingEver]],
		["during", [...nothingEver, "Session duration", "Session volume"]],
		["after", [...nothingAfter, ...nothingEver]],
	])(
		"no query returns nothing %s the traffic but where there is nothing to divide by or no place",
		async (phase, empty) => {
			const silent: string[] = [];
			for (const { title } of specs) {
				const answers = await ask(title, phase);
				if (title !== "Hosts now" && answers.some((series) => series.length === 0)) silent.push(title);
			}
			expect(silent.toSorted()).toEqual([...new Set(empty)].toSorted());
		},
	);

	test("sums are right over both hosts, and of one of them and one of the domains", async () => {
		expect(await single("Active clients", "before")).toBe(0);
		expect(await single("Active clients", "during")).toBe(10);
		expect(await single("Active clients", "during", { domain: first })).toBe(9);
		expect(await single("Active clients", "during", { domain: second })).toBe(1);
		expect(await single("Active clients", "during", { instance: "127.0.0.1:9714" })).toBe(4);
		expect(await single("Active clients", "after")).toBe(0);
		expect(await single("Peak in the time range", "after")).toBe(10);
		expect(await single("Queries", "before")).toBe(0);
		expect((await single("Queries", "during")) ?? 0).toBeGreaterThan(10 * perSecond * 0.8);
		expect(await single("Queries", "after")).toBe(0);
		expect(await single("Unanswered", "during")).toBe(0);
		expect((await single("New sessions per hour", "after")) ?? 0).toBeGreaterThan(9.5);
		expect((await single("New sessions per hour", "after")) ?? 0).toBeLessThan(11.5);
		expect((await single("Last query", "after")) ?? 0).toBeGreaterThan(activeSeconds);
	});

	test("each host has its row", async () => {
		const rows = (await ask("Hosts now", "during")).map((series) =>
			Object.fromEntries(series.map(({ labels, value }) => [labels.instance, value])),
		);
		const both = (a: number, b: number) => ({ "127.0.0.1:9713": a, "127.0.0.1:9714": b });
		expect([rows[0], rows[2], rows[4], rows[5]]).toEqual([both(6, 4), both(0, 0), both(2, 1), both(1, 1)]);
		expect(Object.keys(rows[1] ?? {})).toHaveLength(2);
		// Nobody has acknowledged a time stamp: no round trips.
		expect(rows[3]).toEqual({});
	});

	test("places have their codes, and one row says that a host has no GeoIP", async () => {
		const [countries = []] = await ask("Active clients by country of the resolver", "during");
		const byName = (series: readonly Series[], name: string) =>
			Object.fromEntries(series.map(({ labels, value }) => [labels[name], value]));
		expect(byName(countries, "name")).toEqual({ Germany: 4, Japan: 2, "without GeoIP": 4 });
		const [networks = []] = await ask("Active clients by network of the resolver", "during");
		expect(byName(networks, "organization")).toEqual({
			"Example Network 64496": 4,
			"Example Network 64497": 2,
			"without GeoIP": 4,
		});
		const [rows = []] = await ask("Countries and networks", "during");
		expect(rows.map(({ labels }) => labels.asn).toSorted()).toEqual(["64496", "64497", undefined].toSorted());
	});
});
