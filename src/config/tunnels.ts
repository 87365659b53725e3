import type { Tunnel } from "../tunnel.ts";
import { clientIdBytes } from "../wasm/shared/wire.ts";
import type { Config } from "./schema.ts";

/** The tunnels that a configuration names, in their order; a domain of VayDNS has the section's values where it has none of its own. */
export function tunnelsOf({ dnstt, vaydns }: Pick<Config, "dnstt" | "vaydns">): readonly Tunnel[] {
	return [
		...dnstt.domains.map(
			(domain): Tunnel => ({ domain, wire: "dnstt", recordType: "txt", clientIdBytes, mtu: dnstt.mtu }),
		),
		...vaydns.domains.map(
			({ name, own }): Tunnel => ({
				domain: name,
				wire: "vaydns",
				recordType: own["record-type"] ?? vaydns.recordType,
				clientIdBytes: own["clientid-size"] ?? vaydns.clientIdSize,
				mtu: own.mtu ?? vaydns.mtu,
			}),
		),
	];
}
