import { noDomain, type Tracker } from "../engine/tracker.ts";
import { SetCell } from "../wasm/shared/cells.ts";

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
		if (tracker.sets.domains[set] === noDomain) continue;
		const key = keyOf(set);
		const group = groups.get(key);
		if (group === undefined) groups.set(key, [set]);
		else group.push(set);
	}
	return groups;
}

/** Sums over some label sets. */
export function figuresOf(tracker: Tracker, sets: readonly number[]): Figures {
	const total = tracker.totalsOf(sets);
	return {
		queries: total(SetCell.Queries),
		bytes_in: total(SetCell.BytesIn),
		bytes_out: total(SetCell.BytesOut),
		sessions: total(SetCell.Begun),
		active_clients: total(SetCell.Active),
	};
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
