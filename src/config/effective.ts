/** Views of the configuration in use. */

import * as z from "zod";
import { type ConfigKey, configKeys } from "./keys.ts";
import { type Config, fileSchema } from "./schema.ts";

/** Returns the value at a path of an object, or undefined. */
export function at(value: unknown, path: readonly PropertyKey[]): unknown {
	let inner = value;
	for (const part of path) {
		if (typeof inner !== "object" || inner === null) return undefined;
		inner = (inner as Record<PropertyKey, unknown>)[part];
	}
	return inner;
}

/** Sets the value of a key in an object of the file's form. Anything on the path that is not an object is replaced by one. */
export function place(target: Record<string, unknown>, [first = "", ...rest]: readonly string[], value: unknown): void {
	if (rest.length === 0) {
		target[first] = value;
		return;
	}
	const inner = target[first];
	const object = typeof inner === "object" && inner !== null && !Array.isArray(inner) ? { ...inner } : {};
	target[first] = object;
	place(object, rest, value);
}

/** Returns the configuration in the form of the file, with every key, for people to read: secrets are replaced by `<secret>`. */
export function effectiveConfig(config: Config): Record<string, unknown> {
	const form = z.encode(fileSchema, config) as Record<string, unknown>;
	for (const { path } of configKeys.filter(({ secret }) => secret)) {
		const value = at(form, path);
		if (typeof value !== "object" || value === null) continue;
		place(form, path, Object.fromEntries(Object.keys(value).map((name) => [name, "<secret>"])));
	}
	return form;
}

/** The keys whose values differ between two configurations: those a reload applies, and those that wait for a restart. */
export function reloadable(
	old: Config,
	next: Config,
): { readonly reload: readonly string[]; readonly restart: readonly string[] } {
	const [before, after] = [z.encode(fileSchema, old), z.encode(fileSchema, next)];
	const changed = configKeys.filter(({ path }) => !Bun.deepEquals(at(before, path), at(after, path)));
	const names = (keys: readonly ConfigKey[]) => keys.map(({ name }) => name);
	return {
		reload: names(changed.filter(({ reload }) => reload)),
		restart: names(changed.filter(({ reload }) => !reload)),
	};
}
