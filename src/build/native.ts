/** The C add-on (src/native), with libpcap inside. */

import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { $ } from "bun";
import { BuildError, folderParts, hashOf, isFresh, root, say, workFolder, writeWhole } from "./artifacts.ts";
import { fetchedLibpcap, installedLibpcap, type Libpcap } from "./libpcap.ts";
import { checkSymbols, definedSymbols } from "./symbols.ts";
import type { Target } from "./target.ts";

/** What the native half is compiled against, where it is not what the compiler finds by itself. */
export interface Sysroot {
	/** Words for the compiler that lead it to the headers and libraries. */
	readonly flags: readonly string[];
	readonly libpcap: Libpcap;
	/** The target's C library, to look up which symbols it has; not needed for glibc, whose symbols carry their version. */
	readonly libc?: string;
}

const nativeFolder = join(root, "src/native");
/** Where cap's JavaScript half looks for its native half. */
const addonPath = join(root, "node_modules/cap/build/Release/cap.node");

/** libc's symbols that Debian's libpcap.a refers to in a way that a shared object cannot; pcap_shim.c defines the new names. */
const renamedSymbols = ["stdin", "stdout", "stderr", "stat"];

/** Parts of libpcap that capture from something other than a network interface; pcap_shim.c has empty ones in their place. */
const droppedMembers = [
	"pcap-dbus.o",
	"pcap-usb-linux.o",
	"pcap-bt-linux.o",
	"pcap-bt-monitor-linux.o",
	"pcap-netfilter-linux.o",
	"pcap-rdmasniff.o",
];

const compilerFlags = [
	...["-std=gnu11", "-O2", "-fPIC", "-fvisibility=hidden", "-ffunction-sections", "-fdata-sections"],
	...["-Wall", "-Wextra", "-Werror", "-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"],
	...["-shared", "-pthread", "-s", "-Wl,--gc-sections", "-Wl,--exclude-libs,ALL", "-Wl,-Bsymbolic"],
	...["-Wl,-z,relro,-z,now,-z,noexecstack,-z,text", "-Wl,--build-id=none"],
];

/** Compiles src/native and links libpcap into it; returns the path of the addon for that target. */
export async function buildAddon(target: Target, sysroot?: Sysroot): Promise<string> {
	const tools = [
		[target.compiler, "a C compiler"],
		[target.objcopy, "binutils"],
		[target.objdump, "binutils"],
		[target.archiver, "binutils"],
	] as const;
	for (const [tool, what] of tools) {
		if (!Bun.which(tool))
			throw new BuildError(
				`${what} is needed, and ${tool} is not here; install it (Debian, Ubuntu: apt-get install gcc libc6-dev; Fedora: dnf install gcc; or set CC)`,
			);
	}
	const folder = join(workFolder, target.name);
	mkdirSync(folder, { recursive: true });
	const addon = join(folder, "cap.node");
	const libpcap = sysroot?.libpcap ?? (await installedLibpcap(target)) ?? (await fetchedLibpcap(target));
	const hash = hashOf(
		...folderParts(nativeFolder),
		readFileSync(import.meta.path),
		readFileSync(libpcap.archive),
		sysroot?.flags.join(" ") ?? "",
		await $`${target.compiler} --version`.quiet().text(),
	);
	const stampPath = join(folder, "addon.stamp");
	if (isFresh(addon, stampPath, hash)) {
		say(`${relative(root, addon)} is up to date`);
		return addon;
	}

	const archive = join(folder, "libpcap-fit.a");
	say(
		`fitting ${libpcap.archive.startsWith(root) ? relative(root, libpcap.archive) : libpcap.archive} for a shared object`,
	);
	const renames = renamedSymbols.map((symbol) => `--redefine-sym=${symbol}=pcap_shim_${symbol}`);
	await writeWhole(archive, async (fresh) => {
		await $`${target.objcopy} ${renames} ${libpcap.archive} ${fresh}`.quiet();
		await $`${target.archiver} d ${fresh} ${droppedMembers}`.quiet();
	});

	say(`compiling src/native with ${target.compiler} into ${relative(root, addon)}`);
	const sources = [...new Bun.Glob("*.c").scanSync({ cwd: nativeFolder, absolute: true })].sort();
	const includes = [join(root, "node_modules/node-api-headers/include"), libpcap.includeFolder]
		.filter((include) => include !== undefined)
		.flatMap((include) => ["-isystem", include]);
	await writeWhole(addon, async (fresh) => {
		const flags = [...compilerFlags, ...(sysroot?.flags ?? []), ...includes];
		const compiled = await $`${target.compiler} ${flags} -o ${fresh} ${sources} ${archive} -lgcc`.nothrow().quiet();
		if (compiled.exitCode !== 0) throw new BuildError(`the native half does not compile:\n${compiled.stderr}`);
		const symbolsOf = (file: string) => $`${target.objdump} -T ${file}`.quiet().text();
		const libcSymbols = sysroot?.libc ? definedSymbols(await symbolsOf(sysroot.libc)) : undefined;
		checkSymbols(relative(root, addon), await symbolsOf(fresh), libcSymbols);
	});
	writeFileSync(stampPath, hash);
	return addon;
}

/** Puts a target's addon where `import "cap"` finds it. */
export async function placeAddon(addon: string): Promise<void> {
	if (existsSync(addonPath) && readFileSync(addonPath).equals(readFileSync(addon))) return;
	await writeWhole(addonPath, (fresh) => copyFileSync(addon, fresh));
}
