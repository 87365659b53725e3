/**
 * The one schema of the configuration: keys, their written forms, limits, defaults and descriptions.
 * File validation, flags, environment variables, help text and JSON Schema all come from it.
 */

import * as z from "zod";
import {
	durationPattern,
	listenPattern,
	type Read,
	readDomain,
	readDuration,
	readListenAddress,
	readSize,
	sizePattern,
} from "./values.ts";

/** How the text of a flag or variable becomes the value that the file would hold. */
export type TextForm = "text" | "boolean" | "integer" | "texts" | "integers" | "accounts";

/** What a key has beyond its schema. */
export interface KeyTraits {
	/** Completes "expected ...". */
	readonly expected: string;
	/** The same of one element of a list, or of one user's value. */
	readonly expectedInner?: string;
	/** The same of a user's name. */
	readonly expectedName?: string;
	/** What stands for the value in help text; empty for a boolean. */
	readonly placeholder: string;
	readonly form: TextForm;
	/** Applied by SIGHUP; otherwise a change waits for a restart. */
	readonly reload: boolean;
	/** The value is never shown. */
	readonly secret?: true;
	/** The only values it takes. */
	readonly choices?: readonly string[];
}

const traitsOf = new WeakMap<z.ZodType, KeyTraits>();

/** Limits, each with its reason. */
export const limits = {
	/** Every query name is compared with each domain. */
	domainsMax: 64,
	/** Each port is three terms of the capture filter. */
	portsMax: 16,
	/** Below it one burst overflows; above it the kernel refuses on small hosts. */
	bufferBytesMin: 512 * 1024,
	bufferBytesMax: 1024 ** 3,
	/** A client polls at least every few seconds; beyond an hour "active" says nothing. */
	activeWindowMsMin: 1000,
	activeWindowMsMax: 3_600_000,
	/** At 76 bytes for each that is tracked and 28 for each that is remembered, 1.7 GB. */
	sessionsMax: 16_000_000,
	/** A Prometheus server is in trouble long before. */
	labelSetsMax: 1_000_000,
	/** IFNAMSIZ of Linux less the closing zero. */
	interfaceNameMax: 15,
} as const;

function key<T extends z.ZodType>(schema: T, description: string, traits: KeyTraits): T {
	const described = schema.describe(description);
	traitsOf.set(described, traits);
	return described;
}

/** A transform out of a reader: its fault becomes the issue's message. */
function by<In, Out>(read: (input: In) => Read<Out>) {
	return (input: In, context: z.RefinementCtx): Out => {
		const result = read(input);
		if ("value" in result) return result.value;
		context.addIssue({ code: "custom", message: result.fault });
		return z.NEVER;
	};
}

/** The message of an issue with a value that stands in its list already. */
export const givenTwice = "given twice";

/** Refuses a value that was given twice, at the second place. */
function refuseTwice(values: readonly unknown[], context: z.RefinementCtx): void {
	for (const [index, value] of values.entries()) {
		if (values.indexOf(value) < index) context.addIssue({ code: "custom", path: [index], message: givenTwice });
	}
}

const domain = z.string().max(1024).transform(by(readDomain));
const port = z.int().min(1).max(65535);
const count = (max: number) => z.int().min(1).max(max);
const file = z
	.string()
	.min(1)
	.max(4096)
	.regex(/^[^\0]+$/);
const duration = (minMs: number, maxMs: number) =>
	z
		.string()
		.regex(durationPattern)
		.transform(by(readDuration))
		.refine((durationMs) => durationMs >= minMs && durationMs <= maxMs, "out of range");
const size = (minBytes: number, maxBytes: number) =>
	z
		.union([z.int().min(minBytes).max(maxBytes), z.string().regex(sizePattern)])
		.transform(by(readSize))
		.refine((sizeBytes) => sizeBytes >= minBytes && sizeBytes <= maxBytes, "out of range");

const text = (expected: string, placeholder: string, reload: boolean): KeyTraits => ({
	expected,
	placeholder,
	form: "text",
	reload,
});
const integer = (max: number, reload: boolean): KeyTraits => ({
	expected: `a whole number from 1 to ${max}`,
	placeholder: "N",
	form: "integer",
	reload,
});
const flag = (reload: boolean): KeyTraits => ({ expected: "true or false", placeholder: "", form: "boolean", reload });
const choice = (choices: readonly string[], reload: boolean): KeyTraits => ({
	expected: `one of ${choices.join(", ")}`,
	placeholder: choices.join("|"),
	form: "text",
	reload,
	choices,
});

const logLevels = ["debug", "info", "warn", "error"] as const;
const logFormats = ["logfmt", "json"] as const;

