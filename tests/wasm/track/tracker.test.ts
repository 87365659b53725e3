import { describe, expect, test } from "bun:test";
import { faultNames, refusalNames, unrelatedNames } from "../../../src/engine/reasons.ts";
import { Fault, Outcome, Refusal, Unrelated } from "../../../src/wasm/shared/fault.ts";
import { heldUsMax, responseUsMax } from "../../../src/wasm/shared/limits.ts";
import {
	begin,
	bySet,
	Observation,
	type ObservingTracker,
	observationOf,
	query,
	second,
	trackerOf,
} from "./observing.ts";

const windowUs = 30 * second;
const hour = 3_600 * second;

test.each([1, 2, 63, 64])(
	"with %i domains all memory is taken before anybody looks at it, whatever the limits",
	(domains) => {
		for (let labelSetsMax = 1; labelSetsMax <= 50; labelSetsMax++) {
			const { sets } = trackerOf({ domains, labelSetsMax, trackedMax: 10, rememberedMax: 10 });
			// Memory that grew is elsewhere: what looked at it is empty.
			expect([labelSetsMax, sets.domains.length]).toEqual([labelSetsMax, labelSetsMax + 2 * domains]);
		}
	},
);

describe("counts", () => {
	test("queries and their bytes under their domain and their resolver's origin", () => {
		const tracker = trackerOf();
		query(tracker, 0, { domain: 0, origin: 2, bytes: 100 });
		query(tracker, 1, { domain: 0, origin: 3, bytes: 10 });
		query(tracker, 2, { domain: 1, origin: 3, bytes: 1 });
		query(tracker, 3, { domain: 0, origin: 2, bytes: 1_000 });
		expect(bySet(tracker, tracker.queries)).toEqual({ "0/2": 2, "0/3": 1, "1/3": 1 });
		expect(bySet(tracker, tracker.bytesIn)).toEqual({ "0/2": 1_100, "0/3": 10, "1/3": 1 });
	});

	test("responses and their bytes under their own packet, and no session by them", () => {
		const tracker = trackerOf();
		tracker.observe(Outcome.Response, observationOf({ domain: 1, origin: 4, bytes: 500 }), begin);
		expect(bySet(tracker, tracker.bytesOut)).toEqual({ "1/4": 500 });
		expect([tracker.queries.sum, tracker.active.sum, tracker.sessionsBegun.sum]).toEqual([0, 0, 0]);
	});

	test("a session under the label set of its first query, once", () => {
		const tracker = trackerOf();
		query(tracker, 0, { id: 1, origin: 2 });
		query(tracker, 1, { id: 1, origin: 3 });
		query(tracker, 5 * windowUs, { id: 1, origin: 4 });
		query(tracker, 5 * windowUs, { id: 2, origin: 4 });
		expect(bySet(tracker, tracker.sessionsBegun)).toEqual({ "0/2": 1, "0/4": 1 });
	});

	test("each fault, unrelated reason and refusal by its own reason, and nothing else by them", () => {
		const tracker = trackerOf();
		const observation = new Observation();
		const faults = Object.keys(faultNames).map(Number) as Fault[];
		const unrelated = Object.keys(unrelatedNames).map(Number) as Unrelated[];
		const refusals = Object.keys(refusalNames).map(Number) as Refusal[];
		for (const reason of faults) {
			observation.fault = reason;
			for (let count = 0; count < reason; count++) tracker.observe(Outcome.Fault, observation, begin);
		}
		for (const reason of unrelated) {
			observation.unrelated = reason;
			for (let count = 0; count < reason; count++) tracker.observe(Outcome.Unrelated, observation, begin);
		}
		for (const refusal of refusals) {
			for (const domain of [0, 1]) {
				for (let count = 0; count < refusal + domain; count++) {
					tracker.observe(Outcome.Refused, observationOf({ domain, refusal }), begin);
				}
			}
		}
		expect(faults.map((reason) => tracker.faultsOf(reason))).toEqual(faults);
		expect(unrelated.map((reason) => tracker.unrelatedOf(reason))).toEqual(unrelated);
		expect(refusals.map((reason) => tracker.refusalsOf(0, reason))).toEqual(refusals);
		expect(refusals.map((reason) => tracker.refusalsOf(1, reason))).toEqual(refusals.map((reason) => reason + 1));
		// Those refused for their EDNS size count in the distribution of sizes, which has label sets.
		expect([tracker.sets.size, tracker.queries.sum, tracker.active.sum]).toEqual([2, 0, 0]);
		expect([Fault.LinkTruncated, Unrelated.Protocol, Refusal.Malformed]).toEqual([1, 1, 1]);
	});
});

