/** Five random numbers of 64 bits. */
const random: usize = memory.data(5 * 8, 64);

/**
 * A key's hash, for find and insert: multilinear hashing (Lemire and Kaser, Strongly Universal String Hashing is Fast,
 * 2014). For any two keys chosen without knowing the random numbers, the odds of the same hash are one in its range, so no
 * sender can pick keys that collide. Keys that count up would still crowd into few chains for one seed in thirty; the
 * last two steps, which turn each value into another one, spread those as well.
 */
export function hashOf(a: u32, b: u32, c: u32, d: u32): u32 {
	const sum =
		load<u64>(random) +
		load<u64>(random, 8) * a +
		load<u64>(random, 16) * b +
		load<u64>(random, 24) * c +
		load<u64>(random, 32) * d;
	const high = (sum >> 32) as u32;
	const mixed = (high ^ (high >> 16)) * 0x9e37_79b1;
	return mixed ^ (mixed >> 15);
}

/**
 * Makes the random numbers, which are the same for all tables, from a seed that must be unknown to whoever sends packets:
 * xoshiro128** (Blackman and Vigna 2018).
 */
export function setSeed(seedA: u32, seedB: u32, seedC: u32, seedD: u32): void {
	let a = seedA;
	let b = seedB;
	let c = seedC;
	let d = seedD;
	if ((a | b | c | d) === 0) d = 1;
	for (let round = -32; round < 10; round++) {
		const result = rotl<u32>(b * 5, 7) * 9;
		const shifted = b << 9;
		c ^= a;
		d ^= b;
		b ^= c;
		a ^= d;
		c ^= shifted;
		d = rotl<u32>(d, 11);
		if (round >= 0) store<u32>(random + (round << 2), result);
	}
}
