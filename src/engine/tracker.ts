import { DomainCell, ProcessCell, type SegmentFault, SetCell } from "../wasm/shared/cells.ts";
import type { Fault, Foreign, Refusal } from "../wasm/shared/fault.ts";
import { HistogramId, TableId } from "../wasm/shared/ids.ts";
import {
	duplicatesMax,
	ednsEnough,
	ednsFrame,
	ednsLeast,
	ednsMost,
	ednsScarce,
	resolversMax,
	waitingQueriesMax,
} from "../wasm/shared/limits.ts";
import { cellsOf } from "../wasm/shared/scales.ts";
import { Column } from "./column.ts";
import type { EngineExports } from "./exports.ts";
import { Histogram, lifeScale, responseScale, type Scale, tripScale, volumeScale } from "./histogram.ts";

/** Advertised UDP payload sizes are counted up to each of these (wasm/shared/limits.ts says why these). */
export const ednsBounds = [ednsLeast, ednsScarce, ednsEnough, ednsFrame, ednsMost] as const;

/** In Tracker.sets: this number is free. */
export const noDomain = -1;

export interface TrackerLimits {
	readonly domains: number;
	readonly trackedMax: number;
	readonly rememberedMax: number;
	readonly labelSetsMax: number;
	/** Origins whose label sets have no limit. */
	readonly keptOrigins: number;
	/** What the decoder refuses queries by (EngineOptions). */
	readonly mtu: number;
}

/** A bounded table, as far as others look at it. */
export interface Table {
	readonly limit: number;
	readonly size: number;
	/** How many entries were taken out to make room. */
	readonly evicted: number;
}

/** Counts of one direction, by label set. */
interface Direction {
	/** Bytes of the packets that the tunnel carried. */
	readonly packetBytes: Column;
	/** KCP pushes, and those of them that were sent before. */
	readonly pushes: Column;
	readonly retransmissions: Column;
}

/**
 * The state of all that was observed, in the module's memory (src/wasm/track), for everyone who looks. Columns have a row for each
 * label set, by its number, or for each domain, by its index.
 */
export class Tracker {
	/** Label sets: domain and origin of each, by its number. The domain of a number that is free is `noDomain`. */
	readonly sets: {
		/** Numbers are below this. */
		readonly size: number;
		/** The most numbers that there can be: the limit, and those of the origins that are kept, in each domain. */
		readonly sizeMax: number;
		/** How many count towards the limit. */
		readonly limited: number;
		readonly limit: number;
		/** How many times a set made room: when this changed, numbers may be free, or mean another set. */
		readonly retired: number;
		/** How many times a lookup found no room and was answered with the other of its country. */
		readonly overflowed: number;
		readonly domains: Int32Array;
		readonly origins: Int32Array;
	};
	readonly tables: Readonly<Record<"sessions" | "remembered" | "resolvers" | "waitingQueries" | "duplicates", Table>>;

	/** By label set. */
	readonly queries: Column;
	readonly polls: Column;
	readonly bytesIn: Column;
	readonly bytesOut: Column;
	/** The parts of these that moved between label sets, when one made room; see SetCell. */
	readonly moved: Readonly<Record<"queries" | "bytesIn" | "bytesOut", Column>>;
	readonly sessionsBegun: Column;
	readonly active: Column;
	readonly peak: Column;
	readonly unanswered: Column;
	/** Queries, and those refused for it, by the UDP payload size that their resolver advertised, a cell up to each of ednsBounds and one above. */
	readonly edns: Column;
	/** Sum of those sizes. */
	readonly ednsBytes: Column;
	readonly upstream: Direction;
	readonly downstream: Direction;
	/** Time from a query to its response; round trip times to clients. */
	readonly answerTimes: Histogram;
	readonly roundTrips: Histogram;
	/** Of sessions that ended: time from the first to the last query, and bytes of DNS messages. */
	readonly lives: Histogram;
	readonly volumes: Histogram;
	/** Bytes that a resolver must take for its queries to count. */
	readonly mtu: number;
	/** By domain. */
	readonly activeByDomain: Column;
	readonly peakByDomain: Column;
	readonly truncated: Column;
	/** Responses that no query waited for. */
	readonly unmatched: Column;
	readonly resolversSeen: Column;
	/** What the server's answers say of its -mtu (wasm/shared/cells.ts). */
	readonly smallAnswered: Column;
	readonly answeredLeast: Column;
	readonly refusedMost: Column;
	/** Stamps of the latest query, and of the latest response to one, in microseconds since 1970; 0 before the first. */
	readonly lastQueryUs: Column;
	readonly lastResponseUs: Column;
	private readonly responses: Column;
	private readonly refusals: Column;
	private readonly process: Float64Array;
	private readonly totals: Float64Array;

