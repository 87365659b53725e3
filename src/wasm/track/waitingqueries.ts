import { Direction } from "../decode/direction.ts";
import { observation } from "../decode/observation.ts";
import { ednsLeast, responseUsMax, waitingQueriesMax } from "../shared/limits.ts";
import { hashOf } from "./hash.ts";
import { ipv4Mapped } from "./resolvers.ts";
import { BoundedTable, LongEntry } from "./table.ts";

/** A query that waits for its response, identified by the resolver's address and port, and the DNS id. 64 bytes. */
@unmanaged
export class WaitingQuery extends LongEntry {
	/** The label set's number, and above it whether one repetition was answered, and the number of repetitions. */
	private words: u32;
	/** The session's entry at the time of the query; it may be another session's by now. */
	session: usize;
	/** Low 32 bits of the query's time in microseconds: they wrap around after 71 minutes, and it waits for ten seconds. */
	sinceUs: u32;
	/** The interface that it came in on, where no response to it can come in; 0 if any may. */
	cameInOn: u32;
	/**
	 * It does not count, and its response answers no client: the server refuses it, or it left this host. Then `set` is
	 * its domain.
	 */
	isUncounted: bool;
	/** The EDNS payload size that its resolver advertised, in bytes, as RFC 6891 defines it; 0 if the query left this host. */
	ednsBytes: u16;

	get set(): u32 {
		return this.words & ((1 << setBits) - 1);
	}

	/** The number of repetitions of the query, each of which waits for a response of its own. */
	get copies(): u32 {
		return this.words >> copiesShift;
	}

	/** Whether one of them was answered. */
	get isAnswered(): bool {
		return (this.words & answeredFlag) !== 0;
	}

	begin(set: u32, session: usize, now: i64): void {
		this.words = set;
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

	waitedUs(now: i64): u32 {
		return (now as u32) - this.sinceUs;
	}
}

/** There are at most a million label sets, and one for each domain; repetitions beyond copiesMax match no response. */
const setBits: u32 = 21;
const answeredFlag: u32 = 1 << setBits;
const copiesShift: u32 = setBits + 1;
const copiesMax: u32 = 63;

export const waitingQueries: BoundedTable = changetype<BoundedTable>(memory.data(offsetof<BoundedTable>(), 8));

export function setUpWaitingQueries(): void {
	waitingQueries.setUp(waitingQueriesMax, offsetof<WaitingQuery>(), true);
}

export function waitingAt(entry: usize): WaitingQuery {
	return changetype<WaitingQuery>(entry);
}

/** The key of the latest findWaiting: its hash, and the word that replaces two of an IPv6 address. */
let hash: u32 = 0;
let network: u32 = 0;

/**
 * Lets a query of a label set and a session's entry wait from `now` on. A repetition waits from the first query's time
 * on.
 */
export function wait(set: u32, session: usize, now: i64): void {
	const entry = findWaiting();
	if (entry !== 0) waitingAt(entry).addCopy();
	else insert(set, session, false, ednsBytes(), now);
}

/** Does the same for a datagram that was counted on another interface: both have one response. */
export function waitForDuplicate(set: u32, session: usize, now: i64): void {
	if (findWaiting() === 0) insert(set, session, false, ednsBytes(), now);
}

/** Lets a query wait that the server refuses for its EDNS size. */
export function waitRefused(now: i64): void {
	if (findWaiting() === 0) insert(observation.domain, 0, true, ednsBytes(), now);
}

/** Lets a query wait that left this host for another server, whose -mtu is irrelevant. */
export function waitOutgoing(now: i64): void {
	if (findWaiting() === 0) insert(observation.domain, 0, true, 0, now);
}

function insert(set: u32, session: usize, isUncounted: bool, size: u32, now: i64): void {
	waitingQueries.evictOldest();
	const waiting = waitingAt(waitingQueries.insert(hash, observation.resolver3, exchange(), family(), network));
	waiting.begin(set, session, now);
	waiting.cameInOn = observation.direction === Direction.Incoming ? observation.interfaceIndex : 0;
	waiting.isUncounted = isUncounted;
	waiting.ednsBytes = size as u16;
}

/** Returns the entry of the waiting query that the current observation answers or repeats, or 0. */
export function findWaiting(): usize {
	network = networkOf(observation.resolver0, observation.resolver1);
	hash = hashOf(observation.resolver3, exchange(), family(), network);
	return waitingQueries.find(hash, observation.resolver3, exchange(), family(), network);
}

/** Removes a query that was answered; its repetitions continue to wait. */
export function removeFound(entry: usize): void {
	if (waitingAt(entry).copies > 0) waitingAt(entry).answerCopy();
	else waitingQueries.remove(entry);
}

/**
 * Does the same when the response counted under another address. If one of the entry's queries was answered, it was by
 * this response, and the others wait for another.
 */
export function removeDuplicate(entry: usize): void {
	const waiting = waitingAt(entry);
	if (waiting.isAnswered) return;
	if (waiting.copies > 0) waiting.removeCopy();
	else waitingQueries.remove(entry);
}

/** Returns the oldest waiting query if its response is overdue, or 0. */
export function overdue(now: i64): usize {
	const entry = waitingQueries.oldest;
	return entry !== 0 && waitingAt(entry).waitedUs(now) > responseUsMax ? entry : 0;
}

/** Returns when the oldest waiting query becomes overdue, in microseconds as of `now`; i64.MAX_VALUE if none waits. */
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
 * Combines two words of an IPv6 address; 0 for all of IPv4. The hash is unpredictable, so that no sender can choose an
 * address that looks the same as another.
 */
function networkOf(high: u32, low: u32): u32 {
	return (high | low) === 0 ? 0 : hashOf(high, low, 0, 0);
}
