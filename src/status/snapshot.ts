import { unicodeDomain } from "../config/values.ts";
import { faultNames, unrelatedNames } from "../engine/reasons.ts";
import type { Tracker } from "../engine/tracker.ts";
import type { CaptureState, Sources } from "../metrics/sources.ts";
import type { DomainFigures } from "../summary/domains.ts";
import { byReason, figuresOf, groupSets } from "../summary/figures.ts";
import type { HealthFigures } from "../summary/health.ts";
import type { PlaceSets, RankedPlaces } from "../summary/places.ts";
import { placeKey, type WindowReading } from "../summary/window.ts";
import type { Assessment } from "./assessment.ts";
import type { RateMeter } from "./rates.ts";
import type { Amounts, CaptureStatus, HealthStatus, OriginStatus, Ranking, Status } from "./status.ts";

export interface SnapshotOptions {
	readonly sources: Sources;
	readonly rates: RateMeter;
	readonly activeWindowMs: number;
	/** The name of this host. */
	readonly host: string;
	/** When the exporter started, in microseconds since 1970 by the wall clock as it is set now. */
	startedUs(): number;
	/** What the metrics' sources do not know of the capture; `since` is microseconds since 1970. */
	capture(): { readonly ports: readonly number[]; readonly sinceUs: number };
}

/** Creates a function that returns the current status, from the state that the metrics are collected from. */
export function createSnapshot(
	options: SnapshotOptions,
): (assessment: Assessment, wallUs: number, monotonicUs: number) => Status {
	const { sources, rates } = options;
	const { tracker } = sources;
	const unicodeNames = sources.domains.map(unicodeDomain);

	return ({ reading, conditions, lastQueriesUs }, wallUs, monotonicUs) => {
		const amountsOf = (sets: readonly number[]): Amounts => ({
			...figuresOf(tracker, sets),
			...rates.ratesOf(sets, monotonicUs),
		});
		const ranked = <Named>(places: RankedPlaces | null, nameOf: (place: PlaceSets) => Named) =>
			places && rankingOf(reading, places, amountsOf, nameOf);
		const all = Array.from({ length: tracker.sets.size }, (_, set) => set);
		const byDomain = groupSets(tracker, (set) => tracker.sets.domains[set] as number);
		const { figures, total } = reading;
		const { domains } = total;
		return {
			time: timeText(wallUs),
			started: timeText(options.startedUs()),
			version: sources.build.version,
			host: options.host,
			active_window_seconds: options.activeWindowMs / 1_000,
			total: {
				...amountsOf(all),
				peak_clients: domains.length === 1 ? (domains[0]?.peak_clients ?? 0) : null,
			},
			domains: domains.map(({ domain, peak_clients, refused_queries }, index) => ({
				domain,
				domain_unicode: unicodeNames[index] as string,
				...amountsOf(byDomain.get(index) ?? []),
				peak_clients,
				refused_queries,
				last_query: lastText(lastQueriesUs[index]),
			})),
			countries: ranked(reading.countries, ({ label: country }) => ({ country })),
			asns: ranked(reading.networks, ({ label: asn, origin: { organization } }) => ({ asn, organization })),
			recent: {
				seconds: figures.seconds,
				queries: figures.domains.reduce((sum, { queries }) => sum + queries, 0),
				health: healthStatus(figures.domains, figures.health),
			},
			health: healthStatus(domains, total.health),
			conditions,
			capture: captureOf(tracker, sources.capture(), options.capture()),
		};
	};
}

function rankingOf<Named>(
	{ placeHealth }: WindowReading,
	{ places, count }: RankedPlaces,
	amountsOf: (sets: readonly number[]) => Amounts,
	nameOf: (place: PlaceSets) => Named,
): Ranking<Named & OriginStatus> {
	const rows = places.map((place) => {
		const health = placeHealth.get(placeKey(place));
		return {
			...nameOf(place),
			...amountsOf(place.sets),
			round_trip_median_seconds: health?.round_trip_seconds?.median ?? null,
			retransmission_ratio: health?.retransmission_ratio_out ?? null,
		};
	});
	return { rows, count };
}

function healthStatus(domains: readonly DomainFigures[], health: HealthFigures): HealthStatus {
	return {
		...health,
		responses_by_rcode: added(domains, (row) => row.responses_by_rcode),
		truncated_responses: domains.reduce((sum, row) => sum + row.truncated_responses, 0),
		refused: added(domains, (row) => row.refused),
	};
}

/** Counts by name, over all domains. */
function added(
	domains: readonly DomainFigures[],
	of: (row: DomainFigures) => Readonly<Record<string, number>>,
): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const row of domains) {
		for (const [name, count] of Object.entries(of(row))) counts[name] = (counts[name] ?? 0) + count;
	}
	return counts;
}

function captureOf(
	tracker: Tracker,
	state: CaptureState | null,
	more: { readonly ports: readonly number[]; readonly sinceUs: number },
): CaptureStatus {
	const counts = state?.counts.get(state.interfaceName);
	return {
		interface: state?.interfaceName ?? "",
		ports: more.ports,
		up: state?.up ?? false,
		since: timeText(more.sinceUs),
		reopened: counts?.reopened ?? 0,
		received: counts?.received ?? 0,
		dropped_by_kernel: counts?.droppedByKernel ?? 0,
		dropped_by_interface: counts?.droppedByInterface ?? 0,
		malformed_packets: byReason(faultNames, (reason) => tracker.faultsOf(reason)),
		unrelated_packets: byReason(unrelatedNames, (reason) => tracker.unrelatedOf(reason)),
	};
}

/** RFC 3339 with milliseconds. */
function timeText(timeUs: number): string {
	return new Date(timeUs / 1_000).toISOString();
}

function lastText(timeUs: number | null | undefined): string | null {
	return timeUs === null || timeUs === undefined ? null : timeText(timeUs);
}
