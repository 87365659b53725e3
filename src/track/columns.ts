/** Doubles of a line of the processor's cache. */
const lineCells = 8;

/**
 * Counts of label sets, of domains, or of the process, by the number of each (its row). The columns of one table stand next to
 * each other in a row: what is counted together lies in the same lines of the processor's cache. Where no cell is named it is
 * the first, of most columns the only one.
 */
export class Column {
	constructor(
		private readonly cells: Float64Array,
		private readonly width: number,
		private readonly start: number,
	) {}

	/** The count of a row; of a column with several cells, in one of them. */
	at(row: number, cell = 0): number {
		return this.cells[row * this.width + this.start + cell] as number;
	}

	/** `count` more. */
	add(row: number, count: number, cell = 0): void {
		const at = row * this.width + this.start + cell;
		this.cells[at] = (this.cells[at] as number) + count;
	}

	/** At least `count` from now on. */
	raise(row: number, count: number): void {
		const at = row * this.width + this.start;
		if (count > (this.cells[at] as number)) this.cells[at] = count;
	}

	/** Takes the first `rows` counts of another column. */
	copy(other: Column, rows: number): void {
		for (let row = 0; row < rows; row++) this.cells[row * this.width + this.start] = other.at(row);
	}

	/** The sum over some rows. */
	total(rows: readonly number[]): number {
		let sum = 0;
		for (const row of rows) sum += this.at(row);
		return sum;
	}

	/** The sum over all rows. */
	get sum(): number {
		let sum = 0;
		for (let at = this.start; at < this.cells.length; at += this.width) sum += this.cells[at] as number;
		return sum;
	}
}

/**
 * Columns by their names, in the order in which they stand in a row; `cells` says how many numbers each has. Memory is taken
 * at once and used as rows come.
 */
export function columnsOf<Name extends string>(
	rows: number,
	cells: Readonly<Record<Name, number>>,
): Readonly<Record<Name, Column>> {
	const entries = Object.entries<number>(cells);
	const used = entries.reduce((sum, [, count]) => sum + count, 0);
	// So that no row of a few lies across two lines, and longer ones begin with one.
	const width = used < lineCells ? 2 ** Math.ceil(Math.log2(used)) : Math.ceil(used / lineCells) * lineCells;
	const all = new Float64Array(rows * width);
	let start = 0;
	const columns: Record<string, Column> = {};
	for (const [name, count] of entries) {
		columns[name] = new Column(all, width, start);
		start += count;
	}
	return columns as Record<Name, Column>;
}
