import { describe, expect, test } from "bun:test";
import { domainsMax } from "../../../src/wasm/shared/limits.ts";
import { encodeName } from "../../support/frames.ts";
import { concatBytes } from "../../support/pcapfile.ts";
import { decoderOf } from "./decoding.ts";

/** "labels in front / the domain", or "none". */
function match(domains: readonly string[], wire: string | Uint8Array): string {
	const bytes = typeof wire === "string" ? encodeName(wire) : wire;
	const { exports, put, start } = decoderOf({ domains });
	expect(exports.readName(put(bytes), start, start + bytes.length)).toBe(0);
	const index = exports.matchName();
	return index < 0 ? "none" : `${exports.labelsBeforeMatch()} ${domains[index]}`;
}

const one = ["t.example.com"];
const rows: readonly [title: string, domains: readonly string[], name: string | Uint8Array, expected: string][] = [
	["labels in front are counted", one, "aa.bb.t.example.com", "2 t.example.com"],
	["the domain itself has none in front", one, "t.example.com", "0 t.example.com"],
	["the name's case means nothing", one, "a.T.eXaMpLe.CoM", "1 t.example.com"],
	["the domain's case means nothing", ["T.Example.COM"], "a.t.example.com", "1 T.Example.COM"],
	["a shorter name is not under the domain", one, "example.com", "none"],
	["the root is not under the domain", one, "", "none"],
	["another domain is not", one, "a.t.example.org", "none"],
	["an end that is no label of its own is not", one, "at.example.com", "none"],
	[
		"labels are compared, not text: one label with dots in it is not",
		one,
		concatBytes([
			Uint8Array.of(13),
			encodeName("t.example.com").subarray(1, 2),
			Uint8Array.of(46),
			Uint8Array.from("example.com", (c) => c.charCodeAt(0)),
			Uint8Array.of(0),
		]),
		"none",
	],
	["case folding is ASCII's: @ is not `", ["`.example.com"], "a.@.example.com", "none"],
	["case folding is ASCII's: [ is not {", ["{.example.com"], "a.[.example.com", "none"],
	["letters beyond ASCII are not folded", ["\xe4.example.com"], "a.\xc4.example.com", "none"],
	["letters beyond ASCII are compared", ["\xe4.example.com"], "a.\xe4.example.com", "1 \xe4.example.com"],
	[
		"of several, the one that matches is taken",
		["a.example.com", "b.example.com"],
		"x.b.example.com",
		"1 b.example.com",
	],
	[
		"the longest match wins when it is first",
		["u.t.example.com", "t.example.com"],
		"x.u.t.example.com",
		"1 u.t.example.com",
	],
	[
		"the longest match wins when it is last",
		["t.example.com", "u.t.example.com"],
		"x.u.t.example.com",
		"1 u.t.example.com",
	],
	[
		"the longer domain does not take its parent's names",
		["t.example.com", "u.t.example.com"],
		"x.v.t.example.com",
		"2 t.example.com",
	],
	["the longest is the one of most labels, not of most octets", ["t.example.com", "a.b"], "x.a.b", "1 a.b"],
	["a domain of one label is a domain", ["tunnel"], "x.tunnel", "1 tunnel"],
	["no domains match nothing", [], "x.tunnel", "none"],
];

describe("tunnelOf", () => {
	for (const [title, domains, name, expected] of rows) {
		test(title, () => expect(match(domains, name)).toBe(expected));
	}

	test("of as many domains as there can be, all as long as they can be, each takes its own names", () => {
		const domains = Array.from({ length: domainsMax }, (_, index) => {
			return `${String(index).padStart(59, "d")}.${"e".repeat(63)}.${"f".repeat(63)}.${"g".repeat(60)}`;
		});
		for (const [index, domain] of domains.entries()) expect(match(domains, `a.${domain}`)).toBe(`1 ${domains[index]}`);
	});

	test("a name behind pointers is matched as the name that it means", () => {
		const bytes = concatBytes([encodeName("example.com"), Uint8Array.of(1, 97, 1, 84, 0xc0, 0)]);
		const { exports, put, start } = decoderOf({ domains: one });
		expect(exports.readName(put(bytes), start + 13, start + bytes.length)).toBe(0);
		expect([exports.matchName(), exports.labelsBeforeMatch()]).toEqual([0, 1]);
	});
});
