import { describe, expect, test } from "bun:test";
import { createFeed } from "../../src/status/feed.ts";
import { sampleMs } from "../../src/status/history.ts";
import { rankedMax } from "../../src/summary/places.ts";
import { observedDomains, Traffic } from "../metrics/traffic.ts";
import { countryRecord, type MmdbRow, writeMmdb } from "../support/mmdb.ts";
import { configOf, type Observed, observed } from "../support/observed.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** When the first datagram of Traffic comes: one a second follows. */
const beginUs = 1_700_000_000_000_000;
const second = 1_000_000;

/** A feed over what was observed, with clocks that the test sets to seconds since the first datagram. */
function feedOf({ sources }: Observed) {
	let now = 0;
	// The wall clock is an hour ahead.
	let ahead = 3_600;
	const timers = new Map<() => void, number>();
	const feed = createFeed({
		sources: {
			...sources,
			capture: () => ({
				interfaceName: "eth0",
				up: true,
				counts: new Map([["eth0", { reopened: 1, received: 20, droppedByKernel: 3, droppedByInterface: 4 }]]),
			}),
		},
		passTime() {
			sources.tracker.advance(beginUs + now * second);
			sources.tracker.expire();
		},
		activeWindowMs: 30_000,
		host: "vps1",
		captureFailure: () => "gone",
		certificateProblem: () => null,
		discovered: () => [],
		reports: { begun() {}, ended() {} },
		capture: () => ({ ports: [53, 5353], sinceUs: beginUs - 5 * second }),
		wallUs: () => beginUs + (now + ahead) * second,
		monotonicUs: () => beginUs + now * second,
		every(work, intervalMs) {
			timers.set(work, intervalMs);
			return () => timers.delete(work);
		},
	});
	return {
		feed,
		timers,
		setWall(seconds: number) {
			ahead = seconds;
		},
		/** Lets time pass, with a sample at its end. */
		sampleAt(seconds: number) {
			now = seconds;
			for (const [work, intervalMs] of timers) if (intervalMs === sampleMs) work();
		},
		at(seconds: number) {
			now = seconds;
			return feed.status();
		},
	};
}

describe("the status", () => {
	test("of an exporter that saw nothing has every figure, at 0 or null", async () => {
		const { at } = feedOf(await observedDomains());
		const status = at(1);
		expect(status.total).toEqual({
			...{ active_clients: 0, queries: 0, bytes_in: 0, bytes_out: 0, sessions: 0 },
			...{ queries_per_second: 0, bytes_in_per_second: 0, bytes_out_per_second: 0 },
			peak_clients: null,
		});
		expect(status.domains.map(({ domain }) => domain)).toEqual(["t.example.com", "other.example"]);
		expect([status.countries, status.asns, status.conditions.map(({ id }) => id)]).toEqual([
			null,
			null,
			["packets_dropped", "nothing_yet"],
		]);
		expect(status.health.round_trip_seconds).toBeNull();
	});

	test("adds up over domains, countries and networks, and has rates, the capture and the times", async () => {
		using folder = temporaryFolder();
		const observing = await observedDomains(folder);
		const { at, feed } = feedOf(observing);
		const traffic = new Traffic()
			.exchange(1, "192.0.2.1")
			.exchange(2, "192.0.2.2")
			.exchange(3, "203.0.113.1")
			.exchange(4, "203.0.113.1", "other.example")
			.probe("192.0.2.1")
			.broken("192.0.2.1");
		observing.send(traffic.records);
		const status = at(10);
		expect(status).toMatchObject({
			time: "2023-11-14T23:13:30.000Z",
			started: "2023-11-14T23:13:20.000Z",
			active_window_seconds: 30,
			total: {
				active_clients: 4,
				queries: 4,
				bytes_in: traffic.bytesIn,
				bytes_out: traffic.bytesOut,
				sessions: 4,
				queries_per_second: 0.4,
				bytes_in_per_second: Math.round(traffic.bytesIn) / 10,
				peak_clients: null,
			},
			domains: [
				{ domain: "t.example.com", active_clients: 3, peak_clients: 3, refused_queries: 1 },
				{ domain: "other.example", active_clients: 1, peak_clients: 1, refused_queries: 0 },
			],
			countries: {
				count: 2,
				rows: [
					{ country: "DE", active_clients: 2, queries_per_second: 0.2 },
					{ country: "JP", active_clients: 2 },
				],
			},
			asns: { count: 2, rows: [{ asn: "64496" }, { asn: "64497" }] },
			health: { responses_by_rcode: { NOERROR: 4 }, refused: { qtype: 1 }, unanswered_queries: 0 },
			capture: {
				...{ interface: "eth0", ports: [53, 5353], up: true, since: "2023-11-14T22:13:15.000Z", reopened: 1 },
				...{
					received: 20,
					dropped_by_kernel: 3,
					dropped_by_interface: 4,
					malformed_packets: { dns_truncated: 1 },
					unrelated_packets: {},
				},
			},
		});
		expect(feed.status()).toEqual(status);
	});

	test("lets sessions end while no packet comes", async () => {
		const observing = await observedDomains();
		const { at } = feedOf(observing);
		observing.send(new Traffic().exchange(1, "192.0.2.1").records);
		expect(at(30).total.active_clients).toBe(1);
		expect(at(31).total.active_clients).toBe(0);
	});

	test("shows an internationalised domain in both forms, and one domain's peak as that of all", async () => {
		const { at } = feedOf(await observed(configOf({ "dnstt.domain": "t.münchen.example" })));
		const { domains, total } = at(1);
		expect(domains[0]).toMatchObject({ domain: "t.xn--mnchen-3ya.example", domain_unicode: "t.münchen.example" });
		expect(total.peak_clients).toBe(0);
	});

	test("ranks the most active first, has at most rankedMax rows, and says how many there are", async () => {
		using folder = temporaryFolder();
		const letters = (index: number) => String.fromCharCode(65 + Math.floor(index / 26), 65 + (index % 26));
		const rows = Array.from(
			{ length: rankedMax + 1 },
			(_, index): MmdbRow => [`10.0.${index}.0/24`, countryRecord(letters(index))],
		);
		await Bun.write(folder.file("many.mmdb"), writeMmdb(rows, { databaseType: "GeoLite2-Country" }));
		const observing = await observed(configOf({ "geoip.country-database": folder.file("many.mmdb") }));
		const { at } = feedOf(observing);
		const traffic = new Traffic();
		for (let index = 0; index <= rankedMax; index++) traffic.exchange(index, `10.0.${index}.1`);
		// All ended but the last: who is active comes first, then who asked most.
		traffic.exchange(200, "10.0.7.1");
		observing.send(traffic.records);
		const { countries } = at((rankedMax + 1) * 2 + 29);
		expect(countries?.count).toBe(rankedMax + 1);
		expect(countries?.rows.length).toBe(rankedMax);
		expect(countries?.rows[0]).toMatchObject({ country: letters(7), active_clients: 1, queries: 2 });
	});
});

