/** A busy exporter's status, made up: what the page looks like with a day of history, many countries and two domains. */
import { Events } from "../../../src/status/events.ts";
import type { Feed } from "../../../src/status/feed.ts";
import type { Amounts, HistoryStatus, Point, Status } from "../../../src/status/status.ts";
import { createApp } from "../../../src/web/app.ts";
import type { BasicAuth } from "../../../src/web/auth.ts";
import { statusRoutes } from "../../../src/web/page/routes.ts";
import { seededRandom } from "../../support/messages.ts";

export const nowMs = Date.UTC(2026, 10, 24, 20, 30);

function amounts(active: number): Amounts {
	return {
		active_clients: active,
		queries: active * 91_234,
		bytes_in: active * 13_000_000,
		bytes_out: active * 71_000_000,
		sessions: active * 37,
		queries_per_second: active * 2.9,
		bytes_in_per_second: active * 412,
		bytes_out_per_second: active * 1_905,
	};
}

const countries = [
	...[
		["IR", 187],
		["CN", 64],
		["RU", 41],
		["TM", 23],
		["MM", 17],
		["PK", 12],
		["VE", 9],
		["ET", 6],
		["DE", 3],
		["ZZ", 2],
	],
	...[
		["BA", 1],
		["GB", 0],
	],
] as const;
const asns = [
	...[
		["44244", 96],
		["58224", 57],
		["4134", 40],
		["12389", 33],
		["197207", 31],
		["20661", 23],
		["9988", 17],
	],
	...[
		["31549", 3],
		["9121", 2],
		["34984", 2],
		["16509", 1],
	],
	...[
		["15169", 14],
		["17557", 12],
		["8048", 9],
		["13335", 8],
		["24757", 6],
		["0", 2],
		["3320", 0],
	],
] as const;

/** Of two of the networks the database says who runs them. */
const organizations: Readonly<Record<string, string>> = { "44244": "Irancell", "58224": "Iran <Telecom> & Co." };

function origins(rows: readonly (readonly [string, number])[]) {
	return rows.map(([name, active], index) => ({
		name,
		...amounts(active),
		round_trip_median_seconds: active < 2 ? null : 0.09 + ((index * 37) % 11) * 0.041,
		retransmission_ratio: active < 2 ? null : ((index * 29) % 13) / 190,
	}));
}

const busyTotals: Omit<Status, "recent"> = {
	time: new Date(nowMs).toISOString(),
	started: new Date(nowMs - 19 * 86_400_000 - 7_000_000).toISOString(),
	version: "1.0.0",
	host: "vps1",
	active_window_seconds: 30,
	total: { ...amounts(365), peak_clients: 512 },
	domains: [
		{
			domain: "t.example.com",
			domain_unicode: "t.example.com",
			...amounts(301),
			peak_clients: 512,
			refused_queries: 1_204,
			last_query: new Date(nowMs - 1_000).toISOString(),
		},
		{
			domain: "t.xn--mgbaam7a8h.example",
			domain_unicode: "t.امارات.example",
			...amounts(64),
			peak_clients: 96,
			refused_queries: 3,
			last_query: null,
		},
	],
	countries: {
		rows: origins(countries).map(({ name, ...row }) => ({ country: name, ...row })),
		count: countries.length,
	},
	asns: {
		rows: origins(asns).map(({ name, ...row }) => ({ asn: name, organization: organizations[name] ?? null, ...row })),
		count: 317,
	},
	health: {
		round_trip_seconds: { count: 81_000, median: 0.1834, p95: 0.612 },
		response_duration_seconds: { count: 990_000, median: 0.0042, p95: 0.871 },
		retransmission_ratio_out: 0.0132,
		retransmission_ratio_in: 0.0071,
		overhead: 2.34,
		polls: 21_000_000,
		data_queries: 12_300_000,
		packet_bytes_in: 1_200_000_000,
		packet_bytes_out: 12_300_000_000,
		segments_in: 4_100_000,
		segments_out: 11_000_000,
		retransmissions_in: 29_000,
		retransmissions_out: 145_000,
		unanswered_queries: 20_113,
		unanswered_ratio: 0.0006,
		truncated_responses: 12,
		edns_refused_queries: 0,
		edns_below_1232_ratio: 0.021,
		responses_by_rcode: { NOERROR: 33_100_000, NXDOMAIN: 8_113, FORMERR: 61_204 },
		refused: { qtype: 1_100, base32: 80, too_short: 27 },
	},
	conditions: [
		{
			id: "retransmissions",
			severity: "warning",
			title: "Many segments are retransmitted",
			about: ["AS12389"],
			since: new Date(nowMs - 600_000).toISOString(),
			sentence: "Retransmitted segments to clients: AS12389 41.0 % (elsewhere 1.1 %).",
			remedy: "Packets are lost, or wait too long for a query to carry them.",
		},
	],
	capture: {
		interface: "eth0",
		ports: [53],
		up: true,
		since: new Date(nowMs - 19 * 86_400_000 - 7_000_000).toISOString(),
		reopened: 0,
		received: 66_503_113,
		dropped_by_kernel: 0,
		dropped_by_interface: 0,
		malformed_packets: { udp_length: 1_733 },
		unrelated_packets: { domain: 4_100 },
	},
};

