/**
 * Configuration: flag, then environment, then file, then default. The schema in config/schema.ts says what there is.
 */

import { join } from "node:path";
import type * as z from "zod/mini";
import { at, type Config, toConfig } from "./config/effective.ts";
import { ConfigError } from "./config/error.ts";
import { type JsonDocument, type JsonPath, readJson } from "./config/json.ts";
import { type ConfigKey, configFileVariable, configKeys, variableOf, variablePrefix } from "./config/keys.ts";
import { didYouMean } from "./config/nearest.ts";
import { fileSchema, givenTwice, schemaOf } from "./config/schema.ts";
import { unreadable } from "./unreadable.ts";

export { type Config, effectiveConfig, reloadable } from "./config/effective.ts";
export { ConfigError } from "./config/error.ts";
export { type ConfigKey, configKeys, configSections } from "./config/keys.ts";

/** What the command line says of the configuration. */
export interface ConfigFlags {
	/** Key to the texts given for it, in their order. Of keys that take one value the last counts. */
	readonly values: ReadonlyMap<string, readonly string[]>;
	/** `--config.file`. */
	readonly file?: string;
	/** What was wrong on the command line itself, to be told with the rest. */
	readonly problems: readonly string[];
	/** Among the problems is a flag that there is none of, or one without its value: it may have been meant for any key. */
	readonly isMistyped?: boolean;
	/** The line that says where help is, told last where the command line itself was wrong. */
	readonly help?: string;
}

/** A configuration and the file that it came from, if it came from one. */
export interface LoadedConfig {
	readonly config: Config;
	readonly file: string | null;
}

/** A value that one layer gives for a key, in the file's form. */
interface Layer {
	readonly values: Map<string, unknown>;
	/** Keys that it gave a bad value for, or would have: of them none is told as missing. */
	readonly refused: Set<string>;
}

