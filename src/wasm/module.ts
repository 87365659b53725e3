/**
 * The WebAssembly module: its exports, and the loop over a batch in which every frame is decoded and observed. Times
 * cross its border as doubles: whole microseconds, or infinity for "never".
 */

import { readAnyMessage } from "./decode/anydomain.ts";
import { decode, decodeNext, hasNext } from "./decode/decoder.ts";
import { ProcessCell } from "./shared/cells.ts";
import { HistogramId, TableId } from "./shared/ids.ts";
import { recordHeaderBytes } from "./shared/record.ts";
import { allocate } from "./track/allocate.ts";
import { clock } from "./track/clock.ts";
import { increment, ofProcess, rowOfDomain, rowOfSet } from "./track/counts.ts";
import { duplicates } from "./track/duplicates.ts";
import {
	flushPending,
	Histogram,
	responseTimes,
	roundTrips,
	sessionBytes,
	sessionDurations,
} from "./track/histogram.ts";
import { labelSets } from "./track/labels.ts";
import { resolvers } from "./track/resolvers.ts";
import { remembered, sessions } from "./track/sessions.ts";
import { BoundedTable } from "./track/table.ts";
import { expire as expireAt, nextExpiryUs as nextExpiry, observe, setUpTracker } from "./track/tracker.ts";
import { waitingQueries } from "./track/waitingqueries.ts";

export {
	sightedDomain,
	sightedDomainOctets,
	sightedInterface,
	sightedLookalike,
	sightedPort,
	sightedType,
} from "./decode/anydomain";
export { addPort, setLinkType } from "./decode/decoder";
export { addTunnel } from "./decode/tunnel";
export { addToTotals, startTotals } from "./track/counts";
export { domainVotes } from "./track/domainvotes";
export { setSeed as seed } from "./track/hash";
export { startDistribution } from "./track/histogram";
export { forgetOrigins } from "./track/resolvers";

let batch: usize = 0;

/**
 * Allocates all memory, that of a batch of `batchBytes` included, whose address it returns. Must be called once, before
 * anything else.
 */
export function setUp(
	batchBytes: u32,
	domains: u32,
	labelSetsMax: u32,
	othersFrom: u32,
	keptOrigins: u32,
	trackedMax: u32,
	rememberedMax: u32,
	activeWindowUs: f64,
): usize {
	batch = allocate(batchBytes);
	setUpTracker(domains, labelSetsMax, othersFrom, keptOrigins, trackedMax, rememberedMax, activeWindowUs as i64);
	return batch;
}

let fromUs: f64 = -Infinity;
let toUs: f64 = Infinity;

/** The number of frames observed since startSpan, and their earliest and latest stamps; files may hold them in any order. */
let frames: f64 = 0;
let firstUs: f64 = 0;
let lastUs: f64 = 0;

/** From now on only frames stamped from `from` on and before `to` are observed; the span starts again from 0. */
export function startSpan(from: f64, to: f64): void {
	fromUs = from;
	toUs = to;
	frames = 0;
	firstUs = 0;
	lastUs = 0;
}

export function spanFrames(): f64 {
	return frames;
}

export function spanFirstUs(): f64 {
	return firstUs;
}

export function spanLastUs(): f64 {
	return lastUs;
}

/**
 * Decodes and observes the records of the batch from offset `start` on, each at its own time, up to `used` or to a
 * frame that is stamped `untilUs` or later. Returns the offset where it stopped. FrameBatch (capture/source.ts) has the
 * layout of records.
 */
export function observeBatch(start: u32, used: u32, untilUs: f64): u32 {
	let offset = start;
	while (offset < used) {
		const record = batch + offset;
		const stampUs = stampOf(record);
		const frame = record + recordHeaderBytes;
		const bytes = load<u32>(record, 8);
		if (stampUs >= fromUs && stampUs < toUs) {
			if (stampUs >= untilUs) break;
			observe(decode(frame, frame + bytes), stampUs as i64);
			if (hasNext()) observeJoined(stampUs as i64);
			firstUs = frames === 0 ? stampUs : min<f64>(firstUs, stampUs);
			lastUs = frames === 0 ? stampUs : max<f64>(lastUs, stampUs);
			frames++;
		}
		offset += recordHeaderBytes + bytes;
	}
	flushPending();
	return offset;
}

