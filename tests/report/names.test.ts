import { expect, test } from "bun:test";
import { countryName, countryNameWithCode, networkName } from "../../src/report/names.ts";

test.each([
	["DE", "Germany", "Germany (DE)"],
	["AX", "Åland Islands", "Åland Islands (AX)"],
	["QQ", "QQ", "QQ (QQ)"],
	["ZZ", "Unknown", "Unknown (ZZ)"],
	["other", "Others", "Others"],
	["", "Others", "Others"],
])("the country %p is called %s, and %s with its code", (code, name, withCode) => {
	expect(countryName(code)).toBe(name);
	expect(countryNameWithCode(code)).toBe(withCode);
});

test.each([
	["64500", "AS64500"],
	["0", "Unknown"],
	["other", "Others"],
])("the network %p is called %s", (asn, name) => {
	expect(networkName(asn)).toBe(name);
});
