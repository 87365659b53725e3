/** Alerts: what takes the tunnel, or all sight of it, away is critical; everything else is a warning. */

import { catalog } from "../metrics/catalog.ts";
import { ofHostsNow, recorded, scrapeJob, up } from "./recording-rules.ts";

export interface AlertingRule {
	readonly alert: string;
	readonly expr: string;
	/** How long it has to hold. */
	readonly for: string;
	readonly labels: { readonly severity: "critical" | "warning" };
	readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}

/** What to do, relative to the README's folder: the rules are of every copy of the repository. */
const runbook = "README.md#conditions-and-what-to-do";

/** With fewer clients at this hour, half of them, a whole country or all may be asleep. */
const clientsMin = 10;
const countryClientsMin = 5;
const allClientsMin = 5;
/** Fewer queries may all have lost their responses on the way. */
const silentQueriesMin = 10;
/** In 15 minutes; fewer change no count visibly. */
const dropsMax = 100;
const evictionsMax = 100;
const daySeconds = 86_400;

const host = "{{ $labels.instance }}";
const domain = "{{ $labels.domain }}";
const capturing = `on (job, instance) ${catalog.captureUp.name} == 1`;

/** Clients that a dead host or a closed capture no longer shows are not lost; those have alerts of their own. */
const allHosts = `on (domain) min_over_time(${recorded.capturingHosts}[1h]) >= ${recorded.usualHosts}`;
/** Of fewer hosts than usual, what these had themselves: one that was taken out for good mutes nothing. */
const usualClients = `(${recorded.usualClients} and ${allHosts} or ${recorded.usualClientsOfHostsNow})`;
/** Now as well: a host that lost its database has no samples any more, and the least of those before is no less. */
const allCountryHosts =
	`on (domain) ${recorded.countryHosts} >= ${recorded.usualCountryHosts} ` +
	`and on (domain) min_over_time(${recorded.countryHosts}[1h]) >= ${recorded.usualCountryHosts}`;

function alert(
	name: string,
	severity: "critical" | "warning",
	minutes: number,
	expr: string,
	[summary, description]: readonly [summary: string, description: string],
): AlertingRule {
	return {
		alert: name,
		expr,
		for: `${minutes}m`,
		labels: { severity },
		annotations: { summary, description, runbook_url: runbook },
	};
}

/** Nobody sees the tunnel, or a host of it. */
const sightAlerts: readonly AlertingRule[] = [
	alert("DnsttNoExporter", "critical", 5, `absent(${up} == 1)`, [
		"No dnstt exporter can be scraped",
		`For 5 minutes Prometheus has had metrics from no exporter of the job ${scrapeJob}: all are down, cannot be reached, or are not in the scrape configuration.`,
	]),
	alert(
		"DnsttDomainUnseen",
		"critical",
		10,
		`last_over_time(${recorded.capturingHosts}[6h]) unless ${recorded.capturingHosts}`,
		[
			`No host captures the queries of ${domain}`,
			`For 10 minutes no exporter that watches ${domain} has been up with an open capture: nobody knows how the tunnel is. The alert ends after 6 hours if the domain is no longer in use.`,
		],
	),
	alert("DnsttExporterDown", "warning", 5, `${up} == 0`, [
		`The exporter on ${host} is down`,
		`Prometheus has received no metrics from ${host} for 5 minutes: the host, the exporter or the way to it is down.`,
	]),
	alert("DnsttScrapesFail", "warning", 15, `avg_over_time(${up}[30m]) < 0.5 and max_over_time(${up}[5m]) == 1`, [
		`Most scrapes of ${host} fail`,
		`Only {{ $value | humanizePercentage }} of the scrapes of ${host} in the last 30 minutes succeeded: the way to it loses packets, or it takes longer than scrape_timeout.`,
	]),
	alert("DnsttCaptureDown", "warning", 2, `${catalog.captureUp.name} == 0`, [
		`The exporter on ${host} captures nothing`,
		`The capture on interface {{ $labels.interface }} of ${host} has been closed for 2 minutes; the exporter's log says why. Its counts stand still meanwhile.`,
	]),
	alert("DnsttCaptureFlaps", "warning", 0, `increase(${catalog.captureReopened.name}[30m]) >= 3`, [
		`The capture on ${host} keeps failing`,
		`The capture on interface {{ $labels.interface }} of ${host} was reopened {{ $value | humanize }} times in 30 minutes; the exporter's log says why. What came in between is not counted.`,
	]),
	alert("DnsttKernelDrops", "warning", 0, `increase(${catalog.packetsDropped.name}{by="kernel"}[15m]) > ${dropsMax}`, [
		`The exporter on ${host} loses packets`,
		`The kernel dropped {{ $value | humanize }} packets of interface {{ $labels.interface }} of ${host} in 15 minutes, as the capture buffer was full: counts are too low. Raise capture.buffer-size.`,
	]),
];

