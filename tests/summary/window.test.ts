import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { createWindow, type WindowSources } from "../../src/summary/window.ts";
import { begin, type ObservingTracker, query, second, trackerOf } from "../wasm/track/observing.ts";

/** Places with all figures: 50 countries and 50 networks. */
const places = 50;
const minute = 60 * second;

/** A window over what a tracker counts, with a query of each place to begin with. */
function windowOf(tracker: ObservingTracker) {
	const origins = Array.from({ length: places }, (_, index) => ({
		country: `C${index}`,
		asn: String(64_496 + index),
		organization: null,
	}));
	const sources: WindowSources = {
		tracker,
		domains: ["t0.example.com"],
		geoLabels: { hasCountry: true, hasAsn: true, origins },
		capture: () => null,
	};
	for (let origin = 0; origin < places; origin++) query(tracker, 0, { origin, id: origin, messageId: origin });
	const window = createWindow(sources, begin);
	return { read: (atUs: number) => window.read(begin + atUs).figures };
}

test("the figures are those since the start, then of five to six minutes, whenever they are read", () => {
	const tracker = trackerOf();
	const window = windowOf(tracker);
	expect(window.read(0)).toMatchObject({ seconds: 0, domains: [{ queries: places }] });
	// A query each second.
	for (let at = second; at <= 20 * minute; at += second) {
		query(tracker, at, { origin: 0, id: 0, messageId: at / second });
		if (at % (10 * second) !== 0) continue;
		const { seconds, domains } = window.read(at);
		const queries = domains[0]?.queries ?? 0;
		const sinceStart = at / second;
		if (sinceStart < 360) expect([seconds, queries]).toEqual([sinceStart, places + sinceStart]);
		else expect([seconds, queries]).toEqual([300 + (sinceStart % 60), seconds]);
	}
});

test("what it keeps is bounded: seven marks of all places take less than 4 MB, also after hours", () => {
	const tracker = trackerOf();
	const window = windowOf(tracker);
	const kept = () => {
		Bun.gc(true);
		const { heapSize, extraMemorySize } = heapStats();
		return heapSize + extraMemorySize;
	};
	window.read(0);
	const before = kept();
	const after = (minutes: number) => {
		for (let at = 1; at <= 60 * minutes; at++) window.read(at * minute);
		return kept() - before;
	};
	expect(after(1)).toBeWithin(3e6, 4e6);
	expect(after(3)).toBeLessThan(4e6);
});
