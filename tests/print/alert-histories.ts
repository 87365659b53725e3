/** Histories of hosts and the alerts that fire in each, by hand. Minute 0 is when what a history is about begins. */
import type { Minute } from "./fleet-history.ts";

/** How a host is at a minute; those from 0 on are after what the history is about. */
type HostPlan = (minute: number) => Minute;

/** Alerts that fire from minute 0 on, with the first minute and further labels. */
export type Fired = Readonly<Record<string, Readonly<{ after: number } & Record<string, string | number>>>>;

export interface History {
	readonly title: string;
	readonly hosts: Readonly<Record<string, HostPlan>>;
	readonly fires: Fired;
	/** The last minute at which each alert fires, of a history that has an end of its own. */
	readonly ends?: Readonly<Record<string, number>>;
	/** A minute at which all was well, where that just before minute 0 is not one. */
	readonly wellAt?: number;
}

const nothing: Minute = { clients: {}, up: null };
const healthy: Minute = { clients: { DE: 20, IR: 8 } };
const always =
	(state: Minute): HostPlan =>
	() =>
		state;
/** One state before, another from minute 0 on, and the first again from `until` on. */
const change =
	(before: Minute, after: Minute, until = Number.POSITIVE_INFINITY): HostPlan =>
	(minute) =>
		minute >= 0 && minute < until ? after : before;
const down: Minute = { clients: {}, up: false };
const closed = (state: Minute): Minute => ({ ...state, captureUp: false });

/** Clients that come and go, three at the most, and none at night; the same in every run. */
function smallTunnel(minute: number): Minute {
	const hour = Math.floor((((minute % 1_440) + 1_440) % 1_440) / 60);
	const noise = Math.abs(Math.sin(Math.floor(minute / 17) * 12.9898) * 43_758.5453) % 1;
	return { clients: { DE: hour < 8 ? 0 : Math.floor(noise * 4) }, queriesPerClient: 7 };
}

/** The history, all well again from `from` on. */
export const ended = (history: History, from: number): History => ({
	...history,
	hosts: Object.fromEntries(
		Object.entries(history.hosts).map(([name, plan]) => [
			name,
			(minute: number) => plan(minute < from ? minute : (history.wellAt ?? -1)),
		]),
	),
});
/** What fires without an end of its own, and was well before. */
export const endless = ({ fires, ends, hosts, wellAt = -1 }: History) =>
	Object.keys(fires).length > 0 && ends === undefined && hosts.a?.(wellAt).up !== null;

const one = (plan: HostPlan) => ({ a: plan });
const two = (a: HostPlan, b: HostPlan) => ({ a, b });
const fromStart = change(nothing, healthy);
const restarted =
	(from: number, minutes = 3): HostPlan =>
	(minute) =>
		minute >= from && minute < from + minutes ? down : healthy;

