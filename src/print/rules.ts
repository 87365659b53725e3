/** Recording rules and alerts for Prometheus, as data; printed as YAML. */

import { catalog } from "../metrics/catalog.ts";

export interface RecordingRule {
	readonly record: string;
	readonly expr: string;
}

export interface AlertingRule {
	readonly alert: string;
	readonly expr: string;
	/** How long it has to hold. */
	readonly for: string;
	readonly labels: { readonly severity: "critical" | "warning" };
	readonly annotations: { readonly summary: string; readonly description: string };
}

export interface RuleGroup {
	readonly name: string;
	readonly rules: readonly (RecordingRule | AlertingRule)[];
}

/** The job of the scrape configuration: `up` has no other label to know an exporter by. */
export const scrapeJob = "dnstt";

/** Below so many clients a day ago, half of them or a whole country may well be asleep. */
const clientsMin = 10;
const countryClientsMin = 5;

const rate = (name: string) => `sum by (domain) (rate(${name}[5m]))`;
/** A domain that nobody has asked for since the exporter's start has no label set: it counts 0, not nothing. */
const orZero = (expr: string) => `${expr} or 0 * max by (domain) (${catalog.domainPeakClients.name})`;

/** Records of a domain, over all its servers. Names are level:metric:operations, as Prometheus's own guide has it. */
const recorded = {
	activeClients: `domain:${catalog.activeClients.name}:sum`,
	countryClients: `domain_country:${catalog.activeClients.name}:sum`,
	queries: "domain:dnstt_queries:rate5m",
	capturingHosts: "domain:dnstt_capturing_hosts:count",
} as const;

const roundTripBuckets = `domain_le:${catalog.roundTrips.name}_bucket:rate5m`;
const quantile = (q: number): RecordingRule => ({
	record: `domain:${catalog.roundTrips.name}:p${q * 100}_5m`,
	expr: `histogram_quantile(${q}, ${roundTripBuckets})`,
});

const recordingRules: readonly RecordingRule[] = [
	{ record: recorded.activeClients, expr: orZero(`sum by (domain) (${catalog.activeClients.name})`) },
	{ record: recorded.countryClients, expr: `sum by (domain, country) (${catalog.activeClients.name})` },
	{ record: recorded.queries, expr: rate(catalog.domainQueries.name) },
	{
		record: recorded.capturingHosts,
		expr: `count by (domain) (${catalog.domainPeakClients.name} and on (job, instance) ${catalog.captureUp.name} == 1)`,
	},
	{ record: "domain:dnstt_bytes_in:rate5m", expr: rate(catalog.domainBytesIn.name) },
	{ record: "domain:dnstt_bytes_out:rate5m", expr: rate(catalog.domainBytesOut.name) },
	{ record: "domain:dnstt_packet_bytes_out:rate5m", expr: rate(catalog.packetBytesOut.name) },
	{ record: "domain:dnstt_sessions:rate5m", expr: rate(catalog.domainSessions.name) },
	{
		record: "domain:dnstt_retransmissions_out:ratio_rate5m",
		expr: `${rate(catalog.retransmissionsOut.name)} / (${rate(catalog.segmentsOut.name)} > 0)`,
	},
	{ record: roundTripBuckets, expr: `sum by (domain, le) (rate(${catalog.roundTrips.name}_bucket[5m]))` },
	quantile(0.5),
	quantile(0.95),
];

const hourYesterday = (name: string) => `avg_over_time(${name}[1h] offset 1d)`;

/**
 * Whether as many hosts of the domain capture as a day ago: clients that a dead host or a closed capture no longer shows are not
 * lost, and that has alerts of its own.
 */
const asManyHosts = `min_over_time(${recorded.capturingHosts}[1h]) >= max_over_time(${recorded.capturingHosts}[1h] offset 1d)`;

