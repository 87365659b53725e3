/**
 * The figures of the last five minutes: what the tracker counted since marks that are made every minute. A mark takes 5 kB for
 * each domain and for each of at most 50 countries and 50 networks: seven marks of all of them take 3.8 MB, those of one domain
 * without GeoIP 36 kB.
 */

import { Unrelated } from "../wasm/shared/fault.ts";
import { type DomainFigures, domainFiguresOf } from "./domains.ts";
import { groupSets } from "./figures.ts";
import { type HealthFigures, type HealthSums, healthFrom, healthSumsOf, healthSumsSince } from "./health.ts";
import { type Place, type PlaceSets, type PlaceSources, type RankedPlaces, rankedPlaces } from "./places.ts";

/** How often a mark is made; the window begins at one that is five to six minutes old. */
const markUs = 60_000_000;
const windowUs = 300_000_000;

/** What the capture counted on its interfaces together. */
export interface CaptureSums {
	readonly received: number;
	readonly droppedByKernel: number;
	readonly droppedByInterface: number;
}

export interface WindowSources extends PlaceSources {
	/** Null when nothing is captured live. */
	capture(): { readonly counts: ReadonlyMap<string, CaptureSums> } | null;
}

export type DomainWindow = DomainFigures & { readonly health: HealthFigures };

/** What happened within the window. Amounts are since its begin, whatever their name. */
export interface WindowFigures {
	/** How long it is. */
	readonly seconds: number;
	readonly domains: readonly DomainWindow[];
	readonly health: HealthFigures;
	readonly places: readonly Place[];
	/** Entries that tables evicted, by table, without caches, which evict one for each new entry once they are full; and lookups of label sets that found no room. */
	readonly evicted: Readonly<Record<string, number>>;
	readonly overflowed: number;
	readonly capture: CaptureSums;
	/** DNS messages for other domains, and UDP packets of other ports. */
	readonly otherDomains: number;
	readonly otherPorts: number;
}

/** What was counted since the start up to one moment. */
interface Sums {
	readonly timeUs: number;
	readonly domains: readonly DomainFigures[];
	readonly domainHealth: readonly HealthSums[];
	readonly all: HealthSums;
	readonly places: ReadonlyMap<string, HealthSums>;
	readonly evicted: Readonly<Record<string, number>>;
	readonly overflowed: number;
	readonly capture: CaptureSums;
	readonly otherDomains: number;
	readonly otherPorts: number;
}

/** The figures of now: of the window, and the places that they are of. */
export interface WindowReading {
	readonly figures: WindowFigures;
	readonly countries: RankedPlaces | null;
	readonly networks: RankedPlaces | null;
	/** By kind and label. */
	readonly placeHealth: ReadonlyMap<string, HealthFigures>;
	/** Since the start. */
	readonly total: Totals;
}

/** What came since the start. */
export interface Totals {
	readonly domains: readonly DomainWindow[];
	readonly health: HealthFigures;
	readonly otherDomains: number;
	readonly otherPorts: number;
}

export interface Window {
	/** Reads the figures; makes a mark where the last one is old enough. */
	read(nowUs: number): WindowReading;
}

export function placeKey({ kind, label }: Pick<PlaceSets, "kind" | "label">): string {
	return `${kind} ${label}`;
}

/** A window of what is counted from `startUs` on, when nothing was counted yet. */
export function createWindow(sources: WindowSources, startUs: number): Window {
	/** Oldest first. */
	const marks: Sums[] = [];

	/** What the figures are since: the latest mark that is old enough; null for the start. Older ones are dropped. */
	function beginOf(nowUs: number): Sums | null {
		const index = marks.findLastIndex(({ timeUs }) => nowUs - timeUs >= windowUs);
		if (index > 0) marks.splice(0, index);
		return index < 0 ? null : (marks[0] ?? null);
	}

	return {
		read(nowUs) {
			const countries = rankedPlaces(sources, "country");
			const networks = rankedPlaces(sources, "network");
			const places = [...(countries?.places ?? []), ...(networks?.places ?? [])];
			const now = sumsOf(sources, nowUs, places);
			const begin = beginOf(nowUs);
			const placeHealth = new Map<string, HealthFigures>();
			for (const [key, sums] of now.places) {
				if (begin === null) {
					placeHealth.set(key, healthFrom(sums));
					continue;
				}
				// A place that was too small for the older marks has figures from its first one on.
				const earlier = marks.find((mark) => mark.places.has(key))?.places.get(key);
				if (earlier !== undefined) placeHealth.set(key, healthFrom(healthSumsSince(sums, earlier)));
			}
			const seconds = (nowUs - (begin?.timeUs ?? startUs)) / 1e6;
			const figures = { ...figuresSince(now, begin, places, placeHealth), seconds };
			if (nowUs - (marks.at(-1)?.timeUs ?? startUs) >= markUs) marks.push(now);
			const { otherDomains, otherPorts } = now;
			const domains = now.domains.map((row, index) => ({
				...row,
				health: healthFrom(now.domainHealth[index] as HealthSums),
			}));
			const total = { domains, health: healthFrom(now.all), otherDomains, otherPorts };
			return { figures, countries, networks, placeHealth, total };
		},
	};
}

