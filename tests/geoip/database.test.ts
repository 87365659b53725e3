import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Database } from "../../src/geoip/database.ts";
import { FileFault } from "../../src/geoip/database-file.ts";
import { asnSubject, countrySubject } from "../../src/geoip/subject.ts";
import {
	asnMmdb,
	asnRecord,
	countryMmdb,
	countryRecord,
	defaultBuildEpochSeconds,
	type MmdbValue,
	writeMmdb,
} from "../support/mmdb.ts";

const ipv4 = (d: number) => [0, 0, 0xffff, d] as const;
const words: Readonly<Record<string, readonly [number, number, number, number]>> = {
	"192.0.2.1": ipv4(0xc0000201),
	"192.0.3.0": ipv4(0xc0000300),
	"198.51.100.255": ipv4(0xc63364ff),
	"203.0.113.127": ipv4(0xcb00717f),
	"203.0.113.128": ipv4(0xcb007180),
	"10.77.8.1": ipv4(0x0a4d0801),
	"10.77.9.1": ipv4(0x0a4d0901),
	"127.0.0.1": ipv4(0x7f000001),
	"0.0.0.0": ipv4(0),
	"255.255.255.255": ipv4(0xffffffff),
	"2001:db8::1": [0x20010db8, 0, 0, 1],
	"2001:db8:8000::1": [0x20010db8, 0x80000000, 0, 1],
	"2001:db8:ff00::1": [0x20010db8, 0xff000000, 0, 1],
	"2001:db9::": [0x20010db9, 0, 0, 0],
	"2002:c000:201:: (6to4 of 192.0.2.1)": [0x2002c000, 0x02010000, 0, 0],
};

const expected: [address: string, country: string, asn: number][] = [
	["192.0.2.1", "DE", 64_496],
	["192.0.3.0", "ZZ", 0],
	["198.51.100.255", "FR", 0],
	["203.0.113.127", "JP", 64_497],
	["203.0.113.128", "US", 64_497],
	["10.77.8.1", "IS", 64_498],
	["10.77.9.1", "NO", 64_498],
	["127.0.0.1", "NL", 64_499],
	["0.0.0.0", "ZZ", 0],
	["255.255.255.255", "ZZ", 0],
	["2001:db8::1", "SE", 65_536],
	["2001:db8:8000::1", "BR", 65_551],
	["2001:db8:ff00::1", "ZA", 65_551],
	["2001:db9::", "ZZ", 0],
	["2002:c000:201:: (6to4 of 192.0.2.1)", "DE", 64_496],
];

function at(address: string): readonly [number, number, number, number] {
	const found = words[address];
	if (found === undefined) throw new Error(`no words for ${address}`);
	return found;
}

describe.each([24, 28, 32] as const)("With records of %d bits", (recordSize) => {
	const country = new Database(countryMmdb({ recordSize }), "", countrySubject);
	const asn = new Database(asnMmdb({ recordSize }), "", asnSubject);
	test.each(expected)("%s is in %s and AS %d", (address, isoCode, number) => {
		for (const _ of ["decoded", "remembered"]) {
			expect(country.lookup(...at(address))).toBe(isoCode);
			expect(asn.lookup(...at(address)).number).toBe(number);
		}
		expect(country.lookupFailures + asn.lookupFailures).toBe(0);
	});
});

test("A database of IPv4 alone maps IPv4 and leaves IPv6 unmapped", () => {
	const rows = [["32.0.0.0/3", countryRecord("DE")]] as const;
	const database = new Database(
		writeMmdb(rows, { databaseType: "GeoLite2-Country", ipVersion: 4 }),
		"",
		countrySubject,
	);
	expect(database.lookup(...ipv4(0x20010db8))).toBe("DE");
	expect(database.lookup(...at("2001:db8::1"))).toBe("ZZ");
	expect(database.lookupFailures).toBe(0);
});

