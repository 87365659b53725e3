import { expect, test } from "bun:test";
import { countryName, networkName } from "../../src/summary/names.ts";

test.each([
	["DE", "Germany (DE)"],
	["AX", "Åland Islands (AX)"],
	["QQ", "QQ (QQ)"],
	["ZZ", "Unknown"],
	["other", "Others"],
	["", "Others"],
])("the country %p is called %s", (code, name) => {
	expect(countryName(code)).toBe(name);
});

test.each([
	["64500", "AS64500"],
	["0", "Unknown"],
	["other", "Others"],
])("the network %p is called %s", (asn, name) => {
	expect(networkName(asn)).toBe(name);
});
