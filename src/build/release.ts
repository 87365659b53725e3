/**
 * `bun run release`: executables for every kind of host, made on one Debian machine of architecture amd64, their archives and Debian
 * packages, with SHA256SUMS and a list of what is inside. Runtimes come from the npm registry, checked against bun.lock; compilers, C libraries and libpcap from Debian.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { $ } from "bun";
import { makeArchive } from "./archive.ts";
import { BuildError, root, say, workFolder } from "./artifacts.ts";
import { bundle, gitRevision, pageInputs } from "./bundle.ts";
import { copyrightFile, type LicenseText } from "./copyright.ts";
import { type Debian, openDebian } from "./debian.ts";
import { makePackage, type PrintedTexts, packageFile, printedTexts } from "./debian-package.ts";
import { buildAddon, type Sysroot } from "./native.ts";
import { bundledPackages, type Component, npmPurl, sbom } from "./sbom.ts";
import { newestGlibc } from "./symbols.ts";
import { type Target, targets } from "./target.ts";
import { installTools, missingTools, type Tool } from "./tools.ts";
import { compileEngine } from "./wasm.ts";

/** A target of the release, and how it is reached from this machine. */
export interface ReleaseTarget extends Target {
	/** Bun's runtime, a package of the npm registry that bun.lock pins. */
	readonly runtimePackage: string;
	/** GNU's name of the architecture and C library: of folders, and for libpcap's configure. */
	readonly triplet: string;
}

const arm64Tools = {
	compiler: "aarch64-linux-gnu-gcc",
	objcopy: "aarch64-linux-gnu-objcopy",
	objdump: "aarch64-linux-gnu-objdump",
	archiver: "aarch64-linux-gnu-ar",
} as const;

/**
 * Bun's one runtime for x64 is its baseline: it runs on Nehalem (SSE4.2) and picks wider instructions when it starts;
 * @oven/bun-linux-x64-baseline has the same bytes.
 */
export const releaseTargets: readonly ReleaseTarget[] = [
	{ ...targets.x64, compiler: "gcc", runtimePackage: "@oven/bun-linux-x64", triplet: "x86_64-linux-gnu" },
	{ ...targets.arm64, ...arm64Tools, runtimePackage: "@oven/bun-linux-aarch64", triplet: "aarch64-linux-gnu" },
	{
		...targets.x64,
		compiler: "gcc",
		name: "linux-x64-musl",
		bunTarget: "bun-linux-x64-musl",
		libc: "musl",
		runtimePackage: "@oven/bun-linux-x64-musl",
		triplet: "x86_64-linux-musl",
	},
	{
		...targets.arm64,
		...arm64Tools,
		name: "linux-arm64-musl",
		bunTarget: "bun-linux-arm64-musl",
		libc: "musl",
		runtimePackage: "@oven/bun-linux-aarch64-musl",
		triplet: "aarch64-linux-musl",
	},
];

export const sbomName = "dnstt_exporter.cdx.json";

const dist = join(root, "dist");
const licensePath = join(root, "LICENSE");

/** The name of a target's executable in dist. */
export function executableName({ name }: Pick<Target, "name">): string {
	return `dnstt_exporter-${name}`;
}

/** The name of a target's archive, without its ending, and of the folder in it. */
export function archiveName({ name }: Pick<Target, "name">, version: string): string {
	return `dnstt_exporter-${version}-${name}`;
}

const releaseTools: readonly Tool[] = [
	{ program: "gcc", package: "gcc", purpose: "compiling for x64" },
	{ program: "aarch64-linux-gnu-gcc", package: "gcc-aarch64-linux-gnu", purpose: "compiling for arm64" },
	{ program: "make", package: "make", purpose: "libpcap for musl" },
	{ program: "flex", package: "flex", purpose: "libpcap for musl" },
	{ program: "bison", package: "bison", purpose: "libpcap for musl" },
	{ program: "dpkg-source", package: "dpkg-dev", purpose: "libpcap's source" },
	{ program: "dpkg-deb", package: "dpkg", purpose: "Debian packages" },
	{ program: "xz", package: "xz-utils", purpose: "archives" },
];

/** A package's version and integrity (sha512) in bun.lock. A package inside another's folder has the other's name before its own. */
export function lockedPackage(lock: string, name: string): { readonly version: string; readonly integrity: string } {
	const { packages } = Bun.JSONC.parse(lock) as { packages: Record<string, [string, string, object, string]> };
	const [id, , , integrity] = packages[name] ?? [];
	if (!id || !integrity?.startsWith("sha512-")) throw new BuildError(`bun.lock has no package ${name}`);
	return { version: id.slice(id.lastIndexOf("@") + 1), integrity };
}

