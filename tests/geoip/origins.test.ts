import { expect, test } from "bun:test";
import { OriginTable, otherOrigin, unmappedOrigin } from "../../src/geoip/origins.ts";

test("An origin keeps its index, and its labels stand in the list at that index", () => {
	const table = new OriginTable(10);
	const german = table.intern("DE", 64_496);
	const french = table.intern("FR", 64_496);
	expect(table.intern("DE", 64_496)).toBe(german);
	expect(table.list[german]).toEqual({ country: "DE", asn: "64496" });
	expect(table.list[french]).toEqual({ country: "FR", asn: "64496" });
});

test("ZZ with 0 is the unmapped origin and takes no room", () => {
	const table = new OriginTable(0);
	expect(table.intern("ZZ", 0)).toBe(unmappedOrigin);
	expect(table.list[unmappedOrigin]).toEqual({ country: "ZZ", asn: "0" });
});

test("One known half makes an origin of its own", () => {
	const table = new OriginTable(10);
	expect(table.list[table.intern("ZZ", 4_294_967_295)]).toEqual({ country: "ZZ", asn: "4294967295" });
	expect(table.list[table.intern("AA", 0)]).toEqual({ country: "AA", asn: "0" });
	expect(table.list.length).toBe(4);
});

test("The table holds N mapped origins; the N+1st is other, and those inside stay what they were", () => {
	const table = new OriginTable(3);
	const inside = [1, 2, 3].map((asn) => table.intern("DE", asn));
	expect(new Set([...inside, unmappedOrigin, otherOrigin]).size).toBe(5);
	expect(table.intern("DE", 4)).toBe(otherOrigin);
	expect(table.intern("DE", 4)).toBe(otherOrigin);
	expect([1, 2, 3].map((asn) => table.intern("DE", asn))).toEqual(inside);
	expect(table.intern("ZZ", 0)).toBe(unmappedOrigin);
	expect(table.list[otherOrigin]).toEqual({ country: "other", asn: "other" });
	expect(table.list.length).toBe(5);
});
