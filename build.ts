/**
 * Builds the executable: `bun build.ts` makes dist/dnstt_exporter; `bun build.ts addon` makes only the native half of package
 * `cap`, which `bun run src/main.ts` and `bun test` need. Work whose inputs did not change is skipped.
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
import { basename, dirname, join, relative } from "node:path";
import { $ } from "bun";

/** One kind of host that an executable is made for. */
interface Target {
	readonly name: string;
	readonly bunTarget: Bun.Build.CompileTarget;
	readonly compiler: string;
	readonly objcopy: string;
	readonly objdump: string;
	readonly archiver: string;
	/** Debian's name of the architecture, to fetch libpcap for. */
	readonly debianArchitecture: string;
}

const root = import.meta.dir;
const workFolder = join(root, ".build");
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

const hostTarget: Target =
	process.arch === "arm64"
		? {
				name: "linux-arm64",
				bunTarget: "bun-linux-arm64",
				compiler: process.env.CC ?? "gcc",
				objcopy: "objcopy",
				objdump: "objdump",
				archiver: "ar",
				debianArchitecture: "arm64",
			}
		: {
				name: "linux-x64",
				bunTarget: "bun-linux-x64",
				compiler: process.env.CC ?? "gcc",
				objcopy: "objcopy",
				objdump: "objdump",
				archiver: "ar",
				debianArchitecture: "amd64",
			};

/** Ends the build with one line that says what is wrong and what mends it. */
class BuildError extends Error {}

function say(line: string): void {
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
async function writeWhole(output: string, write: (fresh: string) => Promise<void> | void): Promise<void> {
	mkdirSync(dirname(output), { recursive: true });
	const folder = join(workFolder, `fresh-${process.pid}`);
	const fresh = join(folder, basename(output));
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
interface Libpcap {
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

/** Refuses an addon that would need a newer C library than the oldest supported host has, or a library besides it. */
function checkSymbols(addon: string, symbolTable: string): void {
	for (const line of symbolTable.split("\n")) {
		const [, undefinedSymbol] = /\*UND\*\s+\S+\s+(?:Base\s+)?(.+)$/.exec(line) ?? [];
		if (!undefinedSymbol) continue;
		const [, glibcVersion] = /GLIBC_([\d.]+)/.exec(undefinedSymbol) ?? [];
		const isWeak = /\sw\s/.test(line);
		if (glibcVersion && versionNumber(glibcVersion) > versionNumber(glibcVersionMax))
			throw new BuildError(`${addon} needs ${undefinedSymbol}, newer than glibc ${glibcVersionMax}`);
		if (!glibcVersion && !isWeak && !undefinedSymbol.startsWith("napi_"))
			throw new BuildError(`${addon} needs ${undefinedSymbol}, which nothing defines`);
	}
}

/** Compiles src/capture/native and links libpcap into it; gives the path of the addon for that target. */
async function buildAddon(target: Target): Promise<string> {
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
	const libpcap = (await installedLibpcap(target)) ?? (await fetchedLibpcap(target));
	const hash = hashOf(
		...folderParts(nativeFolder),
		readFileSync(import.meta.path),
		readFileSync(libpcap.archive),
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
		const compiled = await $`${target.compiler} ${compilerFlags} ${includes} -o ${fresh} ${sources} ${archive}`
			.nothrow()
			.quiet();
		if (compiled.exitCode !== 0) throw new BuildError(`the native half does not compile:\n${compiled.stderr}`);
		checkSymbols(relative(root, addon), await $`${target.objdump} -T ${fresh}`.quiet().text());
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
async function gitRevision(): Promise<string | undefined> {
	if (!existsSync(join(root, ".git"))) return undefined;
	const described = await $`git describe --always --dirty ${"--exclude=*"}`.cwd(root).nothrow().quiet();
	return described.exitCode === 0 ? described.stdout.toString().trim() : undefined;
}

/** Bundles src/main.ts, the addon and Bun's runtime into dist/dnstt_exporter. */
async function buildExecutable(target: Target, addon: string): Promise<void> {
	await placeAddon(addon);
	const output = join(root, "dist/dnstt_exporter");
	const revision = await gitRevision();
	const hash = hashOf(
		...folderParts(join(root, "src")),
		...folderParts(join(root, "tests/captures")), // `demo` plays one of them
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
	const options = [
		...["--compile", "--minify", "--sourcemap=none", `--target=${target.bunTarget}`],
		// Whoever can write to the folder that the exporter is started in must not run code in it.
		...["--no-compile-autoload-bunfig", "--no-compile-autoload-dotenv"],
		`--define=DNSTT_EXPORTER_REVISION=${JSON.stringify(revision ?? "unknown")}`,
	];
	await writeWhole(output, async (fresh) => {
		const bundled = await $`${process.execPath} build ${options} --outfile=${fresh} src/main.ts`
			.cwd(root)
			.nothrow()
			.quiet();
		if (bundled.exitCode !== 0) throw new BuildError(`bundling failed:\n${bundled.stderr}`);
	});
	writeFileSync(stampPath, hash);
}

const what = process.argv[2];
try {
	if (process.platform !== "linux") throw new BuildError("dnstt_exporter is for Linux only");
	if (what !== undefined && what !== "addon") throw new BuildError(`unknown part "${what}"; give none, or "addon"`);
	const addon = await buildAddon(hostTarget);
	if (what === "addon") await placeAddon(addon);
	else await buildExecutable(hostTarget, addon);
} catch (error) {
	if (!(error instanceof BuildError)) throw error;
	say(error.message);
	process.exitCode = 1;
}
