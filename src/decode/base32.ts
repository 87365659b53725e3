/**
 * RFC 4648 base32 without padding, as dnstt-server's reader takes it. Characters are tested all, but decoded where
 * somebody looks: what nobody needs is never put together.
 */

/** No base32 character. */
export const groupInvalid = 0x80;
/** CR or LF, which the server's reader skips. */
export const groupSkipped = 0x40;

/** Character -> 5-bit group, upper and lower case alike, or one of the two marks above. */
export const groupOf: Uint8Array = new Uint8Array(256).fill(groupInvalid);
for (let group = 0; group < 32; group++) {
	const character = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".charCodeAt(group);
	groupOf[character] = group;
	if (group < 26) groupOf[character | 0x20] = group;
}
groupOf[0x0d] = groupSkipped;
groupOf[0x0a] = groupSkipped;

/** The same for characters that were tested: what stands behind the last of them, and is shifted out, gives 0. */
const bitsOf: Uint8Array = groupOf.map((group) => group & 31);

/**
 * Tests the four characters of a word all at once: gives 0 if each is a letter or 2..7. A byte below 0x80 is at least n
 * if adding 0x80 - n sets its highest bit, and with the highest bits clear no sum carries into the next byte.
 */
export function unsound(word: number): number {
	const lower = word | 0x20202020;
	// a..z, whose upper case is the same with 0x20 set.
	const letters = (lower + 0x1f1f1f1f) & ~(lower + 0x05050505);
	const digits = (word + 0x4e4e4e4e) & ~(word + 0x48484848);
	return (~(letters | digits) | word) & 0x80808080;
}

/** Takes the characters that the server's reader skips out of characters[0..count), in place; gives the new count. */
export function dropSkipped(characters: Uint8Array, count: number): number {
	let kept = 0;
	for (let index = 0; index < count; index++) {
		const character = characters[index] as number;
		if (groupOf[character] !== groupSkipped) characters[kept++] = character;
	}
	return kept;
}

/**
 * How many bytes `count` characters hold. A last run of 2, 4, 5 or 7 characters holds 1 to 4 bytes; of 1, 3 or 6, which
 * no encoder writes, the server's reader drops all without complaint, and so does this.
 */
export function bytesIn(count: number): number {
	const rest = count & 7;
	if (rest === 1 || rest === 3 || rest === 6) return (count >> 3) * 5;
	return (count * 5) >> 3;
}

/** The four groups of the characters at `at`, as 20 bits. */
export function fourGroups(characters: Uint8Array, at: number): number {
	return (
		((bitsOf[characters[at] as number] as number) << 15) |
		((bitsOf[characters[at + 1] as number] as number) << 10) |
		((bitsOf[characters[at + 2] as number] as number) << 5) |
		(bitsOf[characters[at + 3] as number] as number)
	);
}

/** The byte at offset `index` of what the characters at `start` hold. */
export function byteAt(characters: Uint8Array, start: number, index: number): number {
	const bit = index << 3;
	const first = (bit / 5) | 0;
	const at = start + first;
	const groups =
		((bitsOf[characters[at] as number] as number) << 10) |
		((bitsOf[characters[at + 1] as number] as number) << 5) |
		(bitsOf[characters[at + 2] as number] as number);
	return (groups >> (7 - (bit - first * 5))) & 0xff;
}

/** The 32-bit word at offset `index` of what the characters at `start` hold, little-endian. */
export function littleEndianAt(characters: Uint8Array, start: number, index: number): number {
	const bit = index << 3;
	const first = (bit / 5) | 0;
	const past = bit - first * 5;
	// 40 bits, of which 32 begin `past` bits behind the first.
	const high = fourGroups(characters, start + first);
	const low = fourGroups(characters, start + first + 4);
	const word = (high << (12 + past)) | (low >> (8 - past));
	return (word << 24) | ((word & 0xff00) << 8) | ((word >> 8) & 0xff00) | (word >>> 24);
}
