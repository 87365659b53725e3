/** The figures of each domain. */
import { rcodeNames, refusalNames } from "../engine/reasons.ts";
import type { Tracker } from "../engine/tracker.ts";
import type { Tunnel } from "../tunnel.ts";
import { byReason, type Figures, figuresOf, groupSets } from "./figures.ts";
import { type HealthFigures, healthOf } from "./health.ts";
import { formatOf, type LookalikeFigures, lookalikeOf, type TunnelFigures } from "./lookalike.ts";

export interface DomainFigures extends Figures {
	readonly domain: string;
	/** Highest number of clients active at one time, over all label sets. */
	readonly peak_clients: number;
	readonly responses: number;
	/** By the name of the response code; codes without any are left out. */
	readonly responses_by_rcode: Readonly<Record<string, number>>;
	readonly truncated_responses: number;
	/** Queries under the domain that carry no session. */
	readonly refused_queries: number;
	/** The same by reason; reasons without any are left out. */
	readonly refused: Readonly<Record<string, number>>;
	readonly mtu: MtuFigures;
	/** The tunnel as it is configured. */
	readonly tunnel: TunnelFigures;
	readonly lookalike: LookalikeFigures;
}

/** What the server's own answers say of its -mtu. EDNS payload sizes are bytes, and null where there was no such answer. */
export interface MtuFigures {
	/** What is configured as the server's -mtu. */
	readonly bytes: number;
	/** NOERROR responses to queries that count as refused for their size. */
	readonly answered_refused_queries: number;
	/** The least size that was answered NOERROR: the server's -mtu is no larger. */
	readonly answered_least_bytes: number | null;
	/** The greatest size that counts as enough and was answered FORMERR: the server's -mtu is larger. */
	readonly refused_most_bytes: number | null;
}

/** What the figures are read from. */
export interface DomainSources {
	readonly tracker: Tracker;
	/** In presentation form, by their index. */
	readonly domains: readonly string[];
}

/** Returns the figures of each domain. It does not expire sessions first. */
export function domainsOf(sources: DomainSources): (DomainFigures & { readonly health: HealthFigures })[] {
	const { tracker } = sources;
	const byDomain = groupSets(tracker, (set) => tracker.sets.domains[set] as number);
	return domainFiguresOf(sources, byDomain).map((row, index) => ({
		...row,
		health: healthOf(tracker, byDomain.get(index) ?? []),
	}));
}

/** The same without health; `byDomain` has the label sets of each domain, by its index. */
export function domainFiguresOf(
	{ tracker, domains }: DomainSources,
	byDomain: ReadonlyMap<number, readonly number[]>,
): DomainFigures[] {
	return domains.map((domain, index) => {
		const tunnel = tracker.tunnels[index] as Tunnel;
		const sets = byDomain.get(index) ?? [];
		const refused = byReason(refusalNames, (reason) => tracker.refusalsOf(index, reason));
		const responses = Object.fromEntries(
			rcodeNames
				.map((name, rcode) => [name, tracker.responsesOf(index, rcode)] as const)
				.filter(([, count]) => count > 0),
		);
		return {
			domain,
			...figuresOf(tracker, sets),
			peak_clients: tracker.peakByDomain.at(index),
			responses: sum(responses) + tracker.unmatched.at(index),
			responses_by_rcode: responses,
			truncated_responses: tracker.truncated.at(index),
			refused_queries: sum(refused),
			refused,
			mtu: {
				bytes: tunnel.mtu,
				answered_refused_queries: tracker.smallAnswered.at(index),
				answered_least_bytes: tracker.answeredLeast.at(index) || null,
				refused_most_bytes: tracker.refusedMost.at(index) || null,
			},
			tunnel: formatOf(tunnel),
			lookalike: lookalikeOf(tracker, index),
		};
	});
}

function sum(counts: Readonly<Record<string, number>>): number {
	return Object.values(counts).reduce((all, count) => all + count, 0);
}
