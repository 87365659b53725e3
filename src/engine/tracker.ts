import { type RecordTypeName, recordTypeNames, recordTypes, type Tunnel } from "../tunnel.ts";
import { DomainCell, ProcessCell, SetCell } from "../wasm/shared/cells.ts";
import { domainVoteBytes, labelAt, lookalikeAt, recordTypeAt, votesAt } from "../wasm/shared/domainvote.ts";
import type { Fault, Lookalike, Refusal, SegmentFault, Unrelated } from "../wasm/shared/fault.ts";
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
import { payloadTypeIndex } from "../wasm/shared/wire.ts";
import { Column } from "./column.ts";
import type { EngineExports } from "./exports.ts";
import { bytesScale, durationScale, Histogram, responseScale, type Scale, timeScale } from "./histogram.ts";

/** The bounds of the cells for advertised EDNS payload sizes (reasons: wasm/shared/limits.ts). */
export const ednsBounds = [ednsLeast, ednsScarce, ednsEnough, ednsFrame, ednsMost] as const;

/** The domain of a free number in Tracker.sets. */
export const noDomain = -1;

export interface TrackerLimits {
	readonly tunnels: readonly Tunnel[];
	readonly trackedMax: number;
	readonly rememberedMax: number;
	readonly labelSetsMax: number;
	/** Origins whose label sets have no limit. */
	readonly keptOrigins: number;
}

/** The public view of a bounded table. */
export interface Table {
	readonly limit: number;
	readonly size: number;
	/** The number of evicted entries. */
	readonly evicted: number;
}

/** Domain and origin of each label set, by its number. The domain of a free number is `noDomain`. */
interface LabelSets {
	/** Numbers are below this. */
	readonly size: number;
	/** The largest possible number of sets: the limit, and the kept origins' sets in each domain. */
	readonly sizeMax: number;
	/** The number of sets that count towards the limit. */
	readonly limited: number;
	readonly limit: number;
	/** The number of times that a set was retired: when this changed, numbers may be free, or mean another set. */
	readonly retired: number;
	/** The number of lookups that found no room and returned the other of their country. */
	readonly overflowed: number;
	readonly domains: Int32Array;
	readonly origins: Int32Array;
}

/** A tunnel under a domain that has one label more than the configured one. */
export interface LabelledTunnel {
	/** In lower case; letters, digits, - and _. */
	readonly label: string;
	readonly lookalike: Lookalike;
	readonly recordType: RecordTypeName;
}

type TableName = "sessions" | "remembered" | "resolvers" | "waitingQueries" | "duplicates";

/** Counts of one direction, by label set. */
interface Direction {
	/** Bytes of the packets that the tunnel carried. */
	readonly packetBytes: Column;
	/** KCP pushes, and the retransmissions among them. */
	readonly pushes: Column;
	readonly retransmissions: Column;
}

/**
 * The tracker's state, in the module's memory (src/wasm/track). Columns have a row for each label set, by its number,
 * or for each domain, by its index.
 */
export class Tracker {
	readonly sets: LabelSets;
	readonly tables: Readonly<Record<TableName, Table>>;

	/** By label set. */
	readonly queries: Column;
	readonly polls: Column;
	readonly bytesIn: Column;
	readonly bytesOut: Column;
	/** The parts of these that moved between label sets when one was retired; see SetCell. */
	readonly moved: Readonly<Record<"queries" | "bytesIn" | "bytesOut", Column>>;
	readonly sessionsBegun: Column;
	readonly active: Column;
	readonly peak: Column;
	readonly unanswered: Column;
	/**
	 * Queries, accepted or refused for it, by the EDNS payload size that their resolver advertised: a cell up to each of
	 * ednsBounds, and one above.
	 */
	readonly edns: Column;
	readonly ednsBytes: Column;
	readonly upstream: Direction;
	readonly downstream: Direction;
	/** Response times; round trip times to clients. */
	readonly responseTimes: Histogram;
	readonly roundTrips: Histogram;
	/** Values of sessions that ended: time from the first to the last query, and bytes of DNS messages. */
	readonly sessionDurations: Histogram;
	readonly sessionBytes: Histogram;
	/** Those that the decoder reads, in the order of the domains' indexes. */
	readonly tunnels: readonly Tunnel[];
	/** By domain. */
	readonly activeByDomain: Column;
	readonly peakByDomain: Column;
	readonly truncated: Column;
	/** Responses that matched no query. */
	readonly unmatched: Column;
	readonly resolversSeen: Column;
	/** Evidence about the server's -mtu in its answers (wasm/shared/cells.ts). */
	readonly smallAnswered: Column;
	readonly answeredLeast: Column;
	readonly refusedMost: Column;
	/** Queries that carry data as the tunnel's clients send it, and NOERROR responses with answers to queries that count as refused. */
	readonly fitting: Column;
	readonly refusedAnswered: Column;
	/** Queries that carry data as those of labelledTunnel. */
	readonly labelled: Column;
	private readonly domainVotes: DataView;
	private readonly lookalikes: Column;
	private readonly lookalikeTypes: Column;
	/** Times of the latest query, and of the latest response to one, in microseconds on the clock's scale; 0 before the first. */
	readonly lastQueryUs: Column;
	readonly lastResponseUs: Column;
	private readonly responses: Column;
	private readonly refusals: Column;
	private readonly process: Float64Array;
	private readonly totals: Float64Array;

