/** The form of /status.json and of what viewers are sent. Times are RFC 3339 in UTC. */

import type { Condition } from "../summary/conditions.ts";
import type { Figures } from "../summary/figures.ts";
import type { HealthFigures } from "../summary/health.ts";

/** Per second, over the last ten to twenty seconds. */
export interface Rates {
	readonly queries_per_second: number;
	readonly bytes_in_per_second: number;
	readonly bytes_out_per_second: number;
}

export type Amounts = Readonly<Figures> & Rates;

export interface DomainStatus extends Amounts {
	readonly domain: string;
	/** The same name as people write it; equal to `domain` unless that is internationalised. */
	readonly domain_unicode: string;
	readonly peak_clients: number;
	readonly refused_queries: number;
	/** When a query last came; null before the first. */
	readonly last_query: string | null;
}

/** The figures of one country's or network's resolvers; ratios and times are of the last minutes, and null where nothing was measured. */
export interface OriginStatus extends Amounts {
	readonly round_trip_median_seconds: number | null;
	/** Of the segments sent to clients, the share that was sent before. */
	readonly retransmission_ratio: number | null;
}

/** The biggest ones, most active clients first. */
export interface Ranking<Row> {
	readonly rows: readonly Row[];
	/** How many there are in all. */
	readonly count: number;
}

export type CountryStatus = OriginStatus & { readonly country: string };
/** The organisation is who runs the network by the database; null where it does not say. */
export type AsnStatus = OriginStatus & { readonly asn: string; readonly organization: string | null };

/** Of all domains. */
export interface HealthStatus extends HealthFigures {
	readonly responses_by_rcode: Readonly<Record<string, number>>;
	readonly truncated_responses: number;
	readonly refused: Readonly<Record<string, number>>;
}

export interface CaptureStatus {
	readonly interface: string;
	readonly ports: readonly number[];
	readonly up: boolean;
	/** When it was last opened. */
	readonly since: string;
	readonly reopened: number;
	readonly received: number;
	readonly dropped_by_kernel: number;
	readonly dropped_by_interface: number;
	/** By reason, as the next; reasons without any are left out. */
	readonly malformed_packets: Readonly<Record<string, number>>;
	/** Well-formed packets that are not tunnel traffic. */
	readonly unrelated_packets: Readonly<Record<string, number>>;
}

export interface Status {
	readonly time: string;
	readonly started: string;
	readonly version: string;
	/** The name of the exporter's host. */
	readonly host: string;
	readonly active_window_seconds: number;
	/** Over all domains. */
	readonly total: Amounts & {
		/** Null with several domains: no clients of two domains are the same, and their peaks fell at different times. */
		readonly peak_clients: number | null;
	};
	readonly domains: readonly DomainStatus[];
	/** Null without the database. */
	readonly countries: Ranking<CountryStatus> | null;
	readonly asns: Ranking<AsnStatus> | null;
	/** Of the last five minutes, or since the start while that is shorter. */
	readonly recent: { readonly seconds: number; readonly queries: number; readonly health: HealthStatus };
	/** Since the start. */
	readonly health: HealthStatus;
	/** What is wrong, the worst first. */
	readonly conditions: readonly Condition[];
	readonly capture: CaptureStatus;
}

/**
 * One moment of the history: milliseconds since 1970, active clients (of a day's points: the most that were sampled),
 * and queries, bytes in and bytes out per second since the point before.
 */
export type Point = readonly [
	timeMs: number,
	activeClients: number,
	queriesPerSecond: number,
	bytesInPerSecond: number,
	bytesOutPerSecond: number,
];

/** The last hour, a point each ten seconds, and the last day, a point each five minutes; oldest first. */
export interface HistoryStatus {
	readonly hour: readonly Point[];
	readonly day: readonly Point[];
}

/** What joined the history. */
export interface HistoryStep {
	readonly hour: Point;
	readonly day: Point | null;
}
