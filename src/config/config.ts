/** Reads the configuration. Precedence: flag, environment variable, configuration file, default. */

import { join } from "node:path";
import { describeReadError } from "../read-error.ts";
import { at, place } from "./effective.ts";
import { ConfigError, NoDomainError } from "./error.ts";
import { type JsonPath, readJson } from "./json.ts";
import { type ConfigKey, configFileVariable, configKeys, variableOf, variablePrefix } from "./keys.ts";
import { explain, fromText, show, unfold } from "./kinds.ts";
import { didYouMean } from "./nearest.ts";
import { type Config, fileSchema, limits } from "./schema.ts";

/** The part of the command line that sets the configuration. */
export interface ConfigFlags {
	/** The texts of each key's flags, in the order of the command line. For a key with one value the last one counts. */
	readonly values: ReadonlyMap<string, readonly string[]>;
	/** `--config.file`. */
	readonly file?: string | undefined;
	/** Mistakes on the command line itself, reported together with those in values. */
	readonly problems: readonly string[];
	/** Among the problems is an unknown flag, or one without its value: it may have been meant for any key. */
	readonly isMistyped?: boolean;
	/** A line that points to the help; reported last if the command line itself was wrong. */
	readonly help?: string;
}

/** The values that come from one source (flags, environment or file), in the form of the file. */
interface Layer {
	readonly tree: unknown;
	/** The start of a problem's line: where the operator wrote the value at this path. */
	readonly where: (path: JsonPath) => string;
	readonly problems: string[];
	/** It holds an unknown name, which may stand for any key: no key is then reported as missing. */
	isMistyped: boolean;
}

/** Of these keys one is enough to start. */
const domainPaths = [
	["dnstt", "domain"],
	["vaydns", "domain"],
];
const keyNames: readonly string[] = configKeys.map(({ name }) => name);

function dotted(path: JsonPath): string {
	return path.map((part, index) => (typeof part === "number" ? `[${part}]` : index > 0 ? `.${part}` : part)).join("");
}

/** The key at a path, or the one whose value the path points into. */
function keyAt(path: JsonPath): ConfigKey | undefined {
	return configKeys.find((key) => key.path.every((part, index) => part === path[index]));
}

/** The names that an object at a path may hold. */
function namesAt(path: JsonPath): string[] {
	const key = keyAt(path);
	if (key?.fields !== undefined) return Object.keys(key.fields);
	const inside = configKeys.filter((key) => path.every((part, index) => part === key.path[index]));
	return [...new Set(inside.map((key) => key.path[path.length] ?? ""))];
}

/** Checks one layer alone, so that overridden values are checked as well. Keys that it lacks may be in another layer. */
function check(layer: Layer): void {
	const { tree, where, problems } = layer;
	// zod drops a key of this name without an issue.
	const isUnsafe = ({ path }: ConfigKey) => Object.hasOwn(Object(at(tree, path)), "__proto__");
	for (const { path, expected } of configKeys.filter(isUnsafe)) {
		const problem = `expected ${expected}, found a reserved name`;
		problems.push(`${where([...path, "__proto__"])}: ${problem}`);
	}
	for (const issue of unfold(fileSchema.safeParse(tree).error?.issues ?? [])) {
		const path = issue.path.filter((part): part is string | number => typeof part !== "symbol");
		const found = at(tree, path);
		const key = keyAt(path);
		if (issue.code === "unrecognized_keys") {
			layer.isMistyped = true;
			for (const name of issue.keys) problems.push(`${where([...path, name])}: no such key${suggestion(path, name)}`);
		} else if (key !== undefined) {
			const inner = { ...issue, path: path.slice(key.path.length) };
			// A key that is not there may be in another layer; a part of its value may not.
			if ((found !== undefined || path.length > key.path.length) && !isUnsafe(key))
				problems.push(`${where(path)}: ${explain(key.kind, inner, found, key.secret)}`);
		} else {
			if (domainPaths.some((domain) => path.every((part, index) => part === domain[index]))) layer.isMistyped = true;
			const [name] = namesAt(path);
			const kind = path.length === 0 ? "sections" : "keys";
			const expected = name === undefined ? "a text" : `an object with ${kind} such as ${name}`;
			problems.push(`${where(path)}: expected ${expected}, found ${show(found)}`);
		}
	}
}

