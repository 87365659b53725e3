/** The health metrics as a scrape has them: few series however many networks there are, and histograms that agree with themselves. */
import { describe, expect, test } from "bun:test";
import { catalog, type MetricEntry } from "../../src/metrics/catalog.ts";
import { createExposition } from "../../src/metrics/exposition.ts";
import { parseExposition, type Samples } from "../support/exposition.ts";
import { dnsttQuery, dnsttResponse, seededRandom, udpPacket } from "../support/frames.ts";
import { asnRecord, countryRecord, writeMmdb } from "../support/mmdb.ts";
import { configOf, observed } from "../support/observed.ts";
import { temporaryFolder } from "../support/temporary.ts";

const entries: readonly MetricEntry[] = Object.values(catalog);
const histograms = entries.filter(({ type }) => type === "histogram").map(({ name }) => name);
const networks = 60;

type Sums = Readonly<Record<"response" | "edns" | "bytes", number>>;

/** What a thousand exchanges with clients in three countries and sixty networks leave in a scrape, and the sums that it must have. */
async function scraped(maxSets?: number): Promise<{ readonly samples: Samples; readonly sums: Sums }> {
	using folder = temporaryFolder();
	const range = (index: number) => `192.0.${index}.0/24`;
	const countries = Array.from(
		{ length: networks },
		(_, index) => [range(index), countryRecord(["DE", "FR", "JP"][index % 3] as string)] as const,
	);
	const asns = Array.from({ length: networks }, (_, index) => [range(index), asnRecord(64_500 + index)] as const);
	const flags: Record<string, string> = {
		"dnstt.mtu": "512",
		"geoip.country-database": folder.file("country.mmdb"),
		"geoip.asn-database": folder.file("asn.mmdb"),
		...(maxSets === undefined ? {} : { "labels.max-sets": String(maxSets) }),
	};
	await Bun.write(
		folder.file("country.mmdb"),
		writeMmdb(countries, { databaseType: "GeoLite2-Country", recordSize: 24 }),
	);
	await Bun.write(folder.file("asn.mmdb"), writeMmdb(asns, { databaseType: "GeoLite2-ASN", recordSize: 24 }));
	const { tracker, sources, send } = await observed(configOf(flags));
	const random = seededRandom(6);
	const host = "198.51.100.9";
	const sums = { response: 0, edns: 0, bytes: 0 };
	let now = 1_700_000_000_000_000;
	for (let exchange = 0; exchange < 1_000; exchange++) {
		const resolver = `192.0.${Math.floor(random() * networks)}.1`;
		const ednsBytes = [null, 512, 1_232, 1_400, 4_096, 8_192][exchange % 6] as number | null;
		const clientId = Uint8Array.of(0, 0, 0, 0, 0, 0, exchange >> 8, exchange);
		const query = dnsttQuery({ id: exchange, clientId, ednsBytes });
		const response = dnsttResponse(query);
		now += Math.floor(random() * 1_000_000);
		const asked = udpPacket({
			source: resolver,
			destination: host,
			sourcePort: 4_000,
			destinationPort: 53,
			payload: query,
		});
		send([{ timeNs: BigInt(now) * 1_000n, bytes: asked }]);
		const answerUs = Math.floor(random() ** 4 * 2_000_000);
		now += answerUs;
		const answered = udpPacket({
			source: host,
			destination: resolver,
			sourcePort: 53,
			destinationPort: 4_000,
			payload: response,
		});
		send([{ timeNs: BigInt(now) * 1_000n, bytes: answered }]);
		sums.response += answerUs / 1e6;
		sums.edns += Math.max(512, ednsBytes ?? 0);
		sums.bytes += query.length + response.length;
	}
	now += 60_000_000;
	tracker.reach(now);
	const exposition = createExposition(sources, async () => {});
	return { samples: parseExposition(Buffer.concat(await exposition.render()).toString()), sums };
}

describe("health metrics", () => {
	test("have series by domain and country only, whatever the networks", async () => {
		const { samples } = await scraped();
		expect(
			new Set(samples.all.filter(({ name }) => name === "dnstt_queries_total").map(({ labels }) => labels.asn)).size,
		).toBe(networks);
		for (const { name } of entries.filter(({ labels, name }) => labels === "country" && name.startsWith("dnstt_"))) {
			const own = samples.all.filter((sample) => [name, `${name}_count`].includes(sample.name));
			expect([name, own.map(({ labels }) => labels.country).toSorted()]).toEqual([name, ["DE", "FR", "JP"]]);
		}
		for (const { name, labels: promised } of entries.filter(({ type }) => type === "histogram")) {
			for (const { labels } of samples.all.filter((sample) => sample.name.startsWith(`${name}_`))) {
				expect(
					Object.keys(labels)
						.filter((label) => label !== "le")
						.toSorted(),
				).toEqual(promised === "country" ? ["country", "domain"] : ["domain"]);
			}
		}
	});

	test("keep their countries, however few networks labels.max-sets has room for", async () => {
		const { samples } = await scraped(2);
		for (const { name } of entries.filter(({ type, labels }) => type === "histogram" && labels === "country")) {
			const countries = samples.all.filter((sample) => sample.name === `${name}_count`);
			expect(countries.map(({ labels }) => labels.country).toSorted()).toEqual(["DE", "FR", "JP"]);
		}
		for (const name of ["dnstt_response_duration_seconds", "dnstt_edns_payload_bytes", "dnstt_session_bytes"]) {
			expect([name, samples.sum(`${name}_count`)]).toEqual([name, 1_000]);
		}
	});
});

describe("histograms", () => {
	test("have buckets that grow with their bound, the last of which has them all", async () => {
		const { samples } = await scraped();
		expect(histograms.length).toBe(5);
		for (const name of histograms) {
			for (const { labels, value: count } of samples.all.filter((sample) => sample.name === `${name}_count`)) {
				const buckets = samples.all.filter(
					(sample) => sample.name === `${name}_bucket` && sample.labels.country === labels.country,
				);
				const bounds = buckets.map(({ labels: { le = "" } }) =>
					le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le),
				);
				expect(bounds).toEqual(bounds.toSorted((a, b) => a - b));
				expect(bounds.at(-1)).toBe(Number.POSITIVE_INFINITY);
				const values = buckets.map(({ value }) => value);
				expect(values).toEqual(values.toSorted((a, b) => a - b));
				expect(values.at(-1)).toBe(count);
			}
		}
	});

	test("have the sums and counts of what was observed", async () => {
		const { samples, sums } = await scraped();
		const found = (name: string) => [samples.sum(`${name}_count`), samples.sum(`${name}_sum`)];
		const [count, sum] = found("dnstt_response_duration_seconds");
		expect(count).toBe(1_000);
		expect(sum).toBeCloseTo(sums.response, 9);
		expect(found("dnstt_edns_payload_bytes")).toEqual([1_000, sums.edns]);
		expect(found("dnstt_session_bytes")).toEqual([1_000, sums.bytes]);
		expect(samples.sum("dnstt_edns_payload_bytes_bucket", { le: "1231" })).toBe(334);
		expect(samples.sum("dnstt_edns_payload_bytes_bucket", { le: "1232" })).toBe(501);
		expect(samples.sum("dnstt_edns_payload_bytes_bucket", { le: "4096" })).toBe(834);
	});
});
