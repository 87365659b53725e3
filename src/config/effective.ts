/** The configuration in its two forms: in program units, and as the file holds it. */

import { configKeys } from "./keys.ts";
import type { FileForm, ParsedFile } from "./schema.ts";
import { type ListenAddress, writeDuration, writeListenAddress, writeSize } from "./values.ts";

type LogLevel = ParsedFile["log"]["level"];
type LogFormat = ParsedFile["log"]["format"];

/** The configuration in program units, frozen. Each field says which key it comes from by its place. */
export interface Config {
	readonly dnstt: {
		/** Canonical: lower case, no trailing dot, punycode, no two equal. */
		readonly domains: readonly string[];
		readonly ports: readonly number[];
	};
	readonly capture: { readonly interface: string; readonly bufferBytes: number; readonly promiscuous: boolean };
	readonly session: { readonly activeWindowMs: number; readonly maxTracked: number; readonly maxRemembered: number };
	readonly labels: { readonly maxSets: number };
	readonly geoip: { readonly countryDatabase: string | null; readonly asnDatabase: string | null };
	readonly web: {
		/** An empty host is every address of the machine. */
		readonly listen: ListenAddress;
		/** Lower case. */
		readonly allowedHosts: readonly string[];
		readonly telemetryPath: string;
		readonly statusPage: boolean;
		readonly tls: { readonly certificateFile: string; readonly keyFile: string } | null;
		/** User name to bcrypt hash. */
		readonly basicAuth: ReadonlyMap<string, string> | null;
	};
	readonly process: { readonly user: string };
	readonly log: { readonly level: LogLevel; readonly format: LogFormat };
}

/** What stands at a path of an object, or undefined. */
export function at(value: unknown, path: readonly PropertyKey[]): unknown {
	let inner = value;
	for (const part of path) {
		if (typeof inner !== "object" || inner === null) return undefined;
		inner = (inner as Record<PropertyKey, unknown>)[part];
	}
	return inner;
}

function freeze<T>(value: T): T {
	if (typeof value === "object" && value !== null && !(value instanceof Map)) {
		for (const inner of Object.values(value)) freeze(inner);
		Object.freeze(value);
	}
	return value;
}

/** What the schema read, in program units; frozen. */
export function toConfig({ dnstt, capture, session, labels, geoip, web, process, log }: ParsedFile): Config {
	const accounts = web["basic-auth"];
	return freeze({
		dnstt: { domains: dnstt.domain, ports: dnstt.port },
		capture: {
			interface: capture.interface,
			bufferBytes: capture["buffer-size"],
			promiscuous: capture.promiscuous,
		},
		session: {
			activeWindowMs: session["active-window"],
			maxTracked: session["max-tracked"],
			maxRemembered: session["max-remembered"],
		},
		labels: { maxSets: labels["max-sets"] },
		geoip: { countryDatabase: geoip["country-database"], asnDatabase: geoip["asn-database"] },
		web: {
			listen: web["listen-address"],
			allowedHosts: web["allowed-hosts"],
			telemetryPath: web["telemetry-path"],
			statusPage: web["status-page"],
			tls: web.tls && { certificateFile: web.tls["certificate-file"], keyFile: web.tls["key-file"] },
			basicAuth: accounts && new Map(Object.entries(accounts)),
		},
		process: { user: process.user },
		log: { level: log.level, format: log.format },
	});
}

/** The file's form of a configuration, every key present, hashes and all. */
function toFileForm(config: Config): FileForm {
	const { dnstt, capture, session, labels, geoip, web, process, log } = config;
	return {
		dnstt: { domain: [...dnstt.domains], port: [...dnstt.ports] },
		capture: {
			interface: capture.interface,
			"buffer-size": writeSize(capture.bufferBytes),
			promiscuous: capture.promiscuous,
		},
		session: {
			"active-window": writeDuration(session.activeWindowMs),
			"max-tracked": session.maxTracked,
			"max-remembered": session.maxRemembered,
		},
		labels: { "max-sets": labels.maxSets },
		geoip: { "country-database": geoip.countryDatabase, "asn-database": geoip.asnDatabase },
		web: {
			"listen-address": writeListenAddress(web.listen),
			"allowed-hosts": [...web.allowedHosts],
			"telemetry-path": web.telemetryPath,
			"status-page": web.statusPage,
			tls: web.tls && { "certificate-file": web.tls.certificateFile, "key-file": web.tls.keyFile },
			"basic-auth": web.basicAuth && Object.fromEntries(web.basicAuth),
		},
		process: { user: process.user },
		log: { level: log.level, format: log.format },
	};
}

/** The configuration as the file would hold it, for people to read: password hashes are shown as `<secret>`. */
export function effectiveConfig(config: Config): FileForm {
	const form = toFileForm(config);
	const accounts = config.web.basicAuth;
	if (form.web && accounts !== null) {
		form.web["basic-auth"] = Object.fromEntries([...accounts.keys()].map((user) => [user, "<secret>"]));
	}
	return form;
}

/** The keys whose values differ between two configurations: those a reload applies, and those that wait for a restart. */
export function reloadable(
	old: Config,
	next: Config,
): { readonly reload: readonly string[]; readonly restart: readonly string[] } {
	const [before, after] = [toFileForm(old), toFileForm(next)];
	const changed = configKeys.filter(({ path }) => !Bun.deepEquals(at(before, path), at(after, path)));
	return {
		reload: changed.filter(({ reload }) => reload).map(({ name }) => name),
		restart: changed.filter(({ reload }) => !reload).map(({ name }) => name),
	};
}
