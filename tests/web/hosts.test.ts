import { describe, expect, test } from "bun:test";
import { createHostCheck } from "../../src/web/hosts.ts";

describe("a host check", () => {
	const isServed = createHostCheck(["vps1", "stats.example.com"]);
	test.each([
		["none, as of HTTP/1.0", null, true],
		["an empty one", "", true],
		["localhost", "localhost:9713", true],
		["localhost in capitals and with its dot", "LocalHost.:9713", true],
		["a name below localhost", "exporter.localhost:9713", true],
		["an IPv4 address", "127.0.0.1:9713", true],
		["another IPv4 address, without a port", "192.0.2.7", true],
		["an IPv6 address", "[::1]:9713", true],
		["a listed name", "vps1:9713", true],
		["a listed name in capitals", "Stats.Example.COM", true],
		["another name", "evil.example:9713", false],
		["a name that ends as one that is listed", "evil.stats.example.com", false],
		["a name that begins as one that is listed", "vps1.evil.example", false],
		["a name that ends as localhost", "notlocalhost", false],
		["a name that begins as localhost", "localhost.evil.example", false],
		["a name that begins as an address", "127.0.0.1.evil.example", false],
		["no address in the brackets", "[evil.example]", false],
		["a name after an address", "127.0.0.1:9713@evil.example", false],
		["a port that is none", "localhost:x", false],
		["a dot alone", ".", false],
		["what is no name", "a b{}", false],
	] as [string, string | null, boolean][])("takes %s: %p is served: %p", (_title, host, expected) => {
		expect(isServed(host)).toBe(expected);
	});
});
