import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync } from "node:fs";
import { type Exporter, startExporter } from "../support/exporter.ts";
import { dnsttQuery, dnsttResponse, ethernetFrame, udpPacket } from "../support/frames.ts";
import { asnMmdb, countryMmdb } from "../support/mmdb.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "../support/netns.ts";
import { type CaptureRecord, concatBytes } from "../support/pcapfile.ts";
import { runCommand, until } from "../support/process.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary.ts";

const domain = "t.example.com";
const host = "198.51.100.9";

/** In each tenth of a second every resolver sends so many queries; a new client's takes the place of the last one's every so many tenths. */
const resolvers = [
	{ address: "192.0.2.1", country: "DE", asn: "64496", queries: 4, newEvery: 1 },
	{ address: "203.0.113.1", country: "JP", asn: "64497", queries: 3, newEvery: 2 },
	{ address: "203.0.113.200", country: "US", asn: "64497", queries: 2, newEvery: 4 },
	{ address: "100.64.0.1", country: "ZZ", asn: "0", queries: 1, newEvery: 6 },
] as const;
const tenths = 120;
const answer = new Uint8Array(50);

function message(clientId: Uint8Array): Uint8Array {
	return dnsttQuery({ domain, clientId });
}
const queryBytes = message(new Uint8Array(8)).length;
const responseBytes = dnsttResponse(message(new Uint8Array(8)), [answer]).length;

/** The frames of all that is sent, and how many there are in a second. */
function traffic(): { readonly frames: CaptureRecord[]; readonly rate: number } {
	const frames: CaptureRecord[] = [];
	const add = (bytes: Uint8Array) => frames.push({ timeNs: 0n, bytes });
	for (let tenth = 0; tenth < tenths; tenth++) {
		for (const [index, { address, queries, newEvery }] of resolvers.entries()) {
			const client = Math.floor(tenth / newEvery);
			const query = message(concatBytes([new Uint8Array(6), Uint8Array.of(index, client)]));
			for (let count = 0; count < queries; count++) {
				const there = { source: address, destination: host, sourcePort: 4000, destinationPort: 53 };
				const back = { source: host, destination: address, sourcePort: 53, destinationPort: 4000 };
				add(ethernetFrame(udpPacket({ ...there, payload: query }), "in"));
				add(ethernetFrame(udpPacket({ ...back, payload: dnsttResponse(query, [answer]) }), "out"));
			}
		}
	}
	return { frames, rate: (frames.length / tenths) * 10 };
}

type Resolver = (typeof resolvers)[number];
const sessions = ({ newEvery }: Resolver) => tenths / newEvery;
const sessionRate = ({ newEvery }: Resolver) => 10 / newEvery;
const queryRate = ({ queries }: Resolver) => queries * 10;

/** Expected rows by label values ("DE", "DE 64496", "" without labels), highest first. */
function rows(by: readonly ("country" | "asn")[], value: (resolver: Resolver) => number): [string, number][] {
	const sums = new Map<string, number>();
	for (const resolver of resolvers) {
		const key = by.map((label) => resolver[label]).join(" ");
		sums.set(key, (sums.get(key) ?? 0) + value(resolver));
	}
	return [...sums].toSorted(([, a], [, b]) => b - a);
}

