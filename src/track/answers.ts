import type { Observation } from "../decode/observation.ts";
import { BoundedTable, dataWord, type Seed } from "./table.ts";

/** The server holds a response for up to a second; a query without one for this long stays without. */
export const answerUsMax = 10_000_000;

/**
 * Queries that wait at one time. With the server's hold of a second it is enough for 130,000 queries a second; beyond
 * that the oldest is forgotten, and its response finds nothing.
 */
export const answersMax = 131_072;

const setWord = dataWord;
const timeWord = dataWord + 1;
const sessionWord = dataWord + 3;

/** Queries that wait for their response: known by the resolver's address and port, and the DNS id. */
export class Answers {
	readonly table: BoundedTable;

	constructor(seed: Seed) {
		this.table = new BoundedTable({ limit: answersMax, data: 4, seed });
	}

	/** A query at `now` (microseconds), of a label set and a session's entry. The same query again waits since the first. */
	wait(seen: Observation, set: number, session: number, now: number): void {
		const { table } = this;
		const { peer3, peer2 } = seen;
		const exchange = (seen.peerPort << 16) | seen.messageId;
		const network = seen.peer0 ^ seen.peer1;
		if (table.find(peer3, exchange, peer2, network) !== 0) return;
		table.makeRoom();
		const entry = table.insert(peer3, exchange, peer2, network);
		table.words[entry + setWord] = set;
		table.words[entry + sessionWord] = session;
		table.doubles[(entry + timeWord) >> 1] = now;
	}

	/** The waiting query that this response answers, or 0. */
	find(seen: Observation): number {
		return this.table.find(seen.peer3, (seen.peerPort << 16) | seen.messageId, seen.peer2, seen.peer0 ^ seen.peer1);
	}

	setAt(entry: number): number {
		return this.table.words[entry + setWord] as number;
	}

	/** The session's entry at the time of the query; it may be another session's by now. */
	sessionAt(entry: number): number {
		return this.table.words[entry + sessionWord] as number;
	}

	timeAt(entry: number): number {
		return this.table.doubles[(entry + timeWord) >> 1] as number;
	}

	/** The oldest waiting query if nothing will come for it any more, or 0. */
	overdue(now: number): number {
		const entry = this.table.oldest;
		return entry !== 0 && now - this.timeAt(entry) > answerUsMax ? entry : 0;
	}

	/** The query waits no longer. */
	remove(entry: number): void {
		this.table.remove(entry);
	}
}
