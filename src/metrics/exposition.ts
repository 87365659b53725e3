import Registry from "prom-client/lib/registry";
import { catalog, type MetricKey } from "./catalog.ts";
import { Collectors, type Sources } from "./collect.ts";
import { registerProcessMetrics } from "./process.ts";

export interface Exposition {
	/** The text format 0.0.4 of all metrics, in UTF-8, a part a metric, from the state as it is while they are written. */
	render(): Promise<Uint8Array<ArrayBuffer>[]>;
	readonly contentType: string;
}

/**
 * Registers the catalog's metrics with prom-client, which asks for their values at each render. `breathe` is awaited
 * before the first, and between metrics, with the length of what was just written, so that nobody who has work is held up for longer.
 */
export function createExposition(sources: Sources, breathe: (characters: number) => Promise<void>): Exposition {
	const registry = new Registry();
	const collectors = new Collectors(sources);
	for (const key of Object.keys(catalog) as MetricKey[]) register(registry, key, collectors);
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
 * A metric whose values are read where they are kept, instead of being copied into prom-client's own store first, as its
 * documentation has it: with 10,000 label sets that copy is a third of a scrape.
 */
function register(registry: Registry, key: MetricKey, collectors: Collectors): void {
	const { name, help, type } = catalog[key];
	registry.registerMetric({ name, get: async () => ({ name, help, type, values: collectors.collect(key) }) });
}
