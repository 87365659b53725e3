import { describe, expect, test } from "bun:test";
import { catalog, type MetricEntry, type MetricKey } from "../../src/metrics/catalog.ts";
import { Collectors, type Sample } from "../../src/metrics/collect.ts";
import type { Sources } from "../../src/metrics/sources.ts";
import { asnRecord, countryMmdb, countryRecord, type MmdbRow, type MmdbValue, writeMmdb } from "../support/mmdb.ts";
import { configOf, observed } from "../support/observed.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { domains, observedDomains, Traffic } from "./traffic.ts";

const keys = Object.keys(catalog) as MetricKey[];

const labelsOf = ({ sharedLabels, labels }: Sample): Readonly<Record<string, string>> => ({
	...sharedLabels,
	...labels,
});

/** Samples as rows: label values in the order of their names, then the value. */
function rows(collectors: Collectors, key: MetricKey): (string | number)[][] {
	return collectors.collect(key).map((sample) => {
		const labels = labelsOf(sample);
		const { value } = sample;
		const names = Object.keys(labels).toSorted();
		return [...names.map((name) => labels[name] ?? ""), value];
	});
}

/** The same without what is 0. */
const counted = (collectors: Collectors, key: MetricKey) => rows(collectors, key).filter((row) => row.at(-1) !== 0);

const live = (sources: Sources): Sources => ({
	...sources,
	capture: () => ({
		interfaceName: "eth0",
		up: true,
		counts: new Map([
			["eth0", { reopened: 1, received: 20, droppedByKernel: 3, droppedByInterface: 4 }],
			["eth1", { reopened: 0, received: 7, droppedByKernel: 0, droppedByInterface: 0 }],
		]),
	}),
	configReload: () => ({ successful: false, successTimeSeconds: 1.5 }),
	certificateNotAfterSeconds: () => 1_800_000_000.5,
});

