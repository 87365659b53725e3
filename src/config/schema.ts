/**
 * The one table of the configuration: keys, values, defaults and descriptions. A new key is a row here and nothing else: its
 * flag, its environment variable, the help, completions, man page, JSON Schema, NixOS option, the effective configuration and
 * the type Config are all made from the row.
 */

import * as z from "zod";
import { clientIdBytesDefault, mtuDefault, recordTypeDefault, recordTypeNames } from "../tunnel.ts";
import { domainsMax, ednsBytesMax, ednsBytesMin, portsMax } from "../wasm/shared/limits.ts";
import { clientIdBytes } from "../wasm/shared/wire.ts";
import {
	accounts,
	boolean,
	choice,
	domain,
	duration,
	file,
	integer,
	type Kind,
	listenAddress,
	listOf,
	nullable,
	port,
	size,
	text,
	withOwnValues,
} from "./kinds.ts";

/** Limits, each with its reason. */
export const limits = {
	domainsMax,
	portsMax,
	/** What dnstt-server refuses queries by: nothing at the least that an EDNS size means, everything above the most. */
	mtuMin: ednsBytesMin,
	mtuMax: ednsBytesMax,
	/** The decoder keeps a client id in two words; vaydns-server's default is 2 bytes. */
	clientIdBytesMax: clientIdBytes,
	/** Below it one burst overflows; above it the kernel refuses on small hosts. */
	bufferBytesMin: 512 * 1024,
	bufferBytesMax: 1024 ** 3,
	/** A client polls every few seconds or more often; a window of more than an hour would not mean "active". */
	activeWindowMsMin: 1000,
	activeWindowMsMax: 3_600_000,
	/** At 80 bytes for each that is tracked and 32 for each that is remembered, 1.8 GB. */
	sessionsMax: 16_000_000,
	/** At 4.3 kB for each set, most of it for histograms; with all sessions it fits the 4 GiB that a WebAssembly module can have. */
	labelSetsMax: 200_000,
	/** More names than any reverse proxy has. */
	allowedHostsMax: 16,
	/** IFNAMSIZ of Linux less the closing zero. */
	interfaceNameMax: 15,
} as const;

/** A row of the table, without the kind of the key's values. */
interface Row {
	readonly description: string;
	/** In the form of the file. Without a default the key is required if its group is present. */
	readonly default?: unknown;
	/** Applied by SIGHUP; otherwise a change waits for a restart. */
	readonly reload?: true;
	/** The value is never shown. */
	readonly secret?: true;
}

/** A key or a group of them, under its name in the file. */
interface Entry<Field extends string, T> {
	/** The property of Config that holds it. */
	readonly field: Field;
	/** Takes the file's form, defaults included, and encodes it back. */
	readonly schema: z.ZodType<T>;
	readonly description: string;
}

export interface KeyEntry<Field extends string, T> extends Entry<Field, T>, Row {
	readonly kind: Kind<T>;
}

export interface GroupEntry<Field extends string, T> extends Entry<Field, T> {
	readonly entries: Entries;
}

export type Entries = Readonly<Record<string, KeyEntry<string, unknown> | GroupEntry<string, unknown>>>;

/** The type of a group in the program. */
type Fields<Group extends Entries> = {
	readonly [Name in keyof Group as Group[Name]["field"]]: z.output<Group[Name]["schema"]>;
};

function key<const Field extends string, T>(field: Field, kind: Kind<T>, row: Row): KeyEntry<Field, T> {
	const schema = row.default === undefined ? kind.schema : kind.schema.prefault(row.default);
	return { field, kind, ...row, schema: schema.meta({ description: row.description }) };
}

/**
 * A codec between an object of the file, whose keys are the names of the entries, and one of the program, whose keys are their
 * fields. `ignored` are keys that the file may have in addition.
 */
