/**
 * Counts of label sets, of domains, or of the process, by the number of each (its row), in the module's memory. If no
 * cell is named, it is the first, in most columns the only one.
 */
export class Column {
	/** `rows` are rows of `width` doubles; the column begins at cell `start` of each. */
	constructor(
		private readonly rows: Float64Array,
		private readonly width: number,
		private readonly start: number,
	) {}

	/** Returns the count of a row, in one cell if the column has several. */
	at(row: number, cell = 0): number {
		return this.rows[row * this.width + this.start + cell] as number;
	}

	total(rows: readonly number[]): number {
		let sum = 0;
		for (const row of rows) sum += this.at(row);
		return sum;
	}

	get sum(): number {
		let sum = 0;
		for (let at = this.start; at < this.rows.length; at += this.width) sum += this.rows[at] as number;
		return sum;
	}
}
