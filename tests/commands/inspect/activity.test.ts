import { describe, expect, test } from "bun:test";
import { Activity, pointsMax } from "../../../src/commands/inspect/activity.ts";
import type { Tracker } from "../../../src/engine/tracker.ts";
import { partsOf } from "../../wasm/track/observing.ts";

const startUs = Date.parse("2026-05-27T09:00:07Z") * 1_000;

/** A tracker whose clients are `activeAt` of the seconds since the start. */
function activityOf(activeAt: (seconds: number) => number): Activity {
	const { parts } = partsOf();
	const tracker = {
		reach: parts.reach,
		expire() {
			this.activeByDomain.sum = activeAt((parts.clockNow() - startUs) / 1e6);
		},
		activeByDomain: { sum: 0 },
	};
	return new Activity(tracker as unknown as Tracker);
}

/** Frames at these seconds since the start. */
function observe(activity: Activity, seconds: readonly number[]) {
	for (const at of seconds) {
		const stampUs = startUs + at * 1e6;
		if (stampUs >= activity.nextUs) activity.reach(stampUs);
	}
	return activity.figures(startUs + (seconds.at(-1) ?? 0) * 1e6);
}

describe("activity", () => {
	test("of less than a sample is none", () => {
		expect(
			observe(
				activityOf(() => 1),
				[0, 1, 2],
			),
		).toBeNull();
		expect(activityOf(() => 1).figures(0)).toBeNull();
	});

	test("has the most of each minute's samples, also of minutes without a frame", () => {
		const figures = observe(
			activityOf((seconds) => (seconds === 23 ? 9 : seconds < 100 ? 2 : 0)),
			[0, 20, 30, 200],
		);
		expect(figures).toEqual({
			start: "2026-05-27T09:00:00.000Z",
			seconds_per_point: 60,
			active_clients: [9, 2, 0, 0],
		});
	});

	test("keeps so many minutes, and then points of two", () => {
		const last = pointsMax * 60 - 8;
		const seconds = (end: number) => Array.from({ length: Math.floor(end / 5) }, (_, index) => index * 5).concat(end);
		const full = observe(
			activityOf((at) => Math.floor((at + 7) / 60)),
			seconds(last),
		);
		expect(full?.active_clients).toEqual(Array.from({ length: pointsMax }, (_, minute) => minute));
		const more = observe(
			activityOf((at) => Math.floor((at + 7) / 60)),
			seconds(last + 1),
		);
		expect(more?.seconds_per_point).toBe(120);
		expect(more?.active_clients).toEqual([
			...Array.from({ length: pointsMax / 2 }, (_, point) => 2 * point + 1),
			pointsMax,
		]);
	});

	test("takes a leap of thirty years in bounded work and memory", () => {
		const figures = observe(
			activityOf((at) => (at < 60 ? 3 : 0)),
			[0, 30, 1e9],
		);
		expect(figures?.active_clients.length).toBeLessThanOrEqual(pointsMax);
		expect(figures?.active_clients[0]).toBe(3);
		expect((figures?.seconds_per_point ?? 0) * pointsMax).toBeGreaterThan(1e9);
	});

	test("passes over stamps of a clock that was set back until they have caught up", () => {
		const figures = observe(
			activityOf(() => 1),
			[0, 70, -500, 80, 130],
		);
		expect(figures?.active_clients).toEqual([1, 1, 1]);
	});
});
