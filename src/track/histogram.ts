/**
 * How values are put into cells: a cell is a whole number of units wide, and each doubling has 2^cellBits cells. Values
 * above 2^(doublingMax + 1) units count as that.
 */
export interface Scale {
	readonly cellBits: number;
	readonly doublingMax: number;
	/** Units of one of the metric's base unit (second or byte). */
	readonly unitsPerBase: number;
}

/**
 * Times of packets: 1/64 of a millisecond up to 65 s, so that bounds at powers of two milliseconds are exact. Sixteen
 * cells a doubling, as medians are read from them: one is off by 3 % if all values are alike, by 6 % at most.
 */
export const tripScale: Scale = { cellBits: 4, doublingMax: 21, unitsPerBase: 64_000 };
export const tripUnitsPerUs = 0.064;

/** Lives of sessions: seconds up to 68 years, a cell each doubling. */
export const lifeScale: Scale = { cellBits: 0, doublingMax: 30, unitsPerBase: 1 };

/** Volumes of sessions: 1 KiB up to 2 TiB, a cell each doubling. */
export const volumeScale: Scale = { cellBits: 0, doublingMax: 30, unitsPerBase: 1 / 1024 };

function cellsOf({ cellBits, doublingMax }: Scale): number {
	return (doublingMax - cellBits + 2) << cellBits;
}

/**
 * Counts of values by size for each label set, in cells that grow with the value: both a histogram with bounds at powers
 * of two, and percentiles, can be read from them. Memory is taken at once and used as sets come.
 */
export class Histogram {
	readonly scale: Scale;
	private readonly cells: number;
	private readonly unitsMax: number;
	private readonly counts: Float64Array;
	private readonly sums: Float64Array;

	constructor(sets: number, scale: Scale) {
		this.scale = scale;
		this.cells = cellsOf(scale);
		this.unitsMax = 2 ** (scale.doublingMax + 1) - 1;
		this.counts = new Float64Array(sets * this.cells);
		this.sums = new Float64Array(sets);
	}

	/** Adds a value in units, 0 or more. A cell holds its upper end and not its lower, as a bucket of an exposition does. */
	observe(set: number, value: number): void {
		const bits = this.scale.cellBits;
		const units = value > this.unitsMax ? this.unitsMax : value > 1 ? (Math.ceil(value) - 1) | 0 : 0;
		const doubling = 31 - Math.clz32(units);
		const cell =
			doubling < bits ? units : ((doubling - bits + 1) << bits) + ((units >> (doubling - bits)) & ((1 << bits) - 1));
		const at = set * this.cells + cell;
		this.counts[at] = (this.counts[at] as number) + 1;
		this.sums[set] = (this.sums[set] as number) + value;
	}

	/** The values of these sets together. */
	distribution(sets: Iterable<number>): Distribution {
		const counts = new Float64Array(this.cells);
		let sum = 0;
		for (const set of sets) {
			const start = set * this.cells;
			for (let cell = 0; cell < this.cells; cell++) {
				counts[cell] = (counts[cell] as number) + (this.counts[start + cell] as number);
			}
			sum += this.sums[set] as number;
		}
		return new Distribution(counts, sum, this.scale);
	}
}

/** The values of some label sets together, read in the metric's base unit. */
export class Distribution {
	readonly count: number;
	/** Of all values. */
	readonly sum: number;

	constructor(
		private readonly counts: Float64Array,
		sumUnits: number,
		private readonly scale: Scale,
	) {
		this.count = counts.reduce((total, count) => total + count, 0);
		this.sum = sumUnits / scale.unitsPerBase;
	}

	/** How many values are at most 2^power units; `power` from the scale's cellBits up to its doublingMax. */
	upTo(power: number): number {
		const end = (power - this.scale.cellBits + 1) << this.scale.cellBits;
		let total = 0;
		for (let cell = 0; cell < end; cell++) total += this.counts[cell] as number;
		return total;
	}

	/** The value that `share` (0 to 1) of all values do not exceed, as if they lay evenly in their cell; null without values. */
	quantile(share: number): number | null {
		const rank = this.count * share;
		let total = 0;
		for (let cell = 0; cell < this.counts.length; cell++) {
			const count = this.counts[cell] as number;
			if (count > 0 && total + count >= rank) {
				const start = this.start(cell);
				const within = Math.max(0, rank - total) / count;
				return (start + (this.start(cell + 1) - start) * within) / this.scale.unitsPerBase;
			}
			total += count;
		}
		return null;
	}

	/** The lower end of a cell, in units. */
	private start(cell: number): number {
		const bits = this.scale.cellBits;
		if (cell < 1 << bits) return cell;
		const doubling = (cell >> bits) + bits - 1;
		return 2 ** doubling + (cell & ((1 << bits) - 1)) * 2 ** (doubling - bits);
	}
}
