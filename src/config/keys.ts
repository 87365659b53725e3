/** The keys of the table in schema.ts one by one, with the names that they have as flags and environment variables. */

import type { Kind } from "./kinds.ts";
import { type Entries, type KeyEntry, sections } from "./schema.ts";

/** One key, under its dotted name. Its default is as the file would hold it; null is unset. */
export interface ConfigKey extends KeyEntry<string, unknown>, Kind<unknown> {
	/** `section.key`, also the flag's name. */
	readonly name: string;
	readonly path: readonly string[];
	readonly section: string;
	/** The environment variable. */
	readonly variable: string;
}

export const variablePrefix = "DNSTT_EXPORTER_";

/** The environment variable of a dotted key: upper case, dots and dashes as underscores. */
export function variableOf(name: string): string {
	return variablePrefix + name.toUpperCase().replaceAll(/[.-]/g, "_");
}

export const configFileVariable = variableOf("config.file");

function keysIn(entries: Entries, above: readonly string[]): ConfigKey[] {
	return Object.entries(entries).flatMap(([part, entry]) => {
		const path = [...above, part];
		if ("entries" in entry) return keysIn(entry.entries, path);
		const name = path.join(".");
		return {
			...entry.kind,
			...entry,
			default: entry.default ?? null,
			name,
			path,
			section: path[0] ?? "",
			variable: variableOf(name),
		};
	});
}

/** Every key, in the order of the table. */
export const configKeys: readonly ConfigKey[] = keysIn(sections, []);

/** Every section with its heading in help text, in the order of the table. */
export const configSections: readonly { readonly name: string; readonly description: string }[] = Object.entries(
	sections,
).map(([name, { description }]) => ({ name, description }));
