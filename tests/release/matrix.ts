/** The results of the release's tests: which executable did what, and where. */

/** A root that an executable runs in. */
export interface Host {
	readonly title: string;
	readonly folder: string;
	/** What runs the executable where this processor cannot, or shall not seem able to. */
	readonly emulator?: { readonly path: string; readonly words: readonly string[] };
}

export type Outcome = "ok" | "FAILED" | "-";

export const columns = [
	"alone",
	"version",
	"inspect",
	"exposition",
	"live veth, /metrics",
	"live any, /metrics",
] as const;

export interface Row {
	readonly target: string;
	readonly host: string;
	/** One for each column. */
	readonly outcomes: readonly Outcome[];
}

/** Whether a host can show this at all: qemu's user mode knows no packet sockets with rings, so it captures nothing live. */
export function runnable(host: Host, column: (typeof columns)[number]): boolean {
	return host.emulator === undefined || !column.startsWith("live");
}

/** A table for a terminal, and for Markdown. */
export function renderMatrix(rows: readonly Row[]): string {
	const cells = [
		["executable", "in", ...columns],
		...rows.map(({ target, host, outcomes }) => [target, host, ...outcomes]),
	];
	const widths = ["executable", "in", ...columns].map((_, column) =>
		Math.max(...cells.map((row) => row[column]?.length ?? 0)),
	);
	const lines = cells.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`);
	const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
	return [lines[0], rule, ...lines.slice(1)].join("\n");
}

/** What was not run counts as neither. */
export function tally(outcomes: readonly Outcome[]): { readonly passed: number; readonly failed: number } {
	const count = (wanted: Outcome) => outcomes.filter((outcome) => outcome === wanted).length;
	return { passed: count("ok"), failed: count("FAILED") };
}
