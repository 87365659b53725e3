import { describe, expect, test } from "bun:test";
import { type Command, parseCommand, UsageError } from "../../src/cli/arguments.ts";
import { commands, commonFlags, printables } from "../../src/cli/commands.ts";
import { helpText, versionText } from "../../src/cli/help.ts";
import { loadConfig } from "../../src/config/config.ts";
import { ConfigError } from "../../src/config/error.ts";
import { configKeys } from "../../src/config/keys.ts";

function valuesOf(command: Command): Record<string, readonly string[]> {
	if (!("flags" in command)) throw new Error(`${command.kind} has no flags`);
	return Object.fromEntries(command.flags.values);
}

function problemsOf(...argv: string[]): readonly string[] {
	try {
		const command = parseCommand(argv);
		return "flags" in command ? command.flags.problems : [];
	} catch (error) {
		if (error instanceof UsageError) return error.problems;
		throw error;
	}
}

describe("flags", () => {
	test("the Go exporter's own command line is a run", () => {
		const command = parseCommand([
			...["-dnstt.domain", "tunnel.example.com", "-dnstt.port", "53"],
			...["-geoip.country-database", "/c.mmdb", "-geoip.asn-database", "/a.mmdb", "-web.listen-address", ":9713"],
		]);
		if (command.kind !== "run") throw new Error(command.kind);
		const { config } = loadConfig({ flags: command.flags, env: {}, readFile: () => "" });
		expect(config.dnstt).toEqual({ domains: ["tunnel.example.com"], ports: [53], mtu: 1_232 });
		expect(config.geoip).toEqual({ countryDatabase: "/c.mmdb", asnDatabase: "/a.mmdb" });
		expect(config.web.listen).toEqual({ host: "", port: 9713 });
	});

	test.each([
		["one dash and a space", ["-log.level", "warn"]],
		["one dash and =", ["-log.level=warn"]],
		["two dashes and a space", ["--log.level", "warn"]],
		["two dashes and =", ["--log.level=warn"]],
		["in front of the command", ["--log.level", "warn", "run"]],
	])("%s all mean the same", (_title, argv) => {
		const command = parseCommand(argv);
		expect([command.kind, valuesOf(command)]).toEqual(["run", { "log.level": ["warn"] }]);
	});

	test.each([
		["--capture.promiscuous", "true"],
		["-capture.promiscuous", "true"],
		["--capture.promiscuous=false", "false"],
		["--no-capture.promiscuous", "false"],
	])("the boolean %s is %s", (argument, text) => {
		expect(valuesOf(parseCommand([argument]))).toEqual({ "capture.promiscuous": [text] });
	});

	test("a repeated flag keeps all its texts, --config.file the last", () => {
		const command = parseCommand(["--dnstt.domain=a", "--dnstt.domain", "b", "--config.file=x", "--config.file=y"]);
		expect(valuesOf(command)).toEqual({ "dnstt.domain": ["a", "b"] });
		expect("flags" in command && command.flags.file).toBe("y");
	});

	test("an empty value and one with = in it pass", () => {
		expect(valuesOf(parseCommand(["--geoip.asn-database=", "--process.user=a=b"]))).toEqual({
			"geoip.asn-database": [""],
			"process.user": ["a=b"],
		});
	});

	test.each([
		[
			"a mistyped flag",
			["--dnstt.domian", "t.example"],
			["--dnstt.domian: no such flag; did you mean --dnstt.domain?"],
		],
		["a letter that is no flag, as it was typed,", ["-v"], ["-v: no such flag"]],
		["letters behind one dash, as they were typed,", ["-vx"], ["-vx: no such flag"]],
		[
			"a mistyped flag with one dash and a value",
			["-dnstt.domian=t.example"],
			["-dnstt.domian: no such flag; did you mean --dnstt.domain?"],
		],
		["a flag of another command", ["--format=json"], ["--format: not a flag of run, but of inspect"]],
		[
			"a flag without its value",
			["--log.level"],
			["--log.level: expected a value (debug|info|warn|error), found nothing"],
		],
		[
			"a flag that swallows the next",
			["--dnstt.domain", "--dnstt.port", "5"],
			[expect.stringContaining("found --dnstt.port")],
		],
		[
			"a boolean with a space",
			["--capture.promiscuous", "false"],
			[expect.stringContaining("write --capture.promiscuous=false")],
		],
		["a word too many", ["run", "now"], ["now: run takes no words"]],
	])("%s is a problem for loadConfig to tell", (_title, argv, problems) => {
		expect(problemsOf(...argv)).toEqual(problems);
		expect(parseCommand(argv).kind).toBe("run");
	});

	test("problems of the command line are told with those of the configuration", () => {
		const command = parseCommand(["--bogus", "--dnstt.port=0"]);
		if (command.kind !== "run") throw new Error(command.kind);
		try {
			loadConfig({ flags: command.flags, env: {}, readFile: () => "" });
			throw new Error("loaded");
		} catch (error) {
			if (!(error instanceof ConfigError)) throw error;
			expect(error.problems.map((line) => line.split(":")[0])).toEqual([
				"--bogus",
				"--dnstt.port",
				"for its flags see",
			]);
		}
	});

	const missing = "no domain given";
	test.each<[title: string, line: string, starts: readonly string[]]>([
		["no domain alone is told without the way to help", "check-config", [missing]],
		[
			"a word too many leaves a missing domain told",
			"run now",
			["now: ", missing, "for its flags see: dnstt_exporter run --help"],
		],
		[
			"an unknown flag may have been the domain's",
			"check-config -v",
			["-v: ", "for its flags see: dnstt_exporter check-config --help"],
		],
		[
			"a flag without its value may, too",
			"inspect x --dnstt.domain",
			["--dnstt.domain: ", "for its flags see: dnstt_exporter inspect --help"],
		],
		[
			"and so may one that swallows the next",
			"--dnstt.domain --log.level",
			["--dnstt.domain: ", "for its flags see: dnstt_exporter run --help"],
		],
	])("%s", (_title, line, starts) => {
		const command = parseCommand(line.split(" "));
		if (!("flags" in command)) throw new Error(command.kind);
		let problems: readonly string[] = [];
		try {
			loadConfig({ flags: command.flags, env: {}, readFile: () => "" });
		} catch (error) {
			if (!(error instanceof ConfigError)) throw error;
			problems = error.problems;
		}
		expect(problems.map((problem, index) => problem.slice(0, starts[index]?.length))).toEqual([...starts]);
	});
});

