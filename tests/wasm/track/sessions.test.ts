import { describe, expect, test } from "bun:test";
import { type ObservingTracker, second, trackerOf } from "./observing.ts";

const windowUs = 30 * second;

const setsWatched = 6;

/** What is counted of the sessions of each label set, and of all domains. */
function countsOf({ active, activeByDomain, sessionDurations, sessionsBegun }: ObservingTracker) {
	const sets = Array.from({ length: setsWatched }, (_, set) => {
		const { count: ended, sum: livedSeconds } = sessionDurations.distribution([set]);
		return { active: active.at(set), begun: sessionsBegun.at(set), ended, livedSeconds };
	});
	return { sets, active: activeByDomain.sum };
}

type Counts = ReturnType<typeof countsOf>;

/** What one call changed, in words: at most one session ended in each label set, and at most one began or moved. */
function changesOf(before: Counts, after: Counts): string[] {
	const changes = after.sets.map((now, set) => {
		const was = before.sets[set] as Counts["sets"][number];
		const ended = now.ended - was.ended;
		return {
			ended,
			livedUs: Math.round((now.livedSeconds - was.livedSeconds) * 1e6),
			entered: now.active - was.active + ended,
			begun: now.begun - was.begun,
		};
	});
	const endedInAll = changes.reduce((sum, { ended }) => sum + ended, 0);
	const began = after.active - before.active + endedInAll;
	const from = changes.findIndex(({ entered }) => entered < 0);
	const to = changes.findIndex(({ entered }) => entered > 0);
	expect(changes.map(({ entered }) => Math.abs(entered)).filter((entered) => entered > 0)).toEqual(
		began === 1 ? [1] : from >= 0 ? [1, 1] : [],
	);
	expect(changes.map(({ begun }) => begun)).toEqual(
		changes.map(({ begun }, set) => (began === 1 && set === to && begun === 1 ? 1 : 0)),
	);
	const ends = changes.flatMap(({ ended, livedUs }, set) => (ended > 0 ? [`ended ${set} ${livedUs}`] : []));
	if (began === 1) return [...ends, `began ${to} ${changes[to]?.begun === 1 ? "new" : "again"}`];
	return from >= 0 ? [...ends, `moved ${from} ${to}`] : ends;
}