const dnstt = z
	.strictObject({
		domain: key(
			z
				.union([domain.transform((name) => [name]), z.array(domain).max(limits.domainsMax).superRefine(refuseTwice)])
				.prefault([]),
			"Domain of the tunnel, as dnstt-server was given it; several may be watched at once",
			{
				expected: `1 to ${limits.domainsMax} domain names such as t.example.com`,
				expectedInner: "a domain name such as t.example.com",
				placeholder: "DOMAIN",
				form: "texts",
				reload: false,
			},
		),
		port: key(
			z
				.union([
					port.transform((number) => [number]),
					z.array(port).min(1).max(limits.portsMax).superRefine(refuseTwice),
				])
				.prefault([53]),
			"UDP port on which dnstt-server receives; several may be watched at once",
			{
				expected: `1 to ${limits.portsMax} port numbers from 1 to 65535`,
				expectedInner: "a port number from 1 to 65535",
				placeholder: "PORT",
				form: "integers",
				reload: true,
			},
		),
	})
	.describe("What to watch");

const capture = z
	.strictObject({
		interface: key(
			z
				.string()
				.regex(/^(?!\.{1,2}$)[^\s/:]{1,15}$/)
				.prefault("any"),
			"Network interface to capture on; any is all of them",
			text(`an interface name of 1 to ${limits.interfaceNameMax} characters, or any`, "NAME", true),
		),
		"buffer-size": key(
			size(limits.bufferBytesMin, limits.bufferBytesMax).prefault("16MiB"),
			"Kernel memory that holds packets until they are read; more of it survives longer bursts",
			text("a size from 512KiB to 1GiB such as 16MiB", "SIZE", true),
		),
		promiscuous: key(
			z.boolean().prefault(false),
			"Also see packets addressed to other hosts, as behind a mirror port",
			flag(true),
		),
	})
	.describe("Where packets come from");

const session = z
	.strictObject({
		"active-window": key(
			duration(limits.activeWindowMsMin, limits.activeWindowMsMax).prefault("30s"),
			"A session is active until this long after its last query",
			text("a duration from 1s to 1h such as 30s or 1m30s", "DURATION", false),
		),
		"max-tracked": key(
			count(limits.sessionsMax).prefault(1_000_000),
			"Sessions tracked at once; when full, the least recently seen is dropped and counted",
			integer(limits.sessionsMax, false),
		),
		"max-remembered": key(
			count(limits.sessionsMax).prefault(1_000_000),
			"Ended sessions whose ids are kept, so that one that returns is not counted as new",
			integer(limits.sessionsMax, false),
		),
	})
	.describe("How sessions are counted");

const labels = z
	.strictObject({
		"max-sets": key(
			count(limits.labelSetsMax).prefault(10_000),
			"Label sets exported; what comes beyond counts under country=other, asn=other",
			integer(limits.labelSetsMax, false),
		),
	})
	.describe("Bounds of the metrics' labels");

const geoip = z
	.strictObject({
		"country-database": key(
			file.nullable().prefault(null),
			"GeoLite2 or GeoIP2 Country database (.mmdb); adds the label country, that of the resolver",
			text("the path of a file, or null", "FILE", false),
		),
		"asn-database": key(
			file.nullable().prefault(null),
			"GeoLite2 or GeoIP2 ASN database (.mmdb); adds the label asn, that of the resolver",
			text("the path of a file, or null", "FILE", false),
		),
	})
	.describe("Where resolvers are");

const tls = z
	.strictObject({
		"certificate-file": key(
			file,
			"Serve HTTPS with this certificate chain (PEM); needs web.tls.key-file",
			text("the path of a file", "FILE", false),
		),
		"key-file": key(
			file,
			"Private key (PEM) of the certificate; needs web.tls.certificate-file",
			text("the path of a file", "FILE", false),
		),
	})
	.nullable()
	.prefault(null)
	.describe("HTTPS instead of HTTP; null is HTTP");

const web = z
	.strictObject({
		"listen-address": key(
			z.string().regex(listenPattern).transform(by(readListenAddress)).prefault("127.0.0.1:9713"),
			"Address to serve on; :9713 is every address of the host, and tells the world that a tunnel runs here",
			text("HOST:PORT, :PORT or [IPV6]:PORT", "HOST:PORT", false),
		),
		"telemetry-path": key(
			z
				.string()
				.max(255)
				.regex(
					/^(?!\/(status\.json|history\.json|events|page\.js|page\.css|icon\.svg)$)(\/(?!-\/)(?!\.{1,2}(\/|$))[A-Za-z0-9._~-]+)+$/,
				)
				.prefault("/metrics"),
			"Path of the metrics",
			text(
				"a path such as /metrics, neither / nor under /-/ nor one of the status page's, such as /events",
				"PATH",
				false,
			),
		),
		"status-page": key(
			z.boolean().prefault(true),
			"Serve the live status page on /; otherwise / holds links only",
			flag(false),
		),
		tls,
		"basic-auth": key(
			z
				.record(
					z.string().regex(/^[^:\p{Cc}]{1,255}$/u),
					z.string().regex(/^\$2[aby]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}$/),
				)
				.refine((accounts) => Object.keys(accounts).length > 0, "no user in it")
				.nullable()
				.prefault(null),
			"Users that may look, each with the bcrypt hash of the password (htpasswd -nBC 10 USER); null is everyone",
			{
				expected: "users without a colon, each with a bcrypt hash, as htpasswd -nBC 10 USER makes it",
				expectedInner: "a bcrypt hash for the user, as htpasswd -nBC 10 USER makes it",
				expectedName: "a user's name of 1 to 255 characters without a colon",
				placeholder: "USER:HASH",
				form: "accounts",
				reload: true,
				secret: true,
			},
		),
	})
	.describe("The web side");