const perHost = (expr: string) => `sum by (domain, job, instance) (${expr})`;
const responses = catalog.responses.name;
const [lastQuery, lastResponse] = [catalog.lastQuery.name, catalog.lastResponse.name];

/** The tunnel does not work, or not well. */
const tunnelAlerts: readonly AlertingRule[] = [
	alert(
		"DnsttServerSilent",
		"critical",
		2,
		`(${lastQuery} - ${lastResponse} > 60 or ${lastQuery} unless ${lastResponse}) ` +
			`and on (domain, job, instance) ${perHost(`increase(${catalog.domainQueries.name}[5m])`)} >= ${silentQueriesMin} and ${capturing}`,
		[
			`dnstt-server on ${host} does not respond to queries for ${domain}`,
			`Queries for ${domain} come in on ${host}, but no response has gone out for more than 2 minutes: dnstt-server is down or hangs, or its responses leave by an interface that is not captured.`,
		],
	),
	alert(
		"DnsttNoQueries",
		"critical",
		10,
		`${recorded.queries} == 0 and (${recorded.hourlyClients} offset 1d >= ${allClientsMin} ` +
			`and min_over_time(${recorded.capturingHosts}[15m]) >= max_over_time(${recorded.capturingHosts}[1h] offset 1d) ` +
			`or sum by (domain) (${ofHostsNow(`${recorded.hostHourlyClients} offset 1d`, "15m")}) >= ${allClientsMin})`,
		[
			`No queries for ${domain}`,
			`No host of ${domain} has received a query for 15 minutes, though there were clients at this hour yesterday, on as many hosts or on those that capture now: look at the domain's NS records and the firewall.`,
		],
	),
	alert(
		"DnsttNoQueriesForADay",
		"warning",
		15,
		`max_over_time(${recorded.queries}[1d]) == 0 and max_over_time(${recorded.queries}[1d] offset 1d) > 0 ` +
			`and min_over_time(${recorded.capturingHosts}[1d]) >= max_over_time(${recorded.capturingHosts}[1d] offset 1d)`,
		[
			`No queries for ${domain} for a day`,
			`No host of ${domain} has received a query for a day, though all capture and there were some the day before: look at the domain's NS records and the firewall.`,
		],
	),
	alert(
		"DnsttHostWithoutQueries",
		"warning",
		15,
		`${perHost(`increase(${catalog.domainQueries.name}[15m])`)} == 0 ` +
			`and ${recorded.hostHourlyClients} offset 1d >= ${clientsMin} and on (domain) ${recorded.queries} > 0 ` +
			`and on (job, instance) min_over_time(${catalog.captureUp.name}[15m]) == 1`,
		[
			`No queries for ${domain} on ${host}`,
			`${host} has received no query for ${domain} for 30 minutes, while other hosts do and it had clients at this hour yesterday: look at its NS record and its firewall.`,
		],
	),
	alert(
		"DnsttActiveClientsHalved",
		"warning",
		15,
		`${recorded.hourlyClients} < 0.5 * (${usualClients} >= ${clientsMin})`,
		[
			`Less than half of the usual clients on ${domain}`,
			`${domain} had {{ $value | humanize }} active clients in the last hour, less than half of the usual at this hour (the median of 1, 2 and 7 days ago). Where fewer hosts capture than then, it is what these had.`,
		],
	),
	alert(
		"DnsttCountryVanished",
		"warning",
		15,
		`(${recorded.usualCountryClients}{country!~"ZZ|other"} >= ${countryClientsMin} unless max_over_time(${recorded.countryClients}[30m]) > 0) ` +
			`and on (domain) ${recorded.queries} > 0 and ${allCountryHosts}`,
		[
			`All clients from {{ $labels.country }} are gone from ${domain}`,
			`${domain} usually has {{ $value | humanize }} active clients with resolvers in {{ $labels.country }} at this hour (the median of 1, 2 and 7 days ago), and has had none for 45 minutes, while others still come: the tunnel may be blocked there.`,
		],
	),
	alert(
		"DnsttFormerr",
		"warning",
		5,
		`${perHost(`increase(${responses}{rcode="FORMERR"}[15m])`)} / (${perHost(`increase(${responses}[15m])`)} >= 100) > 0.1`,
		[
			`dnstt-server on ${host} refuses queries for ${domain}`,
			`{{ $value | humanizePercentage }} of the responses for ${domain} on ${host} in 15 minutes are FORMERR: resolvers take less than the server's -mtu, and dnstt.mtu is smaller than that. Choose a smaller -mtu.`,
		],
	),
	alert(
		"DnsttRoundTripsSlow",
		"warning",
		15,
		`avg_over_time(${recorded.roundTripMedian}[1h]) > 0.3 and avg_over_time(${recorded.roundTripMedian}[1h]) > 2 * avg_over_time(${recorded.roundTripMedian}[1h] offset 7d) ` +
			`and ${recorded.hourlyClients} >= ${clientsMin} and ${recorded.hourlyClients} offset 7d >= ${clientsMin} and ${allHosts}`,
		[
			`Round trips of ${domain} are slow`,
			`Half of the round trips of ${domain} in the last hour took longer than {{ $value | humanizeDuration }}, more than twice the same hour a week ago.`,
		],
	),
];

