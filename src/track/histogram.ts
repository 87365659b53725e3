import { reserve } from "../engine/reserve.ts";
import { SetCell } from "./cells.ts";
import { add, rowOfSet } from "./counts.ts";
import { cellsOf, coarseCellBits, coarseDoublingMax, tripCellBits, tripDoublingMax } from "./scales.ts";

/** Units of the scale for times of packets (scales.ts) in a microsecond. */
export const tripUnitsPerUs: f64 = 0.064;

/**
 * Counts of values by size for each label set, in cells that grow with the value: both a histogram with bounds at powers
 * of two, and percentiles, can be read from them.
 */
@unmanaged
export class Histogram {
	cellBits: u32;
	cells: u32;
	unitsMax: f64;
	/** Doubles, `cells` for each label set. */
	private counts: usize;
	/** Where the sum of its values stands in a label set's row. */
	private sum: SetCell;

	/** Takes memory for so many label sets; the scale is one of scales.ts. */
	setUp(setsMax: u32, sum: SetCell, cellBits: u32, doublingMax: u32): void {
		this.sum = sum;
		this.cellBits = cellBits;
		this.cells = cellsOf(cellBits, doublingMax);
		this.unitsMax = (((1 as u64) << (doublingMax + 1)) - 1) as f64;
		this.counts = reserve((setsMax as usize) * this.cells * sizeof<f64>());
	}

	/** Adds a value in units, 0 or more. A cell holds its upper end and not its lower, as a bucket of an exposition does. */
	observe(set: u32, value: f64): void {
		const bits = this.cellBits;
		const units = value > this.unitsMax ? (this.unitsMax as u32) : value > 1 ? (Math.ceil(value) as u32) - 1 : 0;
		const doubling = 31 - clz<u32>(units);
		// No doubling, -1, for 0.
		const cell =
			units < (1 as u32) << bits
				? units
				: ((doubling - bits + 1) << bits) + ((units >> (doubling - bits)) & (((1 as u32) << bits) - 1));
		later(this.counts + ((set as usize) * this.cells + cell) * sizeof<f64>());
		add(rowOfSet(set), this.sum, value);
	}

	/** Adds the counts of a label set to the distribution. */
	addTo(set: u32): void {
		const counts = this.counts + (set as usize) * this.cells * sizeof<f64>();
		for (let at: usize = 0; at < (this.cells as usize) << 3; at += 8) {
			store<f64>(distribution + at, load<f64>(distribution + at) + load<f64>(counts + at));
		}
	}

	/** Turns the counts of the distribution into those up to each cell. */
	cumulate(): void {
		let count: f64 = 0;
		for (let at: usize = 0; at < (this.cells as usize) << 3; at += 8) {
			count += load<f64>(distribution + at);
			store<f64>(distribution + at, count);
		}
	}
}

/** A new distribution, without values, at the address that it gives. */
export function startDistribution(): usize {
	memory.fill(distribution, 0, distributionBytes);
	return distribution;
}

/** Room for a distribution: as many cells as one label set has in the finest scale. */
const distributionBytes: u32 = ((tripDoublingMax - tripCellBits + 2) << tripCellBits) * 8;
const distribution: usize = memory.data(distributionBytes, 64);

/**
 * Cells lie far apart: one is nearly always out of the processor's caches, and who waits for each alone waits for a tenth of
 * all time. So their addresses are noted, and counted together, where the processor fetches many at a time.
 */
const notedMax: u32 = 1_024;
const noted: usize = memory.data(notedMax * 4, 64);
let notes: u32 = 0;

function later(cell: usize): void {
	if (notes === notedMax) countNoted();
	store<usize>(noted + ((notes++ as usize) << 2), cell);
}

/** To be called before anybody looks: at the end of each batch. */
export function countNoted(): void {
	const end = noted + ((notes as usize) << 2);
	for (let note = noted; note < end; note += 4) {
		const cell = load<usize>(note);
		store<f64>(cell, load<f64>(cell) + 1);
	}
	notes = 0;
}

/** Time from a query to its response; round trip times to clients. */
export const answerTimes: Histogram = changetype<Histogram>(memory.data(offsetof<Histogram>(), 8));
export const roundTrips: Histogram = changetype<Histogram>(memory.data(offsetof<Histogram>(), 8));
/** Of sessions that ended: seconds from the first to the last query, and KiB of DNS messages. */
export const lives: Histogram = changetype<Histogram>(memory.data(offsetof<Histogram>(), 8));
export const volumes: Histogram = changetype<Histogram>(memory.data(offsetof<Histogram>(), 8));

/** Takes memory for so many label sets; once. */
export function setUpHistograms(setsMax: u32): void {
	answerTimes.setUp(setsMax, SetCell.AnswerTimes, tripCellBits, tripDoublingMax);
	roundTrips.setUp(setsMax, SetCell.RoundTrips, tripCellBits, tripDoublingMax);
	lives.setUp(setsMax, SetCell.Lives, coarseCellBits, coarseDoublingMax);
	volumes.setUp(setsMax, SetCell.Volumes, coarseCellBits, coarseDoublingMax);
}
