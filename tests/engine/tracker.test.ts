import { expect, test } from "bun:test";
import { duplicatesMax, resolversMax, waitingQueriesMax } from "../../src/wasm/shared/limits.ts";
import { begin, query, second, trackerOf } from "../wasm/track/observing.ts";

test("each table tells its own limit", () => {
	const { tables } = trackerOf({ trackedMax: 3, rememberedMax: 5 });
	expect(Object.entries(tables).map(([name, { limit }]) => [name, limit])).toEqual([
		["sessions", 3],
		["remembered", 5],
		["resolvers", resolversMax],
		["waitingQueries", waitingQueriesMax],
		["duplicates", duplicatesMax],
	]);
});

test("the sums of ended sessions are their durations in seconds and their DNS messages in bytes", () => {
	const tracker = trackerOf();
	query(tracker, 0, { bytes: 1_024, messageId: 1 });
	query(tracker, 10 * second, { bytes: 2_048, messageId: 2 });
	tracker.reach(begin + 100 * second);
	tracker.expire();
	const [sessionDurations, sessionBytes] = [
		tracker.sessionDurations.distribution([0]),
		tracker.sessionBytes.distribution([0]),
	];
	expect([sessionDurations.count, sessionDurations.sum, sessionBytes.count, sessionBytes.sum]).toEqual([
		1, 10, 1, 3_072,
	]);
});

test("copies of datagrams and label sets beyond the bound are counted apart", () => {
	const tracker = trackerOf({ labelSetsMax: 1 });
	query(tracker, 0, { origin: 2, interfaceIndex: 1 });
	query(tracker, 1, { origin: 2, interfaceIndex: 2 });
	query(tracker, 2, { origin: 2, interfaceIndex: 3 });
	expect([tracker.duplicates, tracker.sets.overflowed]).toEqual([2, 0]);
	query(tracker, second, { origin: 2, domain: 1, id: 1 });
	expect([tracker.duplicates, tracker.sets.overflowed]).toEqual([2, 1]);
});
