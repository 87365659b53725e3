/** Observations made by hand, and trackers with small bounds, for the tests. */

import type { Column } from "../../../src/engine/column.ts";
import { Engine, type EngineOptions, type Origins, type Seed } from "../../../src/engine/engine.ts";
import type { EngineExports } from "../../../src/engine/exports.ts";
import { noDomain, type Tracker } from "../../../src/engine/tracker.ts";
import { Direction } from "../../../src/wasm/decode/direction.ts";
import { Outcome, Refusal } from "../../../src/wasm/shared/fault.ts";
import type { HistogramId } from "../../../src/wasm/shared/ids.ts";
import { testModule } from "../../support/engine.ts";
import {
	type DecodeExports,
	type Observation as DecoderObservation,
	dnsttTunnels,
	observationFields,
	observationIn,
} from "../decode/decoding.ts";

export const second = 1_000_000;
/** Time stamps of the tests begin here, as a wall clock's would. */
export const begin = 1_700_000_000 * second;
export const seed: Seed = [1, 2, 3, 4];
/** Number of the origin that stands for the rest, as the GeoIP stage has it. */
export const otherOrigin = 1;

/** Of the module (tests/wasm/module/track.ts): parts of the tracker. A 32-bit word that it gives is signed here, and true is 1. */
export interface TrackExports extends EngineExports, Omit<DecodeExports, keyof EngineExports> {
	observeDecoded(outcome: Outcome, stampUs: number): void;

	hashOf(a: number, b: number, c: number, d: number): number;
	makeTable(limit: number, entryBytes: number, isLong: boolean): number;
	sizeOfTable(table: number): number;
	evictedOfTable(table: number): number;
	isTableFull(table: number): number;
	findIn(table: number, a: number, b: number, c: number, d: number): number;
	insertInto(table: number, a: number, b: number, c: number, d: number): number;
	touchIn(table: number, entry: number): void;
	removeFrom(table: number, entry: number): void;
	evictOldestIn(table: number): void;
	oldestIn(table: number): number;
	olderInThan(table: number, entry: number): number;
	nextInChain(entry: number): number;

	setUpCounts(domains: number, sets: number): void;
	setRow(set: number): number;
	domainRow(domain: number): number;
	add(row: number, cell: number, count: number): void;
	raise(row: number, cell: number, to: number): void;

	clockAt(stampUs: number): number;
	clockNow(): number;
	makeServerClock(): number;
	pushTo(serverClock: number, stampMs: number, nowUs: number): void;
	roundTripOf(serverClock: number, stampMs: number, nowUs: number): number;

	observeValue(id: HistogramId, set: number, value: number): void;
	flushPending(): void;
	readonly timeUnitsPerUs: WebAssembly.Global;
	readonly responseUnitsPerUs: WebAssembly.Global;

	setUpLabelSets(domains: number, limit: number, othersFrom: number, kept: number): void;
	labelSetOf(domain: number, origin: number, nowUs: number): number;

	evictResolvers(count: number): void;
	resolverOrigin(): number;
	isFirstOfResolver(domain: number): number;

	waitFor(set: number, session: number, nowUs: number): void;
	findWaiting(): number;
	waitingSet(entry: number): number;
	waitingSession(entry: number): number;
	waitedUs(entry: number, nowUs: number): number;
	overdueAt(nowUs: number): number;
	removeFound(entry: number): void;
	removeWaiting(entry: number): void;

	setUpDuplicates(): void;
	isDuplicateAt(outcome: Outcome, nowUs: number): number;

	touchSessionAt(idHigh: number, idLow: number, domain: number, set: number, nowUs: number): number;
	findSession(idHigh: number, idLow: number, domain: number, guess: number): number;
	expireSessionsAt(nowUs: number): void;
	addSessionBytes(entry: number, bytes: number): void;
	pushUpstreamOf(entry: number, sequence: number, stampMs: number, conversation: number): number;
	pushDownstreamOf(entry: number, sequence: number, conversation: number): number;
	wasPushedTo(entry: number, sequence: number, conversation: number): number;
	acknowledgeOf(entry: number, stampMs: number, sequence: number): number;
}

/** What the decoder would say of a frame, out of the module's memory. */
export class Observation implements DecoderObservation {
	fault: DecoderObservation["fault"] = 1;
	unrelated: DecoderObservation["unrelated"] = 1;
	refusal = Refusal.Qtype;
	interfaceIndex = 0;
	direction = Direction.Unknown;
	resolver0 = 0;
	resolver1 = 0;
	resolver2 = 0;
	resolver3 = 0;
	resolverPort = 0;
	nameHash = 0;
	serverHash = 0;
	frameHash = 0;
	messageBytes = 0;
	messageId = 0;
	domain = 0;
	idHigh = 0;
	idLow = 0;
	ednsBytes = 0;
	rcode = 0;
	truncated = 0;
	packets = 0;
	packetBytes = 0;
	answers = 0;
	lookalike = 0;
	lookalikeType = 0;
	segments: DecoderObservation["segments"] = {
		count: 0,
		malformed: 0,
		conversation: [],
		command: [],
		stampMs: [],
		sequence: [],
	};
}

