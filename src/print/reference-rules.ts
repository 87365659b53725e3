/** Rules that hold for several keys or metrics, as the reference and the manual page state them. Names are between backticks. */

import { configKeys } from "../config/keys.ts";

const appliedAtOnce = configKeys
	.filter(({ reload }) => reload)
	.map(({ name }) => `\`${name}\``)
	.join(", ");

/** Rules of the configuration's keys. */
export const keyRules: readonly string[] = [
	"Unknown names and bad values are refused; the message has what is expected and, for a near miss, the name that was probably meant.",
	"`dnstt.domain` or `vaydns.domain` is required, except by `demo`; both kinds of tunnels may be watched on one host. `dnstt.port` holds the ports of both.",
	"In the file, an element of `vaydns.domain` may be an object with `name` and its own `record-type`, `clientid-size` and `mtu`; a domain without them has those of `vaydns`.",
	"A VayDNS session is a client id. Two clients that share an id count as one: of n active clients about n² / (2 · 256^size) are missed, where size is `clientid-size`: of 1,000 about 8 with the default of 2 bytes, none with 4.",
	"With record types that resolvers ask for when they minimise names (`a`, `ns`), a VayDNS server takes their probes for queries if they decode, and so does the exporter.",
	`SIGHUP reads the configuration again. At once apply ${appliedAtOnce}; the log lists other changed keys, which need a restart. A bad file, or a capture that cannot be opened, changes nothing and sets \`dnstt_exporter_config_last_reload_successful\` to 0.`,
	"GeoIP databases and certificates that are replaced on disk are in use within ten seconds, without a signal. A database that is cut off, or whose records hold no value for its key, is refused, and the one before stays in use. The log warns a week before the certificate expires.",
	"One GeoIP file may serve both keys: it is in memory once.",
];

/** Rules of the metrics and their labels. */
export const metricRules: readonly string[] = [
	'The label `country` is there with a country database only, `asn` with an ASN database only. Unmapped is `country="ZZ"` and `asn="0"`.',
	"A label set is a domain with a country and a network. Without databases every domain has all its series from the start at 0; with one, those of a country or network begin with its first query.",
	'Beyond `labels.max-sets` new networks count as `asn="other"`; the country stays. From then on, until two hours after there was room for all, a label set without clients and without a query for an hour is dropped: its series end, and its counts are added to those of its country and `asn="other"`, so that the sums of a domain and of a country never fall.',
	"Metrics count dnstt and VayDNS alike; `domain` distinguishes them, and `dnstt_tunnel_info` has the format of each.",
	"`process_*` metrics are those of every Prometheus client.",
	"Counting continues during a scrape, so values within one scrape can differ by a few packets.",
	"A client is a client id: a run of dnstt-client, not a person. It is active for `session.active-window` after its latest query, in the label set of the resolver that carried it.",
	"Country and network are those of the resolver, not of its user: users of a public resolver count where that resolver is.",
	"A copy of a query or response on another interface of the host (bridge, veth, docker0) counts once. Messages that the kernel joined into one frame count one by one.",
	"Round trips come from the time stamps that clients acknowledge, retransmissions from sequence numbers, those of clients from time stamps as well; KCP's headers are not encrypted. Retransmissions of clients are a lower bound: packets lost before the server are never seen.",
	"A message in IP fragments counts by its first, with its full length. Packets and segments in later fragments of a response are missing; a query whose OPT record is in a later fragment counts as one of the server's `-mtu`.",
	"To show the names of networks: `sum by (instance, asn) (dnstt_active_clients) * on (instance, asn) group_left (organization) dnstt_asn_info`. Names end at 80 characters.",
	"On a mirror port a frame that is shown twice counts once by its IPv4 id. IPv6 has no such id, and some IPv4 datagrams have 0: there let the mirror port show one direction of each link.",
	"On `any`, queries that leave the host do not count: `direction` in `dnstt_exporter_unrelated_packets_total`. To watch a resolver here that asks a server elsewhere, set `capture.interface`.",
	"PPPoE and MPLS are read on the Ethernet interface itself (live, up to two MPLS labels); on `any`, PPPoE counts where its packets cross `ppp0`.",
	"The content of the tunnel is encrypted and never read.",
];
