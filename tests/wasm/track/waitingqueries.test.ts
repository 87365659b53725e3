import { describe, expect, test } from "bun:test";
import { Outcome } from "../../../src/wasm/shared/fault.ts";
import { responseUsMax, waitingQueriesMax } from "../../../src/wasm/shared/limits.ts";
import {
	begin,
	bySet,
	type Observation,
	type ObservationFields,
	observationOf,
	query,
	second,
	trackerOf,
} from "./observing.ts";

/** The waiting queries of a tracker of their own. */
function waitingQueriesOf() {
	const { parts, see, tables } = trackerOf();
	return {
		table: tables.waitingQueries,
		wait(observation: Observation, set: number, session: number, now: number) {
			see(observation);
			parts.waitFor(set, session, now);
		},
		find(observation: Observation) {
			see(observation);
			return parts.findWaiting();
		},
		setAt: parts.waitingSet,
		sessionAt: parts.waitingSession,
		waitedUs: parts.waitedUs,
		overdue: parts.overdueAt,
		remove: parts.removeWaiting,
		removeFound: parts.removeFound,
	};
}

/** Answers in which one query waits: of the defaults of observationOf. */
function waiting() {
	const answers = waitingQueriesOf();
	answers.wait(observationOf({}), 3, 5, begin);
	return answers;
}

describe("a response is matched", () => {
	test("by the resolver's address and port and the message's id: it finds set, session and time", () => {
		const answers = waiting();
		const entry = answers.find(observationOf({}));
		expect([answers.setAt(entry), answers.sessionAt(entry), answers.waitedUs(entry, begin + 7)]).toEqual([3, 5, 7]);
	});

	const mismatches: readonly [title: string, observation: ObservationFields][] = [
		["from another address", { origin: 3 }],
		["from another port", { port: 40_001 }],
		["with another id", { messageId: 8 }],
		["with port and id exchanged", { port: 7, messageId: 40_000 }],
	];
	test.each(mismatches)("and none %s", (_, observation) => {
		expect(waiting().find(observationOf(observation))).toBe(0);
	});

	test("and none from an IPv6 address with the same last word", () => {
		const observation = observationOf({});
		observation.resolver0 = 0x20010db8;
		observation.resolver2 = 0;
		expect(waiting().find(observation)).toBe(0);
	});

	test.each(["resolver0", "resolver1", "resolver2", "resolver3"] as const)(
		"and none from an address with another word %s",
		(word) => {
			const observation = observationOf({});
			observation[word] ^= 1;
			expect(waiting().find(observation)).toBe(0);
		},
	);

	test("at the ends of ports and ids", () => {
		const answers = waitingQueriesOf();
		const rows = [0, 1, 0x7fff, 0x8000, 0xffff].flatMap((port) =>
			[0, 1, 0x7fff, 0x8000, 0xffff].map((messageId) => ({ port, messageId })),
		);
		for (const [index, row] of rows.entries()) answers.wait(observationOf(row), index, 0, begin);
		expect(answers.table.size).toBe(rows.length);
		expect(rows.map((row) => answers.setAt(answers.find(observationOf(row))))).toEqual(rows.map((_, index) => index));
	});
});

test("the same query again waits since the first, once", () => {
	const answers = waiting();
	answers.wait(observationOf({}), 4, 6, begin + second);
	const entry = answers.find(observationOf({}));
	expect([answers.setAt(entry), answers.waitedUs(entry, begin + second), answers.table.size]).toEqual([3, second, 1]);
	answers.remove(entry);
	expect(answers.find(observationOf({}))).toBe(0);
});

test("the same query again has an answer of its own, as many as came, up to 64 of one id", () => {
	const answers = waitingQueriesOf();
	for (let count = 0; count < 70; count++) answers.wait(observationOf({}), 3, 5, begin);
	expect(answers.table.size).toBe(1);
	let answered = 0;
	for (let entry = answers.find(observationOf({})); entry !== 0; entry = answers.find(observationOf({}))) {
		answers.removeFound(entry);
		answered++;
	}
	expect([answered, answers.table.size]).toEqual([64, 0]);
});

