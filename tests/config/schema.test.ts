import { describe, expect, test } from "bun:test";
import type { Config } from "../../src/config/schema.ts";
import type { Feed } from "../../src/status/feed.ts";
import { statusRoutes } from "../../src/web/page/routes.ts";
import { hash, load, otherHash, problemsOf, withDomain } from "./loading.ts";

const name = (labels: number[]) => labels.map((length) => "a".repeat(length)).join(".");

describe("good values", () => {
	const rows: [title: string, flags: Record<string, string>, pick: (config: Config) => unknown, value: unknown][] = [
		[
			"a domain is lower-cased and loses its dot",
			{ "dnstt.domain": "T.Example.COM." },
			(c) => c.dnstt.domains,
			["t.example.com"],
		],
		[
			"an internationalised domain becomes punycode",
			{ "dnstt.domain": "Bücher.example" },
			(c) => c.dnstt.domains,
			["xn--bcher-kva.example"],
		],
		["a label of 63 octets fits", { "dnstt.domain": name([63]) }, (c) => c.dnstt.domains, [name([63])]],
		[
			"a name of 255 octets fits",
			{ "dnstt.domain": name([63, 63, 63, 61]) },
			(c) => c.dnstt.domains,
			[name([63, 63, 63, 61])],
		],
		["ports may be several", { "dnstt.port": "1,65535" }, (c) => c.dnstt.ports, [1, 65535]],
		[
			"16 ports fit",
			{ "dnstt.port": Array.from({ length: 16 }, (_, i) => i + 1).join() },
			(c) => c.dnstt.ports.length,
			16,
		],
		["a size of 512KiB fits", { "capture.buffer-size": "512KiB" }, (c) => c.capture.bufferBytes, 524_288],
		["a size of 1GiB fits", { "capture.buffer-size": "1GiB" }, (c) => c.capture.bufferBytes, 1073741824],
		["a size may be decimal", { "capture.buffer-size": "600kB" }, (c) => c.capture.bufferBytes, 600_000],
		["a size may be bytes", { "capture.buffer-size": "524289" }, (c) => c.capture.bufferBytes, 524_289],
		["a duration of 1s fits", { "session.active-window": "1000ms" }, (c) => c.session.activeWindowMs, 1000],
		["a duration of 1h fits", { "session.active-window": "1h" }, (c) => c.session.activeWindowMs, 3_600_000],
		[
			"a duration may have several parts",
			{ "session.active-window": "1m30s500ms" },
			(c) => c.session.activeWindowMs,
			90_500,
		],
		[
			"an interface name may have 15 characters",
			{ "capture.interface": "a".repeat(15) },
			(c) => c.capture.interface,
			"a".repeat(15),
		],
		[
			"Go's booleans are read",
			{ "capture.promiscuous": "T", "capture.interface": "eth0" },
			(c) => c.capture.promiscuous,
			true,
		],
		["a boolean may be false", { "web.status-page": "false" }, (c) => c.web.statusPage, false],
		[
			"a listen address may lack the host",
			{ "web.listen-address": ":9713" },
			(c) => c.web.listen,
			{ host: "", port: 9713 },
		],
		[
			"a listen address may be IPv6",
			{ "web.listen-address": "[::1]:0" },
			(c) => c.web.listen,
			{ host: "::1", port: 0 },
		],
		[
			"a listen address may be a name",
			{ "web.listen-address": "localhost:65535" },
			(c) => c.web.listen,
			{ host: "localhost", port: 65535 },
		],
		["an -mtu of 512", { "dnstt.mtu": "512" }, (c) => c.dnstt.mtu, 512],
		["an -mtu of 65,535", { "dnstt.mtu": "65535" }, (c) => c.dnstt.mtu, 65_535],
		["16,000,000 sessions fit", { "session.max-tracked": "16000000" }, (c) => c.session.maxTracked, 16_000_000],
		[
			"accounts split at the first colon",
			{ "web.basic-auth": `ops:${hash},b:${otherHash}` },
			(c) => [...(c.web.basicAuth ?? [])],
			[
				["ops", hash],
				["b", otherHash],
			],
		],
		...["04", "16"].map((cost): (typeof rows)[number] => [
			`a hash of cost ${cost} fits`,
			{ "web.basic-auth": `ops:${hash.replace("$10$", `$${cost}$`)}` },
			(c) => c.web.basicAuth?.get("ops")?.slice(4, 6),
			cost,
		]),
		["root keeps root", { "process.user": "root" }, (c) => c.process.user, "root"],
	];
	test.each(rows)("%s", (_title, flags, pick, value) => {
		expect(pick(load(withDomain({ flags })))).toEqual(value);
	});
});

