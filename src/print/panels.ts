/** What the Grafana dashboard shows: each panel with its queries, in the order of the screen. */

import { catalog, type MetricEntry } from "../metrics/catalog.ts";
import { goSection } from "./go-panels.ts";
import { one, type PanelQuery, type PanelSection } from "./panel-spec.ts";
import { activeClients, named, of, ofHosts, quantile, rateOf, ratesBy, ratio, sumRate } from "./promql.ts";

const perInstance = "{{instance}} {{interface}}";
/** The percentiles of the status page. */
const percentiles = (metric: MetricEntry): readonly PanelQuery[] =>
	[0.5, 0.95].map((q) => ({ expr: quantile(metric, q), legend: `p${q * 100}` }));
/** The two directions of something. */
const both = (inward: string, outward: string): readonly PanelQuery[] => [
	{ expr: inward, legend: "from clients" },
	{ expr: outward, legend: "to clients" },
];
const hostRate = (metric: MetricEntry) => `rate(${ofHosts(metric)}[$__rate_interval])`;

const unanswered = (labels = "") => ratio(sumRate(catalog.unanswered, labels), sumRate(catalog.domainQueries, labels));
const unansweredThresholds = [0.05, 0.2] as const;
const roundTripThresholds = [0.5, 2] as const;
/** Active clients of some label sets, where there are any. */
const clientsBy = (labels: string) => `sum by (${labels}) (${of(catalog.activeClients)})`;
/** As the status page has it: DNS bytes for each byte of the tunnel's packets, both ways together. */
const overhead = ratio(
	`(${sumRate(catalog.domainBytesIn)} + ${sumRate(catalog.domainBytesOut)})`,
	`(${sumRate(catalog.packetBytesIn)} + ${sumRate(catalog.packetBytesOut)})`,
);

const now: PanelSection = {
	title: "Now",
	collapsed: false,
	panels: [
		{
			title: "Active clients",
			description: "Clients with a query within the active window. The course has a gap while the capture is closed.",
			...{ view: "stat", unit: "short", width: 4 },
			queries: one(activeClients(), "clients"),
		},
		{
			title: "Peak in the time range",
			description: "Most active clients at one time, over all hosts together, in the chosen time range.",
			...{ view: "number", unit: "short", width: 4 },
			queries: one(`max_over_time((${activeClients()})[$__range:])`, "clients"),
		},
		{
			title: "Queries",
			description: "dnstt queries per second.",
			...{ view: "stat", unit: "reqps", width: 4 },
			queries: one(sumRate(catalog.domainQueries), "queries"),
		},
		{
			title: "Unanswered",
			description: "Share of the queries that got no response within 10 seconds.",
			...{ view: "stat", unit: "percentunit", width: 4, thresholds: unansweredThresholds, noValue: "no queries" },
			queries: one(unanswered(), "unanswered"),
		},
		{
			title: "Round trip, median",
			description: "From the server to clients through their resolvers and back.",
			...{ view: "stat", unit: "s", width: 4, thresholds: roundTripThresholds, noValue: "no traffic" },
			queries: one(quantile(catalog.roundTrips, 0.5), "p50"),
		},
		{
			title: "Last query",
			description: "Time since the latest query that any of the hosts received.",
			...{ view: "number", unit: "s", width: 4, noValue: "none yet" },
			queries: one(`time() - max(${of(catalog.lastQuery)})`, "ago"),
		},
	],
};

const largest = (label: string) =>
	`topk(10, sum by (${label}) (sum_over_time(${of(catalog.activeClients)}[$__range] @ end())))`;

const clients: PanelSection = {
	title: "Clients",
	collapsed: false,
	panels: [
		{
			title: "Active clients by country of the resolver",
			description: "Countries are those of the resolvers. A gap is a closed capture or a host that is down.",
			...{ view: "stacked", unit: "short", width: 12, height: 10 },
			queries: one(named("country", clientsBy("country")), "{{name}}"),
		},
		{
			title: "Active clients by network of the resolver",
			description: "The ten networks with most clients in the time range.",
			...{ view: "stacked", unit: "short", width: 12, height: 10 },
			queries: one(named("asn", `${clientsBy("asn")} and on (asn) ${largest("asn")}`), "{{organization}}"),
		},
	],
};

