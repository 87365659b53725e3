/** The programs that the tests judge the exporter with, from Debian's packages: installed where they are missing and we are root. */
import { existsSync, rmSync, writeFileSync } from "node:fs";

/** A program that tests start, the Debian package it is in, and what it is for. */
export interface Tool {
	readonly program: string;
	readonly package: string;
	readonly purpose: string;
}

export const tools: readonly Tool[] = [
	{ program: "ip", package: "iproute2", purpose: "network namespaces, veth pairs and bridges" },
	{ program: "nft", package: "nftables", purpose: "NAT as docker sets it up" },
	{ program: "iptables", package: "iptables", purpose: "port 53 redirected to another" },
	{ program: "sysctl", package: "procps", purpose: "forwarding between namespaces" },
	{ program: "tcpreplay", package: "tcpreplay", purpose: "sending captured frames into an interface" },
	{ program: "tcpdump", package: "tcpdump", purpose: "a second witness of what an interface carried" },
	{ program: "tshark", package: "tshark", purpose: "an independent decoder" },
	{ program: "systemd-analyze", package: "systemd", purpose: "a judge of the unit" },
	{ program: "nix-instantiate", package: "nix-bin", purpose: "the NixOS module's language" },
	{ program: "zsh", package: "zsh", purpose: "completion" },
	{ program: "fish", package: "fish", purpose: "completion" },
	{ program: "groff", package: "groff-base", purpose: "the manual page" },
	{ program: "python3", package: "python3", purpose: "an independent count of KCP segments" },
	{ program: "tmux", package: "tmux", purpose: "the terminal view" },
	{ program: "chromium", package: "chromium", purpose: "the status page in a real browser" },
	{ program: "curl", package: "curl", purpose: "HTTP requests inside a namespace" },
	{ program: "prometheus", package: "prometheus", purpose: "the real scraper, and promtool" },
	{ program: "openssl", package: "openssl", purpose: "certificates" },
];

/** A shell's path leaves these out for users who are not root. */
const searchPath = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;

/** The tools whose program is not there. */
export function missingTools(wanted: readonly Tool[] = tools): Tool[] {
	return wanted.filter(({ program }) => Bun.which(program, { PATH: searchPath }) === null);
}

/**
 * Makes sure that the tools are there. As root it installs what is missing with apt-get, and starts none of the services that come with it;
 * otherwise it says what to install. `say` takes one line a step. Gives whether all is there.
 */
export async function prepare(say: (line: string) => void, wanted: readonly Tool[] = tools): Promise<boolean> {
	const missing = missingTools(wanted);
	if (missing.length === 0) {
		say(`all ${wanted.length} programs are there`);
		return true;
	}
	for (const { program, package: name, purpose } of missing) say(`${program} is missing (package ${name}): ${purpose}`);
	const packages = [...new Set(missing.map((tool) => tool.package))];
	const command = `apt-get install --no-install-recommends ${packages.join(" ")}`;
	if (process.getuid?.() !== 0 || Bun.which("apt-get") === null) {
		say(`without them their tests are skipped; install them as root, on Debian with: ${command}`);
		return false;
	}
	return withoutServices(async () => {
		say("updating the package lists");
		if (!(await aptGet(say, ["update"]))) return false;
		say(`installing ${packages.join(", ")}`);
		if (!(await aptGet(say, ["install", "--yes", "--no-install-recommends", ...packages]))) return false;
		const still = missingTools(wanted);
		for (const { program, package: name } of still) say(`package ${name} was installed and brought no ${program}`);
		return still.length === 0;
	});
}

/** Runs apt-get without questions; says the end of what it printed when it fails. */
async function aptGet(say: (line: string) => void, words: readonly string[]): Promise<boolean> {
	const child = Bun.spawn(["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120", ...words], {
		stdin: "ignore",
		stdout: "pipe",
		stderr: "pipe",
		env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
	});
	const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
	if (code === 0) return true;
	const last = `${stdout}\n${stderr}`.trim().split("\n").slice(-5).join(" | ");
	say(`apt-get ${words.join(" ")} ended with ${code}: ${last}`);
	return false;
}

/** Debian's package scripts ask this program whether they may start a service; 101 forbids it (invoke-rc.d(8)). */
const policyFile = "/usr/sbin/policy-rc.d";

/** Runs `install` while no package may start its service: a Prometheus that we did not ask for must not listen here. */
async function withoutServices<T>(install: () => Promise<T>): Promise<T> {
	const ours = !existsSync(policyFile);
	if (ours) writeFileSync(policyFile, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
	try {
		return await install();
	} finally {
		if (ours) rmSync(policyFile);
	}
}
