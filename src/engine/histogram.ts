import {
	coarseCellBits,
	coarseDoublingMax,
	responseUnitsPerSecond,
	tripCellBits,
	tripDoublingMax,
	tripUnitsPerSecond,
	volumeUnitBytes,
} from "../wasm/shared/scales.ts";
import type { Column } from "./column.ts";

/** How values are put into cells (wasm/shared/scales.ts). */
export interface Scale {
	readonly cellBits: number;
	readonly doublingMax: number;
	/** Units of one of the metric's base unit (second or byte). */
	readonly unitsPerBase: number;
}

export const tripScale: Scale = {
	cellBits: tripCellBits,
	doublingMax: tripDoublingMax,
	unitsPerBase: tripUnitsPerSecond,
};
export const responseScale: Scale = { ...tripScale, unitsPerBase: responseUnitsPerSecond };
export const lifeScale: Scale = { cellBits: coarseCellBits, doublingMax: coarseDoublingMax, unitsPerBase: 1 };
export const volumeScale: Scale = {
	cellBits: coarseCellBits,
	doublingMax: coarseDoublingMax,
	unitsPerBase: 1 / volumeUnitBytes,
};

/** Counts of values by size for each label set, in the module's memory. */
export class Histogram {
	/** `cumulate` says for each cell how many values of some label sets are in it and all below; `sums` are in units. */
	constructor(
		readonly scale: Scale,
		private readonly cumulate: (sets: readonly number[]) => Float64Array,
		private readonly sums: Column,
	) {}

	/** The values of these label sets together. Holds until another distribution of the tracker is asked for. */
	distribution(sets: readonly number[]): Distribution {
		return new Distribution(this.cumulate(sets), this.sums.total(sets), this.scale);
	}
}

/** The values of some label sets together, read in the metric's base unit. */
export class Distribution {
	readonly count: number;
	/** Of all values. */
	readonly sum: number;

	/** `cumulative` says for each cell how many values are in it and all below. */
	constructor(
		private readonly cumulative: Float64Array,
		sumUnits: number,
		private readonly scale: Scale,
	) {
		this.count = cumulative.at(-1) ?? 0;
		this.sum = sumUnits / scale.unitsPerBase;
	}

	/** How many values are at most 2^power units; `power` from the scale's cellBits up to its doublingMax. */
	upTo(power: number): number {
		return this.cumulative[((power - this.scale.cellBits + 1) << this.scale.cellBits) - 1] as number;
	}

	/** The value that `share` (0 to 1) of all values do not exceed, as if they lay evenly in their cell; null without values. */
	quantile(share: number): number | null {
		if (this.count === 0) return null;
		const { cumulative } = this;
		const rank = this.count * share;
		// The first cell that reaches the rank, and is not empty: a half of those that are left goes with each look.
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
