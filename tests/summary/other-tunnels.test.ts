import { expect, test } from "bun:test";
import type { TunnelFigures } from "../../src/summary/lookalike.ts";
import { type OtherTunnel, otherTunnelsText } from "../../src/summary/other-tunnels.ts";

const dnstt: TunnelFigures = { wire: "dnstt", record_type: "txt", clientid_size: 8 };
const tunnel: OtherTunnel = { domain: "t.example.com", port: 5_300, format: dnstt, interfaces: ["eth1", "br0"] };

test.each<[title: string, tunnel: Partial<OtherTunnel>, watched: string | null, text: string]>([
	[
		"in a file",
		{ interfaces: [] },
		null,
		"dnstt under t.example.com on port 5300: --dnstt.domain t.example.com --dnstt.port 5300.",
	],
	[
		"where all interfaces are watched",
		{},
		"any",
		"dnstt under t.example.com on port 5300: --dnstt.domain t.example.com --dnstt.port 5300.",
	],
	[
		"on the watched interface",
		{},
		"br0",
		"dnstt under t.example.com on port 5300: --dnstt.domain t.example.com --dnstt.port 5300.",
	],
	[
		"on another",
		{},
		"eth0",
		"dnstt under t.example.com on port 5300 on eth1: --dnstt.domain t.example.com --dnstt.port 5300 --capture.interface any.",
	],
	[
		"on another without a name",
		{ interfaces: [] },
		"eth0",
		"dnstt under t.example.com on port 5300 on another interface: --dnstt.domain t.example.com --dnstt.port 5300 --capture.interface any.",
	],
	[
		"of VayDNS",
		{ format: { wire: "vaydns", record_type: "a", clientid_size: 4 }, port: 53 },
		"any",
		"VayDNS with record type a and ids of 4 bytes under t.example.com on port 53: --vaydns.domain t.example.com --vaydns.record-type a --vaydns.clientid-size 4 --dnstt.port 53.",
	],
])("a tunnel %s is named with the flags that fit", (_, more, watched, text) => {
	expect(otherTunnelsText([{ ...tunnel, ...more }], watched)).toBe(`Looks like ${text}`);
});

test("none are nothing, and of many three are named", () => {
	expect(otherTunnelsText([], "any")).toBe("");
	const many = Array.from({ length: 7 }, (_, index) => ({ ...tunnel, domain: `t${index}.example.com` }));
	const text = otherTunnelsText(many, "any");
	expect(text.match(/Looks like dnstt under t\d/g)).toHaveLength(3);
	expect(text).toEndWith(" 4 more tunnels were recognised.");
	expect(otherTunnelsText(many.slice(0, 4), "any")).toEndWith(" 1 more tunnel was recognised.");
});