describe("The build time and type are told", () => {
	test.each([
		"GeoLite2-Country",
		"GeoIP2-Country",
		"GeoLite2-City",
		"GeoIP2-City-North-America",
		"GeoIP2-Enterprise",
		"DBIP-Country-Lite",
		"country ipvAll",
	])("of %s, which gives countries", (databaseType) => {
		const database = new Database(countryMmdb({ databaseType }), "mark", countrySubject);
		expect(database.type).toBe(databaseType);
		expect(database.buildTimeSeconds).toBe(defaultBuildEpochSeconds);
		expect(database.content.mark).toBe("mark");
		expect(database.lookup(...at("192.0.2.1"))).toBe("DE");
	});
	test.each(["GeoLite2-ASN", "GeoIP2-ISP", "DBIP-ASN-Lite (compat=GeoLite2-ASN)"])(
		"of %s, which gives systems",
		(databaseType) => {
			const database = new Database(asnMmdb({ databaseType, buildEpochSeconds: 1 }), "", asnSubject);
			expect(database.type).toBe(databaseType);
			expect(database.buildTimeSeconds).toBe(1);
			expect(database.lookup(...at("192.0.2.1"))).toEqual({ number: 64_496, organization: "Example Network 64496" });
		},
	);
});

function faultOf(bytes: Buffer, subject: typeof countrySubject | typeof asnSubject = countrySubject): string {
	try {
		if (subject === asnSubject) new Database(bytes, "", asnSubject);
		else new Database(bytes, "", countrySubject);
	} catch (error) {
		expect(error).toBeInstanceOf(FileFault);
		return (error as FileFault).message;
	}
	return "";
}

describe("A file is refused", () => {
	const rows: [title: string, bytes: Buffer, words: string][] = [
		["that is empty", Buffer.alloc(0), "no MaxMind database"],
		["of one byte", Buffer.alloc(1), "no MaxMind database"],
		["of zeros", Buffer.alloc(100_000), "no MaxMind database"],
		["of text", Buffer.from("<html>404 Not Found</html>\n".repeat(100)), "no MaxMind database"],
		[
			"that is still compressed",
			Buffer.from(Bun.gzipSync(new Uint8Array(countryMmdb()))),
			"is compressed; unpack it first",
		],
		[
			"with systems instead of countries",
			asnMmdb(),
			'is of the type "GeoLite2-ASN", whose records, such as {"autonomous_system_number":64498,"autonomous_system_organization":"Example Network 64498"}, have no value for it: geoip.country-database takes files whose records have a country as country.iso_code, country_code or country',
		],
		[
			"with neither",
			writeMmdb([["192.0.2.0/24", { domain: "example.com" }]], { databaseType: "GeoIP2-Domain" }),
			'is of the type "GeoIP2-Domain", whose records, such as {"domain":"example.com"},',
		],
		["whose type would break a log line", asnMmdb({ databaseType: "a\nb" }), '"a\\nb"'],
		[
			"whose records would act on a terminal",
			writeMmdb([["192.0.2.0/24", { name: "\u001b[2J\u202e\n" }]], { databaseType: "Names" }),
			'{"name":"\\u001b[2J\ufffd\\n"}',
		],
		[
			"whose records are long, with the beginning of one",
			writeMmdb([["192.0.2.0/24", { name: "x".repeat(10_000) }]], { databaseType: "Names" }),
			`such as {"name":"${"x".repeat(191)}…, have no value`,
		],
		[
			"with countries' names and no codes",
			writeMmdb([["192.0.2.0/24", { country: "Canada" }]], { databaseType: "Names" }),
			'such as {"country":"Canada"}, have no value',
		],
		["without networks", writeMmdb([], { databaseType: "GeoLite2-Country" }), "holds no record"],
	];
	test.each(rows)("%s", (_, bytes, words) => {
		expect(faultOf(bytes)).toContain(words);
	});
	test("with countries instead of systems", () => {
		expect(faultOf(countryMmdb(), asnSubject)).toContain(
			"geoip.asn-database takes files whose records have an AS number as autonomous_system_number or asn",
		);
	});
});

test("A value that stands in the 4,096th network is found, and in the one after it no more", () => {
	const withValueAt = (place: number) => {
		const rows = Array.from({ length: place + 1 }, (_, index) => {
			const record = index === place ? { country_code: "DE" } : { index };
			return [`${index >> 8}.${index & 255}.0.0/16`, record] as const;
		});
		return writeMmdb(rows, { databaseType: "any", ipVersion: 4 });
	};
	expect(faultOf(withValueAt(4_095))).toBe("");
	expect(faultOf(withValueAt(4_096))).toContain('such as {"index":0}, have no value');
});

