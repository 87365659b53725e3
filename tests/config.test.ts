import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Config, ConfigError, configKeys, effectiveConfig, loadConfig, reloadable } from "../src/config.ts";
import type { Feed } from "../src/status/feed.ts";
import { statusRoutes } from "../src/web/page/routes.ts";

const hash = `$2y$10$${"a".repeat(53)}`;
const otherHash = `$2b$12$${"b".repeat(53)}`;

interface Input {
	flags?: Record<string, string | string[]>;
	env?: Record<string, string>;
	file?: unknown;
	/** The file's text, where it is no JSON of `file`. */
	text?: string;
	problems?: string[];
	domainRequired?: boolean;
}

function load({ flags = {}, env = {}, file, text, problems = [], domainRequired = true }: Input): Config {
	const values = new Map(Object.entries(flags).map(([name, given]) => [name, [given].flat()]));
	const named = file !== undefined || text !== undefined ? { file: "c.json" } : {};
	return loadConfig({
		flags: { values, problems, ...named },
		env,
		domainRequired,
		readFile: (path) => {
			if (path !== "c.json") throw new Error("no such file");
			return text ?? JSON.stringify(file);
		},
	}).config;
}

function problemsOf(input: Input): readonly string[] {
	try {
		load(input);
	} catch (error) {
		if (error instanceof ConfigError) return error.problems;
		throw error;
	}
	return [];
}

const withDomain = (input: Input): Input => ({ ...input, flags: { "dnstt.domain": "t.example.com", ...input.flags } });
const name = (labels: number[]) => labels.map((length) => "a".repeat(length)).join(".");

describe("defaults", () => {
	test("are those of the design, in program units", () => {
		expect(load(withDomain({}))).toEqual({
			dnstt: { domains: ["t.example.com"], ports: [53] },
			capture: { interface: "any", bufferBytes: 16 * 1024 * 1024, promiscuous: false },
			session: { activeWindowMs: 30_000, maxTracked: 1_000_000, maxRemembered: 1_000_000 },
			labels: { maxSets: 10_000 },
			geoip: { countryDatabase: null, asnDatabase: null },
			web: {
				listen: { host: "127.0.0.1", port: 9713 },
				telemetryPath: "/metrics",
				statusPage: true,
				tls: null,
				basicAuth: null,
			},
			process: { user: "nobody" },
			log: { level: "info", format: "logfmt" },
		});
	});

	test("config.example.json is the defaults and one domain", () => {
		const text = readFileSync(join(import.meta.dir, "../config.example.json"), "utf8");
		expect(load({ text })).toEqual(load(withDomain({})));
		expect(JSON.parse(text)).toEqual(effectiveConfig(load(withDomain({}))));
	});

	test("the configuration cannot be changed at any depth", () => {
		const config = load(withDomain({}));
		expect(() => Object.assign(config.web.listen, { port: 1 })).toThrow();
		expect(() => (config.dnstt.domains as string[]).push("x")).toThrow();
	});
});

