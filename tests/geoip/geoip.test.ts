import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { chmod, mkdtemp, rename, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GeoipError } from "../../src/geoip/error.ts";
import { type Geoip, type GeoipFiles, openDatabases } from "../../src/geoip/geoip.ts";
import { keptOrigins, unmappedOrigin } from "../../src/geoip/origins.ts";
import { asnMmdb, asnRecord, countryMmdb, countryRecord, writeMmdb } from "../support/mmdb.ts";

const root = await mkdtemp(join(tmpdir(), "geoip-"));
afterAll(() => rm(root, { recursive: true }));

let folder = "";
let told: string[] = [];
let tidied = 0;
let lookupsTidied = 0;
const country = () => join(folder, "Country.mmdb");
const asn = () => join(folder, "ASN.mmdb");

beforeEach(async () => {
	folder = await mkdtemp(join(root, "case-"));
	told = [];
	tidied = 0;
	lookupsTidied = 0;
	await writeFile(country(), countryMmdb());
	await writeFile(asn(), asnMmdb());
});

function open(files: Partial<GeoipFiles>, originsMax = 100): Promise<Geoip> {
	return openDatabases(
		{ country: null, asn: null, ...files },
		{
			originsMax,
			report: (level, message) => told.push(`${level} ${message}`),
			tidy: () => tidied++,
			tidyLookups: () => lookupsTidied++,
		},
	);
}

const both = () => open({ country: country(), asn: asn() });
const ipv4 = (geoip: Geoip, address: number) => geoip.originOf(0, 0, 0xffff, address);
const documentation = 0xc0000201;
const originAt = (geoip: Geoip, address = documentation) => geoip.origins[ipv4(geoip, address)];
const french = () =>
	writeMmdb([["192.0.2.0/24", countryRecord("FR")]], {
		databaseType: "GeoLite2-Country",
		buildEpochSeconds: 1_800_000_000,
	});

/** Bytes that this process reads meanwhile: rchar of proc(5). */
async function bytesRead(during: () => Promise<unknown>): Promise<number> {
	const rchar = async () => Number(/^rchar: (\d+)$/m.exec(await Bun.file("/proc/self/io").text())?.[1]);
	const before = await rchar();
	await during();
	return (await rchar()) - before;
}

async function renameOver(path: string, content: Buffer): Promise<void> {
	await writeFile(`${path}.new`, content);
	await rename(`${path}.new`, path);
}

describe("Labels", () => {
	test("are country and asn with both databases", async () => {
		const geoip = await both();
		expect([geoip.hasCountry, geoip.hasAsn]).toEqual([true, true]);
		expect(originAt(geoip)).toEqual({ country: "DE", asn: "64496", organization: "Example Network 64496" });
		expect(geoip.origins[geoip.originOf(0x20010db8, 0, 0, 1)]).toEqual({
			country: "SE",
			asn: "65536",
			organization: "Example Network 65536",
		});
		expect(originAt(geoip, 0xc6336401)).toEqual({ country: "FR", asn: "0", organization: null });
		expect(ipv4(geoip, 0x01010101)).toBe(unmappedOrigin);
		expect(geoip.databases().map(({ database, type }) => [database, type])).toEqual([
			["country", "GeoLite2-Country"],
			["asn", "GeoLite2-ASN"],
		]);
	});

	test("are country alone without the other database, and systems make no difference", async () => {
		const geoip = await open({ country: country() });
		expect([geoip.hasCountry, geoip.hasAsn]).toEqual([true, false]);
		expect(originAt(geoip)?.country).toBe("DE");
		expect(geoip.databases().map(({ database }) => database)).toEqual(["country"]);
	});

	test("are asn alone without the other database, and countries make no difference", async () => {
		const geoip = await open({ asn: asn() });
		expect([geoip.hasCountry, geoip.hasAsn]).toEqual([false, true]);
		expect(originAt(geoip)?.asn).toBe("64496");
		expect(ipv4(geoip, 0xcb007101)).toBe(ipv4(geoip, 0xcb0071ff));
	});

	test("are none without databases", async () => {
		const geoip = await open({});
		expect([geoip.hasCountry, geoip.hasAsn]).toEqual([false, false]);
		expect(ipv4(geoip, documentation)).toBe(unmappedOrigin);
		expect(geoip.databases()).toEqual([]);
		expect(await geoip.reloadChanged()).toBe(false);
	});

	test("of N networks are told apart, and the N+1st is its country's other until one is used no more", async () => {
		const geoip = await open({ country: country(), asn: asn() }, 2);
		const inside = [ipv4(geoip, documentation), ipv4(geoip, 0xcb007101)];
		expect(inside.every((index) => index >= keptOrigins)).toBe(true);
		expect(originAt(geoip, 0x7f000001)).toEqual({ country: "NL", asn: "other", organization: null });
		expect([ipv4(geoip, documentation), ipv4(geoip, 0xcb007101)]).toEqual(inside);
		expect(geoip.origins[geoip.otherOf(inside[0] as number)]).toEqual({
			country: "DE",
			asn: "other",
			organization: null,
		});
		geoip.releaseOrigins((index) => index === inside[0]);
		expect(originAt(geoip, 0x7f000001)).toEqual({ country: "NL", asn: "64499", organization: "Example Network 64499" });
		expect(ipv4(geoip, documentation)).toBe(inside[0] as number);
	});
});

