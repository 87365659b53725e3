/** Numbers of the wire that others than the decoder need, too. */

/** Length of a DNS message's header; the question's name stands behind it (RFC 1035, 4.1.1). */
export const headerBytes: u32 = 12;

/** Length of the client id in front of what a dnstt query carries. */
export const clientIdBytes: u32 = 8;
/** A prefix byte from here on is so many bytes of padding, below it the length of a packet. */
export const paddingPrefix: u32 = 0xe0;

/**
 * KCP segments, as they stand in a dnstt packet: a 24-byte little-endian header, then `len` bytes of data, several in
 * a row. The data is encrypted and never looked at.
 *
 *     conv u32 | cmd u8 | frg u8 | wnd u16 | ts u32 (ms) | sn u32 | una u32 | len u32
 */
export const segmentHeaderBytes: u32 = 24;
/** Offsets of the fields that are looked at. */
export const conversationAt: u32 = 0;
export const commandAt: u32 = 4;
export const stampAt: u32 = 8;
export const sequenceAt: u32 = 12;
export const dataBytesAt: u32 = 20;
