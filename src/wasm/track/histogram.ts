import { SetCell } from "../shared/cells.ts";
import {
	cellsOf,
	coarseCellBits,
	coarseDoublingMax,
	responseUnitsPerSecond,
	timeCellBits,
	timeDoublingMax,
	timeUnitsPerSecond,
} from "../shared/scales.ts";
import { allocate } from "./allocate.ts";
import { add, rowOfSet } from "./counts.ts";

/** Units of the scales for round trips and for response times (scales.ts) in one microsecond. */
export const timeUnitsPerUs: f64 = timeUnitsPerSecond / 1_000_000;
export const responseUnitsPerUs: f64 = responseUnitsPerSecond / 1_000_000;

/** These repeat cellsOf, because the size of static memory must be a constant, and to the compiler a call is none. */
const timeCells: u32 = (timeDoublingMax - timeCellBits + 2) << timeCellBits;
const coarseCells: u32 = (coarseDoublingMax - coarseCellBits + 2) << coarseCellBits;
/** A label set has one row with the cells of all histograms; each histogram has a multiple of four cells. */
const rowCells: u32 = 2 * timeCells + 2 * coarseCells;

/**
 * A cell holds the lowest 16 bits of a count. Most counts fit, and with such short rows a label set uses few pages. The
 * number of times that a cell reached 65,536 is in another array, 32 bits for each cell, and a byte for each label set
 * says whether it has such cells, as that array is rarely in the processor's caches.
 */
const carryBits: u64 = 16;
let rows: usize = 0;
let carries: usize = 0;
let carried: usize = 0;

/**
 * Counts of values by size for each label set, in cells that grow with the value: both a histogram with bounds at
 * powers of two and percentiles can be read from them.
 */
@unmanaged
export class Histogram {
	private cellBits: u32;
	private cells: u32;
	private unitsMax: f64;
	/** The first of its cells in a row. */
	private first: u32;
	/** The cell with the sum of its values in a label set's row of counts. */
	private sum: SetCell;

	/** The scale is one of scales.ts. Returns the first cell of the next histogram. */
	setUp(first: u32, sum: SetCell, cellBits: u32, doublingMax: u32): u32 {
		this.sum = sum;
		this.cellBits = cellBits;
		this.cells = cellsOf(cellBits, doublingMax);
		this.unitsMax = (((1 as u64) << (doublingMax + 1)) - 1) as f64;
		this.first = first;
		return first + this.cells;
	}

	/** Adds a value in units, 0 or more. A cell includes its upper end but not its lower, like a bucket of an exposition. */
	observe(set: u32, value: f64): void {
		const bits = this.cellBits;
		const units = value > this.unitsMax ? (this.unitsMax as u32) : value > 1 ? (Math.ceil(value) as u32) - 1 : 0;
		const doubling = 31 - clz<u32>(units);
		// For 0 there is no doubling: -1.
		const cell =
			units < (1 as u32) << bits
				? units
				: ((doubling - bits + 1) << bits) + ((units >> (doubling - bits)) & (((1 as u32) << bits) - 1));
		enqueue(set * rowCells + this.first + cell);
		add(rowOfSet(set), this.sum, value);
	}

	/** Adds the counts of a label set to the distribution. In most sets nearly all are 0, so four at a time are skipped. */
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

	/** Makes the distribution cumulative: each cell counts its own values and those of all cells before it. */
	cumulate(): void {
		let count: f64 = 0;
		for (let at: usize = 0; at < (this.cells as usize) << 3; at += 8) {
			count += load<f64>(distribution + at);
			store<f64>(distribution + at, count);
		}
	}
}

/** Sets the distribution to 0, and returns its address. */
export function startDistribution(): usize {
	memory.fill(distribution, 0, distributionBytes);
	return distribution;
}

/** Large enough for one label set in the finest scale. */
const distributionBytes: u32 = timeCells * 8;
const distribution: usize = memory.data(distributionBytes, 64);

/** Addresses of the cell with this number, and of its carry. */
function cellAt(cell: u32): usize {
	return rows + ((cell as usize) << 1);
}

function carryAt(cell: u32): usize {
	return carries + ((cell as usize) << 2);
}

/**
 * Cells are far apart, so nearly every one is outside the processor's caches, and counting them one by one took a tenth
 * of all time. Therefore their numbers are enqueued and counted together: the processor then fetches many at a time.
 */
const pendingMax: u32 = 1_024;
const pending: usize = memory.data(pendingMax * 4, 64);
let pendingCount: u32 = 0;

function enqueue(cell: u32): void {
	if (pendingCount === pendingMax) flushPending();
	store<u32>(pending + ((pendingCount++ as usize) << 2), cell);
}

/** Counts what is enqueued. Must be called before counts are read: at the end of each batch. */
export function flushPending(): void {
	const end = pending + ((pendingCount as usize) << 2);
	for (let at = pending; at < end; at += 4) {
		const cell = load<u32>(at);
		const count = (load<u16>(cellAt(cell)) as u32) + 1;
		store<u16>(cellAt(cell), count);
		if (count > (u16.MAX_VALUE as u32)) carry(cell, 1);
	}
	pendingCount = 0;
}

/** The cell reached 65,536 this many more times. */
function carry(cell: u32, times: u32): void {
	store<u32>(carryAt(cell), load<u32>(carryAt(cell)) + times);
	store<u8>(carried + cell / rowCells, 1);
}

/**
 * Moves all values of a label set, in every histogram, to another one. Nothing may be enqueued. Sums are moved with the
 * counts.
 */
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

/** Response times, and round trip times to clients. */
export const responseTimes: Histogram = changetype<Histogram>(memory.data(offsetof<Histogram>(), 8));
export const roundTrips: Histogram = changetype<Histogram>(memory.data(offsetof<Histogram>(), 8));
/** Values of sessions that ended: seconds from the first to the last query, and KiB of DNS messages. */
export const sessionDurations: Histogram = changetype<Histogram>(memory.data(offsetof<Histogram>(), 8));
export const sessionBytes: Histogram = changetype<Histogram>(memory.data(offsetof<Histogram>(), 8));

/** Allocates the cells; must be called once. */
export function setUpHistograms(setsMax: u32): void {
	const cells = (setsMax as usize) * rowCells;
	rows = allocate(cells << 1);
	carries = allocate(cells << 2);
	carried = allocate(setsMax);
	let first: u32 = 0;
	first = responseTimes.setUp(first, SetCell.ResponseTimes, timeCellBits, timeDoublingMax);
	first = roundTrips.setUp(first, SetCell.RoundTrips, timeCellBits, timeDoublingMax);
	first = sessionDurations.setUp(first, SetCell.SessionDurations, coarseCellBits, coarseDoublingMax);
	sessionBytes.setUp(first, SetCell.SessionBytes, coarseCellBits, coarseDoublingMax);
}