describe("bad values", () => {
	const rows: [title: string, flags: Record<string, string>, found: string][] = [
		["an empty domain", { "dnstt.domain": "" }, "an empty name"],
		["a domain with an empty label", { "dnstt.domain": "a..b" }, "an empty label"],
		["a domain with a space", { "dnstt.domain": "a b" }, "a character no domain may hold"],
		["an address as a domain", { "dnstt.domain": "192.0.2.1" }, "an address"],
		["a label of 64 octets", { "dnstt.domain": name([64]) }, "a label of 64 octets"],
		["a name of 256 octets", { "dnstt.domain": name([63, 63, 63, 62]) }, "256 octets"],
		[
			"a domain given twice in two forms",
			{ "dnstt.domain": "a.example,A.example." },
			': "A.example." is given twice; leave one out',
		],
		[
			"a bad domain among good ones",
			{ "dnstt.domain": "a.example,b b" },
			"expected a domain name such as t.example.com, found",
		],
		["65 domains", { "dnstt.domain": Array.from({ length: 65 }, (_, i) => `d${i}`).join() }, "1 to 64 domain"],
		["port 0", { "dnstt.port": "0" }, "found 0"],
		["port 65536", { "dnstt.port": "65536" }, "expected a port number from 1 to 65535, found 65536"],
		["a port given twice", { "dnstt.port": "53,53" }, "--dnstt.port: 53 is given twice"],
		["17 ports", { "dnstt.port": Array.from({ length: 17 }, (_, i) => i + 1).join() }, "1 to 16 port"],
		["a size below 512KiB", { "capture.buffer-size": "524287" }, "512KiB to 1GiB"],
		["a size above 1GiB", { "capture.buffer-size": "1073741825B" }, "out of range"],
		["a size with an unknown unit", { "capture.buffer-size": "16MB/s" }, '"16MB/s"'],
		["a duration below 1s", { "session.active-window": "999ms" }, "out of range"],
		["a duration above 1h", { "session.active-window": "1h1ms" }, "out of range"],
		["a duration without a unit", { "session.active-window": "30" }, 'found "30"'],
		["a duration with its parts the wrong way round", { "session.active-window": "1s1m" }, "a duration"],
		["an interface name of 16 characters", { "capture.interface": "a".repeat(16) }, "1 to 15 characters"],
		["no interface name", { "capture.interface": "" }, 'found ""'],
		["an -mtu of 511", { "dnstt.mtu": "511" }, "expected a whole number from 512 to 65535, found 511"],
		["an -mtu of 65,536", { "dnstt.mtu": "65536" }, "found 65536"],
		["an -mtu of 1232 bytes with a unit", { "dnstt.mtu": "1232B" }, 'found "1232B"'],
		["no session at all", { "session.max-tracked": "0" }, "found 0"],
		["16,000,001 sessions", { "session.max-tracked": "16000001" }, "found 16000001"],
		["1,000,001 label sets", { "labels.max-sets": "1000001" }, "found 1000001"],
		["half a label set", { "labels.max-sets": "0.5" }, 'found "0.5"'],
		["a boolean that is none", { "capture.promiscuous": "yes" }, "true or false"],
		["a listen address without a port", { "web.listen-address": "127.0.0.1" }, "HOST:PORT"],
		["a listen port above 65535", { "web.listen-address": ":65536" }, "above 65535"],
		["an IPv6 address without brackets", { "web.listen-address": "::1:9713" }, "[IPV6]:PORT"],
		["a broken IPv4 address", { "web.listen-address": "1.2.3:80" }, "not an IPv4 address"],
		["/ as the telemetry path", { "web.telemetry-path": "/" }, "neither /"],
		["a telemetry path without /", { "web.telemetry-path": "metrics" }, "a path such as /metrics"],
		["a telemetry path that hides the health check", { "web.telemetry-path": "/-/healthy" }, "nor under /-/"],
		["a certificate without a key", { "web.tls.certificate-file": "/c" }, "web.tls.key-file: expected"],
		["a user with a space", { "process.user": "no body" }, "an account"],
		["an unknown level", { "log.level": "trace" }, "one of debug, info, warn, error"],
	];
	const pagePaths = Object.keys(statusRoutes({} as unknown as Feed, "/metrics")).filter((path) => path !== "/");
	test.each(pagePaths)("%s, which is the status page's, is refused as the telemetry path", (path) => {
		expect(problemsOf(withDomain({ flags: { "web.telemetry-path": path } }))).toEqual([
			expect.stringContaining("one of the status page's"),
		]);
		for (const near of [`${path}x`, `${path}/x`, `/x${path}`]) {
			expect(load(withDomain({ flags: { "web.telemetry-path": near } })).web.telemetryPath).toBe(near);
		}
	});

	test.each(rows)("%s is refused", (_title, flags, found) => {
		const problems = problemsOf(withDomain({ flags }));
		expect(problems).toHaveLength(1);
		expect(problems[0]).toContain(found);
		expect(problems[0]).toContain(Object.keys(flags)[0]?.replace("certificate-file", "key-file") ?? "-");
	});
});
