/** How all is, in one line. */

import type { Severity } from "./condition-texts.ts";

export interface StateLine {
	readonly text: string;
	/** "good" while nothing is wrong. */
	readonly severity: Severity | "good";
}

/** The worst condition, the first, and how many more there are. */
export function stateLine(conditions: readonly { readonly title: string; readonly severity: Severity }[]): StateLine {
	const [worst, ...others] = conditions;
	if (worst === undefined) return { text: "All is well", severity: "good" };
	const more = others.length === 0 ? "" : ` – and ${others.length} more`;
	return { text: `${worst.title}${more}`, severity: worst.severity };
}

export const sinceStartText = "since the start";

/** Whether the recent figures are all that there are: the window is shorter after the start. */
export function isSinceStart({ seconds }: { readonly seconds: number }): boolean {
	return seconds < 300;
}

/** What the recent figures are of. */
export function recentText(recent: { readonly seconds: number }): string {
	return isSinceStart(recent) ? sinceStartText : "of the last 5 minutes";
}

/** When the last query of any domain came (RFC 3339); null before the first. */
export function lastQueryOf(domains: readonly { readonly last_query: string | null }[]): string | null {
	const times = domains.flatMap(({ last_query: time }) => (time === null ? [] : [time]));
	return times.toSorted().at(-1) ?? null;
}
