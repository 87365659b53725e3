/** What Prometheus would have scraped of hosts over days, minute by minute, as promtool's input series. */
import { catalog, type MetricKey } from "../../src/metrics/catalog.ts";
import { scrapeJob } from "../../src/print/alerts.ts";

export interface InputSeries {
	readonly series: string;
	/** promtool's notation: `0+10x5` is 0, 10, ... 50; `_` is no sample; `0x5` is 0 six times. */
	readonly values: string;
}

/** How a host is in one minute. */
export interface Minute {
	/** Clients by country; "" of an exporter without a country database. */
	readonly clients: Readonly<Record<string, number>>;
	/** Queries of one client in this minute; 60 unless said otherwise. */
	readonly queriesPerClient?: number;
	/** Share of the queries that the server answers, and that it answers FORMERR; 1 and 0 unless said otherwise. */
	readonly answered?: number;
	readonly formerr?: number;
	/** Round trip time in seconds. */
	readonly roundTrip?: number;
	/** What the scrape comes to; null where Prometheus itself did not scrape. */
	readonly up?: boolean | null;
	readonly captureUp?: boolean;
	/** Gauges that are not 0, and what the counters grow by in this minute. */
	readonly gauges?: Readonly<
		Partial<Record<"configReloadSuccessful" | "certificateNotAfter" | "geoipBuildTime", number>>
	>;
	readonly growth?: Readonly<
		Partial<Record<"packetsDropped" | "captureReopened" | "geoipReloadFailures" | "evicted" | "waitingEvicted", number>>
	>;
	readonly labelSets?: number;
}

export const domain = "t.example.com";
const bucketBounds = [0.064, 0.128, 0.256, 0.512, 1.024, Number.POSITIVE_INFINITY];
const le = (bound: number) => (bound === Number.POSITIVE_INFINITY ? "+Inf" : String(bound));

/** A run of equal steps in promtool's notation. */
function encoded(values: readonly (number | null)[]): string {
	const words: string[] = [];
	for (let at = 0; at < values.length; ) {
		const first = values[at] ?? null;
		let end = at + 1;
		if (first === null) {
			while (end < values.length && values[end] === null) end++;
			words.push(`_x${end - at}`);
		} else {
			const step = values[end] === null || end === values.length ? 0 : (values[end] as number) - first;
			while (end < values.length && values[end] !== null && values[end] === first + (end - at) * step) end++;
			words.push(`${first}${step < 0 ? "-" : "+"}${Math.abs(step)}x${end - at - 1}`);
		}
		at = end;
	}
	return words.join(" ");
}

/** The series of one host, of which `minuteAt` says how it is at each minute up to `minutes`. Its counters begin again once it was down. */
export function hostHistory(
	instance: string,
	minutes: number,
	minuteAt: (minute: number) => Minute,
	ofDomain = domain,
): InputSeries[] {
	const series = new Map<string, (number | null)[]>();
	const counters = new Map<string, number>();
	const own = { job: scrapeJob, instance };
	const put = (minute: number, name: string, labels: Readonly<Record<string, string>>, value: number) => {
		const pairs = Object.entries({ ...labels, ...own }).map(([label, text]) => `${label}="${text}"`);
		const key = `${name}{${pairs.join(",")}}`;
		let values = series.get(key);
		if (values === undefined) {
			values = new Array<number | null>(minutes + 1).fill(null);
			series.set(key, values);
		}
		values[minute] = value;
	};
	const nameOf = (key: MetricKey, suffix = "") => `${catalog[key].name}${suffix}`;
	let [lastQuery, lastResponse] = [0, 0];
	for (let minute = 0; minute <= minutes; minute++) {
		const state = minuteAt(minute);
		const { up = true, captureUp = true, clients, growth = {} } = state;
		if (up === null) continue;
		put(minute, "up", {}, up ? 1 : 0);
		if (!up) {
			counters.clear();
			[lastQuery, lastResponse] = [0, 0];
			continue;
		}
		const count = (name: string, labels: Readonly<Record<string, string>>, more: number) => {
			const key = `${name} ${Object.values(labels).join(" ")}`;
			const value = (counters.get(key) ?? 0) + more;
			counters.set(key, value);
			put(minute, name, labels, value);
		};
		const eth0 = { interface: "eth0" };
		const all = Object.values(clients).reduce((sum, some) => sum + some, 0);
		const queries = captureUp ? all * (state.queriesPerClient ?? 60) : 0;
		const answers = queries * (state.answered ?? 1);
		const of = { domain: ofDomain };
		put(minute, nameOf("captureUp"), eth0, captureUp ? 1 : 0);
		put(minute, nameOf("domainPeakClients"), of, 100);
		if (captureUp) put(minute, nameOf("domainActiveClients"), of, all);
		for (const [country, some] of Object.entries(clients)) {
			if (captureUp) put(minute, nameOf("activeClients"), { ...of, ...(country === "" ? {} : { country }) }, some);
		}
		count(nameOf("domainQueries"), of, queries);
		count(nameOf("unanswered"), of, queries - answers);
		count(nameOf("responses"), { ...of, rcode: "FORMERR" }, queries * (state.formerr ?? 0));
		count(nameOf("responses"), { ...of, rcode: "NOERROR" }, answers - queries * (state.formerr ?? 0));
		if (queries > 0) lastQuery = minute * 60;
		if (answers > 0) lastResponse = minute * 60;
		if (lastQuery > 0) put(minute, nameOf("lastQuery"), of, lastQuery);
		if (lastResponse > 0) put(minute, nameOf("lastResponse"), of, lastResponse);
		for (const bound of bucketBounds) {
			count(nameOf("roundTrips", "_bucket"), { ...of, le: le(bound) }, bound >= (state.roundTrip ?? 0.1) ? answers : 0);
		}
		count(nameOf("packetsDropped"), { ...eth0, by: "kernel" }, growth.packetsDropped ?? 0);
		count(nameOf("packetsDropped"), { ...eth0, by: "interface" }, 1_000);
		count(nameOf("captureReopened"), eth0, growth.captureReopened ?? 0);
		count(nameOf("geoipReloadFailures"), { database: "country" }, growth.geoipReloadFailures ?? 0);
		count(nameOf("tableEvicted"), { table: "sessions" }, growth.evicted ?? 0);
		count(nameOf("tableEvicted"), { table: "waiting_queries" }, growth.waitingEvicted ?? 0);
		// A cache that is full: normal.
		count(nameOf("tableEvicted"), { table: "duplicates" }, 10_000);
		put(minute, nameOf("tableEntries"), { table: "label_sets" }, state.labelSets ?? 50);
		put(minute, nameOf("tableCapacity"), { table: "label_sets" }, 10_000);
		if (!("" in clients))
			put(minute, nameOf("geoipBuildTime"), { database: "country" }, state.gauges?.geoipBuildTime ?? 0);
		put(minute, nameOf("configReloadSuccessful"), {}, state.gauges?.configReloadSuccessful ?? 1);
		put(minute, nameOf("certificateNotAfter"), {}, state.gauges?.certificateNotAfter ?? 90 * 86_400);
	}
	return Array.from(series, ([name, values]) => ({ series: name, values: encoded(values) }));
}
