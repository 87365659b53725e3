/** Programs from Debian's packages that the build, the release or the tests start: installed where they are missing and we are root. */
import { existsSync, rmSync, writeFileSync } from "node:fs";

/** A program, the Debian package it is in, and what it is for. */
export interface Tool {
	readonly program: string;
	readonly package: string;
	readonly purpose: string;
}

/** A shell's path leaves these out for users who are not root. */
const searchPath = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;

/** The tools whose program is not there. */
export function missingTools(wanted: readonly Tool[]): Tool[] {
	return wanted.filter(({ program }) => Bun.which(program, { PATH: searchPath }) === null);
}

/**
 * Makes sure that the tools are there. As root it installs what is missing with apt-get, and starts none of the services that come with it;
 * otherwise it says what to install. `say` takes one line a step. Returns whether all is there.
 */
export async function installTools(say: (line: string) => void, wanted: readonly Tool[]): Promise<boolean> {
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
