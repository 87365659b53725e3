/**
 * RFC 4648 base32 without padding, by the rules of dnstt-server's reader. All characters are checked, but only the
 * bytes that a caller needs are decoded.
 */

/** Marks a character outside base32. */
const groupInvalid: u8 = 0x80;
/** Marks CR and LF, which the server's reader skips. */
const groupSkipped: u8 = 0x40;

/** Character -> 5-bit group, upper and lower case alike, or one of the two marks above. */
const groups: usize = memory.data(256);
/**
 * The same table for characters that were checked already. A byte after the last of them, whose bits are shifted out,
 * becomes 0.
 */
const bits: usize = memory.data(256);

memory.fill(groups, groupInvalid, 256);
for (let group: u8 = 0; group < 32; group++) {
	const character: u8 = group < 26 ? 0x41 + group : 0x32 + group - 26;
	store<u8>(groups + character, group);
	if (group < 26) store<u8>(groups + (character | 0x20), group);
}
store<u8>(groups + 0x0d, groupSkipped);
store<u8>(groups + 0x0a, groupSkipped);
for (let character: usize = 0; character < 256; character++) {
	store<u8>(bits + character, load<u8>(groups + character) & 31);
}

/** Returns the group of the character at an address; a value above 31 means that it is none. */
export function groupAt(at: usize): u32 {
	return load<u8>(groups + load<u8>(at));
}

/** Returns 0 if the characters [at..end), eight or more, are all letters or 2..7. */
export function invalidMarks(at: usize, end: usize): u64 {
	let marks = validMarks(end - 8);
	for (let next = at; next + 8 < end; next += 8) marks &= validMarks(next);
	return ~marks & 0x8080808080808080;
}

/**
 * Tests the eight characters at an address at once: the highest bit of each byte is set if it is a letter or 2..7. A
 * byte below 0x80 is at least n if adding 0x80 - n sets its highest bit. The result is right for the first byte above
 * 0x80 as well, but its sums may carry into the next byte, whose bit then means nothing.
 */
function validMarks(at: usize): u64 {
	const word = load<u64>(at);
	const lower = word | 0x2020202020202020;
	// a..z, whose upper case is the same with 0x20 set.
	const letters = (lower + 0x1f1f1f1f1f1f1f1f) & ~(lower + 0x0505050505050505);
	const digits = (word + 0x4e4e4e4e4e4e4e4e) & ~(word + 0x4848484848484848);
	return letters | digits;
}

/** Whether one of the `count` characters at an address is neither base32 nor one that the server's reader skips. */
export function hasInvalid(at: usize, count: u32): bool {
	for (let index: u32 = 0; index < count; index++) if (groupAt(at + index) === groupInvalid) return true;
	return false;
}

/** Removes the characters that the server's reader skips from the `count` at an address, in place; returns the new count. */
export function dropSkipped(at: usize, count: u32): u32 {
	let kept: u32 = 0;
	for (let index: u32 = 0; index < count; index++) {
		if (groupAt(at + index) === groupSkipped) continue;
		store<u8>(at + kept, load<u8>(at + index));
		kept++;
	}
	return kept;
}

/**
 * Returns how many bytes `count` characters hold. A last run of 2, 4, 5 or 7 characters holds 1 to 4 bytes. The
 * server's reader silently drops a last run of 1, 3 or 6, which no encoder writes, and so does this function.
 */
export function bytesIn(count: u32): u32 {
	const rest = count & 7;
	if (rest === 1 || rest === 3 || rest === 6) return (count >> 3) * 5;
	return (count * 5) >> 3;
}

function bitsAt(at: usize): u32 {
	return load<u8>(bits + load<u8>(at));
}

/** Returns the four groups of the characters at an address, as 20 bits. */
export function fourGroups(at: usize): u32 {
	return (bitsAt(at) << 15) | (bitsAt(at + 1) << 10) | (bitsAt(at + 2) << 5) | bitsAt(at + 3);
}

/** Returns the byte at offset `index` of the bytes that the characters at an address hold. */
export function byteIn(characters: usize, index: u32): u32 {
	const bit = index << 3;
	const first = bit / 5;
	const at = characters + first;
	const three = (bitsAt(at) << 10) | (bitsAt(at + 1) << 5) | bitsAt(at + 2);
	return (three >> (7 - (bit - first * 5))) & 0xff;
}

/** Returns the little-endian 32-bit word at offset `index` of the bytes that the characters at an address hold. */
export function wordIn(characters: usize, index: u32): u32 {
	const bit = index << 3;
	const first = bit / 5;
	const past = bit - first * 5;
	// The 32 bits of the word begin `past` bits after the first of these 40.
	const high = fourGroups(characters + first);
	const low = fourGroups(characters + first + 4);
	return bswap<u32>((high << (12 + past)) | (low >> (8 - past)));
}