/** The figures of all that was counted: the window of a capture that was read as a whole. */
export function wholeFigures(sources: WindowSources, seconds: number): WindowFigures {
	const places = (["country", "network"] as const).flatMap((kind) => rankedPlaces(sources, kind)?.places ?? []);
	const now = sumsOf(sources, 0, places);
	const health = new Map([...now.places].map(([key, sums]) => [key, healthFrom(sums)]));
	return { ...figuresSince(now, null, places, health), seconds };
}

function sumsOf(sources: WindowSources, timeUs: number, places: readonly PlaceSets[]): Sums {
	const { tracker } = sources;
	const byDomain = groupSets(tracker, (set) => tracker.sets.domains[set] as number);
	const counts = [...(sources.capture()?.counts.values() ?? [])];
	const sum = (of: (counts: CaptureSums) => number) => counts.reduce((total, row) => total + of(row), 0);
	const domainHealth = sources.domains.map((_, index) => healthSumsOf(tracker, byDomain.get(index) ?? []));
	const [only] = domainHealth;
	return {
		timeUs,
		domains: domainFiguresOf(sources, byDomain),
		domainHealth,
		all: domainHealth.length === 1 && only !== undefined ? only : healthSumsOf(tracker, [...byDomain.values()].flat()),
		places: new Map(places.map((place) => [placeKey(place), healthSumsOf(tracker, place.sets)])),
		evicted: {
			sessions: tracker.tables.sessions.evicted,
			waiting_queries: tracker.tables.waitingQueries.evicted,
		},
		overflowed: tracker.sets.overflowed,
		capture: {
			received: sum((row) => row.received),
			droppedByKernel: sum((row) => row.droppedByKernel),
			droppedByInterface: sum((row) => row.droppedByInterface),
		},
		otherDomains: tracker.unrelatedOf(Unrelated.Domain),
		otherPorts: tracker.unrelatedOf(Unrelated.Port),
	};
}

function figuresSince(
	now: Sums,
	begin: Sums | null,
	places: readonly PlaceSets[],
	placeHealth: ReadonlyMap<string, HealthFigures>,
): Omit<WindowFigures, "seconds"> {
	const healthSince = (sums: HealthSums, earlier: HealthSums | undefined) =>
		healthFrom(earlier === undefined ? sums : healthSumsSince(sums, earlier));
	return {
		domains: now.domains.map((row, index) => ({
			...domainSince(row, begin?.domains[index]),
			health: healthSince(now.domainHealth[index] as HealthSums, begin?.domainHealth[index]),
		})),
		health: healthSince(now.all, begin?.all),
		places: places.flatMap((place) => {
			const health = placeHealth.get(placeKey(place));
			if (health === undefined) return [];
			return [{ kind: place.kind, name: place.name, queries: health.polls + health.data_queries, health }];
		}),
		evicted: countsSince(now.evicted, begin?.evicted),
		overflowed: now.overflowed - (begin?.overflowed ?? 0),
		capture: {
			received: now.capture.received - (begin?.capture.received ?? 0),
			droppedByKernel: now.capture.droppedByKernel - (begin?.capture.droppedByKernel ?? 0),
			droppedByInterface: now.capture.droppedByInterface - (begin?.capture.droppedByInterface ?? 0),
		},
		otherDomains: now.otherDomains - (begin?.otherDomains ?? 0),
		otherPorts: now.otherPorts - (begin?.otherPorts ?? 0),
	};
}

/** A domain's counts since an earlier moment; what is no count (a peak, the bounds of the -mtu) stays as it is. */
function domainSince(now: DomainFigures, earlier: DomainFigures | undefined): DomainFigures {
	if (earlier === undefined) return now;
	return {
		...now,
		queries: now.queries - earlier.queries,
		bytes_in: now.bytes_in - earlier.bytes_in,
		bytes_out: now.bytes_out - earlier.bytes_out,
		sessions: now.sessions - earlier.sessions,
		responses: now.responses - earlier.responses,
		responses_by_rcode: countsSince(now.responses_by_rcode, earlier.responses_by_rcode),
		truncated_responses: now.truncated_responses - earlier.truncated_responses,
		refused_queries: now.refused_queries - earlier.refused_queries,
		refused: countsSince(now.refused, earlier.refused),
		mtu: {
			...now.mtu,
			answered_refused_queries: now.mtu.answered_refused_queries - earlier.mtu.answered_refused_queries,
		},
		lookalike: {
			fitting_queries: now.lookalike.fitting_queries - earlier.lookalike.fitting_queries,
			other_queries: now.lookalike.other_queries - earlier.lookalike.other_queries,
			other: now.lookalike.other,
			labelled_queries: now.lookalike.labelled_queries - earlier.lookalike.labelled_queries,
			labelled: now.lookalike.labelled,
			answered_queries: now.lookalike.answered_queries - earlier.lookalike.answered_queries,
			answered_refused_queries: now.lookalike.answered_refused_queries - earlier.lookalike.answered_refused_queries,
		},
	};
}

function countsSince(
	now: Readonly<Record<string, number>>,
	earlier: Readonly<Record<string, number>> = {},
): Record<string, number> {
	return Object.fromEntries(
		Object.entries(now)
			.map(([name, count]) => [name, count - (earlier[name] ?? 0)] as const)
			.filter(([, count]) => count > 0),
	);
}
