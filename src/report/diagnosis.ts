import type { HealthFigures } from "./health.ts";
import type { DomainFigures } from "./report.ts";

/** A share worth a sentence, and the least number of cases that make it one. */
const smallEdnsRatioMin = 0.02;
const retransmissionRatioMin = 0.1;
const unansweredRatioMin = 0.05;
const rejectedRatioMin = 0.02;
const casesMin = 50;
/** An idle poll is answered after a second at the most; data comes at once. */
const heldSecondsMin = 0.4;
const roundTripSecondsMin = 2;

/** Figures of a place that a sentence can be about. */
export interface Place {
	/** As it stands in a sentence: "country IR", "AS64500". */
	readonly name: string;
	readonly queries: number;
	readonly health: HealthFigures;
}

/** Plain sentences on what the figures show to be wrong, and what can be done; none when nothing stands out. */
export function diagnose(
	domains: readonly (DomainFigures & { readonly health: HealthFigures })[],
	places: readonly Place[],
): string[] {
	const sentences: string[] = [];
	for (const { domain, queries, responses, responses_by_rcode, truncated_responses, health } of domains) {
		const formErr = responses_by_rcode.FORMERR ?? 0;
		if (queries >= casesMin && formErr >= responses * rejectedRatioMin && formErr > 0) {
			sentences.push(
				`${domain}: the server answers ${percent(formErr, responses)} of the queries with FORMERR, as it does when a resolver takes less than its limit; a smaller -mtu at the server, or another resolver, lets them through.`,
			);
		}
		if (truncated_responses >= casesMin) {
			sentences.push(
				`${domain}: ${percent(truncated_responses, responses)} of the responses were cut (TC=1) and carry less than they could; the server's -mtu is above what it may send.`,
			);
		}
		const response = health.response_seconds;
		if (response !== null && response.count >= casesMin && response.median >= heldSecondsMin) {
			sentences.push(
				`${domain}: half of the responses take ${seconds(response.median)} or longer: the server holds them for lack of data, up to a second. With idle clients that is as it should be; with busy ones, what is behind the server is slow.`,
			);
		}
	}
	for (const { name, queries, health } of places) {
		const small = health.edns_below_1232_ratio ?? 0;
		if (queries >= casesMin && small >= smallEdnsRatioMin) {
			sentences.push(
				`${name}: in ${percent(small, 1)} of the queries the resolver takes less than 1,232 bytes, which the server refuses unless its -mtu is smaller: clients there need another resolver.`,
			);
		}
		const resent = health.retransmission_ratio_out ?? 0;
		if (health.segments_out >= casesMin && resent >= retransmissionRatioMin) {
			sentences.push(
				`${name}: ${percent(resent, 1)} of the segments to clients were sent again${others(places, name)}: packets are lost or late on the way through its resolvers.`,
			);
		}
		const unanswered = health.unanswered_ratio ?? 0;
		if (queries >= casesMin && unanswered >= unansweredRatioMin) {
			sentences.push(
				`${name}: ${percent(unanswered, 1)} of the queries got no response: the server was down or overloaded, or its responses do not pass this interface.`,
			);
		}
		const trip = health.round_trip_seconds;
		if (trip !== null && trip.count >= casesMin && trip.median >= roundTripSecondsMin) {
			sentences.push(
				`${name}: half of the round trips take ${seconds(trip.median)} or longer: its resolvers are far, slow, or limit the rate of queries.`,
			);
		}
	}
	return sentences;
}

/** What the other places' retransmissions are, to compare with; nothing if there are no others. */
function others(places: readonly Place[], name: string): string {
	const rest = places.filter((place) => place.name !== name && place.name.startsWith(name.slice(0, 2)));
	const segments = rest.reduce((sum, { health }) => sum + health.segments_out, 0);
	const resent = rest.reduce((sum, { health }) => sum + health.retransmissions_out, 0);
	return segments < casesMin ? "" : ` (elsewhere ${percent(resent, segments)})`;
}

function percent(part: number, whole: number): string {
	const value = (part / whole) * 100;
	return `${value.toFixed(value < 10 ? 1 : 0)} %`;
}

function seconds(value: number): string {
	return value < 1 ? `${(value * 1_000).toFixed(0)} ms` : `${value.toFixed(1)} s`;
}