/** Observes the other messages of a frame into which the kernel joined several datagrams. */
function observeJoined(stampUs: i64): void {
	increment(ofProcess, ProcessCell.JoinedFrames);
	while (hasNext()) observe(decodeNext(), stampUs);
}

/**
 * Returns the offset of the first record of the batch, from offset `start` on, that holds a DNS message with a question under any
 * domain and on any port; `used` if there is none. The sighted... functions have what a query among them seems to be of.
 */
export function findMessage(start: u32, used: u32): u32 {
	let offset = start;
	while (offset < used) {
		const frame = batch + offset + recordHeaderBytes;
		const bytes = load<u32>(batch + offset, 8);
		if (readAnyMessage(frame, frame + bytes)) break;
		offset += recordHeaderBytes + bytes;
	}
	return offset;
}

/** Microseconds since 1970. */
function stampOf(record: usize): f64 {
	return (load<u32>(record) as f64) * 1_000_000 + ((load<u32>(record, 4) / 1_000) as f64);
}

/** Live, before the frames of a batch: the present values of both clocks. */
export function synchronize(wallUs: f64, monotonicUs: f64): void {
	clock.synchronize(wallUs as i64, monotonicUs as i64);
}

/** Live, whether frames come or not. */
export function advance(monotonicUs: f64): void {
	clock.advance(monotonicUs as i64);
}

/** Moves the clock to a frame with this stamp. */
export function reach(stampUs: f64): void {
	clock.at(stampUs as i64);
}

/** The number of times that a file's stamps went back by more than disorder. */
export function stepsBack(): f64 {
	return clock.stepsBack as f64;
}

/** The number of times that they went forward while a server's clock did not. */
export function stepsForward(): u32 {
	return clock.stepsForward;
}

/** Returns a time on the clock's scale in microseconds since 1970. */
export function wallUsOf(timeUs: f64): f64 {
	return clock.wallUsOf(timeUs as i64) as f64;
}

/** Brings sessions and waiting queries up to the clock's now. */
export function expire(): void {
	expireAt(clock.now);
	flushPending();
}

/** The time at which expire must be called next. */
export function nextExpiryUs(): f64 {
	const next = nextExpiry();
	return next === i64.MAX_VALUE ? Infinity : (next as f64);
}

/** Addresses of the first rows of counts (layout: wasm/shared/cells.ts). */
export function setRows(): usize {
	return rowOfSet(0);
}

export function domainRows(): usize {
	return rowOfDomain(0);
}

export function processRow(): usize {
	return ofProcess;
}

export function labelSetsSize(): u32 {
	return labelSets.size;
}

/** The number of label sets that count towards the limit, and of those that were retired. */
export function labelSetsLimited(): u32 {
	return labelSets.limited;
}

export function labelSetsRetired(): f64 {
	return labelSets.retired;
}

export function isOriginUsed(origin: u32): bool {
	return labelSets.isOriginUsed(origin);
}

/** Addresses of the label sets' domains and origins: 32-bit words. */
export function labelSetDomains(): usize {
	return labelSets.domains;
}

export function labelSetOrigins(): usize {
	return labelSets.origins;
}

/** Adds the values of a label set to the distribution that startDistribution began. */
export function addToDistribution(id: HistogramId, set: u32): void {
	histogramOf(id).addTo(set);
}

/**
 * Makes the distribution cumulative: each cell (wasm/shared/scales.ts) counts its own values and those of all cells
 * before it.
 */
export function endDistribution(id: HistogramId): void {
	histogramOf(id).cumulate();
}

function histogramOf(id: HistogramId): Histogram {
	switch (id) {
		case HistogramId.ResponseTimes:
			return responseTimes;
		case HistogramId.RoundTrips:
			return roundTrips;
		case HistogramId.SessionDurations:
			return sessionDurations;
		default:
			return sessionBytes;
	}
}

/** The number of entries of a table, and of those that were evicted. */
export function tableSize(id: TableId): u32 {
	return tableOf(id).size;
}

export function tableEvicted(id: TableId): f64 {
	return tableOf(id).evicted;
}

function tableOf(id: TableId): BoundedTable {
	switch (id) {
		case TableId.Sessions:
			return sessions;
		case TableId.Remembered:
			return remembered;
		case TableId.Resolvers:
			return resolvers;
		case TableId.WaitingQueries:
			return waitingQueries;
		default:
			return duplicates;
	}
}