const process = z
	.strictObject({
		user: key(
			z
				.string()
				.regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/)
				.prefault("nobody"),
			"Account to become once the capture is open, when started as root; root stays root",
			text("the name or number of an account", "USER", false),
		),
	})
	.describe("The process itself");

const log = z
	.strictObject({
		level: key(z.enum(logLevels).prefault("info"), "Least severe messages to log", choice(logLevels, true)),
		format: key(z.enum(logFormats).prefault("logfmt"), "Form of the log on standard error", choice(logFormats, true)),
	})
	.describe("The log");

/** The configuration file; its output holds the same keys in program units (ms, bytes, lists). */
export const fileSchema = z
	.strictObject({
		$schema: z.string().optional().describe("Where an editor finds this schema"),
		dnstt: dnstt.prefault({}),
		capture: capture.prefault({}),
		session: session.prefault({}),
		labels: labels.prefault({}),
		geoip: geoip.prefault({}),
		web: web.prefault({}),
		process: process.prefault({}),
		log: log.prefault({}),
	})
	.describe("Configuration of dnstt_exporter");

export type FileForm = z.input<typeof fileSchema>;
export type ParsedFile = z.output<typeof fileSchema>;

/** One key: a leaf of the schema, under its dotted name. */
export interface ConfigKey extends KeyTraits {
	/** `section.key`, also the flag's name. */
	readonly name: string;
	readonly path: readonly string[];
	readonly section: string;
	/** The environment variable. */
	readonly variable: string;
	readonly description: string;
	/** As the file would hold it; null is unset. */
	readonly default: unknown;
	/** It may be given several times, or with commas. */
	readonly repeatable: boolean;
	readonly schema: z.ZodType;
}

/** The schema inside default, null and optional wrappers, and the default on the way. */
function unwrap(schema: z.ZodType): { inner: z.ZodType; defaultValue: unknown } {
	let inner: z.ZodType = schema;
	let defaultValue: unknown = null;
	for (;;) {
		if (inner instanceof z.ZodPrefault) defaultValue = inner.def.defaultValue;
		if (inner instanceof z.ZodPrefault || inner instanceof z.ZodNullable || inner instanceof z.ZodOptional) {
			inner = inner.def.innerType as z.ZodType;
		} else return { inner, defaultValue };
	}
}

export const variablePrefix = "DNSTT_EXPORTER_";

/** The environment variable of a dotted key: upper case, dots and dashes as underscores. */
export function variableOf(name: string): string {
	return variablePrefix + name.toUpperCase().replaceAll(/[.-]/g, "_");
}

function keysUnder(schema: z.ZodType, path: readonly string[]): ConfigKey[] {
	const traits = traitsOf.get(schema);
	const { inner, defaultValue } = unwrap(schema);
	if (traits !== undefined) {
		const name = path.join(".");
		return [
			{
				...traits,
				name,
				path,
				section: path[0] ?? "",
				variable: variableOf(name),
				description: schema.description ?? "",
				default: defaultValue,
				repeatable: traits.form === "texts" || traits.form === "integers" || traits.form === "accounts",
				schema,
			},
		];
	}
	if (!(inner instanceof z.ZodObject)) return [];
	return Object.entries(inner.shape).flatMap(([name, child]) => keysUnder(child as z.ZodType, [...path, name]));
}

/** Every key, in the order of the schema. */
export const configKeys: readonly ConfigKey[] = keysUnder(fileSchema, []);

/** Every section with its heading for help text, in the order of the schema. */
export const configSections: readonly { readonly name: string; readonly description: string }[] = Object.entries(
	fileSchema.shape,
)
	.filter(([name]) => configKeys.some((known) => known.section === name))
	.map(([name, schema]) => ({ name, description: unwrap(schema).inner.description ?? "" }));

/** JSON Schema (draft 2020-12) of the configuration file, for editors and other validators. */
export function configJsonSchema(): Record<string, unknown> {
	return z.toJSONSchema(fileSchema, {
		io: "input",
		override({ zodSchema, jsonSchema }) {
			// A section without its keys is empty: the default says nothing that the keys' own do not.
			if (
				zodSchema instanceof z.ZodPrefault &&
				unwrap(zodSchema).inner instanceof z.ZodObject &&
				jsonSchema.default !== null
			) {
				delete jsonSchema.default;
			}
		},
	}) as Record<string, unknown>;
}
