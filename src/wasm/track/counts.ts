/** Counts in rows of doubles; cells.ts has their layout. */

import { DomainCell, ProcessCell, SetCell } from "../shared/cells.ts";
import { allocate } from "./allocate.ts";

const cellBytes: usize = 8;

export const ofProcess: usize = memory.data(ProcessCell.Width * 8, 64);
/** Addresses of the first rows of label sets and of domains. */
let sets: usize = 0;
let domains: usize = 0;
/** The number of rows that were allocated. */
let setRoom: u32 = 0;
let domainRoom: u32 = 0;

/** Allocates the rows; must be called once. */
export function setUpCounts(domainCount: u32, setsMax: u32): void {
	setRoom = setsMax;
	domainRoom = domainCount;
	domains = allocate((domainCount as usize) * DomainCell.Width * cellBytes);
	sets = allocate((setsMax as usize) * SetCell.Width * cellBytes);
}

export function rowOfSet(set: u32): usize {
	assert(set < setRoom, "no row of a label set");
	return sets + (set as usize) * ((SetCell.Width as usize) * cellBytes);
}

export function rowOfDomain(domain: u32): usize {
	assert(domain < domainRoom, "no row of a domain");
	return domains + (domain as usize) * ((DomainCell.Width as usize) * cellBytes);
}

export function countAt(row: usize, cell: i32): f64 {
	return load<f64>(row + (cell as usize) * cellBytes);
}

export function add(row: usize, cell: i32, count: f64): void {
	const at = row + (cell as usize) * cellBytes;
	store<f64>(at, load<f64>(at) + count);
}

export function increment(row: usize, cell: i32): void {
	add(row, cell, 1);
}

/** Raises a count to another count of the row if that is greater. */
export function raise(row: usize, cell: i32, to: i32): void {
	const count = countAt(row, to);
	if (count > countAt(row, cell)) store<f64>(row + (cell as usize) * cellBytes, count);
}

/** Moves all counts of a label set to another one, which keeps the higher of the two peaks. */
export function moveCounts(from: u32, to: u32): void {
	const source = rowOfSet(from);
	const target = rowOfSet(to);
	moveMark(source, target, SetCell.MovedQueries, SetCell.Queries);
	moveMark(source, target, SetCell.MovedBytesIn, SetCell.BytesIn);
	moveMark(source, target, SetCell.MovedBytesOut, SetCell.BytesOut);
	const peak = max<f64>(countAt(source, SetCell.Peak), countAt(target, SetCell.Peak));
	for (let cell: i32 = 0; cell < SetCell.MovedQueries; cell++) add(target, cell, countAt(source, cell));
	store<f64>(target + (SetCell.Peak as usize) * cellBytes, peak);
	memory.fill(source, 0, (SetCell.MovedQueries as usize) * cellBytes);
}

function moveMark(source: usize, target: usize, mark: i32, cell: i32): void {
	const count = countAt(source, cell);
	add(source, mark, -count);
	add(target, mark, count);
}

/** Sets the cell to `value`. */
export function put(row: usize, cell: i32, value: f64): void {
	store<f64>(row + (cell as usize) * cellBytes, value);
}

/** Raises the count to `value`, or, if it is not 0, lowers it to `value`. */
export function greatest(row: usize, cell: i32, value: f64): void {
	if (value > countAt(row, cell)) store<f64>(row + (cell as usize) * cellBytes, value);
}

export function least(row: usize, cell: i32, value: f64): void {
	const count = countAt(row, cell);
	if (count === 0 || value < count) store<f64>(row + (cell as usize) * cellBytes, value);
}

const totals: usize = memory.data(SetCell.Width * 8, 64);

/** Sets the sums to 0, and returns their address. */
export function startTotals(): usize {
	memory.fill(totals, 0, SetCell.Width * 8);
	return totals;
}

export function addToTotals(set: u32): void {
	const row = rowOfSet(set);
	for (let cell: i32 = 0; cell < SetCell.Width; cell++) add(totals, cell, countAt(row, cell));
}
