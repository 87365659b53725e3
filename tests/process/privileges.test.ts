import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { loadCap } from "../../src/native/addon.ts";
import { exporterCommand, startExporter } from "../support/exporter.ts";
import { countryMmdb } from "../support/mmdb.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "../support/netns.ts";
import { ended, runCommand, until } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { makeCertificate } from "../web/certificates.ts";
import { capabilitySet, rightsOf, statusOf, threadsOf } from "./threads.ts";

const netBindService = 10;
const netRaw = 13;
const dacReadSearch = 2;
const none = capabilitySet();
const nobody = 65_534;
const flags = ["--dnstt.domain", "t.example.com", "--capture.interface", "lo"];

const four = (id: number) => Array(4).fill(id).join("\t");

describe.skipIf(!haveNetns())("started as root", () => {
	let network: Network;
	let namespace: Namespace;
	beforeAll(() => {
		network = makeNetwork();
		namespace = network.namespace("rights");
	});
	afterAll(() => network?.remove());

	const start = (more: readonly string[] = [], command?: readonly string[]) =>
		startExporter({ flags: [...flags, ...more], namespace, ...(command === undefined ? {} : { command }) });

	/**
	 * Every thread has this identity and no way up; the main thread, which opens captures, has what is kept, the others that or, if
	 * they were there before, nothing. Of those the bound stays as it was: it limits what a program gains that is run, and none can be.
	 */
	function expectRights(pid: number, uid: number, gid: number, kept: string): void {
		const threads = threadsOf(pid);
		expect(threads.length).toBeGreaterThan(3);
		const common = { Uid: four(uid), Gid: four(gid), Groups: "", CapInh: none, CapAmb: none };
		const locked = { NoNewPrivs: "1", Seccomp: "2" };
		for (const status of threads) {
			const isOther = status.Pid !== String(pid);
			const isBare = isOther && status.CapPrm === none;
			const capabilities = isBare ? none : kept;
			const { CapBnd, ...rights } = rightsOf(status);
			expect(rights).toEqual({ ...common, ...locked, CapPrm: capabilities, CapEff: capabilities });
			if (!isBare) expect(CapBnd).toBe(kept);
		}
	}

	test("every thread becomes nobody, and CAP_NET_RAW is all that is left", async () => {
		await using exporter = await start();
		expectRights(exporter.pid, nobody, nobody, capabilitySet(netRaw));
		expect(exporter.stderr()).toContain('msg="privileges dropped" user=nobody');
		expect((await exporter.get("/metrics")).status).toBe(200);
		// Threads that came with the requests are as those before.
		expectRights(exporter.pid, nobody, nobody, capabilitySet(netRaw));
	});

	test("another account is given by its name or its number, which needs no account", async () => {
		await using daemon = await start(["--process.user=daemon"]);
		expectRights(daemon.pid, 1, 1, capabilitySet(netRaw));
		await daemon.stop();
		await using number = await start(["--process.user", "54321"]);
		expectRights(number.pid, 54_321, 54_321, capabilitySet(netRaw));
	});

	test("root stays root if told so, as the log says, and its main thread may then read files and capture, no more", async () => {
		await using exporter = await start(["--process.user=root"]);
		const kept = capabilitySet(dacReadSearch, netRaw);
		const threads = threadsOf(exporter.pid);
		for (const status of threads)
			expect(status).toMatchObject({ Uid: four(0), Gid: four(0), NoNewPrivs: "1", Seccomp: "2" });
		const main = threads.find(({ Pid }) => Pid === String(exporter.pid));
		expect(main).toMatchObject({ CapInh: none, CapAmb: none, CapBnd: kept, CapPrm: kept, CapEff: kept });
		expect(exporter.stderr()).toMatch(
			/level=warn msg="could not drop all privileges" problem="the process stays root, and \d+ of its threads keep/,
		);
	});

	test("an account that is not there ends the start with 2 and what to give instead", async () => {
		const command = [...exporterCommand(), ...flags, "--process.user=no-such-user"];
		const { code, stderr } = await ended(namespace.spawn(command));
		expect(stderr).toBe(
			'dnstt_exporter: process.user: this host has no account "no-such-user"; set it to the name or number of an account, or to root to stay root\n',
		);
		expect(code).toBe(2);
	});

	test("a port below 1024 keeps CAP_NET_BIND_SERVICE too, with which it can be bound again", async () => {
		await using exporter = await startExporter({ flags, namespace, listenAddress: "127.0.0.1:443" });
		expectRights(exporter.pid, nobody, nobody, capabilitySet(netBindService, netRaw));
		expect((await exporter.get("/-/healthy")).status).toBe(200);
	});

	test("without the right to become another, as in a container, it stays root and says so", async () => {
		const bounded = ["setpriv", "--bounding-set=-setuid,-setgid", "--inh-caps=-all", ...exporterCommand()];
		await using exporter = await start([], bounded);
		const threads = threadsOf(exporter.pid);
		for (const status of threads) expect(status).toMatchObject({ Uid: four(0), NoNewPrivs: "1", Seccomp: "2" });
		const main = threads.find(({ Pid }) => Pid === String(exporter.pid));
		expect(main).toMatchObject({ CapPrm: capabilitySet(netRaw), CapEff: capabilitySet(netRaw) });
		expect(exporter.stderr()).toMatch(/level=warn msg="could not drop all privileges" problem="cannot become nobody/);
	});

	test("the capture can be opened again", async () => {
		network.veth({ namespace, interfaceName: "again0" }, { namespace, interfaceName: "again1" });
		await using exporter = await start(["--capture.interface=again0"]);
		namespace.ip("link", "set", "again0", "down");
		await until(
			async () => ((await exporter.get("/-/ready")).status === 503 ? true : undefined),
			() => "/-/ready gives 503",
		);
		namespace.ip("link", "set", "again0", "up");
		const samples = await exporter.metricsWhen(
			(read) => read.value("dnstt_exporter_capture_up", { interface: "again0" }) === 1,
		);
		expect(samples.value("dnstt_exporter_capture_up", { interface: "again0" })).toBe(1);
		expectRights(exporter.pid, nobody, nobody, capabilitySet(netRaw));
	});

	test("files that only root may read are used, and named because a newer one could not be", async () => {
		using folder = temporaryFolder();
		chmodSync(folder.path, 0o755);
		await Bun.write(folder.file("country.mmdb"), countryMmdb());
		await Bun.write(folder.file("config.json"), "{}");
		const files = await makeCertificate(folder.path, "rights");
		for (const path of [folder.file("country.mmdb"), folder.file("config.json"), files.keyFile]) chmodSync(path, 0o600);
		chmodSync(files.certificateFile, 0o644);
		const command = [
			...exporterCommand(),
			...flags,
			...["--geoip.country-database", folder.file("country.mmdb"), "--config.file", folder.file("config.json")],
			...["--web.tls.certificate-file", files.certificateFile, "--web.tls.key-file", files.keyFile],
		];
		const child = namespace.spawn(command);
		await until(
			() => (child.stderr().includes('msg="serving"') || child.exitCode() !== null ? true : undefined),
			child.stderr,
		);
		const response = await namespace.fetch("https://127.0.0.1:9713/-/ready", ["--insecure"]);
		expect(response.status).toBe(200);
		const warned = await until(() => {
			const lines = child.stderr().split("\n");
			const warnings = lines.filter((line) => line.includes("cannot be read again"));
			return warnings.length >= 3 ? warnings : undefined;
		}, child.stderr);
		expect(warned).toHaveLength(3);
		for (const path of [folder.file("country.mmdb"), folder.file("config.json"), files.keyFile])
			expect(warned.filter((line) => line.includes(path))).toHaveLength(1);
		child.kill("SIGTERM");
		expect(await child.exited).toBe(0);
	});

	test("no file is written but the native half, which Bun unpacks for its own user alone", async () => {
		using folder = temporaryFolder();
		chmodSync(folder.path, 0o1777);
		const command = ["env", `TMPDIR=${folder.path}`, `HOME=${folder.path}`, ...exporterCommand()];
		await using exporter = await start([], command);
		await exporter.metrics();
		await exporter.stop();
		const files = readdirSync(folder.path);
		expect(files).toEqual([expect.stringMatching(/^\.bun-\d+-[0-9a-f]+\.node$/)]);
		expect(statSync(join(folder.path, files[0] ?? "")).mode & 0o777).toBe(0o600);
	});

	test("no core file would be left: the process cannot be dumped", async () => {
		await using exporter = await start();
		const limits = await Bun.file(`/proc/${exporter.pid}/limits`).text();
		expect(limits).toMatch(/^Max core file size +0 +0 /m);
		// A process that cannot be dumped belongs to root in /proc, whoever it runs as.
		expect(
			Bun.spawnSync(["stat", "-c", "%u", `/proc/${exporter.pid}/fd`])
				.stdout.toString()
				.trim(),
		).toBe("0");
	});
});

describe.skipIf(!haveNetns())("started by another user with ambient capabilities", () => {
	const given = (capabilities: string) => [
		...["setpriv", "--reuid=1234", "--regid=1234", "--clear-groups"],
		...[`--inh-caps=${capabilities}`, `--ambient-caps=${capabilities}`, ...exporterCommand()],
	];

	test("given CAP_NET_RAW alone, as the printed unit does, it has that in every thread and nothing to say", async () => {
		using network = makeNetwork();
		const namespace = network.namespace("ambient");
		await using exporter = await startExporter({ flags, namespace, command: given("+net_raw") });
		const kept = capabilitySet(netRaw);
		for (const status of threadsOf(exporter.pid)) {
			expect(status).toMatchObject({
				...{ Uid: four(1234), Gid: four(1234), CapPrm: kept, CapEff: kept, NoNewPrivs: "1", Seccomp: "2" },
			});
		}
		expect(exporter.stderr()).not.toContain("privileges");
	});

	test("given more, its main thread gives up the rest, and the log says that other threads keep it", async () => {
		using network = makeNetwork();
		const namespace = network.namespace("ambient");
		const command = given("+net_raw,+net_admin,+sys_ptrace");
		await using exporter = await startExporter({ flags, namespace, command });
		const threads = threadsOf(exporter.pid);
		const main = threads.find(({ Pid }) => Pid === String(exporter.pid));
		const kept = capabilitySet(netRaw);
		expect(main).toMatchObject({ CapInh: none, CapAmb: none, CapPrm: kept, CapEff: kept });
		for (const status of threads) expect(status).toMatchObject({ NoNewPrivs: "1", Seccomp: "2" });
		expect(exporter.stderr()).toMatch(
			/problem="\d+ threads keep all capabilities of the start; grant CAP_NET_RAW alone/,
		);
	});

	test("a port below 1024 that it may not bind ends the start with what to do", async () => {
		using network = makeNetwork();
		const namespace = network.namespace("low");
		namespace.sysctl("net.ipv4.ip_unprivileged_port_start=1024");
		const given = "+net_raw";
		const command = [
			...[
				"setpriv",
				"--reuid=1234",
				"--regid=1234",
				"--clear-groups",
				`--inh-caps=${given}`,
				`--ambient-caps=${given}`,
			],
			...[...exporterCommand(), ...flags, "--web.listen-address=127.0.0.1:443"],
		];
		const { code, stderr } = await ended(namespace.spawn(command));
		expect(stderr).toMatch(/cannot listen on 127\.0\.0\.1:443: permission denied; .*CAP_NET_BIND_SERVICE/);
		expect(code).toBe(1);
	});
});

describe.skipIf(process.getuid?.() !== 0)("an executable that carries privileges itself", () => {
	test("refuses to run set-uid, for any user could run their own code through it", async () => {
		using folder = temporaryFolder();
		chmodSync(folder.path, 0o755);
		const [built = ""] = exporterCommand();
		const copy = folder.file("dnstt_exporter");
		expect((await runCommand(["cp", built, copy])).code).toBe(0);
		chownSync(copy, 0, 0);
		chmodSync(copy, 0o4755);
		const user = ["setpriv", "--reuid=1234", "--regid=1234", "--clear-groups"];
		const { code, stderr } = await runCommand([...user, copy, ...flags], { env: { TMPDIR: "/tmp" } });
		expect(stderr).toMatch(/^dnstt_exporter: this executable has file capabilities or set-uid, .*setcap -r/);
		expect(code).toBe(2);
	});
});

describe.skipIf(process.getuid?.() !== 0)("the filter of system calls", () => {
	test("refuses to run programs and to make or change files, and nothing that the exporter does", async () => {
		using folder = temporaryFolder();
		chmodSync(folder.path, 0o777);
		await Bun.write(folder.file("there"), "text");
		chmodSync(folder.file("there"), 0o666);
		const { code, stdout, stderr } = await runCommand([
			process.execPath,
			join(import.meta.dir, "../hardening/confined.ts"),
			folder.path,
		]);
		expect(stderr).toBe("");
		expect(code).toBe(0);
		expect(JSON.parse(stdout)).toEqual({
			...{ run: "EPERM", create: "EPERM", append: "EPERM", remove: "EPERM", rename: "EPERM", folder: "EPERM" },
			...{ mode: "EPERM", link: "EPERM", truncate: "EPERM" },
			...{ read: "text", worker: "done", socket: "pong" },
		});
		expect(readdirSync(folder.path)).toEqual(["there"]);
	});
});

describe("an account", () => {
	const { findAccount } = loadCap();
	const digits = "0".repeat(255);

	test("is a name or a number in decimal", () => {
		expect(findAccount("daemon")).toEqual([1, 1]);
		expect(findAccount("65534")?.[0]).toBe(65_534);
		expect(findAccount("4294967294")).toEqual([4_294_967_294, 4_294_967_294]);
	});

	test.each([
		["a sign", "+1"],
		["a minus", "-4294967295"],
		["a blank", " 1"],
		["another base", "0x1"],
		["the number that stands for no change", "4294967295"],
		["a number beyond all", "18446744073709551617"],
		["a NUL", "daemon\0x"],
		["nothing", ""],
	])("is none with %s", (_, name) => {
		expect(findAccount(name)).toBeUndefined();
	});

	test("is not taken for the beginning of a longer text", () => {
		expect(findAccount(`${digits.slice(1)}1`)).toEqual([1, 1]);
		expect(findAccount(`${digits}1`)).toBeUndefined();
		expect(findAccount(`${digits.slice(1)}12`)).toBeUndefined();
	});
});

test("the tests read a thread's rights as the kernel writes them", () => {
	expect(Object.keys(rightsOf(statusOf("/proc/self/status")))).toHaveLength(10);
	expect(capabilitySet(netRaw)).toBe("0000000000002000");
});
