/**
 * Builds the executable: `bun build.ts` makes dist/dnstt_exporter; `bun build.ts parts` makes only the native half of package
 * `cap` and the WebAssembly module, which `bun run src/main.ts` and `bun test` need. Work whose inputs did not change is skipped. `bun build.ts release` makes
 * the executables of all kinds of hosts (tests/release/release.ts) from the same steps.
 */

import { createHash } from "node:crypto";
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { $ } from "bun";

/** One kind of host that an executable is made for. */
export interface Target {
	/** As file names have it: "linux-x64-musl". */
	readonly name: string;
	readonly bunTarget: Bun.Build.CompileTarget;
	readonly libc: "glibc" | "musl";
	readonly compiler: string;
	readonly objcopy: string;
	readonly objdump: string;
	readonly archiver: string;
	/** Debian's name of the architecture, to fetch libpcap for. */
	readonly debianArchitecture: "amd64" | "arm64";
}

/** What the native half is compiled against, where it is not what the compiler finds by itself. */
export interface Sysroot {
	/** Words for the compiler that lead it to the headers and libraries. */
	readonly flags: readonly string[];
	readonly libpcap: Libpcap;
	/** The target's C library, to look up which symbols it has; not needed for glibc, whose symbols carry their version. */
	readonly libc?: string;
}

export const root = import.meta.dir;
export const workFolder = join(root, ".build");
const nativeFolder = join(root, "src/capture/native");
/** Where cap's JavaScript half looks for its native half. */
const addonPath = join(root, "node_modules/cap/build/Release/cap.node");

/** Newest version of glibc's symbols that the addon may need: every supported distribution has it. */
const glibcVersionMax = "2.17";

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

/** Flags of AssemblyScript's compiler. Nothing is ever freed (the stub of a runtime), as all memory is taken at the start. */
const moduleFlags = ["-O3", "--runtime", "stub", "--use", "abort="];

export const targets = {
	x64: {
		name: "linux-x64",
		bunTarget: "bun-linux-x64",
		libc: "glibc",
		compiler: process.env.CC ?? "gcc",
		objcopy: "objcopy",
		objdump: "objdump",
		archiver: "ar",
		debianArchitecture: "amd64",
	},
	arm64: {
		name: "linux-arm64",
		bunTarget: "bun-linux-arm64",
		libc: "glibc",
		compiler: process.env.CC ?? "gcc",
		objcopy: "objcopy",
		objdump: "objdump",
		archiver: "ar",
		debianArchitecture: "arm64",
	},
} as const satisfies Record<string, Target>;

/** Ends the build with one line that says what is wrong and what mends it. */
export class BuildError extends Error {}

export function say(line: string): void {
	console.error(`build: ${line}`);
}

function hashOf(...parts: (string | Uint8Array)[]): string {
	const hash = createHash("sha256");
	for (const part of parts) hash.update(`${part.length}:`).update(part);
	return hash.digest("hex");
}

/**
 * Makes `output` by writing another file first, so that it is whole at every moment: a running process may have the old one
 * mapped, and two builds may run at the same time.
 */
async function writeWhole(
	output: string,
	write: (fresh: string) => Promise<void> | void,
	name = basename(output),
): Promise<void> {
	mkdirSync(dirname(output), { recursive: true });
	const folder = join(workFolder, `fresh-${process.pid}`);
	const fresh = join(folder, name);
	mkdirSync(folder, { recursive: true });
	try {
		await write(fresh);
		renameSync(fresh, output);
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/** All files under a folder, sorted, as the parts of a hash: name and content of each. */
function folderParts(folder: string): (string | Uint8Array)[] {
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name))
		.sort()
		.flatMap((path) => [relative(root, path), readFileSync(path)]);
}

/** Whether `output` is there and was made from inputs of this hash. */
function isFresh(output: string, stampPath: string, hash: string): boolean {
	return existsSync(output) && existsSync(stampPath) && readFileSync(stampPath, "utf8") === hash;
}

/** libpcap's archive and the folder of its headers. */
export interface Libpcap {
	readonly archive: string;
	readonly includeFolder: string | undefined;
}

/** The target compiler's own libpcap, if its development package is installed. */
async function installedLibpcap(target: Target): Promise<Libpcap | undefined> {
	const archive = (await $`${target.compiler} -print-file-name=libpcap.a`.nothrow().quiet().text()).trim();
	if (!archive.includes("/")) return undefined;
	const probe = await $`echo '#include <pcap/pcap.h>' | ${target.compiler} -E -x c - -o /dev/null`.nothrow().quiet();
	return probe.exitCode === 0 ? { archive, includeFolder: undefined } : undefined;
}