/** Hours of minutes: what needs no other day. */
export const hours: readonly History[] = [
	{ title: "a healthy host", hosts: one(always(healthy)), fires: {} },
	{ title: "an idle small tunnel", hosts: one((minute) => smallTunnel(minute + 480)), fires: {} },
	{ title: "a tunnel without any query", hosts: one(always({ clients: {} })), fires: {} },
	{
		title: "a first start, scraped before the exporter runs",
		hosts: one((minute) => (minute < 0 ? nothing : minute < 4 ? down : minute < 60 ? { clients: {} } : healthy)),
		fires: {},
	},
	{ title: "a first start amid traffic", hosts: one(fromStart), fires: {} },
	{
		title: "one of two hosts down",
		hosts: two(always(healthy), change(healthy, down)),
		fires: { "DnsttExporterDown b": { after: 5 } },
	},
	{
		title: "one of two hosts with a closed capture",
		hosts: two(always(healthy), change(healthy, closed(healthy))),
		fires: { "DnsttCaptureDown b": { after: 2, interface: "eth0" } },
	},
	{ title: "a planned restart of the only host", hosts: one(restarted(0)), fires: {} },
	{ title: "a planned restart of both hosts, one after the other", hosts: two(restarted(0), restarted(10)), fires: {} },
	// Its series end without the marks that a failed scrape leaves in a real Prometheus: promtool goes on with them for 5 minutes.
	{
		title: "the only host down",
		hosts: one(change(healthy, down)),
		fires: { "DnsttExporterDown a": { after: 5 }, DnsttDomainUnseen: { after: 15 } },
	},
	{
		title: "the only capture closed",
		hosts: one(change(healthy, closed(healthy))),
		fires: { "DnsttCaptureDown a": { after: 2, interface: "eth0" }, DnsttDomainUnseen: { after: 10 } },
	},
	{ title: "a capture that is closed for a minute", hosts: one(change(healthy, closed(healthy), 1)), fires: {} },
	{
		title: "four of five scrapes that fail",
		hosts: one((minute) => (minute >= 0 && minute % 5 !== 0 ? down : healthy)),
		fires: { "DnsttScrapesFail a": { after: 34 } },
	},
	{
		title: "the only host down for an hour",
		hosts: one(change(healthy, down, 60)),
		fires: { "DnsttExporterDown a": { after: 5 }, DnsttDomainUnseen: { after: 15 } },
	},
	{ title: "one of five scrapes that fails", hosts: one((minute) => (minute % 5 === 0 ? down : healthy)), fires: {} },
	{
		title: "a capture that fails every five minutes",
		hosts: one((minute) =>
			minute >= 0 && minute % 5 === 0 ? { ...healthy, growth: { captureReopened: 1 } } : healthy,
		),
		fires: { "DnsttCaptureFlaps a": { after: 10, interface: "eth0" } },
	},
	{
		title: "a capture that failed twice",
		hosts: one((minute) => (minute === 0 || minute === 10 ? { ...healthy, growth: { captureReopened: 1 } } : healthy)),
		fires: {},
	},
	{
		title: "a thousand packets that the kernel dropped",
		hosts: one(change(healthy, { ...healthy, growth: { packetsDropped: 1_000 } }, 1)),
		fires: { "DnsttKernelDrops a": { after: 0, interface: "eth0" } },
	},
	{
		title: "two packets that the kernel dropped",
		hosts: one(change(healthy, { ...healthy, growth: { packetsDropped: 2 } }, 1)),
		fires: {},
	},
	{
		title: "a dnstt-server that stops",
		hosts: one(change(healthy, { ...healthy, answered: 0 })),
		fires: { "DnsttServerSilent a": { after: 3 } },
	},
	{
		title: "a dnstt-server that never ran since the exporter's start",
		hosts: one(change(nothing, { ...healthy, answered: 0 })),
		fires: { "DnsttServerSilent a": { after: 3 } },
	},
	{
		title: "a dnstt-server that stops, one of two",
		hosts: two(always(healthy), change(healthy, { ...healthy, answered: 0 })),
		fires: { "DnsttServerSilent b": { after: 3 } },
	},
	{ title: "a dnstt-server that restarts", hosts: one(change(healthy, { ...healthy, answered: 0 }, 2)), fires: {} },
	{
		title: "a dnstt-server that answers half of the queries",
		hosts: one(change(healthy, { ...healthy, answered: 0.5 })),
		fires: {},
	},
	{
		title: "one query that stays unanswered after an idle hour",
		hosts: one((minute) =>
			minute < -60
				? healthy
				: minute === 0
					? { clients: { DE: 1 }, queriesPerClient: 1, answered: 0 }
					: { clients: { DE: 0 } },
		),
		fires: {},
	},
	{
		title: "a server that refuses a fifth of the queries",
		hosts: one(change(healthy, { ...healthy, formerr: 0.2 })),
		fires: { "DnsttFormerr a": { after: 12 } },
	},
	{
		title: "a server that refuses a few of few queries",
		hosts: one(change({ clients: { DE: 0 } }, { clients: { DE: 1 }, queriesPerClient: 10, formerr: 0.5 }, 9)),
		fires: {},
	},
	{
		title: "a reload that fails",
		hosts: one(change(healthy, { ...healthy, gauges: { configReloadSuccessful: 0 } })),
		fires: { "DnsttReloadFailed a": { after: 5 } },
	},
	{
		title: "a reload that fails and is repeated",
		hosts: one(change(healthy, { ...healthy, gauges: { configReloadSuccessful: 0 } }, 4)),
		fires: {},
	},
	{
		title: "a GeoIP file that cannot be used",
		hosts: one(change(healthy, { ...healthy, growth: { geoipReloadFailures: 1 } }, 1)),
		fires: { "DnsttGeoipReloadFailed a": { after: 0, database: "country" } },
	},
	{
		title: "a GeoIP database that is 61 days old, and replaced",
		hosts: one((minute) => ({ ...healthy, gauges: { geoipBuildTime: (minute < 45 ? -61 : -1) * 86_400 } })),
		fires: { "DnsttGeoipOld a": { after: 0, database: "country" } },
		ends: { "DnsttGeoipOld a": 44 },
	},
	{
		title: "a GeoIP database that is 59 days old",
		hosts: one(always({ ...healthy, gauges: { geoipBuildTime: -59 * 86_400 } })),
		fires: {},
	},
	{
		title: "sessions and waiting queries that are evicted",
		hosts: one(change(healthy, { ...healthy, growth: { evicted: 500 } })),
		fires: { "DnsttTableEvictions a": { after: 0, table: "sessions" } },
	},
	{
		title: "waiting queries that are evicted",
		hosts: one(change(healthy, { ...healthy, growth: { waitingEvicted: 500 } })),
		fires: { "DnsttTableEvictions a": { after: 0, table: "waiting_queries" } },
	},
	{
		title: "label sets at their limit",
		hosts: one(change(healthy, { ...healthy, labelSets: 10_000 })),
		fires: { "DnsttLabelSetsFull a": { after: 15, table: "label_sets" } },
	},
	{
		title: "label sets one below their limit",
		hosts: one(change(healthy, { ...healthy, labelSets: 9_999 })),
		fires: {},
	},
	{
		title: "a certificate with six days left, and renewed",
		hosts: one((minute) => ({ ...healthy, gauges: { certificateNotAfter: (minute < 45 ? 6 : 90) * 86_400 } })),
		fires: { "DnsttCertificateEnds a": { after: 0 } },
		ends: { "DnsttCertificateEnds a": 44 },
	},
	{
		title: "a certificate with eight days left",
		hosts: one(always({ ...healthy, gauges: { certificateNotAfter: 8 * 86_400 } })),
		fires: {},
	},
];

