import { linkType } from "../decode/decoder.ts";
import { Direction } from "../decode/direction.ts";
import { seen } from "../decode/observation.ts";
import { DomainCell, ProcessCell, SetCell } from "../shared/cells.ts";
import { Foreign, Outcome, Refusal } from "../shared/fault.ts";
import { ednsEnough, ednsFrame, ednsLeast, ednsMost, ednsScarce } from "../shared/limits.ts";
import { LinkType } from "../shared/linktype.ts";
import { clock } from "./clock.ts";
import { add, greatest, increment, least, ofProcess, put, rowOfDomain, rowOfSet, setUpCounts } from "./counts.ts";
import { isDuplicate, markForged, setUpDuplicates } from "./duplicates.ts";
import { keepEarly, takeEarly } from "./earlyresponses.ts";
import { answerTimes, responseUnitsPerUs, setUpHistograms } from "./histogram.ts";
import { labelSets, setsMaxOf } from "./labels.ts";
import { resolverOf, setUpResolvers } from "./resolvers.ts";
import { observeDownstream, observeUpstream, setUpHealth } from "./segments.ts";
import { expireSessions, findSession, nextEndUs, sessionAt, setUpSessions, touchSession } from "./sessions.ts";
import {
	findWaiting,
	nextOverdueUs,
	overdue,
	removeDuplicate,
	removeFound,
	setUpWaitingQueries,
	WaitingQuery,
	wait,
	waitForDuplicate,
	waitingAt,
	waitingQueries,
	waitOutgoing,
	waitRefused,
} from "./waitingqueries.ts";

/** RFC 1035, 4.1.1: the server's answer to what its -mtu refuses. */
const rcodeFormErr: u32 = 1;

/** Takes memory for all tables and counts; once. Limits are numbers of entries; see the parts. */
export function setUpTracker(
	domains: u32,
	labelSetsMax: u32,
	othersFrom: u32,
	keptOrigins: u32,
	trackedMax: u32,
	rememberedMax: u32,
	activeWindowUs: i64,
): void {
	const setsMax = setsMaxOf(domains, labelSetsMax, keptOrigins);
	labelSets.setUp(domains, labelSetsMax, othersFrom, keptOrigins);
	setUpCounts(domains, setsMax);
	setUpHistograms(setsMax);
	setUpHealth(domains);
	setUpSessions(trackedMax, rememberedMax, activeWindowUs);
	setUpResolvers();
	setUpWaitingQueries();
	setUpDuplicates();
}

/** Takes what one frame came to; `stampUs` is its time stamp in microseconds. The one place that changes what is known. */
export function observe(outcome: Outcome, stampUs: i64): void {
	const now = clock.at(stampUs);
	if (outcome === Outcome.Fault) {
		increment(ofProcess, ProcessCell.Faults + seen.fault);
		return;
	}
	if (outcome === Outcome.Foreign) {
		increment(ofProcess, ProcessCell.Foreigns + seen.foreign);
		return;
	}
	// Only an `any` capture has a capture point, and copies.
	if (seen.capturePoint !== 0 && isDuplicate(outcome, now)) {
		increment(ofProcess, ProcessCell.Duplicates);
		observeDuplicate(outcome, now);
		return;
	}
	expire(now);
	if (outcome === Outcome.Response) observeResponse(now, stampUs);
	else if (seen.direction === Direction.Outgoing) observeOutgoing(outcome, now);
	else if (outcome === Outcome.Query) observeQuery(now, stampUs);
	else observeRefused(now);
}

/**
 * A query that leaves this host, and is no copy of one that came in: some process here asks another server, and can make
 * up both sides. Its response is known as such when it comes.
 */
function observeOutgoing(outcome: Outcome, now: i64): void {
	increment(ofProcess, ProcessCell.Foreigns + Foreign.Direction);
	if (outcome === Outcome.Query || seen.refusal === Refusal.Edns) waitOutgoing(now);
}

/** The EDNS sizes of all resolvers that carry clients count, those that the server refuses with them. */
function observeRefused(now: i64): void {
	increment(rowOfDomain(seen.domain), DomainCell.Refusals + seen.refusal);
	if (seen.refusal !== Refusal.Edns) return;
	countEdns(rowOfSet(labelSets.of(seen.domain, resolverOf().origin, now)));
	waitRefused(now);
}

function countEdns(row: usize): void {
	add(row, SetCell.EdnsBytes, max<u32>(seen.ednsBytes, ednsLeast));
	increment(row, SetCell.Edns + ednsCell(seen.ednsBytes));
}

/**
 * What translates addresses may show the response to a copy's address first: then it answers there, and its copy takes
 * away what still waits.
 */
function observeDuplicate(outcome: Outcome, now: i64): void {
	if (outcome === Outcome.Query) {
		const session = findSession(seen.idHigh, seen.idLow, seen.domain, 0);
		if (session !== 0) waitForDuplicate(sessionAt(session).set, session, now);
		believeForwarded();
	} else if (outcome === Outcome.Refused) {
		if (seen.refusal === Refusal.Edns) waitRefused(now);
	} else if (seen.direction !== Direction.Incoming) {
		// One that comes in may be a copy of a forged one; whoever forwards responses sends them out as well.
		const waiting = findWaiting();
		if (waiting !== 0) removeDuplicate(waiting);
	}
}

/** LINUX_SLL names no interface: there a response may come in once its query was forwarded. */
function believeForwarded(): void {
	if (linkType !== LinkType.LINUX_SLL || seen.direction !== Direction.Outgoing) return;
	const waiting = findWaiting();
	if (waiting !== 0) waitingAt(waiting).cameInOn = 0;
}

