import type { Observation } from "../decode/observation.ts";
import { ipv4Mapped } from "./resolvers.ts";
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
		const { peer0, peer1, peer2, peer3 } = seen;
		const exchange = (seen.peerPort << 16) | seen.messageId;
		// Two words of an IPv6 address in one, and 0 for all of IPv4.
		const network = peer0 ^ peer1;
		const family = peer2 ^ ipv4Mapped;
		const hash = table.hash(peer3, exchange, family, network);
		if (table.find(hash, peer3, exchange, family, network) !== 0) return;
		table.makeRoom();
		const entry = table.insert(hash, peer3, exchange, family, network);
		table.words[entry + setWord] = set;
		table.words[entry + sessionWord] = session;
		table.doubles[(entry + timeWord) >> 1] = now;
	}

	/** The waiting query that this response answers, or 0. */
	find(seen: Observation): number {
		const { table } = this;
		const { peer0, peer1, peer2, peer3 } = seen;
		const exchange = (seen.peerPort << 16) | seen.messageId;
		const network = peer0 ^ peer1;
		const family = peer2 ^ ipv4Mapped;
		return table.find(table.hash(peer3, exchange, family, network), peer3, exchange, family, network);
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

	/** When the oldest waiting query is overdue; infinite if none waits. */
	get nextOverdueUs(): number {
		const entry = this.table.oldest;
		return entry === 0 ? Number.POSITIVE_INFINITY : this.timeAt(entry) + answerUsMax;
	}

	/** The query waits no longer. */
	remove(entry: number): void {
		this.table.remove(entry);
	}
}