	constructor(
		private readonly engine: EngineExports,
		limits: TrackerLimits,
	) {
		const { domains, labelSetsMax } = limits;
		this.mtu = limits.mtu;
		const sizeMax = labelSetsMax + domains * limits.keptOrigins;
		const { buffer } = engine.memory;
		const cellsAt = (address: number, count: number) => new Float64Array(buffer, address, count);
		this.process = cellsAt(engine.processRow(), ProcessCell.Width);
		this.totals = cellsAt(engine.startTotals(), SetCell.Width);
		this.sets = {
			get size() {
				return engine.labelSetsSize();
			},
			sizeMax,
			get limited() {
				return engine.labelSetsLimited();
			},
			limit: labelSetsMax,
			get retired() {
				return engine.labelSetsRetired();
			},
			get overflowed() {
				return overflowed();
			},
			domains: new Int32Array(buffer, engine.labelSetDomains(), sizeMax),
			origins: new Int32Array(buffer, engine.labelSetOrigins(), sizeMax),
		};
		const overflowed = () => this.process[ProcessCell.Overflowed] as number;
		const table = (id: TableId, limit: number): Table => ({
			limit,
			get size() {
				return engine.tableSize(id);
			},
			get evicted() {
				return engine.tableEvicted(id);
			},
		});
		this.tables = {
			sessions: table(TableId.Sessions, limits.trackedMax),
			remembered: table(TableId.Remembered, limits.rememberedMax),
			resolvers: table(TableId.Resolvers, resolversMax),
			waitingQueries: table(TableId.WaitingQueries, waitingQueriesMax),
			duplicates: table(TableId.Duplicates, duplicatesMax),
		};

		const bySet = cellsAt(engine.setRows(), sizeMax * SetCell.Width);
		const ofSet = (cell: SetCell) => new Column(bySet, SetCell.Width, cell);
		this.queries = ofSet(SetCell.Queries);
		this.polls = ofSet(SetCell.Polls);
		this.bytesIn = ofSet(SetCell.BytesIn);
		this.bytesOut = ofSet(SetCell.BytesOut);
		this.moved = {
			queries: ofSet(SetCell.MovedQueries),
			bytesIn: ofSet(SetCell.MovedBytesIn),
			bytesOut: ofSet(SetCell.MovedBytesOut),
		};
		this.sessionsBegun = ofSet(SetCell.Begun);
		this.active = ofSet(SetCell.Active);
		this.peak = ofSet(SetCell.Peak);
		this.unanswered = ofSet(SetCell.Unanswered);
		this.edns = ofSet(SetCell.Edns);
		this.ednsBytes = ofSet(SetCell.EdnsBytes);
		this.upstream = {
			packetBytes: ofSet(SetCell.UpstreamBytes),
			pushes: ofSet(SetCell.UpstreamPushes),
			retransmissions: ofSet(SetCell.UpstreamRetransmissions),
		};
		this.downstream = {
			packetBytes: ofSet(SetCell.DownstreamBytes),
			pushes: ofSet(SetCell.DownstreamPushes),
			retransmissions: ofSet(SetCell.DownstreamRetransmissions),
		};
		const histogram = (id: HistogramId, scale: Scale, sum: SetCell) => {
			const cells = cellsOf(scale.cellBits, scale.doublingMax);
			const cumulative = cellsAt(engine.startDistribution(), cells);
			const cumulate = (sets: readonly number[]) => {
				engine.startDistribution();
				for (const set of sets) engine.addToDistribution(id, set);
				engine.endDistribution(id);
				return cumulative;
			};
			return new Histogram(scale, cumulate, ofSet(sum));
		};
		this.answerTimes = histogram(HistogramId.AnswerTimes, responseScale, SetCell.AnswerTimes);
		this.roundTrips = histogram(HistogramId.RoundTrips, tripScale, SetCell.RoundTrips);
		this.lives = histogram(HistogramId.Lives, lifeScale, SetCell.Lives);
		this.volumes = histogram(HistogramId.Volumes, volumeScale, SetCell.Volumes);

		const byDomain = cellsAt(engine.domainRows(), domains * DomainCell.Width);
		const ofDomain = (cell: DomainCell) => new Column(byDomain, DomainCell.Width, cell);
		this.activeByDomain = ofDomain(DomainCell.Active);
		this.peakByDomain = ofDomain(DomainCell.Peak);
		this.truncated = ofDomain(DomainCell.Truncated);
		this.unmatched = ofDomain(DomainCell.Unmatched);
		this.resolversSeen = ofDomain(DomainCell.ResolversSeen);
		this.smallAnswered = ofDomain(DomainCell.SmallAnswered);
		this.answeredLeast = ofDomain(DomainCell.AnsweredLeast);
		this.refusedMost = ofDomain(DomainCell.RefusedMost);
		this.lastQueryUs = ofDomain(DomainCell.LastQuery);
		this.lastResponseUs = ofDomain(DomainCell.LastResponse);
		this.responses = ofDomain(DomainCell.Responses);
		this.refusals = ofDomain(DomainCell.Refusals);
	}

