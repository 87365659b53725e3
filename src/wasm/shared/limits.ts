/**
 * Limits that both compilers read: of the configuration's values, of the tracker's tables, and of times. Decoder and tracker
 * have room for as many as the configuration accepts.
 */

/** Every query name is compared with each domain, and a resolver has a bit for each (track/resolvers.ts): at most 64. */
export const domainsMax: u32 = 64;

/** Each port is three terms of the capture filter. */
export const portsMax: u32 = 16;

/** EDNS payload sizes in bytes. RFC 6891, 6.2.3: values below 512, and a missing OPT, mean 512. So a -mtu of 512 refuses no query. */
export const ednsBytesMin: u32 = 512;
export const ednsBytesMax: u32 = 65_535;

/**
 * Advertised EDNS payload sizes are counted up to each of these: the smallest that exists, the largest that does not carry
 * dnstt and the smallest that does (the server's limit, unless its -mtu says otherwise), what fits in an Ethernet frame
 * of IPv6, and the largest that resolvers ask for.
 */
export const ednsLeast: u32 = ednsBytesMin;
export const ednsScarce: u32 = 1_231;
export const ednsEnough: u32 = 1_232;
export const ednsFrame: u32 = 1_452;
export const ednsMost: u32 = 4_096;

/** The server holds a response for up to a second; a query without a response for this long counts as unanswered. Microseconds. */
export const responseUsMax: u32 = 10_000_000;

/**
 * Queries that wait at one time. As the server holds responses for up to a second, this is enough for 130,000 queries a second, and
 * for 13,000 of a server that is silent. After that the oldest is evicted: its response matches no query, and it does
 * not count as unanswered.
 */
export const waitingQueriesMax: u32 = 131_072;

/**
 * Datagrams that are remembered to detect their duplicates. At 400,000 a second they last as long as a crossing; when a flood
 * fills the table sooner, the oldest is evicted.
 */
export const duplicatesMax: u32 = 65_536;

/**
 * The same in a capture of one interface: few enough to stay in the processor's caches. A power of two. They are in
 * pairs: twenty messages between a message and its duplicate overwrite it once in twenty thousand times.
 */
export const recentMessagesMax: u32 = 4_096;

/**
 * Resolver addresses that are remembered with their origin. A country's resolvers are some thousands; an address that was
 * evicted costs one more lookup in the databases.
 */
export const resolversMax: u32 = 65_536;

/**
 * The greatest age of a frame when it is read: the kernel's block of frames (blockTimeoutMs in live.ts), a capture that is opened
 * while another returns its last block (replaceDelayMs in supervisor.ts), the pause (idleMsMax there), and the reading itself.
 * The clock lags the monotonic one by this much, as older frames may still come. Microseconds.
 */
export const heldUsMax: u32 = 400_000;
