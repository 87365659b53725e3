import { seen } from "../decode/observation.ts";
import { hashOf } from "./hash.ts";
import { answerUsMax, waitingQueriesMax } from "./limits.ts";
import { ipv4Mapped } from "./resolvers.ts";
import { BoundedTable, LongEntry } from "./table.ts";

/** A query that waits for its response: known by the resolver's address and port, and the DNS id. 32 bytes. */
@unmanaged
export class WaitingQuery extends LongEntry {
	/** The label set's number, and above it the place of the server's port. */
	setAndServer: u32;
	/** The session's entry at the time of the query; it may be another session's by now. */
	session: usize;
	/** Time of the query in microseconds, the low 32 bits: it waits for ten seconds, they wrap around after 71 minutes. */
	sinceUs: u32;

	get set(): u32 {
		return this.setAndServer & ((1 << setBits) - 1);
	}

	/** The place of the port that the query went to; what translates addresses may show its response from another. */
	get server(): u32 {
		return this.setAndServer >> setBits;
	}

	/** How long it has waited at `now`, in microseconds. */
	waitedUs(now: i64): u32 {
		return (now as u32) - this.sinceUs;
	}
}

const setBits: u32 = 24;

/** Queries that wait for their response. */
export const waitingQueries: BoundedTable = changetype<BoundedTable>(memory.data(offsetof<BoundedTable>(), 8));

/** Takes memory; once. */
export function setUpWaitingQueries(): void {
	waitingQueries.setUp(waitingQueriesMax, offsetof<WaitingQuery>(), true);
}

/** What stands at an entry of `waitingQueries`. */
export function waitingAt(entry: usize): WaitingQuery {
	return changetype<WaitingQuery>(entry);
}

/** Hash of the key that findWaiting looked for last. */
let hash: u32 = 0;

/** A query at `now`, of a label set and a session's entry. The same query again waits since the first. */
export function wait(set: u32, session: usize, now: i64): void {
	if (findWaiting() !== 0) return;
	waitingQueries.makeRoom();
	const waiting = waitingAt(waitingQueries.insert(hash, seen.peer3, exchange(), family(), network()));
	waiting.setAndServer = set | (seen.server << setBits);
	waiting.session = session;
	waiting.sinceUs = now as u32;
}

/** The entry of the waiting query that this response answers, or 0. */
export function findWaiting(): usize {
	hash = hashOf(seen.peer3, exchange(), family(), network());
	return waitingQueries.find(hash, seen.peer3, exchange(), family(), network());
}

/** The oldest waiting query if nothing will come for it any more, or 0. */
export function overdue(now: i64): usize {
	const entry = waitingQueries.oldest;
	return entry !== 0 && waitingAt(entry).waitedUs(now) > answerUsMax ? entry : 0;
}

/** When the oldest waiting query is overdue, as it looks at `now`: microseconds; the end of time if none waits. */
export function nextOverdueUs(now: i64): i64 {
	const entry = waitingQueries.oldest;
	return entry === 0 ? i64.MAX_VALUE : now - waitingAt(entry).waitedUs(now) + answerUsMax + 1;
}

function exchange(): u32 {
	return (seen.peerPort << 16) | seen.messageId;
}

/** 0 for all of IPv4. */
function family(): u32 {
	return seen.peer2 ^ ipv4Mapped;
}

/** Two words of an IPv6 address in one, and 0 for all of IPv4. */
function network(): u32 {
	return seen.peer0 ^ seen.peer1;
}