const tables = `${catalog.tableEvicted.name}{table=~"sessions|waiting_queries"}`;
const labelSets = (name: string) => `${name}{table="label_sets"}`;

/** The exporter needs something. */
const upkeepAlerts: readonly AlertingRule[] = [
	alert("DnsttReloadFailed", "warning", 5, `${catalog.configReloadSuccessful.name} == 0`, [
		`${host} runs with an old configuration`,
		`The last reload of the configuration on ${host} failed; the exporter's log says why. The configuration before stays in force.`,
	]),
	alert("DnsttGeoipReloadFailed", "warning", 0, `increase(${catalog.geoipReloadFailures.name}[6h]) > 0`, [
		`A GeoIP database on ${host} cannot be read`,
		`In the last 6 hours the {{ $labels.database }} database on ${host} was replaced with a file that could not be used; the exporter's log says why. The one before stayed in use.`,
	]),
	// A file of one's own making may say no build time.
	alert("DnsttGeoipOld", "warning", 60, `time() - (${catalog.geoipBuildTime.name} != 0) > ${60 * daySeconds}`, [
		`A GeoIP database on ${host} is old`,
		`The {{ $labels.database }} database on ${host} was built {{ $value | humanizeDuration }} ago: resolvers have changed their countries and networks since. Download a new one.`,
	]),
	// The other tables are caches: once full, each new entry evicts one.
	alert("DnsttTableEvictions", "warning", 0, `increase(${tables}[15m]) > ${evictionsMax}`, [
		`A table of the exporter on ${host} is full`,
		`The table {{ $labels.table }} on ${host} evicted {{ $value | humanize }} entries in 15 minutes: its counts are wrong. A flood, or too small a session.max-tracked.`,
	]),
	alert(
		"DnsttLabelSetsFull",
		"warning",
		15,
		`${labelSets(catalog.tableEntries.name)} >= ${labelSets(catalog.tableCapacity.name)}`,
		[
			`The exporter on ${host} has no room for more networks`,
			`On ${host} new networks count as asn="other": {{ $value | humanize }} label sets are as many as labels.max-sets allows. A flood of spoofed addresses, or raise it.`,
		],
	),
	alert("DnsttCertificateEnds", "warning", 60, `${catalog.certificateNotAfter.name} - time() < ${7 * daySeconds}`, [
		`The certificate of ${host} is about to expire`,
		`The TLS certificate of the exporter on ${host} expires in {{ $value | humanizeDuration }}; scrapes fail afterwards. A new file is picked up by itself.`,
	]),
];

export const alerts: readonly AlertingRule[] = [...sightAlerts, ...tunnelAlerts, ...upkeepAlerts];
