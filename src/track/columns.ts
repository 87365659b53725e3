/** Columns of counts: a cell for each label set, domain or reason. */
export type Column = Float64Array | Int32Array;

/** `count` more in one cell. */
export function add(column: Column, at: number, count: number): void {
	column[at] = (column[at] as number) + count;
}

/** One more in `column`, and the highest it ever was in `peaks`. */
export function raise(column: Int32Array, peaks: Int32Array, at: number): void {
	const value = (column[at] as number) + 1;
	column[at] = value;
	if (value > (peaks[at] as number)) peaks[at] = value;
}

/** The sum of a column over some label sets. */
export function total(column: Column, sets: readonly number[]): number {
	let sum = 0;
	for (const set of sets) sum += column[set] as number;
	return sum;
}
