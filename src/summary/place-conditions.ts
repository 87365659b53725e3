/** Conditions that can be of some places only: each is reported once, by domain or by the places that stand out. */

import type { ConditionId } from "./condition-texts.ts";
import { casesMin, type Finding, findingOf, isSmallAnswered } from "./finding.ts";
import { grouped, percentToTenths, secondsToTenths } from "./format.ts";
import type { HealthFigures } from "./health.ts";
import type { WindowFigures } from "./window.ts";

/**
 * Paths without loss show up to 24 %, as the server's timer is faster than the next poll of an idle client, and 46 % where each
 * response holds the few bytes of A records: less cannot be distinguished from that.
 */
const retransmissionRatioMin = 0.3;
const retransmissionRatioOfAMin = 0.55;
const smallEdnsRatioMin = 0.02;
const unansweredRatioMin = 0.05;
const roundTripSecondsMin = 2;

/** Places that a sentence names, the worst first; it counts the others. */
const namedMax = 3;

const plurals = { domain: "domains", country: "countries", network: "networks" } as const;

interface Subject {
	readonly kind: keyof typeof plurals;
	readonly name: string;
	readonly queries: number;
	readonly health: HealthFigures;
}

interface Measure {
	readonly id: ConditionId;
	/** Null when there are too few cases. */
	readonly value: (subject: Subject) => number | null;
	readonly least: number;
	readonly text: (value: number) => string;
	readonly begin: string;
}

function measuresOf(domains: WindowFigures["domains"]): readonly Measure[] {
	const mtus = domains.map(({ mtu }) => mtu.bytes);
	return [
		{
			id: "small_edns",
			value: ({ queries, health: { edns_refused_queries: refused } }) =>
				queries + refused < casesMin ? null : refused / (queries + refused),
			least: smallEdnsRatioMin,
			text: percentToTenths,
			begin: `Queries through resolvers that take less than ${grouped(Math.max(...mtus))} bytes`,
		},
		{
			id: "retransmissions",
			value: ({ health }) => (health.segments_out < casesMin ? null : health.retransmission_ratio_out),
			least: domains.some(({ tunnel }) => tunnel.record_type === "a")
				? retransmissionRatioOfAMin
				: retransmissionRatioMin,
			text: percentToTenths,
			begin: "Retransmitted segments to clients",
		},
		{
			id: "unanswered",
			value: ({ queries, health }) => (queries < casesMin ? null : health.unanswered_ratio),
			least: unansweredRatioMin,
			text: percentToTenths,
			begin: "Queries without a response",
		},
		{
			id: "slow_round_trips",
			value: ({ health: { round_trip_seconds: times } }) =>
				times === null || times.count < casesMin ? null : times.median,
			least: roundTripSecondsMin,
			text: secondsToTenths,
			begin: "Median round trip",
		},
	];
}

export function placeFindings(figures: Pick<WindowFigures, "domains" | "places">): Finding[] {
	const { domains, places } = figures;
	if (domains.length === 0) return [];
	const ofDomains = (rows: WindowFigures["domains"]): Subject[] =>
		rows.map(({ domain, queries, health }) => ({ kind: "domain", name: domain, queries, health }));
	const refusing = domains.filter((row) => !isSmallAnswered(row));
	return measuresOf(domains).flatMap((measure) => {
		const isRefuted = measure.id === "small_edns" && refusing.length < domains.length;
		const subjects = ofDomains(isRefuted ? refusing : domains);
		const found = standingOut(measure, subjects, isRefuted ? [] : places);
		return found === null ? [] : [found];
	});
}

/** By the kind of place of which some have it and others do not; by domain if there is none. */
function standingOut(measure: Measure, domains: readonly Subject[], places: readonly Subject[]): Finding | null {
	const has = (subject: Subject) => (measure.value(subject) ?? Number.NEGATIVE_INFINITY) >= measure.least;
	for (const kind of ["country", "network"] as const) {
		const measured = places.filter((place) => place.kind === kind && measure.value(place) !== null);
		const found = measured.filter(has);
		if (found.length > 0 && found.length < measured.length) return findingOfPlaces(measure, found, measured);
	}
	const found = domains.filter(has);
	if (found.length > 0) return findingOfPlaces(measure, found, domains);
	// Too little in each domain, or in none of a kind alone: the places that have it are all that is known.
	const kind = (["country", "network"] as const).find((of) => places.some((place) => place.kind === of && has(place)));
	if (kind === undefined) return null;
	const ofKind = places.filter((place) => place.kind === kind);
	return findingOfPlaces(measure, ofKind.filter(has), ofKind);
}

function findingOfPlaces(measure: Measure, found: readonly Subject[], all: readonly Subject[]): Finding {
	const worst = found.toSorted((a, b) => (measure.value(b) ?? 0) - (measure.value(a) ?? 0));
	const named = worst.slice(0, namedMax);
	const kind = worst[0]?.kind ?? "domain";
	const more = worst.length - named.length;
	const list = named.map((place) => `${place.name} ${measure.text(measure.value(place) ?? 0)}`).join(", ");
	const others = more === 0 ? "" : ` and ${more} more ${more === 1 ? kind : plurals[kind]}`;
	const rest = measure.id === "retransmissions" ? elsewhere(all, found) : "";
	const about = named.map(({ name }) => name);
	return findingOf(measure.id, about, `${measure.begin}: ${list}${others}${rest}.`, "", kind);
}

/** The figure of the other places of a kind, for comparison; "" if they have too few cases. */
function elsewhere(all: readonly Subject[], found: readonly Subject[]): string {
	const rest = all.filter((place) => !found.includes(place));
	const segments = rest.reduce((sum, { health }) => sum + health.segments_out, 0);
	const again = rest.reduce((sum, { health }) => sum + health.retransmissions_out, 0);
	return segments < casesMin ? "" : ` (elsewhere ${percentToTenths(again / segments)})`;
}