test("The garbage of lookups is collected after 8,192 of them, and again after as many", async () => {
	const geoip = await both();
	const lookUp = (times: number) => {
		for (let time = 0; time < times; time++) ipv4(geoip, documentation);
		return lookupsTidied;
	};
	expect([lookUp(8_192), lookUp(1), lookUp(8_191), lookUp(1)]).toEqual([0, 1, 1, 2]);
});

describe("One file for both keys", () => {
	/** Shaped like IPinfo Lite, of 4 MB. */
	const lite = (organization: string) => {
		const filling = Array.from(
			{ length: 1_000 },
			(_, index) =>
				[`10.0.${index >> 2}.${(index & 3) * 64}/26`, { as_domain: `${index}`.padEnd(4_000, ".") }] as const,
		);
		const record = { asn: "AS64500", as_name: organization, country: "Germany", country_code: "DE" };
		return writeMmdb([["192.0.2.0/24", record], ...filling], { databaseType: "ipinfo lite.mmdb" });
	};

	test("serves both, is read and held once, and is replaced for both at one look", async () => {
		const content = lite("Example");
		await writeFile(country(), content);
		let geoip: Geoip | undefined;
		const openBoth = async () => {
			geoip = await open({ country: country(), asn: country() });
		};
		expect(await bytesRead(openBoth)).toBeWithin(content.length, 1.5 * content.length);
		if (geoip === undefined) throw new Error("not opened");
		expect(originAt(geoip)).toEqual({ country: "DE", asn: "64500", organization: "Example" });
		await renameOver(country(), lite("Example, renamed"));
		const opened = geoip;
		expect(await bytesRead(() => opened.reloadChanged())).toBeWithin(content.length, 1.5 * content.length);
		expect(originAt(geoip)).toEqual({ country: "DE", asn: "64500", organization: "Example, renamed" });
		expect(geoip.databases().map(({ type, reloads }) => [type, reloads])).toEqual([
			["ipinfo lite.mmdb", 1],
			["ipinfo lite.mmdb", 1],
		]);
	});

	test("that answers one alone is refused for the other", async () => {
		const error = await open({ country: asn(), asn: asn() }).catch((thrown: unknown) => thrown);
		expect((error as GeoipError).message).toStartWith(`geoip.country-database ${asn()} is of the type`);
	});
});

