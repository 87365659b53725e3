/** Text laid out for a terminal. Lengths are in columns: wide characters take two. */

/** The width of a text in a terminal. */
export const widthOf = Bun.stringWidth;

/** Cut to `columns`, with a mark where something is missing. */
export function cut(text: string, columns: number): string {
	if (widthOf(text) <= columns) return text;
	if (columns < 1) return "";
	const kept = Bun.sliceAnsi(text, 0, columns - 1);
	// A wide character of which only half has room is kept whole.
	return `${widthOf(kept) < columns ? kept : Bun.sliceAnsi(text, 0, columns - 2)}…`;
}

/** Exactly `columns` wide, cut or filled up with spaces at the right, or at the left. */
export function fit(text: string, columns: number, side: "left" | "right" = "left"): string {
	const shown = cut(text, columns);
	const space = " ".repeat(Math.max(0, columns - widthOf(shown)));
	return side === "left" ? `${shown}${space}` : `${space}${shown}`;
}

/** One text at the left edge and one at the right; the left one is cut. */
export function ends(left: string, right: string, columns: number): string {
	const room = columns - widthOf(right);
	return room < 1 ? cut(left, columns) : `${fit(left, room)}${right}`;
}

/** In lines of at most `columns`, broken between words, but never before a percent sign. Lines after the first begin with `indent`. */
export function wrap(text: string, columns: number, indent = ""): string[] {
	const kept = text.replaceAll(" %", "\u00a0%");
	const width = Math.max(1, columns - indent.length);
	const lines = Bun.wrapAnsi(kept, width, { hard: true, trim: true }).replaceAll("\u00a0", " ").split("\n");
	return lines.map((line, index) => (index === 0 ? line : `${indent}${line}`));
}
