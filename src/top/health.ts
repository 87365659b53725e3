/** Tunnel and capture health as lines. */

import { byteRate, count, duration, percent, seconds } from "../format.ts";
import { lossOf } from "../report/loss.ts";
import { fit, type Paint, type Style, wrap } from "./paint.ts";
import type { Reading } from "./reading.ts";

const absent = "–";
const titleWidth = 22;
const valueWidth = 9;

type Entry = readonly [title: string, value: string, note: string, style?: Style];

/** What the figures show to be wrong, then the tunnel's figures, then the capture's. */
export function healthLines(reading: Reading, columns: number, paint: Paint): string[] {
	const section = (title: string, entries: readonly Entry[]) => [
		paint(title, "bold"),
		...entries.flatMap(([name, value, note, style]) => {
			const shown = fit(value, valueWidth, "right");
			const start = `  ${fit(name, titleWidth)}${style === undefined ? shown : paint(shown, "bold", style)}`;
			const notes = wrap(note, Math.max(16, columns - titleWidth - valueWidth - 4));
			const indent = " ".repeat(titleWidth + valueWidth + 2);
			return notes.map((line, index) => `${index === 0 ? start : indent}  ${paint(line, "dim")}`);
		}),
	];
	const { diagnosis } = reading;
	return [
		...(diagnosis.length === 0 ? [] : [paint("Diagnosis", "bold")]),
		...diagnosis.flatMap((sentence) =>
			wrap(sentence, columns - 4).map(
				(line, index) => `${index === 0 ? paint("  ! ", "bold", "yellow") : "    "}${line}`,
			),
		),
		...(diagnosis.length === 0 ? [] : [""]),
		...section("Tunnel, since the start", tunnel(reading.health)),
		"",
		...section("Capture", capture(reading)),
	];
}

function tunnel(health: Reading["health"]): Entry[] {
	const { round_trip_seconds: trip, response_seconds: answer } = health;
	return [
		["Round trip to clients", optional(trip?.median, seconds), trip ? `95 % within ${seconds(trip.p95)}` : unmeasured],
		["Server's answer", optional(answer?.median, seconds), answer ? `95 % within ${seconds(answer.p95)}` : unmeasured],
		[
			"Sent again",
			optional(health.retransmission_ratio_out, percent),
			`to clients; from clients ${optional(health.retransmission_ratio_in, percent)}`,
		],
		[
			"Unanswered queries",
			optional(health.unanswered_ratio, percent),
			`${count(health.unanswered_queries)} in all; responses cut: ${count(health.truncated_responses)}`,
		],
		[
			"Overhead",
			optional(health.overhead, (value) => `${value.toFixed(value < 10 ? 1 : 0)} x`),
			"bytes of DNS for each byte carried",
		],
		[
			"Small EDNS limit",
			optional(health.edns_below_1232_ratio, percent),
			"of queries: under the 1,232 bytes that dnstt needs",
		],
		["Responses", ...sumOf(health.responses_by_rcode)],
		["Refused queries", ...sumOf(health.refused)],
	];
}

function capture({ capture: it, time }: Reading): Entry[] {
	const { dropped, note } = lossOf(it);
	const up = durationText(Date.parse(time) - Date.parse(it.since));
	return [
		["UDP port", it.ports.join(", "), `on interface ${it.interface}`],
		it.up
			? ["State", "open", `since ${timeText(it.since)} (${up}), opened again: ${count(it.reopened)}`, "green"]
			: ["State", "not open", "it is tried again every few seconds; the log says why", "red"],
		["Packets", count(it.received), `${count(it.faults)} of them malformed`],
		dropped === 0 ? ["Lost", "0", note] : ["Lost", count(dropped), note, "yellow"],
	];
}

const unmeasured = "not measured yet";

/** A sum, and what it is made of. */
function sumOf(by: Readonly<Record<string, number>>): [string, string] {
	const entries = Object.entries(by).toSorted(([, a], [, b]) => b - a);
	const sum = entries.reduce((all, [, value]) => all + value, 0);
	return [count(sum), entries.map(([name, value]) => `${name} ${count(value)}`).join(", ") || "none so far"];
}

function optional(value: number | null | undefined, text: (value: number) => string): string {
	return value === null || value === undefined ? absent : text(value);
}

/** Time of day, with the day where it is another than that of `nowMs`: always UTC, as the logs have it. */
export function timeText(time: string | number, nowMs?: number): string {
	const text = new Date(time).toISOString();
	const isToday = nowMs !== undefined && new Date(nowMs).toISOString().slice(0, 10) === text.slice(0, 10);
	return `${isToday ? "" : `${text.slice(0, 10)} `}${text.slice(11, 19)} UTC`;
}

/** The page's text, with spaces that a terminal copies as such. */
export function durationText(ms: number): string {
	return duration(Math.max(0, ms)).replaceAll("\u00a0", " ");
}

/** Bytes, in powers of a thousand. */
export function bytesText(bytes: number): string {
	return byteRate(bytes).replace(/\/s$/, "");
}
