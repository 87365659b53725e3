/**
 * Memory is allocated once, at the start, and never freed: all tables are bounded, and pages that were never written
 * cost nothing.
 */

const line: usize = 64;
const pageBits: usize = 16;

/** Memory grows by at least 64 MiB if possible: each time costs the runtime 0.3 ms. */
const growthPages: i32 = 1_024;

let next: usize = __heap_base;

/**
 * Returns the address of `bytes` zeros that begin with a line of the processor's cache. Traps when there is no room:
 * the module can have 4 GiB.
 */
export function allocate(bytes: usize): usize {
	const at = (next + line - 1) & ~(line - 1);
	const end = (at as u64) + bytes;
	const pages = ((end + (1 << pageBits) - 1) >> pageBits) as i32;
	if (end > (u32.MAX_VALUE as u64)) unreachable();
	const size = memory.size();
	if (pages > size && memory.grow(max<i32>(pages - size, growthPages)) < 0 && memory.grow(pages - size) < 0)
		unreachable();
	next = end as usize;
	return at;
}
