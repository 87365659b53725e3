/** What Prometheus would have scraped of hosts over days, minute by minute, as promtool's input series. */
import { catalog, type MetricKey } from "../../src/metrics/catalog.ts";
import { scrapeJob } from "../../src/print/recording-rules.ts";

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
	/** Whether its configuration has the domain. */
	readonly hasDomain?: boolean;
	/** Gauges that are not 0, and what the counters grow by in this minute. */
	readonly gauges?: Readonly<
		Partial<Record<"configReloadSuccessful" | "certificateNotAfter" | "geoipBuildTime", number>>
	>;
	readonly growth?: Readonly<
		Partial<Record<"packetsDropped" | "captureReopened" | "geoipReloadFailures" | "evicted" | "waitingEvicted", number>>
	>;
	readonly labelSets?: number;
}

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

const nameOf = (key: MetricKey, suffix = "") => `${catalog[key].name}${suffix}`;
type Labels = Readonly<Record<string, string>>;

/** Of one host: a country and no country are different series. */
function keyOf(name: string, labels: Labels): string {
	let key = name;
	for (const label in labels) key += ` ${label} ${labels[label]}`;
	return key;
}

/** What a host has exported up to a minute. */
class Host {
	private readonly series = new Map<string, { readonly series: string; readonly values: (number | null)[] }>();
	private readonly counters = new Map<string, number>();
	private readonly lastTimes: Partial<Record<"lastQuery" | "lastResponse", number>> = {};

	constructor(
		private readonly instance: string,
		private readonly ofDomain: string,
		private readonly minutes: number,
	) {}

	scrape(minute: number, state: Minute): void {
		const { up = true } = state;
		if (up === null) return;
		this.put(minute, "up", {}, up ? 1 : 0);
		if (up) {
			if (state.hasDomain ?? true) this.writeTunnel(minute, state);
			this.writeExporter(minute, state);
			return;
		}
		this.counters.clear();
		delete this.lastTimes.lastQuery;
		delete this.lastTimes.lastResponse;
	}

	encoded(): InputSeries[] {
		return Array.from(this.series.values(), ({ series, values }) => ({ series, values: encoded(values) }));
	}

	private put(minute: number, name: string, labels: Labels, value: number): void {
		const key = keyOf(name, labels);
		let series = this.series.get(key);
		if (series === undefined) {
			const all = { ...labels, job: scrapeJob, instance: this.instance };
			const pairs = Object.entries(all).map(([label, text]) => `${label}="${text}"`);
			series = { series: `${name}{${pairs}}`, values: new Array<number | null>(this.minutes + 1).fill(null) };
			this.series.set(key, series);
		}
		series.values[minute] = value;
	}

	private count(minute: number, name: string, labels: Labels, more: number): void {
		const key = keyOf(name, labels);
		const value = (this.counters.get(key) ?? 0) + more;
		this.counters.set(key, value);
		this.put(minute, name, labels, value);
	}

	private writeTunnel(minute: number, state: Minute): void {
		const { captureUp = true, clients } = state;
		const of = { domain: this.ofDomain };
		const all = Object.values(clients).reduce((sum, some) => sum + some, 0);
		const queries = captureUp ? all * (state.queriesPerClient ?? 60) : 0;
		const answers = queries * (state.answered ?? 1);
		const formerr = queries * (state.formerr ?? 0);
		this.put(minute, nameOf("domainPeakClients"), of, 100);
		if (captureUp) {
			this.put(minute, nameOf("domainActiveClients"), of, all);
			for (const [country, some] of Object.entries(clients)) {
				this.put(minute, nameOf("activeClients"), { ...of, ...(country === "" ? {} : { country }) }, some);
			}
		}
		this.count(minute, nameOf("domainQueries"), of, queries);
		this.count(minute, nameOf("unanswered"), of, queries - answers);
		this.count(minute, nameOf("responses"), { ...of, rcode: "FORMERR" }, formerr);
		this.count(minute, nameOf("responses"), { ...of, rcode: "NOERROR" }, answers - formerr);
		if (queries > 0) this.lastTimes.lastQuery = minute * 60;
		if (answers > 0) this.lastTimes.lastResponse = minute * 60;
		for (const key of ["lastQuery", "lastResponse"] as const) {
			const time = this.lastTimes[key];
			if (time !== undefined) this.put(minute, nameOf(key), of, time);
		}
		for (const bound of bucketBounds) {
			const trips = bound >= (state.roundTrip ?? 0.1) ? answers : 0;
			this.count(minute, nameOf("roundTrips", "_bucket"), { ...of, le: le(bound) }, trips);
		}
	}

	private writeExporter(
		minute: number,
		{ captureUp = true, clients, growth = {}, gauges = {}, labelSets }: Minute,
	): void {
		const eth0 = { interface: "eth0" };
		this.put(minute, nameOf("captureUp"), eth0, captureUp ? 1 : 0);
		this.count(minute, nameOf("captureReopened"), eth0, growth.captureReopened ?? 0);
		this.count(minute, nameOf("packetsDropped"), { ...eth0, by: "kernel" }, growth.packetsDropped ?? 0);
		this.count(minute, nameOf("packetsDropped"), { ...eth0, by: "interface" }, 1_000);
		this.count(minute, nameOf("geoipReloadFailures"), { database: "country" }, growth.geoipReloadFailures ?? 0);
		this.count(minute, nameOf("tableEvicted"), { table: "sessions" }, growth.evicted ?? 0);
		this.count(minute, nameOf("tableEvicted"), { table: "waiting_queries" }, growth.waitingEvicted ?? 0);
		// A cache that is full: normal.
		this.count(minute, nameOf("tableEvicted"), { table: "duplicates" }, 10_000);
		this.put(minute, nameOf("tableEntries"), { table: "label_sets" }, labelSets ?? 50);
		this.put(minute, nameOf("tableCapacity"), { table: "label_sets" }, 10_000);
		if (!("" in clients)) {
			this.put(minute, nameOf("geoipBuildTime"), { database: "country" }, gauges.geoipBuildTime ?? 0);
		}
		this.put(minute, nameOf("configReloadSuccessful"), {}, gauges.configReloadSuccessful ?? 1);
		this.put(minute, nameOf("certificateNotAfter"), {}, gauges.certificateNotAfter ?? 90 * 86_400);
	}
}

/** The series of one host, of which `minuteAt` says how it is at each minute up to `minutes`. Its counters begin again once it was down. */
export function hostHistory(
	instance: string,
	minutes: number,
	minuteAt: (minute: number) => Minute,
	domain: string,
): InputSeries[] {
	const host = new Host(instance, domain, minutes);
	for (let minute = 0; minute <= minutes; minute++) host.scrape(minute, minuteAt(minute));
	return host.encoded();
}