describe("active sessions and peaks", () => {
	test("a session is active for exactly 30 s after its latest query", () => {
		const tracker = trackerOf();
		query(tracker, 0, { id: 1 });
		query(tracker, windowUs, { id: 2, origin: 3 });
		expect(bySet(tracker, tracker.active)).toEqual({ "0/2": 1, "0/3": 1 });
		query(tracker, windowUs + 1, { id: 2, origin: 3 });
		expect(bySet(tracker, tracker.active)).toEqual({ "0/3": 1 });
	});

	test("who looks sees what is active at the clock's now", () => {
		const tracker = trackerOf();
		tracker.synchronize(begin, 5 * second);
		query(tracker, 0);
		tracker.advance(5 * second + windowUs + heldUsMax);
		tracker.expire();
		expect(tracker.active.sum).toBe(1);
		tracker.advance(5 * second + windowUs + heldUsMax + 1);
		tracker.expire();
		expect(tracker.active.sum).toBe(0);
	});

	test("a session that moves is active in one label set, and in its domain all the while", () => {
		const tracker = trackerOf();
		query(tracker, 0, { id: 1, origin: 2 });
		query(tracker, 1, { id: 1, origin: 3 });
		expect(bySet(tracker, tracker.active)).toEqual({ "0/3": 1 });
		expect(bySet(tracker, tracker.peak)).toEqual({ "0/2": 1, "0/3": 1 });
		expect([tracker.activeByDomain.at(0), tracker.peakByDomain.at(0)]).toEqual([1, 1]);
	});

	test("a peak is of a query's time, not of a look's, and does not go down", () => {
		const tracker = trackerOf();
		for (let id = 0; id < 5; id++) query(tracker, id, { id });
		query(tracker, 10 * windowUs, { id: 0 });
		expect(bySet(tracker, tracker.active)).toEqual({ "0/2": 1 });
		expect(bySet(tracker, tracker.peak)).toEqual({ "0/2": 5 });
	});

	test("a peak counts no session that is over by the time of the query", () => {
		const tracker = trackerOf();
		query(tracker, 0, { id: 1 });
		query(tracker, windowUs + 1, { id: 2 });
		expect(bySet(tracker, tracker.peak)).toEqual({ "0/2": 1 });
		query(tracker, 2 * windowUs + 1, { id: 3 });
		expect(bySet(tracker, tracker.peak)).toEqual({ "0/2": 2 });
	});

	test("the domain's peak is not the sum of its label sets' peaks", () => {
		const tracker = trackerOf();
		query(tracker, 0, { id: 1, origin: 2 });
		query(tracker, 2 * windowUs, { id: 2, origin: 3 });
		expect([tracker.peak.sum, tracker.peakByDomain.at(0)]).toEqual([2, 1]);
	});

	test('beyond the limit of label sets a session is active in its domain\'s "other"', () => {
		const tracker = trackerOf({ labelSetsMax: 3 });
		for (const origin of [2, 3, 4]) query(tracker, 0, { id: origin, origin });
		expect(tracker.sets.overflowed).toBe(0);
		query(tracker, 0, { id: 9, domain: 1, origin: 2 });
		expect(bySet(tracker, tracker.active)).toEqual({ "0/2": 1, "0/3": 1, "0/4": 1, "1/1": 1 });
	});
});

/** A hundred sessions, one a tenth of a second, so that some are near their end. */
function hundredSessions(tracker: ObservingTracker, shiftUs: number): number {
	let at = 0;
	for (let id = 0; id < 100; id++) {
		at = id * 100_000;
		tracker.synchronize(begin + at, shiftUs + at);
		query(tracker, at, { id });
	}
	return at;
}

test("what ends next is a query that waits, then a session, then nothing", () => {
	const tracker = trackerOf();
	expect(tracker.nextExpiryUs).toBe(Number.POSITIVE_INFINITY);
	query(tracker, 0);
	expect(tracker.nextExpiryUs).toBe(begin + responseUsMax + 1);
	query(tracker, second);
	tracker.reach(begin + responseUsMax + 1);
	tracker.expire();
	expect([tracker.unanswered.sum, tracker.nextExpiryUs]).toEqual([1, begin + second + windowUs]);
	tracker.reach(begin + second + windowUs + 1);
	tracker.expire();
	expect([tracker.active.sum, tracker.nextExpiryUs]).toEqual([0, Number.POSITIVE_INFINITY]);
});