test("A file cut off anywhere in front of its description is refused, and behind that it answers as a whole one does", () => {
	const whole = countryMmdb();
	// The last text of the metadata; its size stands in the byte in front of it.
	const description = whole.lastIndexOf("GeoLite2-Country made");
	expect(description).toBeGreaterThan(0);
	let refused = 0;
	for (let length = 0; length < whole.length; length++) {
		const cut = Buffer.from(whole.subarray(0, length));
		if (faultOf(cut) !== "") refused++;
		else {
			expect(length).toBeGreaterThanOrEqual(description - 1);
			expect(new Database(cut, "", countrySubject).lookup(...at("192.0.2.1"))).toBe("DE");
		}
	}
	expect(refused).toBeGreaterThanOrEqual(description - 1);
});

test("A file whose beginning is missing is refused", () => {
	const whole = countryMmdb();
	for (const missing of [1, 2, 3, 5, 7, 100, 1000]) expect(faultOf(Buffer.from(whole.subarray(missing)))).not.toBe("");
});

test("A file with a hole of zeros where a copy has not arrived yet is refused when the hole meets the data", () => {
	const whole = countryMmdb();
	const marker = whole.lastIndexOf("MaxMind.com") - 3;
	expect(faultOf(Buffer.from(whole).fill(0, marker - 2000, marker))).toContain("damaged");
	expect(faultOf(Buffer.from(whole).fill(0, 0, 1200))).toContain("search tree leads nowhere");
});

test("A hole of zeros where records should be is found", () => {
	const rows = Array.from({ length: 200 }, (_, index) => [`${index + 1}.0.0.0/8`, asnRecord(index + 1)] as const);
	const whole = writeMmdb(rows, { databaseType: "GeoLite2-ASN" });
	const marker = whole.lastIndexOf("MaxMind.com") - 3;
	expect(() => new Database(Buffer.from(whole), "", asnSubject)).not.toThrow();
	const faultWithHole = () => new Database(Buffer.from(whole).fill(0, marker - 500, marker), "", asnSubject);
	expect(faultWithHole).toThrow("damaged");
});

test("A tree that leads in a circle finds nothing, one that leads into the separator or behind the file is a fault, and all end", () => {
	const bytes = writeMmdb([["0.0.0.0/1", asnRecord(1)]], {
		databaseType: "GeoLite2-ASN",
		recordSize: 32,
		ipVersion: 4,
	});
	const database = new Database(bytes, "", asnSubject);
	const high = (record: number) => {
		bytes.writeUInt32BE(record, 4);
		const before = database.lookupFailures;
		return [database.lookup(...ipv4(0xffffffff)).number, database.lookupFailures - before];
	};
	expect(database.lookup(...ipv4(0)).number).toBe(1);
	expect(high(0)).toEqual([0, 0]);
	for (const behind of [1 + 15, 1 + bytes.length, 0xffffffff])
		expect([behind, ...high(behind)]).toEqual([behind, 0, 1]);
	expect(database.lookup(...ipv4(0)).number).toBe(1);
});

test("Words are signed or unsigned", () => {
	const database = new Database(countryMmdb(), "", countrySubject);
	for (const words of [ipv4(0xc0000201), ipv4(0xc0000201 | 0)]) expect(database.lookup(...words)).toBe("DE");
	expect(database.lookup(0x20010db8, 0x80000000 | 0, 0, 1)).toBe("BR");
	expect(database.lookup(0x20010db8, 0xff000000 | 0, 0, 1)).toBe("ZA");
});

test("More records than are kept are all found, again and again", () => {
	const rows = Array.from(
		{ length: 10_000 },
		(_, index) => [`10.${index >> 8}.${index & 255}.0/24`, asnRecord(index + 1)] as const,
	);
	const database = new Database(writeMmdb(rows, { databaseType: "GeoLite2-ASN" }), "", asnSubject);
	for (let round = 0; round < 2; round++) {
		for (let index = 0; index < rows.length; index++) {
			if (database.lookup(...ipv4(0x0a000001 | (index << 8))).number !== index + 1)
				throw new Error(`AS ${index + 1} is not found`);
		}
	}
	expect(database.lookupFailures).toBe(0);
});

