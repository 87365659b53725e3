import { linkType } from "../decode/decoder.ts";
import { Direction } from "../decode/direction.ts";
import { segments } from "../decode/kcp.ts";
import { observation } from "../decode/observation.ts";
import { domainLabel } from "../decode/parentdomain.ts";
import { DomainCell, ProcessCell, SetCell } from "../shared/cells.ts";
import { Lookalike, Outcome, Refusal, Unrelated } from "../shared/fault.ts";
import { ednsEnough, ednsFrame, ednsLeast, ednsMost, ednsScarce } from "../shared/limits.ts";
import { LinkType } from "../shared/linktype.ts";
import { payloadTypeIndex } from "../shared/wire.ts";
import { clock } from "./clock.ts";
import { add, greatest, increment, least, ofProcess, put, rowOfDomain, rowOfSet, setUpCounts } from "./counts.ts";
import { voteForLabel } from "./domainvotes.ts";
import { isDuplicate, isForwarded, markForged, setUpDuplicates } from "./duplicates.ts";
import { keepEarly, takeEarly } from "./earlyresponses.ts";
import { responseTimes, responseUnitsPerUs, setUpHistograms } from "./histogram.ts";
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

/** RFC 1035, 4.1.1: the server's answer to a query that its -mtu refuses. */
const rcodeFormErr: u32 = 1;

/** Allocates all tables and counts; must be called once. Limits are numbers of entries. */
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

/** Observes one frame, whose time stamp is `stampUs` in microseconds. All changes of state begin here. */
export function observe(outcome: Outcome, stampUs: i64): void {
	const now = clock.at(stampUs);
	if (outcome === Outcome.Fault) {
		increment(ofProcess, ProcessCell.Faults + observation.fault);
		return;
	}
	if (outcome === Outcome.Unrelated) {
		increment(ofProcess, ProcessCell.Unrelated + observation.unrelated);
		if (observation.unrelated === Unrelated.Response) observeUnrelatedResponse();
		return;
	}
	if (isDuplicate(outcome, now)) {
		increment(ofProcess, ProcessCell.Duplicates);
		observeDuplicate(outcome, now);
		return;
	}
	expire(now);
	if (outcome === Outcome.Response) observeResponse(now);
	else if (observation.direction === Direction.Outgoing) observeOutgoing(outcome, now);
	else if (outcome === Outcome.Query) observeQuery(now);
	else observeRefused(now);
}

/** A response under a domain whose query cannot count: a server that answers it with records takes what we refuse. */
function observeUnrelatedResponse(): void {
	if (observation.rcode !== 0 || observation.answers === 0 || observation.direction === Direction.Incoming) return;
	increment(rowOfDomain(observation.domain), DomainCell.RefusedAnswered);
}

/**
 * Observes a query that leaves this host and duplicates none that came in: some process on this host queries another
 * server, and can invent both sides. Its response is ignored as well when it comes.
 */
function observeOutgoing(outcome: Outcome, now: i64): void {
	increment(ofProcess, ProcessCell.Unrelated + Unrelated.Direction);
	if (outcome === Outcome.Query || observation.refusal === Refusal.Edns) waitOutgoing(now);
}

/** The EDNS sizes of all resolvers with clients count, refused queries included. */
function observeRefused(now: i64): void {
	increment(rowOfDomain(observation.domain), DomainCell.Refusals + observation.refusal);
	countFormat(false);
	if (observation.refusal !== Refusal.Edns) return;
	countEdns(rowOfSet(labelSets.of(observation.domain, resolverOf().origin, now)));
	waitRefused(now);
}

/** Counts a query that carries data by the tunnel that it shows: another format, a domain of one label more, or what is configured. */
function countFormat(isFitting: bool): void {
	const row = rowOfDomain(observation.domain);
	if (domainLabel !== 0) {
		increment(row, DomainCell.Labelled);
		voteForLabel();
	} else if (observation.lookalike !== Lookalike.None) countLookalike(row);
	else if (isFitting) increment(row, DomainCell.Fitting);
}

function countLookalike(row: usize): void {
	increment(row, DomainCell.Lookalikes + observation.lookalike);
	increment(row, DomainCell.LookalikeTypes + payloadTypeIndex(observation.lookalikeType));
}

function countEdns(row: usize): void {
	add(row, SetCell.EdnsBytes, max<u32>(observation.ednsBytes, ednsLeast));
	increment(row, SetCell.Edns + ednsCell(observation.ednsBytes));
}

/**
 * With address translation, the response to a duplicate's address may be captured first: then it answers that entry,
 * and its duplicate removes the entry that still waits.
 */
function observeDuplicate(outcome: Outcome, now: i64): void {
	if (outcome === Outcome.Query) {
		const session = findSession(observation.idHigh, observation.idLow, observation.domain, 0);
		if (session !== 0) waitForDuplicate(sessionAt(session).set, session, now);
		believeForwarded();
	} else if (outcome === Outcome.Refused) {
		if (observation.refusal === Refusal.Edns) waitRefused(now);
	} else if (observation.direction !== Direction.Incoming) {
		// A response that comes in may duplicate a forged one; a host that forwards responses sends them out as well.
		const waiting = findWaiting();
		if (waiting !== 0) removeDuplicate(waiting);
	}
}

/**
 * The response to what a forwarder on this host sent comes in where the query did, over loopback. LINUX_SLL names no
 * interface: with it a response may come in if its query left.
 */