const traffic: PanelSection = {
	title: "Traffic",
	collapsed: false,
	panels: [
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
			title: "DNS traffic",
			description: "Bytes per second of DNS messages.",
			...{ view: "lines", unit: "Bps", width: 8 },
			queries: both(sumRate(catalog.domainBytesIn), sumRate(catalog.domainBytesOut)),
		},
		{
			title: "Tunnel traffic",
			description: "Bytes per second of the tunnel's own packets inside the DNS messages.",
			...{ view: "lines", unit: "Bps", width: 8 },
			queries: both(sumRate(catalog.packetBytesIn), sumRate(catalog.packetBytesOut)),
		},
		{
			title: "New sessions per hour",
			description: "Client ids that were seen for the first time, in the hour before each moment.",
			...{ view: "lines", unit: "short", width: 8 },
			queries: one(`sum(increase(${of(catalog.domainSessions)}[1h]))`, "sessions"),
		},
		{
			title: "Session duration",
			description: "Time from the first to the last query of sessions that ended.",
			...{ view: "lines", unit: "s", width: 8 },
			queries: percentiles(catalog.sessionDurations),
		},
		{
			title: "Session volume",
			description: "Bytes of DNS messages, both ways, of sessions that ended.",
			...{ view: "lines", unit: "bytes", width: 8 },
			queries: percentiles(catalog.sessionBytes),
		},
	],
};

const health: PanelSection = {
	title: "Health",
	collapsed: false,
	panels: [
		{
			title: "Round trip time",
			description: "From the server to clients through their resolvers and back.",
			...{ view: "lines", unit: "s", width: 8, thresholds: roundTripThresholds },
			queries: percentiles(catalog.roundTrips),
		},
		{
			title: "Response time",
			description: "From a query to its response; the server waits up to a second for data to answer with.",
			...{ view: "lines", unit: "s", width: 8 },
			queries: percentiles(catalog.responseTimes),
		},
		{
			title: "Unanswered queries",
			description: "Share of the queries that got no response within 10 seconds.",
			...{ view: "lines", unit: "percentunit", width: 8, thresholds: unansweredThresholds },
			queries: one(unanswered(), "unanswered"),
		},
		{
			title: "Retransmissions",
			description:
				"Share of the tunnel's segments with data that were retransmitted; up to a quarter without any loss.",
			...{ view: "lines", unit: "percentunit", width: 8 },
			queries: both(
				ratio(sumRate(catalog.retransmissionsIn), sumRate(catalog.segmentsIn)),
				ratio(sumRate(catalog.retransmissionsOut), sumRate(catalog.segmentsOut)),
			),
		},
		{
			title: "Overhead",
			description: "Bytes of DNS messages for each byte of the tunnel's packets, both ways together.",
			...{ view: "lines", unit: "suffix: times", width: 8 },
			queries: one(overhead, "overhead"),
		},
		{
			title: "Truncated responses",
			description: "Responses per second that were cut (TC=1).",
			...{ view: "lines", unit: "reqps", width: 8 },
			queries: one(sumRate(catalog.truncated), "truncated"),
		},
		{
			title: "Responses by code",
			description: "Responses per second; FORMERR means that dnstt.mtu is smaller than the server's -mtu.",
			...{ view: "stacked", unit: "reqps", width: 8 },
			queries: one(`sum by (rcode) (${rateOf(catalog.responses)})`, "{{rcode}}"),
		},
		{
			title: "Refused queries by reason",
			description: "Queries per second under the domain that carry no session, by what dnstt-server refuses them for.",
			...{ view: "stacked", unit: "reqps", width: 8 },
			queries: one(ratesBy("reason", rateOf(catalog.refusedQueries)), "{{reason}}"),
		},
		{
			title: "EDNS payload sizes",
			description:
				"Queries per second by the UDP payload that their resolver advertises; the server refuses those below its -mtu, 1232 unless set.",
			...{ view: "heatmap", unit: "reqps", width: 8 },
			queries: one(`sum by (le) (${rateOf(catalog.edns, "_bucket")})`, "{{le}}"),
		},
	],
};

const captureTexts = { 0: ["closed", "red"], 1: ["open", "green"] } as const;

const hosts: PanelSection = {
	title: "Hosts",
	collapsed: false,
	panels: [
		{
			title: "Hosts now",
			description: "Resolvers are those seen since the start of each exporter; two hosts may have seen the same.",
			...{ view: "table", unit: "short", width: 24 },
			columns: { instance: "Host" },
			queries: [
				{ expr: activeClients("instance"), legend: "Clients" },
				{ expr: sumRate(catalog.domainQueries, "instance"), legend: "Queries", unit: "reqps" },
				{
					expr: unanswered("instance"),
					...{ legend: "Unanswered", unit: "percentunit", thresholds: unansweredThresholds, noValue: "no queries" },
				},
				{
					expr: quantile(catalog.roundTrips, 0.5, "instance"),
					...{ legend: "Round trip, median", unit: "s", thresholds: roundTripThresholds, noValue: "no traffic" },
				},
				{ expr: `max by (instance) (${of(catalog.resolversSeen)})`, legend: "Resolvers" },
				{ expr: `max by (instance) (${ofHosts(catalog.captureUp)})`, legend: "Capture", texts: captureTexts },
			],
		},
	],
};

