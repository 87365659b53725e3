/** Origins by small numbers: what a resolver's labels say, once for all resolvers that share it. */

/** The GeoIP labels of a resolver, as they stand in a label set. */
export interface Origin {
	/** ISO 3166-1 alpha-2; "ZZ" if unmapped. */
	readonly country: string;
	/** Decimal; "0" if unmapped; "other" of what has no room. */
	readonly asn: string;
	/** Who runs the network, by the database; null where it does not say, or there is no network. */
	readonly organization: string | null;
}

/** An autonomous system, and the organisation that runs it if the database says which. */
export interface Network {
	readonly number: number;
	readonly organization: string | null;
}

/** The country of an address for which no record has one (as the Go exporter has it). */
export const unmappedCountry = "ZZ";

/** The autonomous system of an address for which no record has one (0 is reserved, RFC 7607). */
export const unmappedNetwork: Network = { number: 0, organization: null };

/** What a country's origin says that stands for its networks beyond the bound. */
const otherAsn = "other";

/** Two capital letters. */
const countriesMax = 26 * 26;

/** Index of the origin of an address that no database maps. The countries without a network are next, in the order of their letters. */
export const unmappedOrigin = 0;

/** Index of the first country's origin that stands for its networks beyond the bound; the other countries' follow. */
export const othersFrom = 1 + countriesMax;

/** Indexes below this always mean the same: countries are few, and have theirs whether there is room or not. */
export const keptOrigins = othersFrom + countriesMax;

/**
 * The origins of resolvers. Those without a network, and each country's other, have their index for ever. Those of a network are
 * distinguished up to a bound, as strangers choose them: an index that nothing uses any more is assigned to another.
 */
export class OriginTable {
	readonly #list: Origin[];
	/** Of the networks, by `key`. */
	readonly #indexes = new Map<number, number>();
	readonly #free: number[] = [];
	readonly #networksMax: number;

	/** Takes how many origins with a network there may be at one time. */
	constructor(networksMax: number) {
		const countries = Array.from({ length: countriesMax }, (_, index) =>
			String.fromCharCode(65 + Math.floor(index / 26), 65 + (index % 26)),
		);
		const unmappedAsn = String(unmappedNetwork.number);
		this.#list = [
			{ country: unmappedCountry, asn: unmappedAsn, organization: null },
			...countries.map((country) => ({ country, asn: unmappedAsn, organization: null })),
			...countries.map((country) => ({ country, asn: otherAsn, organization: null })),
		];
		this.#networksMax = networksMax;
	}

	/** All origins by their index: unmapped, the countries, their others, then those of networks. One that was released says what it was. */
	get list(): readonly Origin[] {
		return this.#list;
	}

	/** Takes two capital letters and a network (u32), returns the origin's index; the country's other for a new network when there is no room. */
	intern(country: string, { number, organization }: Network): number {
		if (number === unmappedNetwork.number) return country === unmappedCountry ? unmappedOrigin : 1 + placeOf(country);
		const known = this.#indexes.get(key(country, number));
		if (known === undefined && this.#indexes.size >= this.#networksMax) return othersFrom + placeOf(country);
		const index = known ?? this.#free.pop() ?? this.#list.length;
		// A database that was replaced may have another name for it.
		if (known === undefined || this.#list[index]?.organization !== organization)
			this.#list[index] = { country, asn: String(number), organization };
		if (known === undefined) this.#indexes.set(key(country, number), index);
		return index;
	}

	/** The index of the origin that stands for this one where there is no room for it. */
	otherOf(index: number): number {
		return othersFrom + placeOf((this.#list[index] as Origin).country);
	}

	/** Nobody has the indexes of networks any more that are not used: new ones get them. */
	release(isUsed: (index: number) => boolean): void {
		for (const [network, index] of this.#indexes) {
			if (isUsed(index)) continue;
			this.#indexes.delete(network);
			this.#free.push(index);
		}
	}
}

/** The index of a country, by its two capital letters. */
function placeOf(country: string): number {
	return (country.charCodeAt(0) - 65) * 26 + country.charCodeAt(1) - 65;
}

/** Country and AS number in one safe integer: under 26 * 26 * 2^32. */
function key(country: string, asn: number): number {
	return placeOf(country) * 2 ** 32 + asn;
}
