/** What a database may be asked for, and how its records are read. Loaded with the first database, as the libraries take their time. */

import { Asn, Country } from "@maxmind/geoip2-node";
import * as z from "zod/mini";
import { type Network, unmappedCountry, unmappedNetwork } from "./origins.ts";

/** What a database is asked for. The form of a record decides whether a file can answer it: one file may answer both. */
export interface Subject<Value> {
	readonly key: "geoip.country-database" | "geoip.asn-database";
	/** What a record has, as a sentence ends that says that none has it. */
	readonly wanted: string;
	readonly unmapped: Value;
	/** The value in a record, which is whatever the file has there: undefined if it has none, null for one that makes no sense. It may throw. */
	read(record: object): Value | undefined | null;
}

const anything = z.optional(z.unknown());

/** `country` is a map at MaxMind and DB-IP, a code in IPinfo's older files, and a name beside `country_code` in IPinfo Lite. */
const countryRecord = z.object({
	country: z.optional(z.union([z.string(), z.object({ iso_code: anything })])),
	country_code: anything,
});

/**
 * Where an address is, as the Go exporter has it: `country.iso_code`, or what takes its place in a flat record. `registered_country` is
 * no substitute: it says where the network's owner is registered, and a record that has only that (an anycast resolver's, say) is unmapped.
 */
export const countrySubject: Subject<string> = {
	key: "geoip.country-database",
	wanted: "a country as country.iso_code, country_code or country",
	unmapped: unmappedCountry,
	read(record) {
		const { country, country_code: code } = countryRecord.parse(record);
		// No more of a record than its country's code: the model renames each key of what it is given, the names in eight languages among them.
		const brief = { country } as ConstructorParameters<typeof Country>[0];
		const nested = typeof country === "object" ? new Country(brief).country?.isoCode : undefined;
		const found = given(nested) ?? given(code) ?? given(typeof country === "string" ? country : undefined);
		if (found === undefined) return undefined;
		return typeof found === "string" && /^[A-Z]{2}$/.test(found) ? found : null;
	},
};

/** MaxMind's and DB-IP's names; those of GeoIP2 Enterprise stand in `traits`; the short ones are IPinfo's and IPLocate's. */
const networkRecord = z.object({
	autonomous_system_number: anything,
	autonomous_system_organization: anything,
	traits: z.optional(z.object({ autonomous_system_number: anything, autonomous_system_organization: anything })),
	asn: anything,
	as_name: anything,
	org: anything,
	name: anything,
});

/** Which autonomous system announces an address, and the organisation that runs it. */
export const asnSubject: Subject<Network> = {
	key: "geoip.asn-database",
	wanted: "an AS number as autonomous_system_number or asn",
	unmapped: unmappedNetwork,
	read(record) {
		const { traits, asn, as_name, org, name, ...flat } = networkRecord.parse(record);
		const model = new Asn((traits ?? flat) as ConstructorParameters<typeof Asn>[0]);
		const found = given(model.autonomousSystemNumber) ?? given(asn);
		if (found === undefined) return undefined;
		const number = asnOf(found);
		if (number === null) return null;
		if (number === unmappedNetwork.number) return undefined;
		const organization = [model.autonomousSystemOrganization, as_name, org, name].find(given);
		return { number, organization: organizationOf(organization) };
	},
};

/** What stands in a record; some makers write an empty text or a dash for nothing. */
function given(value: unknown): unknown {
	return value === "" || value === "-" || value === null ? undefined : value;
}

/** An AS number (32 bits, RFC 6793) from a number or a text like "AS64496"; null if it is none. */
function asnOf(value: unknown): number | null {
	const digits = typeof value === "string" ? /^(?:AS)?(\d{1,10})$/i.exec(value)?.[1] : value;
	if (!["string", "number", "bigint"].includes(typeof digits)) return null;
	const number = Number(digits);
	return Number.isInteger(number) && number >= 0 && number < 2 ** 32 ? number : null;
}

/** The longest name that is kept, in UTF-16 units: nearly all real ones are shorter, and a file may hold any. */
const organizationLengthMax = 80;

/** A name as one line without characters that act on a terminal; null for what is no name. */
function organizationOf(value: unknown): string | null {
	if (typeof value !== "string") return null;
	const text = value
		.slice(0, 4 * organizationLengthMax)
		.replace(/[\p{C}\s]+/gu, " ")
		.trim();
	if (text.length <= organizationLengthMax) return text === "" ? null : text;
	return `${text
		.slice(0, organizationLengthMax - 1)
		.replace(/\p{Cs}$/u, "")
		.trimEnd()}…`;
}
