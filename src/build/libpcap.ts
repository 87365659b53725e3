/** libpcap's archive: the machine's own, or Debian's, unpacked into a folder of the build's. */

import { mkdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { $ } from "bun";
import { BuildError, root, say, workFolder } from "./artifacts.ts";
import type { Target } from "./target.ts";

/** libpcap's archive and the folder of its headers. */
export interface Libpcap {
	readonly archive: string;
	readonly includeFolder: string | undefined;
}

/** The target compiler's own libpcap, if its development package is installed. */
export async function installedLibpcap(target: Target): Promise<Libpcap | undefined> {
	const archive = (await $`${target.compiler} -print-file-name=libpcap.a`.nothrow().quiet().text()).trim();
	if (!archive.includes("/")) return undefined;
	const probe = await $`echo '#include <pcap/pcap.h>' | ${target.compiler} -E -x c - -o /dev/null`.nothrow().quiet();
	return probe.exitCode === 0 ? { archive, includeFolder: undefined } : undefined;
}

/** Debian's libpcap, unpacked into a folder of the build's own: needs no root and installs nothing. */
export async function fetchedLibpcap(target: Target): Promise<Libpcap> {
	const folder = join(workFolder, target.name, "libpcap");
	const find = (): Libpcap | undefined => {
		const archive = [...new Bun.Glob("usr/lib/**/libpcap.a").scanSync({ cwd: folder, onlyFiles: true })][0];
		return archive ? { archive: join(folder, archive), includeFolder: join(folder, "usr/include") } : undefined;
	};
	mkdirSync(folder, { recursive: true });
	const kept = find();
	if (kept) return kept;

	const missing = "libpcap's development files are missing; install them (Debian, Ubuntu: apt-get install libpcap-dev)";
	if (!Bun.which("apt-get") || !Bun.which("dpkg-deb")) throw new BuildError(missing);
	const debianPackage = `libpcap0.8-dev:${target.debianArchitecture}`;
	say(`fetching Debian's package ${debianPackage} into ${relative(root, folder)} (nothing is installed)`);
	const download = () => $`apt-get download ${debianPackage}`.cwd(folder).nothrow().quiet();
	let result = await download();
	if (result.exitCode !== 0 && process.getuid?.() === 0) {
		say("fetching Debian's package lists first (apt-get update)");
		await $`apt-get update`.nothrow().quiet();
		result = await download();
	}
	if (result.exitCode !== 0) throw new BuildError(`${missing}: ${result.stderr.toString().trim().split("\n").at(-1)}`);
	for (const deb of new Bun.Glob("*.deb").scanSync({ cwd: folder })) {
		await $`dpkg-deb -x ${deb} .`.cwd(folder).quiet();
		rmSync(join(folder, deb));
	}
	const fetched = find();
	if (!fetched) throw new BuildError(`${debianPackage} has no libpcap.a in it; install libpcap-dev`);
	return fetched;
}
