/** How text stands out in a terminal, and how much room it takes there. Lengths are in columns: wide characters take two. */

/** Select graphic rendition (ECMA-48, 8.3.117). */
const codes = {
	bold: 1,
	dim: 2,
	reverse: 7,
	red: 31,
	green: 32,
	yellow: 33,
	cyan: 36,
} as const;
export type Style = keyof typeof codes;

const colours: readonly Style[] = ["red", "green", "yellow", "cyan"];

export type Paint = (text: string, ...styles: readonly Style[]) => string;

/** `none` gives the text as it is; `plain` leaves colours out, as NO_COLOR asks for. */
export function createPaint(kind: "colour" | "plain" | "none"): Paint {
	return (text, ...styles) => {
		const used = kind === "none" ? [] : styles.filter((style) => kind === "colour" || !colours.includes(style));
		return used.length === 0 || text === ""
			? text
			: `\x1b[${used.map((style) => codes[style]).join(";")}m${text}\x1b[0m`;
	};
}

export const widthOf = Bun.stringWidth;

/** Cut to `columns`, with a mark where something is missing. */
export function cut(text: string, columns: number): string {
	if (widthOf(text) <= columns) return text;
	if (columns < 1) return "";
	const kept = Bun.sliceAnsi(text, 0, columns - 1);
	// A wide character of which only half has room is kept whole.
	return `${widthOf(kept) < columns ? kept : Bun.sliceAnsi(text, 0, columns - 2)}…`;
}

/** Exactly so wide, cut or filled up with spaces at the right, or at the left. */
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

/** In lines of at most `columns`, broken between words, but not in front of a sign of per cent. */
export function wrap(text: string, columns: number): string[] {
	const kept = text.replaceAll(" %", "\u00a0%");
	return Bun.wrapAnsi(kept, Math.max(1, columns), { hard: true, trim: true }).replaceAll("\u00a0", " ").split("\n");
}
