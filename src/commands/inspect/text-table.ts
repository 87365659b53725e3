/** Columns that a text takes in a terminal: some characters take two. */
const widthOf = Bun.stringWidth;

/** Lays out rows under a header: the first column to the left, the others, which hold numbers, to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
	const widths = header.map((title, column) =>
		Math.max(widthOf(title), ...rows.map((row) => widthOf(row[column] ?? ""))),
	);
	const line = (cells: readonly string[]) =>
		cells
			.map((cell, column) => {
				const space = " ".repeat((widths[column] ?? 0) - widthOf(cell));
				return column === 0 ? `${cell}${space}` : `${space}${cell}`;
			})
			.join("  ")
			.trimEnd();
	return [line(header), ...rows.map(line)].join("\n");
}
