/**
 * Reads and writes configuration values (durations, sizes, domains, addresses) in the units that the program computes with.
 * Each reader returns the value, or a fault: a few words that say what is wrong.
 */

import { isIP } from "node:net";
import { domainToASCII, domainToUnicode } from "node:url";

export type Read<T> = { readonly value: T } | { readonly fault: string };

const durationUnitsMs = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;
export const durationPattern = /^(?=\d)(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?$/;

/** Reads a duration in Prometheus's form (`30s`, `1m30s`, `500ms`; units h, m, s, ms, largest first) to milliseconds. */
export function readDuration(text: string): Read<number> {
	const match = durationPattern.exec(text);
	if (match === null) return { fault: "not a duration" };
	const [hours, minutes, seconds, milliseconds] = match.slice(1).map((digits) => Number(digits ?? 0));
	return {
		value:
			(hours ?? 0) * durationUnitsMs.h +
			(minutes ?? 0) * durationUnitsMs.m +
			(seconds ?? 0) * durationUnitsMs.s +
			(milliseconds ?? 0),
	};
}

/** Writes milliseconds as a duration text that `readDuration` reads back to the same number: the largest units first, none of them 0. */
export function writeDuration(durationMs: number): string {
	let text = "";
	let rest = durationMs;
	for (const [unit, unitMs] of Object.entries(durationUnitsMs)) {
		const count = Math.floor(rest / unitMs);
		if (count > 0) text += `${count}${unit}`;
		rest -= count * unitMs;
	}
	return text === "" ? "0s" : text;
}

export const timePattern = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** Reads a date and time of RFC 3339, section 5.6, to milliseconds since the epoch; finer digits are cut. */
export function readTime(text: string): Read<number> {
	const [, day = "", clock = "", fraction = "", zone = ""] = timePattern.exec(text) ?? [];
	const timeMs = Date.parse(`${day}T${clock}${fraction.slice(0, 4)}${zone.toUpperCase()}`);
	// Date.parse takes February 30th for March 2nd.
	const midnight = new Date(`${day}T00:00:00Z`);
	if (Number.isNaN(timeMs) || Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(day)) {
		return { fault: "no such day or time" };
	}
	return { value: timeMs };
}

const sizeUnitsBytes: Readonly<Record<string, number>> = {
	"": 1,
	B: 1,
	kB: 1000,
	MB: 1000 ** 2,
	GB: 1000 ** 3,
	KiB: 1024,
	MiB: 1024 ** 2,
	GiB: 1024 ** 3,
};
export const sizePattern = /^(\d{1,12})(B|kB|MB|GB|KiB|MiB|GiB)?$/;

/** Reads a size (`16MiB`, `100kB`, `65536`; binary and decimal units, IEC 80000-13) to bytes; a number is bytes already. */
export function readSize(size: string | number): Read<number> {
	if (typeof size === "number") return { value: size };
	const match = sizePattern.exec(size);
	if (match === null) return { fault: "not a size" };
	return { value: Number(match[1]) * (sizeUnitsBytes[match[2] ?? ""] ?? 1) };
}

/** Writes bytes in the largest binary unit that loses nothing; `readSize` reads it back to the same number. */
export function writeSize(sizeBytes: number): string {
	for (const unit of ["GiB", "MiB", "KiB"]) {
		const unitBytes = sizeUnitsBytes[unit] ?? 1;
		if (sizeBytes >= unitBytes && sizeBytes % unitBytes === 0) return `${sizeBytes / unitBytes}${unit}`;
	}
	return `${sizeBytes}B`;
}

/** Octets of a label and of a whole name on the wire, length octets and root included (RFC 1035, section 2.3.4). */
const labelOctetsMax = 63;
const nameOctetsMax = 255;

/**
 * Reads a domain name to its canonical form: lower case, no trailing dot, internationalised labels as punycode (RFC 5891).
 * Takes letters, digits, hyphens and underscores; refuses an empty name or label, an address, and what RFC 1035 finds too long.
 */
export function readDomain(text: string): Read<string> {
	let name = text;
	if (/[^\x20-\x7e]/.test(name)) {
		// Only then: domainToASCII reads ASCII names such as "1.2" as IPv4 addresses, and decodes percent signs.
		if (/[^A-Za-z0-9_.-]/.test(name.replace(/[^\x20-\x7e]/g, ""))) return { fault: "a character no domain may hold" };
		name = domainToASCII(name);
		if (name === "") return { fault: "not a valid internationalised name" };
	}
	name = name.toLowerCase().replace(/\.$/, "");
	if (name === "") return { fault: "an empty name" };
	if (isIP(name) !== 0) return { fault: "an address, not a domain" };
	let nameOctets = 1;
	for (const label of name.split(".")) {
		if (label === "") return { fault: "an empty label" };
		if (!/^[a-z0-9_-]+$/.test(label)) return { fault: "a character no domain may hold" };
		if (label.length > labelOctetsMax) return { fault: `a label of ${label.length} octets, at most ${labelOctetsMax}` };
		nameOctets += label.length + 1;
	}
	if (nameOctets > nameOctetsMax) return { fault: `${nameOctets} octets on the wire, at most ${nameOctetsMax}` };
	return { value: name };
}

/** A domain as people write it: internationalised labels out of punycode (RFC 5891); unchanged if that fails. */
export function unicodeDomain(domain: string): string {
	if (!domain.includes("xn--")) return domain;
	return domainToUnicode(domain) || domain;
}

/** Where a server listens. An empty host is every address of the machine; port 0 is one the kernel chooses. */
export interface ListenAddress {
	readonly host: string;
	readonly port: number;
}

export const listenPattern = /^(\[[^\]]+\]|[^:[\]]*):(\d{1,5})$/;

/** Reads `host:port`, `:port` or `[v6]:port`. The host comes without brackets. */
export function readListenAddress(text: string): Read<ListenAddress> {
	const match = listenPattern.exec(text);
	if (match === null) {
		if (isIP(text) === 6) return { fault: "an IPv6 address stands in brackets, as in [::1]:9713" };
		return { fault: "no port; write it as in 127.0.0.1:9713" };
	}
	const port = Number(match[2]);
	if (port > 65535) return { fault: "the port is above 65535" };
	let host = match[1] ?? "";
	if (host.startsWith("[")) {
		host = host.slice(1, -1);
		if (isIP(host) !== 6) return { fault: "no IPv6 address in the brackets" };
	} else if (host !== "" && !/^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/.test(host)) {
		return { fault: "not a host name or address" };
	} else if (/^[0-9.]+$/.test(host) && isIP(host) !== 4) {
		return { fault: "not an IPv4 address" };
	}
	return { value: { host, port } };
}

/** Writes what `readListenAddress` reads. */
export function writeListenAddress({ host, port }: ListenAddress): string {
	return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