/** Fetches the runtime of a target and returns its path. */
async function fetchRuntime(target: ReleaseTarget, lock: string): Promise<string> {
	const { version, integrity } = lockedPackage(lock, target.runtimePackage);
	if (version !== Bun.version) throw new BuildError(`bun.lock has Bun ${version}, and this is ${Bun.version}`);
	const folder = join(workFolder, target.name, "runtime");
	mkdirSync(folder, { recursive: true });
	const matches = (path: string) =>
		createHash("sha512").update(readFileSync(path)).digest("base64") === integrity.slice("sha512-".length);
	const archives = () => [...new Bun.Glob("*.tgz").scanSync({ cwd: folder, absolute: true })];
	if (!archives().some(matches)) {
		for (const archive of archives()) rmSync(archive);
		say(`fetching ${target.runtimePackage} ${version}`);
		const wanted = `${target.runtimePackage}@${version}`;
		const packed = await $`npm pack --silent --pack-destination ${folder} ${wanted}`.nothrow().quiet();
		if (packed.exitCode !== 0) throw new BuildError(`npm cannot fetch ${wanted}: ${packed.stderr.toString().trim()}`);
	}
	const archive = archives().find(matches);
	if (!archive) throw new BuildError(`${target.runtimePackage} is not the package that bun.lock names`);
	await $`tar -xzf ${archive} -C ${folder}`.quiet();
	return join(folder, "package/bin/bun");
}

/** Headers, C library and libpcap of glibc targets: Debian's packages, which the compiler takes for its root. */
async function glibcSysroot(target: ReleaseTarget, debian: Debian): Promise<Sysroot> {
	const folder = join(workFolder, target.name, "sysroot");
	const packages = ["libc6-dev", "libc6", "linux-libc-dev", "libpcap0.8-dev"];
	await debian.unpack(target.debianArchitecture, packages, folder);
	const archive = join(folder, "usr/lib", target.triplet, "libpcap.a");
	return { flags: [`--sysroot=${folder}`], libpcap: { archive, includeFolder: undefined } };
}

/** Headers and C library of musl targets from Debian's packages; libpcap, which Debian has for glibc only, from its source. */
async function muslSysroot(target: ReleaseTarget, debian: Debian): Promise<Sysroot> {
	const folder = join(workFolder, target.name, "sysroot");
	await debian.unpack(target.debianArchitecture, ["musl-dev", "musl", "linux-libc-dev"], folder);
	// The kernel's headers lie beside glibc's; musl's must be found without those.
	const kernelHeaders = join(folder, "kernel");
	mkdirSync(kernelHeaders);
	const gnuTriplet = target.triplet.replace("musl", "gnu");
	for (const part of ["linux", "asm-generic"]) symlinkSync(`../usr/include/${part}`, join(kernelHeaders, part));
	symlinkSync(`../usr/include/${gnuTriplet}/asm`, join(kernelHeaders, "asm"));
	const muslHeaders = join(folder, "usr/include", target.triplet);
	const ownHeaders = (await $`${target.compiler} -print-file-name=include`.quiet().text()).trim();
	const headers = ["-nostdinc", ...[muslHeaders, kernelHeaders, ownHeaders].flatMap((path) => ["-isystem", path])];
	// The compiler's functions for these ask glibc which instructions the processor has.
	if (target.debianArchitecture === "arm64") headers.push("-mno-outline-atomics");

	const { folder: source, version } = await debian.unpackSource("libpcap", join(workFolder, target.name, "libpcap"));
	say(`compiling libpcap ${version} for ${target.name}`);
	const libraries = join(folder, "usr/lib", target.triplet);
	const env = {
		PATH: process.env.PATH ?? "",
		LC_ALL: "C",
		CC: [target.compiler, ...headers].join(" "),
		CFLAGS: `-O2 -fPIC -fstack-protector-strong -ffile-prefix-map=${source}=.`,
		// configure links small programs to find out what the C library has.
		LDFLAGS: `-nostdlib -static -L${libraries} ${join(libraries, "crt1.o")}`,
		LIBS: "-lc -lgcc",
		AR: target.archiver,
		RANLIB: target.archiver.replace(/ar$/, "ranlib"),
	};
	const without = ["dbus", "usb", "bluetooth", "rdma", "remote", "shared"].map((feature) => `--disable-${feature}`);
	const host = [`--build=x86_64-pc-linux-gnu`, `--host=${target.triplet}`];
	const configured = await $`./configure ${host} ${without} --without-libnl`.cwd(source).env(env).nothrow().quiet();
	if (configured.exitCode !== 0) throw new BuildError(`libpcap's configure failed:\n${configured.stderr}`);
	const made = await $`make libpcap.a`.cwd(source).env(env).nothrow().quiet();
	if (made.exitCode !== 0) throw new BuildError(`libpcap does not compile:\n${made.stderr}`);
	return {
		flags: [...headers, "-nostdlib"],
		libpcap: { archive: join(source, "libpcap.a"), includeFolder: source },
		libc: join(folder, "lib", target.triplet, "libc.so"),
	};
}

