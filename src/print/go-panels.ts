/** The 17 panels of the Go exporter's README, with its titles and words. The queries take the variables' several values. */

import { catalog } from "../metrics/catalog.ts";
import { one, type PanelSection } from "./panel-spec.ts";
import { of, rateOf } from "./promql.ts";

const active = of(catalog.activeClients);
const country = "{{country}}";
const asn = "AS{{asn}}";

export const goSection: PanelSection = {
	title: "As in the Go exporter's README",
	collapsed: true,
	panels: [
		{
			title: "Current active clients",
			description: "Current number of active DNSTT sessions for the selected domain.",
			...{ view: "number", unit: "short", width: 8 },
			queries: one(`sum(${active})`, "clients"),
		},
		{
			title: "Peak active clients",
			description: "Highest active DNSTT session count observed since the exporter started.",
			...{ view: "number", unit: "short", width: 8 },
			queries: one(`sum(${of(catalog.peakClients)})`, "clients"),
		},
		{
			title: "Total observed sessions",
			description: "Total unique DNSTT sessions observed since the exporter started.",
			...{ view: "number", unit: "short", width: 8 },
			queries: one(`sum(${of(catalog.sessions)})`, "sessions"),
		},
		{
			title: "Active clients by country",
			description: "Current active DNSTT sessions grouped by resolver country.",
			...{ view: "bars", unit: "short", width: 12 },
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
			...{ view: "bars", unit: "short", width: 12 },
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
			...{ view: "table", unit: "short", width: 12, height: 10 },
			queries: one(`sum by (country, asn) (${active})`, "Clients"),
			columns: { country: "Country", asn: "ASN" },
		},
		{
			title: "Top country/ASN pairs by active clients",
			description: "Country and ASN combinations with the most active DNSTT sessions right now.",
			...{ view: "bars", unit: "short", width: 12 },
			queries: one(`topk(20, sum by (country, asn) (${active}))`, `${country} ${asn}`),
		},
		{
			title: "DNS query rate",
			description: "Total observed DNSTT DNS queries per second for the selected domain.",
			...{ view: "lines", unit: "reqps", width: 8 },
			queries: one(`sum(${rateOf(catalog.queries)})`, "queries"),
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
			...{ view: "bars", unit: "reqps", width: 8, height: 8 },
			queries: one(`topk(10, sum by (asn) (${rateOf(catalog.queries)}))`, asn),
		},
		{
			title: "Inbound DNS traffic rate",
			description: "Bytes per second received in DNSTT DNS queries.",
			...{ view: "lines", unit: "Bps", width: 8 },
			queries: one(`sum(${rateOf(catalog.bytesIn)})`, "inbound"),
		},
		{
			title: "Outbound DNS traffic rate",
			description: "Bytes per second sent in DNSTT DNS responses.",
			...{ view: "lines", unit: "Bps", width: 8 },
			queries: one(`sum(${rateOf(catalog.bytesOut)})`, "outbound"),
		},
		{
			title: "DNS traffic rate by country",
			description: "Combined inbound and outbound DNSTT DNS bytes per second grouped by resolver country.",
			...{ view: "stacked", unit: "Bps", width: 8 },
			queries: one(`sum by (country) (${rateOf(catalog.bytesIn)} + ${rateOf(catalog.bytesOut)})`, country),
		},
		{
			title: "New session rate",
			description: "New DNSTT sessions observed per second.",
			...{ view: "lines", unit: "cps", width: 12 },
			queries: one(`sum(${rateOf(catalog.sessions)})`, "sessions"),
		},
		{
			title: "New session rate by country",
			description: "New DNSTT sessions per second grouped by resolver country.",
			...{ view: "stacked", unit: "cps", width: 12 },
			queries: one(`sum by (country) (${rateOf(catalog.sessions)})`, country),
		},
	],
};
