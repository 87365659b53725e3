/** Recording rules: a domain over all its hosts. Names are level:metric:operations, as Prometheus's own guide has it. */

import { catalog } from "../metrics/catalog.ts";

export interface RecordingRule {
	readonly record: string;
	readonly expr: string;
}

/** The job of the scrape configuration: `up` has no other label to know an exporter by. */
export const scrapeJob = "dnstt";
export const up = `up{job="${scrapeJob}"}`;

const active = catalog.activeClients.name;
const roundTrips = catalog.roundTrips.name;

export const recorded = {
	capturingHosts: "domain:dnstt_capturing_hosts:count",
	usualHosts: "domain:dnstt_capturing_hosts:max1h_max1d2d7d",
	countryHosts: "domain:dnstt_capturing_hosts_with_countries:count",
	usualCountryHosts: "domain:dnstt_capturing_hosts_with_countries:max1h_max1d2d7d",
	clients: `domain:${active}:sum`,
	hourlyClients: `domain:${active}:sum_avg1h`,
	usualClients: `domain:${active}:sum_avg1h_median1d2d7d`,
	hostHourlyClients: `domain_instance:${active}:avg1h`,
	usualClientsOfHostsNow: `domain:${active}_of_hosts_now:sum_avg1h_median1d2d7d`,
	countryClients: `domain_country:${active}:sum`,
	hourlyCountryClients: `domain_country:${active}:sum_avg1h`,
	usualCountryClients: `domain_country:${active}:sum_avg1h_median1d2d7d`,
	queries: "domain:dnstt_queries:rate5m",
	roundTripMedian: `domain:${roundTrips}:p50_5m`,
} as const;

/** Days ago that say what is usual at this hour. Of three, one with made-up clients or without data decides nothing. */
const days = [1, 2, 7] as const;

const rate = (name: string) => `sum by (domain) (rate(${name}[5m]))`;
/** Absent without a denominator, as everywhere: a ratio of nothing to nothing is no number. */
const ratio = (part: string, whole: string) => `${rate(part)} / (${rate(whole)} > 0)`;

/** The vectors of those days together, each with the label days. */
const ofDays = (expr: (days: number) => string) =>
	days.map((ago) => `label_replace(${expr(ago)}, "days", "${ago}", "", "")`).join(" or ");

/** The median over those days; a day on which there was nothing counts as 0. */
function median(labels: string, record: string): string {
	const anyDay = days.map((ago) => `${record} offset ${ago}d`).join(" or ");
	return `quantile by (${labels}) (0.5, ${ofDays((ago) => `(${record} offset ${ago}d or 0 * (${anyDay}))`)})`;
}

const mostHosts = (record: string) =>
	`max by (domain) (${ofDays((ago) => `max_over_time(${record}[1h] offset ${ago}d)`)})`;

const capturing = `${catalog.domainPeakClients.name} and on (job, instance) ${catalog.captureUp.name} == 1`;
/** The samples of hosts that have the domain now and have captured all that time. */
export const ofHostsNow = (samples: string, time: string) =>
	`${samples} and on (domain, job, instance) ${catalog.domainPeakClients.name} ` +
	`and on (job, instance) min_over_time(${catalog.captureUp.name}[${time}]) == 1 and on (job, instance) min_over_time(${up}[${time}]) == 1`;
/** How many samples an hour has in which anything was seen: what is absent in some of them had no clients then. */
const samples = `count_over_time(${recorded.capturingHosts}[1h])`;

const roundTripBuckets = `domain_le:${roundTrips}_bucket:rate5m`;
/** Absent without round trips: histogram_quantile returns NaN then, which no comparison lets through. */
const quantile = (q: number): RecordingRule => ({
	record: `domain:${roundTrips}:p${q * 100}_5m`,
	expr: `histogram_quantile(${q}, ${roundTripBuckets}) >= 0`,
});

export const recordingRules: readonly RecordingRule[] = [
	{ record: recorded.capturingHosts, expr: `count by (domain) (${capturing})` },
	{
		record: recorded.countryHosts,
		expr: `count by (domain) (${capturing} and on (job, instance) ${catalog.geoipBuildTime.name}{database="country"})`,
	},
	{ record: recorded.usualHosts, expr: mostHosts(recorded.capturingHosts) },
	{ record: recorded.usualCountryHosts, expr: mostHosts(recorded.countryHosts) },
	{ record: recorded.clients, expr: `sum by (domain) (${catalog.domainActiveClients.name})` },
	{ record: recorded.countryClients, expr: `sum by (domain, country) (${active}{country!=""})` },
	{
		record: recorded.hourlyClients,
		expr: `sum_over_time(${recorded.clients}[1h]) / on (domain) ${samples}`,
	},
	{
		record: recorded.hourlyCountryClients,
		expr: `sum_over_time(${recorded.countryClients}[1h]) / on (domain) group_left () ${samples}`,
	},
	{ record: recorded.usualClients, expr: median("domain", recorded.hourlyClients) },
	{
		record: recorded.hostHourlyClients,
		expr: `sum by (domain, job, instance) (avg_over_time(${catalog.domainActiveClients.name}[1h]))`,
	},
	{
		record: recorded.usualClientsOfHostsNow,
		expr: `sum by (domain) (${ofHostsNow(median("domain, job, instance", recorded.hostHourlyClients), "1h")})`,
	},
	{ record: recorded.usualCountryClients, expr: median("domain, country", recorded.hourlyCountryClients) },
	{ record: recorded.queries, expr: rate(catalog.domainQueries.name) },
	{ record: "domain:dnstt_bytes_in:rate5m", expr: rate(catalog.domainBytesIn.name) },
	{ record: "domain:dnstt_bytes_out:rate5m", expr: rate(catalog.domainBytesOut.name) },
	{ record: "domain:dnstt_packet_bytes_out:rate5m", expr: rate(catalog.packetBytesOut.name) },
	{ record: "domain:dnstt_sessions:rate5m", expr: rate(catalog.domainSessions.name) },
	{
		record: "domain:dnstt_unanswered_queries_per_queries:ratio_rate5m",
		expr: ratio(catalog.unanswered.name, catalog.domainQueries.name),
	},
	{
		record: "domain:dnstt_retransmissions_out_per_segments_out:ratio_rate5m",
		expr: ratio(catalog.retransmissionsOut.name, catalog.segmentsOut.name),
	},
	{ record: roundTripBuckets, expr: `sum by (domain, le) (rate(${roundTrips}_bucket[5m]))` },
	quantile(0.5),
	quantile(0.95),
];