test("two IPv6 addresses are two, though their words are the same in another order or cancel each other out", () => {
	const address = (resolver0: number, resolver1: number) => {
		const observation = observationOf({});
		observation.resolver0 = resolver0;
		observation.resolver1 = resolver1;
		observation.resolver2 = 0x1234_5678;
		return observation;
	};
	const answers = waitingQueriesOf();
	answers.wait(address(0x2001_0db8, 0x1111_2222), 3, 5, begin);
	expect(answers.find(address(0x1111_2222, 0x2001_0db8))).toBe(0);
	expect(answers.find(address(0x2001_0db9, 0x1111_2223))).toBe(0);
	expect(answers.find(address(0x2001_0db8, 0x1111_2222))).not.toBe(0);
});

test("a query is overdue after more than 10 s, the oldest first", () => {
	const answers = waiting();
	answers.wait(observationOf({ messageId: 8 }), 4, 0, begin + 1);
	expect(responseUsMax).toBe(10 * second);
	expect(answers.overdue(begin + responseUsMax)).toBe(0);
	const first = answers.overdue(begin + responseUsMax + 1);
	expect(answers.setAt(first)).toBe(3);
	answers.remove(first);
	expect(answers.overdue(begin + responseUsMax + 1)).toBe(0);
	expect(answers.setAt(answers.overdue(begin + responseUsMax + 2))).toBe(4);
});

test("of one query more than there is room for, the oldest is forgotten and counted", () => {
	const answers = waitingQueriesOf();
	const observation = observationOf({});
	const wait = (index: number) => {
		observation.resolver3 = index;
		answers.wait(observation, index, 0, begin + index);
	};
	const isWaiting = (index: number) => {
		observation.resolver3 = index;
		return answers.find(observation) !== 0;
	};
	for (let index = 0; index < waitingQueriesMax; index++) wait(index);
	expect([answers.table.size, answers.table.evicted, isWaiting(0)]).toEqual([waitingQueriesMax, 0, true]);
	wait(waitingQueriesMax);
	expect([answers.table.size, answers.table.evicted]).toEqual([waitingQueriesMax, 1]);
	expect([isWaiting(0), isWaiting(1), isWaiting(waitingQueriesMax)]).toEqual([false, true, true]);
	// The same again needs no room.
	wait(waitingQueriesMax);
	expect(answers.table.evicted).toBe(1);
});

describe("the tracker", () => {
	const respond = (tracker: ReturnType<typeof trackerOf>, at: number, observation: ObservationFields = {}) =>
		tracker.observe(Outcome.Response, observationOf(observation), begin + at);
	const times = (tracker: ReturnType<typeof trackerOf>) => {
		const { count, sum } = tracker.responseTimes.distribution([0]);
		return [count, Math.round(sum * 1e6)];
	};

	test("has the time from a query to its response", () => {
		const tracker = trackerOf();
		query(tracker, 0, { messageId: 1 });
		query(tracker, 100, { messageId: 2 });
		respond(tracker, 1_000_000, { messageId: 2 });
		respond(tracker, 1_000_001, { messageId: 1 });
		expect(times(tracker)).toEqual([2, 1_999_901]);
	});

	test("is that of the frames, whoever looks while they lie in the buffer", () => {
		const tracker = trackerOf();
		tracker.synchronize(begin, 5 * second);
		query(tracker, 0, { messageId: 1 });
		tracker.advance(5.3 * second);
		tracker.expire();
		tracker.synchronize(begin + 0.3 * second, 5.3 * second);
		respond(tracker, 50_000, { messageId: 1 });
		query(tracker, 60_000, { messageId: 2 });
		respond(tracker, 110_000, { messageId: 2 });
		expect(times(tracker)).toEqual([2, 100_000]);
	});

	test("takes no response under another domain for the answer, though all else is the same", () => {
		const tracker = trackerOf();
		query(tracker, 0, { domain: 0 });
		respond(tracker, 1_000, { domain: 1, bytes: 60 });
		expect([times(tracker)[0], tracker.unmatched.at(0), tracker.unmatched.at(1)]).toEqual([0, 0, 1]);
		expect(bySet(tracker, tracker.bytesOut)).toEqual({ "1/2": 60 });
		respond(tracker, 2_000, { domain: 0, bytes: 50 });
		expect(times(tracker)).toEqual([1, 2_000]);
		expect(bySet(tracker, tracker.bytesOut)).toEqual({ "0/2": 50, "1/2": 60 });
	});

	test("counts an answer's rcode and TC under its domain, and its bytes for the session", () => {
		const tracker = trackerOf();
		query(tracker, 0, { domain: 1, bytes: 1_000 });
		const observation = observationOf({ domain: 1, bytes: 24 });
		observation.rcode = 5;
		observation.truncated = 1;
		tracker.observe(Outcome.Response, observation, begin + 1);
		expect([tracker.responsesOf(1, 5), tracker.responsesOf(1, 0), tracker.responsesOf(0, 5)]).toEqual([1, 0, 0]);
		expect([tracker.truncated.at(0), tracker.truncated.at(1)]).toEqual([0, 1]);
		tracker.observe(Outcome.Refused, observationOf({}), begin + 60 * second);
		expect([tracker.sessionBytes.distribution([0]).count, tracker.sessionBytes.distribution([0]).sum]).toEqual([
			1, 1_024,
		]);
	});

	test("counts a query without a response as unanswered after 10 s, under its label set", () => {
		const tracker = trackerOf();
		query(tracker, 0, { origin: 4, messageId: 1 });
		query(tracker, 0, { origin: 5, messageId: 1, domain: 1 });
		tracker.observe(Outcome.Refused, observationOf({}), begin + 10 * second);
		expect(bySet(tracker, tracker.unanswered)).toEqual({});
		tracker.observe(Outcome.Refused, observationOf({}), begin + 10 * second + 1);
		expect(bySet(tracker, tracker.unanswered)).toEqual({ "0/4": 1, "1/5": 1 });
		// What comes after that is a response to nothing.
		respond(tracker, 10 * second + 2, { origin: 4, messageId: 1 });
		expect(times(tracker)[0]).toBe(0);
	});

	test("counts a repeated query twice, as two queries of which each has its answer and none is missing", () => {
		const tracker = trackerOf();
		query(tracker, 0);
		query(tracker, 2 * second);
		respond(tracker, 3 * second);
		respond(tracker, 4 * second);
		tracker.observe(Outcome.Refused, observationOf({}), begin + 60 * second);
		expect([tracker.queries.at(0), times(tracker)[0], times(tracker)[1], tracker.unanswered.at(0)]).toEqual([
			2,
			2,
			7 * second,
			0,
		]);
	});
});