function show(value: unknown): string {
	if (value === undefined) return "nothing";
	const text = JSON.stringify(value);
	return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** The issues behind a union's: those of the branch that takes the input's kind (a list or one value, a number or a text). */
function unfold(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
	return issues.flatMap((issue) => {
		if (issue.code !== "invalid_union") return [issue];
		const branch = issue.errors.find(
			(errors) => !errors.some(({ code, path }) => code === "invalid_type" && path.length === 0),
		);
		if (branch === undefined) return [issue];
		return unfold(branch).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
	});
}

/** Checks one key's value; gives each problem with the path inside the value. */
function problemsOf(key: ConfigKey, value: unknown): { path: JsonPath; text: string }[] {
	if (typeof value === "object" && value !== null && Object.hasOwn(value, "__proto__")) {
		// zod leaves such a key out in silence.
		return [{ path: ["__proto__"], text: `expected ${key.expected}, found a name that stands for something else` }];
	}
	const result = schemaOf(key.name).safeParse(value);
	if (result.success) return [];
	return unfold(result.error.issues).map((issue) => {
		const path = issue.path.filter((part): part is string | number => typeof part !== "symbol");
		const inner = at(value, path);
		if (issue.message === givenTwice) return { path, text: `${show(inner)} is ${givenTwice}; leave one out` };
		const found = key.secret && value !== null ? "something else" : show(inner);
		const expected =
			(path.length === 0 ? undefined : issue.code === "invalid_key" ? key.expectedName : key.expectedInner) ??
			key.expected;
		const why = issue.code === "custom" ? ` (${issue.message})` : "";
		return { path, text: `expected ${expected}, found ${found}${why}` };
	});
}

/** Turns the texts of a flag or variable into what the file would hold. What has no such form stays text, for the schema to refuse. */
function fromText(key: ConfigKey, texts: readonly string[]): unknown {
	const last = texts.at(-1) ?? "";
	const number = (text: string) => (/^\d{1,15}$/.test(text) ? Number(text) : text);
	const parts = () => texts.flatMap((text) => text.split(",")).map((part) => part.trim());
	if (last === "" && schemaOf(key.name).safeParse(null).success) return null;
	switch (key.form) {
		case "text":
			return last;
		case "integer":
			return number(last);
		case "boolean":
			// Go's strconv.ParseBool, as the flags of Go programs read it.
			if (/^(1|t|true)$/i.test(last)) return true;
			return /^(0|f|false)$/i.test(last) ? false : last;
		case "texts":
			return parts();
		case "integers":
			return parts().map(number);
		case "accounts": {
			const accounts: Record<string, string> = Object.create(null);
			for (const part of parts()) {
				const colon = part.indexOf(":");
				accounts[colon < 0 ? part : part.slice(0, colon)] = colon < 0 ? "" : part.slice(colon + 1);
			}
			return accounts;
		}
	}
}

const keyNames: readonly string[] = configKeys.map(({ name }) => name);

function layerFromFlags(flags: ConfigFlags, problems: string[]): Layer {
	const layer: Layer = { values: new Map(), refused: new Set() };
	for (const key of configKeys) {
		const texts = flags.values.get(key.name);
		if (texts !== undefined) take(layer, key, fromText(key, texts), problems, () => `--${key.name}`);
	}
	return layer;
}

function layerFromEnvironment(env: Readonly<Record<string, string | undefined>>, problems: string[]): Layer {
	const layer: Layer = { values: new Map(), refused: new Set() };
	for (const [variable, text] of Object.entries(env)) {
		if (text === undefined || !variable.startsWith(variablePrefix) || variable === configFileVariable) continue;
		const key = configKeys.find((candidate) => candidate.variable === variable);
		if (key === undefined) {
			const meant = didYouMean(variable.slice(variablePrefix.length), [...keyNames, "config.file"], variableOf);
			problems.push(`${variable}: no such variable${meant}`);
			layer.refused.add("dnstt.domain");
		} else take(layer, key, fromText(key, [text]), problems, () => variable);
	}
	return layer;
}

function take(
	layer: Layer,
	key: ConfigKey,
	value: unknown,
	problems: string[],
	where: (path: JsonPath) => string,
): void {
	const found = problemsOf(key, value);
	for (const { path, text } of found) problems.push(`${where(path)}: ${text}`);
	if (found.length > 0) layer.refused.add(key.name);
	else layer.values.set(key.name, value);
}

function dotted(path: JsonPath): string {
	return path.map((part, index) => (typeof part === "number" ? `[${part}]` : index > 0 ? `.${part}` : part)).join("");
}

function layerFromFile(name: string, document: JsonDocument, problems: string[]): Layer {
	const layer: Layer = { values: new Map(), refused: new Set() };
	const where = (path: JsonPath) => {
		const position = document.position(path);
		return `${name}${position === undefined ? "" : `:${position}`}: ${dotted(path)}`;
	};
	function walk(value: unknown, path: readonly string[]): void {
		const key = configKeys.find((candidate) => candidate.name === path.join("."));
		if (key !== undefined) {
			take(layer, key, value, problems, (inner) => where([...path, ...inner]));
			return;
		}
		const below = keyNames.filter((known) => path.length === 0 || known.startsWith(`${path.join(".")}.`));
		if (value === null && path.join(".") === "web.tls") {
			layer.values.set("web.tls", null);
			return;
		}
		if (typeof value !== "object" || value === null || Array.isArray(value)) {
			const place = path.length === 0 ? `${name}:${document.position([])}` : where(path);
			problems.push(
				`${place}: expected an object with ${path.length === 0 ? "sections such as dnstt" : `keys such as ${below[0]?.slice(path.join(".").length + 1)}`}, found ${show(value)}`,
			);
			for (const known of below) layer.refused.add(known);
			return;
		}
		// An object for web.tls asks for both of its files, even an empty one.
		if (path.join(".") === "web.tls") layer.values.set("web.tls", {});
		for (const [part, inner] of Object.entries(value)) {
			const innerPath = [...path, part];
			const full = innerPath.join(".");
			if (full === "$schema" && path.length === 0) {
				if (typeof inner !== "string") problems.push(`${where(innerPath)}: expected a text, found ${show(inner)}`);
			} else if (!part.includes(".") && keyNames.some((known) => known === full || known.startsWith(`${full}.`))) {
				walk(inner, innerPath);
			} else {
				problems.push(`${where(innerPath)}: no such key${nestedKey(full, part) ?? didYouMeanKey(full, path)}`);
				layer.refused.add("dnstt.domain");
			}
		}
	}
	walk(document.value, []);
	return layer;
}

/** The words that follow a key written with the dots of flags in place of objects; undefined where it is none. */
function nestedKey(full: string, part: string): string | undefined {
	const isSection = keyNames.some((known) => known.startsWith(`${full}.`));
	if (!isSection && !keyNames.includes(full)) return undefined;
	const nested = ([name, ...rest]: readonly string[]): string =>
		`"${name}": ${rest.length === 0 ? "…" : `{ ${nested(rest)} }`}`;
	return `; write it as ${nested(part.split("."))}`;
}

/** A section's keys are nearer than those of other sections; at the top level sections count as keys. */
function didYouMeanKey(full: string, path: readonly string[]): string {
	if (path.length === 0) {
		const sections = [...new Set(configKeys.map(({ section }) => section))];
		const section = didYouMean(full, sections);
		if (section !== "") return section;
	}
	const prefix = `${path.join(".")}.`;
	const siblings = keyNames.filter((known) => known.startsWith(prefix)).map((known) => known.slice(prefix.length));
	const sibling = didYouMean(full.slice(prefix.length), siblings, (found) => prefix + found);
	if (path.length > 0 && sibling !== "") return sibling;
	return didYouMean(full, keyNames);
}

function place(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
	const [first = "", ...rest] = path;
	if (rest.length === 0) target[first] = value;
	else {
		const inner = target[first];
		const object = typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>) : {};
		target[first] = object;
		place(object, rest, value);
	}
}