describe("the feed", () => {
	test("samples the history every ten seconds, and tells viewers of each", async () => {
		const observing = await observedDomains();
		const { feed, sampleAt, timers } = feedOf(observing);
		expect([...timers.values()]).toEqual([sampleMs]);
		const viewer = feed.events.open("192.0.2.1", false)?.getReader();
		const read = async () => new TextDecoder().decode((await viewer?.read())?.value);
		await read();
		await read();
		const traffic = new Traffic().exchange(1, "192.0.2.1").exchange(2, "192.0.2.1");
		observing.send(traffic.records);
		sampleAt(10);
		sampleAt(20);
		const points = [
			[1_700_003_610_000, 2, 0.2, Math.round(traffic.bytesIn) / 10, Math.round(traffic.bytesOut) / 10],
			[1_700_003_620_000, 2, 0, 0, 0],
		];
		expect(feed.history()).toEqual({ hour: points, day: [] } as never);
		expect(await read()).toBe(`event: point\ndata: ${JSON.stringify({ hour: points[0], day: null })}\n\n`);
		feed.stop();
		expect(timers.size).toBe(0);
	});

	test("keeps the order of the history, and for how long it is up, when the wall clock is set back", async () => {
		const { feed, sampleAt, setWall, at } = feedOf(await observedDomains());
		const viewer = feed.events.open("192.0.2.1", false)?.getReader();
		const read = async () => new TextDecoder().decode((await viewer?.read())?.value);
		await read();
		await read();
		for (let seconds = 10; seconds <= 300; seconds += 10) {
			sampleAt(seconds);
			await read();
		}
		setWall(-1_800);
		sampleAt(310);
		const { hour, day } = feed.history();
		const begin = beginUs / 1_000 - 1_800_000;
		expect(hour.map(([timeMs]) => timeMs)).toEqual(Array.from({ length: 31 }, (_, n) => begin + (n + 1) * sampleMs));
		expect(day.map(([timeMs]) => timeMs)).toEqual([begin + 300_000]);
		const { time, started } = at(320);
		expect(Date.parse(time) - Date.parse(started)).toBe(320_000);
		// Who looks gets the points that it has anew, of which the next is the successor.
		expect(await read()).toBe(`event: history\ndata: ${JSON.stringify({ hour: hour.slice(0, -1), day })}\n\n`);
		expect(await read()).toBe(`event: point\ndata: ${JSON.stringify({ hour: hour.at(-1), day: null })}\n\n`);
		feed.stop();
	});
});
