import { expect, test } from "bun:test";
import { domainProblems } from "../../src/commands/setup.ts";
import { load } from "../config/loading.ts";

test.each([
	["of two labels", { "dnstt.domain": "example.com" }, []],
	["of three labels", { "vaydns.domain": "v.example.com" }, []],
	["of one label", { "dnstt.domain": "example" }, ["dnstt.domain example has one label only, as a top-level domain"]],
	[
		"of one label and a dot",
		{ "dnstt.domain": "com." },
		["dnstt.domain com has one label only, as a top-level domain"],
	],
	[
		"of one label of a VayDNS server, beside another",
		{ "dnstt.domain": "t.example.com", "vaydns.domain": "example" },
		["vaydns.domain example has one label only, as a top-level domain"],
	],
])("a domain %s is warned of if it can be no tunnel's", (_, flags, problems) => {
	expect(domainProblems(load({ flags })).map(({ problem }) => problem)).toEqual(problems);
});
