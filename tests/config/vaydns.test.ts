import { describe, expect, test } from "bun:test";
import { effectiveConfig, reloadable } from "../../src/config/effective.ts";
import { configJsonSchema } from "../../src/config/jsonschema.ts";
import { tunnelsOf } from "../../src/config/tunnels.ts";
import { load, problemsOf } from "./loading.ts";

const own = { name: "A.Example.com.", "record-type": "a", "clientid-size": 4, mtu: 900 };
const inFile = (vaydns: unknown) => ({ file: { vaydns } });

describe("tunnels", () => {
	test("are the domains of both sections, each with its section's values, or its own", () => {
		const config = load({
			flags: { "dnstt.domain": "t.example.com", "dnstt.mtu": "512", "vaydns.record-type": "cname" },
			...inFile({ domain: ["v.example.com", own, { name: "b.example.com", mtu: 1_000 }] }),
		});
		expect(tunnelsOf(config)).toEqual([
			{ domain: "t.example.com", wire: "dnstt", recordType: "txt", clientIdBytes: 8, mtu: 512 },
			{ domain: "v.example.com", wire: "vaydns", recordType: "cname", clientIdBytes: 2, mtu: 1_232 },
			{ domain: "a.example.com", wire: "vaydns", recordType: "a", clientIdBytes: 4, mtu: 900 },
			{ domain: "b.example.com", wire: "vaydns", recordType: "cname", clientIdBytes: 2, mtu: 1_000 },
		]);
	});

	test("come from flags and variables as well, by their names", () => {
		const flags = { "vaydns.domain": ["v.example.com,w.example.com", "x.example.com"], "vaydns.clientid-size": "8" };
		const env = { DNSTT_EXPORTER_VAYDNS_RECORD_TYPE: "aaaa", DNSTT_EXPORTER_VAYDNS_MTU: "600" };
		expect(tunnelsOf(load({ flags, env }))).toEqual(
			["v", "w", "x"].map((name) => ({
				...{ domain: `${name}.example.com`, wire: "vaydns", recordType: "aaaa", clientIdBytes: 8, mtu: 600 },
			})),
		);
	});

	test("may be one object that is no list", () => {
		expect(tunnelsOf(load(inFile({ domain: own })))).toMatchObject([{ domain: "a.example.com", clientIdBytes: 4 }]);
	});
});

test("the effective configuration has names and objects as the file has them", () => {
	const config = load(inFile({ domain: ["v.example.com", own] }));
	expect(effectiveConfig(config)).toMatchObject({
		vaydns: { domain: ["v.example.com", { ...own, name: "a.example.com" }], "record-type": "txt", "clientid-size": 2 },
	});
	expect(load({ file: effectiveConfig(config) })).toEqual(config);
	expect(reloadable(config, load(inFile({ domain: ["v.example.com"] })))).toEqual({
		reload: [],
		restart: ["vaydns.domain"],
	});
});

test("the JSON Schema takes a name or an object with a name", () => {
	const text = JSON.stringify(configJsonSchema());
	expect(text).toContain('"clientid-size":{"type":"integer","minimum":1,"maximum":8}');
	expect(text).toContain('"required":["name"]');
});

describe("refused", () => {
	test.each<[title: string, vaydns: unknown, problem: string]>([
		["another record type", { "record-type": "hinfo" }, "vaydns.record-type: expected one of txt, null, cname, a,"],
		["ids of 0 bytes", { "clientid-size": 0 }, "expected a whole number from 1 to 8, found 0"],
		["ids of 9 bytes", { "clientid-size": 9 }, "found 9"],
		["an -mtu of 511", { mtu: 511 }, "found 511"],
		["a bad name", { domain: "a b" }, "a character no domain may hold"],
		["a bad name in an object", { domain: [{ name: "a b" }] }, "expected a domain name such as t.example.com, found"],
		["an object without a name", { domain: [{ mtu: 600 }] }, "vaydns.domain[0].name: expected a domain name"],
		["a number for a domain", { domain: [7] }, "or in the file an object with name, record-type, clientid-size, mtu"],
		["an object's record type", { domain: [{ ...own, "record-type": "x" }] }, "expected one of txt, null, cname"],
		[
			"an object's id size",
			{ domain: [{ ...own, "clientid-size": 9 }] },
			"expected a whole number from 1 to 8, found 9",
		],
		["an object's own port", { domain: [{ ...own, port: 5 }] }, "vaydns.domain[0].port: no such key"],
		[
			"a mistyped name in an object",
			{ domain: [{ ...own, "record-typ": "a" }] },
			"no such key; did you mean vaydns.domain[0].record-type?",
		],
		["a domain given twice", { domain: ["a.example.com", own] }, "is given twice; leave one out"],
		[
			"a domain in both sections",
			{ domain: ["v.example.com", "t.example.com"] },
			"t.example.com is in dnstt.domain too",
		],
		["64 domains beside one of dnstt", { domain: Array.from({ length: 64 }, (_, i) => `d${i}`) }, "at most 64 domains"],
	])("is %s", (_title, vaydns, problem) => {
		const problems = problemsOf({ flags: { "dnstt.domain": "t.example.com" }, ...inFile(vaydns) });
		expect(problems).toEqual([expect.stringContaining(problem)]);
	});
});