/** Sessions, and what they told by their counts: "began 1 new", "moved 1 2", "ended 1 5000000". */
function watched(trackedMax = 10, rememberedMax = 10) {
	const tracker = trackerOf({ trackedMax, rememberedMax, activeWindowMs: windowUs / 1_000 });
	const { parts, tables } = tracker;
	const told: string[] = [];
	const watch = (change: () => void) => {
		const before = countsOf(tracker);
		change();
		parts.flushPending();
		told.push(...changesOf(before, countsOf(tracker)));
	};
	const sessions = {
		active: tables.sessions,
		remembered: tables.remembered,
		expire: (now: number) => watch(() => parts.expireSessionsAt(now)),
		query: (idHigh: number, idLow: number, domain: number, set: number, now: number) =>
			watch(() => parts.touchSessionAt(idHigh, idLow, domain, set, now)),
		find: parts.findSession,
		pushUpstream: (entry: number, sequence: number, stampMs: number, conversation = 7) =>
			parts.pushUpstreamOf(entry, sequence, stampMs, conversation),
		pushDownstream: (entry: number, sequence: number, conversation = 7) =>
			parts.pushDownstreamOf(entry, sequence, conversation),
		wasPushed: (entry: number, sequence: number, conversation = 7) =>
			parts.wasPushedTo(entry, sequence, conversation) !== 0,
		acknowledge: (entry: number, stampMs: number, sequence: number) =>
			parts.acknowledgeOf(entry, stampMs, sequence) !== 0,
		addBytes: parts.addSessionBytes,
		sessionBytes: (set: number) => tracker.sessionBytes.distribution([set]),
	};
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

	test("a returning session's bytes begin anew, and its pushes go on", () => {
		const { sessions, query } = watched();
		query(1, 0, 0);
		const entry = sessions.find(1, ~1, 0, 0);
		expect(entry).not.toBe(0);
		expect(sessions.pushDownstream(entry, 500)).toBe(sessions.pushDownstream(entry, 501));
		sessions.addBytes(entry, 3_072);
		query(1, 0, 2 * windowUs);
		const again = sessions.find(1, ~1, 0, entry);
		// Only one direction had been seen.
		expect(sessions.wasPushed(again, 500)).toBe(false);
		sessions.addBytes(again, 1_024);
		sessions.expire(4 * windowUs);
		expect([sessions.sessionBytes(0).count, sessions.sessionBytes(0).sum]).toEqual([2, 4_096]);
	});

	test("what a returning session sends again, and is sent again, is of its old conversation, unless that is another", () => {
		for (const conversation of [7, 8]) {
			const { sessions, query } = watched();
			query(1, 0, 0);
			const entry = sessions.find(1, ~1, 0, 0);
			const isNew = sessions.pushDownstream(entry, 500);
			sessions.pushUpstream(entry, 40, 1_000);
			query(1, 0, 2 * windowUs);
			const again = sessions.find(1, ~1, 0, 0);
			const told = [
				sessions.pushUpstream(again, 39, 60_000, conversation),
				sessions.pushUpstream(again, 40, 60_000, conversation),
				sessions.pushUpstream(again, 41, 60_000, conversation),
				sessions.pushDownstream(again, 499, conversation),
				sessions.pushDownstream(again, 500, conversation),
				sessions.pushDownstream(again, 501, conversation),
			];
			expect(told.map((push) => (push === isNew ? "-" : "+")).join("")).toBe(conversation === 7 ? "++-++-" : "------");
		}
	});

	test("a returning session may have gone on by any number, once in each direction", () => {
		const { sessions, query } = watched();
		query(1, 0, 0);
		const entry = sessions.find(1, ~1, 0, 0);
		const isNew = sessions.pushDownstream(entry, 500);
		sessions.pushUpstream(entry, 40, 1_000);
		query(1, 0, 2 * windowUs);
		const again = sessions.find(1, ~1, 0, 0);
		const told = [1_000_000, 2_000_000].flatMap((sequence) => [
			sessions.pushUpstream(again, sequence, 60_000) === isNew,
			sessions.pushDownstream(again, sequence) === isNew,
		]);
		expect(told).toEqual([true, true, false, false]);
	});

	test("a conversation that begins again, with the client's clock, begins afresh both ways", () => {
		const { sessions, query } = watched();
		query(1, 0, 0);
		const entry = sessions.find(1, ~1, 0, 0);
		const isNew = sessions.pushDownstream(entry, 500);
		for (let sequence = 0; sequence < 200; sequence++) sessions.pushUpstream(entry, sequence, 60_000 + sequence);
		// Ten seconds late it is a copy still.
		expect(sessions.pushUpstream(entry, 31, 50_199)).not.toBe(isNew);
		expect(sessions.pushUpstream(entry, 32, 50_198)).not.toBe(isNew);
		expect(sessions.wasPushed(entry, 500)).toBe(true);
		expect(sessions.pushUpstream(entry, 31, 50_198)).toBe(isNew);
		expect(sessions.wasPushed(entry, 500)).toBe(false);
		expect([sessions.pushUpstream(entry, 32, 50_300), sessions.pushDownstream(entry, 3)]).toEqual([isNew, isNew]);
	});

	const upstream: readonly [
		title: string,
		pushes: readonly (readonly [sequence: number, stampMs: number])[],
		again: string,
	][] = [
		[
			"in order",
			[
				[0, 100],
				[1, 100],
				[2, 120],
			],
			"---",
		],
		[
			"a copy, however late",
			[
				[0, 100],
				[1, 110],
				[0, 100],
				[1, 110],
				[0, 100],
			],
			"-----",
		],
		[
			"one that was overtaken",
			[
				[1, 110],
				[0, 100],
				[3, 120],
				[2, 120],
			],
			"----",
		],
		[
			"one that was lost before the server",
			[
				[0, 100],
				[2, 120],
				[1, 500],
			],
			"--+",
		],
		[
			"two of them, sent again together, in any order",
			[
				[0, 100],
				[3, 120],
				[2, 500],
				[1, 500],
			],
			"--++",
		],
		[
			"copies of what was sent again",
			[
				[0, 100],
				[3, 120],
				[1, 500],
				[2, 500],
				[1, 500],
				[2, 500],
			],
			"--++--",
		],
		[
			"one that is sent again twice",
			[
				[0, 100],
				[3, 120],
				[1, 500],
				[1, 900],
				[1, 500],
			],
			"--++-",
		],
		[
			"a first sending with the stamp of what was sent again",
			[
				[0, 100],
				[9, 120],
				[1, 500],
				[11, 500],
				[10, 500],
			],
			"--+--",
		],
		[
			"stamps that wrap around",
			[
				[0, 2 ** 32 - 9],
				[2, 2 ** 32 - 1],
				[1, 4],
				[0, 2 ** 32 - 9],
			],
			"--+-",
		],
		[
			"numbers that wrap around",
			[
				[-2, 100],
				[0, 100],
				[-1, 200],
				[1, 210],
			],
			"--+-",
		],
	];
	test.each(upstream)("pushes of a client count as sent again by their stamp: %s", (_, pushes, again) => {
		const { sessions, query } = watched();
		query(1, 0, 0);
		const entry = sessions.find(1, ~1, 0, 0);
		sessions.pushDownstream(entry, 1);
		const repeated = sessions.pushDownstream(entry, 1);
		const told = pushes.map(([sequence, stampMs]) => sessions.pushUpstream(entry, sequence, stampMs) === repeated);
		expect(told.map((isAgain) => (isAgain ? "+" : "-")).join("")).toBe(again);
	});

	test("bytes and times stand beside what is remembered of pushes, however many", () => {
		const { told, sessions, query } = watched();
		const day = 86_400 * second;
		query(1, 0, 19_999 * day);
		const entry = sessions.find(1, ~1, 0, 0);
		sessions.addBytes(entry, 2 ** 31);
		sessions.pushUpstream(entry, -1, -1);
		sessions.acknowledge(entry, -1, -1);
		for (let count = 0; count < 15; count++) sessions.addBytes(entry, 2 ** 31);
		query(1, 0, 19_999 * day + 3);
		expect(sessions.acknowledge(entry, -1, -1)).toBe(false);
		sessions.expire(20_000 * day);
		expect(told.at(-1)).toBe("ended 0 3");
		expect(sessions.sessionBytes(0).sum).toBe(2 ** 35);
	});

	test("is found by its id, whatever entry is guessed", () => {
		const { sessions, query } = watched();
		query(1, 0, 0);
		query(2, 0, 1);
		const [one, two] = [sessions.find(1, ~1, 0, 0), sessions.find(2, ~2, 0, 0)];
		expect(new Set([0, one, two]).size).toBe(3);
		for (const guess of [0, one, two]) expect(sessions.find(1, ~1, 0, guess)).toBe(one);
		for (const guess of [0, one, two]) expect(sessions.find(1, ~1, 1, guess)).toBe(0);
	});

	test("one that ended is not found, though its entry is guessed, nor in the one that has its entry now", () => {
		const { sessions, query } = watched(1);
		query(1, 0, 0);
		const entry = sessions.find(1, ~1, 0, 0);
		sessions.expire(windowUs + 1);
		expect(sessions.find(1, ~1, 0, entry)).toBe(0);
		query(2, 0, windowUs + 2);
		expect([sessions.find(1, ~1, 0, entry), sessions.find(2, ~2, 0, 0)]).toEqual([0, entry]);
	});

	test("one that moves keeps what it was pushed and what it acknowledged", () => {
		const { sessions, query } = watched();
		query(1, 0, 0);
		const entry = sessions.find(1, ~1, 0, 0);
		sessions.pushDownstream(entry, -1);
		sessions.pushUpstream(entry, -1, 5);
		expect(sessions.acknowledge(entry, 9, 9)).toBe(true);
		query(1, 5, 1);
		const [repeated, next] = [sessions.pushDownstream(entry, -1), sessions.pushDownstream(entry, 0)];
		expect([repeated === next, sessions.wasPushed(entry, -1), sessions.acknowledge(entry, 9, 9)]).toEqual([
			false,
			true,
			false,
		]);
	});
});
