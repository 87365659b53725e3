import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
	readDomain,
	readDuration,
	readListenAddress,
	readSize,
	readTime,
	unicodeDomain,
	writeDuration,
	writeListenAddress,
	writeSize,
} from "../../src/config/values.ts";

describe("a duration", () => {
	test.each<[text: string, durationMs: number]>([
		["0s", 0],
		["500ms", 500],
		["30s", 30_000],
		["1m30s", 90_000],
		["5m", 300_000],
		["1m5ms", 60_005],
		["1h1m1s1ms", 3_661_001],
		["90m", 5_400_000],
		["01s", 1_000],
		["999999999ms", 999_999_999],
	])("%s is %i ms", (text, durationMs) => {
		expect(readDuration(text)).toEqual({ value: durationMs });
	});

	test.each([
		["nothing", ""],
		["a number without a unit", "30"],
		["a last part without a unit", "1h30"],
		["a unit without a number", "s"],
		["an unknown unit", "1d"],
		["a unit in upper case", "1H"],
		["a fraction", "1.5s"],
		["a sign", "-1s"],
		["a space between", "1 s"],
		["a space in front", " 1s"],
		["a line end behind", "1s\n"],
		["a smaller unit before a larger", "1ms1s"],
		["a unit twice", "1m1m"],
		["ten digits", "1000000000ms"],
	])("is not %s", (_title, text) => {
		expect(readDuration(text)).toEqual({ fault: "not a duration" });
	});

	test.each<[durationMs: number, text: string]>([
		[0, "0s"],
		[1, "1ms"],
		[999, "999ms"],
		[1_000, "1s"],
		[90_500, "1m30s500ms"],
		[3_600_000, "1h"],
		[3_661_001, "1h1m1s1ms"],
	])("of %i ms is written as %s", (durationMs, text) => {
		expect(writeDuration(durationMs)).toBe(text);
	});

	test("that was written is read as it was", () => {
		fc.assert(
			fc.property(fc.nat(), (durationMs) => {
				expect(readDuration(writeDuration(durationMs))).toEqual({ value: durationMs });
			}),
		);
	});
});

describe("a size", () => {
	test.each<[size: string | number, sizeBytes: number]>([
		[65_536, 65_536],
		["65536", 65_536],
		["1B", 1],
		["1kB", 1_000],
		["2MB", 2_000_000],
		["3GB", 3_000_000_000],
		["1KiB", 1_024],
		["16MiB", 16_777_216],
		["1GiB", 1_073_741_824],
	])("%s is %i bytes", (size, sizeBytes) => {
		expect(readSize(size)).toEqual({ value: sizeBytes });
	});

	test.each([
		["nothing", ""],
		["a unit without a number", "MiB"],
		["a unit with another case", "1KB"],
		["an unknown unit", "1TiB"],
		["a fraction", "1.5MiB"],
		["a power", "1e6"],
		["a sign", "-1"],
		["a space between", "16 MiB"],
		["13 digits", "1000000000000"],
	])("is not %s", (_title, text) => {
		expect(readSize(text)).toEqual({ fault: "not a size" });
	});

	test.each<[sizeBytes: number, text: string]>([
		[0, "0B"],
		[1_000, "1000B"],
		[1_023, "1023B"],
		[1_024, "1KiB"],
		[1_025, "1025B"],
		[1_536, "1536B"],
		[1_048_576, "1MiB"],
		[1_049_600, "1025KiB"],
		[3_221_225_472, "3GiB"],
	])("of %i bytes is written as %s", (sizeBytes, text) => {
		expect(writeSize(sizeBytes)).toBe(text);
	});

	test("that was written is read as it was", () => {
		const unitBytes = fc.constantFrom(1, 1_024, 1_024 ** 2, 1_024 ** 3);
		fc.assert(
			fc.property(fc.nat(4_000), unitBytes, (count, bytes) => {
				expect(readSize(writeSize(count * bytes))).toEqual({ value: count * bytes });
			}),
		);
	});
});

describe("a time", () => {
	test.each<[text: string, timeMs: number]>([
		["1970-01-01T00:00:00Z", 0],
		["1970-01-01 00:00:01z", 1_000],
		["1970-01-01t01:00:02.5009+01:00", 2_500],
		["2024-02-29T23:59:59-00:30", Date.UTC(2024, 2, 1, 0, 29, 59)],
	])("%s is %i ms after the epoch", (text, timeMs) => {
		expect(readTime(text)).toEqual({ value: timeMs });
	});

	test.each([
		"2026-02-30T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-01-01T25:00:00Z",
		"2026-01-01T00:61:00Z",
		"now",
		"",
	])("is not %s", (text) => {
		expect(readTime(text)).toEqual({ fault: "no such day or time" });
	});
});

const name = (...labels: number[]) => labels.map((length) => "a".repeat(length)).join(".");

