import type { Observation } from "../decode/observation.ts";
import { BoundedTable, dataOfFour, type Seed } from "./table.ts";

/**
 * How many resolver addresses are remembered with their origin. A country's resolvers are some thousands; beyond it, an
 * address that was forgotten costs one more look into the databases.
 */
export const resolversMax = 65_536;

/** The third word of an IPv4-mapped address (RFC 4291, 2.5.5.2). */
export const ipv4Mapped = 0xffff;

/** Entries are 32 bytes: the number of the origin, and two words with a bit for each domain that was asked for. */
const originWord = dataOfFour;
const domainsWord = dataOfFour + 1;
const originUnknown = -1;

/** Gives the number of an address's origin: four 32-bit words, most significant first, IPv4 as IPv4-mapped IPv6. */
export type OriginLookup = (a: number, b: number, c: number, d: number) => number;

/** Resolver addresses, with the number of the origin that the GeoIP stage gave for each. */
export class Resolvers {
	readonly table: BoundedTable;
	private readonly lookup: OriginLookup;

	constructor(seed: Seed, lookup: OriginLookup) {
		this.table = new BoundedTable({ limit: resolversMax, keyWords: 4, data: 3, seed });
		this.lookup = lookup;
	}

	/**
	 * The entry of the observation's peer, with its origin as far as the databases know it; the most recently seen from
	 * now on.
	 */
	entryOf(seen: Observation): number {
		const { table } = this;
		const { words } = table;
		const { peer0, peer1, peer2, peer3 } = seen;
		// What all IPv4 addresses share becomes 0, which costs nothing to hash.
		const family = peer2 ^ ipv4Mapped;
		const hash = table.hash(peer3, family, peer1, peer0);
		let entry = table.find(hash, peer3, family, peer1, peer0);
		if (entry === 0) {
			table.makeRoom();
			entry = table.insert(hash, peer3, family, peer1, peer0);
			words[entry + originWord] = originUnknown;
			words[entry + domainsWord] = 0;
			words[entry + domainsWord + 1] = 0;
		} else {
			table.touch(entry);
		}
		if (words[entry + originWord] === originUnknown) {
			words[entry + originWord] = this.lookup(peer0, peer1, peer2, peer3);
		}
		return entry;
	}

	/** The origin of an entry that entryOf gave. */
	originAt(entry: number): number {
		return this.table.words[entry + originWord] as number;
	}

	/** Whether this is the first query for the domain (its index, less than 64) through the resolver. */
	isFirst(entry: number, domain: number): boolean {
		const { words } = this.table;
		const at = entry + domainsWord + (domain >> 5);
		const bit = 1 << (domain & 31);
		const word = words[at] as number;
		if ((word & bit) !== 0) return false;
		words[at] = word | bit;
		return true;
	}

	/** The databases changed: every origin is asked for again when its resolver is next seen. A millisecond, if the table is full. */
	forgetOrigins(): void {
		const { table } = this;
		for (let entry = table.olderThan(0); entry !== 0; entry = table.olderThan(entry)) {
			table.words[entry + originWord] = originUnknown;
		}
	}
}
