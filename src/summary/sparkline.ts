const bars = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/**
 * Counts as a line of bars, the highest of them the most; each column is the most of its share of the counts. At most `columns`
 * wide. Only 0 is a space: the lowest bar distinguishes a few from none.
 */
export function sparkline(counts: readonly number[], columns: number): string {
	const width = Math.min(columns, counts.length);
	const most = Math.max(...counts);
	return Array.from({ length: width }, (_, column) => {
		const first = Math.floor((column * counts.length) / width);
		const end = Math.floor(((column + 1) * counts.length) / width);
		const count = Math.max(...counts.slice(first, end));
		return count <= 0 ? " " : bars[Math.max(0, Math.ceil((count / most) * bars.length) - 1)];
	}).join("");
}
