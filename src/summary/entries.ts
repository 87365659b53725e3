/** The figures of the tunnel's and the capture's health, each with its name and a note, as the status page and `top` have them. */

import { count, optional, percent, seconds } from "./format.ts";
import type { HealthFigures, Times } from "./health.ts";
import { type LossCounts, lossOf } from "./loss.ts";

export interface Entry {
	readonly title: string;
	readonly value: string;
	readonly note: string;
	/** How things stand, where that can be told. */
	readonly state?: "good" | "poor" | "bad";
}

/** What is written in another way on a page than in a terminal. */
export interface Writing {
	/** A name that may come from outside, so that it can do nothing there. */
	readonly name: (name: string) => string;
	/** A moment (RFC 3339). */
	readonly moment: (time: string) => string;
	/** How long, milliseconds. */
	readonly duration: (ms: number) => string;
	/** The sign behind a factor. */
	readonly times: string;
}

type Counts = Readonly<Record<string, number>>;
type Spread = Pick<Times, "median" | "p95">;

/** Of the status, what the tunnel's entries are made from. */
export interface TunnelHealth
	extends Pick<
		HealthFigures,
		| "retransmission_ratio_out"
		| "retransmission_ratio_in"
		| "unanswered_ratio"
		| "unanswered_queries"
		| "overhead"
		| "edns_below_1232_ratio"
	> {
	readonly round_trip_seconds: Spread | null;
	readonly response_duration_seconds: Spread | null;
	readonly truncated_responses: number;
	readonly responses_by_rcode: Counts;
	readonly refused: Counts;
}

/** Of the status, what the capture's entries are made from. */
export interface CaptureHealth extends LossCounts {
	readonly up: boolean;
	/** When it was last opened (RFC 3339). */
	readonly since: string;
	readonly reopened: number;
	readonly malformed_packets: Counts;
}

/** How well the tunnel works, since the start. */
export function tunnelEntries(health: TunnelHealth, writing: Writing): Entry[] {
	return [
		spread("Round trip to clients", health.round_trip_seconds),
		spread("Server's answer", health.response_duration_seconds),
		{
			title: "Sent again",
			value: optional(health.retransmission_ratio_out, percent),
			note: `to clients; from clients ${optional(health.retransmission_ratio_in, percent)}`,
		},
		{
			title: "Unanswered queries",
			value: optional(health.unanswered_ratio, percent),
			note: `${count(health.unanswered_queries)} in all; responses cut: ${count(health.truncated_responses)}`,
		},
		{
			title: "Overhead",
			value: optional(health.overhead, (value) => `${value.toFixed(value < 10 ? 1 : 0)} ${writing.times}`),
			note: "bytes of DNS for each byte carried",
		},
		{
			title: "Small EDNS limit",
			value: optional(health.edns_below_1232_ratio, percent),
			note: "of queries: under the 1,232 bytes that dnstt needs",
		},
		sum("Responses", health.responses_by_rcode, writing),
		sum("Refused queries", health.refused, writing),
	];
}

/** How well the capture works, since it was last opened; `time` is the moment that the figures are of (RFC 3339). */
export function captureEntries(capture: CaptureHealth, time: string, writing: Writing): Entry[] {
	const { dropped, note } = lossOf(capture);
	const open = writing.duration(Date.parse(time) - Date.parse(capture.since));
	return [
		capture.up
			? {
					title: "State",
					value: "open",
					note: `since ${writing.moment(capture.since)} (${open}), opened again: ${count(capture.reopened)}`,
					state: "good",
				}
			: {
					title: "State",
					value: "not open",
					note: "it is tried again every few seconds; the log says why",
					state: "bad",
				},
		{
			title: "Packets",
			value: count(capture.received),
			note: `${count(totalOf(capture.malformed_packets))} of them malformed`,
		},
		{ title: "Lost", value: count(dropped), note, ...(dropped > 0 ? { state: "poor" } : {}) },
	];
}

function spread(title: string, times: Spread | null): Entry {
	return {
		title,
		value: optional(times?.median, seconds),
		note: times === null ? "not measured yet" : `95 % within ${seconds(times.p95)}`,
	};
}

function totalOf(by: Counts): number {
	return Object.values(by).reduce((total, value) => total + value, 0);
}

/** A sum, and what it is made of, the most first. */
function sum(title: string, by: Counts, writing: Writing): Entry {
	const parts = Object.entries(by).toSorted(([, a], [, b]) => b - a);
	return {
		title,
		value: count(totalOf(by)),
		note: parts.map(([name, value]) => `${writing.name(name)} ${count(value)}`).join(", ") || "none so far",
	};
}
