import type { DiscoveredTunnel } from "../../discovery/discovery.ts";
import { clientIdBytesDefault, mtuDefault, recordTypeDefault, type Tunnel } from "../../tunnel.ts";

/** Returns the configuration file that watches all these tunnels; what is left out has its default. */
export function configurationOf(found: readonly DiscoveredTunnel[]): Record<string, unknown> {
	const tunnels = found.map(({ tunnel }) => tunnel);
	const dnstt = tunnels.filter(({ wire }) => wire === "dnstt");
	const vaydns = tunnels.filter(({ wire }) => wire === "vaydns");
	// One value is for all domains: the least refuses no query that a server takes.
	const mtu = Math.min(...dnstt.map((tunnel) => tunnel.mtu));
	return {
		dnstt: {
			...(dnstt.length === 0 ? {} : { domain: dnstt.map(({ domain }) => domain) }),
			port: [...new Set(found.map(({ port }) => port))].sort((a, b) => a - b),
			...(dnstt.length === 0 || mtu === mtuDefault ? {} : { mtu }),
		},
		...(vaydns.length === 0 ? {} : { vaydns: { domain: vaydns.map(vaydnsDomain) } }),
	};
}

function vaydnsDomain({ domain, recordType, clientIdBytes, mtu }: Tunnel): string | Record<string, unknown> {
	const own = {
		...(recordType === recordTypeDefault ? {} : { "record-type": recordType }),
		...(clientIdBytes === clientIdBytesDefault ? {} : { "clientid-size": clientIdBytes }),
		...(mtu === mtuDefault ? {} : { mtu }),
	};
	return Object.keys(own).length === 0 ? domain : { name: domain, ...own };
}