function observeQuery(now: i64, stampUs: i64): void {
	put(rowOfDomain(seen.domain), DomainCell.LastQuery, stampUs as f64);
	const resolver = resolverOf();
	if (resolver.isFirst(seen.domain)) increment(rowOfDomain(seen.domain), DomainCell.ResolversSeen);
	const set = labelSets.of(seen.domain, resolver.origin, now);
	labelSets.touch(set, now);
	const row = rowOfSet(set);
	increment(row, SetCell.Queries);
	add(row, SetCell.BytesIn, seen.messageBytes);
	countEdns(row);
	const entry = touchSession(seen.idHigh, seen.idLow, seen.domain, set, now);
	sessionAt(entry).addBytes(seen.messageBytes);
	wait(set, entry, now);
	if (seen.packets === 0) increment(row, SetCell.Polls);
	else observeUpstream(set, sessionAt(entry), now);
	if (clock.isOfFile) observeEarlyResponse(now, stampUs);
}

/** Only in a file: live, one clock stamps both. There counts may be taken back, as nobody looks before its end. */
function observeEarlyResponse(now: i64, stampUs: i64): void {
	const set = takeEarly(now);
	if (set < 0) return;
	add(rowOfDomain(seen.domain), DomainCell.Unmatched, -1);
	add(rowOfSet(set), SetCell.BytesOut, -(seen.messageBytes as i32));
	observeResponse(now, stampUs);
}

function observeResponse(now: i64, stampUs: i64): void {
	const row = rowOfDomain(seen.domain);
	const entry = findWaiting();
	const waiting = waitingAt(entry);
	if (entry === 0 || domainOf(waiting) !== seen.domain || isForged(waiting)) {
		// Of a query before the start, or nobody's: everyone can send what looks like a response.
		if (entry !== 0 && isForged(waiting)) markForged();
		increment(row, DomainCell.Unmatched);
		const set = labelSets.of(seen.domain, resolverOf().origin, now);
		add(rowOfSet(set), SetCell.BytesOut, seen.messageBytes);
		// Of one that came in nobody knows yet where its query will.
		if (entry === 0 && clock.isOfFile && seen.direction !== Direction.Incoming) keepEarly(set, now);
		return;
	}
	const ednsBytes = waiting.ednsBytes;
	if (seen.rcode === rcodeFormErr && !waiting.isUncounted) greatest(row, DomainCell.RefusedMost, ednsBytes);
	else if (seen.rcode === 0 && ednsBytes !== 0) least(row, DomainCell.AnsweredLeast, ednsBytes);
	if (waiting.isUncounted) {
		// As its query, and as the responses to all that is refused.
		if (seen.rcode === 0 && ednsBytes !== 0) increment(row, DomainCell.SmallAnswered);
		increment(ofProcess, ProcessCell.Foreigns + Foreign.Response);
		removeFound(entry);
		return;
	}
	put(row, DomainCell.LastResponse, stampUs as f64);
	increment(row, DomainCell.Responses + seen.rcode);
	if (seen.truncated !== 0) increment(row, DomainCell.Truncated);
	answer(entry, now);
}

/** Whether the response cannot be the server's: it came in, on the interface that the query came in on, and never left this host. */
function isForged(waiting: WaitingQuery): bool {
	if (seen.direction !== Direction.Incoming || waiting.cameInOn === 0) return false;
	return linkType === LinkType.LINUX_SLL || seen.capturePoint === waiting.cameInOn;
}

function domainOf(waiting: WaitingQuery): u32 {
	return waiting.isUncounted ? waiting.set : labelSets.domainOf(waiting.set);
}

/** What a response tells as the answer to a query; only then it is believed to come from the server. */
function answer(entry: usize, now: i64): void {
	const waiting = waitingAt(entry);
	const set = waiting.set;
	const session = findSession(seen.idHigh, seen.idLow, seen.domain, waiting.session);
	answerTimes.observe(set, (waiting.waitedUs(now) as f64) * responseUnitsPerUs);
	removeFound(entry);
	add(rowOfSet(set), SetCell.BytesOut, seen.messageBytes);
	if (session !== 0) sessionAt(session).addBytes(seen.messageBytes);
	if (seen.packets > 0) observeDownstream(set, waiting.server, session, now);
}

/** Brings sessions, waiting queries and label sets up to `now`, for whoever looks next. */
export function expire(now: i64): void {
	expireSessions(now);
	for (let entry = overdue(now); entry !== 0; entry = overdue(now)) {
		const waiting = waitingAt(entry);
		if (!waiting.isAnswered && !waiting.isUncounted) increment(rowOfSet(waiting.set), SetCell.Unanswered);
		waitingQueries.remove(entry);
	}
	labelSets.makeRoom(now);
}

/** When expire has something to do next, in microseconds on the clock's scale; the end of time if never. */
export function nextExpiryUs(): i64 {
	return min<i64>(nextEndUs(), nextOverdueUs(clock.now));
}

/** RFC 6891, 6.2.3: what is less than 512 means 512, and so does no OPT. */
function ednsCell(bytes: u32): i32 {
	if (bytes === ednsEnough) return 2;
	if (bytes <= ednsLeast) return 0;
	if (bytes <= ednsScarce) return 1;
	if (bytes <= ednsFrame) return 3;
	return bytes <= ednsMost ? 4 : 5;
}