/**
 * Makes the configuration out of flags, environment and the file that one of them names; reads nothing else.
 * `readFile` gives a file's text or throws. `domainRequired` refuses a configuration without dnstt.domain (default: true).
 * Throws ConfigError with every problem of every layer, also of values that a stronger layer overrides.
 */
export function loadConfig(options: {
	readonly flags: ConfigFlags;
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly readFile: (path: string) => string;
	readonly domainRequired?: boolean;
}): LoadedConfig {
	const problems = [...options.flags.problems];
	const flags = layerFromFlags(options.flags, problems);
	const environment = layerFromEnvironment(options.env, problems);
	let fromFile: Layer = { values: new Map(), refused: new Set() };
	const file = options.flags.file ?? (options.env[configFileVariable] || null);
	if (file !== null) {
		try {
			fromFile = layerFromFile(file, readJson(options.readFile(file)), problems);
		} catch (error) {
			if (error instanceof ConfigError) problems.push(...error.problems.map((problem) => `${file}:${problem}`));
			else problems.push(`${file}: ${unreadableConfig(file, error, options.flags.file === undefined)}`);
			// What the file would have said is unknown: nothing is missing yet.
			fromFile.refused.add("dnstt.domain");
		}
	}
	const refused = new Set([...flags.refused, ...environment.refused, ...fromFile.refused]);
	const merged: Record<string, unknown> = {};
	// Weakest first. An unset file name is no object to put into web.tls.
	for (const layer of [fromFile, environment, flags]) {
		for (const [name, value] of layer.values) place(merged, name.split("."), value);
	}
	const result = fileSchema.safeParse(merged);
	if (!result.success) {
		for (const issue of result.error.issues) {
			const name = dotted(issue.path as (string | number)[]);
			if (refused.has(name)) continue;
			const key = configKeys.find((candidate) => candidate.name === name);
			const how = `--${name}, ${variableOf(name)} or the file`;
			problems.push(`${name}: expected ${key?.expected ?? issue.message}, found nothing; give it with ${how}`);
		}
	} else if (
		options.domainRequired !== false &&
		result.data.dnstt.domain.length === 0 &&
		!refused.has("dnstt.domain") &&
		!options.flags.isMistyped
	) {
		problems.push(
			"dnstt.domain: expected the domain of the tunnel, found none; give it with --dnstt.domain t.example.com, " +
				`${variableOf("dnstt.domain")} or "dnstt": { "domain": [...] } in the file`,
		);
	}
	const { interface: name, promiscuous } = result.data?.capture ?? {};
	if (promiscuous === true && name === "any")
		problems.push(
			"capture.promiscuous: does nothing on any, which the kernel has no such mode for; name the interface with --capture.interface, or leave it out",
		);
	if (options.flags.problems.length > 0 && options.flags.help !== undefined) problems.push(options.flags.help);
	if (problems.length > 0 || !result.success) throw new ConfigError(problems);
	return { config: toConfig(result.data), file };
}

/** Why the configuration file cannot be read, and what mends it. */
function unreadableConfig(file: string, error: unknown, isFromVariable: boolean): string {
	const text = unreadable(file, error);
	if (text.startsWith("is a folder")) return `${text}, such as ${join(file, "config.json")}`;
	return isFromVariable ? text.replace("correct the path", `correct the path in ${configFileVariable}`) : text;
}
