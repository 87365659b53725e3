import { domainToUnicode } from "node:url";
import { faultNames, foreignNames, refusalNames } from "../decode/fault.ts";
import type { Origin } from "../geoip/origins.ts";
import { type CaptureState, Collectors, type Sources } from "../metrics/collect.ts";
import { byReason, figuresOf, groupSets } from "../report/figures.ts";
import { total } from "../track/columns.ts";
import type { Distribution } from "../track/histogram.ts";
import { ednsBounds, type Tracker } from "../track/tracker.ts";
import type { RateMeter } from "./rates.ts";
import type { Amounts, CaptureStatus, HealthStatus, OriginStatus, Ranking, Status, TimesStatus } from "./status.ts";

/** Rows of countries and of networks that viewers are sent: more is for /metrics. */
export const rankedMax = 100;

export interface SnapshotOptions {
	readonly sources: Sources;
	readonly rates: RateMeter;
	readonly activeWindowMs: number;
	readonly startedUs: number;
	/** What the metrics' sources do not know of the capture; `since` is microseconds since 1970. */
	capture(): { readonly ports: readonly number[]; readonly sinceUs: number };
}

/** Makes a function that gives the status of now, from the state that the metrics are collected from. */
export function createSnapshot(options: SnapshotOptions): (wallUs: number, monotonicUs: number) => Status {
	const { sources, rates } = options;
	const { tracker, origins, domains } = sources;
	const collectors = new Collectors(sources);
	const unicodeNames = domains.map((domain) => domainToUnicode(domain) || domain);

	return (wallUs, monotonicUs) => {
		tracker.clock.advance(monotonicUs);
		tracker.expire();
		const amountsOf = (sets: readonly number[]): Amounts => ({
			...figuresOf(tracker, sets),
			...rates.ratesOf(sets, monotonicUs),
		});
		const all = Array.from({ length: tracker.sets.size }, (_, set) => set);
		const byDomain = groupSets(tracker, (set) => tracker.sets.domains[set] as number);
		const originOf = (set: number) => origins.origins[tracker.sets.origins[set] as number] as Origin;
		const ranking = <Row>(
			keyOf: (set: number) => string,
			row: (key: string, status: OriginStatus) => Row,
		): Ranking<Row> => {
			const groups = [...groupSets(tracker, keyOf)].map(([key, sets]) => ({ key, sets, amounts: amountsOf(sets) }));
			groups.sort(
				(a, b) => b.amounts.active_clients - a.amounts.active_clients || b.amounts.queries - a.amounts.queries,
			);
			const rows = groups
				.slice(0, rankedMax)
				.map(({ key, sets, amounts }) => row(key, { ...amounts, ...linkOf(tracker, sets) }));
			return { rows, count: groups.length };
		};
		return {
			time: timeText(wallUs),
			started: timeText(options.startedUs),
			version: sources.build.version,
			active_window_seconds: options.activeWindowMs / 1_000,
			total: {
				...amountsOf(all),
				peak_clients: domains.length === 1 ? (tracker.peakByDomain[0] as number) : null,
			},
			domains: domains.map((domain, index) => ({
				domain,
				domain_unicode: unicodeNames[index] as string,
				...amountsOf(byDomain.get(index) ?? []),
				peak_clients: tracker.peakByDomain[index] as number,
				refused_queries: sum(Object.values(byReason(refusalNames, (reason) => tracker.refusalsOf(index, reason)))),
			})),
			countries: origins.hasCountry
				? ranking(
						(set) => originOf(set).country,
						(country, status) => ({ country, ...status }),
					)
				: null,
			asns: origins.hasAsn
				? ranking(
						(set) => originOf(set).asn,
						(asn, status) => ({ asn, ...status }),
					)
				: null,
			health: healthOf(tracker, collectors, all, domains.length),
			capture: captureOf(tracker, sources.capture(), options.capture()),
		};
	};
}

/** What the segments in the clear tell of the way to the clients of these label sets. */
function linkOf(
	tracker: Tracker,
	sets: readonly number[],
): Pick<OriginStatus, "round_trip_median_seconds" | "retransmission_ratio"> {
	const { roundTrips, downstream } = tracker.health;
	return {
		round_trip_median_seconds: roundTrips.distribution(sets).quantile(0.5),
		retransmission_ratio: ratio(total(downstream.retransmissions, sets), total(downstream.pushes, sets)),
	};
}

function healthOf(tracker: Tracker, collectors: Collectors, all: readonly number[], domains: number): HealthStatus {
	const { health } = tracker;
	const { upstream, downstream } = health;
	const queries = total(tracker.queries, all);
	const unanswered = total(tracker.unanswered, all);
	const small = ednsBounds.indexOf(1_232);
	const belowLimit = sum(all.flatMap((set) => ednsBounds.slice(0, small).map((_, cell) => tracker.ednsOf(set, cell))));
	const responses: Record<string, number> = {};
	for (const { labels, value } of collectors.collect("responses")) {
		const rcode = labels.rcode as string;
		if (value > 0) responses[rcode] = (responses[rcode] ?? 0) + value;
	}
	const eachDomain = Array.from({ length: domains }, (_, domain) => domain);
	return {
		round_trip_seconds: timesOf(health.roundTrips.distribution(all)),
		answer_seconds: timesOf(tracker.answerTimes.distribution(all)),
		retransmission_ratio_out: ratio(total(downstream.retransmissions, all), total(downstream.pushes, all)),
		retransmission_ratio_in: ratio(total(upstream.retransmissions, all), total(upstream.pushes, all)),
		overhead_ratio: ratio(
			total(tracker.bytesIn, all) + total(tracker.bytesOut, all),
			total(upstream.packetBytes, all) + total(downstream.packetBytes, all),
		),
		unanswered_queries: unanswered,
		unanswered_ratio: ratio(unanswered, queries),
		truncated_responses: total(tracker.truncated, eachDomain),
		edns_below_1232_ratio: ratio(belowLimit, queries),
		responses,
		refused: byReason(refusalNames, (reason) => sum(eachDomain.map((domain) => tracker.refusalsOf(domain, reason)))),
	};
}

function captureOf(
	tracker: Tracker,
	state: CaptureState | null,
	more: { readonly ports: readonly number[]; readonly sinceUs: number },
): CaptureStatus {
	return {
		interface: state?.interfaceName ?? "",
		ports: more.ports,
		up: state?.up ?? false,
		since: timeText(more.sinceUs),
		reopened: state?.reopened ?? 0,
		received: state?.received ?? 0,
		dropped_by_kernel: state?.droppedByKernel ?? 0,
		dropped_by_interface: state?.droppedByInterface ?? 0,
		faults: sum(Object.values(byReason(faultNames, (reason) => tracker.faultsOf(reason)))),
		foreign: byReason(foreignNames, (reason) => tracker.foreignOf(reason)),
	};
}

function timesOf(times: Distribution): TimesStatus | null {
	const median = times.quantile(0.5);
	const p95 = times.quantile(0.95);
	return times.count === 0 || median === null || p95 === null ? null : { count: times.count, median, p95 };
}

function ratio(part: number, whole: number): number | null {
	return whole === 0 ? null : part / whole;
}

function sum(values: readonly number[]): number {
	return values.reduce((all, value) => all + value, 0);
}

/** RFC 3339 with milliseconds. */
function timeText(timeUs: number): string {
	return new Date(timeUs / 1_000).toISOString();
}
