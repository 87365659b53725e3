import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, symlinkSync } from "node:fs";
import { resolve } from "node:path";
import { exporterCommand, runExporter, startExporter } from "../support/exporter.ts";
import { parseExposition } from "../support/exposition.ts";
import { dnsttQuery, ethernetFrame, udpPacket } from "../support/frames.ts";
import { asnMmdb, asnRecord, countryMmdb, writeMmdb } from "../support/mmdb.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "../support/netns.ts";
import { type Ended, ended, runCommand, until } from "../support/process.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary.ts";
import { makeExpiredCertificate } from "../web/certificates.ts";

const root = haveNetns();
const [executable = ""] = exporterCommand();
const domain = ["--dnstt.domain", "t.example.com"];

/** One line on standard error, nothing on standard output, and this code. */
function complains({ code, stdout, stderr }: Ended, expectedCode: number, complaint: RegExp): void {
	expect(stderr.trimEnd()).toMatch(complaint);
	expect(stderr.trimEnd().split("\n")).toHaveLength(1);
	expect({ code, stdout }).toEqual({ code: expectedCode, stdout: "" });
}

describe("a wrong configuration ends with 2 and one line each problem", () => {
	using folder = temporaryFolder();
	const missing = folder.file("missing.mmdb");
	test.each<[title: string, words: readonly string[], complaint: RegExp]>([
		[
			"no domain, to check",
			["check-config"],
			/^dnstt_exporter: no domain given; set that of the tunnel with --dnstt\.domain t\.example\.com/,
		],
		["a port beyond 65535", [...domain, "--dnstt.port=65536"], /^dnstt_exporter: --dnstt\.port: expected .*65536/],
		["a bad log level", [...domain, "--log.level=loud"], /^dnstt_exporter: --log\.level: expected .*loud/],
		[
			"a database that is not there",
			[...domain, "--geoip.country-database", missing],
			/^dnstt_exporter: geoip\.country-database .*missing\.mmdb does not exist; check the path/,
		],
		[
			"a configuration file that is not there",
			["--config.file", missing],
			/^dnstt_exporter: .*missing\.mmdb: does not exist; check the path$/,
		],
		[
			"a folder as the configuration file",
			["--config.file", "/"],
			/^dnstt_exporter: \/: is a folder; name the file in it/,
		],
	])("%s", async (_, words, complaint) => {
		complains(await runExporter(words), 2, complaint);
	});

	test.skipIf(!root).each([
		["with the privilege to capture", [], "dnstt_exporter discover"],
		["without it", ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"], "sudo dnstt_exporter discover"],
	])("run bare, %s, it says in three lines what to try", async (_, wrapper, discover) => {
		const { code, stdout, stderr } = await runCommand([...wrapper, ...exporterCommand()]);
		expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
		expect(stderr.trimEnd().split("\n")).toEqual([
			expect.stringMatching(/^dnstt_exporter: no domain given; set that .* --dnstt\.domain t\.example\.com/),
			expect.stringContaining(`: to find the tunnels of this host: ${discover}; `),
			"dnstt_exporter: for commands and flags see: dnstt_exporter --help",
		]);
		expect(stderr).toContain("dnstt_exporter demo\n");
	});

	test.each(["help foo", "foo --help"])("%s ends with 2 and says that there is no command foo", async (line) => {
		expect(await runExporter(line.split(" "))).toMatchObject({
			code: 2,
			stdout: "",
			stderr: "dnstt_exporter: foo: no such command\ndnstt_exporter: for the commands see: dnstt_exporter --help\n",
		});
	});

	test.each(["run", "inspect", "check-config", "demo", "top"])(
		"an unknown flag of %s, as it was typed, and where help is",
		async (command) => {
			const { code, stdout, stderr } = await runExporter([command, ...(command === "inspect" ? ["-"] : []), "-x"]);
			expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
			expect(stderr).toBe(
				`dnstt_exporter: -x: no such flag\ndnstt_exporter: for its flags see: dnstt_exporter ${command} --help\n`,
			);
		},
	);

	test("a broken database is named", async () => {
		using inside = temporaryFolder();
		await Bun.write(inside.file("broken.mmdb"), countryMmdb().subarray(0, 2000));
		complains(
			await runExporter([...domain, "--geoip.country-database", inside.file("broken.mmdb")]),
			2,
			/^dnstt_exporter: geoip\.country-database .*broken\.mmdb /,
		);
	});

	test("a database of the other kind is named", async () => {
		using inside = temporaryFolder();
		await Bun.write(inside.file("asn.mmdb"), asnMmdb());
		complains(
			await runExporter([...domain, "--geoip.country-database", inside.file("asn.mmdb")]),
			2,
			/^dnstt_exporter: geoip\.country-database .*asn\.mmdb .*GeoLite2-ASN/,
		);
	});

	test("an unknown key in the file, with its place and the key that was probably meant", async () => {
		using inside = temporaryFolder();
		await Bun.write(
			inside.file("config.json"),
			'{\n  "dnstt": { "domains": ["t.example.com"], "domain": "t.example.com" }\n}',
		);
		complains(
			await runExporter(["--config.file", inside.file("config.json")]),
			2,
			/^dnstt_exporter: .*config\.json:2:\d+: dnstt\.domains: no such key.*dnstt\.domain/,
		);
	});

	test("an unknown command, with the one that was probably meant and where help is", async () => {
		const { code, stderr } = await runExporter(["inspct"]);
		expect(code).toBe(2);
		expect(stderr).toMatch(/^dnstt_exporter: .*inspct.*inspect.*\ndnstt_exporter: .*--help.*\n$/);
	});

	test("every problem of several is told", async () => {
		const { code, stderr } = await runExporter(["--dnstt.port=0", "--log.format=xml"], {
			env: { DNSTT_EXPORTER_LABELS_MAX_SETS: "many" },
		});
		expect(code).toBe(2);
		const lines = stderr.trimEnd().split("\n");
		for (const problem of ["--dnstt.port", "--log.format", "DNSTT_EXPORTER_LABELS_MAX_SETS", "no domain given"]) {
			expect(lines.filter((line) => line.startsWith(`dnstt_exporter: ${problem}`))).toHaveLength(1);
		}
	});
});

test("config.example.json passes check-config, which prints all of it", async () => {
	const path = resolve(import.meta.dir, "../../config.example.json");
	const { code, stdout, stderr } = await runExporter(["check-config", "--config.file", path]);
	expect({ code, stderr }).toEqual({ code: 0, stderr: "OK\n" });
	expect(JSON.parse(stdout)).toEqual(await Bun.file(path).json());
});

test("check-config tells of each file that cannot be used, as run does, and of an account that is not there", async () => {
	using folder = temporaryFolder();
	await Bun.write(folder.file("cut.mmdb"), countryMmdb().subarray(0, 2000));
	const flags = {
		"geoip.country-database": folder.file("cut.mmdb"),
		"geoip.asn-database": folder.file("missing.mmdb"),
		"web.tls.certificate-file": folder.file("missing.pem"),
		"web.tls.key-file": folder.file("missing.pem"),
		"process.user": "no-such-account",
	};
	const words = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
	const { code, stdout, stderr } = await runExporter(["check-config", ...domain, ...words]);
	expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
	const problems = [
		/geoip\.country-database .*cut\.mmdb is no/,
		/geoip\.asn-database .*does not exist/,
		/web\.tls\.certificate-file .*missing\.pem does not exist; check the path/,
	];
	// Who is not root becomes nobody else.
	if (process.geteuid?.() === 0) problems.push(/process\.user: this host has no account "no-such-account"/);
	const lines = stderr.trimEnd().split("\n");
	expect(lines).toHaveLength(problems.length);
	for (const [index, problem] of problems.entries()) expect(lines[index]).toMatch(problem);
});

test("check-config refuses a certificate that has ended", async () => {
	using folder = temporaryFolder();
	const { certificateFile, keyFile } = await makeExpiredCertificate(folder.path, "old");
	const tls = ["--web.tls.certificate-file", certificateFile, "--web.tls.key-file", keyFile];
	const complaint = /^dnstt_exporter: web\.tls\.certificate-file .*old\.crt is valid up to .*: issue a new one$/;
	complains(await runExporter(["check-config", ...domain, ...tls]), 2, complaint);
});

test("check-config warns of what run refuses or warns of: an interface that is not there, an open port, a password without TLS", async () => {
	const checked = async (...words: string[]) => {
		const { code, stderr } = await runExporter(["check-config", ...domain, ...words]);
		expect(code).toBe(0);
		return stderr.trimEnd().split("\n");
	};
	expect(await checked("--capture.interface=no-such-if")).toEqual([
		"dnstt_exporter: warning: capture.interface no-such-if does not exist on this host; see: ip -brief link",
		"OK",
	]);
	expect(await checked("--web.listen-address=:9713")).toEqual([
		expect.stringMatching(/warning: serving on all addresses \(:9713\) without a password: .*; listen on 127/),
		"OK",
	]);
	const oneLabel = await runExporter(["check-config", "--dnstt.domain=example"]);
	expect([oneLabel.code, oneLabel.stderr]).toEqual([
		0,
		expect.stringMatching(
			/warning: dnstt\.domain example has one label only, .*; set the tunnel's whole domain.*\nOK\n$/,
		),
	]);
	using folder = temporaryFolder();
	const users = {
		web: { "basic-auth": { one: await Bun.password.hash("x", { algorithm: "bcrypt", cost: 10 }) } },
	};
	await Bun.write(folder.file("config.json"), JSON.stringify(users));
	const secured = ["--config.file", folder.file("config.json"), "--web.listen-address"];
	expect(await checked(...secured, ":9713")).toEqual([
		expect.stringMatching(/warning: serving on all addresses with a password and without TLS: /),
		"OK",
	]);
	expect(await checked(...secured, "127.0.0.1:9713")).toEqual(["OK"]);
});

test("a configuration that others can change is warned of, and the links that lead to it are followed", async () => {
	using folder = temporaryFolder();
	await Bun.write(folder.file("config.json"), '{ "dnstt": { "domain": "t.example.com" } }');
	chmodSync(folder.file("config.json"), 0o664);
	symlinkSync("config.json", folder.file("link.json"));
	const words = ["--config.file", folder.file("link.json")];
	const problem = `${folder.file("config.json")} can be written by its group`;
	const checked = await runExporter(["check-config", ...words]);
	expect(checked.stderr).toBe(`dnstt_exporter: warning: ${problem}\nOK\n`);
	expect(checked.code).toBe(0);
	const ran = await runExporter([...words, "--capture.interface=no-such-if"]);
	expect(ran.stderr).toContain(`level=warn msg="others can change the configuration" problem="${problem}" remedy=`);
	chmodSync(folder.file("config.json"), 0o644);
	expect(await runExporter(["check-config", ...words])).toMatchObject({ code: 0, stderr: "OK\n" });
});

test("a capture library that cannot be unpacked is told as such, not as a fault of a database", async () => {
	using folder = temporaryFolder();
	const records = Array.from({ length: 40 }, (_, index) => asnRecord(index + 1, `Example ${index} `.repeat(5_000)));
	const large = writeMmdb(
		records.map((record, index) => [`${index + 1}.0.0.0/8`, record] as const),
		{ databaseType: "GeoLite2-ASN" },
	);
	expect(large.length).toBeGreaterThan(2 * 1024 ** 2);
	await Bun.write(folder.file("asn.mmdb"), large);
	for (const words of [["check-config"], ["inspect", folder.file("asn.mmdb")]]) {
		const end = await runCommand([executable, ...words, ...domain, `--geoip.asn-database=${folder.file("asn.mmdb")}`], {
			env: { TMPDIR: folder.file("missing") },
		});
		complains(end, 1, /^dnstt_exporter: cannot load the capture library .*set TMPDIR to another$/);
	}
});

test("output that cannot be written, as on a full disk, ends with 1 and one line", async () => {
	const end = await runCommand(["bash", "-c", 'exec "$@" > /dev/full', "bash", ...exporterCommand(), "print", "man"]);
	complains(end, 1, /^dnstt_exporter: standard output cannot be written: .*ENOSPC/);
});

describe.skipIf(!root)("in a network namespace", () => {
	let network: Network;
	let host: Namespace;
	let folder: TemporaryFolder;

	beforeAll(async () => {
		network = makeNetwork();
		host = network.namespace("host");
		const outside = network.namespace("outside");
		host.ip("link", "add", "off0", "type", "veth", "peer", "name", "off1");
		network.veth(
			{ namespace: host, interfaceName: "eth0", addresses: ["10.77.1.1/24"] },
			{ namespace: outside, interfaceName: "wan0" },
		);
		folder = temporaryFolder();
		// Other users than root start and read what is in it.
		chmodSync(folder.path, 0o755);
		copyFileSync(executable, folder.file("dnstt_exporter"));
		await Bun.write(folder.file("country.mmdb"), countryMmdb());
		await Bun.write(folder.file("asn.mmdb"), asnMmdb());
	});
	afterAll(() => {
		network?.remove();
		folder?.[Symbol.dispose]();
	});

	const runHere = (words: readonly string[]) => ended(host.spawn([folder.file("dnstt_exporter"), ...words]));

	test("missing permission ends with 1 and says what to do", async () => {
		const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", folder.file("dnstt_exporter")];
		const end = await ended(host.spawn([...asNobody, ...domain]));
		complains(
			end,
			1,
			/^dnstt_exporter: no permission to capture on any: run as root, or .*AmbientCapabilities=CAP_NET_RAW/,
		);
	});

	test("CAP_NET_RAW alone is permission enough", async () => {
		const capabilities = ["--inh-caps=-all,+net_raw", "--ambient-caps=-all,+net_raw"];
		const command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...capabilities];
		await using exporter = await startExporter({
			command: [...command, folder.file("dnstt_exporter")],
			flags: domain,
			namespace: host,
		});
		expect((await exporter.metrics()).value("dnstt_exporter_capture_up", { interface: "any" })).toBe(1);
	});

	// prctl(2), PR_SET_MDWE: what systemd does for MemoryDenyWriteExecute=yes; Linux 6.3 and later.
	const denyWriteExecute =
		"import ctypes, os, sys; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) == 0 or sys.exit('no such thing'); os.execv(sys.argv[1], sys.argv[1:])";

	test.each([
		["under MemoryDenyWriteExecute, as the kernel has it", ["python3", "-c", denyWriteExecute]],
		["told so", ["env", "BUN_JSC_useJIT=0"]],
	])("an interpreting runtime is warned of once, with the remedy: %s", async (_, before) => {
		await using exporter = await startExporter({
			command: [...before, folder.file("dnstt_exporter")],
			flags: domain,
			namespace: host,
		}).catch((error: unknown) => {
			// An older kernel.
			if (!String(error).includes("no such thing")) throw error;
			return null;
		});
		if (exporter === null) return;
		expect((await exporter.metrics()).value("dnstt_exporter_capture_up", { interface: "any" })).toBe(1);
		const warning = /level=warn msg="the runtime is not allowed to compile: .* remedy=".*MemoryDenyWriteExecute=yes/g;
		expect(exporter.stderr().match(warning)).toHaveLength(1);
	});

	test("a compiling runtime is not warned of", async () => {
		await using exporter = await startExporter({
			command: [folder.file("dnstt_exporter")],
			flags: domain,
			namespace: host,
		});
		await exporter.metrics();
		expect(exporter.stderr()).not.toContain("compile");
	});

	test("an unknown interface ends with 1 and a list of those there are", async () => {
		const end = await runHere([...domain, "--capture.interface=eth9"]);
		complains(end, 1, /^dnstt_exporter: no interface "eth9": this host has any, .*eth0/);
	});

	test("an interface that is down ends with 1 and the command that brings it up", async () => {
		const end = await runHere([...domain, "--capture.interface=off0"]);
		complains(end, 1, /^dnstt_exporter: interface off0 is down: .*ip link set off0 up/);
	});

	test("a port in use ends with 1, and the one before goes on", async () => {
		await using first = await startExporter({ flags: domain, namespace: host });
		const end = await runHere(domain);
		// The second got as far as the capture, so it may have logged.
		expect(end.code).toBe(1);
		expect(end.stderr.trimEnd().split("\n").at(-1)).toMatch(/^dnstt_exporter: .*127\.0\.0\.1:9713.*in use/);
		expect((await first.get("/-/ready")).status).toBe(200);
	});

	test("the Go exporter's command line starts it, with labels country and asn", async () => {
		const words = [
			"-dnstt.domain tunnel.example.com",
			"-dnstt.port 53",
			`-geoip.country-database ${folder.file("country.mmdb")}`,
			`-geoip.asn-database ${folder.file("asn.mmdb")}`,
			"-web.listen-address :9713",
		].flatMap((flag) => flag.split(" "));
		const child = host.spawn([folder.file("dnstt_exporter"), ...words]);
		// On every address of the host, not on loopback alone.
		const scrape = async (address: string) => await host.fetch(`http://${address}:9713/metrics`).catch(() => undefined);
		await until(async () => ((await scrape("10.77.1.1"))?.status === 200 ? true : undefined), child.stderr);

		const payload = dnsttQuery({ clientId: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), domain: "tunnel.example.com" });
		const queryFrom = (source: string) => {
			const packet = udpPacket({ source, destination: "10.77.1.1", sourcePort: 4000, destinationPort: 53, payload });
			return { timeNs: 0n, bytes: ethernetFrame(packet) };
		};
		const sources = ["192.0.2.1", "198.51.100.1", "100.64.0.1", "192.0.2.1"];
		host.ip("link", "add", "in0", "type", "veth", "peer", "name", "in1");
		for (const end of ["in0", "in1"]) host.ip("link", "set", end, "up");
		await host.sendFrames(sources.map(queryFrom), "in0");
		const samples = await until(
			async () => {
				const read = parseExposition((await (await scrape("127.0.0.1"))?.text()) ?? "");
				return read.sum("dnstt_queries_total") >= 4 ? read : undefined;
			},
			() => "four queries",
		);
		const counts = (name: string) =>
			samples.all
				.filter((sample) => sample.name === name)
				.map(({ labels, value }) => [labels.domain, labels.country, labels.asn, value]);
		expect(counts("dnstt_queries_total").toSorted()).toEqual([
			["tunnel.example.com", "DE", "64496", 2],
			["tunnel.example.com", "FR", "0", 1],
			["tunnel.example.com", "ZZ", "0", 1],
		]);
		// One session, where its latest query came from.
		expect(samples.sum("dnstt_active_clients")).toBe(1);
		expect(samples.value("dnstt_active_clients", { domain: "tunnel.example.com", country: "DE", asn: "64496" })).toBe(
			1,
		);
		child.kill("SIGTERM");
		expect(await child.exited).toBe(0);
	});
});

