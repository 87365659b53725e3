/** Both functions read a number in network byte order. */

export function u16At(at: usize): u32 {
	return bswap<u16>(load<u16>(at));
}

export function u32At(at: usize): u32 {
	return bswap<u32>(load<u32>(at));
}
