/** The totals over all domains, as the status page and `top` show them first. */

import { byteRate, bytes, count, rate } from "./format.ts";
import { titles } from "./titles.ts";

export interface Tile {
	readonly figure: "active" | "queries" | "received" | "sent" | "sessions";
	readonly title: string;
	/** A number, and after a space its unit. */
	readonly value: string;
	readonly note: string;
	/** Where there is no room, tiles with the highest number are left out first; 0 stays. */
	readonly priority: number;
}

interface Total {
	readonly active_clients: number;
	/** Null with several domains. */
	readonly peak_clients: number | null;
	readonly queries: number;
	readonly queries_per_second: number;
	readonly bytes_in: number;
	readonly bytes_in_per_second: number;
	readonly bytes_out: number;
	readonly bytes_out_per_second: number;
	readonly sessions: number;
}

export function tilesOf(total: Total): Tile[] {
	return [
		{
			figure: "active",
			title: titles.activeClients,
			value: count(total.active_clients),
			note: total.peak_clients === null ? "" : `peak ${count(total.peak_clients)}`,
			priority: 0,
		},
		{
			figure: "queries",
			title: titles.queries,
			value: `${rate(total.queries_per_second)} /s`,
			note: `${count(total.queries)} total`,
			priority: 1,
		},
		{
			figure: "received",
			title: titles.received,
			value: byteRate(total.bytes_in_per_second),
			note: `${bytes(total.bytes_in)} total`,
			priority: 3,
		},
		{
			figure: "sent",
			title: titles.sent,
			value: byteRate(total.bytes_out_per_second),
			note: `${bytes(total.bytes_out)} total`,
			priority: 2,
		},
		{ figure: "sessions", title: titles.sessions, value: count(total.sessions), note: "since start", priority: 4 },
	];
}
