/** What a database may be asked for. Said apart from database.ts, whose libraries load only where a database is configured. */

import type { ReaderModel } from "@maxmind/geoip2-node";
import { unmappedAsn, unmappedCountry } from "./origins.ts";

/**
 * What a database answers, how it is found in a record, and what it is when nothing is found. `ways` names the methods of
 * geoip2-node by the word that MaxMind's database types hold ("GeoLite2-Country", "GeoIP2-City", "GeoIP2-ISP", "DBIP-ASN-Lite").
 */
export interface Subject<Value> {
	readonly key: "geoip.country-database" | "geoip.asn-database";
	readonly wanted: string;
	readonly ways: Readonly<Record<string, (model: ReaderModel, address: string) => unknown>>;
	/**
	 * What of a record `ways` needs. The model renames each key of what it is given, of a country's names in eight languages among
	 * them: that took most of the time of a lookup.
	 */
	readonly brief: (record: object) => object;
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
		Country: (model, address) => model.country(address).country?.isoCode,
		City: (model, address) => model.city(address).country?.isoCode,
		Enterprise: (model, address) => model.enterprise(address).country?.isoCode,
	},
	brief: (record: { country?: { iso_code?: unknown } }) => ({ country: { iso_code: record.country?.iso_code } }),
	unmapped: unmappedCountry,
	valid: (value): value is string => typeof value === "string" && /^[A-Z]{2}$/.test(value),
};

/** Which autonomous system announces an address. */
export const asnSubject: Subject<number> = {
	key: "geoip.asn-database",
	wanted: "a GeoLite2 ASN or GeoIP2 ISP database",
	ways: {
		ASN: (model, address) => model.asn(address).autonomousSystemNumber,
		ISP: (model, address) => model.isp(address).autonomousSystemNumber,
	},
	brief: (record) => record,
	unmapped: unmappedAsn,
	valid: (value): value is number =>
		typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32,
};
