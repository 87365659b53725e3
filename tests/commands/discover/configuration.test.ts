import { describe, expect, test } from "bun:test";
import { configurationOf } from "../../../src/commands/discover/configuration.ts";
import { loadConfig } from "../../../src/config/config.ts";
import { tunnelsOf } from "../../../src/config/tunnels.ts";
import type { DiscoveredTunnel } from "../../../src/discovery/discovery.ts";
import type { Tunnel } from "../../../src/tunnel.ts";

function found(tunnel: Partial<Tunnel>, port = 53): DiscoveredTunnel {
	return {
		tunnel: { domain: "t.example.com", wire: "dnstt", recordType: "txt", clientIdBytes: 8, mtu: 1_232, ...tunnel },
		...{ port, interfaceIndexes: [], queries: 10, clients: 1, responses: 10 },
	};
}

const vaydns = (more: Partial<Tunnel>): Partial<Tunnel> => ({
	...{ domain: "v.example.com", wire: "vaydns", recordType: "txt", clientIdBytes: 2, ...more },
});

function loaded(configuration: Record<string, unknown>) {
	return loadConfig({
		flags: { values: new Map(), file: "config.json", problems: [] },
		env: {},
		readFile: () => JSON.stringify(configuration),
	}).config;
}

describe("the configuration", () => {
	test.each<[title: string, found: DiscoveredTunnel[], file: Record<string, unknown>]>([
		["of dnstt", [found({})], { dnstt: { domain: ["t.example.com"], port: [53] } }],
		["on another port", [found({}, 5_300)], { dnstt: { domain: ["t.example.com"], port: [5_300] } }],
		["with a smaller -mtu", [found({ mtu: 700 })], { dnstt: { domain: ["t.example.com"], port: [53], mtu: 700 } }],
		["of VayDNS", [found(vaydns({}))], { dnstt: { port: [53] }, vaydns: { domain: ["v.example.com"] } }],
		[
			"of VayDNS with other values",
			[found(vaydns({ recordType: "a", clientIdBytes: 4, mtu: 512 }))],
			{
				dnstt: { port: [53] },
				vaydns: { domain: [{ name: "v.example.com", "record-type": "a", "clientid-size": 4, mtu: 512 }] },
			},
		],
		[
			"of several, on all of their ports",
			[found({}, 5_300), found(vaydns({ recordType: "null" }), 53), found({ domain: "u.example.com" }, 5_300)],
			{
				dnstt: { domain: ["t.example.com", "u.example.com"], port: [53, 5_300] },
				vaydns: { domain: [{ name: "v.example.com", "record-type": "null" }] },
			},
		],
	])("%s watches what was found, and names what is not the default", (_, tunnels, file) => {
		const configuration = configurationOf(tunnels);
		expect(configuration).toEqual(file);
		const config = loaded(configuration);
		const byDomain = (a: Tunnel, b: Tunnel) => a.domain.localeCompare(b.domain);
		expect(tunnelsOf(config).toSorted(byDomain)).toEqual(tunnels.map(({ tunnel }) => tunnel).toSorted(byDomain));
		expect(config.dnstt.ports).toEqual([...new Set(tunnels.map(({ port }) => port))].sort((a, b) => a - b));
	});

	test("of several dnstt servers has the least -mtu, which refuses no query that one of them takes", () => {
		const configuration = configurationOf([found({ mtu: 900 }), found({ domain: "u.example.com" })]);
		expect(loaded(configuration).dnstt.mtu).toBe(900);
	});
});
