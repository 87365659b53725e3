/**
 * A folder to change root into with musl and nothing else, as far as Debian goes: its loader and C library are Debian's package musl.
 * Bun for musl also needs libstdc++.so.6, which Alpine has in package libstdc++ and Debian has for glibc only; so its static archive is
 * linked anew against musl, with stand-in.c for what musl lacks.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { $ } from "bun";
import type { Debian } from "../../src/build/debian.ts";
import type { ReleaseTarget } from "../../src/build/release.ts";

/** The C++ runtime's symbols that an executable wants from its libraries: undefined ones, and variables to copy (vtables). */
async function wantedSymbols(target: ReleaseTarget, executable: string): Promise<string[]> {
	const dynamic = await $`${target.objdump} -TR ${executable}`.quiet().text();
	const names = dynamic.split("\n").flatMap((line) => {
		const words = line.trim().split(/\s+/);
		return line.includes("*UND*") || /_COPY$/.test(words[1] ?? "") ? [(words.at(-1) ?? "").replace(/@.*/, "")] : [];
	});
	return [
		...new Set(names.filter((name) => /^(?:_Z|__cxa_(?!finalize|atexit)|__dynamic_cast|__once_proxy)/.test(name))),
	];
}

/** Makes the root for a musl target's executable, in `folder`. */
export async function muslRoot(
	target: ReleaseTarget,
	debian: Debian,
	executable: string,
	folder: string,
): Promise<string> {
	const root = join(folder, "root");
	const parts = join(folder, "parts");
	rmSync(root, { recursive: true, force: true });
	await debian.unpack(target.debianArchitecture, ["musl"], root);
	const major = (await $`${target.compiler} -dumpversion`.quiet().text()).trim().split(".")[0];
	await debian.unpack(target.debianArchitecture, [`libstdc++-${major}-dev`, `libgcc-${major}-dev`, "musl-dev"], parts);
	const archives = ["libstdc++.a", "libgcc_eh.a", "libgcc.a"].map((name) => {
		const [path] = [...new Bun.Glob(`usr/lib/gcc/*/*/${name}`).scanSync({ cwd: parts, absolute: true })];
		if (path === undefined) throw new Error(`Debian's development packages have no ${name}`);
		return path;
	});
	const wanted = (await wantedSymbols(target, executable)).map((name) => `-Wl,-u,${name}`);
	const options = [
		...["-shared", "-fPIC", "-O1", "-nostdlib", "-nostdinc", "-Wl,--gc-sections", "-Wl,-soname,libstdc++.so.6"],
		...["-isystem", join(parts, "usr/include", target.triplet)],
	];
	const source = join(import.meta.dir, "stand-in.c");
	await $`${target.compiler} ${options} ${wanted} -o ${join(root, "lib", target.triplet, "libstdc++.so.6")} ${source} ${archives}`.quiet();
	for (const name of ["proc", "tmp", "etc"]) mkdirSync(join(root, name), { recursive: true });
	writeFileSync(join(root, "etc/passwd"), "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n");
	writeFileSync(join(root, "etc/group"), "root:x:0:\nnogroup:x:65534:\n");
	return root;
}
