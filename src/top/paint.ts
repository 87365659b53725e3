/** How text stands out in a terminal. */

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

/** `none` returns the text as it is; `plain` leaves colours out, as NO_COLOR asks for. */
export function createPaint(kind: "colour" | "plain" | "none"): Paint {
	return (text, ...styles) => {
		const used = kind === "none" ? [] : styles.filter((style) => kind === "colour" || !colours.includes(style));
		return used.length === 0 || text === ""
			? text
			: `\x1b[${used.map((style) => codes[style]).join(";")}m${text}\x1b[0m`;
	};
}