describe("commands", () => {
	test("without arguments it is a run", () => {
		expect(parseCommand([]).kind).toBe("run");
	});

	test.each([
		["inspect x.pcap", { files: ["x.pcap"], format: "text", top: 10, follow: false }],
		["inspect a b -", { files: ["a", "b", "-"] }],
		["inspect -- --odd", { files: ["--odd"] }],
		["inspect a --format=json --top 10000 --follow", { format: "json", top: 10_000, follow: true }],
		["inspect a --from 1970-01-01T00:00:01Z --to 1970-01-01T01:00:02.5001+01:00", { fromMs: 1000, toMs: 2500 }],
		["discover", { kind: "discover", files: [], seconds: 15 }],
		["discover --seconds 120", { files: [], seconds: 120 }],
		["discover a b -", { files: ["a", "b", "-"] }],
		["top", { kind: "top", url: "http://127.0.0.1:9713", intervalMs: 2000 }],
		["top --url localhost:1/x/ --interval 500ms", { url: "http://localhost:1/x", intervalMs: 500 }],
		[
			"top --url https://h --username u --password-file p --ca-file c",
			{ username: "u", passwordFile: "p", caFile: "c" },
		],
		["demo --capture.buffer-size 1MiB --session.active-window 5s --process.user root", { kind: "demo" }],
		["demo --seconds 10", { kind: "demo", seconds: 10 }],
		["check-config", { kind: "check-config" }],
		["print man", { kind: "print", what: "man" }],
		["version", { kind: "version" }],
		["inspect --version", { kind: "version" }],
		["--help", { kind: "help" }],
		["-h", { kind: "help" }],
		["-V", { kind: "version" }],
		["top -V", { kind: "version" }],
		["top --url localhost", { url: "http://localhost:9713" }],
		["top --url vps1:9713", { url: "http://vps1:9713" }],
		["top --url http://x", { url: "http://x:9713" }],
		["top --url http://x/", { url: "http://x:9713" }],
		["top --url http://x:80", { url: "http://x" }],
		["top --url http://x:80/y", { url: "http://x/y" }],
		["top --url HTTP://x", { url: "http://x:9713" }],
		["top --url https://x", { url: "https://x" }],
		["top --url 192.0.2.1", { url: "http://192.0.2.1:9713" }],
		["top --url ::1", { url: "http://[::1]:9713" }],
		["top --url [::1]", { url: "http://[::1]:9713" }],
		["top --url [::1]:80", { url: "http://[::1]" }],
		["-help", { kind: "help" }],
		["inspect --help --bogus", { kind: "help", topic: "inspect" }],
		["help top", { kind: "help", topic: "top" }],
	])("%s", (line, command) => {
		expect(parseCommand(line.split(" "))).toMatchObject(command);
		expect(problemsOf(...line.split(" ")).filter((problem) => !problem.includes("bogus"))).toEqual([]);
	});

	test.each([
		["inspct", "did you mean inspect?"],
		["start", "start: no such command; did you mean run?"],
		["serve", "did you mean run?"],
		["serv", "did you mean run?"],
		["help start", "did you mean run?"],
		["foo", "foo: no such command\nfor the commands see: dnstt_exporter --help\n"],
		["help foo", "foo: no such command\nfor the commands see: dnstt_exporter --help\n"],
		["help inspekt --bogus", "inspekt: no such command; did you mean inspect?\n"],
		["watch", "did you mean top?"],
		["validate", "did you mean check-config?"],
		["check", "did you mean check-config?"],
		["--web.listen :1", "--web.listen: no such flag; did you mean --web.listen-address?"],
		["--listen :1", "did you mean --web.listen-address?"],
		["inspect a --top ten", 'whole number from 1 to 10000, found "ten"'],
		["inspect a --follow=maybe", 'true or false, found "maybe"'],
		["inspect a --from 2026-05-27T25:00:00Z", "no such day or time"],
		["day.pcap", "dnstt_exporter inspect day.pcap"],
		["inspect", "at least one capture file"],
		["inspect - -", "only once"],
		["discover - -", "discover: standard input (-) can be read only once"],
		["discover a --seconds 5", "--seconds: is for live traffic"],
		["discover --seconds 0", "1 to 3600"],
		["discover --seconds 3601", "1 to 3600"],
		["discover --dnstt.domain t.example.com", "not a flag of discover"],
		["find", "did you mean discover?"],
		["inspect a b --follow", "one file"],
		["inspect a --top 0", "1 to 10000"],
		["inspect a --top 10001", "1 to 10000"],
		["inspect a --format xml", "text, json, prometheus"],
		["inspect a --from yesterday", "RFC 3339"],
		["inspect a --from 2026-02-30T00:00:00Z", "RFC 3339"],
		["inspect a --from 2026-02-02T00:00:00Z --to 2026-02-02T00:00:00Z", "after that of --from"],
		["inspect a --web.tls.key-file k", "not a flag of inspect"],
		["top --url ftp://x", "--url: expected"],
		["top --url http://u:p@x", "--password-file"],
		["top --username u", "both or neither"],
		["top --interval 499ms", "500ms to 1m"],
		["top --interval 60001ms", "500ms to 1m"],
		["demo --seconds 86401", "1 to 86400"],
		["demo --dnstt.domain t.example.com", "not a flag of demo, but of run, inspect and check-config\n"],
		["inspect a --web.status-page", "not a flag of inspect, but of run, demo and check-config"],
		["demo --capture.promiscuous", "not a flag of demo, but of run and check-config"],
		["demo --dnstt.port 53", "not a flag of demo"],
		["demo --capture.interface eth0", "not a flag of demo"],
		["print", "config-schema"],
		["print systemd", "did you mean systemd-unit?"],
		["print man page", "takes no more words"],
		["help inspekt", "did you mean inspect?"],
		["version --log.level=info", "not a flag of version"],
	])("%s is refused", (line, text) => {
		expect(`${problemsOf(...line.split(" ")).join("\n")}\n`).toContain(text);
	});
});