describe("A start is refused with the key, the file and the reason", () => {
	const rows: [
		title: string,
		prepare: () => Promise<unknown>,
		files: () => Partial<GeoipFiles>,
		message: () => string,
	][] = [
		[
			"when the file is missing",
			() => rm(country()),
			() => ({ country: country() }),
			() => `geoip.country-database ${country()} does not exist`,
		],
		[
			"when the file is cut off",
			() => truncate(asn(), 900),
			() => ({ asn: asn() }),
			() => `geoip.asn-database ${asn()} is no MaxMind database`,
		],
		[
			"when it is a folder",
			async () => {},
			() => ({ asn: folder }),
			() => `geoip.asn-database ${folder} is not a regular file`,
		],
		[
			"when the first is good and the second of no use",
			async () => {},
			() => ({ country: country(), asn: country() }),
			() => `geoip.asn-database ${country()} is of the type "GeoLite2-Country"`,
		],
		[
			"when the two are exchanged",
			async () => {},
			() => ({ country: asn(), asn: country() }),
			() => `geoip.country-database ${asn()} is of the type "GeoLite2-ASN"`,
		],
	];
	test.each(rows)("%s", async (_, prepare, files, message) => {
		await prepare();
		const error = await open(files()).catch((thrown: unknown) => thrown);
		expect(error).toBeInstanceOf(GeoipError);
		expect((error as GeoipError).message).toStartWith(message());
		expect((error as GeoipError).message).not.toContain("\n");
	});
});