/** Suggests the key that an unknown name was probably meant to be. */
function suggestion(path: JsonPath, name: string): string {
	const full = dotted([...path, name]);
	if (name.includes(".") && keyNames.some((known) => known === full || known.startsWith(`${full}.`))) {
		const nested = ([first, ...rest]: readonly string[]): string =>
			`"${first}": ${rest.length === 0 ? "…" : `{ ${nested(rest)} }`}`;
		return `; write it as ${nested(name.split("."))}`;
	}
	// Keys of the same object come first.
	return didYouMean(name, namesAt(path), (found) => dotted([...path, found])) || didYouMean(full, keyNames);
}

/** Makes a layer of keys whose values are texts; `spell` returns a key's name as the operator wrote it. */
function layerOfTexts(
	textsOf: (key: ConfigKey) => readonly string[] | undefined,
	spell: (key: ConfigKey) => string,
): Layer {
	const tree = {};
	for (const key of configKeys) {
		const texts = textsOf(key);
		if (texts !== undefined) place(tree, key.path, fromText(key.kind, texts));
	}
	const where = (path: JsonPath) => {
		const key = keyAt(path);
		return key === undefined ? dotted(path) : spell(key);
	};
	return { tree, where, problems: [], isMistyped: false };
}

function layerOfEnvironment(env: Readonly<Record<string, string | undefined>>): Layer {
	const textsOf = ({ variable }: ConfigKey) => (env[variable] === undefined ? undefined : [env[variable]]);
	const layer = layerOfTexts(textsOf, ({ variable }) => variable);
	const known = new Set([configFileVariable, ...configKeys.map(({ variable }) => variable)]);
	for (const variable of Object.keys(env)) {
		if (!variable.startsWith(variablePrefix) || known.has(variable)) continue;
		const meant = didYouMean(variable.slice(variablePrefix.length), [...keyNames, "config.file"], variableOf);
		layer.problems.push(`${variable}: no such variable${meant}`);
		layer.isMistyped = true;
	}
	return layer;
}

function layerOfFile(name: string, isFromVariable: boolean, readFile: (path: string) => string): Layer {
	try {
		const { value, position } = readJson(readFile(name));
		const where = (path: JsonPath) => [`${name}:${position(path)}`, dotted(path)].filter(Boolean).join(": ");
		return { tree: value, where, problems: [], isMistyped: false };
	} catch (error) {
		const problems =
			error instanceof ConfigError
				? error.problems.map((problem) => `${name}:${problem}`)
				: [`${name}: ${unreadableConfig(name, error, isFromVariable)}`];
		return { tree: {}, where: dotted, problems, isMistyped: true };
	}
}

/** Says why the configuration file cannot be read and how to fix it. */
function unreadableConfig(file: string, error: unknown, isFromVariable: boolean): string {
	const text = describeReadError(file, error);
	if (text.startsWith("is a folder")) return `${text}, such as ${join(file, "config.json")}`;
	return isFromVariable ? text.replace("check the path", `check the path in ${configFileVariable}`) : text;
}

/** Merges the layers, of which the first takes precedence. A key's value is replaced as a whole, never merged. */
function merge([...trees]: readonly unknown[]): Record<string, unknown> {
	const weakest = trees.pop();
	const merged: Record<string, unknown> = {
		...(typeof weakest === "object" && !Array.isArray(weakest) ? weakest : {}),
	};
	for (const tree of trees.toReversed()) {
		for (const { path } of configKeys) {
			const value = at(tree, path);
			if (value !== undefined) place(merged, path, value);
		}
	}
	return merged;
}

