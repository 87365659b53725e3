import type { Column } from "../engine/column.ts";
import type { Histogram } from "../engine/histogram.ts";
import { faultNames, rcodeNames, refusalNames, segmentFaultNames, unrelatedNames } from "../engine/reasons.ts";
import { ednsBounds, noDomain, type Table } from "../engine/tracker.ts";
import type { Origin } from "../geoip/origins.ts";
import { countryTitle, networkTitle } from "../summary/names.ts";
import { responseUsMax } from "../wasm/shared/limits.ts";
import { catalog, type MetricKey } from "./catalog.ts";
import { type LabelGroup, LabelGroups, type Labels } from "./label-groups.ts";
import type { CaptureCounts, DatabaseState, Sources } from "./sources.ts";

/** One value of a metric, as prom-client takes it. */
export interface Sample {
	/** Those of a label set or of a domain and country are the same object each time: what prom-client takes for shared it writes once. */
	readonly sharedLabels: Labels;
	/** A bucket's own label. */
	readonly labels?: Labels;
	readonly value: number;
	/** Of a histogram's samples: the metric's name with "_bucket", "_sum" or "_count". */
	readonly metricName?: string;
}

/** Bounds of histograms, as powers of two units: 1 ms to 16.4 s; 0.1 ms to 1.6 s; 1 s to 36 h; 1 KiB to 16 GiB. */
const roundTripPowers = [6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20];
const responsePowers = [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18];
const sessionDurationPowers = [0, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17];
const sessionBytesPowers = [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24];

/** NOERROR to REFUSED (RFC 1035, 4.1.1), which servers return: their series are there from the start, so that the first increase is seen. */
const rcodesFromStart = 6;

/** Values of all metrics, from the state as it is. */
export class Collectors {
	private readonly sources: Sources;
	private readonly groups: LabelGroups;

	constructor(sources: Sources) {
		this.sources = sources;
		this.groups = new LabelGroups(sources);
	}

	collect(key: MetricKey): Sample[] {
		return this.collectors[key](catalog[key].name);
	}

	/** Without databases a domain has one label set, which is there from the start. */
	private bySet(column: Column): Sample[] {
		const { hasCountry, hasAsn } = this.sources.geoLabels;
		if (!hasCountry && !hasAsn) return this.domainTotals(column);
		const samples: Sample[] = [];
		for (const [set, labels] of this.groups.labels().entries()) {
			if (labels !== undefined) samples.push({ sharedLabels: labels, value: column.at(set) });
		}
		return samples;
	}

	private byDomain(value: (domain: number) => number): Sample[] {
		return this.groups.domains.map(({ labels }, index) => ({ sharedLabels: labels, value: value(index) }));
	}

	/** Of the domains that had such an event. */
	private timesByDomain(column: Column): Sample[] {
		const { tracker } = this.sources;
		return this.byDomain((domain) => column.at(domain))
			.filter(({ value }) => value !== 0)
			.map((sample) => ({ ...sample, value: tracker.wallUsOf(sample.value) / 1e6 }));
	}

	/** The sums over each domain's label sets. */
	private domainTotals(column: Column): Sample[] {
		const { sets } = this.sources.tracker;
		const totals = this.sources.domains.map(() => 0);
		for (let set = 0; set < sets.size; set++) {
			const domain = sets.domains[set] as number;
			if (domain !== noDomain) totals[domain] = (totals[domain] as number) + column.at(set);
		}
		return this.byDomain((domain) => totals[domain] as number);
	}

	/** For each domain and country (each domain, without a database): the samples made of its label sets. */
	private byCountry(samples: (group: LabelGroup) => Sample[]): Sample[] {
		return this.groups.ofCountries().flatMap(samples);
	}

	private ofDomains(samples: (group: LabelGroup) => Sample[]): Sample[] {
		return this.groups.ofDomains().flatMap(samples);
	}

	private sumsByCountry(column: Column): Sample[] {
		return this.byCountry(({ labels, sets }) => [{ sharedLabels: labels, value: column.total(sets) }]);
	}

