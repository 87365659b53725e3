import {
	type Fault,
	type Foreign,
	faultNames,
	foreignNames,
	Outcome,
	type Refusal,
	refusalNames,
} from "../decode/fault.ts";
import type { Observation } from "../decode/observation.ts";
import { Clock } from "./clock.ts";
import { Doubles } from "./doubles.ts";
import { LabelSets } from "./labels.ts";
import { type OriginLookup, Resolvers } from "./resolvers.ts";
import { type SessionEvents, Sessions } from "./sessions.ts";
import type { Seed } from "./table.ts";

export interface TrackerOptions {
	/** How many domains there are; an observation's `domain` is less. */
	readonly domains: number;
	/** A session is active for this long after its latest query, both ends included. */
	readonly activeWindowMs: number;
	readonly trackedMax: number;
	readonly rememberedMax: number;
	readonly labelSetsMax: number;
	/** Random, one a process. */
	readonly seed: Seed;
	/** The number of a resolver's origin, less than labelSetsMax + 2; `otherOrigin` is the one that stands for the rest. */
	readonly originOf: OriginLookup;
	readonly otherOrigin: number;
}

/** How many values a reason of each kind can have, the unused 0 included. */
const faultCount = Object.keys(faultNames).length + 1;
const foreignCount = Object.keys(foreignNames).length + 1;
const refusalCount = Object.keys(refusalNames).length + 1;

/**
 * The state of all that was observed. `observe` is the one place that changes it; everything else looks. Columns have
 * a cell for each label set, by its number, or for each domain, by its index.
 */
export class Tracker implements SessionEvents {
	readonly clock = new Clock();
	readonly sets: LabelSets;
	readonly sessions: Sessions;
	readonly resolvers: Resolvers;
	readonly doubles: Doubles;

	/** By label set. */
	readonly queries: Float64Array;
	readonly bytesIn: Float64Array;
	readonly bytesOut: Float64Array;
	readonly sessionsBegun: Float64Array;
	readonly active: Int32Array;
	readonly peak: Int32Array;
	/** By domain. */
	readonly activeByDomain: Int32Array;
	readonly peakByDomain: Int32Array;
	readonly responses: Float64Array;
	/** By domain and Refusal: refusals[domain * refusalCount + refusal]. */
	private readonly refusals: Float64Array;
	private readonly faults = new Float64Array(faultCount);
	private readonly foreigns = new Float64Array(foreignCount);
	/** Copies of datagrams that were counted already. */
	copies = 0;

	constructor(options: TrackerOptions) {
		this.sets = new LabelSets({
			domains: options.domains,
			limit: options.labelSetsMax,
			originsMax: options.labelSetsMax + 2,
			otherOrigin: options.otherOrigin,
		});
		this.sessions = new Sessions({
			trackedMax: options.trackedMax,
			rememberedMax: options.rememberedMax,
			windowUs: options.activeWindowMs * 1_000,
			seed: options.seed,
			events: this,
		});
		this.resolvers = new Resolvers(options.seed, options.originOf);
		this.doubles = new Doubles(options.seed);
		const sets = this.sets.sizeMax;
		this.queries = new Float64Array(sets);
		this.bytesIn = new Float64Array(sets);
		this.bytesOut = new Float64Array(sets);
		this.sessionsBegun = new Float64Array(sets);
		this.active = new Int32Array(sets);
		this.peak = new Int32Array(sets);
		this.activeByDomain = new Int32Array(options.domains);
		this.peakByDomain = new Int32Array(options.domains);
		this.responses = new Float64Array(options.domains);
		this.refusals = new Float64Array(options.domains * refusalCount);
	}

	/** Takes what one frame came to; `stampUs` is its time stamp in microseconds, a whole number. */
	observe(outcome: Outcome, seen: Observation, stampUs: number): void {
		const now = this.clock.at(stampUs);
		if (outcome === Outcome.Fault) {
			add(this.faults, seen.fault, 1);
			return;
		}
		if (outcome === Outcome.Foreign) {
			add(this.foreigns, seen.foreign, 1);
			return;
		}
		// Only an `any` capture has a capture point, and copies.
		if (seen.capturePoint !== 0 && this.doubles.isDouble(outcome, seen, now)) {
			this.copies++;
			return;
		}
		this.sessions.expire(now);
		if (outcome === Outcome.Query) this.observeQuery(seen, now);
		else if (outcome === Outcome.Response) this.observeResponse(seen);
		else add(this.refusals, seen.domain * refusalCount + seen.refusal, 1);
	}

	private observeQuery(seen: Observation, now: number): void {
		const set = this.sets.of(seen.domain, this.resolvers.originOf(seen));
		add(this.queries, set, 1);
		add(this.bytesIn, set, seen.messageBytes);
		this.sessions.query(seen.idHigh, seen.idLow, seen.domain, set, now);
	}

	private observeResponse(seen: Observation): void {
		const set = this.sets.of(seen.domain, this.resolvers.originOf(seen));
		add(this.bytesOut, set, seen.messageBytes);
		add(this.responses, seen.domain, 1);
	}

	/** Brings the sessions up to the clock's now, for whoever looks next. */
	expire(): void {
		this.sessions.expire(this.clock.now);
	}

	began(set: number, isNew: boolean): void {
		if (isNew) add(this.sessionsBegun, set, 1);
		const domain = this.sets.domains[set] as number;
		raise(this.active, this.peak, set);
		raise(this.activeByDomain, this.peakByDomain, domain);
	}

	moved(from: number, to: number): void {
		add(this.active, from, -1);
		raise(this.active, this.peak, to);
	}

	ended(set: number): void {
		add(this.active, set, -1);
		add(this.activeByDomain, this.sets.domains[set] as number, -1);
	}

	faultsOf(reason: Fault): number {
		return this.faults[reason] as number;
	}

	foreignOf(reason: Foreign): number {
		return this.foreigns[reason] as number;
	}

	refusalsOf(domain: number, reason: Refusal): number {
		return this.refusals[domain * refusalCount + reason] as number;
	}
}

function add(column: Float64Array | Int32Array, at: number, count: number): void {
	column[at] = (column[at] as number) + count;
}

/** One more in `column`, and the highest it ever was in `peaks`. */
function raise(column: Int32Array, peaks: Int32Array, at: number): void {
	const value = (column[at] as number) + 1;
	column[at] = value;
	if (value > (peaks[at] as number)) peaks[at] = value;
}