describe("help", () => {
	const texts = [helpText(), ...commands.map(({ name }) => helpText(name))];
	test("fits a terminal of 80 columns and has no space at an end", () => {
		for (const line of texts.join("").split("\n")) {
			expect(line.length).toBeLessThanOrEqual(80);
			expect(line).toBe(line.trimEnd());
		}
	});

	test("fits a screen of 24 lines with the prompt, and has every other command and ten flags", () => {
		const lines = helpText().trimEnd().split("\n");
		expect(lines.length).toBeLessThanOrEqual(23);
		const listed = lines.filter((line) => /^ {2}[a-z]/.test(line)).map((line) => line.trim().split(" ")[0] ?? "");
		expect(listed).toEqual(commands.map(({ name }) => String(name)).filter((name) => name !== "help"));
		expect(lines.filter((line) => line.startsWith("  --"))).toHaveLength(10);
		expect(helpText()).toContain("dnstt_exporter help run");
	});

	test("on run shows every key with its flag and default, and the rule of the variables once", () => {
		const help = helpText("run").replace(/\s+/g, " ");
		for (const key of configKeys) expect(help).toContain(`--${key.name}`);
		expect(help).toContain("(default 16MiB)");
		expect(help.match(/DNSTT_EXPORTER_\w+/g)).toEqual(["DNSTT_EXPORTER_SECTION_KEY", "DNSTT_EXPORTER_CONFIG_FILE"]);
	});

	test("of a command shows its flags and no other section's", () => {
		const help = helpText("inspect");
		expect(help).toContain("--format text|json|prometheus");
		expect(help).not.toContain("--web.");
	});

	test("shows what can be printed", () => {
		for (const what of Object.keys(printables)) expect(helpText("print")).toContain(`  ${what} `);
	});

	test("the first example of a demo stands alone, top says when it ends by itself, and hashes are made in one way", () => {
		expect(helpText("demo")).toContain(
			"# try it without a server, then open http://127.0.0.1:9713\n  dnstt_exporter demo\n",
		);
		expect(helpText("top")).toContain("# its status once, as standard output is not a terminal\n");
		for (const text of texts) expect(text).not.toMatch(/htpasswd (?!-nBC 10 USER)/);
	});

	test("a file that is made in a folder which may not be there comes with the folder", () => {
		for (const [line, what] of commands.flatMap(({ examples }) => examples)) {
			const folder = / > (\/\S+)\/[^/]+$/.exec(line)?.[1];
			// That of systemd's own units is on every host with systemd.
			if (folder === undefined || folder === "/etc/systemd/system") continue;
			expect(what).toContain(`mkdir -p ${folder}`);
		}
	});

	test("every example is understood", () => {
		for (const { examples } of commands) {
			for (const [line] of examples) {
				const words = line.split(" > ")[0]?.split(" ") ?? [];
				expect(problemsOf(...words)).toEqual([]);
			}
		}
	});
});

describe("the table", () => {
	test("a flag's name takes a value everywhere or nowhere", () => {
		const kinds = new Map<string, string>();
		for (const flag of [...commands.flatMap(({ flags }) => flags), ...commonFlags]) {
			expect(kinds.get(flag.name) ?? flag.placeholder).toBe(flag.placeholder);
			kinds.set(flag.name, flag.placeholder);
		}
	});
});

test("the version is in the form of Prometheus's programs", () => {
	const build = { version: "1.2.3", revision: "abc", bunVersion: "1.4.5", platform: "linux/x64" };
	expect(versionText(build)).toBe(
		"dnstt_exporter, version 1.2.3 (revision: abc)\n  bun version:      1.4.5\n  platform:         linux/x64\n",
	);
});
