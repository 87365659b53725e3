import { SetCell } from "../shared/cells.ts";
import {
	cellsOf,
	coarseCellBits,
	coarseDoublingMax,
	responseUnitsPerSecond,
	tripCellBits,
	tripDoublingMax,
	tripUnitsPerSecond,
} from "../shared/scales.ts";
import { add, rowOfSet } from "./counts.ts";
import { reserve } from "./reserve.ts";

/** Units of the scales for round trips and for response times (scales.ts) in a microsecond. */
export const tripUnitsPerUs: f64 = tripUnitsPerSecond / 1_000_000;

export const responseUnitsPerUs: f64 = responseUnitsPerSecond / 1_000_000;

/** What cellsOf gives, written out: the compiler takes no call for a constant, which the size of static memory must be. */
const tripCells: u32 = (tripDoublingMax - tripCellBits + 2) << tripCellBits;
const coarseCells: u32 = (coarseDoublingMax - coarseCellBits + 2) << coarseCellBits;
/** A label set has a row of cells, the histograms' one behind the other; each has a multiple of four. */
const rowCells: u32 = 2 * tripCells + 2 * coarseCells;

/**
 * Cells hold the lowest 16 bits of a count: most never hold more, and rows are so short that what a label set touches first
 * and then again and again are few pages. How many times a cell came to 65,536 stands elsewhere, 32 bits for each cell, and
 * that a label set has such cells in a byte of its own, as nobody should look there without need.
 */
const carryBits: u64 = 16;
let rows: usize = 0;
let carries: usize = 0;
let carried: usize = 0;

/**
 * Counts of values by size for each label set, in cells that grow with the value: both a histogram with bounds at powers
 * of two, and percentiles, can be read from them.
 */
@unmanaged
export class Histogram {
	private cellBits: u32;
	private cells: u32;
	private unitsMax: f64;
	/** Where its cells begin in a row. */
	private first: u32;
	/** Where the sum of its values stands in a label set's row of counts. */
	private sum: SetCell;

	/** The scale is one of scales.ts; gives where the next histogram begins. */
	setUp(first: u32, sum: SetCell, cellBits: u32, doublingMax: u32): u32 {
		this.sum = sum;
		this.cellBits = cellBits;
		this.cells = cellsOf(cellBits, doublingMax);
		this.unitsMax = (((1 as u64) << (doublingMax + 1)) - 1) as f64;
		this.first = first;
		return first + this.cells;
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
		later(set * rowCells + this.first + cell);
		add(rowOfSet(set), this.sum, value);
	}

	/** Adds the counts of a label set to the distribution; of most sets nearly all are 0, and four of those are passed at once. */
	addTo(set: u32): void {
		const first = set * rowCells + this.first;
		const hasCarried = load<u8>(carried + set) !== 0;
		for (let four: u32 = 0; four < this.cells; four += 4) {
			if (load<u64>(cellAt(first + four)) === 0 && !hasCarried) continue;
			for (let cell = four; cell < four + 4; cell++) {
				let count = load<u16>(cellAt(first + cell)) as u64;
				if (hasCarried) count += (load<u32>(carryAt(first + cell)) as u64) << carryBits;
				const at = distribution + ((cell as usize) << 3);
				store<f64>(at, load<f64>(at) + (count as f64));
			}
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
const distributionBytes: u32 = tripCells * 8;
const distribution: usize = memory.data(distributionBytes, 64);

/** Addresses of the cell with this number, and of what was carried over from it. */
function cellAt(cell: u32): usize {
	return rows + ((cell as usize) << 1);
}

function carryAt(cell: u32): usize {
	return carries + ((cell as usize) << 2);
}

/**
 * Cells lie far apart: each is nearly always out of the processor's caches, and counting them one by one took a tenth of all
 * time. So their numbers are noted and counted together, as the processor then fetches many at a time.
 */
const notedMax: u32 = 1_024;
const noted: usize = memory.data(notedMax * 4, 64);
let notes: u32 = 0;

function later(cell: u32): void {
	if (notes === notedMax) countNoted();
	store<u32>(noted + ((notes++ as usize) << 2), cell);
}

/** To be called before anybody looks: at the end of each batch. */
export function countNoted(): void {
	const end = noted + ((notes as usize) << 2);
	for (let note = noted; note < end; note += 4) {
		const cell = load<u32>(note);
		const count = (load<u16>(cellAt(cell)) as u32) + 1;
		store<u16>(cellAt(cell), count);
		if (count > (u16.MAX_VALUE as u32)) carry(cell, 1);
	}
	notes = 0;
}

/** The cell came to 65,536 so many times more. */
function carry(cell: u32, times: u32): void {
	store<u32>(carryAt(cell), load<u32>(carryAt(cell)) + times);
	store<u8>(carried + cell / rowCells, 1);
}

/** All values of a label set, in every histogram, are another's from now on; nothing is to be noted any more. Their sums are counts. */
export function moveValues(from: u32, to: u32): void {
	const source = from * rowCells;
	const target = to * rowCells;
	const hasCarried = load<u8>(carried + from) !== 0;
	for (let four: u32 = 0; four < rowCells; four += 4) {
		if (load<u64>(cellAt(source + four)) === 0 && !hasCarried) continue;
		for (let cell = four; cell < four + 4; cell++) {
			const count = (load<u16>(cellAt(source + cell)) as u32) + (load<u16>(cellAt(target + cell)) as u32);
			store<u16>(cellAt(source + cell), 0);
			store<u16>(cellAt(target + cell), count);
			if (count > (u16.MAX_VALUE as u32)) carry(target + cell, 1);
			if (!hasCarried) continue;
			const carries = load<u32>(carryAt(source + cell));
			store<u32>(carryAt(source + cell), 0);
			if (carries > 0) carry(target + cell, carries);
		}
	}
	store<u8>(carried + from, 0);
}

/** Time from a query to its response; round trip times to clients. */
export const answerTimes: Histogram = changetype<Histogram>(memory.data(offsetof<Histogram>(), 8));
export const roundTrips: Histogram = changetype<Histogram>(memory.data(offsetof<Histogram>(), 8));
/** Of sessions that ended: seconds from the first to the last query, and KiB of DNS messages. */
export const lives: Histogram = changetype<Histogram>(memory.data(offsetof<Histogram>(), 8));
export const volumes: Histogram = changetype<Histogram>(memory.data(offsetof<Histogram>(), 8));

/** Takes memory for so many label sets; once. */
export function setUpHistograms(setsMax: u32): void {
	const cells = (setsMax as usize) * rowCells;
	rows = reserve(cells << 1);
	carries = reserve(cells << 2);
	carried = reserve(setsMax);
	let first: u32 = 0;
	first = answerTimes.setUp(first, SetCell.AnswerTimes, tripCellBits, tripDoublingMax);
	first = roundTrips.setUp(first, SetCell.RoundTrips, tripCellBits, tripDoublingMax);
	first = lives.setUp(first, SetCell.Lives, coarseCellBits, coarseDoublingMax);
	volumes.setUp(first, SetCell.Volumes, coarseCellBits, coarseDoublingMax);
}