	// Long: a column or a histogram for each export of the module, and nothing else.
	constructor(
		private readonly engine: EngineExports,
		limits: TrackerLimits,
	) {
		const { labelSetsMax } = limits;
		const domains = limits.tunnels.length;
		this.tunnels = limits.tunnels;
		const sizeMax = labelSetsMax + domains * limits.keptOrigins;
		const { buffer } = engine.memory;
		const cellsAt = (address: number, count: number) => new Float64Array(buffer, address, count);
		this.process = cellsAt(engine.processRow(), ProcessCell.Width);
		this.totals = cellsAt(engine.startTotals(), SetCell.Width);
		const overflowed = () => this.process[ProcessCell.Overflowed] as number;
		this.sets = labelSetsOf(engine, labelSetsMax, sizeMax, overflowed);
		this.tables = tablesOf(engine, limits);

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
		const histogram = (id: HistogramId, scale: Scale, sum: SetCell) => histogramOf(engine, id, scale, ofSet(sum));
		this.responseTimes = histogram(HistogramId.ResponseTimes, responseScale, SetCell.ResponseTimes);
		this.roundTrips = histogram(HistogramId.RoundTrips, timeScale, SetCell.RoundTrips);
		this.sessionDurations = histogram(HistogramId.SessionDurations, durationScale, SetCell.SessionDurations);
		this.sessionBytes = histogram(HistogramId.SessionBytes, bytesScale, SetCell.SessionBytes);

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
		this.fitting = ofDomain(DomainCell.Fitting);
		this.refusedAnswered = ofDomain(DomainCell.RefusedAnswered);
		this.labelled = ofDomain(DomainCell.Labelled);
		this.domainVotes = new DataView(buffer, engine.domainVotes(), domains * domainVoteBytes);
		this.lookalikes = ofDomain(DomainCell.Lookalikes);
		this.lookalikeTypes = ofDomain(DomainCell.LookalikeTypes);
		this.lastQueryUs = ofDomain(DomainCell.LastQuery);
		this.lastResponseUs = ofDomain(DomainCell.LastResponse);
		this.responses = ofDomain(DomainCell.Responses);
		this.refusals = ofDomain(DomainCell.Refusals);
	}

	/**
	 * Live, before the frames of a batch: the present values of both clocks, in microseconds. From now on time is on the
	 * monotonic clock's scale.
	 */
	synchronize(wallUs: number, monotonicUs: number): void {
		this.engine.synchronize(wallUs, monotonicUs);
	}

	/** Live, with or without frames: time passes up to the moment before which no frame can arrive any more. */
	advance(monotonicUs: number): void {
		this.engine.advance(monotonicUs);
	}

	/** Moves the clock to `stampUs`, as a frame with that stamp would. */
	reach(stampUs: number): void {
		this.engine.reach(stampUs);
	}

	/** Whether a query that counts, or a response of a server, has come for any domain. */
	get hasTraffic(): boolean {
		return this.queries.sum + this.unmatched.sum > 0;
	}

	/** The number of times that the stamps of files went back by more than disorder; times across such a step are wrong. */
	get stepsBack(): number {
		return this.engine.stepsBack();
	}

	/** The number of times that the stamps of files went forward by more than a second while a server's clock did not. */
	get stepsForward(): number {
		return this.engine.stepsForward();
	}

	/** Returns a time on the clock's scale in microseconds since 1970, live by the wall clock as it is set now. */
	wallUsOf(timeUs: number): number {
		return this.engine.wallUsOf(timeUs);
	}