const noDomain =
	"no domain given; set that of the tunnel with --dnstt.domain t.example.com (VayDNS: --vaydns.domain), " +
	`${variableOf("dnstt.domain")}, or "dnstt": { "domain": [...] } in the file`;

/** Reports required keys that no layer sets. */
function missing(merged: unknown, isDomainRequired: boolean): string[] {
	const issues = fileSchema.safeParse(merged).error?.issues ?? [];
	const problems = issues.flatMap(({ path }) => {
		const key = configKeys.find((candidate) => candidate.name === path.join("."));
		if (key === undefined || at(merged, path) !== undefined) return [];
		const how = `set it with --${key.name}, ${key.variable} or the file`;
		return `${key.name}: expected ${key.expected}, found nothing; ${how}`;
	});
	const isAbsent = (domain: unknown) => domain === undefined || Bun.deepEquals(domain, []);
	if (isDomainRequired && domainPaths.every((path) => isAbsent(at(merged, path)))) {
		problems.push(noDomain);
	}
	return problems;
}

function freeze<T>(value: T): T {
	if (typeof value === "object" && value !== null && !(value instanceof Map)) {
		for (const inner of Object.values(value)) freeze(inner);
		Object.freeze(value);
	}
	return value;
}

/** A configuration, and the file that was read for it, if any. */
export interface LoadedConfig {
	readonly config: Config;
	readonly file: string | null;
}

/** Reports values that are valid alone but contradict each other. */
function contradictions({ capture, dnstt, vaydns }: Config): string[] {
	const problems = vaydns.domains
		.filter(({ name }) => dnstt.domains.includes(name))
		.map(({ name }) => `vaydns.domain: ${name} is in dnstt.domain too; leave it out where its server is the other`);
	if (dnstt.domains.length + vaydns.domains.length > limits.domainsMax) {
		problems.push(`vaydns.domain: expected at most ${limits.domainsMax} domains together with dnstt.domain`);
	}
	if (capture.promiscuous && capture.interface === "any") {
		problems.push(
			"capture.promiscuous: has no effect on any, for which the kernel has no such mode; name an interface with --capture.interface, or leave it out",
		);
	}
	return problems;
}

/**
 * Makes the configuration from flags, environment and the file that one of them names; reads nothing else.
 * `readFile` returns a file's text or throws. `domainRequired` refuses a configuration without dnstt.domain (default: true).
 * Throws ConfigError with every problem of every layer, also of values that a stronger layer overrides; NoDomainError if only the
 * domain is missing.
 */
export function loadConfig(options: {
	readonly flags: ConfigFlags;
	readonly env: Readonly<Record<string, string | undefined>>;
	readonly readFile: (path: string) => string;
	readonly domainRequired?: boolean;
}): LoadedConfig {
	const { flags, env, readFile, domainRequired = true } = options;
	const file = flags.file ?? (env[configFileVariable] || null);
	const layers = [
		layerOfTexts(
			({ name }) => flags.values.get(name),
			({ name }) => `--${name}`,
		),
		layerOfEnvironment(env),
	];
	if (file !== null) layers.push(layerOfFile(file, flags.file === undefined, readFile));
	for (const layer of layers) check(layer);
	const problems = [...flags.problems, ...layers.flatMap((layer) => layer.problems)];
	const merged = merge(layers.map(({ tree }) => tree));
	if (!flags.isMistyped && !layers.some(({ isMistyped }) => isMistyped)) {
		problems.push(...missing(merged, domainRequired));
	}
	const { data: config } = fileSchema.safeParse(merged);
	if (config !== undefined) problems.push(...contradictions(config));
	if (flags.problems.length > 0 && flags.help !== undefined) problems.push(flags.help);
	if (problems.length === 1 && problems[0] === noDomain) throw new NoDomainError(problems);
	if (problems.length > 0 || config === undefined) throw new ConfigError(problems);
	return { config: freeze(config), file };
}
