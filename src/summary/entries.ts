/** The figures of the tunnel's and the capture's health, each with its name and a note, as the status page and `top` show them. */

import { count, factor, optional, percent, seconds } from "./format.ts";
import type { HealthFigures, Times } from "./health.ts";
import { type LossCounts, lossOf } from "./loss.ts";
import { titles } from "./titles.ts";

export interface Entry {
	readonly title: string;
	readonly value: string;
	readonly note: string;
	/** Left out where a figure is neither. */
	readonly state?: "good" | "poor" | "bad";
}

/** What a page writes differently from a terminal. */
export interface Writing {
	/** A name that may come from outside, so that it can do nothing there. */
	readonly name: (name: string) => string;
	/** A moment (RFC 3339). */
	readonly moment: (time: string) => string;
	/** How long, milliseconds. */
	readonly duration: (ms: number) => string;
	/** The sign after a factor. */
	readonly times: string;
}

type Counts = Readonly<Record<string, number>>;
type Spread = Pick<Times, "median" | "p95">;

/** The parts of the status that the tunnel's entries are made of. */
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

/** The parts of the status that the capture's entries are made of. */
export interface CaptureHealth extends LossCounts {
	readonly interface: string;
	readonly ports: readonly number[];
	readonly up: boolean;
	/** When it was last opened (RFC 3339). */
	readonly since: string;
	readonly reopened: number;
	readonly malformed_packets: Counts;
}

/** How well the tunnel has worked since the start. */
export function tunnelEntries(health: TunnelHealth, writing: Writing): Entry[] {
	return [
		spread(titles.roundTrip, health.round_trip_seconds),
		spread(titles.responseTime, health.response_duration_seconds),
		{
			title: titles.retransmitted,
			value: optional(health.retransmission_ratio_out, percent),
			note: `to clients (from clients ${optional(health.retransmission_ratio_in, percent)})`,
		},
		{
			title: titles.unanswered,
			value: optional(health.unanswered_ratio, percent),
			note: `${count(health.unanswered_queries)} queries; truncated responses: ${count(health.truncated_responses)}`,
		},
		{
			title: titles.overhead,
			value: optional(health.overhead, (value) => factor(value, writing.times)),
			note: "bytes of DNS messages per byte carried",
		},
		{
			title: titles.smallEdns,
			value: optional(health.edns_below_1232_ratio, percent),
			note: "queries through resolvers that accept less than 1,232 bytes",
		},
		sum(titles.responses, health.responses_by_rcode, writing),
		sum(titles.refused, health.refused, writing),
	];
}

/** How well the capture has worked since it was last opened. The figures are those of `time` (RFC 3339). */
export function captureEntries(capture: CaptureHealth, time: string, writing: Writing): Entry[] {
	const { dropped, note } = lossOf(capture);
	const open = writing.duration(Date.parse(time) - Date.parse(capture.since));
	return [
		{
			title: "Interface",
			value: writing.name(capture.interface),
			note: `UDP port ${capture.ports.join(", ")}`,
		},
		capture.up
			? {
					title: "State",
					value: "open",
					note: `since ${writing.moment(capture.since)} (${open}), reopened ${count(capture.reopened)} ${capture.reopened === 1 ? "time" : "times"}`,
					state: "good",
				}
			: {
					title: "State",
					value: "closed",
					note: "reopening is tried every few seconds; the log says why it fails",
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

/** A total and its parts, the greatest first. */
function sum(title: string, by: Counts, writing: Writing): Entry {
	const parts = Object.entries(by).toSorted(([, a], [, b]) => b - a);
	return {
		title,
		value: count(totalOf(by)),
		note: parts.map(([name, value]) => `${writing.name(name)} ${count(value)}`).join(", ") || "none yet",
	};
}
