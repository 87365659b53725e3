/**
 * RFC 4648 base32 without padding, as dnstt-server's reader takes it. The characters of a name's labels are laid out
 * as 5-bit groups first; bytes are then read from any position, so what nobody needs is never put together.
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

/** Takes the skipped characters out of groups[0..count), in place; gives the new count. */
export function dropSkipped(groups: Uint8Array, count: number): number {
	let kept = 0;
	for (let index = 0; index < count; index++) {
		const group = groups[index] as number;
		if (group !== groupSkipped) groups[kept++] = group;
	}
	return kept;
}

/**
 * How many bytes `count` groups hold. A last run of 2, 4, 5 or 7 groups holds 1 to 4 bytes; of 1, 3 or 6, which no
 * encoder writes, the server's reader drops all without complaint, and so does this.
 */
export function bytesIn(count: number): number {
	const rest = count & 7;
	if (rest === 1 || rest === 3 || rest === 6) return (count >> 3) * 5;
	return (count * 5) >> 3;
}

/** The byte at offset `index` of what the groups hold. */
export function byteAt(groups: Uint8Array, index: number): number {
	const bit = index << 3;
	const first = (bit / 5) | 0;
	const pair = ((groups[first] as number) << 10) | ((groups[first + 1] as number) << 5) | (groups[first + 2] as number);
	return (pair >> (7 - (bit - first * 5))) & 0xff;
}
