/**
 * The low 32 bits of a whole number of up to 53, less 2^31, as a signed word: for differences on a circle of 2^32. The
 * engine has no instruction for `number | 0` beyond 32 bits and calls a function; this is arithmetic.
 */
export function low32(value: number): number {
	return (value - Math.floor(value / 0x1_0000_0000) * 0x1_0000_0000 - 0x8000_0000) | 0;
}