function believeForwarded(): void {
	const hasLeft = linkType === LinkType.LINUX_SLL && observation.direction === Direction.Outgoing;
	if (!hasLeft && !isForwarded()) return;
	const waiting = findWaiting();
	if (waiting !== 0) waitingAt(waiting).cameInOn = 0;
}

function observeQuery(now: i64): void {
	put(rowOfDomain(observation.domain), DomainCell.LastQuery, now as f64);
	const resolver = resolverOf();
	if (resolver.isFirst(observation.domain)) increment(rowOfDomain(observation.domain), DomainCell.ResolversSeen);
	const set = labelSets.of(observation.domain, resolver.origin, now);
	labelSets.touch(set, now);
	const row = rowOfSet(set);
	increment(row, SetCell.Queries);
	add(row, SetCell.BytesIn, observation.messageBytes);
	countEdns(row);
	const entry = touchSession(observation.idHigh, observation.idLow, observation.domain, set, now);
	sessionAt(entry).addBytes(observation.messageBytes);
	wait(set, entry, now);
	if (observation.packets === 0) increment(row, SetCell.Polls);
	else observeUpstream(set, sessionAt(entry), now);
	countFormat(segments.count !== 0);
	if (clock.isOfFile) observeEarlyResponse(now);
}

/** Only in a file: live, one clock stamps both. In a file counts may be taken back, as nothing reads them before its end. */
function observeEarlyResponse(now: i64): void {
	const set = takeEarly(now);
	if (set < 0) return;
	add(rowOfDomain(observation.domain), DomainCell.Unmatched, -1);
	add(rowOfSet(set), SetCell.BytesOut, -(observation.messageBytes as i32));
	observeResponse(now);
}

function observeResponse(now: i64): void {
	const row = rowOfDomain(observation.domain);
	const entry = findWaiting();
	const waiting = waitingAt(entry);
	if (entry === 0 || domainOf(waiting) !== observation.domain || isForged(waiting)) {
		// Its query came before the start, or there was none: anyone can send such a response.
		if (entry !== 0 && isForged(waiting)) markForged();
		increment(row, DomainCell.Unmatched);
		const set = labelSets.of(observation.domain, resolverOf().origin, now);
		add(rowOfSet(set), SetCell.BytesOut, observation.messageBytes);
		// If it came in, the interface of its query is not known yet.
		if (entry === 0 && clock.isOfFile && observation.direction !== Direction.Incoming) keepEarly(set, now);
		return;
	}
	const ednsBytes = waiting.ednsBytes;
	if (observation.rcode === rcodeFormErr && !waiting.isUncounted) greatest(row, DomainCell.RefusedMost, ednsBytes);
	else if (observation.rcode === 0 && ednsBytes !== 0) least(row, DomainCell.AnsweredLeast, ednsBytes);
	if (waiting.isUncounted) {
		// It is unrelated like its query, and like the responses to all refused queries.
		if (observation.rcode === 0 && ednsBytes !== 0) increment(row, DomainCell.SmallAnswered);
		increment(ofProcess, ProcessCell.Unrelated + Unrelated.Response);
		removeFound(entry);
		return;
	}
	put(row, DomainCell.LastResponse, now as f64);
	increment(row, DomainCell.Responses + observation.rcode);
	if (observation.truncated !== 0) increment(row, DomainCell.Truncated);
	answer(entry, now);
}

/** Whether the response cannot be the server's: it came in on the interface of its query, and did not leave this host. */
function isForged(waiting: WaitingQuery): bool {
	if (observation.direction !== Direction.Incoming || waiting.cameInOn === 0) return false;
	return linkType === LinkType.LINUX_SLL || observation.interfaceIndex === waiting.cameInOn;
}

function domainOf(waiting: WaitingQuery): u32 {
	return waiting.isUncounted ? waiting.set : labelSets.domainOf(waiting.set);
}

/** Observes a response that answers a query; only then it counts as the server's. */
function answer(entry: usize, now: i64): void {
	const waiting = waitingAt(entry);
	const set = waiting.set;
	const session = findSession(observation.idHigh, observation.idLow, observation.domain, waiting.session);
	responseTimes.observe(set, (waiting.waitedUs(now) as f64) * responseUnitsPerUs);
	removeFound(entry);
	add(rowOfSet(set), SetCell.BytesOut, observation.messageBytes);
	if (session !== 0) sessionAt(session).addBytes(observation.messageBytes);
	if (observation.packets > 0) observeDownstream(set, session, now);
}

/** Brings sessions, waiting queries and label sets up to `now`; must be called before they are read. */
export function expire(now: i64): void {
	expireSessions(now);
	for (let entry = overdue(now); entry !== 0; entry = overdue(now)) {
		const waiting = waitingAt(entry);
		if (!waiting.isAnswered && !waiting.isUncounted) increment(rowOfSet(waiting.set), SetCell.Unanswered);
		waitingQueries.remove(entry);
	}
	labelSets.retireIdle(now);
}

/** Returns when expire must be called next, in microseconds on the clock's scale; i64.MAX_VALUE if never. */
export function nextExpiryUs(): i64 {
	return min<i64>(nextEndUs(), nextOverdueUs(clock.now));
}

/** RFC 6891, 6.2.3: values below 512, and a missing OPT, mean 512. */
function ednsCell(bytes: u32): i32 {
	if (bytes === ednsEnough) return 2;
	if (bytes <= ednsLeast) return 0;
	if (bytes <= ednsScarce) return 1;
	if (bytes <= ednsFrame) return 3;
	return bytes <= ednsMost ? 4 : 5;
}
