import { describe, expect, test } from "bun:test";
import { Sessions } from "../../src/track/sessions.ts";
import { second, seed } from "./observing.ts";

const windowUs = 30 * second;

/** Sessions, and what they told: "began 1 new", "moved 1 2", "ended 1 5000000". */
function watched(trackedMax = 10, rememberedMax = 10) {
	const told: string[] = [];
	const sessions = new Sessions({
		trackedMax,
		rememberedMax,
		windowUs,
		seed,
		events: {
			began: (set, isNew) => told.push(`began ${set} ${isNew ? "new" : "again"}`),
			moved: (from, to) => told.push(`moved ${from} ${to}`),
			ended: (set, durationUs) => told.push(`ended ${set} ${durationUs}`),
		},
	});
	/** As the tracker does: what is over ends first. */
	const query = (id: number, set: number, now: number, domain = 0) => {
		sessions.expire(now);
		sessions.query(id, ~id, domain, set, now);
	};
	return { told, sessions, query };
}

describe("Sessions", () => {
	test("a session is active for exactly its window after its latest query", () => {
		const { told, sessions, query } = watched();
		query(1, 0, 5);
		sessions.expire(5 + windowUs);
		expect(told).toEqual(["began 0 new"]);
		sessions.expire(5 + windowUs + 1);
		expect(told).toEqual(["began 0 new", "ended 0 0"]);
	});

	test("each query gives it the window anew, and its duration ends with the last", () => {
		const { told, sessions, query } = watched();
		query(1, 0, 0);
		query(1, 0, windowUs);
		query(1, 0, 2 * windowUs);
		sessions.expire(3 * windowUs);
		expect(told).toEqual(["began 0 new"]);
		sessions.expire(3 * windowUs + 1);
		expect(told.at(-1)).toBe(`ended 0 ${2 * windowUs}`);
	});

	test("one that falls silent and returns is not new", () => {
		const { told, query } = watched();
		query(1, 0, 0);
		query(1, 0, windowUs + 1);
		expect(told).toEqual(["began 0 new", "ended 0 0", "began 0 again"]);
	});

	test("a query through another label set moves it, one through the same does not", () => {
		const { told, query } = watched();
		query(1, 3, 0);
		query(1, 4, 1);
		query(1, 4, 2);
		query(1, 3, 3);
		expect(told).toEqual(["began 3 new", "moved 3 4", "moved 4 3"]);
	});

	test("it ends in the label set of its latest query", () => {
		const { told, sessions, query } = watched();
		query(1, 3, 0);
		query(1, 4, 1);
		sessions.expire(2 * windowUs);
		expect(told.at(-1)).toBe("ended 4 1");
	});

	test("the same id under two domains is two sessions", () => {
		const { told, sessions, query } = watched();
		query(1, 0, 0, 0);
		query(1, 1, 0, 1);
		expect(told).toEqual(["began 0 new", "began 1 new"]);
		expect(sessions.active.size).toBe(2);
	});

	test("ids that differ in one half only are two sessions", () => {
		const { sessions } = watched();
		sessions.query(1, 2, 0, 0, 0);
		sessions.query(1, 3, 0, 0, 0);
		sessions.query(2, 2, 0, 0, 0);
		expect(sessions.active.size).toBe(3);
	});

	test("at the limit all are kept; one more ends the one of the oldest query, and counts it", () => {
		const { told, sessions, query } = watched(2);
		query(1, 1, 0);
		query(2, 2, 1);
		query(1, 1, 2);
		expect(sessions.active.evicted).toBe(0);
		query(3, 3, 3);
		expect(told).toEqual(["began 1 new", "began 2 new", "ended 2 0", "began 3 new"]);
		expect([sessions.active.size, sessions.active.evicted]).toEqual([2, 1]);
		query(2, 2, 4);
		expect(told.slice(4)).toEqual(["ended 1 2", "began 2 again"]);
	});

	test("as many ended ids are remembered as the limit says, the longest ended goes first", () => {
		const { told, sessions, query } = watched(10, 2);
		for (const id of [1, 2]) query(id, id, id);
		sessions.expire(2 * windowUs);
		expect([sessions.remembered.size, sessions.remembered.evicted]).toEqual([2, 0]);
		query(3, 3, 2 * windowUs);
		sessions.expire(4 * windowUs);
		expect([sessions.remembered.size, sessions.remembered.evicted]).toEqual([2, 1]);
		query(2, 2, 4 * windowUs);
		query(1, 1, 4 * windowUs);
		expect(told.slice(-2)).toEqual(["began 2 again", "began 1 new"]);
	});

	test("one that returned is remembered no more until it ends again", () => {
		const { sessions, query } = watched();
		query(1, 0, 0);
		query(1, 0, 2 * windowUs);
		expect([sessions.remembered.size, sessions.active.size]).toEqual([0, 1]);
	});

	test("a returning session's bytes and pushes begin anew", () => {
		const { sessions, query } = watched();
		query(1, 0, 0);
		const entry = sessions.find(1, ~1, 0, 0);
		expect(entry).not.toBe(0);
		expect(sessions.push(entry, 500, true)).toBe(sessions.push(entry, 501, true));
		query(1, 0, 2 * windowUs);
		const again = sessions.find(1, ~1, 0, entry);
		expect(sessions.wasPushed(again, 500)).toBe(false);
	});
});
