/**
 * Every metric of this program: name, help, type and labels. The collectors return its values, reference and
 * manual page list it, and dashboard and rules may use no other name.
 */

export type MetricType = "counter" | "gauge" | "histogram";

export interface MetricEntry {
	readonly name: string;
	readonly help: string;
	readonly type: MetricType;
	/**
	 * Label names. "set" stands for those of a label set: domain, and country and asn as far as there are databases;
	 * "country" for domain, and country if there is a country database.
	 */
	readonly labels: readonly string[] | "set" | "country";
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
	domainActiveClients: {
		name: "dnstt_domain_active_clients",
		type: "gauge",
		labels: ["domain"],
		help: "The sum of dnstt_active_clients over all label sets, exported from the start at 0; without a value while the capture is closed.",
	},
	refusedQueries: {
		name: "dnstt_refused_queries_total",
		type: "counter",
		labels: ["domain", "reason"],
		help: "Queries under the domain that carry no session, by what dnstt-server refuses them for.",
	},
	tunnelInfo: {
		name: "dnstt_tunnel_info",
		type: "gauge",
		labels: ["domain", "wire", "record_type", "clientid_size"],
		help: "How the domain's traffic is read: dnstt or vaydns, the type of the records, bytes of a client id; the value is always 1.",
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
		labels: "country",
		help: "dnstt queries without data, which only ask for some; dnstt_queries_total includes them.",
	},
	packetBytesIn: {
		name: "dnstt_packet_bytes_in_total",
		type: "counter",
		labels: "country",
		help: "Bytes of the tunnel's own packets that queries carried; the rest of dnstt_bytes_in_total is overhead.",
	},
	packetBytesOut: {
		name: "dnstt_packet_bytes_out_total",
		type: "counter",
		labels: "country",
		help: "Bytes of the tunnel's own packets that responses carried.",
	},
	segmentsIn: {
		name: "dnstt_segments_in_total",
		type: "counter",
		labels: "country",
		help: "KCP segments with data that clients sent.",
	},
	segmentsOut: {
		name: "dnstt_segments_out_total",
		type: "counter",
		labels: "country",
		help: "KCP segments with data that the server sent.",
	},
	retransmissionsIn: {
		name: "dnstt_retransmissions_in_total",
		type: "counter",
		labels: "country",
		help: "KCP segments with data that clients retransmitted.",
	},
	retransmissionsOut: {
		name: "dnstt_retransmissions_out_total",
		type: "counter",
		labels: "country",
		help: "KCP segments with data that the server retransmitted.",
	},
	roundTrips: {
		name: "dnstt_round_trip_seconds",
		type: "histogram",
		labels: "country",
		help: "Round trip times from the server to clients through their resolvers, from the time stamps that clients acknowledge.",
	},
	responseTimes: {
		name: "dnstt_response_duration_seconds",
		type: "histogram",
		labels: ["domain"],
		help: "Time from a query to its response; the server waits up to a second for data to answer with.",
	},
	unanswered: {
		name: "dnstt_unanswered_queries_total",
		type: "counter",
		labels: "country",
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
		help: "Responses that match no captured query; only their bytes count.",
	},
	truncated: {
		name: "dnstt_truncated_responses_total",
		type: "counter",
		labels: ["domain"],
		help: "Truncated responses to dnstt queries (TC=1).",
	},
	edns: {
		name: "dnstt_edns_payload_bytes",
		type: "histogram",
		labels: ["domain"],
		help: "UDP payload sizes that resolvers advertise in dnstt queries, including queries refused for it (reason edns).",
	},
	sessionDurations: {
		name: "dnstt_session_duration_seconds",
		type: "histogram",
		labels: ["domain"],
		help: "Time from the first to the last query of sessions that ended.",
	},
	sessionBytes: {
		name: "dnstt_session_bytes",
		type: "histogram",
		labels: ["domain"],
		help: "Bytes of DNS messages, both ways, of sessions that ended.",
	},
	segmentFaults: {
		name: "dnstt_exporter_segment_faults_total",
		type: "counter",
		labels: ["reason"],
		help: "KCP segments that were rejected, by reason.",
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
		help: "Whether the capture is open: 1, or 0 while it is being reopened.",
	},
	captureReopened: {
		name: "dnstt_exporter_capture_reopened_total",
		type: "counter",
		labels: ["interface"],
		help: "Times that the capture was reopened after a failure.",
	},
	packetsReceived: {
		name: "dnstt_exporter_packets_received_total",
		type: "counter",
		labels: ["interface"],
		help: "Packets that passed the capture filter, including those that the kernel dropped.",
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
		help: "Duplicates of dnstt queries and responses: captured on several interfaces, before and after a forwarder, or twice on a mirror port; all other metrics count them once.",
	},
	joinedFrames: {
		name: "dnstt_exporter_joined_frames_total",
		type: "counter",
		labels: [],
		help: "Frames into which the kernel joined several queries or responses (UDP GRO, USO); each of these counts for itself.",
	},
	malformedPackets: {
		name: "dnstt_exporter_malformed_packets_total",
		type: "counter",
		labels: ["reason"],
		help: "Packets that break the format of one of their layers, by reason.",
	},
	unrelatedPackets: {
		name: "dnstt_exporter_unrelated_packets_total",
		type: "counter",
		labels: ["reason"],
		help: "Well-formed packets that are not tunnel traffic, by reason.",
	},
	tableEntries: {
		name: "dnstt_exporter_table_entries",
		type: "gauge",
		labels: ["table"],
		help: "Entries of each bounded table: of sessions the tracked sessions, of label_sets those that labels.max-sets limits.",
	},
	tableCapacity: {
		name: "dnstt_exporter_table_capacity_entries",
		type: "gauge",
		labels: ["table"],
		help: "Capacity of each bounded table.",
	},
	tableEvicted: {
		name: "dnstt_exporter_table_evicted_total",
		type: "counter",
		labels: ["table"],
		help: "Entries evicted from each full table; for label_sets: lookups that found no room and returned asn=other.",
	},
	countryInfo: {
		name: "dnstt_country_info",
		type: "gauge",
		labels: ["country", "name"],
		help: "1 for each country that occurs, with its English name, to join on country.",
	},
	asnInfo: {
		name: "dnstt_asn_info",
		type: "gauge",
		labels: ["asn", "organization"],
		help: "1 for each network that occurs, with the organisation that runs it by the database, to join on asn.",
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
		help: "Replacements of a GeoIP database that are or were in use.",
	},
	geoipReloadFailures: {
		name: "dnstt_exporter_geoip_reload_failures_total",
		type: "counter",
		labels: ["database"],
		help: "Replacements of a GeoIP database that could not be used; the previous one stays in use.",
	},
	geoipLookupFailures: {
		name: "dnstt_exporter_geoip_lookup_failures_total",
		type: "counter",
		labels: ["database"],
		help: "Lookups that met a damaged record and returned unmapped.",
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

/** All label names that a metric can have, in their order. */
export function labelNames({ labels }: MetricEntry): readonly string[] {
	if (labels === "set") return ["domain", "country", "asn"];
	return labels === "country" ? ["domain", "country"] : labels;
}