/** Refuses an addon that needs another library than the C library and its loader. */
async function checkLibraries(target: ReleaseTarget, addon: string): Promise<void> {
	const header = await $`${target.objdump} -p ${addon}`.quiet().text();
	for (const [, library = ""] of header.matchAll(/NEEDED\s+(\S+)/g))
		if (!/^(?:libc|ld-linux-\S+|libpthread)\.so/.test(library))
			throw new BuildError(`the native half for ${target.name} needs ${library}, which hosts may lack`);
}

/** The version of libpcap that the archive itself contains. */
export function libpcapVersion(archive: Uint8Array): string {
	return /libpcap version (\d+\.\d+\.\d+)/.exec(Buffer.from(archive).toString("latin1"))?.[1] ?? "unknown";
}

/** What Bun states that it contains, by its names in process.versions; without its names for what it is compatible with. */
const bunParts = [
	...["webkit", "boringssl", "libarchive", "mimalloc", "picohttpparser", "uwebsockets", "zlib", "tinycc", "lolhtml"],
	...["ares", "llhttp", "libdeflate", "lshpack", "zstd", "icu", "sqlite"],
] as const;

function runtimeComponent(): Component {
	const components = bunParts.flatMap((name): Component[] => {
		const version = process.versions[name];
		return version ? [{ type: "library", name, version }] : [];
	});
	return {
		type: "platform",
		name: "bun",
		version: Bun.version,
		license: "MIT",
		purl: npmPurl("bun", Bun.version),
		components,
	};
}

/** The package in a folder of node_modules; throws when it is not the one that bun.lock names. */
function packageComponent(folder: string, lock: string): Component {
	const description = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
	const name: string = description.name;
	const { version, integrity } = lockedPackage(lock, folder.replaceAll("node_modules/", ""));
	// One package states its version as a tag, with a v.
	if (description.version.replace(/^v/, "") !== version)
		throw new BuildError(`node_modules has ${name} ${description.version}, bun.lock ${version}; run: bun install`);
	// `cap` of 2021 states its licence in a form that npm no longer uses.
	const license: unknown = description.license ?? description.licenses?.[0]?.type;
	return {
		type: "library",
		name,
		version,
		...(typeof license === "string" && { license }),
		purl: npmPurl(name, version),
		integrity,
	};
}