	/** What makes the samples of a group in a histogram with a bound at 2^power units for each power, and one at `most` that no value exceeds. */
	private histogram(
		name: string,
		histogram: Histogram,
		powers: readonly number[],
		most?: number,
	): (group: LabelGroup) => Sample[] {
		const bounds = powers.map((power) => 2 ** power / histogram.scale.unitsPerBase);
		const samples = histogramSamples(name, most === undefined ? bounds : [...bounds, most]);
		return ({ labels, sets, sums }) => {
			const distribution = histogram.distribution(sets);
			const counts = powers.map((power) => distribution.upTo(power));
			if (most !== undefined) counts.push(distribution.count);
			// Fractions add up to a little less in another order, as after a label set made room; a counter may not go back.
			const sum = Math.max(distribution.sum, sums.get(name) ?? 0);
			sums.set(name, sum);
			return samples(labels, counts, distribution.count, sum);
		};
	}

	private ednsSizes(name: string): Sample[] {
		const { tracker } = this.sources;
		const samples = histogramSamples(name, ednsBounds);
		return this.ofDomains(({ labels, sets }) => {
			let count = 0;
			const counts = ednsBounds.map((_, index) => {
				for (const set of sets) count += tracker.edns.at(set, index);
				return count;
			});
			for (const set of sets) count += tracker.edns.at(set, ednsBounds.length);
			return samples(labels, counts, count, tracker.ednsBytes.total(sets));
		});
	}

	/** One sample for each value of an origin's label among the label sets, with its name. */
	private names(label: "country" | "asn", names: (origin: Origin) => Labels): Sample[] {
		const { sets } = this.sources.tracker;
		const named = new Map<string, Labels>();
		for (let set = 0; set < sets.size; set++) {
			if (sets.domains[set] === noDomain) continue;
			const origin = this.sources.geoLabels.origins[sets.origins[set] as number];
			// Of two names for one network, as while a new database is taken into use, one counts: what is joined must be one series.
			if (origin !== undefined && !named.has(origin[label])) named.set(origin[label], names(origin));
		}
		return [...named.values()].map((sharedLabels) => ({ sharedLabels, value: 1 }));
	}

	private byReason<Reason extends number>(
		names: Readonly<Record<Reason, string>>,
		of: (reason: Reason) => number,
	): Sample[] {
		return (Object.entries(names) as [string, string][]).map(([code, reason]) => ({
			sharedLabels: { reason },
			value: of(Number(code) as Reason),
		}));
	}

	private byTable(value: (table: Table) => number): Sample[] {
		const { sets, tables: known } = this.sources.tracker;
		const tables = {
			sessions: known.sessions,
			remembered: known.remembered,
			resolvers: known.resolvers,
			waiting_queries: known.waitingQueries,
			duplicates: known.duplicates,
			label_sets: { size: sets.limited, limit: sets.limit, evicted: sets.overflowed },
		};
		return Object.entries(tables).map(([table, it]) => ({ sharedLabels: { table }, value: value(it) }));
	}

	private byDatabase(value: (state: DatabaseState) => number): Sample[] {
		return this.sources.geoLabels
			.databases()
			.map((state) => ({ sharedLabels: { database: state.database }, value: value(state) }));
	}

	/** Nobody knows who is active while the capture is closed: a fall to 0 would look as if all clients had left. */
	private get isBlind(): boolean {
		return this.sources.capture()?.up === false;
	}

	private byInterface(samples: (counts: CaptureCounts, labels: Labels) => Sample[]): Sample[] {
		const counts = this.sources.capture()?.counts ?? new Map<string, CaptureCounts>();
		return [...counts].flatMap(([name, of]) => samples(of, { interface: name }));
	}