	/** Live, before the frames of a batch: what both clocks show now, microseconds; from here on time is the monotonic one's. */
	synchronize(wallUs: number, monotonicUs: number): void {
		this.engine.synchronize(wallUs, monotonicUs);
	}

	/** Live, whether frames come or not: time passes, as far as no frame can come from before any more. */
	advance(monotonicUs: number): void {
		this.engine.advance(monotonicUs);
	}

	/** Time comes to `stampUs`, as if a frame of that time had come. */
	reach(stampUs: number): void {
		this.engine.reach(stampUs);
	}

	/** How many times the stamps of files went back by more than disorder; what was timed across such a step is wrong. */
	get stepsBack(): number {
		return this.engine.stepsBack();
	}

	/** How many times the stamps of files went forward by more than a second while a server's clock did not. */
	get stepsForward(): number {
		return this.engine.stepsForward();
	}

	/** Brings sessions and waiting queries up to now, for whoever looks next. */
	expire(): void {
		this.engine.expire();
	}

	/** When expire() next has something to do, in microseconds on the clock's scale; infinite if never. */
	get nextExpiryUs(): number {
		return this.engine.nextExpiryUs();
	}

	/** The databases changed: every origin is asked for again when its resolver is next seen. */
	forgetOrigins(): void {
		this.engine.forgetOrigins();
	}

	/** The sums over some label sets, a number for each SetCell; they hold until the next call. */
	totalsOf(sets: readonly number[]): (cell: SetCell) => number {
		const { engine, totals } = this;
		engine.startTotals();
		for (const set of sets) engine.addToTotals(set);
		return (cell) => totals[cell] as number;
	}

	/** Copies of datagrams that were counted already. */
	get duplicates(): number {
		return this.process[ProcessCell.Duplicates] as number;
	}

	faultsOf(reason: Fault): number {
		return this.process[ProcessCell.Faults + reason] as number;
	}

	foreignOf(reason: Foreign): number {
		return this.process[ProcessCell.Foreigns + reason] as number;
	}

	segmentFaultsOf(reason: SegmentFault): number {
		return this.process[ProcessCell.SegmentFaults + reason] as number;
	}

	refusalsOf(domain: number, reason: Refusal): number {
		return this.refusals.at(domain, reason);
	}

	responsesOf(domain: number, rcode: number): number {
		return this.responses.at(domain, rcode);
	}
}
