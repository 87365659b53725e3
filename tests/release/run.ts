/**
 * `bun run test:release`: runs the executables of a release in the roots of the distributions that they are for, and prints a matrix.
 * Arguments are names of targets, and "packages", in place of all. Needs root on an x64 Debian machine. Takes some minutes, and eight more
 * when the roots must be made first.
 */
import { copyFileSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { $ } from "bun";
import { root as projectRoot, workFolder } from "../../src/build/artifacts.ts";
import { type Debian, openDebian } from "../../src/build/debian.ts";
import { packageFile } from "../../src/build/debian-package.ts";
import { executableName, type ReleaseTarget, releaseTargets, sbomName } from "../../src/build/release.ts";
import { installTools } from "../../src/build/tools.ts";
import type { Report } from "../../src/commands/inspect/report.ts";
import {
	type CaptureName,
	captureNames,
	capturePath,
	countsIn,
	countsOf,
	expectedCounts,
	metricCounts,
	recordedDomain,
} from "../main/captures.ts";
import { startExporter } from "../support/exporter.ts";
import { parseExposition } from "../support/exposition.ts";
import { makeNetwork } from "../support/netns.ts";
import { runCommand } from "../support/process.ts";
import { tools } from "../support/tools.ts";
import { columns, type Host, type Outcome, type Row, renderMatrix, runnable, tally } from "./matrix.ts";
import { muslRoot } from "./musl.ts";
import { dependencyNames, makeUpgrade, packageChecks, passesLintian } from "./packages.ts";
import { debianReleases, debianRoot, libpcapIn, rootsFolder, servicePackages } from "./roots.ts";

const dist = join(projectRoot, "dist");
const folder = join(workFolder, "release");
const flags = ["--dnstt.domain", recordedDomain];

function say(line: string): void {
	console.log(`release: ${line}`);
}

/**
 * The command that runs an executable with `host` as its whole file system. The mounts are in a mount namespace of the command's own and
 * vanish with it; every program replaces the one before, so that signals reach the executable.
 */
function inside(host: Host, executable: string): string[] {
	for (const name of ["dnstt_exporter", "emulator"])
		if (!existsSync(join(host.folder, name))) writeFileSync(join(host.folder, name), "");
	const script = [
		'mount -t proc proc "$0/proc"',
		'mount --bind "$1" "$0/dnstt_exporter"',
		'mount --bind "$2" "$0/emulator"',
		"shift 2",
		'exec chroot "$0" "$@"',
	].join(" && ");
	const command = host.emulator ? ["/emulator", ...host.emulator.words, "/dnstt_exporter"] : ["/dnstt_exporter"];
	return [
		"unshare",
		"--mount",
		"sh",
		"-c",
		script,
		host.folder,
		executable,
		host.emulator?.path ?? executable,
		...command,
	];
}

/** Compares as JSON: the counts are plain objects with their keys in one order. */
function mustEqual(found: unknown, expected: unknown, what: string): void {
	const [have, want] = [JSON.stringify(found), JSON.stringify(expected)];
	if (have !== want) throw new Error(`${what}: ${have} in place of ${want}`);
}

async function output(command: readonly string[], stdin?: Uint8Array): Promise<string> {
	const { code, stdout, stderr } = await runCommand(command, stdin ? { stdin } : {});
	if (code !== 0) throw new Error(`ended with ${code}: ${stderr.trim()}`);
	return stdout;
}

async function inspects(command: readonly string[], format: "json" | "prometheus"): Promise<void> {
	for (const name of captureNames) {
		const bytes = await Bun.file(capturePath(name)).bytes();
		const text = await output([...command, "inspect", `--format=${format}`, ...flags, "-"], bytes);
		const expected = await expectedCounts(name);
		if (format === "json") mustEqual(countsOf(JSON.parse(text) as Report), expected, name);
		else mustEqual(countsIn(parseExposition(text)), metricCounts(expected), name);
	}
}

/** Sends recorded traffic over a veth pair, and reads the counts from /metrics. */
async function capturesLive(command: readonly string[], interfaceName: string, name: CaptureName): Promise<void> {
	using network = makeNetwork();
	const server = network.namespace("server");
	const resolver = network.namespace("resolver");
	network.veth({ namespace: server, interfaceName: "tunnel0" }, { namespace: resolver, interfaceName: "wan0" });
	await using exporter = await startExporter({
		flags: [...flags, "--capture.interface", interfaceName],
		namespace: server,
		command,
	});
	const expected = metricCounts(await expectedCounts(name));
	await resolver.sendCapture(capturePath(name), "wan0");
	const samples = await exporter.metricsWhen((read) => {
		const counts = countsIn(read);
		return counts.queries >= expected.queries && counts.bytes_out >= expected.bytes_out;
	});
	mustEqual(countsIn(samples), expected, `${name} on ${interfaceName}`);
	const { code } = await exporter.stop();
	mustEqual(code, 0, "exit code after SIGTERM");
}

/** Runs one check and gives how it ended; says why it failed. */
async function check(title: string, run: () => Promise<unknown>): Promise<Outcome> {
	try {
		await run();
		return "ok";
	} catch (error) {
		say(`${title}: ${String(error).slice(0, 600)}`);
		return "FAILED";
	}
}

async function testIn(host: Host, target: ReleaseTarget): Promise<Row> {
	const command = inside(host, join(dist, executableName(target)));
	const checks: Record<(typeof columns)[number], () => Promise<unknown>> = {
		alone: async () => mustEqual(libpcapIn(host.folder), [], "libpcap in the root"),
		version: async () => {
			const version = await output([...command, "--version"]);
			if (!version.includes("dnstt_exporter, version")) throw new Error(version);
		},
		inspect: () => inspects(command, "json"),
		exposition: () => inspects(command, "prometheus"),
		"live veth, /metrics": () => capturesLive(command, "tunnel0", "direct-ipv4"),
		"live any, /metrics": () => capturesLive(command, "any", "unbound-0x20-ipv4"),
	};
	const outcomes: Outcome[] = [];
	for (const column of columns) {
		const title = `${target.name} in ${host.title}, ${column}`;
		outcomes.push(runnable(host, column) ? await check(title, checks[column]) : "-");
	}
	return { target: target.name, host: host.title, outcomes };
}

/** qemu of Debian 13: that of Debian 12 cannot run Bun for arm64. */
async function fetchEmulators(): Promise<(program: string) => string> {
	const debian = await openDebian(join(folder, "apt-trixie"), "trixie");
	await debian.unpack("amd64", ["qemu-user"], join(folder, "qemu"));
	return (program) => join(folder, "qemu/usr/bin", program);
}

async function hostsOf(target: ReleaseTarget, debian: Debian, emulator: (program: string) => string): Promise<Host[]> {
	const arm64 = { path: emulator("qemu-aarch64"), words: [] };
	const foreign = target.debianArchitecture === "arm64" ? { emulator: arm64 } : {};
	const emulated = target.debianArchitecture === "arm64" ? " (emulated)" : "";
	if (target.libc === "musl") {
		const place = await muslRoot(target, debian, join(dist, executableName(target)), join(folder, target.name, "musl"));
		return [{ title: `musl of Debian, stand-in libstdc++${emulated}`, folder: place, ...foreign }];
	}
	const hosts: Host[] = [];
	for (const release of debianReleases) {
		const place = await debianRoot(release, target.debianArchitecture, say);
		// A root whose packages were not configured lacks the users; base-passwd would put this list there.
		const users = join(place, "usr/share/base-passwd/passwd.master");
		if (!existsSync(join(place, "etc/passwd"))) copyFileSync(users, join(place, "etc/passwd"));
		const title = `Debian ${release.version}`;
		hosts.push({ title: title + emulated, folder: place, ...foreign });
		if (target.debianArchitecture === "amd64") {
			const nehalem = { path: emulator("qemu-x86_64"), words: ["-cpu", "Nehalem"] };
			hosts.push({ title: `${title}, Nehalem (emulated)`, folder: place, emulator: nehalem });
		}
	}
	return hosts;
}

/** The Debian packages, on Debian 12 and 13; that for arm64 as far as an emulator runs what is in it. */
async function testPackages(emulator: (program: string) => string): Promise<Outcome[]> {
	const { version } = await Bun.file(join(projectRoot, "package.json")).json();
	const outcomes: Outcome[] = [];
	const report = async (title: string, run: () => Promise<unknown>) => {
		const outcome = await check(title, run);
		say(`${title}: ${outcome}`);
		outcomes.push(outcome);
	};
	const upgrade = await makeUpgrade(dist, version, folder);
	for (const release of debianReleases.filter(({ version }) => version >= 12)) {
		const inputs = {
			systemdRoot: await debianRoot(release, "amd64", say, servicePackages),
			plainRoot: await debianRoot(release, "amd64", say),
			folder: join(folder, "machine"),
			...{ dist, version, upgrade, say },
		};
		for (const [title, run] of packageChecks(inputs)) await report(`Debian ${release.version}, ${title}`, run);
	}
	rmSync(join(dist, upgrade));
	for (const architecture of ["amd64", "arm64"] as const)
		await report(`lintian on the package for ${architecture}`, () =>
			passesLintian(join(dist, packageFile({ version, architecture }))),
		);
	await report("the package for arm64, unpacked and emulated", async () => {
		const tree = join(folder, "arm64-package");
		await $`dpkg-deb --extract ${join(dist, packageFile({ version, architecture: "arm64" }))} ${tree}`.quiet();
		const place = join(rootsFolder, "trixie-arm64");
		const host = { title: "Debian 13", folder: place, emulator: { path: emulator("qemu-aarch64"), words: [] } };
		const printed = await output([...inside(host, join(tree, "usr/bin/dnstt_exporter")), "--version"]);
		if (!printed.includes("dnstt_exporter, version")) throw new Error(printed);
		rmSync(tree, { recursive: true });
	});
	return outcomes;
}

async function listsDependencies(): Promise<void> {
	const { specVersion, components } = await Bun.file(join(dist, sbomName)).json();
	mustEqual(specVersion, "1.6", "version");
	const listed = components.map(({ name }: { name: string }) => name);
	const missing = (await dependencyNames()).filter((name) => !listed.includes(name));
	mustEqual(missing, [], "dependencies that are not listed");
}

async function main(): Promise<number> {
	const start = performance.now();
	if (process.getuid?.() !== 0 || process.arch !== "x64") {
		say("this needs root on an x64 Debian machine: it changes roots and makes network namespaces");
		return 1;
	}
	const missing = releaseTargets.map(executableName).filter((name) => !existsSync(join(dist, name)));
	if (missing.length > 0) {
		say(`dist has no ${missing.join(", ")}; make them: npm run release`);
		return 1;
	}
	const needed = tools.filter(({ program }) => ["ip", "sysctl", "tcpreplay", "curl"].includes(program));
	const roots = { program: "debootstrap", package: "debootstrap", purpose: "roots of Debian's releases" };
	const judge = { program: "lintian", package: "lintian", purpose: "a judge of the Debian packages" };
	if (!(await installTools(say, [...needed, roots, judge]))) return 1;

	const debian = await openDebian(join(folder, "apt"));
	const emulator = await fetchEmulators();
	const rows: Row[] = [];
	const sums = await check("SHA256SUMS", () => $`sha256sum --check --quiet SHA256SUMS`.cwd(dist).quiet());
	const list = await check(sbomName, listsDependencies);
	const named = process.argv.slice(2);
	for (const target of releaseTargets.filter(({ name }) => named.length === 0 || named.includes(name)))
		for (const host of await hostsOf(target, debian, emulator)) rows.push(await testIn(host, target));

	const packages = named.length === 0 || named.includes("packages") ? await testPackages(emulator) : [];
	console.log(`\n${renderMatrix(rows)}\n`);
	say(`SHA256SUMS: ${sums}; ${sbomName}: ${list}`);
	say(`took ${((performance.now() - start) / 1000).toFixed(0)} s`);
	const { passed, failed } = tally([sums, list, ...packages, ...rows.flatMap(({ outcomes }) => outcomes)]);
	console.log(`${passed} passed, ${failed} failed`);
	return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