describe("the collectors", () => {
	test("give nothing of countries and networks before there is traffic, and nothing of a capture or a configuration that is not there", async () => {
		using folder = temporaryFolder();
		const collectors = new Collectors((await observedDomains(folder)).sources);
		const empty: readonly MetricKey[] = [
			...(["queries", "sessions", "activeClients", "captureUp", "packetsReceived", "packetsDropped"] as const),
			...(["configReloadSuccessful", "configReloadTime", "roundTrips", "polls", "asnInfo", "countryInfo"] as const),
			...(["certificateNotAfter", "lastQuery", "lastResponse"] as const),
		];
		for (const key of empty) expect([key, ...collectors.collect(key)]).toEqual([key]);
	});

	test("give each domain's sums and the usual response codes from the start at 0, whatever labels there are", async () => {
		using folder = temporaryFolder();
		const { sources, send } = await observedDomains(folder);
		const collectors = new Collectors(sources);
		const sums = ["domainQueries", "domainBytesIn", "domainBytesOut", "domainSessions", "domainActiveClients"] as const;
		for (const key of sums) {
			expect([key, rows(collectors, key)]).toEqual([
				key,
				[
					["t.example.com", 0],
					["other.example", 0],
				],
			]);
		}
		expect(rows(collectors, "responses").slice(0, 6)).toEqual(
			["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"].map((rcode) => ["t.example.com", rcode, 0]),
		);
		expect(rows(collectors, "responses")).toHaveLength(12);
		const traffic = new Traffic().exchange(1, "192.0.2.1").exchange(2, "203.0.113.1").exchange(1, "203.0.113.1");
		send(traffic.records);
		const elsewhere = new Traffic().exchange(2, "100.64.0.1", "other.example");
		send(elsewhere.records);
		expect(rows(collectors, "domainQueries")).toEqual([
			["t.example.com", 3],
			["other.example", 1],
		]);
		expect(rows(collectors, "domainBytesIn")).toEqual([
			["t.example.com", traffic.bytesIn],
			["other.example", elsewhere.bytesIn],
		]);
		expect(rows(collectors, "domainBytesOut")).toEqual([
			["t.example.com", traffic.bytesOut],
			["other.example", elsewhere.bytesOut],
		]);
		for (const key of ["domainSessions", "domainActiveClients"] as const) {
			expect(rows(collectors, key)).toEqual([
				["t.example.com", 2],
				["other.example", 1],
			]);
		}
	});

	test("give everything of each domain from the start without databases, the counters and histograms at 0", async () => {
		const collectors = new Collectors((await observedDomains()).sources);
		for (const key of keys.filter((key) => key.startsWith("domain") || typeof catalog[key].labels === "string")) {
			const samples = collectors.collect(key);
			expect([key, ...new Set(samples.map((sample) => labelsOf(sample).domain))]).toEqual([key, ...domains]);
			expect([key, ...new Set(samples.map(({ value }) => value))]).toEqual([key, 0]);
		}
	});

	test("give response times, durations and bytes of sessions by domain, from the start at 0", async () => {
		using folder = temporaryFolder();
		const { sources, send } = await observedDomains(folder);
		const collectors = new Collectors(sources);
		const counts = (key: MetricKey) =>
			collectors.collect(key).flatMap((sample) => (sample.metricName?.endsWith("_count") ? [sample.value] : []));
		for (const key of ["responseTimes", "sessionDurations", "sessionBytes"] as const)
			expect(counts(key)).toEqual([0, 0]);
		send(new Traffic().exchange(1, "192.0.2.1").exchange(2, "203.0.113.1").records);
		expect(counts("responseTimes")).toEqual([2, 0]);
		const bounds = collectors.collect("responseTimes").flatMap(({ labels }) => labels?.le ?? []);
		const expected = [
			...["0.0001", "0.0002", "0.0004", "0.0008", "0.0016", "0.0032", "0.0064", "0.0128"],
			...["0.0256", "0.0512", "0.1024", "0.2048", "0.8192", "1.6384", "10", "+Inf"],
		];
		expect(bounds).toEqual([...expected, ...expected]);
	});

	test("give at most 20,000 samples with 200 countries and 2,000 networks", async () => {
		using folder = temporaryFolder();
		const network = (index: number) => `10.${index >> 8}.${index & 255}`;
		const country = (index: number) => String.fromCharCode(65 + ((index % 200) >> 3), 65 + (index % 8));
		const rowsOf = (record: (index: number) => MmdbValue): MmdbRow[] =>
			Array.from({ length: 2_000 }, (_, index) => [`${network(index)}.0/24`, record(index)]);
		await Bun.write(
			folder.file("country.mmdb"),
			writeMmdb(
				rowsOf((index) => countryRecord(country(index))),
				{ databaseType: "GeoLite2-Country" },
			),
		);
		await Bun.write(
			folder.file("asn.mmdb"),
			writeMmdb(
				rowsOf((index) => asnRecord(64_512 + index)),
				{ databaseType: "GeoLite2-ASN" },
			),
		);
		const { sources, send } = await observed(
			configOf({
				"geoip.country-database": folder.file("country.mmdb"),
				"geoip.asn-database": folder.file("asn.mmdb"),
			}),
		);
		for (let index = 0; index < 2_000; index++) send(new Traffic().exchange(1, `${network(index)}.1`).records);
		const collectors = new Collectors(live(sources));
		const queries = collectors.collect("queries").map(labelsOf);
		expect([queries.length, new Set(queries.map((labels) => labels.country)).size]).toEqual([2_000, 200]);
		const samples = keys.reduce((sum, key) => sum + collectors.collect(key).length, 0);
		expect(samples).toBeGreaterThan(15_000);
		expect(samples).toBeLessThanOrEqual(20_000);
	});

	test("give what the tracker holds, by domain alone without databases", async () => {
		const { sources, send } = await observedDomains();
		const traffic = new Traffic().exchange(1, "192.0.2.1").exchange(1, "203.0.113.1").exchange(2, "192.0.2.1");
		send(traffic.records);
		const collectors = new Collectors(sources);
		const expected = (value: number) => [
			["t.example.com", value],
			["other.example", 0],
		];
		expect(rows(collectors, "queries")).toEqual(expected(3));
		expect(rows(collectors, "bytesIn")).toEqual(expected(traffic.bytesIn));
		expect(rows(collectors, "bytesOut")).toEqual(expected(traffic.bytesOut));
		expect(rows(collectors, "sessions")).toEqual(expected(2));
		expect(rows(collectors, "activeClients")).toEqual(expected(2));
		expect(rows(collectors, "peakClients")).toEqual(expected(2));
	});

	test("give a session where it is, and its packets where they came from", async () => {
		using folder = temporaryFolder();
		const { sources, send } = await observedDomains(folder);
		// Client 1 moves from DE to JP; client 2 is in another tunnel.
		const traffic = new Traffic().exchange(1, "192.0.2.1").exchange(1, "203.0.113.1");
		send(traffic.exchange(2, "100.64.0.1", "other.example").records);
		const collectors = new Collectors(sources);
		const sets = [
			["64496", "DE", "t.example.com"],
			["64497", "JP", "t.example.com"],
			["0", "ZZ", "other.example"],
		];
		const expected = (...values: number[]) => sets.map((set, index) => [...set, values[index] ?? Number.NaN]);
		expect(rows(collectors, "queries")).toEqual(expected(1, 1, 1));
		expect(rows(collectors, "sessions")).toEqual(expected(1, 0, 1));
		expect(rows(collectors, "activeClients")).toEqual(expected(0, 1, 1));
		expect(rows(collectors, "peakClients")).toEqual(expected(1, 1, 1));
		expect(rows(collectors, "geoipReloads")).toEqual([
			["country", 0],
			["asn", 0],
		]);
		expect(rows(collectors, "geoipBuildTime")).toEqual([
			["country", "GeoLite2-Country", 1_767_323_045],
			["asn", "GeoLite2-ASN", 1_767_323_045],
		]);
	});

	test("give each country and network that occurs its name once, whatever the number of tunnels", async () => {
		using folder = temporaryFolder();
		const { sources, send } = await observedDomains(folder, { "labels.max-sets": "2" });
		const traffic = new Traffic().exchange(1, "203.0.113.1").exchange(2, "203.0.113.200", "other.example");
		send(traffic.exchange(3, "100.64.0.1").exchange(4, "127.0.0.1").records);
		const collectors = new Collectors(sources);
		const sorted = (key: MetricKey) => rows(collectors, key).toSorted();
		expect(sorted("countryInfo")).toEqual([
			["JP", "Japan", 1],
			["NL", "Netherlands", 1],
			["US", "United States", 1],
			["ZZ", "Unknown country", 1],
		]);
		expect(sorted("asnInfo")).toEqual([
			["0", "Unknown network", 1],
			["64497", "Example Network 64497", 1],
			["other", "Other networks", 1],
		]);
		const joined = (key: MetricKey, label: string) =>
			new Set(collectors.collect(key).map((sample) => labelsOf(sample)[label]));
		expect(joined("asnInfo", "asn")).toEqual(joined("queries", "asn"));
		expect(joined("countryInfo", "country")).toEqual(joined("queries", "country"));
		const origins = (hasCountry: boolean, hasAsn: boolean) =>
			new Collectors({
				...sources,
				geoLabels: { hasCountry, hasAsn, origins: sources.geoLabels.origins, databases: () => [] },
			});
		expect(origins(true, false).collect("asnInfo")).toEqual([]);
		expect(origins(false, true).collect("countryInfo")).toEqual([]);
	});

	test("give what does not count, by reason", async () => {
		const { sources, send } = await observedDomains();
		send(new Traffic().probe("192.0.2.1").probe("192.0.2.1").broken("192.0.2.1").records);
		const collectors = new Collectors(sources);
		expect(counted(collectors, "refusedQueries")).toEqual([["t.example.com", "qtype", 2]]);
		expect(counted(collectors, "malformedPackets")).toEqual([["dns_truncated", 1]]);
		expect(counted(collectors, "unrelatedPackets")).toEqual([]);
		// Series of all reasons are there from the start, so that the first increase is seen.
		expect(rows(collectors, "refusedQueries")).toHaveLength(14);
	});

	test("give the state of capture, reload and tables", async () => {
		const { sources, send } = await observedDomains(undefined, { "session.max-tracked": "2" });
		const traffic = new Traffic();
		for (let client = 1; client <= 3; client++) traffic.exchange(client, "192.0.2.1");
		send(traffic.records);
		const collectors = new Collectors(live(sources));
		expect(rows(collectors, "captureUp")).toEqual([["eth0", 1]]);
		expect(rows(collectors, "captureReopened")).toEqual([
			["eth0", 1],
			["eth1", 0],
		]);
		expect(rows(collectors, "packetsReceived")).toEqual([
			["eth0", 20],
			["eth1", 7],
		]);
		expect(counted(collectors, "packetsDropped")).toEqual([
			["kernel", "eth0", 3],
			["interface", "eth0", 4],
		]);
		expect(rows(collectors, "configReloadSuccessful")).toEqual([[0]]);
		expect(rows(collectors, "configReloadTime")).toEqual([[1.5]]);
		expect(rows(collectors, "certificateNotAfter")).toEqual([[1_800_000_000.5]]);
		expect(rows(collectors, "tableEntries")).toContainEqual(["sessions", 2]);
		expect(rows(collectors, "tableCapacity")).toContainEqual(["sessions", 2]);
		expect(rows(collectors, "tableEvicted")).toContainEqual(["sessions", 1]);
		const tables = (key: MetricKey) => rows(collectors, key).map(([table]) => table);
		expect(tables("tableCapacity")).toEqual(tables("tableEntries"));
		expect(tables("tableEvicted")).toEqual(tables("tableEntries"));
	});

	test("give the times of the latest query and response of each domain that had one, by the frames' stamps", async () => {
		const { sources, send } = await observedDomains();
		const collectors = new Collectors(sources);
		const { records } = new Traffic().exchange(1, "192.0.2.1").exchange(2, "192.0.2.1").exchange(3, "192.0.2.1");
		// The last query stays without its response.
		send(records.slice(0, 5));
		expect(rows(collectors, "lastQuery")).toEqual([["t.example.com", 1_700_000_004]]);
		expect(rows(collectors, "lastResponse")).toEqual([["t.example.com", 1_700_000_003]]);
		send(records.slice(5));
		expect(rows(collectors, "lastResponse")).toEqual([["t.example.com", 1_700_000_005]]);
	});

	test("keep the distance of those times to now when the wall clock is set", async () => {
		const { sources, send } = await observedDomains();
		const { tracker } = sources;
		const stampUs = 1_700_000_000e6;
		tracker.synchronize(stampUs, 5e6);
		send(new Traffic().exchange(1, "192.0.2.1").records.slice(0, 1));
		tracker.synchronize(stampUs + 3_600e6 + 60e6, 65e6);
		expect(rows(new Collectors(sources), "lastQuery")).toEqual([["t.example.com", 1_700_000_000 + 3_600]]);
	});

	test("take no response for the latest that answers no query, and no query that is refused", async () => {
		const { sources, send } = await observedDomains();
		const collectors = new Collectors(sources);
		send([...new Traffic().probe("192.0.2.1").records, ...new Traffic().exchange(1, "192.0.2.1").records.slice(1)]);
		expect([rows(collectors, "lastQuery"), rows(collectors, "lastResponse")]).toEqual([[], []]);
	});

	test("give no active clients while the capture is closed, and the peaks on", async () => {
		const { sources, send } = await observedDomains();
		send(new Traffic().exchange(1, "192.0.2.1").records);
		let up = true;
		const collectors = new Collectors({
			...sources,
			capture: () => ({ interfaceName: "eth0", up, counts: new Map() }),
		});
		expect(counted(collectors, "activeClients")).toEqual([["t.example.com", 1]]);
		up = false;
		expect([...rows(collectors, "activeClients"), ...rows(collectors, "domainActiveClients")]).toEqual([]);
		expect(counted(collectors, "peakClients")).toEqual([["t.example.com", 1]]);
		expect(rows(collectors, "domainPeakClients")[0]).toEqual(["t.example.com", 1]);
	});

	test("give the labels that the catalog promises, and each label set once", async () => {
		using folder = temporaryFolder();
		const { sources, send } = await observedDomains(folder);
		send(new Traffic().exchange(1, "192.0.2.1").exchange(2, "203.0.113.1").probe("192.0.2.1").records);
		const collectors = new Collectors(live(sources));
		const promised = ({ labels }: MetricEntry): readonly string[] => {
			if (labels === "set") return ["domain", "country", "asn"];
			return labels === "country" ? ["domain", "country"] : labels;
		};
		const seriesOf = ({ name, type }: MetricEntry) =>
			type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [undefined];
		for (const key of keys) {
			const samples = collectors.collect(key);
			const names = promised(catalog[key]).toSorted();
			for (const sample of samples) {
				const own = sample.metricName?.endsWith("_bucket") ? ["le", ...names].toSorted() : names;
				expect(seriesOf(catalog[key])).toContain(sample.metricName);
				expect([key, ...Object.keys(labelsOf(sample)).toSorted()]).toEqual([key, ...own]);
			}
			const series = samples.map((sample) =>
				JSON.stringify([sample.metricName, Object.entries(labelsOf(sample)).toSorted()]),
			);
			expect([key, new Set(series).size]).toEqual([key, series.length]);
			expect([key, samples.every(({ value }) => Number.isFinite(value) && value >= 0)]).toEqual([key, true]);
		}
	});

	test("give the same objects for the labels of sets and countries each time: prom-client writes them only once", async () => {
		using folder = temporaryFolder();
		const { sources, send } = await observedDomains(folder);
		const collectors = new Collectors(sources);
		const shared = (key: MetricKey) => collectors.collect(key).map(({ sharedLabels }) => sharedLabels);
		const many = keys.filter((key) => typeof catalog[key].labels === "string");
		send(new Traffic().exchange(1, "192.0.2.1").records);
		const first = many.map(shared);
		send(new Traffic().exchange(2, "203.0.113.1").records);
		for (const [index, key] of many.entries()) {
			const again = shared(key);
			expect(first[index]?.length).toBeGreaterThan(0);
			for (const [row, labels] of first[index]?.entries() ?? []) expect(again[row]).toBe(labels);
		}
	});

	test("put networks beyond labels.max-sets under their country's other", async () => {
		using folder = temporaryFolder();
		const { sources, send } = await observedDomains(folder, { "labels.max-sets": "1" });
		send(new Traffic().exchange(1, "192.0.2.1").exchange(2, "203.0.113.1").exchange(3, "203.0.113.200").records);
		const collectors = new Collectors(sources);
		expect(rows(collectors, "queries")).toEqual([
			["64496", "DE", "t.example.com", 1],
			["other", "JP", "t.example.com", 1],
			["other", "US", "t.example.com", 1],
		]);
		const table = (key: MetricKey) => rows(collectors, key).find(([name]) => name === "label_sets")?.[1];
		expect([table("tableEntries"), table("tableCapacity"), table("tableEvicted")]).toEqual([1, 1, 2]);
	});

	test("never put a country under other", async () => {
		using folder = temporaryFolder();
		await Bun.write(folder.file("country.mmdb"), countryMmdb());
		const { sources, send } = await observed(
			configOf({ "geoip.country-database": folder.file("country.mmdb"), "labels.max-sets": "1" }),
		);
		send(new Traffic().exchange(1, "192.0.2.1").exchange(2, "203.0.113.1").exchange(3, "203.0.113.200").records);
		expect(rows(new Collectors(sources), "queries")).toEqual([
			["DE", "t.example.com", 1],
			["JP", "t.example.com", 1],
			["US", "t.example.com", 1],
		]);
	});

	test("leave out label sets that made room, and let no sum of a domain or a country fall", async () => {
		using folder = temporaryFolder();
		const { sources, send, tracker } = await observedDomains(folder, { "labels.max-sets": "2" });
		const collectors = new Collectors(sources);
		const countryKeys = keys.filter((key) => catalog[key].labels === "country");
		const sums = ["domainQueries", "domainBytesIn", "domainBytesOut", "domainSessions"] as const;
		/** Counters and histograms that stay, by series. */
		const counters = () =>
			new Map(
				[...countryKeys, ...sums].flatMap((key) =>
					collectors
						.collect(key)
						.map(
							(sample) => [`${key} ${sample.metricName} ${JSON.stringify(labelsOf(sample))}`, sample.value] as const,
						),
				),
			);
		const many = new Traffic();
		for (let client = 0; client < 20; client++) many.exchange(client, client % 2 === 0 ? "192.0.2.1" : "203.0.113.1");
		many.exchange(30, "127.0.0.1").exchange(31, "192.0.2.1");
		send(many.records);
		const before = counters();
		const names = (key: MetricKey) => rows(collectors, key).map((row) => row.slice(0, 2).join(" "));
		expect(names("queries")).toEqual(["64496 DE", "64497 JP", "other NL"]);
		tracker.reach(1_700_000_000e6 + 2 * 3_600e6);
		tracker.expire();
		expect(names("queries").toSorted()).toEqual(["other DE", "other JP", "other NL"]);
		const after = counters();
		for (const [series, value] of before) expect([series, (after.get(series) ?? -1) >= value]).toEqual([series, true]);
		for (const key of sums)
			expect([key, rows(collectors, key)[0]?.[1]]).toEqual([
				key,
				before.get(`${key} undefined {"domain":"t.example.com"}`) ?? -1,
			]);
		expect(before.size).toBe(after.size);
	});
});