describe("precedence", () => {
	const file = { log: { level: "error" }, labels: { "max-sets": 7 } };
	const env = { DNSTT_EXPORTER_LOG_LEVEL: "warn" };
	test("a flag goes before a variable, a variable before the file, the file before the default", () => {
		expect(load(withDomain({ file, env, flags: { "log.level": "debug" } })).log.level).toBe("debug");
		expect(load(withDomain({ file, env })).log.level).toBe("warn");
		expect(load(withDomain({ file })).log.level).toBe("error");
		expect(load(withDomain({})).log.level).toBe("info");
	});

	test("layers mix key by key", () => {
		const config = load(withDomain({ file, env }));
		expect([config.labels.maxSets, config.log.format]).toEqual([7, "logfmt"]);
	});

	test("the file may be named by the environment, and the flag goes before it", () => {
		const readFile = (path: string) => JSON.stringify({ dnstt: { domain: path } });
		const env = { DNSTT_EXPORTER_CONFIG_FILE: "env.example" };
		const flags = { values: new Map<string, string[]>(), problems: [] };
		expect(loadConfig({ flags, env, readFile }).config.dnstt.domains).toEqual(["env.example"]);
		const named = loadConfig({ flags: { ...flags, file: "flag.example" }, env, readFile });
		expect([named.config.dnstt.domains, named.file]).toEqual([["flag.example"], "flag.example"]);
	});

	test("of a key with one value the last flag counts, of a list all do", () => {
		const config = load({
			flags: { "dnstt.domain": ["a.example,b.example", "c.example"], "log.level": ["warn", "debug"] },
		});
		expect(config.dnstt.domains).toEqual(["a.example", "b.example", "c.example"]);
		expect(config.log.level).toBe("debug");
	});

	test("an empty text unsets a database that the file names", () => {
		const config = load(withDomain({ file: { geoip: { "asn-database": "/x" } }, flags: { "geoip.asn-database": "" } }));
		expect(config.geoip.asnDatabase).toBeNull();
	});

	test("the two files of TLS may come from two layers", () => {
		const file = { web: { tls: { "certificate-file": "/c" } } };
		expect(load(withDomain({ file, flags: { "web.tls.key-file": "/k" } })).web.tls).toEqual({
			certificateFile: "/c",
			keyFile: "/k",
		});
	});
});

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
		["Go's booleans are read", { "capture.promiscuous": "T" }, (c) => c.capture.promiscuous, true],
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
		["root keeps root", { "process.user": "root" }, (c) => c.process.user, "root"],
	];
	test.each(rows)("%s", (_title, flags, pick, value) => {
		expect(pick(load(withDomain({ flags })))).toEqual(value);
	});

	test("the file takes a bare domain, a bare port, a size in bytes, a byte order mark and $schema", () => {
		const file = {
			$schema: "./s.json",
			dnstt: { domain: "A.example", port: 5300 },
			capture: { "buffer-size": 524288 },
		};
		const config = load({ text: `\ufeff${JSON.stringify(file)}` });
		expect([config.dnstt.domains, config.dnstt.ports, config.capture.bufferBytes]).toEqual([
			["a.example"],
			[5300],
			524_288,
		]);
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

	test.each([
		["a text where a port belongs", { dnstt: { port: "53" } }, "c.json:1:11: dnstt.port: expected"],
		[
			"a bad port in a list, by its place",
			{ dnstt: { port: [53, 0] } },
			"c.json:1:22: dnstt.port[1]: expected a port number from 1 to 65535, found 0",
		],
		["a text where a boolean belongs", { web: { "status-page": "no" } }, "c.json:1:9: web.status-page: expected"],
		["a section that is no object", { web: [] }, "c.json:1:2: web: expected an object"],
		["an empty tls object", { web: { tls: {} } }, "web.tls.certificate-file: expected"],
		[
			"a user's hash that is none, by the user,",
			{ web: { "basic-auth": { a: hash, ops: "x" } } },
			"web.basic-auth.ops: expected a bcrypt hash for the user, as htpasswd -nBC 10 USER makes it, found something else",
		],
		[
			"a user's name with a colon",
			{ web: { "basic-auth": { "a:b": hash } } },
			"web.basic-auth.a:b: expected a user's name of 1 to 255 characters without a colon, found something else",
		],
		["an empty list of accounts", { web: { "basic-auth": {} } }, "no user in it"],
		["a file that is no object", [], "c.json:1:1: expected an object"],
	])("in the file, %s is refused", (_title, file, start) => {
		expect(problemsOf(withDomain({ file }))[0]).toContain(start);
	});

	test("a run without a domain says how to give one; an inspection may do without", () => {
		expect(problemsOf({})).toEqual([expect.stringContaining("--dnstt.domain t.example.com")]);
		expect(load({ domainRequired: false }).dnstt.domains).toEqual([]);
	});

	test("a password in place of its hash is refused and not repeated", () => {
		for (const input of [
			{ file: { web: { "basic-auth": { ops: "hunter2" } } } },
			{ flags: { "web.basic-auth": "ops:hunter2" } },
		]) {
			const problems = problemsOf(withDomain(input)).join("\n");
			expect(problems).toContain("bcrypt");
			expect(problems).not.toContain("hunter2");
		}
	});
});

