import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../src/config/config.ts";
import { effectiveConfig } from "../../src/config/effective.ts";
import { ConfigError, NoDomainError } from "../../src/config/error.ts";
import { hash, type Input, load, problemsOf, withDomain } from "./loading.ts";

describe("defaults", () => {
	test("are those of the design, in program units", () => {
		expect(load(withDomain({}))).toEqual({
			dnstt: { domains: ["t.example.com"], ports: [53], mtu: 1_232 },
			vaydns: { domains: [], recordType: "txt", clientIdSize: 2, mtu: 1_232 },
			capture: { interface: "any", bufferBytes: 16 * 1024 * 1024, promiscuous: false },
			session: { activeWindowMs: 30_000, maxTracked: 1_000_000, maxRemembered: 1_000_000 },
			labels: { maxSets: 10_000 },
			geoip: { countryDatabase: null, asnDatabase: null },
			web: {
				listen: { host: "127.0.0.1", port: 9713 },
				allowedHosts: [],
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
		const text = readFileSync(join(import.meta.dir, "../../config.example.json"), "utf8");
		expect(load({ text })).toEqual(load(withDomain({})));
		expect(JSON.parse(text)).toEqual(effectiveConfig(load(withDomain({}))));
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

describe("promiscuous mode", () => {
	const complaint = expect.stringMatching(/^capture\.promiscuous: has no effect on any, .*--capture\.interface/);
	test("is refused on any, which has none, wherever either was said", () => {
		expect(problemsOf(withDomain({ flags: { "capture.promiscuous": "true" } }))).toEqual([complaint]);
		const file = { capture: { interface: "any", promiscuous: true } };
		expect(problemsOf(withDomain({ file }))).toEqual([complaint]);
	});

	test("is taken on an interface that is named", () => {
		const config = load(
			withDomain({ file: { capture: { promiscuous: true } }, flags: { "capture.interface": "eth0" } }),
		);
		expect(config.capture.promiscuous).toBe(true);
	});
});

describe("values of the file", () => {
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
			"web.basic-auth.ops: expected a bcrypt hash for the user, of cost 16 at the most, as htpasswd -nBC 10 USER makes it, found something else",
		],
		[
			"a hash whose check takes hours",
			{ web: { "basic-auth": { ops: hash.replace("$10$", "$17$") } } },
			"web.basic-auth.ops: expected a bcrypt hash for the user, of cost 16 at the most, ",
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
			"c.json:1:2: domain: no such key; did you mean dnstt.domain or vaydns.domain?",
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
		["a user called __proto__", { flags: { "web.basic-auth": `__proto__:${hash}` } }, "a reserved name"],
		...[
			["WEB_LISTEN", "WEB_LISTEN_ADDRESS"],
			["DOMAIN", "DNSTT_DOMAIN or DNSTT_EXPORTER_VAYDNS_DOMAIN"],
			["LOGLEVEL", "LOG_LEVEL"],
			["WEB_TLS_KEY", "WEB_TLS_KEY_FILE"],
			["CONFIG", "CONFIG_FILE"],
		].map(([word, meant]): [string, Input, string] => [
			`the variable ${word}`,
			{ env: { [`DNSTT_EXPORTER_${word}`]: "1" } },
			`DNSTT_EXPORTER_${word}: no such variable; did you mean DNSTT_EXPORTER_${meant}?`,
		]),
		[
			"a shortened key",
			{ file: { web: { listen: ":1" } } },
			"web.listen: no such key; did you mean web.listen-address?",
		],
		["$schema that is no text", { file: { $schema: 1 } }, "c.json:1:2: $schema: expected a text, found 1"],
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
			expect.stringMatching(/^no domain given;/),
		]);
		expect(problems.join("")).not.toContain("\n");
	});

	test("a run without a domain says how to set one, by an error of its own; a demo may do without", () => {
		expect(problemsOf({})).toEqual([expect.stringContaining("--dnstt.domain t.example.com")]);
		expect(() => load({})).toThrow(NoDomainError);
		expect(() => load({ flags: { "dnstt.port": "x" } })).toThrow(ConfigError);
		try {
			load({ flags: { "dnstt.port": "x" } });
		} catch (error) {
			expect(error).not.toBeInstanceOf(NoDomainError);
		}
		expect(load({ domainRequired: false }).dnstt.domains).toEqual([]);
	});

	test("one domain of either section is enough to start", () => {
		expect(load({ flags: { "vaydns.domain": "v.example.com" } }).vaydns.domains).toEqual([
			{ name: "v.example.com", own: {} },
		]);
	});

	test("a file that is no JSON is told with its place, beside the others", () => {
		const problems = problemsOf({ text: '{\n  "log": {,}\n}', flags: { "dnstt.port": "x" } });
		expect(problems).toHaveLength(2);
		expect(problems[1]).toStartWith('c.json:2:11: must be JSON: unexpected ","');
	});

	test.each([
		["YAML", "dnstt:\n  domain: t.example.com\n", 'c.json:1:1: must be JSON: unexpected "dnstt"; keys and strings'],
		["YAML with a line before it", "---\ndnstt: {}\n", 'c.json:1:1: must be JSON: unexpected "-"'],
		["TOML", "[dnstt]\ndomain = 1\n", 'c.json:1:2: must be JSON: unexpected "dnstt"'],
		["an empty file", "\n", "c.json:2:1: must be JSON: the file is empty"],
		["a comment", '{\n// why\n"log": {} }', "c.json:2:1: must be JSON: comments are not allowed"],
	])("of %s it is said that the file must be JSON", (_title, text, start) => {
		const problems = problemsOf({ text });
		expect(problems).toHaveLength(1);
		expect(problems[0]).toStartWith(start);
	});

	test("a section that is no object leaves a missing domain told, unless it may have been in it", () => {
		const missing = expect.stringContaining("no domain given");
		expect(problemsOf({ file: { web: [] } })).toEqual([expect.stringContaining("web: expected an object"), missing]);
		for (const file of [[], { dnstt: [] }]) {
			expect(problemsOf({ file })).toEqual([expect.stringContaining("expected an object")]);
		}
	});

	test("half of the TLS files is told as missing, unless a mistyped key may have been the other", () => {
		const half = { "web.tls.key-file": "/k" };
		expect(problemsOf(withDomain({ flags: half }))).toEqual([
			"web.tls.certificate-file: expected the path of a file, found nothing; set it with --web.tls.certificate-file, " +
				"DNSTT_EXPORTER_WEB_TLS_CERTIFICATE_FILE or the file",
		]);
		expect(problemsOf(withDomain({ flags: half, file: { web: { tls: { cert: "/c" } } } }))).toEqual([
			"c.json:1:16: web.tls.cert: no such key; did you mean web.tls.certificate-file?",
		]);
	});

	test("a key given twice in the file is told with its place", () => {
		const problems = problemsOf(withDomain({ text: '{"log":{"level":"info",\n"level":"warn"}}' }));
		expect(problems).toEqual(["c.json:2:1: log.level occurs twice; remove one"]);
	});

	const inVariable = { DNSTT_EXPORTER_CONFIG_FILE: "etc/" };
	test.each<[title: string, file: string | undefined, code: string, problem: string]>([
		["is not there", "c.json", "ENOENT", "c.json: does not exist; check the path"],
		["stands below a file", "c.json", "ENOTDIR", "c.json: does not exist; check the path"],
		["a variable names", undefined, "ENOENT", "etc/: does not exist; check the path in DNSTT_EXPORTER_CONFIG_FILE"],
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