const lookAll = <Value>(database: Database<Value>): Value[] =>
	Object.values(words).map((address) => database.lookup(...address));

test("Random bytes, with and without metadata behind them, are refused or looked up without a throw", () => {
	const whole = asnMmdb();
	const metadata = whole.subarray(whole.lastIndexOf("MaxMind.com") - 3);
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 8192 }), fc.boolean(), (bytes, dressed) => {
			const file = dressed ? Buffer.concat([bytes, metadata]) : Buffer.from(bytes);
			if (faultOf(file, asnSubject) !== "") return;
			for (const { number } of lookAll(new Database(file, "", asnSubject))) expect(number).toBeWithin(0, 2 ** 32);
		}),
		{ numRuns: 300 },
	);
});

test("Changed bytes give a fault, or valid labels without a throw", () => {
	const whole = countryMmdb();
	let failures = 0;
	fc.assert(
		fc.property(
			fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 20 }),
			(changes) => {
				const file = Buffer.from(whole);
				for (const [offset, byte] of changes) file[offset] = byte;
				if (faultOf(file) !== "") return;
				const database = new Database(file, "", countrySubject);
				for (const country of lookAll(database)) expect(country).toMatch(/^[A-Z]{2}$/);
				failures += database.lookupFailures;
			},
		),
		{ numRuns: 1000 },
	);
	expect(failures).toBeGreaterThan(0);
});

