/** How many domains and ports the configuration takes: decoder and tracker have room for so many. */

/** Every query name is compared with each domain, and a resolver has a bit for each (track/resolvers.ts): at most 64. */
export const domainsMax: u32 = 64;

/** Each port is three terms of the capture filter. */
export const portsMax: u32 = 16;