describe("a clock that jumps an hour", () => {
	for (const [title, jump] of [
		["forward", hour],
		["back", -hour],
	] as const) {
		test(`${title}, live, ends no session and keeps none`, () => {
			const tracker = trackerOf();
			const at = hundredSessions(tracker, 77 * second);
			const jumped = begin + at + jump;
			// Stamped after the jump, in a batch that was begun before it.
			tracker.observe(Outcome.Query, observationOf({ id: 0 }), jumped);
			expect(tracker.active.sum).toBe(100);
			tracker.synchronize(jumped + second, 77 * second + at + second);
			tracker.observe(Outcome.Query, observationOf({ id: 0 }), jumped + second);
			expect([tracker.active.sum, tracker.sessionsBegun.sum]).toEqual([100, 100]);
			// By now the sessions of the first 0.15 s are over, but for the one that asked again.
			tracker.synchronize(jumped + 20_250_000, 77 * second + at + 20_250_000);
			tracker.observe(Outcome.Query, observationOf({ id: 99 }), jumped + 20_250_000);
			expect(tracker.active.sum).toBe(99);
			tracker.synchronize(jumped + second + windowUs + 1, 77 * second + at + second + windowUs + 1);
			tracker.expire();
			tracker.observe(Outcome.Query, observationOf({ id: 99 }), jumped + second + windowUs + 1);
			expect([tracker.active.sum, tracker.sessionsBegun.sum]).toEqual([1, 100]);
		});
	}

	test("back, in a file, ends no session and keeps none", () => {
		const tracker = trackerOf();
		for (let id = 0; id < 100; id++) query(tracker, id * 100_000, { id });
		const jumped = 9_900_000 - hour;
		query(tracker, jumped, { id: 99 });
		expect([tracker.active.sum, tracker.sessionsBegun.sum]).toEqual([100, 100]);
		query(tracker, jumped + 20_250_000, { id: 99 });
		expect(tracker.active.sum).toBe(98);
		query(tracker, jumped + 20_250_000 + windowUs + 1, { id: 98 });
		expect([tracker.active.sum, tracker.sessionsBegun.sum]).toEqual([1, 100]);
	});
});

describe("with 1,000,000 sessions tracked", () => {
	const count = 1_000_000;
	const tracker = trackerOf({ trackedMax: count, rememberedMax: count });
	const observation = observationOf({});
	const stepUs = 29;
	let at = 0;
	let id = 0;
	/** One query of a new session, `stepUs` after the one before. */
	const ask = () => {
		at += stepUs;
		id++;
		observation.idHigh = Math.imul(id, 0x9e3779b1);
		observation.idLow = id;
		tracker.observe(Outcome.Query, observation, begin + at);
	};

	test("a query costs what ends at its time, not what is tracked", () => {
		for (let sessions = 0; sessions < count; sessions++) ask();
		expect(tracker.tables.sessions.size).toBe(count);
		// From here on a session ends with each that begins. Processor time, since others work on the machine too.
		const hundredsMs: number[] = [];
		for (let hundred = 0; hundred < 1_000; hundred++) {
			const before = process.cpuUsage();
			for (let query = 0; query < 100; query++) ask();
			const { user, system } = process.cpuUsage(before);
			hundredsMs.push((user + system) / 1e3);
		}
		hundredsMs.sort((a, b) => a - b);
		const longestMs = hundredsMs.at(-1) ?? Number.NaN;
		const medianMs = hundredsMs[500] ?? Number.NaN;
		console.log(`100 queries among 1,000,000 sessions: median ${medianMs} ms, longest ${longestMs} ms`);
		expect(tracker.tables.sessions.evicted).toBe(100_000);
		expect(tracker.active.sum).toBe(count);
		expect(longestMs).toBeLessThan(15);
		// One look at every session takes a millisecond at least, so a hundred would take a hundred.
		expect(medianMs).toBeLessThan(5);
	});

	test("a look that finds a millisecond's sessions over ends these and no more", () => {
		let longestMs = Number.POSITIVE_INFINITY;
		const before = tracker.tables.sessions.size;
		// To the age of the oldest session.
		at += 30 * second - count * stepUs;
		tracker.observe(Outcome.Fault, observation, begin + at);
		tracker.expire();
		for (let round = 0; round < 20; round++) {
			at += 1_000;
			tracker.observe(Outcome.Fault, observation, begin + at);
			const began = Bun.nanoseconds();
			tracker.expire();
			longestMs = Math.min(longestMs, (Bun.nanoseconds() - began) / 1e6);
		}
		const ended = before - tracker.tables.sessions.size;
		expect(ended).toBeGreaterThanOrEqual(Math.floor(20_000 / stepUs));
		expect(ended).toBeLessThanOrEqual(Math.ceil(20_000 / stepUs) + 1);
		expect(longestMs).toBeLessThan(5);
	});
});
