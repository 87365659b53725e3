/**
 * The cells of histograms: a cell is a whole number of units wide, and each doubling has 2^cellBits cells. Values above
 * 2^(doublingMax + 1) units count as that value.
 */

/**
 * Times of packets are in units of 1/64 of a millisecond, up to 65 s, so that bounds at powers of two milliseconds are
 * exact. A doubling has sixteen cells because medians are read from them: a median is off by 3 % if all values are
 * alike, by 6 % at most.
 */
export const timeUnitsPerSecond: f64 = 64_000;
export const timeCellBits: u32 = 4;
export const timeDoublingMax: u32 = 21;

/** Response times, most below a millisecond: the first bound of their buckets, a tenth of one, is 16 units, up to 26 s. */
export const responseUnitsPerSecond: f64 = 160_000;

/** Durations of sessions are in seconds up to 68 years, bytes in KiB up to 2 TiB, with one cell for each doubling. */
export const bytesUnit: f64 = 1_024;
export const coarseCellBits: u32 = 0;
export const coarseDoublingMax: u32 = 30;

export function cellsOf(cellBits: u32, doublingMax: u32): u32 {
	return (doublingMax - cellBits + 2) << cellBits;
}
