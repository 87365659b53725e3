/** Tunnel and capture health as lines. */

import { captureEntries, type Entry, tunnelEntries, type Writing } from "../summary/entries.ts";
import { duration } from "../summary/format.ts";
import { isSinceStart, recentText, sinceStartText } from "../summary/state-line.ts";
import { fit, widthOf, wrap } from "../summary/terminal-text.ts";
import { sectionTitles } from "../summary/titles.ts";
import type { Paint, Style } from "./paint.ts";
import type { Reading } from "./reading.ts";

const titleWidth = 22;
/** Room for the longest figure; an interface's name may be longer. */
const valueWidthMin = 9;
const styles: Readonly<Record<NonNullable<Entry["state"]>, Style>> = { good: "green", poor: "yellow", bad: "red" };

/** Names need no escaping: reading.ts did that. */
export const writing: Writing = { name: (name) => name, moment: timeText, duration: durationText, times: "x" };

/** The conditions, then the tunnel's figures, then the capture's. */
export function healthLines(reading: Reading, columns: number, paint: Paint): string[] {
	const section = (title: string, entries: readonly Entry[]) => {
		const valueWidth = Math.max(valueWidthMin, ...entries.map(({ value }) => widthOf(value)));
		const lines = entries.flatMap(({ title: name, value, note, state }) => {
			const shown = fit(value, valueWidth, "right");
			const start = `  ${fit(name, titleWidth)}${state === undefined ? shown : paint(shown, "bold", styles[state])}`;
			const notes = wrap(note, Math.max(16, columns - titleWidth - valueWidth - 4));
			const indent = " ".repeat(titleWidth + valueWidth + 2);
			return notes.map((line, index) => `${index === 0 ? start : indent}  ${paint(line, "dim")}`);
		});
		return [paint(title, "bold"), ...lines];
	};
	const { conditions, capture, recent } = reading;
	return [
		...(conditions.length === 0 ? [] : [paint(sectionTitles.conditions, "bold")]),
		...conditions.flatMap(({ title, since, sentence, remedy }) => {
			const begin = since === null ? "" : ` (since ${timeText(since, Date.parse(reading.time))})`;
			return wrap(`${title}${begin}. ${sentence} ${remedy}`, columns - 4).map(
				(line, index) => `${index === 0 ? paint("  ! ", "bold", "yellow") : "    "}${line}`,
			);
		}),
		...(conditions.length === 0 ? [] : [""]),
		...(recent === null || isSinceStart(recent)
			? []
			: [...section(`${sectionTitles.health} ${recentText(recent)}`, tunnelEntries(recent.health, writing)), ""]),
		...section(`${sectionTitles.health} ${sinceStartText}`, tunnelEntries(reading.health, writing)),
		"",
		...section(sectionTitles.capture, captureEntries(capture, reading.time, writing)),
	];
}

/** Time of day, with the day where it is another than that of `nowMs`: always UTC, as the logs have it. */
export function timeText(time: string | number, nowMs?: number): string {
	const text = new Date(time).toISOString();
	const isToday = nowMs !== undefined && new Date(nowMs).toISOString().slice(0, 10) === text.slice(0, 10);
	return `${isToday ? "" : `${text.slice(0, 10)} `}${text.slice(11, 19)} UTC`;
}

/** The page's text, with plain spaces, as they are copied from a terminal. */
export function durationText(ms: number): string {
	return duration(Math.max(0, ms)).replaceAll("\u00a0", " ");
}