/** Debian's libpcap, unpacked into a folder of the build's own: needs no root and installs nothing. */
async function fetchedLibpcap(target: Target): Promise<Libpcap> {
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

/** A version of two or three numbers as one that can be compared. */
function versionNumber(version: string): number {
	const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
	return (major * 1000 + minor) * 1000 + patch;
}

/** The names of a shared object's dynamic symbols (objdump -T) that it defines. */
function definedSymbols(symbolTable: string): Set<string> {
	const lines = symbolTable.split("\n").filter((line) => !line.includes("*UND*"));
	return new Set(lines.map((line) => line.trim().split(/\s+/).at(-1) ?? ""));
}

/**
 * Refuses an addon that would need a newer C library than the oldest supported host has, or a library besides it. `libcSymbols` are those
 * of a C library without symbol versions (musl).
 */
function checkSymbols(addon: string, symbolTable: string, libcSymbols: ReadonlySet<string> = new Set()): void {
	for (const line of symbolTable.split("\n")) {
		const [, undefinedSymbol] = /\*UND\*\s+\S+\s+(?:Base\s+)?(.+)$/.exec(line) ?? [];
		if (!undefinedSymbol) continue;
		const [, glibcVersion] = /GLIBC_([\d.]+)/.exec(undefinedSymbol) ?? [];
		const isWeak = /\sw\s/.test(line);
		if (glibcVersion && versionNumber(glibcVersion) > versionNumber(glibcVersionMax))
			throw new BuildError(`${addon} needs ${undefinedSymbol}, newer than glibc ${glibcVersionMax}`);
		if (!glibcVersion && !isWeak && !undefinedSymbol.startsWith("napi_") && !libcSymbols.has(undefinedSymbol))
			throw new BuildError(`${addon} needs ${undefinedSymbol}, which nothing defines`);
	}
}

/**
 * Compiles AssemblyScript from `entry` on into the WebAssembly module `output`, unless it is there and the sources are the same;
 * `folders` are those that the sources are in. Only tests want the assertions of the sources checked: they take time.
 */
export async function compileModule(
	entry: string,
	folders: readonly string[],
	output: string,
	{ asserts }: { readonly asserts: boolean },
): Promise<void> {
	const hash = hashOf(
		...folders.flatMap(folderParts),
		readFileSync(import.meta.path),
		readFileSync(join(root, "node_modules/assemblyscript/package.json")),
	);
	const stampPath = `${output}.stamp`;
	if (isFresh(output, stampPath, hash)) return;
	say(`compiling ${relative(root, entry)} with AssemblyScript into ${relative(root, output)}`);
	await writeWhole(output, async (fresh) => {
		const compiler = join(root, "node_modules/assemblyscript/bin/asc.js");
		const names = [relative(root, entry), "--outFile", relative(root, fresh)];
		const flags = asserts ? moduleFlags : [...moduleFlags, "--noAssert"];
		const compiled = await $`${process.execPath} ${compiler} ${names} ${flags}`.cwd(root).nothrow().quiet();
		if (compiled.exitCode !== 0) throw new BuildError(`${relative(root, entry)} does not compile:\n${compiled.stderr}`);
	});
	writeFileSync(stampPath, hash);
}

/** The way of a packet, src/engine/module.ts, as src/engine/engine.ts loads it. */
export async function compileEngine(): Promise<void> {
	const folders = ["src/decode", "src/track", "src/engine"].map((folder) => join(root, folder));
	await compileModule(join(root, "src/engine/module.ts"), folders, join(workFolder, "engine.wasm"), { asserts: false });
}

/** Compiles src/capture/native and links libpcap into it; gives the path of the addon for that target. */
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

	say(`compiling src/capture/native with ${target.compiler} into ${relative(root, addon)}`);
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
async function placeAddon(addon: string): Promise<void> {
	if (existsSync(addonPath) && readFileSync(addonPath).equals(readFileSync(addon))) return;
	await writeWhole(addonPath, (fresh) => copyFileSync(addon, fresh));
}

/** The commit that is built, for `--version`; nothing where there is no repository, as in a source archive. */
export async function gitRevision(): Promise<string | undefined> {
	if (!existsSync(join(root, ".git"))) return undefined;
	const described = await $`git describe --always --dirty ${"--exclude=*"}`.cwd(root).nothrow().quiet();
	return described.exitCode === 0 ? described.stdout.toString().trim() : undefined;
}

/** Makes the bundler take a target's addon in place of the host's, which `import "cap"` finds (placeAddon). */
function addonOf(addon: string): Bun.BunPlugin {
	return {
		name: "addon",
		setup: (builder) => void builder.onResolve({ filter: /\/Release\/cap\.node$/ }, () => ({ path: addon })),
	};
}

/**
 * prom-client asks OpenTelemetry for trace ids to put into exemplars, which are off here. Loading its API takes 2 ms of each start, so
 * that it is empty in the bundle.
 */
const withoutTracing: Bun.BunPlugin = {
	name: "without-tracing",
	setup(builder) {
		builder.onResolve({ filter: /^@opentelemetry\/api$/ }, () => ({ path: "tracing", namespace: "empty" }));
		builder.onLoad({ filter: /./, namespace: "empty" }, () => ({ contents: "", loader: "js" }));
	},
};

/** What an executable is made of. */
export interface Parts {
	/** The target's addon (buildAddon). */
	readonly addon: string;
	/** Path of the target's Bun. */
	readonly runtime: string;
	readonly revision: string | undefined;
}

/**
 * Bundles src/main.ts, the addon and Bun's runtime into `output`, and gives the paths of the files that were bundled, relative to `root`.
 * The same parts give the same bytes.
 */
export async function bundle(target: Target, { addon, runtime, revision }: Parts, output: string): Promise<string[]> {
	let inputs: string[] = [];
	const write = async (fresh: string) => {
		const bundled = await Bun.build({
			entrypoints: [join(root, "src/main.ts")],
			root,
			minify: true,
			bytecode: true,
			// What a command loads where it is chosen (src/main.ts) is a chunk of its own, which no other command reads.
			format: "esm",
			splitting: true,
			// Of what this package exports only the models are used; its readers and its client load much more.
			optimizeImports: ["@maxmind/geoip2-node"],
			sourcemap: "none",
			metafile: true,
			throw: false,
			env: "disable", // Nothing of this host's environment gets into the bytes.
			define: { DNSTT_EXPORTER_REVISION: JSON.stringify(revision ?? "unknown") },
			plugins: [addonOf(addon), withoutTracing],
			compile: {
				target: target.bunTarget,
				executablePath: runtime,
				outfile: fresh,
				// Whoever can write to the folder that the exporter is started in must not run code in it.
				autoloadBunfig: false,
				autoloadDotenv: false,
			},
		});
		if (!bundled.success) throw new BuildError(`bundling failed:\n${bundled.logs.join("\n")}`);
		inputs = Object.keys(bundled.metafile?.inputs ?? {}).map((input) => relative(root, resolve(input)));
	};
	// The name is in the bytes: the same for all targets.
	await writeWhole(output, write, "dnstt_exporter");
	return inputs;
}

/** Makes dist/dnstt_exporter for this host, unless it is there and its inputs are the same. */
async function buildExecutable(target: Target): Promise<void> {
	const addon = await buildAddon(target);
	await placeAddon(addon);
	await compileEngine();
	const output = join(root, "dist/dnstt_exporter");
	const revision = await gitRevision();
	const hash = hashOf(
		...folderParts(join(root, "src")),
		...["package.json", "bun.lock", "tsconfig.json", "build.ts"].map((file) => readFileSync(join(root, file))),
		readFileSync(addon),
		revision ?? "",
		Bun.version,
	);
	const stampPath = join(workFolder, target.name, "executable.stamp");
	if (isFresh(output, stampPath, hash)) {
		say(`${relative(root, output)} is up to date`);
		return;
	}
	say(`bundling src/main.ts and Bun ${Bun.version} into ${relative(root, output)}`);
	await bundle(target, { addon, runtime: process.execPath, revision }, output);
	writeFileSync(stampPath, hash);
}

/** Carries out the command line; gives the exit code. */
async function main(what: string | undefined): Promise<number> {
	const hostTarget = process.arch === "arm64" ? targets.arm64 : targets.x64;
	try {
		if (process.platform !== "linux") throw new BuildError("dnstt_exporter is for Linux only");
		if (what === undefined) await buildExecutable(hostTarget);
		else if (what === "parts") {
			await placeAddon(await buildAddon(hostTarget));
			await compileEngine();
		} else if (what === "release") await (await import("./src/build/release.ts")).release();
		else throw new BuildError(`unknown part "${what}"; give none, "parts" or "release"`);
		return 0;
	} catch (error) {
		if (!(error instanceof BuildError)) throw error;
		say(error.message);
		return 1;
	}
}

// Not awaited here: the release imports this module, and would wait for its end.
if (import.meta.main) void main(process.argv[2]).then((code) => process.exit(code));
