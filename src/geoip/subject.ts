/** What a database may be asked for. Said apart from database.ts, whose libraries load only where a database is configured. */

import { unmappedAsn, unmappedCountry } from "./origins.ts";

/** The classes that geoip2-node makes of records. */
export type Models = Pick<typeof import("@maxmind/geoip2-node"), "Asn" | "City" | "Country" | "Enterprise" | "Isp">;
type RecordOf<Model extends keyof Models> = ConstructorParameters<Models[Model]>[0];

/**
 * What a database answers, how it is found in a record, and what it is when nothing is found. `ways` makes the model of a record,
 * by the word that MaxMind's database types hold ("GeoLite2-Country", "GeoIP2-City", "GeoIP2-ISP", "DBIP-ASN-Lite"); it may
 * throw, as a record is whatever the file has there.
 */
export interface Subject<Value> {
	readonly key: "geoip.country-database" | "geoip.asn-database";
	readonly wanted: string;
	readonly ways: Readonly<Record<string, (models: Models, record: object) => unknown>>;
	readonly unmapped: Value;
	readonly valid: (value: unknown) => value is Value;
}

/**
 * Where an address is, as the Go exporter has it: `country.iso_code`. `registered_country` is no substitute: it says where the
 * network's owner is registered, and a record that has only that (an anycast resolver's, say) is unmapped.
 */
export const countrySubject: Subject<string> = {
	key: "geoip.country-database",
	wanted: "a GeoLite2 or GeoIP2 Country, City or Enterprise database",
	ways: {
		Country: ({ Country }, record) => new Country(brief(record)).country?.isoCode,
		City: ({ City }, record) => new City(brief(record)).country?.isoCode,
		Enterprise: ({ Enterprise }, record) => new Enterprise(brief(record)).country?.isoCode,
	},
	unmapped: unmappedCountry,
	valid: (value): value is string => typeof value === "string" && /^[A-Z]{2}$/.test(value),
};

/**
 * No more of a record than its country's code: a model renames each key of what it is given, of a country's names in eight
 * languages among them, and that took most of the time of a lookup.
 */
function brief(record: { country?: { iso_code?: unknown } }): RecordOf<"Country"> {
	return { country: { iso_code: record.country?.iso_code } } as RecordOf<"Country">;
}

/** Which autonomous system announces an address. */
export const asnSubject: Subject<number> = {
	key: "geoip.asn-database",
	wanted: "a GeoLite2 ASN or GeoIP2 ISP database",
	ways: {
		ASN: ({ Asn }, record) => new Asn(record as RecordOf<"Asn">).autonomousSystemNumber,
		ISP: ({ Isp }, record) => new Isp(record as RecordOf<"Isp">).autonomousSystemNumber,
	},
	unmapped: unmappedAsn,
	valid: (value): value is number =>
		typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32,
};
