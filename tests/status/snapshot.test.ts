import { describe, expect, test } from "bun:test";
import type { Sources } from "../../src/metrics/sources.ts";
import { RateMeter } from "../../src/status/rates.ts";
import { createSnapshot } from "../../src/status/snapshot.ts";
import { conditionOf, tunnelFindings, worstFirst } from "../../src/summary/conditions.ts";
import { createWindow } from "../../src/summary/window.ts";
import { SetCell } from "../../src/wasm/shared/cells.ts";
import { Outcome } from "../../src/wasm/shared/fault.ts";
import { HistogramId } from "../../src/wasm/shared/ids.ts";
import { begin, type ObservingTracker, observationOf, query, second, trackerOf } from "../wasm/track/observing.ts";

/** By the number of an origin; of trackerOf it is the lowest octet of the resolver's address. */
const origins = [
	{ country: "ZZ", asn: "0", organization: null },
	{ country: "other", asn: "other", organization: null },
	{ country: "DE", asn: "64496", organization: "Example Net" },
	{ country: "JP", asn: "64497", organization: null },
];
const [de, jp] = [2, 3];

/** The status at so many seconds after `begin`. */
function statusAt(tracker: ObservingTracker, seconds: number, known: Partial<Sources["geoLabels"]> = {}) {
	const sources: Sources = {
		tracker,
		domains: ["t0.example.com", "t1.example.com"],
		geoLabels: { hasCountry: true, hasAsn: true, origins, databases: () => [], ...known },
		build: { version: "1.0.0", revision: "", bunVersion: "" },
		capture: () => null,
		configReload: () => null,
		certificateNotAfterSeconds: () => null,
	};
	const nowUs = begin + seconds * second;
	tracker.reach(nowUs);
	tracker.expire();
	const reading = createWindow(sources, begin).read(nowUs);
	const conditions = worstFirst(tunnelFindings(reading.figures)).map((finding) => conditionOf(finding, null));
	const snapshot = createSnapshot({
		sources,
		rates: new RateMeter(tracker, begin),
		host: "vps1",
		activeWindowMs: 30_000,
		startedUs: () => begin,
		capture: () => ({ ports: [53], sinceUs: begin }),
	});
	return snapshot({ reading, conditions, lastQueriesUs: [] }, nowUs, nowUs);
}

test("rows are in the order of their active clients, and where those are equal of their queries", () => {
	const tracker = trackerOf();
	query(tracker, 0, { origin: 0, id: 3 });
	for (let messageId = 0; messageId < 5; messageId++) query(tracker, 1, { origin: de, id: 1, messageId });
	for (let messageId = 0; messageId < 2; messageId++) query(tracker, 40 * second, { origin: jp, id: 2, messageId });
	const order = (seconds: number) =>
		statusAt(tracker, seconds).countries?.rows.map(({ country, active_clients, queries }) => [
			country,
			active_clients,
			queries,
		]);
	expect(order(41)).toEqual([
		["JP", 1, 2],
		["DE", 0, 5],
		["ZZ", 0, 1],
	]);
	expect(order(100)).toEqual([
		["DE", 0, 5],
		["JP", 0, 2],
		["ZZ", 0, 1],
	]);
});

describe("of a place with trouble", () => {
	/** Resolvers in Germany lose packets to clients, those in Japan none. */
	function troubled(): ObservingTracker {
		const tracker = trackerOf();
		const { parts } = tracker;
		for (const [set, origin] of [de, jp].entries()) {
			for (let id = 0; id < 100; id++) query(tracker, set * 100 + id, { origin, domain: set, messageId: id });
			const row = parts.setRow(set);
			parts.add(row, SetCell.DownstreamPushes, 100);
			parts.add(row, SetCell.DownstreamRetransmissions, origin === de ? 40 : 0);
			parts.add(row, SetCell.UpstreamPushes, 100);
			parts.add(row, SetCell.UpstreamRetransmissions, 7);
			for (let ms = 1; ms <= 100; ms++) parts.observeValue(HistogramId.RoundTrips, set, 64 * ms);
		}
		parts.flushPending();
		return tracker;
	}

	test("the row has the median of its round trips and what was sent again to clients", () => {
		const { countries, asns } = statusAt(troubled(), 1);
		for (const ranking of [countries, asns]) {
			const rows = ranking?.rows ?? [];
			expect(rows.map(({ retransmission_ratio }) => retransmission_ratio)).toEqual([0.4, 0]);
			expect(rows[0]?.round_trip_median_seconds).toBeWithin(0.045, 0.055);
		}
		expect(asns?.rows.map(({ asn, organization }) => [asn, organization])).toEqual([
			["64496", "Example Net"],
			["64497", null],
		]);
	});

	test.each<[title: string, known: Partial<Sources["geoLabels"]>, named: RegExp]>([
		["by country where that is known", { hasAsn: false }, /: Germany \(DE\) 40/],
		["by network where that is known", { hasCountry: false }, /: Example Net \(AS64496\) 40/],
		["by domain where neither is", { hasCountry: false, hasAsn: false }, /: t0\.example\.com 40/],
		["once, by country, where both are", {}, /: Germany \(DE\) 40/],
	])("a condition names it %s", (_, known, named) => {
		const sentences = statusAt(troubled(), 1, known).conditions.map(({ sentence }) => sentence);
		expect(sentences.filter((sentence) => sentence.includes("40"))).toEqual([expect.stringMatching(named)]);
	});
});

test("what is counted by domain is added up over all: responses by code, truncated ones", () => {
	const tracker = trackerOf();
	for (const domain of [0, 1]) {
		for (let id = 0; id <= domain; id++) {
			query(tracker, 10 * domain + id, { domain, messageId: id });
			const response = Object.assign(observationOf({ domain, messageId: id }), { truncated: 1, rcode: 2 });
			tracker.observe(Outcome.Response, response, begin + 1_000 + 10 * domain + id);
		}
	}
	expect(statusAt(tracker, 1).health).toMatchObject({ truncated_responses: 3, responses_by_rcode: { SERVFAIL: 3 } });
});

test("malformed packets are counted by reason, and without a capture it is not up", () => {
	const tracker = trackerOf();
	for (const [index, fault] of [1, 3, 3].entries()) {
		tracker.observe(Outcome.Fault, Object.assign(observationOf({}), { fault }), begin + index);
	}
	expect(statusAt(tracker, 1).capture).toMatchObject({
		interface: "",
		up: false,
		received: 0,
		malformed_packets: { link_truncated: 1, ip_version: 2 },
	});
});
