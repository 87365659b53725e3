import { Outcome } from "../../../src/wasm/shared/fault.ts";
import { HistogramId } from "../../../src/wasm/shared/ids.ts";
import { allocate } from "../../../src/wasm/track/allocate.ts";
import { clock } from "../../../src/wasm/track/clock.ts";
import { rowOfDomain, rowOfSet } from "../../../src/wasm/track/counts.ts";
import { isDuplicate } from "../../../src/wasm/track/duplicates.ts";
import { hashOf } from "../../../src/wasm/track/hash.ts";
import {
	flushPending,
	responseTimes,
	roundTrips,
	sessionBytes,
	sessionDurations,
} from "../../../src/wasm/track/histogram.ts";
import { labelSets } from "../../../src/wasm/track/labels.ts";
import { resolverOf, resolvers } from "../../../src/wasm/track/resolvers.ts";
import { ServerClock } from "../../../src/wasm/track/serverclock.ts";
import { expireSessions, sessionAt, touchSession } from "../../../src/wasm/track/sessions.ts";
import { BoundedTable, Entry } from "../../../src/wasm/track/table.ts";
import { observe } from "../../../src/wasm/track/tracker.ts";
import { overdue, wait, waitingAt, waitingQueries } from "../../../src/wasm/track/waitingqueries.ts";

export * from "../../../src/wasm/module";
export { add, raise, setUpCounts } from "../../../src/wasm/track/counts";
export { setUpDuplicates } from "../../../src/wasm/track/duplicates";
export { hashOf } from "../../../src/wasm/track/hash";
export { flushPending, responseUnitsPerUs, timeUnitsPerUs } from "../../../src/wasm/track/histogram";
export { findSession } from "../../../src/wasm/track/sessions";
export { findWaiting, removeFound } from "../../../src/wasm/track/waitingqueries";

/** Takes what the observation in memory says, as if it were the last of a batch. */
export function observeDecoded(outcome: Outcome, stampUs: f64): void {
	observe(outcome, stampUs as i64);
	flushPending();
}

/** A table of its own: its address. */
export function makeTable(limit: u32, entryBytes: u32, isLong: bool): usize {
	const table = changetype<BoundedTable>(allocate(offsetof<BoundedTable>()));
	table.setUp(limit, entryBytes, isLong);
	return changetype<usize>(table);
}

function tableAt(table: usize): BoundedTable {
	return changetype<BoundedTable>(table);
}

export function sizeOfTable(table: usize): u32 {
	return tableAt(table).size;
}

export function evictedOfTable(table: usize): f64 {
	return tableAt(table).evicted;
}

export function isTableFull(table: usize): bool {
	return tableAt(table).isFull;
}

export function findIn(table: usize, a: u32, b: u32, c: u32, d: u32): usize {
	return tableAt(table).find(hashOf(a, b, c, d), a, b, c, d);
}

export function insertInto(table: usize, a: u32, b: u32, c: u32, d: u32): usize {
	return tableAt(table).insert(hashOf(a, b, c, d), a, b, c, d);
}

export function touchIn(table: usize, entry: usize): void {
	tableAt(table).touch(entry);
}

export function removeFrom(table: usize, entry: usize): void {
	tableAt(table).remove(entry);
}

export function evictOldestIn(table: usize): void {
	tableAt(table).evictOldest();
}

export function oldestIn(table: usize): usize {
	return tableAt(table).oldest;
}

export function olderInThan(table: usize, entry: usize): usize {
	return tableAt(table).olderThan(entry);
}

/** The entry that is next in the chain of one. */
export function nextInChain(entry: usize): usize {
	return changetype<Entry>(entry).next;
}

export function setRow(set: u32): usize {
	return rowOfSet(set);
}

export function domainRow(domain: u32): usize {
	return rowOfDomain(domain);
}

export function clockAt(stampUs: f64): f64 {
	return clock.at(stampUs as i64) as f64;
}

export function clockNow(): f64 {
	return clock.now as f64;
}

/** A server's clock of its own: its address. */
export function makeServerClock(): usize {
	return allocate(offsetof<ServerClock>());
}

export function pushTo(serverClock: usize, stampMs: u32, nowUs: f64): void {
	changetype<ServerClock>(serverClock).push(stampMs, nowUs as i64);
}

export function roundTripOf(serverClock: usize, stampMs: u32, nowUs: f64): f64 {
	return changetype<ServerClock>(serverClock).roundTripUs(stampMs, nowUs as i64) as f64;
}

/** A value in units into one of the tracker's histograms; flushPending is to be called before anybody looks. */
export function observeValue(id: HistogramId, set: u32, value: f64): void {
	if (id === HistogramId.ResponseTimes) responseTimes.observe(set, value);
	else if (id === HistogramId.RoundTrips) roundTrips.observe(set, value);
	else if (id === HistogramId.SessionDurations) sessionDurations.observe(set, value);
	else sessionBytes.observe(set, value);
}

export function setUpLabelSets(domains: u32, limit: u32, othersFrom: u32, kept: u32): void {
	labelSets.setUp(domains, limit, othersFrom, kept);
}

export function labelSetOf(domain: u32, origin: u32, nowUs: f64): u32 {
	return labelSets.of(domain, origin, nowUs as i64);
}

/** As if so many resolvers more had made room. */
export function evictResolvers(count: f64): void {
	resolvers.evicted += count;
}

/** Of the observation's resolver. */
export function resolverOrigin(): i32 {
	return resolverOf().origin;
}

export function isFirstOfResolver(domain: u32): bool {
	return resolverOf().isFirst(domain);
}

/** The query of the observation. */
export function waitFor(set: u32, session: usize, nowUs: f64): void {
	wait(set, session, nowUs as i64);
}

export function waitingSet(entry: usize): u32 {
	return waitingAt(entry).set;
}

export function waitingSession(entry: usize): usize {
	return waitingAt(entry).session;
}

export function waitedUs(entry: usize, nowUs: f64): u32 {
	return waitingAt(entry).waitedUs(nowUs as i64);
}

export function overdueAt(nowUs: f64): usize {
	return overdue(nowUs as i64);
}

export function removeWaiting(entry: usize): void {
	waitingQueries.remove(entry);
}

/** The observation, made at this time. */
export function isDuplicateAt(outcome: Outcome, nowUs: f64): bool {
	return isDuplicate(outcome, nowUs as i64);
}

export function touchSessionAt(idHigh: u32, idLow: u32, domain: u32, set: u32, nowUs: f64): usize {
	return touchSession(idHigh, idLow, domain, set, nowUs as i64);
}

export function expireSessionsAt(nowUs: f64): void {
	expireSessions(nowUs as i64);
}

export function addSessionBytes(entry: usize, bytes: u32): void {
	sessionAt(entry).addBytes(bytes);
}

export function pushUpstreamOf(entry: usize, sequence: u32, stampMs: u32, conversation: u32): i32 {
	return sessionAt(entry).pushUpstream(conversation, sequence, stampMs);
}

export function pushDownstreamOf(entry: usize, sequence: u32, conversation: u32): i32 {
	return sessionAt(entry).pushDownstream(conversation, sequence);
}

export function wasPushedTo(entry: usize, sequence: u32, conversation: u32): bool {
	return sessionAt(entry).wasPushed(conversation, sequence);
}

export function acknowledgeOf(entry: usize, stampMs: u32, sequence: u32): bool {
	return sessionAt(entry).acknowledge(stampMs, sequence);
}
