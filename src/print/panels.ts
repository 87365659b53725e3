/** What the Grafana dashboard shows, as data: each panel with its queries, in the order of the screen. */

import { catalog } from "../metrics/catalog.ts";

/** How a panel shows its values. Stat, geomap, bars and table take the values of the moment, the others those of the time range. */
export type View = "stat" | "geomap" | "bars" | "table" | "lines" | "stacked" | "heatmap";

export interface PanelQuery {
	/** PromQL with Grafana's $domain and $__rate_interval. */
	readonly expr: string;
	/** What a series is called, with {{label}} for its labels. */
	readonly legend: string;
}

export interface PanelSpec {
	readonly title: string;
	readonly description: string;
	readonly view: View;
	/** Grafana's name of the unit. */
	readonly unit: string;
	/** Columns of the 24. */
	readonly width: 4 | 6 | 8 | 12 | 24;
	readonly queries: readonly PanelQuery[];
	/** Value to text and colour. */
	readonly texts?: Readonly<Record<string, readonly [text: string, color: string]>>;
}

export interface PanelSection {
	readonly title: string;
	readonly panels: readonly PanelSpec[];
}

const ofDomain = '{domain="$domain"}';
/** The metric of the selected domain. */
const of = (metric: { readonly name: string }, suffix = "") => `${metric.name}${suffix}${ofDomain}`;
const rateOf = (metric: { readonly name: string }, suffix = "") => `rate(${of(metric, suffix)}[$__rate_interval])`;
const sumRate = (metric: { readonly name: string }) => `sum(${rateOf(metric)})`;
const one = (expr: string, legend: string): readonly PanelQuery[] => [{ expr, legend }];
/** Quantiles of a histogram. */
const quantiles = (metric: { readonly name: string }, ...of: readonly number[]): readonly PanelQuery[] =>
	of.map((q) => ({
		expr: `histogram_quantile(${q}, sum by (le) (${rateOf(metric, "_bucket")}))`,
		legend: `${q * 100} %`,
	}));
/** The two directions of something. */
const both = (inward: string, outward: string): readonly PanelQuery[] => [
	{ expr: inward, legend: "from clients" },
	{ expr: outward, legend: "to clients" },
];

const active = of(catalog.activeClients);
const country = "{{country}}";
const asn = "AS{{asn}}";
const perInstance = "{{instance}} {{interface}}";

const clients: PanelSection = {
	title: "Clients",
	panels: [
		{
			title: "Current active clients",
			description: "Current number of active DNSTT sessions for the selected domain.",
			...{ view: "stat", unit: "short", width: 6 },
			queries: one(`sum(${active})`, "clients"),
		},
		{
			title: "Peak active clients",
			description: "Highest active DNSTT session count observed since the exporter started.",
			...{ view: "stat", unit: "short", width: 6 },
			queries: one(`sum(${of(catalog.peakClients)})`, "clients"),
		},
		{
			title: "Peak of all clients at one time",
			description:
				"Most active clients of the whole domain at one time since the exporter started; the sum of the peaks of countries and ASNs overstates it.",
			...{ view: "stat", unit: "short", width: 6 },
			queries: one(`sum(${of(catalog.domainPeakClients)})`, "clients"),
		},
		{
			title: "Resolvers seen",
			description: "Resolver addresses seen since the exporter started.",
			...{ view: "stat", unit: "short", width: 6 },
			queries: one(`sum(${of(catalog.resolversSeen)})`, "resolvers"),
		},
		{
			title: "Active clients by country",
			description: "Current active DNSTT sessions grouped by resolver country.",
			...{ view: "geomap", unit: "short", width: 12 },
			queries: one(`sum by (country) (${active})`, country),
		},
		{
			title: "Top countries by active clients",
			description: "Countries with the most active DNSTT sessions right now.",
			...{ view: "bars", unit: "short", width: 12 },
			queries: one(`topk(10, sum by (country) (${active}))`, country),
		},
		{
			title: "Active clients by ASN",
			description: "Current active DNSTT sessions grouped by resolver ASN.",
			...{ view: "table", unit: "short", width: 12 },
			queries: one(`sum by (asn) (${active})`, asn),
		},
		{
			title: "Top ASNs by active clients",
			description: "Resolver ASNs with the most active DNSTT sessions right now.",
			...{ view: "bars", unit: "short", width: 12 },
			queries: one(`topk(10, sum by (asn) (${active}))`, asn),
		},
		{
			title: "Active clients by country and ASN",
			description: "Current active DNSTT sessions split by both resolver country and resolver ASN.",
			...{ view: "table", unit: "short", width: 12 },
			queries: one(`sum by (country, asn) (${active})`, `${country} ${asn}`),
		},
		{
			title: "Top country/ASN pairs by active clients",
			description: "Country and ASN combinations with the most active DNSTT sessions right now.",
			...{ view: "bars", unit: "short", width: 12 },
			queries: one(`topk(20, sum by (country, asn) (${active}))`, `${country} ${asn}`),
		},
	],
};