describe("unknown keys", () => {
	test.each([
		[
			"a mistyped key",
			{ file: { dnstt: { domian: "x" } } },
			"c.json:1:11: dnstt.domian: no such key; did you mean dnstt.domain?",
		],
		["a mistyped section", { file: { sesion: {} } }, "c.json:1:2: sesion: no such key; did you mean session?"],
		[
			"a key without its section",
			{ file: { domain: "x" } },
			"c.json:1:2: domain: no such key; did you mean dnstt.domain?",
		],
		[
			"a key in another section",
			{ file: { web: { "buffer-size": 1 } } },
			"web.buffer-size: no such key; did you mean capture.buffer-size?",
		],
		["a key with an underscore", { file: { session: { active_window: "1s" } } }, "did you mean session.active-window?"],
		[
			"a dotted key",
			{ file: { "dnstt.domain": "x" } },
			'c.json:1:2: dnstt.domain: no such key; write it as "dnstt": { "domain": … }',
		],
		[
			"a dotted key of three parts",
			{ file: { "web.tls.key-file": "x" } },
			'web.tls.key-file: no such key; write it as "web": { "tls": { "key-file": … } }',
		],
		["a dotted key in its section", { file: { web: { "tls.key-file": "x" } } }, 'write it as "tls": { "key-file": … }'],
		["a dotted section", { file: { "web.tls": null } }, 'web.tls: no such key; write it as "web": { "tls": … }'],
		["a key like nothing", { file: { zzzzzz: 1 } }, "c.json:1:2: zzzzzz: no such key"],
		["__proto__", { text: '{"__proto__":{"x":1}}' }, "c.json:1:2: __proto__: no such key"],
		["a user called __proto__", { flags: { "web.basic-auth": `__proto__:${hash}` } }, "stands for something else"],
		[
			"a mistyped variable",
			{ env: { DNSTT_EXPORTER_DNSTT_PROT: "1" } },
			"DNSTT_EXPORTER_DNSTT_PROT: no such variable; did you mean DNSTT_EXPORTER_DNSTT_PORT?",
		],
	] as [string, Input, string][])("%s is refused", (_title, input, text) => {
		const problems = problemsOf(withDomain(input));
		expect(problems).toHaveLength(1);
		expect(problems[0]).toContain(text);
	});

	test.each<[title: string, input: Input]>([
		["key", { file: { dnstt: { domian: "x" } } }],
		["dotted key", { file: { "dnstt.domain": "x" } }],
		["variable", { env: { DNSTT_EXPORTER_DOMAIN: "x" } }],
	])("of an unknown %s, which may have been the domain's, only that is told", (_title, input) => {
		expect(problemsOf(input)).toEqual([expect.stringContaining("no such")]);
	});

	test("other programs' variables are none of ours", () => {
		expect(problemsOf(withDomain({ env: { PATH: "/bin", DNSTT_SERVER: "1" } }))).toEqual([]);
	});
});