const alerts: readonly AlertingRule[] = [
	{
		alert: "DnsttExporterDown",
		expr: `up{job="${scrapeJob}"} == 0`,
		for: "5m",
		labels: { severity: "critical" },
		annotations: {
			summary: "The exporter on {{ $labels.instance }} is down",
			description:
				"Prometheus has got no metrics from {{ $labels.instance }} for 5 minutes: the host, the exporter or the way to it is down.",
		},
	},
	{
		alert: "DnsttCaptureDown",
		expr: `${catalog.captureUp.name} == 0`,
		for: "2m",
		labels: { severity: "critical" },
		annotations: {
			summary: "The exporter on {{ $labels.instance }} captures nothing",
			description:
				"The capture on interface {{ $labels.interface }} of {{ $labels.instance }} has been closed for 2 minutes; the exporter's log says why. " +
				"Its counts stand still meanwhile.",
		},
	},
	{
		alert: "DnsttKernelDrops",
		expr: `rate(${catalog.packetsDropped.name}{by="kernel"}[5m]) > 0`,
		for: "5m",
		labels: { severity: "warning" },
		annotations: {
			summary: "The exporter on {{ $labels.instance }} loses packets",
			description:
				"The kernel drops {{ $value | humanize }} packets a second on {{ $labels.interface }} of {{ $labels.instance }}, as the capture " +
				"buffer is full: counts are too low. Give capture.buffer-size more, or the host more processor.",
		},
	},
	{
		alert: "DnsttNoQueries",
		expr: `${recorded.queries} == 0`,
		for: "15m",
		labels: { severity: "critical" },
		annotations: {
			summary: "No queries for {{ $labels.domain }}",
			description:
				"None of the servers of {{ $labels.domain }} has seen a query for 15 minutes: look at the domain's NS records, the firewall and dnstt-server.",
		},
	},
	{
		alert: "DnsttActiveClientsHalved",
		expr:
			`avg_over_time(${recorded.activeClients}[1h]) < 0.5 * ${hourYesterday(recorded.activeClients)} ` +
			`and ${hourYesterday(recorded.activeClients)} >= ${clientsMin} and ${asManyHosts}`,
		for: "15m",
		labels: { severity: "warning" },
		annotations: {
			summary: "Less than half of yesterday's clients on {{ $labels.domain }}",
			description:
				"{{ $labels.domain }} had {{ $value | humanize }} active clients in the last hour, less than half of the same hour yesterday, " +
				"while as many hosts capture as then.",
		},
	},
	{
		alert: "DnsttCountryVanished",
		// A domain without any queries has an alert of its own, and an exporter that is down says nothing of countries.
		expr:
			`(${hourYesterday(`${recorded.countryClients}{country!~"|ZZ|other"}`)} >= ${countryClientsMin} ` +
			`unless max_over_time(${recorded.countryClients}[30m]) > 0) and on (domain) ${recorded.queries} > 0 and on (domain) ${asManyHosts}`,
		for: "15m",
		labels: { severity: "warning" },
		annotations: {
			summary: "All clients from {{ $labels.country }} are gone from {{ $labels.domain }}",
			description:
				"{{ $labels.domain }} had {{ $value | humanize }} active clients behind resolvers in {{ $labels.country }} in the same hour yesterday, " +
				"and none for 45 minutes, while others still come: the tunnel may be blocked there.",
		},
	},
];

export const ruleGroups: readonly RuleGroup[] = [
	{ name: "dnstt_records", rules: recordingRules },
	{ name: "dnstt_alerts", rules: alerts },
];

/** The rules as a file for Prometheus's rule_files, with a line feed at its end. */
export function prometheusRules(): string {
	const head = [
		"# Rules for Prometheus, as printed by: dnstt_exporter print prometheus-rules",
		`# The exporters are scraped under job_name: ${scrapeJob}. Names that start with domain: are sums over all servers of a domain.`,
	];
	return `${head.join("\n")}\n${Bun.YAML.stringify({ groups: ruleGroups }, null, 2)}\n`;
}