export const busyStatus: Status = {
	...busyTotals,
	recent: { seconds: 300, queries: 1_000, health: busyTotals.health },
};

/** The status of an exporter that has just started, and where nothing came so far. */
const quietTotals: Status = {
	...busyStatus,
	total: { ...amounts(0), peak_clients: 0 },
	domains: [
		{
			domain: "t.example.com",
			domain_unicode: "t.example.com",
			...amounts(0),
			peak_clients: 0,
			refused_queries: 0,
			last_query: null,
		},
	],
	countries: null,
	asns: null,
	health: {
		...busyStatus.health,
		round_trip_seconds: null,
		response_duration_seconds: null,
		retransmission_ratio_out: null,
		retransmission_ratio_in: null,
		overhead: null,
		unanswered_queries: 0,
		unanswered_ratio: null,
		truncated_responses: 0,
		edns_below_1232_ratio: null,
		responses_by_rcode: {},
		refused: {},
	},
	conditions: [
		{
			id: "nothing_yet",
			severity: "info",
			title: "No tunnel traffic yet",
			about: ["t.example.com"],
			since: new Date(nowMs).toISOString(),
			sentence: "No query for t.example.com on eth0, UDP port 53.",
			remedy:
				"Compare dnstt.domain with how dnstt-server was started; see whether the domain is delegated to this host (dig +trace NS t.example.com).",
		},
	],
	capture: { ...busyStatus.capture, received: 0, malformed_packets: {}, unrelated_packets: {} },
};

export const quietStatus: Status = {
	...quietTotals,
	recent: { seconds: 10, queries: 0, health: quietTotals.health },
};

/** A day's swing with noise that is the same in each run, and ends at the status's 365 active clients. */
function pointsOf(count: number, stepMs: number): Point[] {
	const random = seededRandom(7);
	let wander = 0;
	const shares = Array.from({ length: count }, (_, index) => {
		wander = 0.93 * wander + (random() - 0.5) * 0.04;
		return 0.72 + 0.28 * Math.cos(((index - count + 1) * stepMs * 2 * Math.PI) / 86_400_000) + wander;
	});
	const last = shares.at(-1) ?? 1;
	return shares.map((share, index) => {
		const active = Math.round((365 * share) / last);
		const load = active * (0.9 + random() * 0.2);
		return [nowMs - (count - 1 - index) * stepMs, active, load * 2.9, active * 412, load * 1_905];
	});
}

export const busyHistory: HistoryStatus = { hour: pointsOf(360, 10_000), day: pointsOf(288, 300_000) };

/** Serves the page over a feed that gives `current.status`, at a free port of loopback; `push` sends it to the viewers now. */
export function servePage(first: Status, history: HistoryStatus, auth?: BasicAuth) {
	const current = { status: first };
	const events = new Events({
		history: () => history,
		status: () => current.status,
		every: () => () => {},
	});
	const feed: Feed = { status: () => current.status, history: () => history, events, stop: () => events.close() };
	const app = createApp({
		version: "1.0.0",
		telemetryPath: "/metrics",
		render: async () => [],
		isReady: () => true,
		extraRoutes: statusRoutes(feed, "/metrics"),
		...(auth === undefined ? {} : { auth }),
		onFault: (path, error) => {
			throw new Error(`${path}: ${error}`);
		},
	});
	const server = Bun.serve({
		hostname: "127.0.0.1",
		port: 0,
		fetch: (request, bun) => app(request, { address: "", keepOpen: () => bun.timeout(request, 0) }),
	});
	const stop = async () => {
		events.close();
		await server.stop(true);
	};
	return {
		url: server.url.href,
		events,
		push(next: Status) {
			current.status = next;
			events.send("status", next);
		},
		stop,
		[Symbol.asyncDispose]: stop,
	};
}