describe("a domain", () => {
	test.each([
		["is lower-cased and loses the dot of the root", "T.Example.COM.", "t.example.com"],
		["may have one label", "localhost", "localhost"],
		["may have digits, hyphens and underscores anywhere", "-_1.0-.example", "-_1.0-.example"],
		["may be numbers that are no address", "1.2", "1.2"],
		["is punycode where it is not ASCII", "t.Bücher.example", "t.xn--bcher-kva.example"],
		["keeps its ß (RFC 5891, not 3490)", "straße.example", "xn--strae-oqa.example"],
		["may have the full stop of other scripts", "日本。jp", "xn--wgv71a.jp"],
		["keeps punycode as it is", "XN--bcher-KVA.example", "xn--bcher-kva.example"],
		["may have a label of 63 octets", name(63), name(63)],
		["may have a label of 63 octets in punycode", "ü".repeat(57), `xn--td${"a".repeat(57)}`],
		["may have 255 octets on the wire", name(63, 63, 63, 61), name(63, 63, 63, 61)],
		["may have 255 octets and a dot behind", `${name(63, 63, 63, 61)}.`, name(63, 63, 63, 61)],
	])("%s", (_title, text, domain) => {
		expect(readDomain(text)).toEqual({ value: domain });
	});

	test.each([
		["an empty text", "", "an empty name"],
		["the root", ".", "an empty name"],
		["a second dot at the end", "a..", "an empty label"],
		["a dot at the start", ".a", "an empty label"],
		["two dots inside, internationalised", "ü..a", "an empty label"],
		["an IPv4 address", "192.0.2.1", "an address, not a domain"],
		["an IPv4 address with a dot behind", "192.0.2.1.", "an address, not a domain"],
		["an IPv4 address in full-width digits", "１.２.３.４", "an address, not a domain"],
		["an IPv6 address", "2001:db8::1", "an address, not a domain"],
		["a space", "a b", "a character no domain may hold"],
		["a percent sign", "a%62", "a character no domain may hold"],
		["a percent sign, internationalised", "ü%62", "a character no domain may hold"],
		["a slash, internationalised", "ü/a", "a character no domain may hold"],
		["half a surrogate pair", "\ud800.a", "not a valid internationalised name"],
		["nothing that is seen", "\u00ad", "not a valid internationalised name"],
		["a label of 64 octets", name(64), "a label of 64 octets, at most 63"],
		["a label of 64 octets in punycode", "ü".repeat(58), "a label of 64 octets, at most 63"],
		["256 octets on the wire", name(63, 63, 63, 62), "256 octets on the wire, at most 255"],
	])("is not %s", (_title, text, fault) => {
		expect(readDomain(text)).toEqual({ fault });
	});

	test("that was read is its own canonical form", () => {
		const label = fc.stringMatching(/^[A-Za-z0-9_üßé日-]{1,12}$/u);
		fc.assert(
			fc.property(fc.array(label, { minLength: 1, maxLength: 4 }), (labels) => {
				const read = readDomain(labels.join("."));
				if ("value" in read) expect(readDomain(read.value)).toEqual(read);
			}),
		);
	});

	test.each([
		["in punycode is shown in letters", "t.xn--bcher-kva.example", "t.bücher.example"],
		["in punycode that is read from the right is shown in letters", "t.xn--mgbaam7a8h.example", "t.امارات.example"],
		["in ASCII is shown as it is", "t.example.com", "t.example.com"],
		["with xn-- inside a label is shown as it is", "axn--b.example", "axn--b.example"],
		["whose punycode is none is shown as it is", "xn--a", "xn--a"],
	])("%s, which is read as the same", (_title, domain, shown) => {
		expect(unicodeDomain(domain)).toBe(shown);
		expect(readDomain(shown)).toEqual({ value: domain });
	});
});

describe("a listen address", () => {
	test.each([
		["127.0.0.1:9713", "127.0.0.1", 9713],
		[":9713", "", 9713],
		["localhost:0", "localhost", 0],
		["a-b.example_1:65535", "a-b.example_1", 65_535],
		["[::1]:9713", "::1", 9713],
		["[::]:1", "::", 1],
	])("%s is read, and written as it was", (text, host, port) => {
		expect(readListenAddress(text)).toEqual({ value: { host, port } });
		expect(writeListenAddress({ host, port })).toBe(text);
	});

	test.each([
		["nothing", "", "no port; write it as in 127.0.0.1:9713"],
		["a host alone", "127.0.0.1", "no port; write it as in 127.0.0.1:9713"],
		["a host and a colon", "localhost:", "no port; write it as in 127.0.0.1:9713"],
		["a port that is no number", "localhost:http", "no port; write it as in 127.0.0.1:9713"],
		["a port of six digits", ":009713", "no port; write it as in 127.0.0.1:9713"],
		["a port above 65535", ":65536", "the port is above 65535"],
		["an IPv6 address alone", "::1", "an IPv6 address stands in brackets, as in [::1]:9713"],
		[
			"an IPv6 address and a port without brackets",
			"2001:db8::1:9713",
			"an IPv6 address stands in brackets, as in [::1]:9713",
		],
		["an IPv4 address in brackets", "[127.0.0.1]:9713", "no IPv6 address in the brackets"],
		["a name in brackets", "[localhost]:9713", "no IPv6 address in the brackets"],
		["an IPv4 address of three parts", "1.2.3:9713", "not an IPv4 address"],
		["an IPv4 address above 255", "256.0.0.1:9713", "not an IPv4 address"],
		["a host with a space", "a b:9713", "not a host name or address"],
		["a host with a hyphen in front", "-a:9713", "not a host name or address"],
		["a host with a dot behind", "a.:9713", "not a host name or address"],
	])("is not %s", (_title, text, fault) => {
		expect(readListenAddress(text)).toEqual({ fault });
	});
});