function fieldsOf<Group extends Entries>(
	entries: Group,
	ignored: Readonly<Record<string, z.ZodType>> = {},
): z.ZodType<Fields<Group>> {
	const names = Object.entries(entries).map(([name, { field }]) => ({ name, field }));
	const shape = Object.fromEntries(Object.entries(entries).map(([name, { schema }]) => [name, schema]));
	return z.codec(z.strictObject({ ...ignored, ...shape }), z.custom<Fields<Group>>(), {
		decode: (values) => Object.fromEntries(names.map(({ name, field }) => [field, values[name]])) as Fields<Group>,
		encode: (values: Record<string, unknown>) =>
			Object.fromEntries(names.map(({ name, field }) => [name, values[field]])),
	});
}

/** Keys that may all be left out. */
function group<const Field extends string, Group extends Entries>(field: Field, description: string, entries: Group) {
	return { field, description, entries, schema: fieldsOf(entries).prefault({}).meta({ description }) };
}

/** Keys that are set together, or null if none of them is. */
function optional<const Field extends string, Group extends Entries>(
	field: Field,
	description: string,
	entries: Group,
) {
	return { field, description, entries, schema: fieldsOf(entries).nullable().prefault(null).meta({ description }) };
}

const mtu = integer(limits.mtuMin, limits.mtuMax);

const dnstt = group("dnstt", "What to watch", {
	domain: key("domains", listOf(domain, 0, limits.domainsMax, "domain names such as t.example.com"), {
		description: "Domain of the tunnel, as on dnstt-server's command line; several may be watched at once",
		default: [],
	}),
	port: key("ports", listOf(port, 1, limits.portsMax, "port numbers from 1 to 65535"), {
		description: "UDP port on which dnstt-server receives; several may be watched at once",
		default: [53],
		reload: true,
	}),
	mtu: key("mtu", mtu, {
		description:
			"dnstt-server's -mtu: it refuses queries whose EDNS payload size is smaller, so they do not count; 512 counts all",
		default: mtuDefault,
	}),
});

const recordType = choice(recordTypeNames);
const clientIdSize = integer(1, limits.clientIdBytesMax);
const vaydnsDomain = withOwnValues(domain, {
	"record-type": recordType,
	"clientid-size": clientIdSize,
	mtu,
});

const vaydns = group("vaydns", "VayDNS servers to watch", {
	domain: key(
		"domains",
		listOf(vaydnsDomain, 0, limits.domainsMax, "domain names such as v.example.com", ({ name }) => name),
		{
			description:
				"Domain of a VayDNS server (a fork of dnstt with another wire format); in the file an object may hold values of its own for one",
			default: [],
		},
	),
	"record-type": key("recordType", recordType, {
		description: "vaydns-server's -record-type: the type of the records that carry the tunnel",
		default: recordTypeDefault,
	}),
	"clientid-size": key("clientIdSize", clientIdSize, {
		description: "vaydns-server's -clientid-size: bytes of a client id",
		default: clientIdBytesDefault,
	}),
	mtu: key("mtu", mtu, {
		description: "vaydns-server's -mtu, as dnstt.mtu",
		default: mtuDefault,
	}),
});

const capture = group("capture", "Where packets come from", {
	interface: key(
		"interface",
		text(
			`an interface name of 1 to ${limits.interfaceNameMax} characters, or any`,
			"NAME",
			z.string().regex(/^(?!\.{1,2}$)[^\s/:]{1,15}$/),
		),
		{
			description: "Network interface to capture on; any is all of them",
			default: "any",
			reload: true,
		},
	),
	"buffer-size": key("bufferBytes", size(limits.bufferBytesMin, limits.bufferBytesMax, "16MiB"), {
		description: "Kernel memory that holds packets until they are read; more of it survives longer bursts",
		default: "16MiB",
		reload: true,
	}),
	promiscuous: key("promiscuous", boolean, {
		description: "Also see packets addressed to other hosts, as on a mirror port; on one interface, not on any",
		default: false,
		reload: true,
	}),
});

