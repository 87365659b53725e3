/** Counts, in rows of doubles; cells.ts says where each stands. */

import { DomainCell, ProcessCell, SetCell } from "../shared/cells.ts";
import { reserve } from "./reserve.ts";

const cellBytes: usize = 8;

/** The process's row. */
export const ofProcess: usize = memory.data(ProcessCell.Width * 8, 64);
/** First rows of the label sets and of the domains. */
let sets: usize = 0;
let domains: usize = 0;
/** How many of each there is room for. */
let setRoom: u32 = 0;
let domainRoom: u32 = 0;

/** Takes memory for the rows of so many domains and label sets; once. */
export function setUpCounts(domainCount: u32, setsMax: u32): void {
	setRoom = setsMax;
	domainRoom = domainCount;
	domains = reserve((domainCount as usize) * DomainCell.Width * cellBytes);
	sets = reserve((setsMax as usize) * SetCell.Width * cellBytes);
}

/** The row of a label set, by its number. */
export function rowOfSet(set: u32): usize {
	assert(set < setRoom, "no row of a label set");
	return sets + (set as usize) * ((SetCell.Width as usize) * cellBytes);
}

/** The row of a domain, by its index. */
export function rowOfDomain(domain: u32): usize {
	assert(domain < domainRoom, "no row of a domain");
	return domains + (domain as usize) * ((DomainCell.Width as usize) * cellBytes);
}

/** A count of a row. */
export function countAt(row: usize, cell: i32): f64 {
	return load<f64>(row + (cell as usize) * cellBytes);
}

/** `count` more. */
export function add(row: usize, cell: i32, count: f64): void {
	const at = row + (cell as usize) * cellBytes;
	store<f64>(at, load<f64>(at) + count);
}

/** One more. */
export function increment(row: usize, cell: i32): void {
	add(row, cell, 1);
}

/** At least as much as another count of the row from now on. */
export function raise(row: usize, cell: i32, to: i32): void {
	const count = countAt(row, to);
	if (count > countAt(row, cell)) store<f64>(row + (cell as usize) * cellBytes, count);
}

/** All that a label set counted counts for another from now on; of the peaks the other has the higher one. */
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

/** The cell holds `value` from now on. */
export function put(row: usize, cell: i32, value: f64): void {
	store<f64>(row + (cell as usize) * cellBytes, value);
}

/** The count is at least, or, where it is not 0, at most `value` from now on. */
export function greatest(row: usize, cell: i32, value: f64): void {
	if (value > countAt(row, cell)) store<f64>(row + (cell as usize) * cellBytes, value);
}

export function least(row: usize, cell: i32, value: f64): void {
	const count = countAt(row, cell);
	if (count === 0 || value < count) store<f64>(row + (cell as usize) * cellBytes, value);
}

/** Room for the sums of some label sets' rows. */
const totals: usize = memory.data(SetCell.Width * 8, 64);

/** Sums of no label set, at the address that it gives. */
export function startTotals(): usize {
	memory.fill(totals, 0, SetCell.Width * 8);
	return totals;
}

/** Adds all counts of a label set. */
export function addToTotals(set: u32): void {
	const row = rowOfSet(set);
	for (let cell: i32 = 0; cell < SetCell.Width; cell++) add(totals, cell, countAt(row, cell));
}
