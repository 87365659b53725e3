/** Traffic of another tunnel than the configured one: what it is, and the flags that fit. */

import type { Tracker } from "../engine/tracker.ts";
import {
	clientIdBytesDefault,
	type RecordTypeName,
	recordTypeDefault,
	recordTypeNames,
	type Tunnel,
	type WireName,
} from "../tunnel.ts";
import { Lookalike } from "../wasm/shared/fault.ts";
import { clientIdBytes } from "../wasm/shared/wire.ts";
import { grouped } from "./format.ts";

/** A tunnel's format, as the metric dnstt_tunnel_info names it. */
export interface TunnelFigures {
	readonly wire: WireName;
	readonly record_type: RecordTypeName;
	readonly clientid_size: number;
}

/** A tunnel under a domain of one label more, and that label. */
export interface LabelledFigures extends TunnelFigures {
	readonly label: string;
}

/** Queries that carry data, by whose clients send them so. Each is checked down to the lengths of its segments: chance makes none. */
export interface LookalikeFigures {
	/** As the tunnel's clients do. */
	readonly fitting_queries: number;
	/** As those of another tunnel. */
	readonly other_queries: number;
	/** That of the most of the other queries; null without any. */
	readonly other: TunnelFigures | null;
	/** As those of a tunnel whose domain has one label more. */
	readonly labelled_queries: number;
	/** That of the most of these; null without any. */
	readonly labelled: LabelledFigures | null;
	/** NOERROR responses to queries that count, and those with answers to queries that count as refused. */
	readonly answered_queries: number;
	readonly answered_refused_queries: number;
}

/** A stranger can send such queries as well: it takes some, and nearly all. */
const casesMin = 10;
const fittingRatioMax = 0.1;

/** The format that a query is of which looks like this, and asks for this type. */
export function formatLike(kind: Lookalike, record_type: RecordTypeName): TunnelFigures {
	if (kind === Lookalike.Dnstt) return { wire: "dnstt", record_type: "txt", clientid_size: clientIdBytes };
	return { wire: "vaydns", record_type, clientid_size: kind - Lookalike.Vaydns + 1 };
}

export function formatOf({ wire, recordType, clientIdBytes: clientid_size }: Tunnel): TunnelFigures {
	return { wire, record_type: recordType, clientid_size };
}

export function isSameFormat(a: TunnelFigures, b: TunnelFigures): boolean {
	return a.wire === b.wire && a.record_type === b.record_type && a.clientid_size === b.clientid_size;
}

export function lookalikeOf(tracker: Tracker, domain: number): LookalikeFigures {
	const kinds = Array.from({ length: clientIdBytes + 1 }, (_, index) => Lookalike.Dnstt + index);
	const counts = kinds.map((kind) => tracker.lookalikesOf(domain, kind));
	const other_queries = counts.reduce((sum, count) => sum + count, 0);
	const kind = kinds[counts.indexOf(Math.max(...counts))] ?? Lookalike.Dnstt;
	const labelled = tracker.labelledTunnel(domain);
	const typeCounts = recordTypeNames.map((type) => tracker.lookalikeTypesOf(domain, type));
	const record_type = recordTypeNames[typeCounts.indexOf(Math.max(...typeCounts))] ?? recordTypeDefault;
	return {
		fitting_queries: tracker.fitting.at(domain),
		other_queries,
		other: other_queries === 0 ? null : formatLike(kind, record_type),
		labelled_queries: tracker.labelled.at(domain),
		labelled:
			labelled === null ? null : { label: labelled.label, ...formatLike(labelled.lookalike, labelled.recordType) },
		answered_queries: tracker.responsesOf(domain, 0),
		answered_refused_queries: tracker.refusedAnswered.at(domain),
	};
}

/** What is wrong when a domain's traffic is of another tunnel than the configured one: the sentence; null when it is not. */
export function diagnoseTunnel(domain: string, figures: LookalikeFigures): string | null {
	const { fitting_queries: fitting, other_queries: count, other, answered_refused_queries: answered } = figures;
	if (other === null || count < casesMin) return null;
	const carrying = fitting + count;
	// Resolvers that minimise names ask for the whole name with type A first: that fits a tunnel of type A, but its server has no answer.
	const isRefuted = answered >= casesMin && isFew(figures.answered_queries, figures.answered_queries + answered);
	if (!isFew(fitting, carrying) && !isRefuted) return null;
	const evidence = `${grouped(count)} of ${grouped(carrying)} queries that carry data are of such a tunnel`;
	const refused =
		answered === 0
			? "."
			: ", and the server answers queries that count as refused without an error, so it did not refuse them.";
	return `${domain} looks like ${nameOf(other)}: ${flagsOf(domain, other)}. ${evidence}${refused}`;
}

/** What is wrong when a domain is the parent of its tunnel's: the sentence; null when it is not. */
export function diagnoseParent(domain: string, figures: LookalikeFigures): string | null {
	const { fitting_queries, other_queries, labelled_queries: count, labelled } = figures;
	const carrying = fitting_queries + other_queries + count;
	if (labelled === null || count < casesMin || !isFew(carrying - count, carrying)) return null;
	const longer = `${labelled.label}.${domain}`;
	return `${domain} is the parent of the tunnel's domain: ${grouped(count)} of ${grouped(carrying)} queries that carry data are of ${nameOf(labelled)} under ${longer}: ${flagsOf(longer, labelled)}.`;
}

function isFew(count: number, all: number): boolean {
	return count <= all * fittingRatioMax;
}

export function nameOf({ wire, record_type, clientid_size: size }: TunnelFigures): string {
	if (wire === "dnstt") return "dnstt";
	return `VayDNS with record type ${record_type} and ids of ${size} byte${size === 1 ? "" : "s"}`;
}

/** Values that are the defaults need no flag. */
export function flagsOf(domain: string, { wire, record_type, clientid_size }: TunnelFigures): string {
	return [
		`--${wire}.domain ${domain}`,
		...(wire === "dnstt" || record_type === recordTypeDefault ? [] : [`--vaydns.record-type ${record_type}`]),
		...(wire === "dnstt" || clientid_size === clientIdBytesDefault ? [] : [`--vaydns.clientid-size ${clientid_size}`]),
	].join(" ");
}
