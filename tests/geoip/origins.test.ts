import { expect, test } from "bun:test";
import { keptOrigins, OriginTable, othersFrom, unmappedOrigin } from "../../src/geoip/origins.ts";

const network = (number: number) => ({ number, organization: `Example ${number}` });
const isOther = (index: number) => index >= othersFrom && index < keptOrigins;

test("An origin keeps its index, and its labels stand in the list at that index", () => {
	const table = new OriginTable(10);
	const german = table.intern("DE", network(64_496));
	const french = table.intern("FR", network(64_496));
	expect(table.intern("DE", network(64_496))).toBe(german);
	expect(table.list[german]).toEqual({ country: "DE", asn: "64496", organization: "Example 64496" });
	expect(table.list[french]).toEqual({ country: "FR", asn: "64496", organization: "Example 64496" });
});

test("ZZ with 0 is the unmapped origin and takes no room", () => {
	const table = new OriginTable(0);
	expect(table.intern("ZZ", network(0))).toBe(unmappedOrigin);
	expect(table.list[unmappedOrigin]).toEqual({ country: "ZZ", asn: "0", organization: null });
});

test("One known half makes an origin of its own", () => {
	const table = new OriginTable(10);
	expect(table.list[table.intern("ZZ", network(4_294_967_295))]).toEqual({
		country: "ZZ",
		asn: "4294967295",
		organization: "Example 4294967295",
	});
	expect(table.list[table.intern("AA", network(0))]).toEqual({ country: "AA", asn: "0", organization: null });
});

test("every country has an origin without a network and an other of its own, which take no room", () => {
	const table = new OriginTable(0);
	const letters = Array.from({ length: 26 }, (_, index) => String.fromCharCode(65 + index));
	const countries = letters.flatMap((first) => letters.map((second) => first + second));
	const indexes = new Set<number>();
	for (const country of countries) {
		const alone = table.intern(country, network(0));
		const other = table.intern(country, network(1));
		expect([table.list[alone], table.list[other]]).toEqual([
			{ country, asn: "0", organization: null },
			{ country, asn: "other", organization: null },
		]);
		expect([isOther(alone), isOther(other), other < keptOrigins]).toEqual([false, true, true]);
		indexes.add(alone).add(other);
	}
	expect(indexes.size).toBe(2 * countries.length);
	expect(table.list.length).toBe(keptOrigins);
});

test("The table holds N networks; the N+1st is its country's other, and those inside stay what they were", () => {
	const table = new OriginTable(3);
	const inside = [1, 2, 3].map((asn) => table.intern("DE", network(asn)));
	expect(new Set(inside).size).toBe(3);
	expect(inside.every((index) => index >= keptOrigins && index < keptOrigins + 3)).toBe(true);
	expect(table.list[table.intern("DE", network(4))]).toEqual({ country: "DE", asn: "other", organization: null });
	expect(table.list[table.intern("FR", network(4))]).toEqual({ country: "FR", asn: "other", organization: null });
	expect([1, 2, 3].map((asn) => table.intern("DE", network(asn)))).toEqual(inside);
	expect(table.intern("ZZ", network(0))).toBe(unmappedOrigin);
	expect(table.list.length).toBe(keptOrigins + 3);
});

test("the other of an origin is that of its country", () => {
	const table = new OriginTable(1);
	const german = table.intern("DE", network(1));
	expect(table.otherOf(german)).toBe(table.intern("DE", network(2)));
	expect(table.list[table.otherOf(german)]).toEqual({ country: "DE", asn: "other", organization: null });
	expect(table.otherOf(table.otherOf(german))).toBe(table.otherOf(german));
});

test("released indexes are given to others, used ones stay, and the list grows no further", () => {
	const table = new OriginTable(3);
	const [one, two, three] = [1, 2, 3].map((asn) => table.intern("DE", network(asn))) as [number, number, number];
	table.release((index) => index === two);
	expect(table.intern("DE", network(2))).toBe(two);
	const fresh = [4, 5].map((asn) => table.intern("FR", network(asn)));
	expect(fresh.toSorted()).toEqual([one, three].toSorted());
	expect(fresh.map((index) => table.list[index])).toEqual([
		{ country: "FR", asn: "4", organization: "Example 4" },
		{ country: "FR", asn: "5", organization: "Example 5" },
	]);
	expect(isOther(table.intern("DE", network(1)))).toBe(true);
	expect(table.list.length).toBe(keptOrigins + 3);
});

test("a network that has another name in a new database is called by it, at its index", () => {
	const table = new OriginTable(1);
	const index = table.intern("DE", { number: 1, organization: "Example" });
	expect(table.intern("DE", { number: 1, organization: "Example, renamed" })).toBe(index);
	expect(table.list[index]).toEqual({ country: "DE", asn: "1", organization: "Example, renamed" });
	expect(table.intern("DE", { number: 1, organization: null })).toBe(index);
	expect(table.list[index]?.organization).toBeNull();
});
