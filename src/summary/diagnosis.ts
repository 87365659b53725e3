import { ednsBytesMax } from "../wasm/shared/limits.ts";
import type { DomainFigures, MtuFigures } from "./domains.ts";
import { grouped, percentToTenths, secondsToTenths } from "./format.ts";
import type { HealthFigures } from "./health.ts";
import { diagnoseTunnel } from "./lookalike.ts";

/** Shares below these, and shares of fewer cases, are not reported. */
const smallEdnsRatioMin = 0.02;
const retransmissionRatioMin = 0.1;
const unansweredRatioMin = 0.05;
const rejectedRatioMin = 0.02;
const truncatedRatioMin = 0.02;
const cutRatioMin = 0.1;
const casesMin = 50;
/** One answer that contradicts dnstt.mtu would be proof, but on a single interface anyone can forge a few. */
const contradictionsMin = 10;
/** The default -mtu of dnstt-server. */
const mtuUsual = 1_232;
/** An idle poll is answered after a second at the most; data comes at once. */
const heldSecondsMin = 0.4;
const roundTripSecondsMin = 2;

/** Places that a sentence names, the worst first; it counts the others. */
const namedMax = 3;

/** Kinds of places, and their plurals. */
export type PlaceKind = "domain" | "country" | "network";
const plurals: Readonly<Record<PlaceKind, string>> = { domain: "domains", country: "countries", network: "networks" };

/** Figures of a place that a sentence can be about. */
export interface Place {
	readonly kind: PlaceKind;
	/** As it stands in a sentence. */
	readonly name: string;
	readonly queries: number;
	readonly health: HealthFigures;
}

/** A place by its name (see names.ts). */
export function placeOf(
	kind: PlaceKind,
	name: string,
	{ queries, health }: { readonly queries: number; readonly health: HealthFigures },
): Place {
	return { kind, name, queries, health };
}

/** Returns a figure of a place, null when there are too few cases. */
type Measure = (place: Place) => number | null;

const smallEdns: Measure = ({ queries, health: { edns_refused_queries: refused } }) =>
	queries + refused < casesMin ? null : refused / (queries + refused);
const resent: Measure = ({ health }) => (health.segments_out < casesMin ? null : health.retransmission_ratio_out);
const unanswered: Measure = ({ queries, health }) => (queries < casesMin ? null : health.unanswered_ratio);
const roundTrip: Measure = ({ health: { round_trip_seconds: times } }) =>
	times === null || times.count < casesMin ? null : times.median;

/**
 * What the figures show to be wrong, where, how much, and what can be done, in sentences; none when nothing stands out.
 * One line a finding and kind of place, however many places there are.
 */
// Long: one finding after the other, each in a few lines.
export function diagnose(
	domains: readonly (DomainFigures & { readonly health: HealthFigures })[],
	places: readonly Place[],
): string[] {
	const sentences: string[] = [];
	const mtus = domains.map(({ mtu }) => mtu.bytes);
	for (const row of domains) {
		const { domain, responses, responses_by_rcode, truncated_responses, refused, mtu: answers, health } = row;
		const key = `${row.tunnel.wire}.mtu`;
		const mistaken = diagnoseTunnel(domain, row.lookalike);
		if (mistaken !== null) sentences.push(mistaken);
		const formErr = responses_by_rcode.FORMERR ?? 0;
		if (responses >= casesMin && formErr >= responses * rejectedRatioMin) {
			sentences.push(
				`Queries refused with FORMERR: ${domain} ${percentToTenths(formErr / responses)}. ${largerMtu(answers, key)}`,
			);
		}
		const answered = answers.answered_refused_queries;
		const small = refused.edns ?? 0;
		if (answered >= contradictionsMin && answered >= small * rejectedRatioMin) {
			sentences.push(
				`Queries that count as refused for their EDNS size, and are answered all the same: ${domain} ${grouped(answered)} of ${grouped(small)}. The server's -mtu is smaller than the ${key} of ${answers.bytes}, and these clients do not count: --${key} ${answers.answered_least_bytes} fits the server's answers.`,
			);
		}
		if (responses >= casesMin && truncated_responses >= responses * truncatedRatioMin) {
			sentences.push(
				`Truncated responses (TC=1): ${domain} ${percentToTenths(truncated_responses / responses)}. What did not fit is lost and retransmitted: the server's -mtu is too small, or something between server and resolver truncates.`,
			);
		}
		const response = health.response_duration_seconds;
		if (response !== null && response.count >= casesMin && response.median >= heldSecondsMin) {
			sentences.push(
				`Median response time: ${domain} ${secondsToTenths(response.median)}. The server holds a response for up to a second until it has data: that is normal while clients are idle; while they wait, what the server forwards to is slow.`,
			);
		}
	}
	for (const kind of ["domain", "country", "network"] as const) {
		const ofKind = places.filter((place) => place.kind === kind);
		const find = (measure: Measure, least: number, sentence: (found: Place[]) => string) => {
			const found = ofKind
				.filter((place) => (measure(place) ?? Number.NEGATIVE_INFINITY) >= least)
				.sort((a, b) => (measure(b) as number) - (measure(a) as number));
			if (found.length > 0) sentences.push(sentence(found));
		};
		find(
			smallEdns,
			smallEdnsRatioMin,
			(found) =>
				`Queries through resolvers that take less than ${grouped(Math.max(...mtus))} bytes: ${listed(found, smallEdns, percentToTenths)}. The server refuses these: clients there need another resolver, or the server a smaller -mtu.`,
		);
		find(
			resent,
			retransmissionRatioMin,
			(found) =>
				`Retransmitted segments to clients: ${listed(found, resent, percentToTenths)}${elsewhere(ofKind, found)}. Packets are lost on the way through the resolvers, or wait too long for a query to carry them, as when resolvers limit the rate.`,
		);
		find(
			unanswered,
			unansweredRatioMin,
			(found) =>
				`Queries without a response: ${listed(found, unanswered, percentToTenths)}. The server is down or overloaded, or its responses do not pass where this was captured.`,
		);
		find(
			roundTrip,
			roundTripSecondsMin,
			(found) =>
				`Median round trip: ${listed(found, roundTrip, secondsToTenths)}. The resolvers are far, slow, or limit the rate of queries.`,
		);
	}
	return sentences;
}

