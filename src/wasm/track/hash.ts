const random: usize = memory.data(5 * 8, 64);

/**
 * Returns a key's hash, for find and insert: multilinear hashing (Lemire and Kaser, Strongly Universal String Hashing
 * is Fast, 2014). For any two keys chosen without knowing the random numbers, the probability of equal hashes is one in
 * 2^32, so no sender can choose keys that collide. For one seed in thirty, keys that count up would still crowd into
 * few chains; the last two steps, which map each value to another one, spread those as well.
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
 * Makes the random numbers, which all tables share, from a seed that senders of packets must not know: xoshiro128**
 * (Blackman and Vigna 2018).
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