/** The Go exporter's "Grafana Queries", all of them. `ranked`: the order of the rows counts. `exact`: no rate. */
const queries: readonly {
	readonly title: string;
	readonly expression: string;
	readonly expected: [string, number][];
	readonly exact: boolean;
	readonly ranked?: boolean;
}[] = [
	{
		title: "Current active clients",
		expression: 'sum(dnstt_active_clients{domain="$domain"})',
		expected: rows([], sessions),
		exact: true,
	},
	{
		title: "Peak active clients",
		expression: 'sum(dnstt_peak_clients{domain="$domain"})',
		expected: rows([], sessions),
		exact: true,
	},
	{
		title: "Active clients by country",
		expression: 'sum by (country) (dnstt_active_clients{domain="$domain"})',
		expected: rows(["country"], sessions),
		exact: true,
	},
	{
		title: "Top countries by active clients",
		expression: 'topk(10, sum by (country) (dnstt_active_clients{domain="$domain"}))',
		expected: rows(["country"], sessions),
		exact: true,
		ranked: true,
	},
	{
		title: "Active clients by ASN",
		expression: 'sum by (asn) (dnstt_active_clients{domain="$domain"})',
		expected: rows(["asn"], sessions),
		exact: true,
	},
	{
		title: "Top ASNs by active clients",
		expression: 'topk(10, sum by (asn) (dnstt_active_clients{domain="$domain"}))',
		expected: rows(["asn"], sessions),
		exact: true,
		ranked: true,
	},
	{
		title: "Active clients by country and ASN",
		expression: 'sum by (country, asn) (dnstt_active_clients{domain="$domain"})',
		expected: rows(["country", "asn"], sessions),
		exact: true,
	},
	{
		title: "Top country/ASN pairs by active clients",
		expression: 'topk(20, sum by (country, asn) (dnstt_active_clients{domain="$domain"}))',
		expected: rows(["country", "asn"], sessions),
		exact: true,
		ranked: true,
	},
	{
		title: "DNS query rate",
		expression: 'sum(rate(dnstt_queries_total{domain="$domain"}[$__rate_interval]))',
		expected: rows([], queryRate),
		exact: false,
	},
	{
		title: "DNS query rate by country",
		expression: 'sum by (country) (rate(dnstt_queries_total{domain="$domain"}[$__rate_interval]))',
		expected: rows(["country"], queryRate),
		exact: false,
	},
	{
		title: "Top ASNs by DNS query rate",
		expression: 'topk(10, sum by (asn) (rate(dnstt_queries_total{domain="$domain"}[$__rate_interval])))',
		expected: rows(["asn"], queryRate),
		exact: false,
		ranked: true,
	},
	{
		title: "Inbound DNS traffic rate",
		expression: 'sum(rate(dnstt_bytes_in_total{domain="$domain"}[$__rate_interval]))',
		expected: rows([], (resolver) => queryRate(resolver) * queryBytes),
		exact: false,
	},
	{
		title: "Outbound DNS traffic rate",
		expression: 'sum(rate(dnstt_bytes_out_total{domain="$domain"}[$__rate_interval]))',
		expected: rows([], (resolver) => queryRate(resolver) * responseBytes),
		exact: false,
	},
	{
		title: "DNS traffic rate by country",
		expression: `sum by (country) (
  rate(dnstt_bytes_in_total{domain="$domain"}[$__rate_interval])
  +
  rate(dnstt_bytes_out_total{domain="$domain"}[$__rate_interval])
)`,
		expected: rows(["country"], (resolver) => queryRate(resolver) * (queryBytes + responseBytes)),
		exact: false,
	},
	{
		title: "Total observed sessions",
		expression: 'sum(dnstt_sessions_total{domain="$domain"})',
		expected: rows([], sessions),
		exact: true,
	},
	{
		title: "New session rate",
		expression: 'sum(rate(dnstt_sessions_total{domain="$domain"}[$__rate_interval]))',
		expected: rows([], sessionRate),
		exact: false,
	},
	{
		title: "New session rate by country",
		expression: 'sum by (country) (rate(dnstt_sessions_total{domain="$domain"}[$__rate_interval]))',
		expected: rows(["country"], sessionRate),
		exact: false,
	},
];

/** Prometheus's answer to an instant query that gives a vector. */
interface QueryAnswer {
	readonly status: "success" | "error";
	readonly error?: string;
	readonly data?: {
		readonly result: readonly { readonly metric: Readonly<Record<string, string>>; readonly value: [number, string] }[];
	};
}

/** Rates are of counters looked at once a second, of traffic that a busy machine sends. */
const rateTolerance = 0.15;
const rateIntervalSeconds = 8;

const tools = ["prometheus", "promtool"].every((program) => Bun.which(program) !== null);

