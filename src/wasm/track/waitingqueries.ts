import { Direction } from "../decode/direction.ts";
import { observation } from "../decode/observation.ts";
import { ednsLeast, responseUsMax, waitingQueriesMax } from "../shared/limits.ts";
import { hashOf } from "./hash.ts";
import { ipv4Mapped } from "./resolvers.ts";
import { BoundedTable, LongEntry } from "./table.ts";

/** A query that waits for its response: known by the resolver's address and port, and the DNS id. 64 bytes. */
@unmanaged
export class WaitingQuery extends LongEntry {
	/** The label set's number, and above it the index of the server's port, whether one was answered, and how many came again. */
	private words: u32;
	/** The session's entry at the time of the query; it may be another session's by now. */
	session: usize;
	/** Time of the query in microseconds, the low 32 bits: it waits for ten seconds, they wrap around after 71 minutes. */
	sinceUs: u32;
	/** The interface index that it came in on: no response to it comes in there. 0 where any may. */
	cameInOn: u32;
	/** It does not count, and its response answers no client: the server refuses it, or it left this host. Then `set` is its domain. */
	isUncounted: bool;
	/** The EDNS payload size that its resolver advertised, in bytes, as RFC 6891 reads it; 0 of one that left this host. */
	ednsBytes: u16;

	get set(): u32 {
		return this.words & ((1 << setBits) - 1);
	}

	/** The index of the port that the query went to; what translates addresses may show its response from another. */
	get server(): u32 {
		return (this.words >> setBits) & ((1 << serverBits) - 1);
	}

	/** How many times the same query came again, and waits for an answer of its own. */
	get copies(): u32 {
		return this.words >> copiesShift;
	}

	/** Whether one of them has its answer. */
	get isAnswered(): bool {
		return (this.words & answeredFlag) !== 0;
	}

	begin(set: u32, server: u32, session: usize, now: i64): void {
		this.words = set | (server << setBits);
		this.session = session;
		this.sinceUs = now as u32;
	}

	addCopy(): void {
		if (this.copies < copiesMax) this.words += 1 << copiesShift;
	}

	removeCopy(): void {
		this.words -= 1 << copiesShift;
	}

	answerCopy(): void {
		this.removeCopy();
		this.words |= answeredFlag;
	}

	/** How long it has waited at `now`, in microseconds. */
	waitedUs(now: i64): u32 {
		return (now as u32) - this.sinceUs;
	}
}

/** Label sets are a million and one a domain at the most, ports 16; of more copies than fit the others find nothing. */
const setBits: u32 = 21;
const serverBits: u32 = 4;
const answeredFlag: u32 = 1 << (setBits + serverBits);
const copiesShift: u32 = setBits + serverBits + 1;
const copiesMax: u32 = (1 << (32 - copiesShift)) - 1;

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

/** Of the key that findWaiting looked for last: its hash, and the word that stands for two of an IPv6 address. */
let hash: u32 = 0;
let network: u32 = 0;

/** A query at `now`, of a label set and a session's entry. The same query again waits since the first, beside it. */
export function wait(set: u32, session: usize, now: i64): void {
	const entry = findWaiting();
	if (entry !== 0) waitingAt(entry).addCopy();
	else insert(set, session, false, ednsBytes(), now);
}

/** The same of a datagram that was counted on another interface: there is one answer for both. */
export function waitForDuplicate(set: u32, session: usize, now: i64): void {
	if (findWaiting() === 0) insert(set, session, false, ednsBytes(), now);
}

/** A query at `now` that the server refuses for its EDNS size. */
export function waitRefused(now: i64): void {
	if (findWaiting() === 0) insert(observation.domain, 0, true, ednsBytes(), now);
}

/** A query at `now` that left this host for another server, of whose -mtu its response tells nothing. */
export function waitOutgoing(now: i64): void {
	if (findWaiting() === 0) insert(observation.domain, 0, true, 0, now);
}

function insert(set: u32, session: usize, isUncounted: bool, size: u32, now: i64): void {
	waitingQueries.evictOldest();
	const waiting = waitingAt(waitingQueries.insert(hash, observation.resolver3, exchange(), family(), network));
	waiting.begin(set, observation.server, session, now);
	waiting.cameInOn = observation.direction === Direction.Incoming ? observation.interfaceIndex : 0;
	waiting.isUncounted = isUncounted;
	waiting.ednsBytes = size as u16;
}

/** The entry of the waiting query that this response answers, or 0. */
export function findWaiting(): usize {
	network = networkOf(observation.resolver0, observation.resolver1);
	hash = hashOf(observation.resolver3, exchange(), family(), network);
	return waitingQueries.find(hash, observation.resolver3, exchange(), family(), network);
}

/** What waits at this entry has its answer; the same query's copies wait on. */
export function removeFound(entry: usize): void {
	if (waitingAt(entry).copies > 0) waitingAt(entry).answerCopy();
	else waitingQueries.remove(entry);
}

/**
 * The same, where the answer counted under another address. An entry that has had an answer has had this one: what waits on
 * there waits for another.
 */
export function removeDuplicate(entry: usize): void {
	const waiting = waitingAt(entry);
	if (waiting.isAnswered) return;
	if (waiting.copies > 0) waiting.removeCopy();
	else waitingQueries.remove(entry);
}

/** The oldest waiting query if nothing will come for it any more, or 0. */
export function overdue(now: i64): usize {
	const entry = waitingQueries.oldest;
	return entry !== 0 && waitingAt(entry).waitedUs(now) > responseUsMax ? entry : 0;
}

/** When the oldest waiting query is overdue, as it looks at `now`: microseconds; the end of time if none waits. */
export function nextOverdueUs(now: i64): i64 {
	const entry = waitingQueries.oldest;
	return entry === 0 ? i64.MAX_VALUE : now - waitingAt(entry).waitedUs(now) + responseUsMax + 1;
}

/** RFC 6891, 6.2.3: values below 512, and a missing OPT, mean 512. */
function ednsBytes(): u32 {
	return max<u32>(observation.ednsBytes, ednsLeast);
}

function exchange(): u32 {
	return (observation.resolverPort << 16) | observation.messageId;
}

/** 0 for all of IPv4. */
function family(): u32 {
	return observation.resolver2 ^ ipv4Mapped;
}

/**
 * Two words of an IPv6 address in one, and 0 for all of IPv4: a hash that nobody can foresee, so that no sender can pick
 * another's address that looks like the same.
 */
function networkOf(high: u32, low: u32): u32 {
	return (high | low) === 0 ? 0 : hashOf(high, low, 0, 0);
}
