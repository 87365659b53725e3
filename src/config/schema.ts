/**
 * The one schema of the configuration: the values that each key of keys.ts takes, and what they are in program units. File
 * validation, flags, environment variables and JSON Schema all come from it.
 */

import * as z from "zod";
import { headingOf, type KeyName, limits, logFormats, logLevels, type SectionName, traitsOf } from "./keys.ts";
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

// zod would compile a parser for each object: 2 ms, for a configuration that is read once.
z.config({ jitless: true });

const schemas = new Map<KeyName, z.ZodType>();

/** A key that its section cannot do without. What the table says of it stands in the JSON Schema as well. */
function required<T extends z.ZodType>(name: KeyName, schema: T): T {
	schemas.set(name, schema);
	z.globalRegistry.add(schema, { description: traitsOf(name).description });
	return schema;
}

/** A key with the default of the table. */
function key<T extends z.ZodType>(name: KeyName, schema: T) {
	return required(name, schema.prefault(traitsOf(name).default as z.util.NoUndefined<z.input<T>>));
}

/** The keys of a section, none of which it needs. */
function section<Shape extends z.ZodRawShape>(name: SectionName, shape: Shape) {
	return z.strictObject(shape).register(z.globalRegistry, { description: headingOf(name) });
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
const port = z.int().check(z.gte(1), z.lte(65535));
const count = (max: number) => z.int().check(z.gte(1), z.lte(max));
const file = z.string().check(z.minLength(1), z.maxLength(4096), z.regex(/^[^\0]+$/));
const duration = (minMs: number, maxMs: number) =>
	z
		.string()
		.regex(durationPattern)
		.transform(by(readDuration))
		.refine((durationMs) => durationMs >= minMs && durationMs <= maxMs, "out of range");
const size = (minBytes: number, maxBytes: number) =>
	z
		.union([z.int().check(z.gte(minBytes), z.lte(maxBytes)), z.string().regex(sizePattern)])
		.transform(by(readSize))
		.refine((sizeBytes) => sizeBytes >= minBytes && sizeBytes <= maxBytes, "out of range");

const dnstt = section("dnstt", {
	domain: key(
		"dnstt.domain",
		z.union([domain.transform((name) => [name]), z.array(domain).max(limits.domainsMax).superRefine(refuseTwice)]),
	),
	port: key(
		"dnstt.port",
		z.union([port.transform((number) => [number]), z.array(port).min(1).max(limits.portsMax).superRefine(refuseTwice)]),
	),
});

const capture = section("capture", {
	interface: key("capture.interface", z.string().regex(/^(?!\.{1,2}$)[^\s/:]{1,15}$/)),
	"buffer-size": key("capture.buffer-size", size(limits.bufferBytesMin, limits.bufferBytesMax)),
	promiscuous: key("capture.promiscuous", z.boolean()),
});

const session = section("session", {
	"active-window": key("session.active-window", duration(limits.activeWindowMsMin, limits.activeWindowMsMax)),
	"max-tracked": key("session.max-tracked", count(limits.sessionsMax)),
	"max-remembered": key("session.max-remembered", count(limits.sessionsMax)),
});

const labels = section("labels", {
	"max-sets": key("labels.max-sets", count(limits.labelSetsMax)),
});

const geoip = section("geoip", {
	"country-database": key("geoip.country-database", file.nullable()),
	"asn-database": key("geoip.asn-database", file.nullable()),
});

const tls = z
	.strictObject({
		"certificate-file": required("web.tls.certificate-file", file.clone()),
		"key-file": required("web.tls.key-file", file.clone()),
	})
	.nullable()
	.prefault(null)
	.register(z.globalRegistry, { description: "HTTPS instead of HTTP; null is HTTP" });

const web = section("web", {
	"listen-address": key("web.listen-address", z.string().regex(listenPattern).transform(by(readListenAddress))),
	"telemetry-path": key(
		"web.telemetry-path",
		z
			.string()
			.check(
				z.maxLength(255),
				z.regex(
					/^(?!\/(status\.json|history\.json|events|page\.js|page\.css|icon\.svg)$)(\/(?!-\/)(?!\.{1,2}(\/|$))[A-Za-z0-9._~-]+)+$/,
				),
			),
	),
	"status-page": key("web.status-page", z.boolean()),
	tls,
	"basic-auth": key(
		"web.basic-auth",
		z
			.record(
				z.string().regex(/^[^:\p{Cc}]{1,255}$/u),
				z.string().regex(/^\$2[aby]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}$/),
			)
			.refine((accounts) => Object.keys(accounts).length > 0, "no user in it")
			.nullable(),
	),
});

const process = section("process", {
	user: key("process.user", z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/)),
});

const log = section("log", {
	level: key("log.level", z.enum(logLevels)),
	format: key("log.format", z.enum(logFormats)),
});

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

/** What one key takes. */
export function schemaOf(name: KeyName): z.ZodType {
	const schema = schemas.get(name);
	if (schema === undefined) throw new Error(`no values for ${name} in the schema`);
	return schema;
}

/** JSON Schema (draft 2020-12) of the configuration file, for editors and other validators. */
export function configJsonSchema(): Record<string, unknown> {
	return z.toJSONSchema(fileSchema, {
		io: "input",
		override({ zodSchema, jsonSchema }) {
			// A section without its keys is empty: the default says nothing that the keys' own do not.
			if (zodSchema instanceof z.ZodPrefault && zodSchema.def.innerType instanceof z.ZodObject)
				delete jsonSchema.default;
		},
	}) as Record<string, unknown>;
}
