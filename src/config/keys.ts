/**
 * The keys of the configuration in words: descriptions, defaults and how they are written. Command line, help text, completions
 * and the schema all read this table. What values a key takes is said in schema.ts, which needs zod: 5 ms that only those
 * commands wait for which read a configuration.
 */

import { domainsMax, portsMax } from "../decode/limits.ts";

/** How the text of a flag or variable becomes the value that the file would hold. */
export type TextForm = "text" | "boolean" | "integer" | "texts" | "integers" | "accounts";

/** What is said of a key beside the values that it takes. */
export interface KeyTraits {
	readonly description: string;
	/** As the file would hold it; null is unset. */
	readonly default: unknown;
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

/** Limits, each with its reason. */
export const limits = {
	domainsMax,
	portsMax,
	/** Below it one burst overflows; above it the kernel refuses on small hosts. */
	bufferBytesMin: 512 * 1024,
	bufferBytesMax: 1024 ** 3,
	/** A client polls at least every few seconds; beyond an hour "active" says nothing. */
	activeWindowMsMin: 1000,
	activeWindowMsMax: 3_600_000,
	/** At 80 bytes for each that is tracked and 32 for each that is remembered, 1.8 GB. */
	sessionsMax: 16_000_000,
	/** At 4.3 kB for each set, most of it for histograms; with all sessions it fits the 4 GiB that a WebAssembly module can have. */
	labelSetsMax: 200_000,
	/** More names than any proxy in front has. */
	allowedHostsMax: 16,
	/** IFNAMSIZ of Linux less the closing zero. */
	interfaceNameMax: 15,
} as const;

export const logLevels = ["debug", "info", "warn", "error"] as const;
export const logFormats = ["logfmt", "json"] as const;

/** Every section with its heading for help text, in their order. */
const sections = {
	dnstt: "What to watch",
	capture: "Where packets come from",
	session: "How sessions are counted",
	labels: "Bounds of the metrics' labels",
	geoip: "Where resolvers are",
	web: "The web side",
	process: "The process itself",
	log: "The log",
} as const;
export type SectionName = keyof typeof sections;

type Said = Pick<KeyTraits, "expected" | "placeholder" | "form" | "choices">;
const text = (expected: string, placeholder: string): Said => ({ expected, placeholder, form: "text" });
const file = (expected: string): Said => text(expected, "FILE");
const flag: Said = { expected: "true or false", placeholder: "", form: "boolean" };
const integer = (max: number): Said => ({
	expected: `a whole number from 1 to ${max}`,
	placeholder: "N",
	form: "integer",
});
const choice = (choices: readonly string[]): Said => ({
	expected: `one of ${choices.join(", ")}`,
	placeholder: choices.join("|"),
	form: "text",
	choices,
});

const traits = {
	"dnstt.domain": {
		description: "Domain of the tunnel, as dnstt-server was given it; several may be watched at once",
		default: [],
		expected: `1 to ${limits.domainsMax} domain names such as t.example.com`,
		expectedInner: "a domain name such as t.example.com",
		placeholder: "DOMAIN",
		form: "texts",
		reload: false,
	},
	"dnstt.port": {
		description: "UDP port on which dnstt-server receives; several may be watched at once",
		default: [53],
		expected: `1 to ${limits.portsMax} port numbers from 1 to 65535`,
		expectedInner: "a port number from 1 to 65535",
		placeholder: "PORT",
		form: "integers",
		reload: true,
	},
	"capture.interface": {
		description: "Network interface to capture on; any is all of them",
		default: "any",
		...text(`an interface name of 1 to ${limits.interfaceNameMax} characters, or any`, "NAME"),
		reload: true,
	},
	"capture.buffer-size": {
		description: "Kernel memory that holds packets until they are read; more of it survives longer bursts",
		default: "16MiB",
		...text("a size from 512KiB to 1GiB such as 16MiB", "SIZE"),
		reload: true,
	},
	"capture.promiscuous": {
		description: "Also see packets addressed to other hosts, as behind a mirror port; on one interface, not on any",
		default: false,
		...flag,
		reload: true,
	},
	"session.active-window": {
		description: "A session is active until this long after its last query",
		default: "30s",
		...text("a duration from 1s to 1h such as 30s or 1m30s", "DURATION"),
		reload: false,
	},
	"session.max-tracked": {
		description: "Sessions tracked at once; when full, the least recently seen is dropped and counted",
		default: 1_000_000,
		...integer(limits.sessionsMax),
		reload: false,
	},
	"session.max-remembered": {
		description: "Ended sessions whose ids are kept, so that one that returns is not counted as new",
		default: 1_000_000,
		...integer(limits.sessionsMax),
		reload: false,
	},
	"labels.max-sets": {
		description: "Label sets with a network exported; beyond, traffic counts under its country and asn=other",
		default: 10_000,
		...integer(limits.labelSetsMax),
		reload: false,
	},
	"geoip.country-database": {
		description: "GeoLite2 or GeoIP2 Country database (.mmdb); adds the label country, that of the resolver",
		default: null,
		...file("the path of a file, or null"),
		reload: false,
	},
	"geoip.asn-database": {
		description: "GeoLite2 or GeoIP2 ASN database (.mmdb); adds the label asn, that of the resolver",
		default: null,
		...file("the path of a file, or null"),
		reload: false,
	},
	"web.listen-address": {
		description: "Address to serve on; :9713 is every address of the host, and tells the world that a tunnel runs here",
		default: "127.0.0.1:9713",
		...text("HOST:PORT, :PORT or [IPV6]:PORT", "HOST:PORT"),
		reload: false,
	},
	"web.allowed-hosts": {
		description:
			"Host names that a proxy in front passes on; on loopback without a password no other names are answered",
		default: [],
		expected: `0 to ${limits.allowedHostsMax} host names such as vps1.example.com`,
		expectedInner: "a host name such as vps1.example.com",
		placeholder: "NAME",
		form: "texts",
		reload: false,
	},
	"web.telemetry-path": {
		description: "Path of the metrics",
		default: "/metrics",
		...text("a path such as /metrics, neither / nor under /-/ nor one of the status page's, such as /events", "PATH"),
		reload: false,
	},
	"web.status-page": {
		description: "Serve the live status page on /; otherwise / holds links only",
		default: true,
		...flag,
		reload: false,
	},
	"web.tls.certificate-file": {
		description: "Serve HTTPS with this certificate chain (PEM); needs web.tls.key-file",
		default: null,
		...file("the path of a file"),
		reload: false,
	},
	"web.tls.key-file": {
		description: "Private key (PEM) of the certificate; needs web.tls.certificate-file",
		default: null,
		...file("the path of a file"),
		reload: false,
	},
	"web.basic-auth": {
		description:
			"Users that may look, each with the bcrypt hash of the password (htpasswd -nBC 10 USER); null is everyone",
		default: null,
		expected: "users without a colon, each with a bcrypt hash, as htpasswd -nBC 10 USER makes it",
		expectedInner: "a bcrypt hash for the user, of cost 16 at the most, as htpasswd -nBC 10 USER makes it",
		expectedName: "a user's name of 1 to 255 characters without a colon",
		placeholder: "USER:HASH",
		form: "accounts",
		reload: true,
		secret: true,
	},
	"process.user": {
		description: "Account to become once the capture is open, when started as root; root stays root",
		default: "nobody",
		...text("the name or number of an account", "USER"),
		reload: false,
	},
	"log.level": {
		description: "Least severe messages to log",
		default: "info",
		...choice(logLevels),
		reload: true,
	},
	"log.format": {
		description: "Form of the log on standard error",
		default: "logfmt",
		...choice(logFormats),
		reload: true,
	},
} as const satisfies Record<`${SectionName}.${string}`, KeyTraits>;
export type KeyName = keyof typeof traits;

/** One key, under its dotted name. */
export interface ConfigKey extends KeyTraits {
	/** `section.key`, also the flag's name. */
	readonly name: KeyName;
	readonly path: readonly string[];
	readonly section: string;
	/** The environment variable. */
	readonly variable: string;
	/** It may be given several times, or with commas. */
	readonly repeatable: boolean;
}

export const variablePrefix = "DNSTT_EXPORTER_";

/** The environment variable of a dotted key: upper case, dots and dashes as underscores. */
export function variableOf(name: string): string {
	return variablePrefix + name.toUpperCase().replaceAll(/[.-]/g, "_");
}

export const configFileVariable = variableOf("config.file");

/** Every key, in their order. */
export const configKeys: readonly ConfigKey[] = Object.entries<KeyTraits>(traits).map(([name, said]) => {
	const path = name.split(".");
	return {
		...said,
		name: name as KeyName,
		path,
		section: path[0] ?? "",
		variable: variableOf(name),
		repeatable: said.form === "texts" || said.form === "integers" || said.form === "accounts",
	};
});

/** Every section with its heading for help text, in their order. */
export const configSections: readonly { readonly name: string; readonly description: string }[] = Object.entries(
	sections,
).map(([name, description]) => ({ name, description }));

/** What the table says of one key. */
export function traitsOf(name: KeyName): KeyTraits {
	return traits[name];
}

/** A section's heading. */
export function headingOf(section: SectionName): string {
	return sections[section];
}
