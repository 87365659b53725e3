/** Origins by small numbers: what a resolver's labels say, once for all resolvers that share it. */

/** The GeoIP labels of a resolver, as they stand in a label set. */
export interface Origin {
	/** ISO 3166-1 alpha-2; "ZZ" if unmapped. */
	readonly country: string;
	/** Decimal; "0" if unmapped; "other" of what has no room. */
	readonly asn: string;
}

/** The country of an address that no record gives one (as the Go exporter has it). */
export const unmappedCountry = "ZZ";

/** The autonomous system of an address that no record gives one (0 is reserved, RFC 7607). */
export const unmappedAsn = 0;

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
 * told apart up to a bound, as strangers choose them: an index that nobody uses any more is given to another.
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
		this.#list = [
			{ country: unmappedCountry, asn: String(unmappedAsn) },
			...countries.map((country) => ({ country, asn: String(unmappedAsn) })),
			...countries.map((country) => ({ country, asn: otherAsn })),
		];
		this.#networksMax = networksMax;
	}

	/** All origins by their index: unmapped, the countries, their others, then those of networks. One that was released says what it was. */
	get list(): readonly Origin[] {
		return this.#list;
	}

	/** Takes two capital letters and an AS number (u32), gives the origin's index; the country's other for a new network when there is no room. */
	intern(country: string, asn: number): number {
		if (asn === unmappedAsn) return country === unmappedCountry ? unmappedOrigin : 1 + placeOf(country);
		const known = this.#indexes.get(key(country, asn));
		if (known !== undefined) return known;
		if (this.#indexes.size >= this.#networksMax) return othersFrom + placeOf(country);
		const index = this.#free.pop() ?? this.#list.length;
		this.#list[index] = { country, asn: String(asn) };
		this.#indexes.set(key(country, asn), index);
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
