const bars = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** Where there is no count. */
export const sparklineGap = "·";

/**
 * Counts as a line of bars, the highest of them the most; each column is the most of its share of the counts. At most `columns`
 * wide. Only 0 is a space: the lowest bar distinguishes a few from none, and a dot what is not known (null).
 */
export function sparkline(counts: readonly (number | null)[], columns: number): string {
	const width = Math.min(columns, counts.length);
	const most = Math.max(...known(counts));
	return Array.from({ length: width }, (_, column) => {
		const first = Math.floor((column * counts.length) / width);
		const end = Math.floor(((column + 1) * counts.length) / width);
		const share = known(counts.slice(first, end));
		if (share.length === 0) return sparklineGap;
		const count = Math.max(...share);
		return count <= 0 ? " " : bars[Math.max(0, Math.ceil((count / most) * bars.length) - 1)];
	}).join("");
}

function known(counts: readonly (number | null)[]): number[] {
	return counts.filter((count) => count !== null);
}
