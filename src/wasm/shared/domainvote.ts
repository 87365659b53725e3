/** The layout of a row of track/domainvotes.ts: three 32-bit words, and the label with its length octet. */

export const votesAt: u32 = 0;
export const lookalikeAt: u32 = 4;
export const recordTypeAt: u32 = 8;
export const labelAt: u32 = 12;
/** RFC 1035, 2.3.4: a label has at most 63 octets. */
export const domainVoteBytes: u32 = 76;
