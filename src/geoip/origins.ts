/** Origins by small numbers: what a resolver's labels say, once for all resolvers that share it. */

/** The GeoIP labels of a resolver, as they stand in a label set. */
export interface Origin {
	/** ISO 3166-1 alpha-2; "ZZ" if unmapped; "other" beyond the bound. */
	readonly country: string;
	/** Decimal; "0" if unmapped; "other" beyond the bound. */
	readonly asn: string;
}

/** The country of an address that no record gives one (as the Go exporter has it). */
export const unmappedCountry = "ZZ";

/** The autonomous system of an address that no record gives one (0 is reserved, RFC 7607). */
export const unmappedAsn = 0;

/** Index of the origin of an address that no database maps. */
export const unmappedOrigin = 0;

/** Index of the origin that stands for all those beyond the bound. */
export const otherOrigin = 1;

/**
 * The distinct origins seen, in a list that only grows, up to a bound: a counter under an origin must keep its meaning until
 * the process ends. Indexes stay valid for the table's life.
 */
export class OriginTable {
	readonly #list: Origin[] = [
		{ country: unmappedCountry, asn: String(unmappedAsn) },
		{ country: "other", asn: "other" },
	];
	readonly #indexes = new Map<number, number>([[key(unmappedCountry, unmappedAsn), unmappedOrigin]]);
	readonly #originsMax: number;

	/** Takes the number of mapped origins to hold, beside the two that always stand there. */
	constructor(originsMax: number) {
		this.#originsMax = originsMax;
	}

	/** All origins by their index: unmapped, other, then the mapped ones in the order they were first seen. */
	get list(): readonly Origin[] {
		return this.#list;
	}

	/** Takes two capital letters and an AS number (u32), gives the origin's index; `otherOrigin` for a new one when the table is full. */
	intern(country: string, asn: number): number {
		const known = this.#indexes.get(key(country, asn));
		if (known !== undefined) return known;
		// The unmapped origin is in the map as well, so the map's size is one more than the mapped origins.
		if (this.#indexes.size > this.#originsMax) return otherOrigin;
		const index = this.#list.length;
		this.#list.push({ country, asn: String(asn) });
		this.#indexes.set(key(country, asn), index);
		return index;
	}
}

/** Country and AS number in one safe integer: under 26 * 26 * 2^32. */
function key(country: string, asn: number): number {
	return ((country.charCodeAt(0) - 65) * 26 + country.charCodeAt(1) - 65) * 2 ** 32 + asn;
}
