/** What the Debian packages of a release do on a host: installed, upgraded, removed, purged; with systemd, and without. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { $ } from "bun";
import { root as projectRoot } from "../../src/build/artifacts.ts";
import { packageFile, packageName } from "../../src/build/debian-package.ts";
import { type Ended, runCommand, until } from "../support/process.ts";
import { type Machine, startMachine } from "./machine.ts";

const unit = "dnstt_exporter.service";
const config = "/etc/dnstt_exporter/config.json";
const edited = '{ "dnstt": { "domain": ["t.example.com"] }, "log": { "level": "debug" } }\n';

/** The exposure of systemd-analyze security that the unit may have: 0 is none, 10 all. */
const exposureMax = 2;

function must(condition: boolean, what: string): void {
	if (!condition) throw new Error(what);
}

/** What a command printed, when it ended well. */
async function output(machine: Machine, ...command: readonly string[]): Promise<string> {
	const { code, stdout, stderr } = await machine.run(...command);
	if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${stderr.trim()} ${stdout.trim()}`);
	return stdout;
}

/** The word of systemctl is-active or is-enabled, whose exit code says the same. */
async function state(machine: Machine, question: "is-active" | "is-enabled"): Promise<string> {
	return (await machine.run("systemctl", question, unit)).stdout.trim();
}

function mustBeSilent(what: string, { code, stdout, stderr }: Ended): void {
	must(code === 0 && stdout === "" && stderr === "", `${what} ended with ${code}: ${stdout}${stderr}`);
}

/** All files below /etc and /usr, and those elsewhere that are named after the program, but for the logs. */
async function filesOf(machine: Machine): Promise<string> {
	const script = "{ find /etc /usr -xdev; find / -xdev -path /var/log -prune -o -name '*dnstt*' -print; } | sort -u";
	// dpkg and ldconfig keep a copy of the file before, and man an index.
	return (await output(machine, "sh", "-c", script)).replaceAll(/^\/etc\/(?:ld\.so\.cache|.*[-~])\n/gm, "");
}

/** A package of a higher version, the same in everything else; quickly made, as it is not compressed. */
export async function makeUpgrade(dist: string, version: string, folder: string): Promise<string> {
	const tree = join(folder, "upgrade");
	rmSync(tree, { recursive: true, force: true });
	mkdirSync(folder, { recursive: true });
	await $`dpkg-deb --raw-extract ${join(dist, packageFile({ version, architecture: "amd64" }))} ${tree}`.quiet();
	const control = join(tree, "DEBIAN/control");
	writeFileSync(
		control,
		readFileSync(control, "utf8").replace(`Version: ${version}\n`, `Version: ${version}+upgrade\n`),
	);
	const name = "upgrade.deb";
	await $`dpkg-deb --root-owner-group -Znone --build ${tree} ${join(dist, name)}`.quiet();
	rmSync(tree, { recursive: true });
	return name;
}

/** How Bun's executables are linked; nothing of ours can change it. */
const acceptedTags = ["hardening-no-pie", "hardening-no-relro"];

/** lintian reports no error of a package, and no warning but those. */
export async function passesLintian(file: string): Promise<void> {
	const { code, stdout, stderr } = await runCommand(["lintian", "--allow-root", file]);
	const others = stdout
		.split("\n")
		.filter((line) => line !== "" && !acceptedTags.includes(/^W: \S+: (\S+)/.exec(line)?.[1] ?? ""));
	must(code === 0 && others.length === 0, `lintian ended with ${code}: ${others.join("; ")} ${stderr}`);
}

/** The npm packages that package.json states as contained in the executable; it also contains what those need. */
export async function dependencyNames(): Promise<string[]> {
	return Object.keys((await Bun.file(join(projectRoot, "package.json")).json()).dependencies);
}

/** The block of README's shell commands that has this text. */
function readmeLines(part: string): string {
	const readme = readFileSync(join(projectRoot, "README.md"), "utf8");
	const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, text = ""]) => text);
	const lines = blocks.find((text) => text.includes(part));
	if (lines === undefined) throw new Error(`README has no lines with ${part}`);
	return lines;
}

/** A check of packages: its title, and what throws when it fails. */
export type PackageCheck = readonly [title: string, run: () => Promise<void>];

export interface PackageInputs {
	/** A root of Debian for amd64: with systemd, and without. */
	readonly systemdRoot: string;
	readonly plainRoot: string;
	/** For the layers of the machines. */
	readonly folder: string;
	readonly dist: string;
	readonly version: string;
	/** The name of the package of a higher version in dist (makeUpgrade). */
	readonly upgrade: string;
	readonly say: (line: string) => void;
}

async function mustBe(machine: Machine, question: "is-active" | "is-enabled", expected: string): Promise<void> {
	const found = await state(machine, question);
	must(found === expected, `systemctl ${question}: ${found} in place of ${expected}`);
}

/** A fresh package is whole and known to man, leaves no failed unit to a boot, and says what to do next. */
async function installs(machine: Machine, file: string): Promise<void> {
	const text = await output(machine, "dpkg", "--install", `/mnt/${file}`);
	const hint = "set it in /etc/dnstt_exporter/config.json, then run: systemctl enable --now dnstt_exporter";
	must(text.includes(hint), `no hint in: ${text}`);
	mustBeSilent("dpkg --verify", await machine.run("dpkg", "--verify", packageName));
	must((await output(machine, "dnstt_exporter", "--version")).includes("dnstt_exporter, version"), "no version");
	const manual = (await output(machine, "man", "-w", "dnstt_exporter")).trim();
	must(manual === "/usr/share/man/man1/dnstt_exporter.1.gz", `manual page: ${manual}`);
	const copyright = await output(machine, "cat", `/usr/share/doc/${packageName}/copyright`);
	for (const name of await dependencyNames())
		must(copyright.includes(`\n---- ${name} ----\n`), `no licence of ${name}`);
	await mustBe(machine, "is-enabled", "disabled");
	// Starts what is enabled and does not run, as a boot does.
	await output(machine, "systemctl", "start", "multi-user.target");
	await mustBe(machine, "is-active", "inactive");
}

/** The unit is clean, and its exposure small. */
async function verifies(machine: Machine, path: string, say: (line: string) => void): Promise<void> {
	mustBeSilent("systemd-analyze verify", await machine.run("systemd-analyze", "verify", path));
	const report = await output(machine, "systemd-analyze", "--no-pager", "security", "--offline=true", path);
	const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(report)?.[1]);
	say(`exposure of the unit: ${exposure}`);
	must(exposure <= exposureMax, `exposure ${exposure}, more than ${exposureMax}`);
}

/** Runs and serves metrics. Type=notify: systemctl start returns when the exporter is ready. */
async function serves(machine: Machine): Promise<void> {
	await mustBe(machine, "is-active", "active");
	const { stdout } = await machine.inNetwork("curl", "--silent", "http://127.0.0.1:9713/metrics");
	must(stdout.includes("\ndnstt_active_clients"), `metrics: ${stdout.slice(0, 100)}`);
}

/** An upgrade restarts what runs, leaves alone what does not, and keeps the edited configuration. */
async function upgrades(machine: Machine, file: string, upgrade: string): Promise<void> {
	const process = () => output(machine, "systemctl", "show", "--property=MainPID", "--value", unit);
	const before = await process();
	await output(machine, "dpkg", "--install", `/mnt/${upgrade}`);
	await mustBe(machine, "is-active", "active");
	must((await process()) !== before, "the same process runs after the upgrade");
	const status = await output(machine, "dpkg", "--status", packageName);
	must(/^Version: \S+\+upgrade$/m.test(status), status);
	must((await output(machine, "cat", config)) === edited, "the configuration was not kept");
	await output(machine, "systemctl", "stop", unit);
	await output(machine, "systemctl", "disable", unit);
	await output(machine, "dpkg", "--install", `/mnt/${file}`);
	await mustBe(machine, "is-active", "inactive");
	await mustBe(machine, "is-enabled", "disabled");
}

/** Removing stops the service and keeps the configuration for a later installation; a purge leaves nothing. */
async function removes(machine: Machine, file: string, before: string): Promise<void> {
	await output(machine, "systemctl", "enable", "--now", unit);
	await output(machine, "dpkg", "--remove", packageName);
	must((await machine.run("pidof", "dnstt_exporter")).code !== 0, "the exporter still runs");
	must((await output(machine, "cat", config)) === edited, "the configuration was not kept");
	await output(machine, "dpkg", "--install", `/mnt/${file}`);
	await mustBe(machine, "is-enabled", "enabled");
	await serves(machine);
	await output(machine, "dpkg", "--purge", packageName);
	mustBeSame(before, await filesOf(machine));
}

function mustBeSame(before: string, after: string): void {
	const known = new Set(before.split("\n"));
	const left = after.split("\n").filter((path) => !known.has(path));
	must(left.length === 0, `left after the purge: ${left.slice(0, 10).join(" ")}`);
}

/** In a machine with systemd: each check continues where the one before ended, so all are one. */
async function lifeOnHost({ systemdRoot, folder, dist, version, upgrade, say }: PackageInputs): Promise<void> {
	await using machine = await startMachine(systemdRoot, "systemd", folder, dist);
	const file = packageFile({ version, architecture: "amd64" });
	const before = await filesOf(machine);
	await installs(machine, file);
	await verifies(machine, `/usr/lib/systemd/system/${unit}`, say);
	writeFileSync(machine.file(config), edited);
	await output(machine, "systemctl", "enable", "--now", unit);
	await serves(machine);
	await upgrades(machine, file, upgrade);
	await removes(machine, file, before);
}

/** In a root without systemd, as of a container or an image that is being made. */
async function lifeWithoutSystemd({ plainRoot, folder, dist, version, upgrade }: PackageInputs): Promise<void> {
	await using machine = await startMachine(plainRoot, "none", folder, dist);
	const before = await filesOf(machine);
	await output(machine, "dpkg", "--install", `/mnt/${packageFile({ version, architecture: "amd64" })}`);
	writeFileSync(machine.file(config), edited);
	await output(machine, "dpkg", "--install", `/mnt/${upgrade}`);
	must((await output(machine, "cat", config)) === edited, "the configuration was not kept");
	await output(machine, "dpkg", "--remove", packageName);
	await output(machine, "dpkg", "--purge", packageName);
	// An image's configuration may be there first.
	mkdirSync(machine.file(dirname(config)));
	writeFileSync(machine.file(config), edited);
	await output(machine, "dpkg", "--force-confold", "--install", `/mnt/${upgrade}`);
	await output(machine, "test", "-L", `/etc/systemd/system/multi-user.target.wants/${unit}`);
	await output(machine, "dpkg", "--purge", packageName);
	mustBeSame(before, await filesOf(machine));
}

/**
 * As a container runs it: root with CAP_NET_RAW alone, no new privileges, a read-only root. Its folder for temporary files must allow
 * programs, as the capture library is unpacked there.
 */
async function contained({ plainRoot, folder, dist }: PackageInputs): Promise<void> {
	await using machine = await startMachine(plainRoot, "none", folder, dist);
	await output(machine, "mount", "-o", "remount,exec,size=16m", "/tmp");
	await output(machine, "mount", "-o", "remount,bind,ro", "/");
	const rights = ["setpriv", "--no-new-privs", "--bounding-set", "-all,+net_raw", "--inh-caps", "-all"];
	const words = ["--dnstt.domain", "t.example.com", "--process.user", "root"];
	const running = machine.run(...rights, "timeout", "10", "/mnt/dnstt_exporter-linux-x64", ...words);
	const metrics = ["curl", "--silent", "--retry", "50", "--retry-connrefused", "--retry-delay", "0"];
	const { stdout } = await machine.inNetwork(...metrics, "--retry-max-time", "8", "http://127.0.0.1:9713/metrics");
	must(stdout.includes("\ndnstt_active_clients"), `metrics: ${stdout.slice(0, 100)}`);
	const { stderr } = await running;
	must(stderr.includes('msg="capture open"') && !stderr.includes("level=warn"), stderr);
}

/** README's lines for the package, on a host through which the demo's tunnel goes. */
async function byPackage({ systemdRoot, folder, dist }: PackageInputs): Promise<void> {
	await using machine = await startMachine(systemdRoot, "systemd", folder, dist);
	const demo = "/mnt/dnstt_exporter-linux-x64 demo --web.listen-address 127.0.0.1:0";
	const running = machine.run("timeout", "40", ...demo.split(" "));
	await output(machine, "sh", "-e", "-c", `cd /mnt\n${readmeLines("dpkg -i")}`);
	await mustBe(machine, "is-enabled", "enabled");
	await mustBe(machine, "is-active", "active");
	const metrics = ["curl", "--silent", "http://127.0.0.1:9713/metrics"];
	await until(
		async () =>
			/^dnstt_queries_total\{.*\} [1-9]/m.test((await machine.inNetwork(...metrics)).stdout) ? true : undefined,
		() => "the service counts queries of the tunnel that was discovered",
	);
	await running;
}

/** README's lines, on a host that has no package of it. */
async function byHand({ systemdRoot, folder, dist, say }: PackageInputs): Promise<void> {
	await using machine = await startMachine(systemdRoot, "systemd", folder, dist);
	const script = `mkdir /root/copied && cd /root/copied && cp /mnt/dnstt_exporter-linux-x64 dnstt_exporter\n${readmeLines("print systemd-unit >")}`;
	await output(machine, "sh", "-e", "-c", script);
	await verifies(machine, `/etc/systemd/system/${unit}`, say);
	await serves(machine);
}

/** The checks of one release of Debian. */
export function packageChecks(inputs: PackageInputs): PackageCheck[] {
	return [
		["dpkg: install, verify, serve, upgrade, remove, purge", () => lifeOnHost(inputs)],
		["dpkg without systemd", () => lifeWithoutSystemd(inputs)],
		["a read-only root with CAP_NET_RAW alone", () => contained(inputs)],
		["README's lines with discover", () => byPackage(inputs)],
		["README's lines, systemd-analyze verify", () => byHand(inputs)],
	];
}