const session = group("session", "How sessions are counted", {
	"active-window": key("activeWindowMs", duration(limits.activeWindowMsMin, limits.activeWindowMsMax, "30s or 1m30s"), {
		description: "A session is active until this long after its last query",
		default: "30s",
	}),
	"max-tracked": key("maxTracked", integer(1, limits.sessionsMax), {
		description: "Sessions tracked at once; when full, the least recently seen is dropped and counted",
		default: 1_000_000,
	}),
	"max-remembered": key("maxRemembered", integer(1, limits.sessionsMax), {
		description: "Ended sessions whose ids are kept, so that one that returns is not counted as new",
		default: 1_000_000,
	}),
});

const labels = group("labels", "Bounds of the metrics' labels", {
	"max-sets": key("maxSets", integer(1, limits.labelSetsMax), {
		description: "Label sets with a network exported; beyond, traffic counts under its country and asn=other",
		default: 10_000,
	}),
});

const geoip = group("geoip", "Where resolvers are", {
	"country-database": key("countryDatabase", nullable(file), {
		description:
			"Country or city database (.mmdb) of MaxMind, DB-IP, IPinfo or ip-location-db; adds the label country, that of the resolver",
		default: null,
	}),
	"asn-database": key("asnDatabase", nullable(file), {
		description:
			"ASN database (.mmdb) of the same makers, perhaps the same file; adds the label asn, that of the resolver",
		default: null,
	}),
});

const telemetryPath = text(
	"a path such as /metrics, neither / nor under /-/ nor one of the status page's, such as /events",
	"PATH",
	z
		.string()
		.max(255)
		.regex(
			/^(?!\/(status\.json|history\.json|events|page\.js|page\.css|icon\.svg)$)(\/(?!-\/)(?!\.{1,2}(\/|$))[A-Za-z0-9._~-]+)+$/,
		),
);

const web = group("web", "The web side", {
	"listen-address": key("listen", listenAddress, {
		description: "Address to serve on; :9713 is every address of the host, and shows the world that a tunnel runs here",
		default: "127.0.0.1:9713",
	}),
	"allowed-hosts": key(
		"allowedHosts",
		listOf(domain, 0, limits.allowedHostsMax, "host names such as vps1.example.com"),
		{
			description:
				"Host names that a reverse proxy passes on; on loopback without a password no other names are answered",
			default: [],
		},
	),
	"telemetry-path": key("telemetryPath", telemetryPath, {
		description: "Path of the metrics",
		default: "/metrics",
	}),
	"status-page": key("statusPage", boolean, {
		description: "Serve the live status page on /; otherwise / holds links only",
		default: true,
	}),
	tls: optional("tls", "HTTPS instead of HTTP; null is HTTP", {
		"certificate-file": key("certificateFile", file, {
			description: "Serve HTTPS with this certificate chain (PEM); needs web.tls.key-file",
		}),
		"key-file": key("keyFile", file, {
			description: "Private key (PEM) of the certificate; needs web.tls.certificate-file",
		}),
	}),
	"basic-auth": key("basicAuth", nullable(accounts), {
		description:
			"Users allowed to log in, each with the bcrypt hash of the password (htpasswd -nBC 10 USER); null turns authentication off",
		default: null,
		reload: true,
		secret: true,
	}),
});

const process = group("process", "The process itself", {
	user: key(
		"user",
		text("the name or number of an account", "USER", z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/)),
		{
			description: "Account to become once the capture is open, when started as root; root stays root",
			default: "nobody",
		},
	),
});

const log = group("log", "The log", {
	level: key("level", choice(["debug", "info", "warn", "error"]), {
		description: "Least severe messages to log",
		default: "info",
		reload: true,
	}),
	format: key("format", choice(["logfmt", "json"]), {
		description: "Form of the log on standard error",
		default: "logfmt",
		reload: true,
	}),
});

/** Every section, in the order of help and documentation. */
export const sections = { dnstt, vaydns, capture, session, labels, geoip, web, process, log };

/** The configuration in program units. */
export type Config = Fields<typeof sections>;

/** The configuration file. Decodes into Config; encodes a Config with every key present, secrets and all. */
export const fileSchema: z.ZodType<Config> = fieldsOf(sections, {
	$schema: z.string().optional().meta({ description: "Where an editor finds this schema" }),
}).meta({ description: "Configuration of dnstt_exporter" });