/** Writes observations into the memory of a module's instance, where its tracker finds them. */
function writerOf(exports: TrackExports): (observation: DecoderObservation) => void {
	const memory = observationIn(exports);
	const words: Record<(typeof observationFields)[number], number> = memory;
	return (observation) => {
		for (const field of observationFields) words[field] = observation[field];
		const { count, malformed, conversation, command, stampMs, sequence } = observation.segments;
		exports.clearSegments();
		for (let index = 0; index < count; index++) {
			exports.addSegment(
				conversation[index] ?? 0,
				command[index] ?? 0,
				stampMs[index] ?? 0,
				sequence[index] ?? 0,
				0,
				0,
			);
		}
		memory.segments.malformed = malformed;
	};
}

/** An instance of the module whose tracker was not set up: for parts of it alone, which may take memory still. */
export function partsOf(): { readonly parts: TrackExports; see(observation: DecoderObservation): void } {
	const imports = { resolvers: { originOf: () => 0 }, labels: { otherOf: () => otherOrigin, releaseOrigins() {} } };
	const parts = new WebAssembly.Instance(testModule, imports).exports as unknown as TrackExports;
	parts.seed(...seed);
	return { parts, see: writerOf(parts) };
}

/** Origins of a test: 0 and `otherOrigin` are kept, and the latter is the other of all. */
export function originsBy(originOf: Origins["originOf"]): Origins {
	return { othersFrom: otherOrigin, kept: otherOrigin + 1, originOf, otherOf: () => otherOrigin, release() {} };
}

export interface TrackerOptions extends Omit<EngineOptions, "tunnels"> {
	/** How many domains there are, all of dnstt; an observation's `domain` is less. */
	readonly domains: number;
}

/** A tracker of two domains; a resolver's origin is the lowest octet of its address. */
export function trackerOf(options: Partial<TrackerOptions> = {}): ObservingTracker {
	const { domains = 2, ...others } = options;
	const engine = new Engine(
		{
			tunnels: dnsttTunnels(Array.from({ length: domains }, (_, index) => `t${index}.example.com`)),
			activeWindowMs: 30_000,
			trackedMax: 1_000,
			rememberedMax: 1_000,
			labelSetsMax: 100,
			seed,
			origins: originsBy((_a, _b, _c, d) => d & 0xff),
			...others,
		},
		testModule,
	);
	const parts = engine.exports as TrackExports;
	const see = writerOf(parts);
	return Object.assign(engine.tracker, {
		parts,
		see,
		observe(outcome: Outcome, observation: DecoderObservation, stampUs: number): void {
			see(observation);
			parts.observeDecoded(outcome, stampUs);
		},
	});
}

export interface ObservingTracker extends Tracker {
	readonly parts: TrackExports;
	/** Puts an observation where the parts look for it. */
	see(observation: DecoderObservation): void;
	/** Takes what one frame came to; `stampUs` is its time stamp in microseconds, a whole number. */
	observe(outcome: Outcome, observation: DecoderObservation, stampUs: number): void;
}

export interface ObservationFields {
	readonly id?: number;
	readonly domain?: number;
	/** The lowest octet of the resolver's address, and its origin. */
	readonly origin?: number;
	readonly bytes?: number;
	readonly messageId?: number;
	readonly port?: number;
	readonly interfaceIndex?: number;
	readonly direction?: Direction;
	/** The name's hash: without one, messages of other ids or lengths have other names. */
	readonly name?: number;
	/** The hash of the server's address and port. */
	readonly server?: number;
	/** The frame's hash, 0 if it has none. */
	readonly frame?: number;
	readonly refusal?: Refusal;
	readonly ednsBytes?: number;
}

/** An observation as the decoder would give it: a poll of client `id` through the resolver of `origin`. */
export function observationOf(fields: ObservationFields): Observation {
	const observation = new Observation();
	observation.idHigh = 0x0badcafe;
	observation.idLow = fields.id ?? 0;
	observation.domain = fields.domain ?? 0;
	observation.resolver2 = 0xffff;
	observation.resolver3 = 0x0a000000 | (fields.origin ?? 2);
	observation.resolverPort = fields.port ?? 40_000;
	observation.messageBytes = fields.bytes ?? 100;
	observation.messageId = fields.messageId ?? 7;
	observation.nameHash = fields.name ?? observation.messageBytes * 65_536 + observation.messageId;
	observation.serverHash = fields.server ?? 0;
	observation.frameHash = fields.frame ?? 0;
	observation.interfaceIndex = fields.interfaceIndex ?? 0;
	observation.direction = fields.direction ?? Direction.Unknown;
	observation.ednsBytes = fields.ednsBytes ?? 0;
	observation.refusal = fields.refusal ?? Refusal.Qtype;
	return observation;
}

/** A query at `at` microseconds after `begin`. */
export function query(tracker: ObservingTracker, at: number, fields: ObservationFields = {}): void {
	tracker.observe(Outcome.Query, observationOf(fields), begin + at);
}

/** The label sets that there are, as "domain/origin". */
export function liveSets({ sets }: Tracker): string[] {
	const live: string[] = [];
	for (let set = 0; set < sets.size; set++) {
		if (sets.domains[set] !== noDomain) live.push(`${sets.domains[set]}/${sets.origins[set]}`);
	}
	return live.toSorted();
}

/** A column's values by "domain/origin", zeros left out. */
export function bySet(tracker: Tracker, column: Column): Record<string, number> {
	const values: Record<string, number> = {};
	for (let set = 0; set < tracker.sets.size; set++) {
		const value = column.at(set);
		if (value !== 0) values[`${tracker.sets.domains[set]}/${tracker.sets.origins[set]}`] = value;
	}
	return values;
}
