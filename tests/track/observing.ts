/** Observations made by hand, and trackers with small bounds, for the tests. */
import { Outcome, Refusal } from "../../src/decode/fault.ts";
import { Observation } from "../../src/decode/observation.ts";
import type { Column } from "../../src/track/columns.ts";
import type { Seed } from "../../src/track/table.ts";
import { Tracker, type TrackerOptions } from "../../src/track/tracker.ts";

export const second = 1_000_000;
/** Time stamps of the tests begin here, as a wall clock's would. */
export const begin = 1_700_000_000 * second;
export const seed: Seed = [1, 2, 3, 4];
/** Number of the origin that stands for the rest, as the GeoIP stage has it. */
export const otherOrigin = 1;

/** A tracker of two domains; a resolver's origin is the lowest octet of its address. */
export function trackerOf(options: Partial<TrackerOptions> = {}): Tracker {
	return new Tracker({
		domains: 2,
		activeWindowMs: 30_000,
		trackedMax: 1_000,
		rememberedMax: 1_000,
		labelSetsMax: 100,
		seed,
		originOf: (_a, _b, _c, d) => d & 0xff,
		otherOrigin,
		...options,
	});
}

export interface Seen {
	readonly id?: number;
	readonly domain?: number;
	/** The lowest octet of the resolver's address, and its origin. */
	readonly origin?: number;
	readonly bytes?: number;
	readonly messageId?: number;
	readonly port?: number;
	readonly capturePoint?: number;
	readonly refusal?: Refusal;
}

/** An observation as the decoder would give it: a poll of client `id` through the resolver of `origin`. */
export function seenOf(seen: Seen): Observation {
	const observation = new Observation();
	observation.idHigh = 0x0badcafe;
	observation.idLow = seen.id ?? 0;
	observation.domain = seen.domain ?? 0;
	observation.peer2 = 0xffff;
	observation.peer3 = 0x0a000000 | (seen.origin ?? 2);
	observation.peerPort = seen.port ?? 40_000;
	observation.messageBytes = seen.bytes ?? 100;
	observation.messageId = seen.messageId ?? 7;
	observation.capturePoint = seen.capturePoint ?? 0;
	observation.refusal = seen.refusal ?? Refusal.Qtype;
	return observation;
}

/** A query at `at` microseconds after `begin`. */
export function query(tracker: Tracker, at: number, seen: Seen = {}): void {
	tracker.observe(Outcome.Query, seenOf(seen), begin + at);
}

/** A column's values by "domain/origin", zeros left out. */
export function bySet(tracker: Tracker, column: Column): Record<string, number> {
	const values: Record<string, number> = {};
	for (let set = 0; set < tracker.sets.size; set++) {
		const value = column.at(set);
		if (value !== 0) values[`${tracker.sets.domains[set]}/${tracker.sets.origins[set]}`] = value;
	}
	return values;
}
