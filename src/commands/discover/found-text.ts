/** What `discover` says of what it found. */

import type { DiscoveredTunnel } from "../../discovery/discovery.ts";
import { grouped } from "../../summary/format.ts";
import { wrap } from "../../summary/terminal-text.ts";
import { reportColumns, table } from "../text-table.ts";
import type { Looked } from "./discover.ts";

const formats = { dnstt: "dnstt", vaydns: "VayDNS" } as const;

/** A table of the tunnels, and a sentence on each whose figures need one. */
export function foundText(found: readonly DiscoveredTunnel[], looked: Looked): string {
	const rows = found.map(({ tunnel, port, queries, clients, responses }) => [
		tunnel.domain,
		String(port),
		formats[tunnel.wire],
		tunnel.recordType,
		String(tunnel.clientIdBytes),
		...[queries, clients, responses].map(grouped),
	]);
	const header = ["Domain", "Port", "Format", "Records", "Id bytes", "Queries", "Clients", "Responses"];
	const notes = found.flatMap(noteOf);
	if (looked.isPart) notes.push("The figures are of a part: it ended early, as that was enough.");
	return [
		`Looked at ${amountsText(looked)}.`,
		"",
		table(header, rows, reportColumns),
		...notes.flatMap((note) => ["", ...wrap(note, reportColumns)]),
	].join("\n");
}

function noteOf({ tunnel: { domain, wire }, queries, responses }: DiscoveredTunnel): string[] {
	if (queries === 0)
		return [`${domain}: its resolvers take less than 1,232 bytes, so no query counts unless ${wire}.mtu is smaller.`];
	if (responses > 0) return [];
	return [`${domain}: the server does not respond, or its responses were not captured.`];
}

/** Why nothing may have been found. */
export function nothingText(looked: Looked, isLive: boolean): string {
	const advice = isLive
		? "A tunnel shows when its clients send data: connect one meanwhile, or look longer, as with --seconds 120."
		: "A tunnel shows when its clients send data: capture all UDP ports (tcpdump -i any -s 0 -w FILE udp) while one is connected.";
	return `dnstt_exporter: no tunnel was recognised among ${amountsText(looked)}. ${advice}\n`;
}

function amountsText({ packets, messages, where }: Looked): string {
	return `${amount(packets, "packet")} ${where}, ${amount(messages, "DNS message")} among them`;
}

function amount(count: number, what: string): string {
	return `${grouped(count)} ${what}${count === 1 ? "" : "s"}`;
}
