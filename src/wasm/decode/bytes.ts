/** Numbers in network byte order: the 16 or 32 bits at an address. */

export function u16At(at: usize): u32 {
	return bswap<u16>(load<u16>(at));
}

export function u32At(at: usize): u32 {
	return bswap<u32>(load<u32>(at));
}
