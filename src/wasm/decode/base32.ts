/**
 * RFC 4648 base32 without padding, as dnstt-server's reader takes it. All characters are tested, but only the bytes
 * that are asked for are decoded.
 */

/** No base32 character. */
const groupInvalid: u8 = 0x80;
/** CR or LF, which the server's reader skips. */
const groupSkipped: u8 = 0x40;

/** Character -> 5-bit group, upper and lower case alike, or one of the two marks above. */
const groups: usize = memory.data(256);
/** The same for characters that were tested: what stands behind the last of them, and is shifted out, gives 0. */
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

/** The group of the character at an address; above 31 for one that is none. */
export function groupAt(at: usize): u32 {
	return load<u8>(groups + load<u8>(at));
}

/** Gives 0 if the characters [at..end), eight or more, are all letters or 2..7. */
export function invalidMarks(at: usize, end: usize): u64 {
	let marks = validMarks(end - 8);
	for (let next = at; next + 8 < end; next += 8) marks &= validMarks(next);
	return ~marks & 0x8080808080808080;
}

/**
 * Tests the eight characters at an address all at once: the highest bit of each byte says whether it is a letter or 2..7.
 * A byte below 0x80 is at least n if adding 0x80 - n sets its highest bit. Of bytes above, which are neither, the first
 * is told so, too; its sums may carry into the next byte, and what is said of that one is worth nothing.
 */
function validMarks(at: usize): u64 {
	const word = load<u64>(at);
	const lower = word | 0x2020202020202020;
	// a..z, whose upper case is the same with 0x20 set.
	const letters = (lower + 0x1f1f1f1f1f1f1f1f) & ~(lower + 0x0505050505050505);
	const digits = (word + 0x4e4e4e4e4e4e4e4e) & ~(word + 0x4848484848484848);
	return letters | digits;
}

/** Whether one of the `count` characters at an address is none of base32, nor one that the server's reader skips. */
export function hasInvalid(at: usize, count: u32): bool {
	for (let index: u32 = 0; index < count; index++) if (groupAt(at + index) === groupInvalid) return true;
	return false;
}

/** Takes the characters that the server's reader skips out of the `count` at an address, in place; gives the new count. */
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
 * How many bytes `count` characters hold. A last run of 2, 4, 5 or 7 characters holds 1 to 4 bytes; of 1, 3 or 6, which
 * no encoder writes, the server's reader drops all without complaint, and so does this.
 */
export function bytesIn(count: u32): u32 {
	const rest = count & 7;
	if (rest === 1 || rest === 3 || rest === 6) return (count >> 3) * 5;
	return (count * 5) >> 3;
}

function bitsAt(at: usize): u32 {
	return load<u8>(bits + load<u8>(at));
}

/** The four groups of the characters at an address, as 20 bits. */
export function fourGroups(at: usize): u32 {
	return (bitsAt(at) << 15) | (bitsAt(at + 1) << 10) | (bitsAt(at + 2) << 5) | bitsAt(at + 3);
}

/** The byte at offset `index` of what the characters at an address hold. */
export function byteIn(characters: usize, index: u32): u32 {
	const bit = index << 3;
	const first = bit / 5;
	const at = characters + first;
	const three = (bitsAt(at) << 10) | (bitsAt(at + 1) << 5) | bitsAt(at + 2);
	return (three >> (7 - (bit - first * 5))) & 0xff;
}

/** The 32-bit word at offset `index` of what the characters at an address hold, little-endian. */
export function wordIn(characters: usize, index: u32): u32 {
	const bit = index << 3;
	const first = bit / 5;
	const past = bit - first * 5;
	// 40 bits, of which 32 begin `past` bits behind the first.
	const high = fourGroups(characters + first);
	const low = fourGroups(characters + first + 4);
	return bswap<u32>((high << (12 + past)) | (low >> (8 - past)));
}
