import { expect, test } from "bun:test";
import { countryName, countryTitle, networkName, networkTitle } from "../../src/summary/names.ts";

test.each([
	["DE", "Germany (DE)"],
	["AX", "Åland Islands (AX)"],
	["QQ", "QQ"],
	["ZZ", "Unknown country"],
	["other", "Other countries"],
	["", "Other countries"],
	["IR", "Iran (IR)"],
])("the country %p is called %s", (code, name) => {
	expect(countryName(code)).toBe(name);
});

test("a country's title is its name without the code", () => {
	expect(["IR", "ZZ", "other"].map(countryTitle)).toEqual(["Iran", "Unknown country", "Other countries"]);
});

test.each([
	["44244", "Irancell", "Irancell", "Irancell (AS44244)"],
	["64500", null, "AS64500", "AS64500"],
	["0", null, "Unknown network", "Unknown network"],
	["other", null, "Other networks", "Other networks"],
])("the network %p of %p has the title %s and is called %s", (asn, organization, title, name) => {
	expect([networkTitle(asn, organization), networkName(asn, organization)]).toEqual([title, name]);
});