describe.skipIf(!haveNetns() || !tools)("a real Prometheus", () => {
	let network: Network;
	let machine: Namespace;
	let folder: TemporaryFolder;
	let exporter: Exporter;
	/** When the rates are looked at: while traffic flowed, for longer than the rate's interval. */
	let duringTraffic = 0;
	let afterTraffic = 0;

	/** Rows of an instant query as [label values, value], in Prometheus's order. */
	async function ask(expression: string, time?: number): Promise<[string, number][]> {
		const at = time === undefined ? "" : `&time=${time}`;
		const url = `http://127.0.0.1:9090/api/v1/query?query=${encodeURIComponent(expression)}${at}`;
		const { status, error, data } = (await (await machine.fetch(url)).json()) as QueryAnswer;
		if (status !== "success" || data === undefined) throw new Error(`${expression}: ${error}`);
		return data.result.map(({ metric, value }) => {
			const values = ["country", "asn"].flatMap((label) => metric[label] ?? []);
			return [values.join(" "), Number(value[1])];
		});
	}

	beforeAll(async () => {
		network = makeNetwork();
		machine = network.namespace("prometheus");
		network.veth({ namespace: machine, interfaceName: "eth0" }, { namespace: machine, interfaceName: "wan0" });
		folder = temporaryFolder();
		chmodSync(folder.path, 0o755);
		await Bun.write(folder.file("country.mmdb"), countryMmdb());
		await Bun.write(folder.file("asn.mmdb"), asnMmdb());
		mkdirSync(folder.file("data"));
		await Bun.write(
			folder.file("prometheus.yml"),
			JSON.stringify({
				global: { scrape_interval: "1s" },
				scrape_configs: [{ job_name: "dnstt", static_configs: [{ targets: ["127.0.0.1:9713"] }] }],
			}),
		);
		exporter = await startExporter({
			flags: [
				...["--dnstt.domain", domain, "--capture.interface=eth0"],
				...["--geoip.country-database", folder.file("country.mmdb"), "--geoip.asn-database", folder.file("asn.mmdb")],
			],
			namespace: machine,
		});
		const prometheus = machine.spawn([
			"prometheus",
			`--config.file=${folder.file("prometheus.yml")}`,
			`--storage.tsdb.path=${folder.file("data")}`,
			"--web.listen-address=127.0.0.1:9090",
		]);
		const isUp = async () => {
			if (prometheus.exitCode() !== null) throw new Error(`prometheus ended: ${prometheus.stderr()}`);
			const found = await ask("up").catch(() => []);
			return found[0]?.[1] === 1 ? true : undefined;
		};
		await until(isUp, prometheus.stderr, 20_000);

		const { frames, rate } = traffic();
		const startSeconds = Date.now() / 1000;
		await machine.sendFrames(frames, "wan0", rate);
		// tcpreplay takes a moment to begin; two seconds before its end it is well under way.
		duringTraffic = Math.max(Date.now() / 1000 - 2, startSeconds + rateIntervalSeconds + 1);
		const all = rows([], sessions)[0]?.[1];
		await until(
			async () => ((await ask(`sum(dnstt_sessions_total{domain="${domain}"})`))[0]?.[1] === all ? true : undefined),
			exporter.stderr,
		);
		afterTraffic = Date.now() / 1000;
	});
	afterAll(async () => {
		await exporter?.stop();
		network?.remove();
		folder?.[Symbol.dispose]();
	});

	test.each(queries)("answers: $title", async ({ expression, expected, exact, ranked }) => {
		const query = expression.replaceAll("$domain", domain).replaceAll("$__rate_interval", `${rateIntervalSeconds}s`);
		const found = await ask(query, exact ? afterTraffic : duringTraffic);
		const ordered = (list: [string, number][]) =>
			ranked === true ? list : list.toSorted(([a], [b]) => (a < b ? -1 : 1));
		expect(ordered(found).map(([key]) => key)).toEqual(ordered(expected).map(([key]) => key));
		const values = new Map(found);
		for (const [key, value] of expected) {
			const error = exact ? 0 : value * rateTolerance;
			expect(values.get(key)).toBeGreaterThanOrEqual(value - error);
			expect(values.get(key)).toBeLessThanOrEqual(value + error);
		}
	});

	test("the queries are all 17 of them, each once", () => {
		expect(new Set(queries.map(({ expression }) => expression)).size).toBe(17);
	});

	test("every scrape of it succeeded", async () => {
		expect(await ask("min_over_time(up[1m])")).toEqual([["", 1]]);
	});

	test("promtool has nothing to say of the metrics", async () => {
		const text = await (await exporter.get("/metrics")).text();
		expect(text).toContain('country="DE"');
		const { code, stdout, stderr } = await runCommand(["promtool", "check", "metrics"], { stdin: Buffer.from(text) });
		expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "", stderr: "" });
		// It does say something of others.
		const lint = await runCommand(["promtool", "check", "metrics"], { stdin: Buffer.from("dnsttQueries_total 1\n") });
		expect(`${lint.stdout}${lint.stderr}`).toContain("dnsttQueries_total");
	});
});
