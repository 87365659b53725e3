/** Queries that are refused for their EDNS size, and what the server's answers say of its -mtu. */
import { expect, test } from "bun:test";
import { healthOf } from "../../../src/summary/health.ts";
import { Outcome, Refusal, Unrelated } from "../../../src/wasm/shared/fault.ts";
import { responseUsMax } from "../../../src/wasm/shared/limits.ts";
import { begin, bySet, type ObservingTracker, observationOf, trackerOf } from "./observing.ts";

const refusal = Refusal.Edns;
const [noError, formErr, servFail] = [0, 1, 2];

/** A query of this size, taken if it is 1,232 or more, and its response. */
function exchange(tracker: ObservingTracker, messageId: number, ednsBytes: number, rcode: number, domain = 0): void {
	const outcome = ednsBytes < 1_232 ? Outcome.Refused : Outcome.Query;
	tracker.observe(outcome, observationOf({ messageId, ednsBytes, refusal, domain }), begin + messageId);
	const response = observationOf({ messageId, domain });
	response.rcode = rcode;
	tracker.observe(Outcome.Response, response, begin + messageId + 1);
}

const said = (tracker: ObservingTracker, domain = 0) => [
	tracker.smallAnswered.at(domain),
	tracker.answeredLeast.at(domain),
	tracker.refusedMost.at(domain),
];

test("a refused query counts as refused and in the distribution of sizes, and as nothing else", () => {
	const tracker = trackerOf();
	tracker.observe(Outcome.Refused, observationOf({ origin: 4, ednsBytes: 0, refusal }), begin);
	tracker.observe(Outcome.Refused, observationOf({ origin: 4, ednsBytes: 1_200, refusal, messageId: 8 }), begin);
	expect([tracker.refusalsOf(0, refusal), tracker.refusalsOf(1, refusal)]).toEqual([2, 0]);
	expect([tracker.queries.sum, tracker.bytesIn.sum, tracker.polls.sum, tracker.resolversSeen.sum]).toEqual([
		0, 0, 0, 0,
	]);
	expect([tracker.sessionsBegun.sum, tracker.active.sum, tracker.peakByDomain.at(0)]).toEqual([0, 0, 0]);
	expect(bySet(tracker, tracker.ednsBytes)).toEqual({ "0/4": 1_712 });
	expect(healthOf(tracker, [0])).toMatchObject({ edns_refused_queries: 2, edns_below_1232_ratio: 1 });
	// Nor is it one without a response.
	tracker.reach(begin + responseUsMax + 1);
	tracker.expire();
	expect([tracker.unanswered.sum, tracker.tables.waitingQueries.size]).toEqual([0, 0]);
});

test("the response to a refused query is unrelated, as those to all that is refused, whatever its code", () => {
	const tracker = trackerOf();
	for (const [index, rcode] of [formErr, noError, servFail].entries()) exchange(tracker, index, 512, rcode);
	expect([tracker.unrelatedOf(Unrelated.Response), tracker.unmatched.at(0), tracker.bytesOut.sum]).toEqual([3, 0, 0]);
	expect([0, 1, 2].map((rcode) => tracker.responsesOf(0, rcode))).toEqual([0, 0, 0]);
	expect(tracker.responseTimes.distribution([0]).count).toBe(0);
});

const rows: readonly [
	title: string,
	exchanges: readonly (readonly [bytes: number, rcode: number])[],
	said: number[],
][] = [
	["FORMERR for less says that all is well", [[512, formErr]], [0, 0, 0]],
	["NOERROR for enough says that all is well", [[4_096, noError]], [0, 4_096, 0]],
	["NOERROR for less, and the least of it", [1_100, 512, 1_000].map((bytes) => [bytes, noError]), [3, 512, 0]],
	["what is less than 512 is 512", [[0, noError]], [1, 512, 0]],
	["FORMERR for enough, and the most of it", [1_232, 1_400, 1_300].map((bytes) => [bytes, formErr]), [0, 0, 1_400]],
	["another code says nothing", [512, 1_232].map((bytes) => [bytes, servFail]), [0, 0, 0]],
];
test.each(rows)("the server's answers: %s", (_, exchanges, expected) => {
	const tracker = trackerOf();
	for (const [index, [bytes, rcode]] of exchanges.entries()) exchange(tracker, index, bytes, rcode);
	expect(said(tracker)).toEqual(expected);
});

test("the server's answers are those of their domain, and to a query that was seen", () => {
	const tracker = trackerOf();
	exchange(tracker, 1, 512, noError, 1);
	exchange(tracker, 2, 1_232, formErr, 1);
	tracker.observe(Outcome.Response, observationOf({ messageId: 99 }), begin + 9);
	expect([said(tracker, 0), said(tracker, 1)]).toEqual([
		[0, 0, 0],
		[1, 512, 1_232],
	]);
	// One under another domain is nobody's, and takes nothing away.
	tracker.observe(Outcome.Refused, observationOf({ messageId: 3, ednsBytes: 512, refusal, domain: 1 }), begin + 10);
	tracker.observe(Outcome.Response, observationOf({ messageId: 3, domain: 0 }), begin + 11);
	expect([tracker.unmatched.at(0), tracker.tables.waitingQueries.size, said(tracker, 0)]).toEqual([2, 1, [0, 0, 0]]);
});