describe("A record", () => {
	/** A file in which no record has a value is refused. */
	const good = ["203.0.113.0/24", { country_code: "FR", asn: 64_500 }] as const;
	const rows: [title: string, record: MmdbValue, country: string, failures: number][] = [
		["without a country is unmapped, whatever is registered", { registered_country: { iso_code: "AU" } }, "ZZ", 0],
		["with nothing in it is unmapped", {}, "ZZ", 0],
		["with a country without a code is unmapped", { country: { geoname_id: 1 } }, "ZZ", 0],
		["whose code is in small letters is a fault", { country: { iso_code: "de" } }, "ZZ", 2],
		["whose code is too long is a fault", { country: { iso_code: "DEU" } }, "ZZ", 2],
		["whose code would break a label is a fault", { country: { iso_code: '"\n' } }, "ZZ", 2],
		["whose code is a number is a fault", { country: { iso_code: 49 } }, "ZZ", 2],
		["that is text is unmapped", "DE", "ZZ", 0],
	];
	test.each(rows)("%s", (_, record, country, failures) => {
		const database = new Database(
			writeMmdb([["192.0.2.0/24", record], good], { databaseType: "GeoLite2-Country" }),
			"",
			countrySubject,
		);
		for (const _ of ["decoded", "remembered"]) expect(database.lookup(...at("192.0.2.1"))).toBe(country);
		expect(database.lookupFailures).toBe(failures);
	});

	const systems: [title: string, record: MmdbValue, asn: number, failures: number][] = [
		["with the highest AS number is mapped", asnRecord(4_294_967_295), 4_294_967_295, 0],
		["with AS 0 is unmapped", asnRecord(0), 0, 0],
		["with an organization alone is unmapped", { autonomous_system_organization: "Example" }, 0, 0],
		["whose AS number is above 32 bits is a fault", { autonomous_system_number: 4_294_967_296n }, 0, 2],
		["whose AS number is another text is a fault", { autonomous_system_number: "AS 64496" }, 0, 2],
		["whose AS number has a fraction is a fault", { asn: "64496.5" }, 0, 2],
		["whose AS number is a map is a fault", { asn: { number: 64_496 } }, 0, 2],
		["whose AS number is a text above 32 bits is a fault", { asn: "AS4294967296" }, 0, 2],
	];
	test.each(systems)("%s", (_, record, asn, failures) => {
		const database = new Database(
			writeMmdb([["192.0.2.0/24", record], good], { databaseType: "GeoLite2-ASN" }),
			"",
			asnSubject,
		);
		for (const _ of ["decoded", "remembered"]) expect(database.lookup(...at("192.0.2.1")).number).toBe(asn);
		expect(database.lookupFailures).toBe(failures);
	});

	const forms: [title: string, record: MmdbValue, country: string, network: [number, string | null]][] = [
		["of DB-IP's city file", { city: { names: { en: "Berlin" } }, country: { iso_code: "DE" } }, "DE", [0, null]],
		["of ip-location-db", { country_code: "DE" }, "DE", [0, null]],
		[
			"of IPinfo Lite",
			{ asn: "AS64496", as_name: "Example", as_domain: "example.com", country: "Germany", country_code: "DE" },
			"DE",
			[64_496, "Example"],
		],
		[
			"of IPinfo's country and ASN file",
			{ asn: "AS64496", as_name: "Example", country: "DE", country_name: "Germany" },
			"DE",
			[64_496, "Example"],
		],
		["of IPinfo's ASN file", { asn: "AS64496", name: "Example", route: "192.0.2.0/24" }, "ZZ", [64_496, "Example"]],
		["of IPLocate", { asn: 64_496, country_code: "DE", name: "EXAMPLE", org: "Example" }, "DE", [64_496, "Example"]],
		[
			"of GeoIP2 Enterprise",
			{
				country: { iso_code: "DE" },
				traits: { autonomous_system_number: 64_496, autonomous_system_organization: "Example" },
			},
			"DE",
			[64_496, "Example"],
		],
		["with a number of 64 bits", { asn: 64_496n }, "ZZ", [64_496, null]],
		["with nothing but empty texts", { country_code: "", country: "-", asn: "", as_name: "" }, "ZZ", [0, null]],
		["with a number for a name", { asn: 64_496, as_name: 7 }, "ZZ", [64_496, null]],
		["with a name of blanks", { asn: 64_496, as_name: " \n\u202e" }, "ZZ", [64_496, null]],
	];
	test.each(forms)("%s is understood, for both keys", (_, record, isoCode, [number, organization]) => {
		const bytes = writeMmdb([["192.0.2.0/24", record], good], { databaseType: "any" });
		const [country, asn] = [new Database(bytes, "", countrySubject), new Database(bytes, "", asnSubject)];
		expect(country.lookup(...at("192.0.2.1"))).toBe(isoCode);
		expect(asn.lookup(...at("192.0.2.1"))).toEqual({ number, organization });
		expect(country.lookupFailures + asn.lookupFailures).toBe(0);
	});

	test.each([
		["of 80 characters is whole", "x".repeat(80), "x".repeat(80)],
		["of 81 is cut", "x".repeat(81), `${"x".repeat(79)}…`],
		["is cut between characters", `${"x".repeat(78)}😀😀`, `${"x".repeat(78)}…`],
		["of many thousand is cut", "x".repeat(100_000), `${"x".repeat(79)}…`],
		["is on one line and does nothing to a terminal", " Ex\u001b[31m\nample\u202e Net ", "Ex [31m ample Net"],
	])("whose organisation's name %s", (_, name, shown) => {
		const bytes = writeMmdb([["192.0.2.0/24", asnRecord(64_496, name)]], { databaseType: "GeoLite2-ASN" });
		expect(new Database(bytes, "", asnSubject).lookup(...at("192.0.2.1")).organization).toBe(shown);
	});

	test("that points to itself is a fault, found when it is looked up", () => {
		const bytes = writeMmdb(
			[
				["192.0.2.77/32", { country: "to be bent" }],
				["127.0.0.0/8", { country_code: "FR" }],
			],
			{
				databaseType: "GeoLite2-Country",
				recordSize: 24,
			},
		);
		// A map of one pair whose value is a pointer (of 4 bytes) to the map itself.
		const map = bytes.lastIndexOf("country") - 2;
		const dataSection = bytes.indexOf("country_code") - 2;
		bytes.set([0b001_11_000, 0, 0, 0, map - dataSection], map + 2 + "country".length);
		const database = new Database(bytes, "", countrySubject);
		expect(database.lookup(...ipv4(0xc000024d))).toBe("ZZ");
		expect(database.lookupFailures).toBe(1);
	});
});