	private readonly collectors: Readonly<Record<MetricKey, (name: string) => Sample[]>> = {
		queries: () => this.bySet(this.sources.tracker.queries),
		bytesIn: () => this.bySet(this.sources.tracker.bytesIn),
		bytesOut: () => this.bySet(this.sources.tracker.bytesOut),
		sessions: () => this.bySet(this.sources.tracker.sessionsBegun),
		activeClients: () => (this.isBlind ? [] : this.bySet(this.sources.tracker.active)),
		domainActiveClients: () =>
			this.isBlind ? [] : this.byDomain((domain) => this.sources.tracker.activeByDomain.at(domain)),
		peakClients: () => this.bySet(this.sources.tracker.peak),
		domainQueries: () => this.domainTotals(this.sources.tracker.queries),
		domainBytesIn: () => this.domainTotals(this.sources.tracker.bytesIn),
		domainBytesOut: () => this.domainTotals(this.sources.tracker.bytesOut),
		domainSessions: () => this.domainTotals(this.sources.tracker.sessionsBegun),
		refusedQueries: () =>
			this.sources.domains.flatMap((domain, index) =>
				this.byReason(refusalNames, (reason) => this.sources.tracker.refusalsOf(index, reason)).map(
					({ sharedLabels, value }) => ({ sharedLabels: { domain, ...sharedLabels }, value }),
				),
			),
		tunnelInfo: () =>
			this.sources.tracker.tunnels.map(({ domain, wire, recordType, clientIdBytes }) => ({
				sharedLabels: { domain, wire, record_type: recordType, clientid_size: String(clientIdBytes) },
				value: 1,
			})),
		domainPeakClients: () => this.byDomain((domain) => this.sources.tracker.peakByDomain.at(domain)),
		resolversSeen: () => this.byDomain((domain) => this.sources.tracker.resolversSeen.at(domain)),
		lastQuery: () => this.timesByDomain(this.sources.tracker.lastQueryUs),
		lastResponse: () => this.timesByDomain(this.sources.tracker.lastResponseUs),
		polls: () => this.sumsByCountry(this.sources.tracker.polls),
		packetBytesIn: () => this.sumsByCountry(this.sources.tracker.upstream.packetBytes),
		packetBytesOut: () => this.sumsByCountry(this.sources.tracker.downstream.packetBytes),
		segmentsIn: () => this.sumsByCountry(this.sources.tracker.upstream.pushes),
		segmentsOut: () => this.sumsByCountry(this.sources.tracker.downstream.pushes),
		retransmissionsIn: () => this.sumsByCountry(this.sources.tracker.upstream.retransmissions),
		retransmissionsOut: () => this.sumsByCountry(this.sources.tracker.downstream.retransmissions),
		// From a resolver in the next room to a time-out: a doubling is the least difference that an operator acts on.
		roundTrips: (name) => this.byCountry(this.histogram(name, this.sources.tracker.roundTrips, roundTripPowers)),
		// From a server with nothing to wait for to the longest wait for a response. The server's, so by domain: it knows no country.
		responseTimes: (name) =>
			this.ofDomains(this.histogram(name, this.sources.tracker.responseTimes, responsePowers, responseUsMax / 1e6)),
		unanswered: () => this.sumsByCountry(this.sources.tracker.unanswered),
		responses: () =>
			this.byDomain((domain) => domain).flatMap(({ sharedLabels, value: domain }) =>
				rcodeNames
					.map((rcode, code) => ({
						sharedLabels: { ...sharedLabels, rcode },
						value: this.sources.tracker.responsesOf(domain, code),
					}))
					.filter(({ value }, code) => value > 0 || code < rcodesFromStart),
			),
		unmatched: () => this.byDomain((domain) => this.sources.tracker.unmatched.at(domain)),
		truncated: () => this.byDomain((domain) => this.sources.tracker.truncated.at(domain)),
		edns: (name) => this.ednsSizes(name),
		// From a page looked at to a tunnel kept open for a day.
		sessionDurations: (name) =>
			this.ofDomains(this.histogram(name, this.sources.tracker.sessionDurations, sessionDurationPowers)),
		// From a page of text to films.
		sessionBytes: (name) => this.ofDomains(this.histogram(name, this.sources.tracker.sessionBytes, sessionBytesPowers)),
		segmentFaults: () => this.byReason(segmentFaultNames, (reason) => this.sources.tracker.segmentFaultsOf(reason)),
		buildInfo: () => {
			const { version, revision, bunVersion } = this.sources.build;
			return [{ sharedLabels: { version, revision, bunversion: bunVersion }, value: 1 }];
		},
		captureUp: () => {
			const state = this.sources.capture();
			return state === null ? [] : [{ sharedLabels: { interface: state.interfaceName }, value: state.up ? 1 : 0 }];
		},
		captureReopened: () => this.byInterface(({ reopened }, labels) => [{ sharedLabels: labels, value: reopened }]),
		packetsReceived: () => this.byInterface(({ received }, labels) => [{ sharedLabels: labels, value: received }]),
		packetsDropped: () =>
			this.byInterface(({ droppedByKernel, droppedByInterface }, labels) => [
				{ sharedLabels: { ...labels, by: "kernel" }, value: droppedByKernel },
				{ sharedLabels: { ...labels, by: "interface" }, value: droppedByInterface },
			]),
		duplicates: () => [{ sharedLabels: {}, value: this.sources.tracker.duplicates }],
		joinedFrames: () => [{ sharedLabels: {}, value: this.sources.tracker.joinedFrames }],
		malformedPackets: () => this.byReason(faultNames, (reason) => this.sources.tracker.faultsOf(reason)),
		unrelatedPackets: () => this.byReason(unrelatedNames, (reason) => this.sources.tracker.unrelatedOf(reason)),
		tableEntries: () => this.byTable(({ size }) => size),
		tableCapacity: () => this.byTable(({ limit }) => limit),
		tableEvicted: () => this.byTable(({ evicted }) => evicted),
		countryInfo: () =>
			this.sources.geoLabels.hasCountry
				? this.names("country", ({ country }) => ({ country, name: countryTitle(country) }))
				: [],
		asnInfo: () =>
			this.sources.geoLabels.hasAsn
				? this.names("asn", ({ asn, organization }) => ({ asn, organization: networkTitle(asn, organization) }))
				: [],
		geoipBuildTime: () =>
			this.sources.geoLabels.databases().map(({ database, type, buildTimeSeconds }) => ({
				sharedLabels: { database, type },
				value: buildTimeSeconds,
			})),
		geoipReloads: () => this.byDatabase(({ reloads }) => reloads),
		geoipReloadFailures: () => this.byDatabase(({ reloadFailures }) => reloadFailures),
		geoipLookupFailures: () => this.byDatabase(({ lookupFailures }) => lookupFailures),
		configReloadSuccessful: () => {
			const reload = this.sources.configReload();
			return reload === null ? [] : [{ sharedLabels: {}, value: reload.successful ? 1 : 0 }];
		},
		configReloadTime: () => {
			const reload = this.sources.configReload();
			return reload === null ? [] : [{ sharedLabels: {}, value: reload.successTimeSeconds }];
		},
		certificateNotAfter: () => {
			const value = this.sources.certificateNotAfterSeconds();
			return value === null ? [] : [{ sharedLabels: {}, value }];
		},
	};
}

/** What makes the samples of a histogram's group: of the number of values up to each bound, of all, and of their sum. */
function histogramSamples(name: string, bounds: readonly number[]) {
	const bucket = `${name}_bucket`;
	const les = [...bounds.map(String), "+Inf"].map((le) => ({ le }));
	return (sharedLabels: Labels, counts: readonly number[], count: number, sum: number): Sample[] => [
		...[...counts, count].map((value, index) => ({
			sharedLabels,
			labels: les[index] as Labels,
			value,
			metricName: bucket,
		})),
		{ sharedLabels, value: sum, metricName: `${name}_sum` },
		{ sharedLabels, value: count, metricName: `${name}_count` },
	];
}
