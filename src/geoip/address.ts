/** How the hot path's addresses become the text that a GeoIP reader takes. */

/**
 * Whether four 32-bit words hold an IPv4 address in its IPv4-mapped form ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2).
 * The words are in big-endian order, signed or unsigned; the IPv4 address is the last one.
 */
export function isIpv4Mapped(a: number, b: number, c: number): boolean {
	return a === 0 && b === 0 && c === 0xffff;
}

/**
 * The text of an address given as four 32-bit words in big-endian order, signed or unsigned: dotted for an IPv4-mapped one,
 * otherwise eight groups in hexadecimal (RFC 4291 section 2.2; not shortened as RFC 5952 asks, since no person reads it).
 * Never put it into a label or a log line.
 */
export function addressText(a: number, b: number, c: number, d: number): string {
	if (isIpv4Mapped(a, b, c)) return `${d >>> 24}.${(d >>> 16) & 255}.${(d >>> 8) & 255}.${d & 255}`;
	return `${groups(a)}:${groups(b)}:${groups(c)}:${groups(d)}`;
}

function groups(word: number): string {
	return `${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`;
}
