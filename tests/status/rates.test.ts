import { expect, test } from "bun:test";
import { RateMeter } from "../../src/status/rates.ts";
import { Outcome } from "../../src/wasm/shared/fault.ts";
import { begin, observationOf, second, trackerOf } from "../wasm/track/observing.ts";

const queriesOnly = (rates: { readonly queries_per_second: number }) => rates.queries_per_second;

test("rates reach back to the mark before the last, and those of the history to the last", () => {
	const tracker = trackerOf();
	const query = (times: number, atSeconds: number, origin = 2) => {
		for (let index = 0; index < times; index++)
			tracker.observe(Outcome.Query, observationOf({ origin, messageId: index }), begin + atSeconds * second);
	};
	const at = (seconds: number) => begin + seconds * second;
	const meter = new RateMeter(tracker, at(0));
	query(50, 1);
	expect(meter.ratesOf([0], at(5))).toEqual({
		queries_per_second: 10,
		bytes_in_per_second: 1_000,
		bytes_out_per_second: 0,
	});
	meter.mark(at(10));
	query(100, 11);
	expect(queriesOnly(meter.ratesOf([0], at(20)))).toBe(7.5);
	expect(queriesOnly(meter.latestOf([0], at(20)))).toBe(10);
	meter.mark(at(20));
	expect(queriesOnly(meter.ratesOf([0], at(30)))).toBe(5);
	meter.mark(at(30));
	expect(queriesOnly(meter.ratesOf([0], at(40)))).toBe(0);
});

test("a label set that came after the mark has all it counted in its rate, and each set its own", () => {
	const tracker = trackerOf();
	const meter = new RateMeter(tracker, begin);
	tracker.observe(Outcome.Query, observationOf({ origin: 2 }), begin);
	meter.mark(begin + 10 * second);
	for (let id = 0; id < 40; id++) tracker.observe(Outcome.Query, observationOf({ id, origin: 3 }), begin + 11 * second);
	expect(queriesOnly(meter.ratesOf([1], begin + 20 * second))).toBe(2);
	expect(queriesOnly(meter.latestOf([0], begin + 20 * second))).toBe(0);
	expect(queriesOnly(meter.latestOf([0, 1], begin + 20 * second))).toBe(4);
});

test("right after the start one query is one a second, not a million", () => {
	const tracker = trackerOf();
	const meter = new RateMeter(tracker, begin);
	tracker.observe(Outcome.Query, observationOf({}), begin + 1);
	expect(queriesOnly(meter.ratesOf([0], begin + 2))).toBe(1);
});

test("what moves to another label set is no rate, neither there nor under its number for the next", () => {
	const tracker = trackerOf({ labelSetsMax: 2 });
	const hour = 3_600 * second;
	const ask = (origin: number, at: number, times = 1) => {
		for (let id = 0; id < times; id++) tracker.observe(Outcome.Query, observationOf({ id, origin }), begin + at);
	};
	const meter = new RateMeter(tracker, begin);
	ask(2, 0, 1_000);
	ask(3, 0, 2_000);
	ask(1, 0, 5);
	meter.mark(begin + hour);
	meter.mark(begin + hour + second);
	// Both make room, and another comes under the number of one.
	ask(1, hour + 2 * second, 10);
	ask(3, hour + 3 * second, 20);
	expect([tracker.sets.retired, tracker.queries.at(2)]).toEqual([2, 3_015]);
	const at = begin + hour + 11 * second;
	expect([0, 1, 2].map((set) => queriesOnly(meter.latestOf([set], at))).toSorted()).toEqual([0, 1, 2]);
	expect(meter.latestOf([0, 1, 2], at)).toEqual({
		...{ queries_per_second: 3, bytes_in_per_second: 300, bytes_out_per_second: 0 },
	});
});