describe("the executable alone in an empty folder, with an empty environment,", () => {
	const capture = resolve(import.meta.dir, "../captures/direct-ipv4.pcap");

	test("reads a capture", async () => {
		using folder = temporaryFolder();
		copyFileSync(executable, folder.file("dnstt_exporter"));
		const words = ["env", "-i", "./dnstt_exporter", "inspect", "--format=json", ...domain, capture];
		const child = Bun.spawn(words, { cwd: folder.path, stdout: "pipe", stderr: "inherit" });
		expect((await child.stdout.json()).domains[0].queries).toBe(528);
		expect(await child.exited).toBe(0);
	});

	test.skipIf(!root)("captures live, with no libpcap of the host in memory", async () => {
		using folder = temporaryFolder();
		copyFileSync(executable, folder.file("dnstt_exporter"));
		using network = makeNetwork();
		const host = network.namespace("alone");
		network.veth({ namespace: host, interfaceName: "eth0" }, { namespace: host, interfaceName: "wan0" });
		await using exporter = await startExporter({
			command: ["env", "-i", "-C", folder.path, "./dnstt_exporter"],
			flags: [...domain, "--capture.interface=eth0"],
			namespace: host,
		});
		await host.sendCapture(capture, "wan0");
		await exporter.metricsWhen((read) => read.sum("dnstt_queries_total") === 528);
		const maps = await Bun.file(`/proc/${exporter.pid}/maps`).text();
		const files = maps.split("\n").flatMap((line) => line.split(/ +/).slice(5));
		expect(files.some((file) => file.endsWith("/dnstt_exporter"))).toBe(true);
		expect(files.filter((file) => file.includes("libpcap"))).toEqual([]);
	});

	test("runs nothing of the current folder: neither bunfig.toml with a preload nor .env", async () => {
		using folder = temporaryFolder();
		const mark = folder.file("was-run");
		await Bun.write(folder.file("trap.ts"), `require("node:fs").writeFileSync(${JSON.stringify(mark)}, "");`);
		await Bun.write(folder.file("bunfig.toml"), 'preload = ["./trap.ts"]\n');
		await Bun.write(folder.file(".env"), "DNSTT_EXPORTER_LOG_LEVEL=loud\n");
		await Bun.write(
			folder.file("harmless.ts"),
			"process.exit(process.env.DNSTT_EXPORTER_LOG_LEVEL === 'loud' ? 7 : 0);",
		);
		const run = async (...command: string[]) => await Bun.spawn(["env", "-i", ...command], { cwd: folder.path }).exited;
		expect(await run(executable, "inspect", ...domain, capture)).toBe(0);
		expect(await Bun.file(mark).exists()).toBe(false);
		// The trap is one: Bun itself walks into it.
		expect(await run(process.execPath, "run", "harmless.ts")).toBe(7);
		expect(await Bun.file(mark).exists()).toBe(true);
	});
});
