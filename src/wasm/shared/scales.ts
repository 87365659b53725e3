/**
 * How values are put into the cells of histograms: a cell is a whole number of units wide, and each doubling has
 * 2^cellBits cells. Values above 2^(doublingMax + 1) units count as that.
 */

/**
 * Times of packets: units of 1/64 of a millisecond up to 65 s, so that bounds at powers of two milliseconds are exact.
 * Sixteen cells a doubling, as medians are read from them: one is off by 3 % if all values are alike, by 6 % at most.
 */
export const tripUnitsPerSecond: f64 = 64_000;
export const tripCellBits: u32 = 4;
export const tripDoublingMax: u32 = 21;

/** Response times, most below a millisecond: the first bound of their buckets, a tenth of one, is 16 units, up to 26 s. */
export const responseUnitsPerSecond: f64 = 160_000;

/** Lives of sessions: seconds up to 68 years, a cell each doubling. Volumes: 1 KiB up to 2 TiB, the same. */
export const volumeUnitBytes: f64 = 1_024;
export const coarseCellBits: u32 = 0;
export const coarseDoublingMax: u32 = 30;

/** How many cells a histogram has. */
export function cellsOf(cellBits: u32, doublingMax: u32): u32 {
	return (doublingMax - cellBits + 2) << cellBits;
}
