import { observation } from "../decode/observation.ts";
import { resolversMax } from "../shared/limits.ts";
import { hashOf } from "./hash.ts";
import { BoundedTable, LongEntry } from "./table.ts";

/** The third word of an IPv4-mapped address (RFC 4291, 2.5.5.2). */
export const ipv4Mapped: u32 = 0xffff;

const originUnknown: i32 = -1;

/** A resolver's address, and the number that the GeoIP stage returned for its origin. 32 bytes. */
@unmanaged
export class Resolver extends LongEntry {
	origin: i32;
	/** A bit for each domain that was queried through it. */
	domains: u64;

	/** Whether this is the first query for the domain (its index, less than 64) through the resolver. */
	isFirst(domain: u32): bool {
		const bit = (1 as u64) << (domain as u64);
		if ((this.domains & bit) !== 0) return false;
		this.domains |= bit;
		return true;
	}
}

/**
 * The GeoIP stage returns the number of an address's origin; four words, most significant first, IPv4 as IPv4-mapped
 * IPv6.
 */
declare function originOf(a: u32, b: u32, c: u32, d: u32): i32;

export const resolvers: BoundedTable = changetype<BoundedTable>(memory.data(offsetof<BoundedTable>(), 8));

export function setUpResolvers(): void {
	resolvers.setUp(resolversMax, offsetof<Resolver>(), true);
}

/**
 * Returns the resolver of the current observation, with its origin if the databases know it, and makes it the most
 * recently used.
 */
export function resolverOf(): Resolver {
	// The part that all IPv4 addresses share becomes 0, which costs nothing to hash.
	const family = observation.resolver2 ^ ipv4Mapped;
	const hash = hashOf(observation.resolver3, family, observation.resolver1, observation.resolver0);
	let entry = resolvers.find(hash, observation.resolver3, family, observation.resolver1, observation.resolver0);
	if (entry === 0) {
		resolvers.evictOldest();
		entry = resolvers.insert(hash, observation.resolver3, family, observation.resolver1, observation.resolver0);
		const fresh = changetype<Resolver>(entry);
		fresh.origin = originUnknown;
		fresh.domains = 0;
	} else {
		resolvers.touch(entry);
	}
	const resolver = changetype<Resolver>(entry);
	if (resolver.origin === originUnknown)
		resolver.origin = originOf(
			observation.resolver0,
			observation.resolver1,
			observation.resolver2,
			observation.resolver3,
		);
	return resolver;
}

/**
 * After a change of the databases every origin is looked up again when its resolver next occurs. Takes a millisecond if
 * the table is full.
 */
export function forgetOrigins(): void {
	for (let entry = resolvers.olderThan(0); entry !== 0; entry = resolvers.olderThan(entry)) {
		changetype<Resolver>(entry).origin = originUnknown;
	}
}

/**
 * Makes origins that no label set has any more (`uses` has a 32-bit count for each) be looked up again, and also those
 * from `othersFrom` to `kept`, which replaced an origin without room: there may be room now.
 */
export function forgetUnusedOrigins(uses: usize, othersFrom: u32, kept: u32): void {
	for (let entry = resolvers.olderThan(0); entry !== 0; entry = resolvers.olderThan(entry)) {
		const resolver = changetype<Resolver>(entry);
		if (resolver.origin === originUnknown) continue;
		const origin = resolver.origin as u32;
		const isUnused = origin < kept ? origin >= othersFrom : load<u32>(uses + (origin as usize) * sizeof<u32>()) === 0;
		if (isUnused) resolver.origin = originUnknown;
	}
}
