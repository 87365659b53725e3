/** The tracker against the naive model, over random traffic around every limit. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { Outcome } from "../../../src/wasm/shared/fault.ts";
import { heldUsMax } from "../../../src/wasm/shared/limits.ts";
import { NaiveTracker } from "./model.ts";
import { begin, bySet, liveSets, observationOf, otherOrigin, second, trackerOf } from "./observing.ts";

const windowUs = 30 * second;
const hour = 3_600 * second;

const step = fc.record({
	/** Until the next frame. Below 0: it comes out of order, as frames of several queues do. */
	passUs: fc.oneof(
		{ weight: 4, arbitrary: fc.constantFrom(0, 1, 1_000, second) },
		{
			weight: 2,
			arbitrary: fc.constantFrom(windowUs - 1, windowUs, windowUs + 1, windowUs - second, windowUs / 2, 10 * second),
		},
		{ weight: 1, arbitrary: fc.constantFrom(-1, -1_000, -(second - 1)) },
		// Around the hour after which label sets make room, and the two hours after which they no longer do.
		{
			weight: 1,
			arbitrary: fc.constantFrom(hour, hour + 1, hour + second, hour - windowUs, 2 * hour, 2 * hour + second),
		},
	),
	/** How far the wall clock is set before the frame, which its stamp shows and time does not. */
	jumpUs: fc.oneof(
		{ weight: 20, arbitrary: fc.constant(0) },
		{ weight: 1, arbitrary: fc.constantFrom(-3_600 * second, 3_600 * second, -2 * windowUs, 2 * windowUs) },
	),
	kind: fc.oneof(
		{ weight: 6, arbitrary: fc.constant("query") },
		{ weight: 1, arbitrary: fc.constantFrom("response", "refused", "fault", "look") },
	),
	id: fc.nat(7),
	domain: fc.nat(1),
	origin: fc.nat(5),
	bytes: fc.integer({ min: 12, max: 300 }),
});

const few = fc.integer({ min: 1, max: 5 });
const many = fc.constant(100);
/** Origins are less than labelSetsMax + 2, as the GeoIP stage numbers them; with two domains, up to eight label sets want room. */
const labelSetsMax = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 4, max: 6 }) }, { weight: 1, arbitrary: many });
/** Few sessions or few remembered ids, down to one, or both. */
const bounds = fc.record({ trackedMax: fc.oneof(few, many), rememberedMax: fc.oneof(few, many), labelSetsMax });

const outcomes = {
	query: Outcome.Query,
	response: Outcome.Response,
	refused: Outcome.Refused,
	fault: Outcome.Fault,
} as const;

/** Live, the two clocks are read before each frame; a file's stamps may be set back, and go forward for silence only. */
for (const isLive of [true, false]) {
	const title = isLive
		? "live, with a wall clock that jumps an hour either way"
		: "in a file, with stamps that jump back";
	test(`the tracker counts what the model counts, ${title}`, () => {
		fc.assert(
			fc.property(bounds, fc.array(step, { maxLength: 80, size: "max" }), (limits, steps) => {
				const tracker = trackerOf({ ...limits, domains: 2 });
				const model = new NaiveTracker({ ...limits, windowUs, otherOrigin });
				let trueUs = 100 * windowUs;
				// Of the frames that were seen: the first may come before the time that the clocks begin with.
				let latestUs = Number.NEGATIVE_INFINITY;
				let shiftUs = begin;
				for (const { passUs, jumpUs, kind, id, domain, origin, bytes } of steps) {
					if (kind === "look" && !isLive) {
						// Nothing tells a file's reader that time passed but the next frame.
						tracker.expire();
						continue;
					}
					// Disorder is less than a second against the latest frame, however many come late in a row.
					trueUs = Math.max(trueUs + passUs, latestUs - second + 1);
					if (isLive) {
						shiftUs += jumpUs;
						tracker.synchronize(Math.max(trueUs, latestUs) + shiftUs, Math.max(trueUs, latestUs));
					} else if (jumpUs < 0 && trueUs >= latestUs && Number.isFinite(latestUs)) {
						// A file's clock sees a frame at the same time as the latest before the jump.
						trueUs = latestUs;
						shiftUs += jumpUs;
					}
					latestUs = Math.max(latestUs, trueUs);
					const stampUs = trueUs + shiftUs;
					if (kind === "look") {
						tracker.advance(latestUs + heldUsMax);
						model.pass(latestUs);
						tracker.expire();
					} else {
						// Responses answer none of the queries: those count under the label set that their query had.
						const observation = observationOf({
							id,
							domain,
							origin,
							bytes,
							port: 40_000 + domain,
							messageId: kind === "response" ? 8 : 7,
						});
						tracker.observe(outcomes[kind as keyof typeof outcomes], observation, stampUs);
						tracker.expire();
						model.pass(trueUs);
						if (kind === "query") model.query(String(id), domain, origin, bytes);
						if (kind === "response") model.response(domain, origin, bytes);
					}
					expect(bySet(tracker, tracker.queries)).toEqual(model.queries);
					expect(bySet(tracker, tracker.bytesIn)).toEqual(model.bytesIn);
					expect(bySet(tracker, tracker.bytesOut)).toEqual(model.bytesOut);
					expect(bySet(tracker, tracker.active)).toEqual(model.activeBySet());
					expect(bySet(tracker, tracker.peak)).toEqual(model.peak);
					expect(bySet(tracker, tracker.sessionsBegun)).toEqual(model.begun);
					for (const domain of [0, 1]) {
						expect(tracker.activeByDomain.at(domain)).toBe(model.activeByDomain()[domain] ?? 0);
						expect(tracker.peakByDomain.at(domain)).toBe(model.peakByDomain[domain] ?? 0);
					}
					expect([tracker.sets.overflowed, liveSets(tracker)]).toEqual([
						model.overflowed,
						Object.keys(model.sets).toSorted(),
					]);
					const { sessions, remembered } = tracker.tables;
					expect([sessions.size, remembered.size]).toEqual([...model.sizes]);
					expect([sessions.evicted, remembered.evicted]).toEqual([model.evicted, model.forgotten]);
				}
			}),
			{ numRuns: 200 },
		);
	});
}
