import {
	bytesUnit,
	coarseCellBits,
	coarseDoublingMax,
	responseUnitsPerSecond,
	timeCellBits,
	timeDoublingMax,
	timeUnitsPerSecond,
} from "../wasm/shared/scales.ts";
import type { Column } from "./column.ts";

/** The layout of cells (wasm/shared/scales.ts). */
export interface Scale {
	readonly cellBits: number;
	readonly doublingMax: number;
	/** Units in one of the metric's base unit (second or byte). */
	readonly unitsPerBase: number;
}

export const timeScale: Scale = {
	cellBits: timeCellBits,
	doublingMax: timeDoublingMax,
	unitsPerBase: timeUnitsPerSecond,
};
export const responseScale: Scale = { ...timeScale, unitsPerBase: responseUnitsPerSecond };
export const durationScale: Scale = { cellBits: coarseCellBits, doublingMax: coarseDoublingMax, unitsPerBase: 1 };
export const bytesScale: Scale = {
	cellBits: coarseCellBits,
	doublingMax: coarseDoublingMax,
	unitsPerBase: 1 / bytesUnit,
};

/** Counts of values by size for each label set, in the module's memory. */
export class Histogram {
	/**
	 * `cumulate` returns for each cell the number of some label sets' values in it and in all cells before it; `sums` are
	 * in units.
	 */
	constructor(
		readonly scale: Scale,
		private readonly cumulate: (sets: readonly number[]) => Float64Array,
		private readonly sums: Column,
	) {}

	/** Returns the values of these label sets together, valid until the tracker's next distribution is read. */
	distribution(sets: readonly number[]): Distribution {
		return new Distribution(this.cumulate(sets), this.sums.total(sets), this.scale);
	}
}

/** The values of some label sets together, read in the metric's base unit. */
export class Distribution {
	readonly count: number;
	readonly sum: number;

	/** `cumulative` has for each cell the number of values in it and in all cells before it. */
	constructor(
		private readonly cumulative: Float64Array,
		private readonly sumUnits: number,
		private readonly scale: Scale,
	) {
		this.count = cumulative.at(-1) ?? 0;
		this.sum = sumUnits / scale.unitsPerBase;
	}

	/** Returns the same values, valid for as long as it is kept. */
	copy(): Distribution {
		return new Distribution(this.cumulative.slice(), this.sumUnits, this.scale);
	}

	/** Returns the values that came after those of `earlier`, an earlier distribution of the same label sets. */
	since(earlier: Distribution): Distribution {
		// A label set that made room takes its values along: then there are fewer than before.
		const cumulative = this.cumulative.map((count, cell) => Math.max(0, count - (earlier.cumulative[cell] as number)));
		return new Distribution(cumulative, Math.max(0, this.sumUnits - earlier.sumUnits), this.scale);
	}

	/** Returns how many values are at most 2^power units; `power` is from the scale's cellBits up to its doublingMax. */
	upTo(power: number): number {
		return this.cumulative[((power - this.scale.cellBits + 1) << this.scale.cellBits) - 1] as number;
	}

	/**
	 * Returns the value that `share` (0 to 1) of all values do not exceed, as if they were spread evenly in their cell;
	 * null without values.
	 */
	quantile(share: number): number | null {
		if (this.count === 0) return null;
		const { cumulative } = this;
		const rank = this.count * share;
		// A binary search for the first cell that reaches the rank and is not empty.
		let cell = 0;
		for (let end = cumulative.length - 1; cell < end; ) {
			const middle = (cell + end) >> 1;
			const upTo = cumulative[middle] as number;
			if (upTo > 0 && upTo >= rank) end = middle;
			else cell = middle + 1;
		}
		const below = cell === 0 ? 0 : (cumulative[cell - 1] as number);
		const start = this.start(cell);
		const within = Math.max(0, rank - below) / ((cumulative[cell] as number) - below);
		return (start + (this.start(cell + 1) - start) * within) / this.scale.unitsPerBase;
	}

	/** The lower end of a cell, in units. */
	private start(cell: number): number {
		const bits = this.scale.cellBits;
		if (cell < 1 << bits) return cell;
		const doubling = (cell >> bits) + bits - 1;
		return 2 ** doubling + (cell & ((1 << bits) - 1)) * 2 ** (doubling - bits);
	}
}
