/** Limits that others than the tracker need, too. */

import { ednsBytesMin } from "./bounds.ts";

/** The server holds a response for up to a second; a query without one for this long stays without. Microseconds. */
export const responseUsMax: u32 = 10_000_000;

/**
 * Queries that wait at one time. With the server's hold of a second it is enough for 130,000 queries a second, and for
 * 13,000 of a server that is silent; beyond that the oldest is forgotten: its response finds nothing, nor is it counted
 * as unanswered.
 */
export const waitingQueriesMax: u32 = 131_072;

/**
 * Datagrams that are remembered to tell their copies. At 400,000 a second it is the time of a crossing; when a flood
 * takes the room sooner, the oldest goes.
 */
export const duplicatesMax: u32 = 65_536;

/**
 * How many resolver addresses are remembered with their origin. A country's resolvers are some thousands; beyond it, an
 * address that was forgotten costs one more look into the databases.
 */
export const resolversMax: u32 = 65_536;

/**
 * How old a frame can be when it is read: the kernel's block of frames (blockTimeoutMs in live.ts), a capture that is opened
 * while another gives its last block (replaceDelayMs in watch.ts), the pause (idleMsMax there), and the reading itself. The clock stays this far behind the monotonic one, as older frames may still come.
 * Microseconds.
 */
export const heldUsMax: u32 = 400_000;

/**
 * Advertised UDP payload sizes are counted up to each of these: the least that there is, the least that carries dnstt
 * less one and that itself (the server's limit, unless its -mtu says otherwise), what fits in an Ethernet frame of IPv6,
 * and the most that resolvers ask for.
 */
export const ednsLeast: u32 = ednsBytesMin;
export const ednsScarce: u32 = 1_231;
export const ednsEnough: u32 = 1_232;
export const ednsFrame: u32 = 1_452;
export const ednsMost: u32 = 4_096;
