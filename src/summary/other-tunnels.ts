/** Tunnels that were recognised where nothing is configured to be watched. */

import { flagsOf, nameOf, type TunnelFigures } from "./lookalike.ts";

export interface OtherTunnel {
	readonly domain: string;
	readonly port: number;
	readonly format: TunnelFigures;
	/** Names of the interfaces on which its queries came in; none of a file. */
	readonly interfaces: readonly string[];
}

/** A stranger can make some up: the busiest are named. */
const namedMax = 3;

/** Sentences that name the tunnels, the busiest first, with the flags that fit. `watched` is the configured interface; null for a file. */
export function otherTunnelsText(tunnels: readonly OtherTunnel[], watched: string | null): string {
	const more = tunnels.length - namedMax;
	const sentences = tunnels.slice(0, namedMax).map((tunnel) => sentenceOf(tunnel, watched));
	const rest = `${more} more ${more === 1 ? "tunnel was" : "tunnels were"} recognised.`;
	return [...sentences, ...(more > 0 ? [rest] : [])].join(" ");
}

/** Whether its queries come in on other interfaces than the configured one; null for a file. */
export function isOnOther({ interfaces }: OtherTunnel, watched: string | null): boolean {
	return watched !== null && watched !== "any" && !interfaces.includes(watched);
}

function sentenceOf(tunnel: OtherTunnel, watched: string | null): string {
	const { domain, port, format, interfaces } = tunnel;
	const isElsewhere = isOnOther(tunnel, watched);
	const where = isElsewhere ? ` on ${interfaces[0] ?? "another interface"}` : "";
	const flags = [flagsOf(domain, format), `--dnstt.port ${port}`, ...(isElsewhere ? ["--capture.interface any"] : [])];
	return `Looks like ${nameOf(format)} under ${domain} on port ${port}${where}: ${flags.join(" ")}.`;
}