describe("a response that is stamped before its query, as in captures of two machines that were merged,", () => {
	function early(ms: number, live = false) {
		const tracker = trackerOf();
		if (live) tracker.synchronize(begin, begin);
		const observation = observationOf({ bytes: 300 });
		observation.rcode = 3;
		tracker.observe(Outcome.Response, observation, begin);
		query(tracker, ms * 1_000);
		tracker.observe(Outcome.Refused, observationOf({}), begin + 60 * second);
		return {
			responses: tracker.responsesOf(0, 3),
			unmatched: tracker.unmatched.at(0),
			unanswered: tracker.unanswered.sum,
			bytesOut: tracker.bytesOut.sum,
			rtts: tracker.responseTimes.distribution([0]).count,
		};
	}

	const matched = { responses: 1, unmatched: 0, unanswered: 0, bytesOut: 300, rtts: 1 };
	const unmatched = { responses: 0, unmatched: 1, unanswered: 1, bytesOut: 300, rtts: 0 };

	test("matches up to 10 ms", () => {
		for (const ms of [0, 3, 10]) expect(early(ms)).toEqual(matched);
		expect(early(10.001)).toEqual(unmatched);
	});

	test("is none live, where one clock stamps both", () => {
		// There no time has passed yet, either.
		expect(early(3, true)).toEqual({ ...unmatched, unanswered: 0 });
	});

	test("is found among the sixteen latest, and has its segments", () => {
		const tracker = trackerOf();
		for (let messageId = 0; messageId < 17; messageId++) {
			const observation = observationOf({ messageId });
			observation.packets = 1;
			observation.segments = {
				...observation.segments,
				count: 1,
				command: [81],
				conversation: [7],
				stampMs: [5],
				sequence: [messageId],
			};
			tracker.observe(Outcome.Response, observation, begin);
		}
		for (let messageId = 0; messageId < 17; messageId++) query(tracker, 1_000, { messageId });
		expect([tracker.unmatched.at(0), tracker.responsesOf(0, 0), tracker.downstream.pushes.at(0)]).toEqual([1, 16, 16]);
	});
});

test("the label set's number has room beside the repetitions, up to the last", () => {
	const answers = waitingQueriesOf();
	const observation = observationOf({});
	for (let count = 0; count < 2; count++) answers.wait(observation, 1_000_063, 5, begin);
	expect(answers.setAt(answers.find(observation))).toBe(1_000_063);
});