describe("problems", () => {
	test("of the command line and of every layer come together, one line each, overridden values too", () => {
		const problems = problemsOf({
			problems: ["--bogus: no such flag"],
			flags: { "log.level": "debug", "dnstt.port": "x" },
			env: { DNSTT_EXPORTER_LABELS_MAX_SETS: "0" },
			file: { log: { level: "loud" } },
		});
		expect(problems.map((line) => line.split(": ")[0])).toEqual([
			"--bogus",
			"--dnstt.port",
			"DNSTT_EXPORTER_LABELS_MAX_SETS",
			"c.json:1:9",
			"dnstt.domain",
		]);
		expect(problems.join("")).not.toContain("\n");
	});

	test("a file that is no JSON is told with its place, beside the others", () => {
		const problems = problemsOf({ text: '{\n  "log": {,}\n}', flags: { "dnstt.port": "x" } });
		expect(problems).toHaveLength(2);
		expect(problems[1]).toStartWith("c.json:2:11: expected a key");
	});

	test("a key given twice in the file is told with its place", () => {
		const problems = problemsOf(withDomain({ text: '{"log":{"level":"info",\n"level":"warn"}}' }));
		expect(problems).toEqual(["c.json:2:1: log.level is there twice; remove one"]);
	});

	const inVariable = { DNSTT_EXPORTER_CONFIG_FILE: "etc/" };
	test.each<[title: string, file: string | undefined, code: string, problem: string]>([
		["is not there", "c.json", "ENOENT", "c.json: does not exist; correct the path"],
		["stands below a file", "c.json", "ENOTDIR", "c.json: does not exist; correct the path"],
		["a variable names", undefined, "ENOENT", "etc/: does not exist; correct the path in DNSTT_EXPORTER_CONFIG_FILE"],
		["is a folder", "etc", "EISDIR", "etc: is a folder; name the file in it, such as etc/config.json"],
		[
			"is a folder with a slash",
			undefined,
			"EISDIR",
			"etc/: is a folder; name the file in it, such as etc/config.json",
		],
		[
			"is another's",
			"c.json",
			"EACCES",
			"c.json: may not be read by the user this runs as; see who may read it and search its folders: namei -l c.json",
		],
		["fails otherwise", "c.json", "EIO", "c.json: cannot be read: broken"],
	])("a file that %s is named with what mends it", (_title, file, code, problem) => {
		const flags = { values: new Map<string, string[]>(), problems: [], ...(file === undefined ? {} : { file }) };
		const readFile = () => {
			throw Object.assign(new Error("broken"), { code });
		};
		expect(() => loadConfig({ flags, env: inVariable, readFile })).toThrow(new ConfigError([problem]));
	});
});

describe("effectiveConfig", () => {
	const file = {
		dnstt: { domain: ["a.example"], port: [53, 5300] },
		capture: { "buffer-size": "600001B" },
		session: { "active-window": "1m0s500ms" },
		web: { "listen-address": "[::]:1", tls: { "certificate-file": "/c", "key-file": "/k" } },
	};
	test("read as a file gives the same configuration", () => {
		const config = load({ file });
		expect(load({ file: effectiveConfig(config) })).toEqual(config);
	});

	test("shows users but no hash", () => {
		const form = effectiveConfig(load(withDomain({ file: { web: { "basic-auth": { ops: hash } } } })));
		expect(form.web?.["basic-auth"]).toEqual({ ops: "<secret>" });
		expect(JSON.stringify(form)).not.toContain("$2");
	});
});

describe("reloadable", () => {
	const base = load(withDomain({}));
	test("finds nothing between equal configurations", () => {
		expect(reloadable(base, load(withDomain({})))).toEqual({ reload: [], restart: [] });
	});

	test("tells keys that a reload applies from those that wait for a restart", () => {
		const accounts = { file: { web: { "basic-auth": { ops: hash } } } };
		const changed = withDomain({
			...accounts,
			flags: { "dnstt.port": "54", "log.level": "warn", "process.user": "root", "web.listen-address": ":1" },
		});
		expect(reloadable(base, load(changed))).toEqual({
			reload: ["dnstt.port", "web.basic-auth", "log.level"],
			restart: ["web.listen-address", "process.user"],
		});
	});

	test("sees a hash that changed", () => {
		const other = (text: string) => load(withDomain({ flags: { "web.basic-auth": `ops:${text}` } }));
		expect(reloadable(other(hash), other(otherHash)).reload).toEqual(["web.basic-auth"]);
	});

	test("every key says whether it reloads", () => {
		expect(configKeys.filter(({ reload }) => !reload).map((key) => key.name)).toEqual([
			"dnstt.domain",
			"session.active-window",
			"session.max-tracked",
			"session.max-remembered",
			"labels.max-sets",
			"geoip.country-database",
			"geoip.asn-database",
			"web.listen-address",
			"web.telemetry-path",
			"web.status-page",
			"web.tls.certificate-file",
			"web.tls.key-file",
			"process.user",
		]);
	});
});
