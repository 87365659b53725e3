/** Files as operators have them: every lookup is what the library finds in the record, read here by this file's own rule. */

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Reader } from "mmdb-lib";
import { Database } from "../../src/geoip/database.ts";
import { asnSubject, countrySubject } from "../../src/geoip/subject.ts";
import { seededRandom } from "../support/frames.ts";
import { asnRecord, countryRecord, type MmdbRow, type MmdbValue, writeMmdb } from "../support/mmdb.ts";

const packaged = (path: string) => readFileSync(fileURLToPath(import.meta.resolve(`@ip-location-db/${path}`)));
const kept = (name: string) => readFileSync(`${import.meta.dir}/files/${name}`);

/** 2,000 networks of IPv4 and as many of IPv6, one in four without a record. */
function made(databaseType: string, record: (index: number) => MmdbValue): Buffer {
	const rows: MmdbRow[] = [];
	for (let index = 0; index < 2_000; index++) {
		if (index % 4 === 3) continue;
		rows.push([`${1 + (index >> 4)}.${(index & 15) * 16}.0.0/12`, record(index)]);
		rows.push([`${(0x2000 + index).toString(16)}::/16`, record(index)]);
	}
	return writeMmdb(rows, { databaseType, recordSize: 24 });
}

const codes = ["IR", "CN", "RU", "TM", "DE"];
const code = (index: number) => codes[index % codes.length] as string;
const lite = (index: number) => ({
	as_domain: `n${index}.example`,
	as_name: `Example ${index}`,
	asn: `AS${64_496 + index}`,
	continent: "Asia",
	continent_code: "AS",
	country: `Country ${code(index)}`,
	country_code: code(index),
});
const dbipAsn = made("DBIP-ASN-Lite (compat=GeoLite2-ASN)", (index) => asnRecord(64_496 + index));
const dbipCity = made("DBIP-City-Lite", (index) => ({
	...(countryRecord(code(index)) as Record<string, MmdbValue>),
	city: { names: { en: `City ${index}` } },
}));
const ipinfoLite = made("ipinfo generic_ipinfo_lite_free.mmdb", lite);

type Of<Value> = (record: Record<string, unknown>) => Value | undefined;
const flatCountry: Of<string> = ({ country_code }) => country_code as string;
const nestedCountry: Of<string> = ({ country }) => (country as { iso_code: string } | undefined)?.iso_code;
const maxmindAsn: Of<[number, string]> = (record) => [
	record.autonomous_system_number as number,
	record.autonomous_system_organization as string,
];
const ipinfoAsn: Of<[number, string | null]> = ({ asn, as_name, name }) => [
	Number((asn as string).slice(2)),
	((as_name ?? name) as string | undefined) ?? null,
];

/** Words of 10,000 addresses, half of them IPv4, and each address as text. */
function* addresses(): Generator<readonly [words: readonly [number, number, number, number], text: string]> {
	const random = seededRandom(22);
	const word = () => Math.floor(random() * 2 ** 32);
	for (let index = 0; index < 10_000; index++) {
		if (index % 2 === 0) {
			const address = word();
			const octets = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255);
			yield [[0, 0, 0xffff, address], octets.join(".")];
			continue;
		}
		// In the ranges that APNIC, ARIN and RIPE give out.
		const range = [0x24000000, 0x26000000, 0x2a000000][index % 3] as number;
		const words = [range + (word() & 0x0f_ffff), word(), word(), word()] as const;
		const hex = words.map((part) => (part >>> 0).toString(16).padStart(8, "0")).join("");
		yield [words, (hex.match(/.{4}/g) as string[]).join(":")];
	}
}

function expectAll<Value>(
	bytes: Buffer,
	lookup: (...words: readonly [number, number, number, number]) => Value,
	of: Of<Value>,
	none: Value,
) {
	const reader = new Reader<never>(Buffer.from(bytes));
	let found = 0;
	for (const [words, text] of addresses()) {
		// The library looks for an IPv6 address in a tree of IPv4 too.
		const record = reader.metadata.ipVersion === 4 && text.includes(":") ? null : reader.get(text);
		const value = record === null ? undefined : of(record);
		if (value !== undefined) found++;
		expect([text, lookup(...words)]).toEqual([text, value ?? none]);
	}
	return found;
}

describe("10,000 addresses have the country that the library finds", () => {
	const rows: [title: string, bytes: Buffer, of: Of<string>, least: number][] = [
		[
			"ip-location-db's GeoLite2, IPv4 and IPv6",
			packaged("geolite2-country-mmdb/geolite2-country.mmdb"),
			flatCountry,
			4_000,
		],
		[
			"ip-location-db's GeoLite2, IPv4",
			packaged("geolite2-country-mmdb/geolite2-country-ipv4.mmdb"),
			flatCountry,
			4_000,
		],
		["ip-location-db's GeoLite2, IPv6", packaged("geolite2-country-mmdb/geolite2-country-ipv6.mmdb"), flatCountry, 50],
		["ip-location-db's IPtoASN", packaged("iptoasn-country-mmdb/iptoasn-country.mmdb"), flatCountry, 3_000],
		["a file shaped like DB-IP's city file", dbipCity, nestedCountry, 3_000],
		["a file shaped like IPinfo Lite", ipinfoLite, flatCountry, 3_000],
		["a flat file that was accepted and mapped nothing", kept("m-flat.mmdb"), flatCountry, 4_000],
	];
	test.each(rows)("in %s", (_, bytes, of, least) => {
		const database = new Database(Buffer.from(bytes), "", countrySubject);
		expect(expectAll(bytes, (...words) => database.lookup(...words), of, "ZZ")).toBeGreaterThan(least);
		expect(database.lookupFailures).toBe(0);
	});
});

describe("10,000 addresses have the network that the library finds", () => {
	const rows: [title: string, bytes: Buffer, of: Of<[number, string | null]>, least: number][] = [
		["a file shaped like DB-IP's ASN file", dbipAsn, maxmindAsn, 3_000],
		["a file shaped like IPinfo Lite", ipinfoLite, ipinfoAsn, 3_000],
		["a file whose numbers are text", kept("a-asstr.mmdb"), ipinfoAsn, 4_000],
	];
	test.each(rows)("in %s", (_, bytes, of, least) => {
		const database = new Database(Buffer.from(bytes), "", asnSubject);
		const lookup = (...words: readonly [number, number, number, number]): [number, string | null] => {
			const { number, organization } = database.lookup(...words);
			return [number, organization];
		};
		expect(expectAll(bytes, lookup, of, [0, null])).toBeGreaterThan(least);
		expect(database.lookupFailures).toBe(0);
	});
});

test.each([
	["countries for networks", packaged("iptoasn-country-mmdb/iptoasn-country.mmdb"), asnSubject],
	["networks for countries", dbipAsn, countrySubject],
	["a flat country file for networks", kept("m-flat.mmdb"), asnSubject],
	["a network file with text for countries", kept("a-asstr.mmdb"), countrySubject],
] as const)("A file that can never answer, %s, is refused with one of its records", (_, bytes, subject) => {
	const open = () =>
		subject === asnSubject ? new Database(bytes, "", asnSubject) : new Database(bytes, "", countrySubject);
	expect(open).toThrow(
		/whose records, such as \{"\w+":.*\}, have no value for it: geoip\.\w+-database takes files whose records have an? /,
	);
});