/** Says why the server answers FORMERR and what to do, with the value of the key for its -mtu that fits if there is one. */
function largerMtu({ bytes, answered_least_bytes: least, refused_most_bytes: most }: MtuFigures, key: string): string {
	const why = "The server does so when a resolver takes less than its -mtu";
	const remedy = "a smaller -mtu, or another resolver, lets them through.";
	if (most === null || most >= (least ?? ednsBytesMax)) return `${why}, 1,232 bytes unless set: ${remedy}`;
	const fits = most < mtuUsual && mtuUsual <= (least ?? mtuUsual) ? mtuUsual : most + 1;
	return `${why}, and that is larger than the ${key} of ${bytes}: --${key} ${fits} fits its answers; ${remedy}`;
}

type Messages = Pick<DomainFigures, "queries" | "refused_queries" | "responses">;

function cameFor({ queries, refused_queries, responses }: Messages): boolean {
	return queries + refused_queries + responses > 0;
}

/**
 * What is wrong when all UDP packets that came, `others`, were of other ports than those of the server: the sentence; null when
 * there were none, or something came for one of the domains, or `strays`, what was of the ports and for none of them.
 */
export function diagnosePort(
	ports: readonly number[],
	domains: readonly Messages[],
	{ others, strays }: { readonly others: number; readonly strays: number },
): string | null {
	if (others === 0 || strays > 0 || domains.some(cameFor)) return null;
	const packets = others === 1 ? "1 was of another port" : `${grouped(others)} were of other ports`;
	return `No packet to or from UDP port ${ports.join(" or ")}: ${packets}; check --dnstt.port.`;
}

/**
 * What is wrong when all DNS messages that came, `others`, were for other domains: the sentence; null when there were none,
 * or something came for one of the domains.
 */
export function diagnoseDomain(
	domains: readonly (Messages & Pick<DomainFigures, "domain" | "tunnel">)[],
	others: number,
): string | null {
	if (others === 0 || domains.some(cameFor)) return null;
	const messages =
		others === 1 ? "1 DNS message was for another domain" : `${grouped(others)} DNS messages were for other domains`;
	const flags = new Set(domains.map(({ tunnel }) => `--${tunnel.wire}.domain`));
	return `No query for ${domains.map(({ domain }) => domain).join(" or ")}: ${messages}; check ${[...flags].join(" and ")}.`;
}

/** Returns the sentence for packets that were captured in part: `truncated` end before their IP header says; null if they are few. */
export function diagnoseCut(truncated: number, packets: number): string | null {
	if (truncated === 0 || truncated < packets * cutRatioMin) return null;
	return `Packets that are not whole: ${grouped(truncated)} of ${grouped(packets)}. They were cut when they were captured: capture all of each, as tcpdump does with -s 0.`;
}

/** Returns the sentence for time stamps that went back `stepsBack` times; null for none. */
export function diagnoseTime(stepsBack: number): string | null {
	if (stepsBack === 0) return null;
	const times = timesOf(stepsBack);
	return `Time stamps go back by more than a second ${times}, as where captures of the same time are read as one, or a clock was set: active clients, times and retransmissions are wrong from there on. Read such captures one at a time.`;
}

/** The same for time stamps that went forward while the server's own clock did not. */
export function diagnoseGap(stepsForward: number): string | null {
	if (stepsForward === 0) return null;
	return `Time stamps go forward by more than a second ${timesOf(stepsForward)} while the server's clock does not, as where a clock was set: durations and active clients are wrong across such a step, and the first round trips after it are left out.`;
}

function timesOf(count: number): string {
	return count === 1 ? "once" : `${grouped(count)} times`;
}

/** "AS64500 14.5 %, AS64501 12.0 %, AS64502 11.3 % and 4 more networks". */
function listed(found: readonly Place[], measure: Measure, text: (value: number) => string): string {
	const named = found.slice(0, namedMax).map((place) => `${place.name} ${text(measure(place) as number)}`);
	const more = found.length - named.length;
	if (more === 0) return named.join(", ");
	const [{ kind }] = found as [Place];
	return `${named.join(", ")} and ${more} more ${more === 1 ? kind : plurals[kind]}`;
}

/** The figure of the other places of a kind, for comparison; "" if they have too few cases. */
function elsewhere(ofKind: readonly Place[], found: readonly Place[]): string {
	const rest = ofKind.filter((place) => !found.includes(place));
	const segments = rest.reduce((sum, { health }) => sum + health.segments_out, 0);
	const again = rest.reduce((sum, { health }) => sum + health.retransmissions_out, 0);
	return segments < casesMin ? "" : ` (elsewhere ${percentToTenths(again / segments)})`;
}
