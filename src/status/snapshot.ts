import { unicodeDomain } from "../config/values.ts";
import { faultNames, unrelatedNames } from "../engine/reasons.ts";
import type { Tracker } from "../engine/tracker.ts";
import type { Origin } from "../geoip/origins.ts";
import type { CaptureState, Sources } from "../metrics/collect.ts";
import { diagnose, type Place, type PlaceKind, placeOf } from "../summary/diagnosis.ts";
import { type DomainFigures, domainsOf } from "../summary/domains.ts";
import { byReason, figuresOf, groupSets } from "../summary/figures.ts";
import { healthOf } from "../summary/health.ts";
import { countryName, networkName } from "../summary/names.ts";
import type { RateMeter } from "./rates.ts";
import type { Amounts, AsnStatus, CaptureStatus, CountryStatus, OriginStatus, Ranking, Status } from "./status.ts";

/** Rows of countries and of networks that viewers are sent, over slow links too: more is for /metrics. */
export const rankedMax = 50;

export interface SnapshotOptions {
	readonly sources: Sources;
	readonly rates: RateMeter;
	readonly activeWindowMs: number;
	/** When the exporter started, in microseconds since 1970 by the wall clock as it is set now. */
	startedUs(): number;
	/** Time passes, as far as all frames from before were read; what ends with it has ended. */
	passTime(): void;
	/** What the metrics' sources do not know of the capture; `since` is microseconds since 1970. */
	capture(): { readonly ports: readonly number[]; readonly sinceUs: number };
}

/** Creates a function that returns the current status, from the state that the metrics are collected from. */
export function createSnapshot(options: SnapshotOptions): (wallUs: number, monotonicUs: number) => Status {
	const { sources, rates } = options;
	const { tracker, geoLabels } = sources;
	const unicodeNames = sources.domains.map(unicodeDomain);
	const originOf = (set: number) => geoLabels.origins[tracker.sets.origins[set] as number] as Origin;

	return (wallUs, monotonicUs) => {
		options.passTime();
		const amountsOf = (sets: readonly number[]): Amounts => ({
			...figuresOf(tracker, sets),
			...rates.ratesOf(sets, monotonicUs),
		});
		const all = Array.from({ length: tracker.sets.size }, (_, set) => set);
		const byDomain = groupSets(tracker, (set) => tracker.sets.domains[set] as number);
		const domains = domainsOf(sources);
		const places: Place[] = [];
		const ranked = createRanking(tracker, originOf, amountsOf, places);
		const countries: Ranking<CountryStatus> | null = geoLabels.hasCountry
			? named(
					ranked(
						(set) => originOf(set).country,
						"country",
						({ country }) => countryName(country),
					),
					({ country }, row) => ({ country, ...row }),
				)
			: null;
		const asns: Ranking<AsnStatus> | null = geoLabels.hasAsn
			? named(
					ranked(
						(set) => originOf(set).asn,
						"network",
						({ asn, organization }) => networkName(asn, organization),
					),
					({ asn, organization }, row) => ({ asn, organization, ...row }),
				)
			: null;
		if (countries === null && asns === null) places.push(...domains.map((row) => placeOf("domain", row.domain, row)));
		return {
			time: timeText(wallUs),
			started: timeText(options.startedUs()),
			version: sources.build.version,
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
			})),
			countries,
			asns,
			health: {
				...(domains.length === 1 && domains[0] !== undefined ? domains[0].health : healthOf(tracker, all)),
				responses_by_rcode: added(domains, (row) => row.responses_by_rcode),
				truncated_responses: domains.reduce((sum, row) => sum + row.truncated_responses, 0),
				refused: added(domains, (row) => row.refused),
			},
			diagnosis: diagnose(domains, places),
			capture: captureOf(tracker, sources.capture(), options.capture()),
		};
	};
}

/** Returns a function that ranks the label sets of a key; it adds a place for each row to `places`. */
function createRanking(
	tracker: Tracker,
	originOf: (set: number) => Origin,
	amountsOf: (sets: readonly number[]) => Amounts,
	places: Place[],
) {
	return (
		keyOf: (set: number) => string,
		kind: PlaceKind,
		nameOf: (origin: Origin) => string,
	): Ranking<OriginStatus & { readonly origin: Origin }> => {
		// There may be thousands: only the first rows get all their figures.
		const groups = [...groupSets(tracker, keyOf).values()].map((sets) => ({
			sets,
			active: tracker.active.total(sets),
			queries: tracker.queries.total(sets),
		}));
		groups.sort((a, b) => b.active - a.active || b.queries - a.queries);
		const rows = groups.slice(0, rankedMax).map(({ sets, queries }) => {
			const health = healthOf(tracker, sets);
			const origin = originOf(sets[0] as number);
			places.push(placeOf(kind, nameOf(origin), { queries, health }));
			return {
				origin,
				...amountsOf(sets),
				round_trip_median_seconds: health.round_trip_seconds?.median ?? null,
				retransmission_ratio: health.retransmission_ratio_out,
			};
		});
		return { rows, count: groups.length };
	};
}

/** Puts the labels of a row's origin in place of the origin. */
function named<Row, Named>(
	{ rows, count }: Ranking<Row & { readonly origin: Origin }>,
	name: (origin: Origin, row: Omit<Row & { readonly origin: Origin }, "origin">) => Named,
): Ranking<Named> {
	return { rows: rows.map(({ origin, ...row }) => name(origin, row)), count };
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