const placed = (expr: string) => named("asn", named("country", expr));

const places: PanelSection = {
	title: "Places",
	collapsed: false,
	panels: [
		{
			title: "Map",
			description: "Active clients by the country of their resolver.",
			...{ view: "geomap", unit: "short", width: 12 },
			columns: { name: "Country" },
			queries: one(named("country", `${clientsBy("country")} > 0`), "Clients"),
		},
		{
			title: "Countries and networks",
			description: "Of the resolvers that carry clients now.",
			...{ view: "table", unit: "short", width: 12, height: 10 },
			columns: { name: "Country", organization: "Network", asn: "ASN" },
			queries: [
				{ expr: placed(`${clientsBy("country, asn")} > 0`), legend: "Clients" },
				{ expr: placed(`sum by (country, asn) (${rateOf(catalog.queries)}) > 0`), legend: "Queries", unit: "reqps" },
				{
					expr: placed(`sum by (country, asn) (${rateOf(catalog.bytesIn)} + ${rateOf(catalog.bytesOut)}) > 0`),
					legend: "DNS traffic",
					unit: "Bps",
				},
			],
		},
	],
};

const exporter: PanelSection = {
	title: "Exporter",
	collapsed: true,
	panels: [
		{
			title: "Capture",
			description: "Whether the capture is open.",
			...{ view: "number", unit: "short", width: 6, texts: captureTexts },
			queries: one(ofHosts(catalog.captureUp), perInstance),
		},
		{
			title: "Last configuration reload",
			description: "Whether the last reload of the configuration succeeded.",
			...{ view: "number", unit: "short", width: 6, texts: { 0: ["failed", "red"], 1: ["good", "green"] } },
			queries: one(ofHosts(catalog.configReloadSuccessful), "{{instance}}"),
		},
		{
			title: "Age of the GeoIP databases",
			description: "Time since the databases in use were built.",
			...{ view: "number", unit: "s", width: 6, thresholds: [30 * 86_400, 60 * 86_400], noValue: "no databases" },
			queries: one(`time() - (${ofHosts(catalog.geoipBuildTime)} != 0)`, "{{instance}} {{database}}"),
		},
		{
			title: "Certificate",
			description: "Time until the TLS certificate in use expires.",
			...{ view: "number", unit: "s", width: 6, noValue: "no TLS" },
			queries: one(`${ofHosts(catalog.certificateNotAfter)} - time()`, "{{instance}}"),
		},
		{
			title: "Captured packets",
			description: "Packets per second that passed the capture filter.",
			...{ view: "lines", unit: "pps", width: 8 },
			queries: one(hostRate(catalog.packetsReceived), perInstance),
		},
		{
			title: "Capture drops",
			description:
				"Packets per second lost before the exporter could read them: counts are too low while there are any.",
			...{ view: "lines", unit: "pps", width: 8 },
			queries: one(hostRate(catalog.packetsDropped), `${perInstance} by {{by}}`),
		},
		{
			title: "Malformed packets by reason",
			description: "Packets per second that break the format of one of their layers.",
			...{ view: "stacked", unit: "pps", width: 8 },
			queries: one(ratesBy("reason", hostRate(catalog.malformedPackets)), "{{reason}}"),
		},
		{
			title: "Fill of the tables",
			description: "Entries of each bounded table, as a share of its limit.",
			...{ view: "lines", unit: "percentunit", width: 8 },
			queries: one(`${ofHosts(catalog.tableEntries)} / ${catalog.tableCapacity.name}`, "{{instance}} {{table}}"),
		},
		{
			title: "Evictions",
			description: "Entries per second that had to make room in a full table.",
			...{ view: "lines", unit: "cps", width: 8 },
			queries: one(hostRate(catalog.tableEvicted), "{{instance}} {{table}}"),
		},
		{
			title: "Build",
			description: "Versions that run.",
			...{ view: "table", unit: "short", width: 8 },
			columns: { instance: "Host", version: "Version", revision: "Revision", bunversion: "Bun" },
			queries: one(`count by (instance, version, revision, bunversion) (${ofHosts(catalog.buildInfo)})`, "Exporters"),
		},
	],
};

export const sections: readonly PanelSection[] = [now, clients, traffic, health, hosts, places, goSection, exporter];
