import { describe, expect, test } from "bun:test";
import { addressText, isIpv4Mapped } from "../../src/geoip/address.ts";

describe("addressText", () => {
	const rows: [title: string, words: [number, number, number, number], text: string][] = [
		["writes an IPv4-mapped address dotted", [0, 0, 0xffff, 0xc0000201], "192.0.2.1"],
		["takes signed words as they come from an Int32Array", [0, 0, 0xffff, 0xc0000201 | 0], "192.0.2.1"],
		["writes the lowest IPv4 address", [0, 0, 0xffff, 0], "0.0.0.0"],
		["writes the highest IPv4 address", [0, 0, 0xffff, 0xffffffff], "255.255.255.255"],
		["writes an IPv6 address in eight groups", [0x20010db8, 0, 0, 1], "2001:db8:0:0:0:0:0:1"],
		["takes signed words of an IPv6 address", [0xfe800000 | 0, 0, -1, 0x8000000f | 0], "fe80:0:0:0:ffff:ffff:8000:f"],
		["does not take ::ffff:0:1.2.3.4 for an IPv4-mapped address", [0, 0xffff, 0, 0x01020304], "0:0:0:ffff:0:0:102:304"],
		["does not take ::1.2.3.4 for an IPv4-mapped address", [0, 0, 0, 0x01020304], "0:0:0:0:0:0:102:304"],
	];
	test.each(rows)("%s", (_, words, text) => {
		expect(addressText(...words)).toBe(text);
		expect(isIpv4Mapped(words[0], words[1], words[2])).toBe(text.includes("."));
	});
});
