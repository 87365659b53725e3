import { faultNames, foreignNames, refusalNames } from "../decode/fault.ts";
import type { Origin } from "../geoip/origins.ts";
import { rcodeCount, type Tracker } from "../track/tracker.ts";
import { byReason, type Figures, figuresOf, groupSets } from "./figures.ts";

export interface DomainFigures extends Figures {
	readonly domain: string;
	/** Highest number of clients active at one time, over all label sets. */
	readonly peak_clients: number;
	readonly responses: number;
	/** Queries under the domain that carry no session. */
	readonly refused_queries: number;
	/** The same by reason; reasons without any are left out. */
	readonly refused: Readonly<Record<string, number>>;
}

/** What `inspect` tells of captures, in the form of its JSON output. Active clients are those at the last packet. */
export interface Report {
	readonly files: readonly string[];
	readonly packets: number;
	/** RFC 3339, UTC; null without packets. */
	readonly first_packet: string | null;
	readonly last_packet: string | null;
	readonly duration_seconds: number;
	readonly domains: readonly DomainFigures[];
	/** Null without the database. Most queries first. */
	readonly countries: readonly (Figures & { readonly country: string })[] | null;
	readonly asns: readonly (Figures & { readonly asn: string })[] | null;
	readonly duplicates: number;
	readonly faults: Readonly<Record<string, number>>;
	readonly foreign: Readonly<Record<string, number>>;
	/** Captures that broke off, one line each; their packets up to there are in the figures. */
	readonly broken: readonly string[];
}

/** What was read, beside what the tracker holds. */
export interface Reading {
	readonly files: readonly string[];
	readonly broken: readonly string[];
	readonly packets: number;
	/** The earliest and the latest time stamp, microseconds; without meaning when there is no packet. */
	readonly firstUs: number;
	readonly lastUs: number;
}

export interface ReportSources {
	readonly tracker: Tracker;
	readonly domains: readonly string[];
	readonly origins: { readonly hasCountry: boolean; readonly hasAsn: boolean; readonly origins: readonly Origin[] };
}

export function createReport(reading: Reading, sources: ReportSources): Report {
	const { tracker, origins } = sources;
	tracker.expire();
	const bySet = <Key>(keyOf: (set: number) => Key) =>
		new Map([...groupSets(tracker, keyOf)].map(([key, sets]) => [key, figuresOf(tracker, sets)] as const));
	const byDomain = bySet((set) => tracker.sets.domains[set] as number);
	const originOf = (set: number) => origins.origins[tracker.sets.origins[set] as number] as Origin;
	const ranked = <Key>(groups: Map<Key, Figures>) => [...groups].sort(([, a], [, b]) => b.queries - a.queries);
	return {
		files: reading.files,
		packets: reading.packets,
		first_packet: reading.packets === 0 ? null : timeText(reading.firstUs),
		last_packet: reading.packets === 0 ? null : timeText(reading.lastUs),
		duration_seconds: reading.packets === 0 ? 0 : (reading.lastUs - reading.firstUs) / 1e6,
		domains: sources.domains.map((domain, index) => {
			const refused = byReason(refusalNames, (reason) => tracker.refusalsOf(index, reason));
			return {
				domain,
				...(byDomain.get(index) ?? figuresOf(tracker, [])),
				peak_clients: tracker.peakByDomain[index] as number,
				responses: Array.from({ length: rcodeCount }, (_, rcode) => tracker.responsesOf(index, rcode)).reduce(
					(a, b) => a + b,
				),
				refused_queries: Object.values(refused).reduce((sum, count) => sum + count, 0),
				refused,
			};
		}),
		countries: origins.hasCountry
			? ranked(bySet((set) => originOf(set).country)).map(([country, figures]) => ({ country, ...figures }))
			: null,
		asns: origins.hasAsn
			? ranked(bySet((set) => originOf(set).asn)).map(([asn, figures]) => ({ asn, ...figures }))
			: null,
		duplicates: tracker.copies,
		faults: byReason(faultNames, (reason) => tracker.faultsOf(reason)),
		foreign: byReason(foreignNames, (reason) => tracker.foreignOf(reason)),
		broken: reading.broken,
	};
}

/** RFC 3339 with microseconds, as captures keep them. */
function timeText(timeUs: number): string {
	const seconds = Math.floor(timeUs / 1e6);
	const fraction = String(timeUs - seconds * 1e6).padStart(6, "0");
	return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, `.${fraction}Z`);
}
