import { faultNames, foreignNames, refusalNames } from "../decode/fault.ts";
import type { BoundedTable } from "../track/table.ts";
import type { Tracker } from "../track/tracker.ts";
import type { MetricKey } from "./catalog.ts";

/** One value of a metric. `suffix` is a histogram's: "_bucket", "_sum" or "_count". */
export interface Sample {
	readonly labels: Readonly<Record<string, string>>;
	readonly value: number;
	readonly suffix?: string;
}

/** What there is to tell about the capture; counts are since the start, whatever was opened again in between. */
export interface CaptureState {
	readonly interfaceName: string;
	readonly up: boolean;
	readonly reopened: number;
	readonly received: number;
	readonly droppedByKernel: number;
	readonly droppedByInterface: number;
}

/** What there is to tell about a GeoIP database. */
export interface DatabaseState {
	readonly database: string;
	readonly type: string;
	readonly buildTimeSeconds: number;
	readonly reloads: number;
	readonly reloadFailures: number;
	readonly lookupFailures: number;
}

/** Where the values come from. Functions are asked at each collection. */
export interface Sources {
	readonly tracker: Tracker;
	/** Names of the domains, by index. */
	readonly domains: readonly string[];
	readonly origins: {
		readonly hasCountry: boolean;
		readonly hasAsn: boolean;
		readonly origins: readonly { readonly country: string; readonly asn: string }[];
		databases(): readonly DatabaseState[];
	};
	readonly build: { readonly version: string; readonly revision: string; readonly bunVersion: string };
	/** Null when nothing is captured: in a report on a file. */
	capture(): CaptureState | null;
	/** Null when there is no configuration to reload. */
	configReload(): { readonly successful: boolean; readonly successTimeSeconds: number } | null;
}

type Labels = Readonly<Record<string, string>>;

/** Values of all metrics, from the state as it is. Label objects of a label set are made once. */
export class Collectors {
	private readonly sources: Sources;
	private readonly setLabels: Labels[] = [];

	constructor(sources: Sources) {
		this.sources = sources;
	}

	collect(key: MetricKey): Sample[] {
		return this.collectors[key]();
	}

	/** The labels of a label set, by its number. */
	labelsOf(set: number): Labels {
		for (let next = this.setLabels.length; next <= set; next++) {
			const { sets } = this.sources.tracker;
			const { hasCountry, hasAsn, origins } = this.sources.origins;
			const origin = origins[sets.origins[next] as number];
			const labels: Record<string, string> = { domain: this.sources.domains[sets.domains[next] as number] as string };
			if (hasCountry) labels.country = origin?.country as string;
			if (hasAsn) labels.asn = origin?.asn as string;
			this.setLabels.push(labels);
		}
		return this.setLabels[set] as Labels;
	}

	private bySet(column: Float64Array | Int32Array): Sample[] {
		const { size } = this.sources.tracker.sets;
		const samples = new Array<Sample>(size);
		for (let set = 0; set < size; set++) samples[set] = { labels: this.labelsOf(set), value: column[set] as number };
		return samples;
	}

	private byReason<Reason extends number>(
		names: Readonly<Record<Reason, string>>,
		of: (reason: Reason) => number,
	): Sample[] {
		return (Object.entries(names) as [string, string][]).map(([code, reason]) => ({
			labels: { reason },
			value: of(Number(code) as Reason),
		}));
	}

	private byTable(value: (table: Pick<BoundedTable, "size" | "limit" | "evicted">) => number): Sample[] {
		const { sessions, resolvers, doubles, sets } = this.sources.tracker;
		const labelSets = { size: sets.size, limit: sets.sizeMax, evicted: sets.overflowed };
		const tables = {
			sessions: sessions.active,
			remembered: sessions.remembered,
			resolvers: resolvers.table,
			duplicates: doubles.table,
			label_sets: labelSets,
		};
		return Object.entries(tables).map(([table, it]) => ({ labels: { table }, value: value(it) }));
	}

	private byDatabase(value: (state: DatabaseState) => number): Sample[] {
		return this.sources.origins
			.databases()
			.map((state) => ({ labels: { database: state.database }, value: value(state) }));
	}

	private ofCapture(samples: (state: CaptureState, labels: Labels) => Sample[]): Sample[] {
		const state = this.sources.capture();
		return state === null ? [] : samples(state, { interface: state.interfaceName });
	}

	private readonly collectors: Readonly<Record<MetricKey, () => Sample[]>> = {
		queries: () => this.bySet(this.sources.tracker.queries),
		bytesIn: () => this.bySet(this.sources.tracker.bytesIn),
		bytesOut: () => this.bySet(this.sources.tracker.bytesOut),
		sessions: () => this.bySet(this.sources.tracker.sessionsBegun),
		activeClients: () => this.bySet(this.sources.tracker.active),
		peakClients: () => this.bySet(this.sources.tracker.peak),
		refusedQueries: () =>
			this.sources.domains.flatMap((domain, index) =>
				this.byReason(refusalNames, (reason) => this.sources.tracker.refusalsOf(index, reason)).map(
					({ labels, value }) => ({ labels: { domain, ...labels }, value }),
				),
			),
		buildInfo: () => {
			const { version, revision, bunVersion } = this.sources.build;
			return [{ labels: { version, revision, bunversion: bunVersion }, value: 1 }];
		},
		captureUp: () => this.ofCapture(({ up }, labels) => [{ labels, value: up ? 1 : 0 }]),
		captureReopened: () => this.ofCapture(({ reopened }, labels) => [{ labels, value: reopened }]),
		packetsReceived: () => this.ofCapture(({ received }, labels) => [{ labels, value: received }]),
		packetsDropped: () =>
			this.ofCapture(({ droppedByKernel, droppedByInterface }, labels) => [
				{ labels: { ...labels, by: "kernel" }, value: droppedByKernel },
				{ labels: { ...labels, by: "interface" }, value: droppedByInterface },
			]),
		duplicates: () => [{ labels: {}, value: this.sources.tracker.copies }],
		faults: () => this.byReason(faultNames, (reason) => this.sources.tracker.faultsOf(reason)),
		foreign: () => this.byReason(foreignNames, (reason) => this.sources.tracker.foreignOf(reason)),
		tableEntries: () => this.byTable(({ size }) => size),
		tableLimit: () => this.byTable(({ limit }) => limit),
		tableEvicted: () => this.byTable(({ evicted }) => evicted),
		geoipBuildTime: () =>
			this.sources.origins.databases().map(({ database, type, buildTimeSeconds }) => ({
				labels: { database, type },
				value: buildTimeSeconds,
			})),
		geoipReloads: () => this.byDatabase(({ reloads }) => reloads),
		geoipReloadFailures: () => this.byDatabase(({ reloadFailures }) => reloadFailures),
		geoipLookupFailures: () => this.byDatabase(({ lookupFailures }) => lookupFailures),
		configReloadSuccessful: () => {
			const reload = this.sources.configReload();
			return reload === null ? [] : [{ labels: {}, value: reload.successful ? 1 : 0 }];
		},
		configReloadTime: () => {
			const reload = this.sources.configReload();
			return reload === null ? [] : [{ labels: {}, value: reload.successTimeSeconds }];
		},
	};
}
