/** How the engine's addresses are written as text. */

/**
 * The text of an address given as four 32-bit words, most significant first, signed or unsigned: dotted for an IPv4-mapped one
 * (RFC 4291, 2.5.5.2), otherwise eight groups in hexadecimal (RFC 4291, 2.2).
 */
export function addressText(a: number, b: number, c: number, d: number): string {
	if (a === 0 && b === 0 && c === 0xffff) return [24, 16, 8, 0].map((shift) => (d >>> shift) & 255).join(".");
	return [a, b, c, d].flatMap((word) => [word >>> 16, word & 0xffff].map((group) => group.toString(16))).join(":");
}
