import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { createWindow, type WindowSources } from "../../src/summary/window.ts";
import { begin, query, second, trackerOf } from "../wasm/track/observing.ts";

/** Places with all figures: 50 countries and 50 networks. */
const places = 50;
const minute = 60 * second;

/** A tracker that counted a query of each place, and windows over it from the begin on. */
function counted() {
	const tracker = trackerOf();
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
	return { tracker, openWindow: () => createWindow(sources, begin) };
}

test("the figures are those since the start, then of five to six minutes, whenever they are read", () => {
	const { tracker, openWindow } = counted();
	const window = openWindow();
	const read = (atUs: number) => {
		const { seconds, domains } = window.read(begin + atUs).figures;
		return [seconds, domains[0]?.queries];
	};
	expect(read(0)).toEqual([0, places]);
	// A query each second.
	for (let at = second; at <= 20 * minute; at += second) {
		query(tracker, at, { origin: 0, id: 0, messageId: at / second });
		if (at % (10 * second) !== 0) continue;
		const sinceStart = at / second;
		const inWindow = 300 + (sinceStart % 60);
		expect(read(at)).toEqual(sinceStart < 360 ? [sinceStart, places + sinceStart] : [inWindow, inWindow]);
	}
});

test("what it keeps is bounded: seven marks of all places take less than 4 MB, however long it runs", () => {
	const { openWindow } = counted();
	// Of many, as other things on the heap come and go.
	const windows = Array.from({ length: 10 }, openWindow);
	const kept = () => {
		Bun.gc(true);
		const { heapSize, extraMemorySize } = heapStats();
		return (heapSize + extraMemorySize) / windows.length;
	};
	const before = kept();
	const run = (fromMinute: number) => {
		for (let at = fromMinute; at < fromMinute + 30; at++)
			for (const window of windows) window.read(begin + at * minute);
		return kept() - before;
	};
	const firstHalfHour = run(0);
	expect(firstHalfHour).toBeWithin(3.3e6, 4e6);
	expect(run(30)).toBeLessThan(firstHalfHour + 0.3e6);
});
