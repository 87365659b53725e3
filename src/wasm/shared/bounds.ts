/** Bounds of what the configuration takes of domains, ports and sizes: decoder and tracker have room for so many. */

/** Every query name is compared with each domain, and a resolver has a bit for each (track/resolvers.ts): at most 64. */
export const domainsMax: u32 = 64;

/**
 * EDNS payload sizes in bytes (RFC 6891, 6.2.3): values below the least, and a missing OPT, mean the least. So a server's
 * -mtu of the least refuses nothing.
 */
export const ednsBytesMin: u32 = 512;
export const ednsBytesMax: u32 = 65_535;

/** Each port is three terms of the capture filter. */
export const portsMax: u32 = 16;
