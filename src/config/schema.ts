/**
 * The one schema of the configuration: the values that each key of keys.ts takes, and what they are in program units. File
 * validation, flags, environment variables and JSON Schema (jsonschema.ts) all come from it.
 */

// Without the methods that zod's other form gives each kind of schema: half of the time that making this one takes.
import * as z from "zod/mini";
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

const schemas = new Map<KeyName, z.ZodMiniType>();

/** A key that its section cannot do without. What the table says of it stands in the JSON Schema as well. */
function required<T extends z.ZodMiniType>(name: KeyName, schema: T): T {
	schemas.set(name, schema);
	z.globalRegistry.add(schema, { description: traitsOf(name).description });
	return schema;
}

/** A key with the default of the table. */
function key<T extends z.ZodMiniType>(name: KeyName, schema: T) {
	return required(name, z.prefault(schema, traitsOf(name).default as z.input<T>));
}

/** The keys of a section, none of which it needs. */
function section<Shape extends z.core.$ZodLooseShape>(name: SectionName, shape: Shape) {
	return z.strictObject(shape).register(z.globalRegistry, { description: headingOf(name) });
}

/** A transform out of a reader: its fault becomes the issue's message. */
function by<In, Out>(read: (input: In) => Read<Out>) {
	return z.transform((input: In, context): Out => {
		const result = read(input);
		if ("value" in result) return result.value;
		context.issues.push({ code: "custom", message: result.fault, input });
		return z.NEVER;
	});
}

/** The message of an issue with a value that stands in its list already. */
export const givenTwice = "given twice";

/** Refuses a value that was given twice, at the second place. */
const refuseTwice = z.superRefine<readonly unknown[]>((values, context) => {
	for (const [index, value] of values.entries()) {
		if (values.indexOf(value) < index) context.addIssue({ code: "custom", path: [index], message: givenTwice });
	}
});

const domain = z.pipe(z.string().check(z.maxLength(1024)), by(readDomain));
const port = z.int().check(z.gte(1), z.lte(65535));
const count = (max: number) => z.int().check(z.gte(1), z.lte(max));
const file = z.string().check(z.minLength(1), z.maxLength(4096), z.regex(/^[^\0]+$/));
const within = (min: number, max: number) => z.refine<number>((value) => value >= min && value <= max, "out of range");
const duration = (minMs: number, maxMs: number) =>
	z.pipe(z.string().check(z.regex(durationPattern)), by(readDuration)).check(within(minMs, maxMs));
const size = (minBytes: number, maxBytes: number) =>
	z
		.pipe(
			z.union([z.int().check(z.gte(minBytes), z.lte(maxBytes)), z.string().check(z.regex(sizePattern))]),
			by(readSize),
		)
		.check(within(minBytes, maxBytes));
/** One value may stand for a list of one. */
const listOf = <One extends z.ZodMiniType>(one: One, ...checks: readonly z.core.$ZodCheck<unknown[]>[]) =>
	z.union([
		z.pipe(
			one,
			z.transform((value: z.output<One>) => [value]),
		),
		z.array(one).check(...checks, refuseTwice),
	]);

const dnstt = section("dnstt", {
	domain: key("dnstt.domain", listOf(domain, z.maxLength(limits.domainsMax))),
	port: key("dnstt.port", listOf(port, z.minLength(1), z.maxLength(limits.portsMax))),
});

const capture = section("capture", {
	interface: key("capture.interface", z.string().check(z.regex(/^(?!\.{1,2}$)[^\s/:]{1,15}$/))),
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
	"country-database": key("geoip.country-database", z.nullable(file)),
	"asn-database": key("geoip.asn-database", z.nullable(file)),
});

const tls = z
	.prefault(
		z.nullable(
			z.strictObject({
				"certificate-file": required("web.tls.certificate-file", file.clone()),
				"key-file": required("web.tls.key-file", file.clone()),
			}),
		),
		null,
	)
	.register(z.globalRegistry, { description: "HTTPS instead of HTTP; null is HTTP" });

const web = section("web", {
	"listen-address": key("web.listen-address", z.pipe(z.string().check(z.regex(listenPattern)), by(readListenAddress))),
	"allowed-hosts": key("web.allowed-hosts", listOf(domain, z.maxLength(limits.allowedHostsMax))),
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
	// Each step of bcrypt's cost doubles the time: a check at 16 takes seconds, one at 31 hours, in which nobody else is let in.
	"basic-auth": key(
		"web.basic-auth",
		z.nullable(
			z
				.record(
					z.string().check(z.regex(/^[^:\p{Cc}]{1,255}$/u)),
					z.string().check(z.regex(/^\$2[aby]\$(0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}$/)),
				)
				.check(z.refine((accounts) => Object.keys(accounts).length > 0, "no user in it")),
		),
	),
});

const process = section("process", {
	user: key("process.user", z.string().check(z.regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/))),
});

const log = section("log", {
	level: key("log.level", z.enum(logLevels)),
	format: key("log.format", z.enum(logFormats)),
});

/** The configuration file; its output holds the same keys in program units (ms, bytes, lists). */
export const fileSchema = z
	.strictObject({
		$schema: z.optional(z.string()).register(z.globalRegistry, { description: "Where an editor finds this schema" }),
		dnstt: z.prefault(dnstt, {}),
		capture: z.prefault(capture, {}),
		session: z.prefault(session, {}),
		labels: z.prefault(labels, {}),
		geoip: z.prefault(geoip, {}),
		web: z.prefault(web, {}),
		process: z.prefault(process, {}),
		log: z.prefault(log, {}),
	})
	.register(z.globalRegistry, { description: "Configuration of dnstt_exporter" });

export type FileForm = z.input<typeof fileSchema>;
export type ParsedFile = z.output<typeof fileSchema>;

/** What one key takes. */
export function schemaOf(name: KeyName): z.ZodMiniType {
	const schema = schemas.get(name);
	if (schema === undefined) throw new Error(`no values for ${name} in the schema`);
	return schema;
}
