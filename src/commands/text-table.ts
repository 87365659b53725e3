import { fit, widthOf, wrap } from "../summary/terminal-text.ts";

/** The width that every line of a report fits, whatever the output is: reports go into tickets. */
export const reportColumns = 80;

const gap = "  ";

/**
 * Lays out rows under a header: the first column to the left, the others, which hold numbers, to the right. Where the lines would be
 * wider than `columns`, a name that has no room beside its numbers has a line of its own above them.
 */
export function table(header: readonly string[], rows: readonly (readonly string[])[], columns: number): string {
	const [nameWidth = 0, ...widths] = header.map((title, column) =>
		Math.max(widthOf(title), ...rows.map((row) => widthOf(row[column] ?? ""))),
	);
	const numbersWidth = widths.reduce((sum, width) => sum + gap.length + width, 0);
	const firstWidth = Math.max(0, Math.min(nameWidth, columns - numbersWidth));
	const line = ([name = "", ...cells]: readonly string[]) => {
		const numbers = cells.map((cell, column) => `${gap}${fit(cell, widths[column] ?? 0, "right")}`).join("");
		if (widthOf(name) <= firstWidth) return [`${fit(name, firstWidth)}${numbers}`.trimEnd()];
		return [...wrap(name, columns), `${" ".repeat(firstWidth)}${numbers}`];
	};
	return [header, ...rows].flatMap(line).join("\n");
}