describe("A database that is replaced", () => {
	test("by nothing is not read again", async () => {
		const geoip = await both();
		expect(await geoip.reloadChanged()).toBe(false);
		expect(geoip.databases().map(({ reloads, reloadFailures, current }) => [reloads, reloadFailures, current])).toEqual(
			[
				[0, 0, true],
				[0, 0, true],
			],
		);
		expect(told).toEqual([]);
	});

	const ways: [title: string, replace: (path: string, content: Buffer) => Promise<void>][] = [
		["by renaming another file over it", renameOver],
		["by writing over it in place", writeFile],
		[
			"by removing it and writing it anew",
			async (path, content) => {
				await rm(path);
				await writeFile(path, content);
			},
		],
		[
			"by pointing a link at another file",
			async (path, content) => {
				await writeFile(`${path}.other`, content);
				await rm(path);
				await symlink(`${path}.other`, path);
			},
		],
		[
			"by an older file",
			async (path, content) => {
				await writeFile(`${path}.old`, content);
				await utimes(`${path}.old`, 1_000_000, 1_000_000);
				await rename(`${path}.old`, path);
			},
		],
	];
	test.each(ways)("%s is in use after the next look", async (_, replace) => {
		const geoip = await both();
		const before = ipv4(geoip, documentation);
		await replace(country(), french());
		expect(ipv4(geoip, documentation)).toBe(before);
		expect(await geoip.reloadChanged()).toBe(true);
		expect(originAt(geoip)).toEqual({ country: "FR", asn: "64496", organization: "Example Network 64496" });
		expect(geoip.origins[before]).toEqual({ country: "DE", asn: "64496", organization: "Example Network 64496" });
		expect(geoip.databases()[0]).toEqual({
			database: "country",
			type: "GeoLite2-Country",
			buildTimeSeconds: 1_800_000_000,
			reloads: 1,
			reloadFailures: 0,
			current: true,
			lookupFailures: 0,
		});
		expect(told).toEqual([`info geoip.country-database ${country()} was replaced and is in use`]);
		expect(await geoip.reloadChanged()).toBe(false);
	});

	const broken: [title: string, breakIt: (path: string) => Promise<unknown>, reason: string][] = [
		["by nothing, since it was removed,", rm, "does not exist"],
		["by an empty file", (path) => writeFile(path, ""), "no MaxMind database"],
		["by half of a file", (path) => writeFile(path, french().subarray(0, 700)), "no MaxMind database"],
		["by random bytes", (path) => writeFile(path, crypto.getRandomValues(new Uint8Array(10_000))), "MaxMind database"],
		["by a database of another type", (path) => writeFile(path, asnMmdb()), 'is of the type "GeoLite2-ASN"'],
	];
	test.each(broken)(
		"%s stays in use, with one warning and one count, until a good one comes",
		async (_, breakIt, reason) => {
			const geoip = await both();
			await breakIt(country());
			for (let look = 0; look < 3; look++) expect(await geoip.reloadChanged()).toBe(false);
			expect(originAt(geoip)).toEqual({ country: "DE", asn: "64496", organization: "Example Network 64496" });
			expect(
				geoip.databases().map(({ reloads, reloadFailures, current }) => [reloads, reloadFailures, current]),
			).toEqual([
				[0, 1, false],
				[0, 0, true],
			]);
			expect(told.length).toBe(1);
			expect(told[0]).toStartWith(`warn geoip.country-database ${country()} `);
			expect(told[0]).toContain(reason);
			expect(told[0]).toEndWith("(the one read before stays in use)");
			await renameOver(country(), french());
			expect(await geoip.reloadChanged()).toBe(true);
			expect(originAt(geoip)?.country).toBe("FR");
			expect(geoip.databases()[0]).toMatchObject({ reloads: 1, reloadFailures: 1, current: true });
		},
	);

	test("twice by different broken files is told of twice", async () => {
		const geoip = await both();
		await renameOver(country(), Buffer.from("one"));
		await geoip.reloadChanged();
		await renameOver(country(), Buffer.from("another"));
		await geoip.reloadChanged();
		expect(geoip.databases()[0]?.reloadFailures).toBe(2);
		expect(told.length).toBe(2);
	});

	test("has memory tidied before and after each replacement or fault, however often it is looked at", async () => {
		const geoip = await both();
		await geoip.reloadChanged();
		expect(tidied).toBe(0);
		await renameOver(country(), french());
		await renameOver(asn(), Buffer.from("no database"));
		for (let look = 0; look < 3; look++) await geoip.reloadChanged();
		expect(tidied).toBe(4);
		await rm(country());
		for (let look = 0; look < 3; look++) await geoip.reloadChanged();
		expect(tidied).toBe(6);
	});

	test("by a broken file is read whole once, and again when the file changes", async () => {
		const readIn = (geoip: Geoip) => bytesRead(() => geoip.reloadChanged());
		const geoip = await both();
		const size = 4 << 20;
		await renameOver(country(), Buffer.alloc(size));
		expect(await readIn(geoip)).toBeGreaterThan(size);
		expect(await readIn(geoip)).toBeLessThan(size / 2);
		await renameOver(country(), Buffer.alloc(size));
		expect(await readIn(geoip)).toBeGreaterThan(size);
	});

	test("by a copy in pieces is taken when it is complete, and answers come from the old one until then", async () => {
		const geoip = await both();
		const whole = french();
		for (let length = 0; length < whole.length - 200; length += 200) {
			await writeFile(country(), whole.subarray(0, length));
			expect(await geoip.reloadChanged()).toBe(false);
			expect(originAt(geoip)?.country).toBe("DE");
		}
		await writeFile(country(), whole);
		expect(await geoip.reloadChanged()).toBe(true);
		expect(originAt(geoip)?.country).toBe("FR");
	});

	test("both at once are both in use after one look, and looks at the same time are one", async () => {
		const geoip = await both();
		await renameOver(country(), french());
		await renameOver(asn(), writeMmdb([["192.0.2.0/24", asnRecord(64_511)]], { databaseType: "GeoLite2-ASN" }));
		expect(await Promise.all([geoip.reloadChanged(), geoip.reloadChanged()])).toEqual([true, true]);
		expect(originAt(geoip)).toEqual({ country: "FR", asn: "64511", organization: "Example Network 64511" });
		expect(geoip.databases().map(({ reloads }) => reloads)).toEqual([1, 1]);
	});

	test("by itself, only its permissions changed, is read again to no effect", async () => {
		const geoip = await both();
		await chmod(country(), 0o400);
		await geoip.reloadChanged();
		expect(originAt(geoip)).toEqual({ country: "DE", asn: "64496", organization: "Example Network 64496" });
		expect(geoip.databases()[0]?.current).toBe(true);
	});

	test("keeps the count of damaged records met before", async () => {
		await writeFile(
			country(),
			writeMmdb(
				[
					["192.0.2.0/24", countryRecord("d!")],
					["203.0.113.0/24", countryRecord("FR")],
				],
				{ databaseType: "GeoLite2-Country" },
			),
		);
		const geoip = await both();
		expect(originAt(geoip)?.country).toBe("ZZ");
		await renameOver(country(), french());
		await geoip.reloadChanged();
		expect(originAt(geoip)?.country).toBe("FR");
		expect(geoip.databases()[0]?.lookupFailures).toBe(1);
	});
});
