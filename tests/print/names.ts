/** Metric names in PromQL, held against the catalog. */
import { catalog } from "../../src/metrics/catalog.ts";

const known = new Set<string>(
	Object.values(catalog).flatMap(({ name, type }) =>
		type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
	),
);

/** The names in an expression that neither the catalog has nor `recorded`: those of recording rules. */
export function unknownNames(expr: string, recorded: readonly string[] = []): string[] {
	const names = expr.match(/(?:[a-z_]+:)?dnstt_[a-z_]+(?::[a-z0-9_]+)?/g) ?? [];
	return names.filter((name) => !known.has(name) && !recorded.includes(name));
}
