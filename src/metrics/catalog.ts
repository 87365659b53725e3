/**
 * Every metric of this program: name, help, type and labels. The collectors give its values, the README's table is
 * tested against it, and dashboard and rules may use no other name.
 */

export type MetricType = "counter" | "gauge" | "histogram";

export interface MetricEntry {
	readonly name: string;
	readonly help: string;
	readonly type: MetricType;
	/**
	 * Label names. "set" stands for those of a label set: domain, and country and asn as far as there are databases;
	 * "area" for domain, and country if there is a database.
	 */
	readonly labels: readonly string[] | "set" | "area";
}

export const catalog = {
	queries: { name: "dnstt_queries_total", type: "counter", labels: "set", help: "dnstt queries seen." },
	bytesIn: {
		name: "dnstt_bytes_in_total",
		type: "counter",
		labels: "set",
		help: "Bytes of DNS messages (UDP payload) of dnstt queries.",
	},
	bytesOut: {
		name: "dnstt_bytes_out_total",
		type: "counter",
		labels: "set",
		help: "Bytes of DNS messages (UDP payload) of responses to dnstt queries.",
	},
	sessions: {
		name: "dnstt_sessions_total",
		type: "counter",
		labels: "set",
		help: "Client ids seen for the first time since the start, under the label set of their first query.",
	},
	activeClients: {
		name: "dnstt_active_clients",
		type: "gauge",
		labels: "set",
		help: "Client ids with a query within the active window, under the label set of their latest query; without a value while the capture is closed.",
	},
	peakClients: {
		name: "dnstt_peak_clients",
		type: "gauge",
		labels: "set",
		help: "Highest dnstt_active_clients of this label set since the start, exact at every query.",
	},
	domainQueries: {
		name: "dnstt_domain_queries_total",
		type: "counter",
		labels: ["domain"],
		help: "The sum of dnstt_queries_total over all label sets, exported from the start at 0: rates see the first query of each.",
	},
	domainBytesIn: {
		name: "dnstt_domain_bytes_in_total",
		type: "counter",
		labels: ["domain"],
		help: "The sum of dnstt_bytes_in_total over all label sets, exported from the start at 0.",
	},
	domainBytesOut: {
		name: "dnstt_domain_bytes_out_total",
		type: "counter",
		labels: ["domain"],
		help: "The sum of dnstt_bytes_out_total over all label sets, exported from the start at 0.",
	},
	domainSessions: {
		name: "dnstt_domain_sessions_total",
		type: "counter",
		labels: ["domain"],
		help: "The sum of dnstt_sessions_total over all label sets, exported from the start at 0.",
	},
	refusedQueries: {
		name: "dnstt_refused_queries_total",
		type: "counter",
		labels: ["domain", "reason"],
		help: "Queries under the domain that carry no session, by what dnstt-server refuses them for.",
	},
	domainPeakClients: {
		name: "dnstt_domain_peak_clients",
		type: "gauge",
		labels: ["domain"],
		help: "Highest number of active clients of the domain at one time since the start; the sum of dnstt_peak_clients overstates it.",
	},
	resolversSeen: {
		name: "dnstt_resolvers_seen_total",
		type: "counter",
		labels: ["domain"],
		help: "Resolver addresses seen for the first time; one forgotten among more than 65,536 counts again.",
	},
	lastQuery: {
		name: "dnstt_last_query_timestamp_seconds",
		type: "gauge",
		labels: ["domain"],
		help: "When the latest dnstt query came; without a value before the first since the start.",
	},
	lastResponse: {
		name: "dnstt_last_response_timestamp_seconds",
		type: "gauge",
		labels: ["domain"],
		help: "When the latest response to a dnstt query went out; without a value before the first since the start.",
	},
	polls: {
		name: "dnstt_polls_total",
		type: "counter",
		labels: "area",
		help: "dnstt queries that carry no data and only ask for some; they are in dnstt_queries_total as well.",
	},
	packetBytesIn: {
		name: "dnstt_packet_bytes_in_total",
		type: "counter",
		labels: "area",
		help: "Bytes of the tunnel's own packets that queries carried; what dnstt_bytes_in_total has more is overhead.",
	},
	packetBytesOut: {
		name: "dnstt_packet_bytes_out_total",
		type: "counter",
		labels: "area",
		help: "Bytes of the tunnel's own packets that responses carried.",
	},
	segmentsIn: {
		name: "dnstt_segments_in_total",
		type: "counter",
		labels: "area",
		help: "KCP segments with data that clients sent.",
	},
	segmentsOut: {
		name: "dnstt_segments_out_total",
		type: "counter",
		labels: "area",
		help: "KCP segments with data that the server sent.",
	},
	retransmissionsIn: {
		name: "dnstt_retransmissions_in_total",
		type: "counter",
		labels: "area",
		help: "KCP segments with data that clients sent again.",
	},
	retransmissionsOut: {
		name: "dnstt_retransmissions_out_total",
		type: "counter",
		labels: "area",
		help: "KCP segments with data that the server sent again.",
	},
	roundTrips: {
		name: "dnstt_round_trip_seconds",
		type: "histogram",
		labels: "area",
		help: "Round trip times from the server to clients through their resolvers, from the time stamps that clients acknowledge.",
	},
	answerTimes: {
		name: "dnstt_response_seconds",
		type: "histogram",
		labels: ["domain"],
		help: "Time from a query to its response; the server waits up to a second for data to answer with.",
	},
	unanswered: {
		name: "dnstt_unanswered_queries_total",
		type: "counter",
		labels: "area",
		help: "dnstt queries without a response within 10 seconds.",
	},
	responses: {
		name: "dnstt_responses_total",
		type: "counter",
		labels: ["domain", "rcode"],
		help: "Responses to dnstt queries by response code; the first six codes are exported from the start at 0.",
	},
	unmatched: {
		name: "dnstt_unmatched_responses_total",
		type: "counter",
		labels: ["domain"],
		help: "Responses that answer no query that was seen; their bytes count, nothing else in them is believed.",
	},
	truncated: {
		name: "dnstt_truncated_responses_total",
		type: "counter",
		labels: ["domain"],
		help: "Responses to dnstt queries that were cut (TC=1).",
	},
	edns: {
		name: "dnstt_edns_payload_bytes",
		type: "histogram",
		labels: "area",
		help: "UDP payload sizes that resolvers advertise in dnstt queries, those that are refused for it (reason edns) among them.",
	},
	lives: {
		name: "dnstt_session_duration_seconds",
		type: "histogram",
		labels: ["domain"],
		help: "Time from the first to the last query of sessions that ended.",
	},
	volumes: {
		name: "dnstt_session_bytes",
		type: "histogram",
		labels: ["domain"],
		help: "Bytes of DNS messages, both ways, of sessions that ended.",
	},
	segmentFaults: {
		name: "dnstt_exporter_segment_faults_total",
		type: "counter",
		labels: ["reason"],
		help: "KCP segments that were not believed, by reason.",
	},
	buildInfo: {
		name: "dnstt_exporter_build_info",
		type: "gauge",
		labels: ["version", "revision", "bunversion"],
		help: "Version of this program; the value is always 1.",
	},
	captureUp: {
		name: "dnstt_exporter_capture_up",
		type: "gauge",
		labels: ["interface"],
		help: "Whether the capture is open: 1, or 0 while it is being opened again.",
	},
	captureReopened: {
		name: "dnstt_exporter_capture_reopened_total",
		type: "counter",
		labels: ["interface"],
		help: "Times that the capture was opened again after it broke.",
	},
	packetsReceived: {
		name: "dnstt_exporter_packets_received_total",
		type: "counter",
		labels: ["interface"],
		help: "Packets that passed the capture filter, those that the kernel dropped among them.",
	},
	packetsDropped: {
		name: "dnstt_exporter_packets_dropped_total",
		type: "counter",
		labels: ["interface", "by"],
		help: "Packets lost before this program could read them: by the kernel (capture buffer full) or by the interface.",
	},
	duplicates: {
		name: "dnstt_exporter_duplicate_packets_total",
		type: "counter",
		labels: [],
		help: "Copies of dnstt queries and responses that several interfaces showed; they count once in all other metrics.",
	},
	faults: {
		name: "dnstt_exporter_faults_total",
		type: "counter",
		labels: ["reason"],
		help: "Packets that break the format of one of their layers, by reason.",
	},
	foreign: {
		name: "dnstt_exporter_foreign_packets_total",
		type: "counter",
		labels: ["reason"],
		help: "Sound packets that are no traffic of the tunnel, by what they lack.",
	},
	tableEntries: {
		name: "dnstt_exporter_table_entries",
		type: "gauge",
		labels: ["table"],
		help: "Entries of each bounded table: of sessions the tracked sessions, of label_sets those that labels.max-sets limits.",
	},
	tableLimit: {
		name: "dnstt_exporter_table_limit_entries",
		type: "gauge",
		labels: ["table"],
		help: "The most entries that each bounded table may have.",
	},
	tableEvicted: {
		name: "dnstt_exporter_table_evicted_total",
		type: "counter",
		labels: ["table"],
		help: "Entries that had to make room in each bounded table; of label_sets: lookups that found no room and were answered with asn=other.",
	},
	geoipBuildTime: {
		name: "dnstt_exporter_geoip_database_build_timestamp_seconds",
		type: "gauge",
		labels: ["database", "type"],
		help: "When the GeoIP database in use was built.",
	},
	geoipReloads: {
		name: "dnstt_exporter_geoip_reloads_total",
		type: "counter",
		labels: ["database"],
		help: "Replacements of a GeoIP database that were taken into use.",
	},
	geoipReloadFailures: {
		name: "dnstt_exporter_geoip_reload_failures_total",
		type: "counter",
		labels: ["database"],
		help: "Replacements of a GeoIP database that could not be used; the one before stays in use.",
	},
	geoipLookupFailures: {
		name: "dnstt_exporter_geoip_lookup_failures_total",
		type: "counter",
		labels: ["database"],
		help: "Lookups that met a damaged record and gave unmapped.",
	},
	configReloadSuccessful: {
		name: "dnstt_exporter_config_last_reload_successful",
		type: "gauge",
		labels: [],
		help: "Whether the last reload of the configuration succeeded.",
	},
	configReloadTime: {
		name: "dnstt_exporter_config_last_reload_success_timestamp_seconds",
		type: "gauge",
		labels: [],
		help: "When the configuration was last loaded successfully.",
	},
	certificateNotAfter: {
		name: "dnstt_exporter_certificate_not_after_timestamp_seconds",
		type: "gauge",
		labels: [],
		help: "When the TLS certificate in use expires; without a value where HTTPS is off.",
	},
} as const satisfies Record<string, MetricEntry>;

export type MetricKey = keyof typeof catalog;
