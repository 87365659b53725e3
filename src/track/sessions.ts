import { BoundedTable, dataWord, type Seed } from "./table.ts";

/** Words of a session's entry: with key and links one cache line of 64 bytes. */
const setWord = dataWord;
const lastWord = dataWord + 1;
const firstWord = dataWord + 3;

/** What a tracker does when sessions begin, move and end. */
export interface SessionEvents {
	/** A session is active in this label set from now on; `isNew` if its client id was not seen before. */
	began(set: number, isNew: boolean): void;
	/** Its latest query came through a resolver of another label set. */
	moved(from: number, to: number): void;
	/** It was silent for longer than the window, or had to make room. `durationUs` is from its first query to its last. */
	ended(set: number, durationUs: number): void;
}

/**
 * The active sessions, in the order of their latest query, and the client ids of those that ended, so that one who
 * returns is not new. Times are microseconds that never go back.
 */
export class Sessions {
	readonly active: BoundedTable;
	readonly remembered: BoundedTable;
	private readonly windowUs: number;
	private readonly events: SessionEvents;

	constructor(options: {
		readonly trackedMax: number;
		readonly rememberedMax: number;
		readonly windowUs: number;
		readonly seed: Seed;
		readonly events: SessionEvents;
	}) {
		this.active = new BoundedTable({ limit: options.trackedMax, data: 9, seed: options.seed });
		this.remembered = new BoundedTable({ limit: options.rememberedMax, data: 0, seed: options.seed });
		this.windowUs = options.windowUs;
		this.events = options.events;
	}

	/** A query of this client id at `now`, counted under label set `set`. Gives the session's entry in `active`. */
	query(idHigh: number, idLow: number, domain: number, set: number, now: number): number {
		const { active } = this;
		let entry = active.find(idHigh, idLow, domain, 0);
		if (entry === 0) {
			entry = this.begin(idHigh, idLow, domain, set, now);
		} else {
			active.touch(entry);
			active.doubles[(entry + lastWord) >> 1] = now;
			const from = active.words[entry + setWord] as number;
			if (from !== set) {
				active.words[entry + setWord] = set;
				this.events.moved(from, set);
			}
		}
		return entry;
	}

	/** Ends the sessions whose latest query is longer ago than the window. Costs what ends. */
	expire(now: number): void {
		const { active, windowUs } = this;
		for (;;) {
			const entry = active.oldest;
			if (entry === 0 || now - (active.doubles[(entry + lastWord) >> 1] as number) <= windowUs) return;
			this.end(entry);
		}
	}

	private begin(idHigh: number, idLow: number, domain: number, set: number, now: number): number {
		const { active, remembered } = this;
		if (active.isFull) {
			this.end(active.oldest);
			active.evicted++;
		}
		const entry = active.insert(idHigh, idLow, domain, 0);
		active.words[entry + setWord] = set;
		active.doubles[(entry + lastWord) >> 1] = now;
		active.doubles[(entry + firstWord) >> 1] = now;
		const known = remembered.find(idHigh, idLow, domain, 0);
		if (known !== 0) remembered.remove(known);
		this.events.began(set, known === 0);
		return entry;
	}

	private end(entry: number): void {
		const { active, remembered } = this;
		const { words, doubles } = active;
		remembered.makeRoom();
		remembered.insert(words[entry] as number, words[entry + 1] as number, words[entry + 2] as number, 0);
		const durationUs = (doubles[(entry + lastWord) >> 1] as number) - (doubles[(entry + firstWord) >> 1] as number);
		const set = words[entry + setWord] as number;
		active.remove(entry);
		this.events.ended(set, durationUs);
	}
}
