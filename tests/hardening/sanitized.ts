/**
 * A copy of the tree whose native half is compiled with AddressSanitizer and UndefinedBehaviorSanitizer, and processes in it. libpcap
 * itself is Debian's, not instrumented; what it allocates, and what it copies with libc, is watched all the same.
 */
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { root, workFolder } from "../../src/build/artifacts.ts";
import "../support/engine.ts";
import { type Ended, runCommand } from "../support/process.ts";

const nativePath = "src/native";
const addonPath = "node_modules/cap/build/Release/cap.node";

export interface SanitizedTree {
	readonly path: string;
	/** Runs bun in the tree with the sanitizers' libraries; they end it with a report on standard error when something is wrong. */
	bun(words: readonly string[]): Promise<Ended>;
	/** Compiles the native half anew, with its sources as they are in the tree. Throws with the compiler's complaints. */
	compile(): Promise<void>;
}

/** Makes the tree in an empty folder. Needs the build's own libpcap, so the addon must have been built. */
export async function sanitizedTree(path: string): Promise<SanitizedTree> {
	for (const part of ["src", "tests", "build.ts", "package.json", "tsconfig.json", "bunfig.toml"])
		if (existsSync(join(root, part))) cpSync(join(root, part), join(path, part), { recursive: true });
	// Some tests run as another user.
	chmodSync(path, 0o755);
	mkdirSync(join(path, "node_modules"));
	// Packages are resolved from where a file really lies: cap's JavaScript must be a copy to find the other addon.
	cpSync(join(root, "node_modules/cap"), join(path, "node_modules/cap"), { recursive: true });
	rmSync(join(path, addonPath));
	for (const name of readdirSync(join(root, "node_modules")))
		if (name !== "cap") symlinkSync(join(root, "node_modules", name), join(path, "node_modules", name));

	// What the WebAssembly modules are compiled from is the same, and so are their stamps.
	for (const name of readdirSync(workFolder))
		if (name.includes(".wasm")) cpSync(join(workFolder, name), join(path, ".build", name));

	const build = join(workFolder, `linux-${process.arch}`);
	const headers = [join(root, "node_modules/node-api-headers/include"), join(build, "libpcap/usr/include")];
	const flags = [
		...["-std=gnu11", "-g", "-O1", "-fPIC", "-shared", "-pthread", "-fno-omit-frame-pointer"],
		...["-fvisibility=hidden", "-Wl,--exclude-libs,ALL", "-Wl,-Bsymbolic"],
		...["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"],
		...headers.filter((folder) => existsSync(folder)).flatMap((folder) => ["-isystem", folder]),
	];
	const preload = await Promise.all(["libasan.so", "libubsan.so"].map(libraryPath));
	const env = {
		LD_PRELOAD: preload.join(":"),
		// Bun uses SIGSEGV itself and frees nothing at its end.
		ASAN_OPTIONS: "detect_leaks=0:handle_segv=0:allow_user_segv_handler=1:abort_on_error=0:exitcode=99",
		UBSAN_OPTIONS: "print_stacktrace=1:exitcode=99",
	};
	const tree: SanitizedTree = {
		path,
		bun: (words) => runCommand([process.execPath, ...words], { cwd: path, env }),
		async compile() {
			const folder = join(path, nativePath);
			const sources = readdirSync(folder).filter((name) => name.endsWith(".c"));
			const inputs = [...sources.map((name) => join(folder, name)), join(build, "libpcap-fit.a")];
			const { code, stderr } = await runCommand(["gcc", ...flags, "-o", join(path, addonPath), ...inputs]);
			if (code !== 0) throw new Error(`the native half does not compile with sanitizers:\n${stderr}`);
		},
	};
	await tree.compile();
	return tree;
}

async function libraryPath(name: string): Promise<string> {
	const { stdout } = await runCommand(["gcc", `-print-file-name=${name}`]);
	const path = stdout.trim();
	if (!path.includes("/"))
		throw new Error(`gcc has no ${name}; install libasan and libubsan (Debian: libgcc-13-dev or newer)`);
	return path;
}
