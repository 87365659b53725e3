import { Gauge, Registry } from "prom-client";
import { catalog, type MetricKey } from "./catalog.ts";
import { Collectors } from "./collect.ts";
import { registerProcessMetrics } from "./process.ts";
import type { Sources } from "./sources.ts";

export interface Exposition {
	/** The text format 0.0.4 of all metrics, in UTF-8, a part a metric, from the state as it is while they are written. */
	render(): Promise<Uint8Array<ArrayBuffer>[]>;
	readonly contentType: string;
}

/**
 * Registers the catalog's metrics with prom-client, which asks for their values at each render. `breathe` is awaited
 * before the first, and between metrics, with the length of what was just written, so that other work is held up for no longer than one metric takes.
 */
export function createExposition(sources: Sources, breathe: (characters: number) => Promise<void>): Exposition {
	const registry = new Registry();
	const collectors = new Collectors(sources);
	for (const key of Object.keys(catalog) as MetricKey[]) new CollectedMetric(registry, key, collectors);
	registerProcessMetrics(registry);
	const encoder = new TextEncoder();
	return {
		contentType: registry.contentType,
		async render() {
			await breathe(0);
			sources.tracker.expire();
			// Encoded one by one: a string that was put together from samples holds them all, at three times its length.
			const parts: Uint8Array<ArrayBuffer>[] = [];
			for (const { name } of registry.getMetricsAsArray()) {
				const part = await registry.getSingleMetricAsString(name);
				parts.push(encoder.encode(`${parts.length === 0 ? "" : "\n"}${part}\n`));
				await breathe(part.length);
			}
			return parts;
		},
	};
}

/**
 * A metric whose values are read where they are kept. prom-client's documentation copies them in collect() into the metric's own
 * store; with 10,000 label sets that copy is a third of a scrape, and a histogram's counts cannot be set at all. A registry
 * asks a metric for the values of its text by getForPromString() where it has one, as the library's histograms do; its types leave
 * that out.
 */
class CollectedMetric extends Gauge {
	constructor(
		registry: Registry,
		private readonly key: MetricKey,
		private readonly collectors: Collectors,
	) {
		const { name, help } = catalog[key];
		super({ name, help, registers: [registry] });
	}

	async getForPromString() {
		const { name, help, type } = catalog[this.key];
		return { name, help, type, values: this.collectors.collect(this.key) };
	}
}