const traffic: PanelSection = {
	title: "Traffic",
	panels: [
		{
			title: "DNS query rate",
			description: "Total observed DNSTT DNS queries per second for the selected domain.",
			...{ view: "lines", unit: "reqps", width: 8 },
			queries: one(sumRate(catalog.queries), "queries"),
		},
		{
			title: "DNS query rate by country",
			description: "Observed DNSTT DNS queries per second grouped by resolver country.",
			...{ view: "stacked", unit: "reqps", width: 8 },
			queries: one(`sum by (country) (${rateOf(catalog.queries)})`, country),
		},
		{
			title: "Top ASNs by DNS query rate",
			description: "Resolver ASNs producing the highest DNSTT DNS query rates.",
			...{ view: "bars", unit: "reqps", width: 8 },
			queries: one(`topk(10, sum by (asn) (${rateOf(catalog.queries)}))`, asn),
		},
		{
			title: "Inbound DNS traffic rate",
			description: "Bytes per second received in DNSTT DNS queries.",
			...{ view: "lines", unit: "Bps", width: 8 },
			queries: one(sumRate(catalog.bytesIn), "inbound"),
		},
		{
			title: "Outbound DNS traffic rate",
			description: "Bytes per second sent in DNSTT DNS responses.",
			...{ view: "lines", unit: "Bps", width: 8 },
			queries: one(sumRate(catalog.bytesOut), "outbound"),
		},
		{
			title: "DNS traffic rate by country",
			description: "Combined inbound and outbound DNSTT DNS bytes per second grouped by resolver country.",
			...{ view: "stacked", unit: "Bps", width: 8 },
			queries: one(`sum by (country) (${rateOf(catalog.bytesIn)} + ${rateOf(catalog.bytesOut)})`, country),
		},
	],
};

const sessions: PanelSection = {
	title: "Sessions",
	panels: [
		{
			title: "Total observed sessions",
			description: "Total unique DNSTT sessions observed since the exporter started.",
			...{ view: "stat", unit: "short", width: 8 },
			queries: one(`sum(${of(catalog.sessions)})`, "sessions"),
		},
		{
			title: "New session rate",
			description: "New DNSTT sessions observed per second.",
			...{ view: "lines", unit: "cps", width: 8 },
			queries: one(sumRate(catalog.sessions), "sessions"),
		},
		{
			title: "New session rate by country",
			description: "New DNSTT sessions per second grouped by resolver country.",
			...{ view: "stacked", unit: "cps", width: 8 },
			queries: one(`sum by (country) (${rateOf(catalog.sessions)})`, country),
		},
		{
			title: "Session duration",
			description: "Time from the first to the last query of sessions that ended.",
			...{ view: "lines", unit: "s", width: 12 },
			queries: quantiles(catalog.sessionDurations, 0.5, 0.9),
		},
		{
			title: "Session volume",
			description: "Bytes of DNS messages, both ways, of sessions that ended.",
			...{ view: "lines", unit: "bytes", width: 12 },
			queries: quantiles(catalog.sessionBytes, 0.5, 0.9),
		},
	],
};