function sha256(path: string): string {
	return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** The lines of SHA256SUMS for files of a folder, as `sha256sum -c` takes them. */
export function checksums(folder: string, names: readonly string[]): string {
	return [...names]
		.sort()
		.map((name) => `${sha256(join(folder, name))}  ${name}\n`)
		.join("");
}

/** An executable in dist, and what packages say of it. */
interface Built {
	readonly target: ReleaseTarget;
	readonly name: string;
	/** Paths of the files that were bundled, relative to the project. */
	readonly inputs: readonly string[];
	readonly libpcap: string;
	/** Oldest glibc that it and its addon run with; undefined for musl. */
	readonly glibcVersion: string | undefined;
}

/** Fetches and compiles what a target's executable is made of, and makes it. */
async function buildTarget(
	target: ReleaseTarget,
	debian: Debian,
	lock: string,
	revision: string | undefined,
): Promise<Built> {
	const releaseTarget = { ...target, name: `release/${target.name}` };
	const runtime = await fetchRuntime(releaseTarget, lock);
	const makeSysroot = target.libc === "musl" ? muslSysroot : glibcSysroot;
	const sysroot = await makeSysroot(releaseTarget, debian);
	const addon = await buildAddon(releaseTarget, sysroot);
	await checkLibraries(target, addon);
	const name = executableName(target);
	say(`bundling dist/${name}`);
	const inputs = [...(await bundle(target, { addon, runtime, revision }, join(dist, name))), ...(await pageInputs())];
	const symbols = await $`${target.objdump} -T ${join(dist, name)} ${addon}`.quiet().text();
	const libpcap = libpcapVersion(readFileSync(sysroot.libpcap.archive));
	return { target, name, inputs, libpcap, glibcVersion: newestGlibc(symbols) };
}

/** All that the executables contain of others. */
function componentsOf(built: readonly Built[], lock: string): Component[] {
	const libpcap = (version: string): Component => ({
		type: "library",
		name: "libpcap",
		version,
		license: "BSD-3-Clause",
		purl: `pkg:generic/libpcap@${version}`,
	});
	// Each target bundles the same files, and its own addon.
	const packages = bundledPackages(built[0]?.inputs ?? []);
	return [
		runtimeComponent(),
		...[...new Set(built.map(({ libpcap: version }) => version))].map(libpcap),
		...packages.map((folder) => packageComponent(folder, lock)),
	];
}

/** The licences of all that an executable contains, as far as what it is made of has their texts; libpcap's is the same for all. */
function copyrightOf({ inputs }: Built, components: readonly Component[], isForDebian: boolean): string {
	const debianLibpcap = join(workFolder, "release/linux-x64/sysroot/usr/share/doc/libpcap0.8-dev/copyright");
	const texts = bundledPackages(inputs).flatMap((folder): LicenseText[] => {
		const [file] = [...new Bun.Glob("{LICENSE,LICENCE,license}*").scanSync({ cwd: join(root, folder) })].sort();
		const name = folder.replace(/^.*node_modules\//, "");
		return file === undefined ? [] : [{ name, text: readFileSync(join(root, folder, file), "utf8") }];
	});
	const libpcap = { name: "libpcap", text: readFileSync(debianLibpcap, "utf8") };
	return copyrightFile(readFileSync(licensePath, "utf8"), components, [libpcap, ...texts], isForDebian);
}

/** Packs an executable: an archive for each, and a Debian package where it is for glibc. Returns the names of the files in dist. */
async function pack(
	built: Built,
	{ version, timeSeconds, components, texts }: Release & { readonly texts: PrintedTexts },
): Promise<string[]> {
	const { target, glibcVersion } = built;
	const folder = join(workFolder, "release", target.name);
	const executable = join(dist, built.name);
	const archive = archiveName(target, version);
	say(`packing dist/${archive}.tar.xz`);
	const license = join(folder, "LICENSE");
	writeFileSync(license, copyrightOf(built, components, false));
	const documents = [license, join(root, "config.example.json")];
	const names = [await makeArchive({ name: archive, executable, documents, timeSeconds }, folder, dist)];
	if (target.libc === "musl") return names;
	if (glibcVersion === undefined) throw new BuildError(`${built.name} names no version of glibc`);
	const architecture = target.debianArchitecture;
	say(`packing dist/${packageFile({ version, architecture })}`);
	const copyright = copyrightOf(built, components, true);
	const contents = { version, architecture, executable, glibcVersion, copyright, texts, timeSeconds };
	return [...names, await makePackage(contents, folder, dist)];
}

/** What all packages of a release have in common. */
interface Release {
	readonly version: string;
	readonly timeSeconds: number;
	readonly components: readonly Component[];
}

/** Makes all files of a release in dist. Throws BuildError, which says how to fix the problem. */
export async function release(): Promise<void> {
	if (process.arch !== "x64") throw new BuildError("a release is made on an x64 machine");
	if (process.getuid?.() === 0) await installTools(say, releaseTools);
	const packages = missingTools(releaseTools).map((tool) => tool.package);
	if (packages.length > 0)
		throw new BuildError(`programs are missing; install them: apt-get install ${packages.join(" ")}`);

	const revision = await gitRevision();
	const committed = await $`git log -1 --format=%cI`.cwd(root).nothrow().quiet();
	const timestamp = committed.exitCode === 0 ? committed.stdout.toString().trim() : undefined;
	if (revision?.endsWith("-dirty")) say(`the work tree has changes that no commit has: this is ${revision}`);
	const lock = readFileSync(join(root, "bun.lock"), "utf8");
	say("fetching Debian's package lists for amd64 and arm64 (nothing is installed)");
	const debian = await openDebian(join(workFolder, "apt"));
	await compileEngine();
	const built: Built[] = [];
	for (const target of releaseTargets) built.push(await buildTarget(target, debian, lock, revision));

	const { name, version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
	const components = componentsOf(built, lock);
	// Of the executables this one runs here.
	const texts = await printedTexts(join(dist, executableName({ name: "linux-x64" })));
	const timeSeconds = timestamp === undefined ? 0 : Date.parse(timestamp) / 1_000;
	const names = built.map((executable) => executable.name);
	for (const executable of built) names.push(...(await pack(executable, { version, timeSeconds, components, texts })));

	const files = names.map((file) => ({ name: file, sha256: sha256(join(dist, file)) }));
	const contents = sbom({ name, version, license, ...(timestamp && { timestamp }), files, components });
	writeFileSync(join(dist, sbomName), `${JSON.stringify(contents, null, "\t")}\n`);
	writeFileSync(join(dist, "SHA256SUMS"), checksums(dist, [...names, sbomName]));
	for (const file of [...names, sbomName, "SHA256SUMS"])
		say(`dist/${file}: ${Bun.file(join(dist, file)).size.toLocaleString("en")} bytes`);
}
