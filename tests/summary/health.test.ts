import { describe, expect, test } from "bun:test";
import { ednsBounds } from "../../src/engine/tracker.ts";
import { healthOf } from "../../src/summary/health.ts";
import { SetCell } from "../../src/wasm/shared/cells.ts";
import { Outcome } from "../../src/wasm/shared/fault.ts";
import { HistogramId } from "../../src/wasm/shared/ids.ts";
import { responseUsMax } from "../../src/wasm/shared/limits.ts";
import { begin, observationOf, query, second, trackerOf } from "../wasm/track/observing.ts";

const all = (tracker: ReturnType<typeof trackerOf>) => Array.from({ length: tracker.sets.size }, (_, set) => set);

describe("the health of", () => {
	test("nothing has zeros, and null where there is nothing to divide by", () => {
		expect(healthOf(trackerOf(), [])).toEqual({
			round_trip_seconds: null,
			response_duration_seconds: null,
			polls: 0,
			data_queries: 0,
			packet_bytes_in: 0,
			packet_bytes_out: 0,
			overhead: null,
			segments_in: 0,
			segments_out: 0,
			retransmissions_in: 0,
			retransmissions_out: 0,
			retransmission_ratio_in: null,
			retransmission_ratio_out: null,
			unanswered_queries: 0,
			unanswered_ratio: null,
			edns_refused_queries: 0,
			edns_below_1232_ratio: null,
		});
	});

	test("some label sets is theirs, and no other's", () => {
		const tracker = trackerOf();
		const { parts } = tracker;
		for (const [index, origin] of [2, 3, 4].entries()) {
			const more = 10 ** index;
			for (let id = 0; id < 4 * more; id++) query(tracker, 0, { origin, messageId: id, bytes: 30 });
			const row = parts.setRow(index);
			parts.add(row, SetCell.UpstreamBytes, 20 * more);
			parts.add(row, SetCell.DownstreamBytes, 40 * more);
			parts.add(row, SetCell.UpstreamPushes, 5 * more);
			parts.add(row, SetCell.UpstreamRetransmissions, more);
			parts.add(row, SetCell.DownstreamPushes, 10 * more);
			parts.add(row, SetCell.DownstreamRetransmissions, more);
			for (let count = 0; count < more; count++) parts.observeValue(HistogramId.RoundTrips, index, 64 * more);
		}
		parts.flushPending();
		expect(healthOf(tracker, [0, 2])).toMatchObject({
			round_trip_seconds: { count: 101 },
			polls: 404,
			data_queries: 0,
			packet_bytes_in: 2_020,
			packet_bytes_out: 4_040,
			overhead: (404 * 30) / 6_060,
			segments_in: 505,
			segments_out: 1_010,
			retransmissions_in: 101,
			retransmissions_out: 101,
			retransmission_ratio_in: 0.2,
			retransmission_ratio_out: 0.1,
		});
		expect(healthOf(tracker, [1])).toMatchObject({ polls: 40, segments_out: 100, overhead: 2 });
	});

	test("queries of which none waited long enough has no share without a response", () => {
		const tracker = trackerOf();
		for (let id = 0; id < 10; id++) query(tracker, 0, { messageId: id });
		const ratioAt = (at: number) => {
			tracker.observe(Outcome.Refused, observationOf({}), begin + at);
			return healthOf(tracker, all(tracker)).unanswered_ratio;
		};
		expect(ratioAt(responseUsMax)).toBeNull();
		expect(ratioAt(responseUsMax + 1)).toBe(1);
		query(tracker, 20 * second, { origin: 3 });
		tracker.observe(Outcome.Response, observationOf({ origin: 3 }), begin + 21 * second);
		expect(healthOf(tracker, [1]).unanswered_ratio).toBe(0);
	});

	test("queries that got no response, and the times of those that did", () => {
		const tracker = trackerOf();
		for (let id = 0; id < 10; id++) query(tracker, 0, { messageId: id });
		for (let id = 0; id < 7; id++) tracker.observe(Outcome.Response, observationOf({ messageId: id }), begin + second);
		tracker.observe(Outcome.Refused, observationOf({}), begin + 11 * second);
		const health = healthOf(tracker, all(tracker));
		expect(health).toMatchObject({
			unanswered_queries: 3,
			unanswered_ratio: 0.3,
			response_duration_seconds: { count: 7 },
		});
		for (const seconds of [health.response_duration_seconds?.median, health.response_duration_seconds?.p95]) {
			expect(Math.abs((seconds ?? Number.NaN) - 1)).toBeLessThan(0.06);
		}
	});
});

/** UDP payload size that a query advertises (0: no OPT), and which of its bounds it counts up to. */
const ednsRows: readonly [bytes: number, bound: number, isSmall: boolean][] = [
	[0, 512, true],
	[1, 512, true],
	[512, 512, true],
	[513, 1_231, true],
	[1_231, 1_231, true],
	[1_232, 1_232, false],
	[1_233, 1_452, false],
	[1_452, 1_452, false],
	[1_453, 4_096, false],
	[4_096, 4_096, false],
	[4_097, Number.POSITIVE_INFINITY, false],
	[65_535, Number.POSITIVE_INFINITY, false],
];

test.each(ednsRows)("a query that takes %i bytes counts up to %d", (bytes, bound, isSmall) => {
	const tracker = trackerOf();
	const observation = observationOf({});
	observation.ednsBytes = bytes;
	tracker.observe(Outcome.Query, observation, begin);
	const counts = [...ednsBounds, Number.POSITIVE_INFINITY].map((_, index) => tracker.edns.at(0, index));
	const at = [...ednsBounds, Number.POSITIVE_INFINITY].indexOf(bound);
	expect(counts).toEqual(counts.map((_, index) => (index === at ? 1 : 0)));
	// RFC 6891, 6.2.3: less than 512 is 512.
	expect(tracker.ednsBytes.at(0)).toBe(Math.max(512, bytes));
	expect(healthOf(tracker, [0]).edns_below_1232_ratio).toBe(isSmall ? 1 : 0);
});
