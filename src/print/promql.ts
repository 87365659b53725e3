/** Parts of the dashboard's queries. All hold for the chosen domains and hosts, and return 0 or nothing where nothing was, never NaN. */

import { catalog, type MetricEntry } from "../metrics/catalog.ts";

/** Grafana's variables; each may stand for several values, or for all. */
export const hosts = 'instance=~"$instance"';
const chosen = `domain=~"$domain",${hosts}`;

export const of = (metric: MetricEntry, suffix = "") => `${metric.name}${suffix}{${chosen}}`;
export const ofHosts = (metric: MetricEntry, more = "") => `${metric.name}{${hosts}${more}}`;
export const rateOf = (metric: MetricEntry, suffix = "") => `rate(${of(metric, suffix)}[$__rate_interval])`;

const by = (labels: string) => (labels === "" ? "" : ` by (${labels})`);
const queryRate = (labels: string) => `sum${by(labels)} (${rateOf(catalog.domainQueries)})`;

/** The rate of a counter. With a country database most have no series before the first query: they count 0 as long as the domain is watched. */
export function sumRate(metric: MetricEntry, labels = ""): string {
	const sum = `sum${by(labels)} (${rateOf(metric)})`;
	return typeof metric.labels === "string" ? `(${sum} or 0 * ${queryRate(labels)})` : sum;
}

/** A share of something; nothing where there is nothing to divide by. */
export const ratio = (part: string, whole: string) => `${part} / (${whole} > 0)`;

/** Active clients; nothing of a host whose capture is closed. */
export const activeClients = (labels = "") => `sum${by(labels)} (${of(catalog.domainActiveClients)})`;

/** A quantile of a histogram; nothing where it has no values. */
export function quantile(metric: MetricEntry, q: number, labels = ""): string {
	const les = labels === "" ? "le" : `${labels}, le`;
	return `histogram_quantile(${q}, sum by (${les}) (${rateOf(metric, "_bucket")})) >= 0`;
}

/** Rates by a label, those that are not 0; where all are, one series "none". */
export function ratesBy(label: string, rate: string): string {
	return `sum by (${label}) (${rate}) > 0 or on () label_replace(sum(${rate}) == 0, "${label}", "none", "", "")`;
}

/** Names of countries and networks, from series whose value is always 1; an exporter without those databases has none. */
const names = {
	country: { info: catalog.countryInfo.name, name: "name", unmapped: "ZZ", code: "$1" },
	asn: { info: catalog.asnInfo.name, name: "organization", unmapped: "0", code: "AS$1" },
} as const;

/** Adds the name of the country or network to each series: as a label, the code where no exporter knows a name. */
export function named(label: keyof typeof names, expr: string): string {
	const { info, name, unmapped, code } = names[label];
	// Of two hosts with different databases one name is as good as the other.
	const known = `(${expr}) * on (${label}) group_left (${name}) topk by (${label}) (1, max by (${label}, ${name}) (${info}))`;
	const replaced = [
		["without GeoIP", "", ""],
		[code, label, "(.+)"],
		["unknown", label, unmapped],
		["other networks", label, "other"],
	].reduce((inner, [to, from, regex]) => `label_replace(${inner}, "${name}", "${to}", "${from}", "${regex}")`, expr);
	return `${known} or on (${label}) ${replaced}`;
}
