/** Debian's releases as folders to change root into: made once with debootstrap, and kept outside the project. */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { $ } from "bun";
import { type Architecture, machineSources } from "../../src/build/debian.ts";

export interface DebianRelease {
	readonly version: number;
	readonly codename: string;
}

export const debianReleases: readonly DebianRelease[] = [
	{ version: 11, codename: "bullseye" },
	{ version: 12, codename: "bookworm" },
	{ version: 13, codename: "trixie" },
];

/** What a host has that runs the exporter as a service. */
export const servicePackages = ["systemd", "man-db"] as const;

/** Where the roots are kept: 250 MB each. */
export const rootsFolder = "/var/cache/dnstt_exporter-roots";

/**
 * The folder of a root, made from this machine's mirror where it is missing. For a foreign architecture the packages are unpacked and not
 * configured: their programs cannot run here by themselves, and the exporter needs the C library only. `packages` are added to the few
 * that each root has.
 */
export async function debianRoot(
	{ codename }: DebianRelease,
	architecture: Architecture,
	say: (line: string) => void,
	packages: readonly string[] = [],
): Promise<string> {
	const folder = join(rootsFolder, [codename, architecture, ...packages].join("-"));
	if (existsSync(folder)) return folder;
	const { codename: own, sources } = await machineSources();
	const mirror = sources.find(({ suite }) => suite === own)?.uri;
	if (mirror === undefined) throw new Error(`apt has no source for ${own}; see sources.list(5)`);
	say(`making a root of Debian ${codename} for ${architecture} in ${folder}`);
	const fresh = `${folder}.${process.pid}`;
	mkdirSync(rootsFolder, { recursive: true });
	const foreign = architecture === "amd64" ? [] : ["--foreign"];
	const included = packages.length === 0 ? [] : [`--include=${packages.join(",")}`];
	const made =
		await $`debootstrap ${foreign} ${included} --variant=minbase --arch=${architecture} ${codename} ${fresh} ${mirror}`
			.nothrow()
			.quiet();
	if (made.exitCode !== 0) {
		rmSync(fresh, { recursive: true, force: true });
		const last = made.stdout.toString().trim().split("\n").slice(-3).join(" | ");
		throw new Error(`debootstrap ${codename} ended with ${made.exitCode}: ${last}`);
	}
	renameSync(fresh, folder);
	return folder;
}

/** What lies in a root of libpcap, where loaders look: the executables must do without. */
export function libpcapIn(root: string): string[] {
	const libraries = new Bun.Glob("**/libpcap*");
	// In Debian's roots /lib is a link to /usr/lib; in others it is a folder.
	return ["lib", "usr/lib", "usr/local/lib"]
		.filter((folder) => existsSync(join(root, folder)))
		.flatMap((folder) =>
			[...libraries.scanSync({ cwd: join(root, folder), onlyFiles: false })].map((name) => join(folder, name)),
		)
		.sort();
}