/** From three hours before minute 0 to six hours after it, today and on the days that rules look at: what else Prometheus has matters to no alert but those that say so. */
export const [dayStart, dayEnd] = [-180, 360];
const isNear = (minute: number) => minute >= dayStart && minute <= dayEnd;
const around =
	(plan: HostPlan): HostPlan =>
	(minute) =>
		[7, 2, 1, 0].some((ago) => isNear(minute + ago * 1_440)) ? plan(minute) : nothing;
const lately = (plan: HostPlan) => one(around(plan));
const latelyTwo = (a: HostPlan, b: HostPlan) => two(around(a), around(b));
/** One state until an hour before minute 0, and another from then on. */
const hourBefore =
	(before: Minute, after: Minute): HostPlan =>
	(minute) =>
		minute >= -60 ? after : before;
const clients = (count: Readonly<Record<string, number>>): Minute => ({ clients: count });
const isYesterday = (minute: number) => isNear(minute + 1_440);

/** Days: what looks at other days. Evaluated every ten minutes, so that an alert fires up to ten minutes late. */
export const days: readonly History[] = [
	{ title: "two healthy hosts for days", hosts: latelyTwo(always(healthy), always(healthy)), fires: {} },
	{ title: "an idle small tunnel for days", hosts: one(smallTunnel), fires: {} },
	{ title: "a first start without any past", hosts: lately(fromStart), fires: {} },
	{
		title: "a first start whose clients leave after an hour",
		hosts: lately((minute) => (minute < 0 ? nothing : minute < 60 ? healthy : clients({ DE: 0, IR: 0 }))),
		fires: {},
	},
	{
		title: "one of two hosts down, with most of the clients",
		hosts: latelyTwo(always(clients({ DE: 5 })), change(clients({ DE: 20, IR: 8 }), down)),
		fires: { "DnsttExporterDown b": { after: 10 } },
	},
	{
		title: "one of two captures closed, with most of the clients",
		hosts: latelyTwo(
			always(clients({ DE: 5 })),
			change(clients({ DE: 20, IR: 8 }), closed(clients({ DE: 20, IR: 8 }))),
		),
		fires: { "DnsttCaptureDown b": { after: 10, interface: "eth0" } },
	},
	{
		title: "one dead host of three, with most of the clients",
		hosts: {
			...latelyTwo(always(clients({ DE: 5 })), always(clients({ DE: 5 }))),
			c: around(change(clients({ DE: 20, IR: 8 }), nothing)),
		},
		fires: {},
	},
	{
		title: "a drained host, whose clients moved to another",
		hosts: latelyTwo(
			change(clients({ DE: 3, IR: 0 }), clients({ DE: 23, IR: 8 })),
			change(clients({ DE: 20, IR: 8 }), clients({ DE: 0, IR: 0 })),
		),
		fires: { "DnsttHostWithoutQueries b": { after: 40 } },
	},
	{
		title: "a host that was taken out, whose clients moved to the other",
		hosts: latelyTwo(change(clients({ DE: 12 }), clients({ DE: 32 })), change(clients({ DE: 20 }), nothing)),
		fires: {},
	},
	{
		title: "less than half of the clients, an hour after another host was taken out",
		hosts: latelyTwo(change(clients({ DE: 30 }), clients({ DE: 4 })), hourBefore(clients({ DE: 10 }), nothing)),
		fires: { DnsttActiveClientsHalved: { after: 60 } },
	},
	{
		title: "less than half of the clients, an hour after the domain was taken out of another host's configuration",
		hosts: latelyTwo(
			change(clients({ DE: 30 }), clients({ DE: 4 })),
			hourBefore(clients({ DE: 10 }), { clients: {}, hasDomain: false }),
		),
		fires: { DnsttActiveClientsHalved: { after: 60 } },
	},
	{
		title: "less than half of the clients, while the capture of another host is closed",
		hosts: latelyTwo(
			change(clients({ DE: 30 }), clients({ DE: 4 })),
			change(clients({ DE: 10 }), closed(clients({ DE: 10 }))),
		),
		fires: {
			"DnsttCaptureDown b": { after: 10, interface: "eth0" },
			DnsttActiveClientsHalved: { after: 70 },
		},
	},
	{
		title: "no queries any more, an hour after another host was taken out",
		hosts: latelyTwo(change(clients({ DE: 30 }), clients({ DE: 0 })), hourBefore(clients({ DE: 10 }), nothing)),
		fires: { DnsttNoQueries: { after: 20 }, DnsttActiveClientsHalved: { after: 50 } },
	},
	{
		title: "no queries any more, while another host is down",
		hosts: latelyTwo(change(clients({ DE: 30 }), clients({ DE: 0 })), change(clients({ DE: 10 }), down)),
		fires: {
			"DnsttExporterDown b": { after: 10 },
			DnsttNoQueries: { after: 20 },
			DnsttActiveClientsHalved: { after: 60 },
		},
	},
	{
		title: "no queries any more on a host with few clients, while another host is down",
		hosts: latelyTwo(change(clients({ DE: 3 }), clients({ DE: 0 })), change(clients({ DE: 20 }), down)),
		fires: { "DnsttExporterDown b": { after: 10 } },
	},
	{
		title: "one of two hosts, with most of the clients, down for 50 minutes",
		hosts: latelyTwo(always(clients({ DE: 5 })), change(clients({ DE: 100 }), down, 50)),
		fires: { "DnsttExporterDown b": { after: 10 } },
	},
	{ title: "a planned restart after days", hosts: lately(restarted(0)), fires: {} },
	{ title: "a planned restart of both hosts after days", hosts: latelyTwo(restarted(0), restarted(10)), fires: {} },
	{
		title: "yesterday without data",
		hosts: lately((minute) => (isYesterday(minute) ? nothing : healthy)),
		fires: {},
	},
	{
		title: "an hour of made-up clients yesterday",
		hosts: lately((minute) =>
			isYesterday(minute) && minute < -1_440 + 60 ? clients({ DE: 500, IR: 8, XX: 500 }) : healthy,
		),
		fires: {},
	},
	{
		title: "GeoIP that was taken away",
		hosts: lately(change(healthy, clients({ "": 28 }))),
		fires: {},
	},
	{
		title: "GeoIP that was taken away on the one of two hosts that serves the country",
		hosts: latelyTwo(always(clients({ DE: 20 })), change(healthy, clients({ "": 28 }))),
		fires: {},
	},
	{
		title: "no queries any more",
		hosts: lately(change(healthy, clients({ DE: 0, IR: 0 }))),
		fires: { DnsttNoQueries: { after: 20 }, DnsttActiveClientsHalved: { after: 50 } },
	},
	{
		title: "no queries at night by a tunnel of three",
		hosts: lately((minute) => (minute < -1_440 + 60 || minute < 0 ? clients({ DE: 3 }) : clients({ DE: 0 }))),
		fires: {},
	},
	{
		title: "no queries for a day by a tunnel of three, and then some",
		hosts: one((minute) =>
			minute < -2 * 1_440 ? nothing : minute < -1_440 || minute >= 100 ? clients({ DE: 3 }) : clients({ DE: 0 }),
		),
		fires: { DnsttNoQueriesForADay: { after: 30 } },
		ends: { DnsttNoQueriesForADay: 90 },
	},
	{
		title: "less than half of the usual clients",
		hosts: lately(change(clients({ DE: 20 }), clients({ DE: 9 }))),
		fires: { DnsttActiveClientsHalved: { after: 80 } },
	},
	{
		title: "half of the usual clients",
		hosts: lately(change(clients({ DE: 20 }), clients({ DE: 10 }))),
		fires: {},
	},
	{
		title: "few clients that leave",
		hosts: lately(change(clients({ DE: 9 }), clients({ DE: 1 }))),
		fires: {},
	},
	{
		title: "clients that are lost on all of two hosts",
		hosts: latelyTwo(change(clients({ DE: 20 }), clients({ DE: 4 })), change(clients({ DE: 20 }), clients({ DE: 4 }))),
		fires: { DnsttActiveClientsHalved: { after: 60 } },
	},
	{
		title: "less than half of the clients, and yesterday without data",
		hosts: lately((minute) => (isYesterday(minute) ? nothing : minute < 0 ? clients({ DE: 20 }) : clients({ DE: 4 }))),
		fires: { DnsttActiveClientsHalved: { after: 60 } },
	},
	{
		title: "less than half of the clients since yesterday",
		hosts: lately((minute) => (minute < -1_440 - 120 ? clients({ DE: 20 }) : clients({ DE: 4 }))),
		fires: { DnsttActiveClientsHalved: { after: 0 } },
		wellAt: -2 * 1_440,
	},
	{
		title: "a country whose clients are gone",
		hosts: lately(change(healthy, clients({ DE: 20, IR: 0 }))),
		fires: { DnsttCountryVanished: { after: 50, country: "IR" } },
	},
	{
		title: "a country that an exporter no longer knows after a restart",
		hosts: lately(change(healthy, clients({ DE: 20 }))),
		fires: { DnsttCountryVanished: { after: 60, country: "IR" } },
	},
	{
		title: "a country that is blocked since yesterday",
		hosts: lately((minute) => (minute < -1_440 - 120 ? healthy : clients({ DE: 20 }))),
		fires: { DnsttCountryVanished: { after: 0, country: "IR" } },
		wellAt: -2 * 1_440,
	},
	{
		title: "a country with one client left",
		hosts: lately(change(healthy, clients({ DE: 20, IR: 1 }))),
		fires: {},
	},
	{
		title: "a country that had few clients",
		hosts: lately(change(clients({ DE: 20, IR: 4 }), clients({ DE: 20 }))),
		fires: {},
	},
	{
		title: "a country that had many clients for five minutes of each hour",
		hosts: lately((minute) => (minute < 0 && minute % 60 >= -5 ? clients({ DE: 20, IR: 12 }) : clients({ DE: 20 }))),
		fires: {},
	},
	{
		title: "resolvers without a country",
		hosts: lately(change(clients({ DE: 20, ZZ: 8 }), clients({ DE: 20 }))),
		fires: {},
	},
	{
		title: "one of several hosts without queries",
		hosts: latelyTwo(always(clients({ DE: 40 })), change(clients({ DE: 12 }), clients({ DE: 0 }))),
		fires: { "DnsttHostWithoutQueries b": { after: 40 } },
	},
	{
		title: "one of several hosts, with few clients, without queries",
		hosts: latelyTwo(always(clients({ DE: 40 })), change(clients({ DE: 3 }), clients({ DE: 0 }))),
		fires: {},
	},
	{
		title: "round trips that became slow",
		hosts: lately(change({ ...healthy, roundTrip: 0.1 }, { ...healthy, roundTrip: 1 })),
		fires: { DnsttRoundTripsSlow: { after: 50 } },
	},
	{
		title: "round trips that were always slow",
		hosts: lately(always({ ...healthy, roundTrip: 1 })),
		fires: {},
	},
];