const health: PanelSection = {
	title: "Tunnel health",
	panels: [
		{
			title: "Round trip time",
			description: "From the server to clients through their resolvers and back.",
			...{ view: "lines", unit: "s", width: 8 },
			queries: quantiles(catalog.roundTrips, 0.5, 0.9, 0.99),
		},
		{
			title: "Response time",
			description: "From a query to its response; the server waits up to a second for data to answer with.",
			...{ view: "lines", unit: "s", width: 8 },
			queries: quantiles(catalog.responseTimes, 0.5, 0.9, 0.99),
		},
		{
			title: "Unanswered queries",
			description: "Queries per second that got no response within 10 seconds.",
			...{ view: "lines", unit: "reqps", width: 8 },
			queries: one(sumRate(catalog.unanswered), "unanswered"),
		},
		{
			title: "Retransmission ratio",
			description: "Share of the tunnel's segments with data that were retransmitted.",
			...{ view: "lines", unit: "percentunit", width: 8 },
			queries: both(
				`${sumRate(catalog.retransmissionsIn)} / ${sumRate(catalog.segmentsIn)}`,
				`${sumRate(catalog.retransmissionsOut)} / ${sumRate(catalog.segmentsOut)}`,
			),
		},
		{
			title: "Goodput",
			description: "Bytes per second of the tunnel's own packets inside the DNS messages.",
			...{ view: "lines", unit: "Bps", width: 8 },
			queries: both(sumRate(catalog.packetBytesIn), sumRate(catalog.packetBytesOut)),
		},
		{
			title: "Overhead",
			description: "Share of the DNS messages' bytes that is not the tunnel's own packets.",
			...{ view: "lines", unit: "percentunit", width: 8 },
			queries: both(
				`1 - ${sumRate(catalog.packetBytesIn)} / ${sumRate(catalog.domainBytesIn)}`,
				`1 - ${sumRate(catalog.packetBytesOut)} / ${sumRate(catalog.domainBytesOut)}`,
			),
		},
		{
			title: "Polls and queries with data",
			description: "Queries per second that only ask for data, and those that carry some.",
			...{ view: "stacked", unit: "reqps", width: 8 },
			queries: [
				{ expr: sumRate(catalog.polls), legend: "polls" },
				{ expr: `${sumRate(catalog.domainQueries)} - ${sumRate(catalog.polls)}`, legend: "with data" },
			],
		},
		{
			title: "Responses by code",
			description: "Responses per second; FORMERR means that dnstt.mtu is smaller than the server's -mtu.",
			...{ view: "stacked", unit: "reqps", width: 8 },
			queries: one(`sum by (rcode) (${rateOf(catalog.responses)})`, "{{rcode}}"),
		},
		{
			title: "Truncated responses",
			description: "Responses per second that were cut (TC=1).",
			...{ view: "lines", unit: "reqps", width: 8 },
			queries: one(sumRate(catalog.truncated), "truncated"),
		},
		{
			title: "Refused queries by reason",
			description: "Queries per second under the domain that carry no session, by what dnstt-server refuses them for.",
			...{ view: "stacked", unit: "reqps", width: 12 },
			queries: one(`sum by (reason) (${rateOf(catalog.refusedQueries)}) > 0`, "{{reason}}"),
		},
		{
			title: "EDNS payload sizes",
			description:
				"Queries per second by the UDP payload that their resolver advertises; the server refuses those below its -mtu, 1232 unless set.",
			...{ view: "heatmap", unit: "reqps", width: 12 },
			queries: one(`sum by (le) (${rateOf(catalog.edns, "_bucket")})`, "{{le}}"),
		},
	],
};

const exporter: PanelSection = {
	title: "Exporter",
	panels: [
		{
			title: "Capture",
			description: "Whether the capture is open.",
			...{ view: "stat", unit: "short", width: 6 },
			queries: one(catalog.captureUp.name, perInstance),
			texts: { 0: ["down", "red"], 1: ["up", "green"] },
		},
		{
			title: "Last configuration reload",
			description: "Whether the last reload of the configuration succeeded.",
			...{ view: "stat", unit: "short", width: 6 },
			queries: one(catalog.configReloadSuccessful.name, "{{instance}}"),
			texts: { 0: ["failed", "red"], 1: ["good", "green"] },
		},
		{
			title: "Build",
			description: "Versions that run.",
			...{ view: "table", unit: "short", width: 12 },
			queries: one(
				`count by (instance, version, revision, bunversion) (${catalog.buildInfo.name})`,
				"{{instance}} {{version}}",
			),
		},
		{
			title: "Captured packets",
			description: "Packets per second that passed the capture filter.",
			...{ view: "lines", unit: "pps", width: 8 },
			queries: one(`rate(${catalog.packetsReceived.name}[$__rate_interval])`, perInstance),
		},
		{
			title: "Capture drops",
			description:
				"Packets per second lost before the exporter could read them: counts are too low while there are any.",
			...{ view: "lines", unit: "pps", width: 8 },
			queries: one(`rate(${catalog.packetsDropped.name}[$__rate_interval])`, `${perInstance} by {{by}}`),
		},
		{
			title: "Broken packets by reason",
			description: "Packets per second that break the format of one of their layers.",
			...{ view: "stacked", unit: "pps", width: 8 },
			queries: one(`sum by (reason) (rate(${catalog.malformedPackets.name}[$__rate_interval])) > 0`, "{{reason}}"),
		},
		{
			title: "Fill of the tables",
			description: "Entries of each bounded table, as a share of its limit.",
			...{ view: "lines", unit: "percentunit", width: 8 },
			queries: one(`${catalog.tableEntries.name} / ${catalog.tableCapacity.name}`, "{{instance}} {{table}}"),
		},
		{
			title: "Evictions",
			description: "Entries per second that had to make room in a full table.",
			...{ view: "lines", unit: "cps", width: 8 },
			queries: one(`rate(${catalog.tableEvicted.name}[$__rate_interval])`, "{{instance}} {{table}}"),
		},
		{
			title: "Age of the GeoIP databases",
			description: "Time since the databases in use were built.",
			...{ view: "stat", unit: "s", width: 8 },
			queries: one(`time() - ${catalog.geoipBuildTime.name}`, "{{instance}} {{database}}"),
		},
	],
};

export const sections: readonly PanelSection[] = [clients, traffic, sessions, health, exporter];
