/**
 * Debian's packages for any architecture, unpacked into folders: apt with lists and state of its own, so that the machine's stay as they
 * are and nothing is installed. What is fetched is checked against Debian's keys, as ever.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { $ } from "bun";
import { BuildError } from "./artifacts.ts";

export type Architecture = "amd64" | "arm64";

/** One line of the machine's package sources. */
export interface PackageSource {
	readonly uri: string;
	/** "bookworm", "bookworm-security". */
	readonly suite: string;
}

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * Debian's own sources among those of `apt-get indextargets --format "$(REPO_URI) $(RELEASE) $(COMPONENT)"`: the suites of one release
 * (by its code name), component main.
 */
export function debianSources(indexTargets: string, codename: string): PackageSource[] {
	const suites = ["", "-updates", "-security"].map((suffix) => codename + suffix);
	return indexTargets
		.split("\n")
		.map((line) => line.split(" "))
		.filter(([, suite = "", component]) => component === "main" && suites.includes(suite))
		.map(([uri = "", suite = ""]) => ({ uri, suite }));
}

/** Debian's sources as this machine is configured: from its mirror. Throws BuildError on another distribution. */
export async function machineSources(): Promise<{ readonly codename: string; readonly sources: PackageSource[] }> {
	const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
	const codename = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1];
	if (!/^ID=debian$/m.test(release) || codename === undefined || !existsSync(keyring))
		throw new BuildError("this needs a machine with Debian, and its package debian-archive-keyring");
	const format = "$(REPO_URI) $(RELEASE) $(COMPONENT)";
	const sources = debianSources(
		await $`apt-get indextargets --format ${format} ${"Created-By: Packages"}`.quiet().text(),
		codename,
	);
	if (sources.length === 0) throw new BuildError(`apt has no source for ${codename} main; see sources.list(5)`);
	return { codename, sources };
}

/** What packages are fetched from. */
export interface Debian {
	/** Unpacks packages, and what they contain alone, into `folder`; their dependencies are the caller's to name. */
	unpack(architecture: Architecture, packages: readonly string[], folder: string): Promise<void>;
	/** Unpacks a source package, with Debian's patches applied; returns its folder, inside `folder`, and its version. */
	unpackSource(name: string, folder: string): Promise<{ readonly folder: string; readonly version: string }>;
}

/** Fetches the package lists of both architectures into `folder`, which is made anew: of this machine's release, or of another. */
export async function openDebian(folder: string, codename?: string): Promise<Debian> {
	const machine = await machineSources();
	const others = machine.sources.filter(({ suite }) => suite === machine.codename);
	const sources = codename === undefined ? machine.sources : others.map(({ uri }) => ({ uri, suite: codename }));
	rmSync(folder, { recursive: true, force: true });
	for (const part of ["state/lists/partial", "cache/archives/partial", "empty"])
		mkdirSync(join(folder, part), { recursive: true });
	writeFileSync(join(folder, "status"), "");
	const lines = sources.flatMap(({ uri, suite }) =>
		["deb", "deb-src"].map((kind) => `${kind} [signed-by=${keyring}] ${uri} ${suite} main\n`),
	);
	writeFileSync(join(folder, "sources.list"), lines.join(""));
	const settings = [
		`Dir::State=${join(folder, "state")}`,
		`Dir::State::status=${join(folder, "status")}`,
		`Dir::Cache=${join(folder, "cache")}`,
		`Dir::Etc::SourceList=${join(folder, "sources.list")}`,
		`Dir::Etc::SourceParts=${join(folder, "empty")}`,
		"Dir::Etc::PreferencesParts=/dev/null",
		"APT::Architectures::=amd64",
		"APT::Architectures::=arm64",
		// The folder may be closed to the user that apt would fetch as.
		"APT::Sandbox::User=",
	].flatMap((setting) => ["-o", setting]);

	const apt = async (cwd: string, ...words: string[]) => {
		const result = await $`apt-get -qq ${settings} ${words}`.cwd(cwd).nothrow().quiet();
		if (result.exitCode === 0) return;
		throw new BuildError(
			`apt-get ${words.join(" ")} ended with ${result.exitCode}: ${result.stderr.toString().trim()}`,
		);
	};
	const fresh = (path: string) => {
		rmSync(path, { recursive: true, force: true });
		mkdirSync(path, { recursive: true });
	};

	await apt(folder, "update");
	return {
		async unpack(architecture, packages, into) {
			fresh(into);
			const debs = join(folder, "debs");
			fresh(debs);
			await apt(debs, "download", ...packages.map((name) => `${name}:${architecture}`));
			for (const deb of new Bun.Glob("*.deb").scanSync({ cwd: debs, absolute: true }))
				await $`dpkg-deb -x ${deb} ${into}`.quiet();
		},
		async unpackSource(name, into) {
			fresh(into);
			await apt(into, "source", "--download-only", name);
			const [description] = [...new Bun.Glob("*.dsc").scanSync({ cwd: into })];
			if (description === undefined) throw new BuildError(`apt-get returned no source package for ${name}`);
			await $`dpkg-source --no-check -x ${description} source`.cwd(into).quiet();
			const version = /^Version: (.+)$/m.exec(readFileSync(join(into, description), "utf8"))?.[1] ?? "unknown";
			return { folder: join(into, "source"), version };
		},
	};
}
