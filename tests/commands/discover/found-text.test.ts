import { expect, test } from "bun:test";
import { foundText, nothingText } from "../../../src/commands/discover/found-text.ts";
import type { DiscoveredTunnel } from "../../../src/discovery/discovery.ts";

const looked = { where: "in 15 s on all interfaces", packets: 1_234, messages: 1, isPart: false };
const found: DiscoveredTunnel = {
	tunnel: { domain: "t.example.com", wire: "dnstt", recordType: "txt", clientIdBytes: 8, mtu: 1_232 },
	...{ port: 53, interfaceIndexes: [], queries: 5_000, clients: 12, responses: 4_990 },
};

test("each tunnel has a row", () => {
	const vaydns = {
		...found.tunnel,
		domain: "v.example.com",
		wire: "vaydns",
		recordType: "a",
		clientIdBytes: 2,
	} as const;
	expect(foundText([found, { ...found, tunnel: vaydns, port: 5_300, queries: 7 }], looked).split("\n")).toEqual([
		"Looked at 1,234 packets in 15 s on all interfaces, 1 DNS message among them.",
		"",
		"Domain         Port  Format  Records  Id bytes  Queries  Clients  Responses",
		"t.example.com    53   dnstt      txt         8    5,000       12      4,990",
		"v.example.com  5300  VayDNS        a         2        7       12      4,990",
	]);
});

test.each([
	["a server that is silent", { ...found, responses: 0 }, looked, "t.example.com: the server does not respond, or"],
	["queries that are refused", { ...found, queries: 0 }, looked, "no query counts unless dnstt.mtu is smaller."],
	["a part", found, { ...looked, isPart: true }, "it ended early, as that was enough."],
])("a sentence says so of %s", (_, tunnel, of, sentence) => {
	expect(foundText([tunnel], of).replaceAll("\n", " ")).toContain(sentence);
});

test("a long domain has a line of its own, and no line is wider than a report's", () => {
	const domain = `${"a".repeat(60)}.example.com`;
	const lines = foundText([{ ...found, tunnel: { ...found.tunnel, domain } }], looked).split("\n");
	expect(lines).toContain(domain);
	expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
});

test("what to do is said where nothing was found", () => {
	expect(nothingText(looked, true)).toContain("look longer, as with --seconds 120");
	expect(nothingText(looked, false)).toContain("tcpdump -i any");
});
