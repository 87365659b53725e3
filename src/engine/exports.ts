import type { Lookalike } from "../wasm/shared/fault.ts";
import type { HistogramId, TableId } from "../wasm/shared/ids.ts";

/** The exports of src/wasm/module.ts. Addresses are offsets into `memory`; times are microseconds. */
export interface EngineExports {
	readonly memory: WebAssembly.Memory;
	setUp(
		batchBytes: number,
		domains: number,
		labelSetsMax: number,
		othersFrom: number,
		keptOrigins: number,
		trackedMax: number,
		rememberedMax: number,
		activeWindowUs: number,
	): number;
	seed(a: number, b: number, c: number, d: number): void;
	addTunnel(
		index: number,
		wire: number,
		recordType: number,
		clientIdBytes: number,
		mtu: number,
		labels: number,
		octets: number,
		octetCount: number,
	): void;
	setLinkType(linkType: number): void;
	addPort(port: number): void;
	startSpan(fromUs: number, toUs: number): void;
	spanFrames(): number;
	spanFirstUs(): number;
	spanLastUs(): number;
	observeBatch(start: number, used: number, untilUs: number): number;
	findMessage(start: number, used: number): number;
	sightedLookalike(): Lookalike;
	sightedType(): number;
	sightedPort(): number;
	sightedInterface(): number;
	sightedDomain(): number;
	sightedDomainOctets(): number;
	synchronize(wallUs: number, monotonicUs: number): void;
	advance(monotonicUs: number): void;
	reach(stampUs: number): void;
	stepsBack(): number;
	stepsForward(): number;
	wallUsOf(timeUs: number): number;
	expire(): void;
	nextExpiryUs(): number;
	forgetOrigins(): void;
	setRows(): number;
	domainRows(): number;
	domainVotes(): number;
	processRow(): number;
	labelSetsSize(): number;
	labelSetsLimited(): number;
	labelSetsRetired(): number;
	/** 1 or 0. */
	isOriginUsed(origin: number): number;
	labelSetDomains(): number;
	labelSetOrigins(): number;
	startTotals(): number;
	addToTotals(set: number): void;
	startDistribution(): number;
	addToDistribution(id: HistogramId, set: number): void;
	endDistribution(id: HistogramId): void;
	tableSize(id: TableId): number;
	tableEvicted(id: TableId): number;
}
