import { describe, expect, test } from "bun:test";
import { isLoopback, isUnspecified, networkOf } from "../../src/web/network.ts";

describe("one party's network", () => {
	test.each([
		["an IPv4 address alone", "192.0.2.7", "192.0.2.7"],
		["an IPv4 address in an IPv6 one alone", "::ffff:192.0.2.7", "::ffff:192.0.2.7"],
		["the /64 of an IPv6 address", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
		["the /64 of a shortened one", "2001:db8::5", "2001:db8:0:0"],
		["zeros that are in front", "::1", "0:0:0:0"],
		["nothing where nothing is known", "", ""],
	])("is %s", (_title, address, network) => {
		expect(networkOf(address)).toBe(network);
	});

	test.each([
		["127.0.0.1", true],
		["127.9.9.9", true],
		["::1", true],
		["::ffff:127.0.0.1", true],
		["192.0.2.127", false],
		["::127", false],
		["", false],
	])("%p is this host: %p", (address, expected) => {
		expect(isLoopback(address)).toBe(expected);
	});

	test.each([
		["", true],
		["0.0.0.0", true],
		["::", true],
		["0:0:0:0:0:0:0:0", true],
		["127.0.0.1", false],
		["10.0.0.0", false],
		["::1", false],
		["fe80::", false],
		["localhost", false],
	])("%p is all addresses: %p", (host, expected) => {
		expect(isUnspecified(host)).toBe(expected);
	});
});
