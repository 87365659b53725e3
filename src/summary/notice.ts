/** What an operator should know before all figures, as the status page and `top` word it. */

import type { Writing } from "./entries.ts";
import { count } from "./format.ts";

export interface Notice {
	readonly title: string;
	readonly text: string;
	/** What to check, and the command that shows it. */
	readonly checks: readonly Check[];
}

export interface Check {
	readonly question: string;
	readonly command: string;
}

/** The parts of the status that a notice is made of. */
export interface NoticeSource {
	readonly capture: {
		readonly up: boolean;
		readonly interface: string;
		readonly ports: readonly number[];
		readonly received: number;
		readonly unrelated_packets: Readonly<Record<string, number>>;
	};
	readonly total: { readonly queries: number };
	readonly domains: readonly { readonly domain: string; readonly refused_queries: number }[];
}

/** Null while the capture is open and queries of clients have come. */
export function noticeOf({ capture, total, domains }: NoticeSource, { name }: Writing): Notice | null {
	const on = name(capture.interface);
	if (!capture.up) {
		return {
			title: "The capture is closed",
			text: `Nothing is counted. The exporter tries to reopen it on ${on} every few seconds; its log says why that fails.`,
			checks: [{ question: "Is the interface there?", command: "ip -brief link" }],
		};
	}
	if (total.queries > 0) return null;
	const title = "No tunnel traffic yet";
	const names = domains.map(({ domain }) => name(domain));
	const listening = `Listening on ${on}, UDP port ${capture.ports.join(" or ")}:`;
	const refused = domains.reduce((sum, row) => sum + row.refused_queries, 0);
	if (refused > 0) {
		const text = `${listening} ${queries(refused)} for ${names.join(" or ")}, all refused; Tunnel health lists the reasons.`;
		return { title, text, checks: [] };
	}
	const others = capture.unrelated_packets.domain ?? 0;
	if (others > 0) {
		const text = `${listening} ${others === 1 ? "1 DNS message" : `${count(others)} DNS messages`}, none for ${names.join(" or ")}. Compare dnstt.domain with the domain that dnstt-server was started with.`;
		return { title, text, checks: [] };
	}
	const { received } = capture;
	const packets = received === 1 ? "1 packet" : `${count(received)} packets`;
	return {
		title,
		text: `${listening} ${received === 0 ? "no packets received yet." : `${packets} received, no tunnel query among them.`} If another port or interface is in use, set dnstt.port or capture.interface.`,
		checks: [
			{ question: "Does dnstt-server listen on this port?", command: `ss -ulpn 'sport = :${capture.ports[0] ?? 53}'` },
			{ question: "Is the domain delegated to this host?", command: `dig +trace NS ${names[0] ?? ""}` },
			{
				question: "Do queries arrive while a client connects?",
				command: `tcpdump -ni ${on} udp port ${capture.ports[0] ?? 53}`,
			},
		],
	};
}

function queries(amount: number): string {
	return amount === 1 ? "1 query" : `${count(amount)} queries`;
}
