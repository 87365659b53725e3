/** Parts of prom-client by themselves; its types describe only the whole. */

declare module "prom-client/lib/registry" {
	import type { Registry as WholeRegistry } from "prom-client";

	/** All that a registry asks of a metric; the types of the whole name the library's four classes instead. */
	export interface RegisteredMetric {
		readonly name: string;
		get(): Promise<{
			readonly name: string;
			readonly help: string;
			readonly type: "counter" | "gauge" | "histogram" | "summary";
			readonly values: readonly {
				readonly value: number;
				readonly metricName?: string;
				readonly labels?: Readonly<Record<string, string>>;
				/** Come after the value's own; one object for many values is turned into text once. */
				readonly sharedLabels?: Readonly<Record<string, string>>;
			}[];
		}>;
	}

	interface Registry extends WholeRegistry {
		readonly registerMetric: WholeRegistry["registerMetric"] & ((metric: RegisteredMetric) => void);
	}
	const Registry: new () => Registry;
	export default Registry;
}

/** The process metrics one by one, not all at once. */
declare module "prom-client/lib/metrics/*" {
	const register: (registry: import("prom-client").Registry) => void;
	export default register;
}
