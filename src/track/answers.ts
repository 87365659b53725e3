import type { Observation } from "../decode/observation.ts";
import { low32 } from "./low32.ts";
import { ipv4Mapped } from "./resolvers.ts";
import { BoundedTable, dataOfFour, type Seed } from "./table.ts";

/** The server holds a response for up to a second; a query without one for this long stays without. */
export const answerUsMax = 10_000_000;

/**
 * Queries that wait at one time. With the server's hold of a second it is enough for 130,000 queries a second, and for
 * 13,000 of a server that is silent; beyond that the oldest is forgotten: its response finds nothing, nor is it counted
 * as unanswered.
 */
export const answersMax = 131_072;

/** The label set's number, and above it the place of the server's port. */
const setWord = dataOfFour;
const setBits = 24;
const sessionWord = dataOfFour + 1;
/** Time in microseconds, the low 32 bits: it waits for ten seconds, they wrap around after 71 minutes. Entries are 32 bytes so. */
const timeWord = dataOfFour + 2;

/** Queries that wait for their response: known by the resolver's address and port, and the DNS id. */
export class Answers {
	readonly table: BoundedTable;
	/** Hash of the key that find() looked for last. */
	private hash = 0;

	constructor(seed: Seed) {
		this.table = new BoundedTable({ limit: answersMax, keyWords: 4, data: 3, seed });
	}

	/** A query at `now` (microseconds), of a label set and a session's entry. The same query again waits since the first. */
	wait(seen: Observation, set: number, session: number, now: number): void {
		const { table } = this;
		if (this.find(seen) !== 0) return;
		table.makeRoom();
		const { words } = table;
		const entry = table.insert(this.hash, seen.peer3, exchangeOf(seen), familyOf(seen), networkOf(seen));
		words[entry + setWord] = set | (seen.server << setBits);
		words[entry + sessionWord] = session;
		words[entry + timeWord] = low32(now);
	}

	/** The waiting query that this response answers, or 0. */
	find(seen: Observation): number {
		const { table } = this;
		const { peer3 } = seen;
		const exchange = exchangeOf(seen);
		const family = familyOf(seen);
		const network = networkOf(seen);
		this.hash = table.hash(peer3, exchange, family, network);
		return table.find(this.hash, peer3, exchange, family, network);
	}

	setAt(entry: number): number {
		return (this.table.words[entry + setWord] as number) & ((1 << setBits) - 1);
	}

	/** The place of the port that the query went to; what translates addresses may show its response from another. */
	serverAt(entry: number): number {
		return (this.table.words[entry + setWord] as number) >>> setBits;
	}

	/** The session's entry at the time of the query; it may be another session's by now. */
	sessionAt(entry: number): number {
		return this.table.words[entry + sessionWord] as number;
	}

	/** How long the query has waited at `now`, in microseconds. */
	waitedUs(entry: number, now: number): number {
		return (low32(now) - (this.table.words[entry + timeWord] as number)) >>> 0;
	}

	/** The oldest waiting query if nothing will come for it any more, or 0. */
	overdue(now: number): number {
		const entry = this.table.oldest;
		return entry !== 0 && this.waitedUs(entry, now) > answerUsMax ? entry : 0;
	}

	/** When the oldest waiting query is overdue, as it looks at `now`; infinite if none waits. */
	nextOverdueUs(now: number): number {
		const entry = this.table.oldest;
		return entry === 0 ? Number.POSITIVE_INFINITY : now - this.waitedUs(entry, now) + answerUsMax + 1;
	}

	/** The query waits no longer. */
	remove(entry: number): void {
		this.table.remove(entry);
	}

	/** The same for the entry that find() gave last. */
	removeFound(entry: number): void {
		this.table.remove(entry, this.hash);
	}
}

function exchangeOf(seen: Observation): number {
	return (seen.peerPort << 16) | seen.messageId;
}

/** 0 for all of IPv4. */
function familyOf(seen: Observation): number {
	return seen.peer2 ^ ipv4Mapped;
}

/** Two words of an IPv6 address in one, and 0 for all of IPv4. */
function networkOf(seen: Observation): number {
	return seen.peer0 ^ seen.peer1;
}