	/** Brings sessions and waiting queries up to now; must be called before they are read. */
	expire(): void {
		this.engine.expire();
	}

	/** The time at which expire() must be called next, in microseconds on the clock's scale; infinite if never. */
	get nextExpiryUs(): number {
		return this.engine.nextExpiryUs();
	}

	/** After a change of the databases every origin is looked up again when its resolver next occurs. */
	forgetOrigins(): void {
		this.engine.forgetOrigins();
	}

	/** Returns the sums over some label sets for each SetCell, valid until the next call. */
	totalsOf(sets: readonly number[]): (cell: SetCell) => number {
		const { engine, totals } = this;
		engine.startTotals();
		for (const set of sets) engine.addToTotals(set);
		return (cell) => totals[cell] as number;
	}

	/** Duplicates of datagrams that were counted already. */
	get duplicates(): number {
		return this.process[ProcessCell.Duplicates] as number;
	}

	/** Frames into which the kernel joined several datagrams. */
	get joinedFrames(): number {
		return this.process[ProcessCell.JoinedFrames] as number;
	}

	faultsOf(reason: Fault): number {
		return this.process[ProcessCell.Faults + reason] as number;
	}

	unrelatedOf(reason: Unrelated): number {
		return this.process[ProcessCell.Unrelated + reason] as number;
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

	/** The tunnel that most of the queries in `labelled` seem to be of; null without any. */
	labelledTunnel(domain: number): LabelledTunnel | null {
		const { domainVotes: votes } = this;
		const row = domain * domainVoteBytes;
		if (votes.getUint32(row + votesAt, true) === 0) return null;
		const type = votes.getUint32(row + recordTypeAt, true);
		const recordType = recordTypeNames.find((name) => recordTypes[name] === type);
		if (recordType === undefined) return null;
		const start = votes.byteOffset + row + labelAt;
		const octets = new Uint8Array(votes.buffer, start + 1, votes.getUint8(row + labelAt));
		const label = String.fromCharCode(...octets);
		return { label, lookalike: votes.getUint32(row + lookalikeAt, true), recordType };
	}

	/** Queries of a domain that carry data as the clients of another tunnel send it, by what that seems to be. */
	lookalikesOf(domain: number, lookalike: Lookalike): number {
		return this.lookalikes.at(domain, lookalike);
	}

	/** The same queries by their type. */
	lookalikeTypesOf(domain: number, type: RecordTypeName): number {
		return this.lookalikeTypes.at(domain, payloadTypeIndex(recordTypes[type]));
	}
}

function labelSetsOf(engine: EngineExports, limit: number, sizeMax: number, overflowed: () => number): LabelSets {
	const { buffer } = engine.memory;
	return {
		get size() {
			return engine.labelSetsSize();
		},
		sizeMax,
		get limited() {
			return engine.labelSetsLimited();
		},
		limit,
		get retired() {
			return engine.labelSetsRetired();
		},
		get overflowed() {
			return overflowed();
		},
		domains: new Int32Array(buffer, engine.labelSetDomains(), sizeMax),
		origins: new Int32Array(buffer, engine.labelSetOrigins(), sizeMax),
	};
}

function tablesOf(engine: EngineExports, limits: TrackerLimits): Record<TableName, Table> {
	const table = (id: TableId, limit: number): Table => ({
		limit,
		get size() {
			return engine.tableSize(id);
		},
		get evicted() {
			return engine.tableEvicted(id);
		},
	});
	return {
		sessions: table(TableId.Sessions, limits.trackedMax),
		remembered: table(TableId.Remembered, limits.rememberedMax),
		resolvers: table(TableId.Resolvers, resolversMax),
		waitingQueries: table(TableId.WaitingQueries, waitingQueriesMax),
		duplicates: table(TableId.Duplicates, duplicatesMax),
	};
}

/** All histograms share the memory of one distribution, which each fills anew. */
function histogramOf(engine: EngineExports, id: HistogramId, scale: Scale, sums: Column): Histogram {
	const cells = cellsOf(scale.cellBits, scale.doublingMax);
	const cumulative = new Float64Array(engine.memory.buffer, engine.startDistribution(), cells);
	const cumulate = (sets: readonly number[]) => {
		engine.startDistribution();
		for (const set of sets) engine.addToDistribution(id, set);
		engine.endDistribution(id);
		return cumulative;
	};
	return new Histogram(scale, cumulate, sums);
}
