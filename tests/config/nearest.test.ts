import { describe, expect, test } from "bun:test";
import { didYouMean, nearest } from "../../src/config/nearest.ts";

describe("the nearest word", () => {
	const keys = ["dnstt.domain", "dnstt.port", "web.tls.key-file", "web.tls.certificate-file"];
	test.each<[title: string, word: string, known: readonly string[], found: string | undefined]>([
		["the word itself", "inspect", ["inspect", "run"], "inspect"],
		["a word with one letter left out", "inspct", ["run", "inspect"], "inspect"],
		["a word with one letter more", "inspeect", ["run", "inspect"], "inspect"],
		["a word with another letter", "inspekt", ["run", "inspect"], "inspect"],
		["a word with two neighbours swapped, one step", "rnu", ["run"], "run"],
		["a word of six letters with two others", "abcdxx", ["abcdef"], "abcdef"],
		["none for three others in six letters", "abcxxx", ["abcdef"], undefined],
		["a word of five letters with one other", "abcdx", ["abcde"], "abcde"],
		["none for two others in five letters", "abcxx", ["abcde"], undefined],
		["a word of two letters with one other", "ax", ["ab"], "ab"],
		["the nearer of two", "abcdxx", ["abcdyy", "abcdxy"], "abcdxy"],
		["the first of two as near", "abcx", ["abcd", "abce"], "abcd"],
		["one that differs in case and in - for _", "A_B_C_D_E", ["a-b-c-d-e"], "a-b-c-d-e"],
		["the only one that begins so", "system", ["systemd-unit", "man"], "systemd-unit"],
		["none where two begin so", "prometheus", ["prometheus-rules-one", "prometheus-rules-two"], undefined],
		["none for the first letter alone", "s", ["systemd-unit"], undefined],
		["the only key with that last part", "domain", keys, "dnstt.domain"],
		["that in another section", "web.port", ["dnstt.port", "web.telemetry-path"], "dnstt.port"],
		["none where two keys have that last part", "certificate", ["one.certificate", "other.certificate"], undefined],
		["none for a word like nothing", "zzzzzz", keys, undefined],
		["the only one that begins so, whatever its case", "WEB_TLS_K", keys, "web.tls.key-file"],
		["one that begins so before a nearer one", "abcd", ["abxd", "abcdefgh"], "abcdefgh"],
		["the only one whose last part begins so", "cert", keys, "web.tls.certificate-file"],
		["none where the last parts of two begin so", "key", [...keys, "web.key-size"], undefined],
		["the only one whose last part it ends with", "WEB_PORT_", ["dnstt.port-"], "dnstt.port-"],
		["none that it ends with inside a word", "airport-x-export", ["dnstt.port"], undefined],
		["none for nothing", "", ["run"], undefined],
		["none of none", "run", [], undefined],
		["a word of 100 letters", "a".repeat(100), ["a".repeat(99)], "a".repeat(99)],
		["none for a word of 101 letters", "a".repeat(101), ["a".repeat(101)], undefined],
	])("is %s", (_title, word, known, found) => {
		expect(nearest(word, known)).toBe(found as string);
	});
});

test("a refused word is followed by the one that was probably meant, or by nothing", () => {
	expect(didYouMean("inspct", ["run", "inspect"])).toBe("; did you mean inspect?");
	expect(didYouMean("inspct", ["run", "inspect"], (found) => `--${found}`)).toBe("; did you mean --inspect?");
	expect(didYouMean("zzzzzz", ["run", "inspect"])).toBe("");
	expect(didYouMean("Domain", ["one.domain", "other.domain", "my.subdomain"])).toBe(
		"; did you mean one.domain or other.domain?",
	);
	expect(didYouMean("", ["one.-"])).toBe("");
});
