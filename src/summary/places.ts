/** The places that figures are of: domains, and the countries and networks of resolvers. */

import type { Tracker } from "../engine/tracker.ts";
import type { Origin } from "../geoip/origins.ts";
import type { DomainSources } from "./domains.ts";
import { groupSets } from "./figures.ts";
import type { HealthFigures } from "./health.ts";
import { countryName, networkName } from "./names.ts";

/** Places of each kind that have all figures, the busiest first: more is for /metrics. */
export const rankedMax = 50;

export type PlaceKind = "country" | "network";

/** Figures of a place that a sentence can be about. */
export interface Place {
	readonly kind: PlaceKind;
	/** As it stands in a sentence. */
	readonly name: string;
	readonly queries: number;
	readonly health: HealthFigures;
}

/** The label sets of one place. */
export interface PlaceSets {
	readonly kind: PlaceKind;
	readonly label: string;
	readonly name: string;
	readonly origin: Origin;
	readonly sets: readonly number[];
}

export interface RankedPlaces {
	readonly places: readonly PlaceSets[];
	/** How many there are in all. */
	readonly count: number;
}

export interface PlaceSources extends DomainSources {
	readonly geoLabels: { readonly hasCountry: boolean; readonly hasAsn: boolean; readonly origins: readonly Origin[] };
}

/** The places of a kind with the most active clients; null without the database. */
export function rankedPlaces(
	{ tracker, geoLabels }: PlaceSources,
	kind: PlaceKind,
	max = rankedMax,
): RankedPlaces | null {
	if (!(kind === "country" ? geoLabels.hasCountry : geoLabels.hasAsn)) return null;
	const originOf = (set: number) => geoLabels.origins[tracker.sets.origins[set] as number] as Origin;
	const labelOf = kind === "country" ? ({ country }: Origin) => country : ({ asn }: Origin) => asn;
	const groups = [...groupSets(tracker, (set) => labelOf(originOf(set)))].map(([label, sets]) => ({
		label,
		sets,
		...rankOf(tracker, sets),
	}));
	groups.sort((a, b) => b.active - a.active || b.queries - a.queries);
	const places = groups.slice(0, max).map(({ label, sets }) => {
		const origin = originOf(sets[0] as number);
		const name = kind === "country" ? countryName(label) : networkName(label, origin.organization);
		return { kind, label, name, origin, sets };
	});
	return { places, count: groups.length };
}

function rankOf(tracker: Tracker, sets: readonly number[]) {
	return { active: tracker.active.total(sets), queries: tracker.queries.total(sets) };
}
