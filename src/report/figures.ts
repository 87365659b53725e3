import type { Tracker } from "../track/tracker.ts";

/** Figures of one domain, country or network. */
export interface Figures {
	queries: number;
	bytes_in: number;
	bytes_out: number;
	sessions: number;
	active_clients: number;
}

/** The numbers of all label sets, by what `keyOf` makes of each: its domain, its country, its network. */
export function groupSets<Key>(tracker: Tracker, keyOf: (set: number) => Key): Map<Key, number[]> {
	const groups = new Map<Key, number[]>();
	for (let set = 0; set < tracker.sets.size; set++) {
		const key = keyOf(set);
		const group = groups.get(key);
		if (group === undefined) groups.set(key, [set]);
		else group.push(set);
	}
	return groups;
}

/** Sums over some label sets. */
export function figuresOf(tracker: Tracker, sets: readonly number[]): Figures {
	return {
		queries: tracker.queries.total(sets),
		bytes_in: tracker.bytesIn.total(sets),
		bytes_out: tracker.bytesOut.total(sets),
		sessions: tracker.sessionsBegun.total(sets),
		active_clients: tracker.active.total(sets),
	};
}

/** A share of a whole, 0 to 1, as all of a report has it. */
export function percent(share: number): string {
	return `${(share * 100).toFixed(1)} %`;
}

/** Counts by the reason's name, without those that are 0. */
export function byReason<Reason extends number>(
	names: Readonly<Record<Reason, string>>,
	of: (reason: Reason) => number,
): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const [code, name] of Object.entries(names) as [string, string][]) {
		const count = of(Number(code) as Reason);
		if (count > 0) counts[name] = count;
	}
	return counts;
}
