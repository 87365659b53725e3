/** One executable: src/main.ts with all that it imports, the add-on, and Bun's runtime. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { $ } from "bun";
import { BuildError, folderParts, hashOf, isFresh, root, say, workFolder, writeWhole } from "./artifacts.ts";
import { buildAddon, placeAddon } from "./native.ts";
import type { Target } from "./target.ts";
import { compileEngine } from "./wasm.ts";

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

/** The paths of the files that were bundled, relative to `root`. */
function inputsOf(bundled: Bun.BuildOutput): string[] {
	return Object.keys(bundled.metafile?.inputs ?? {}).map((input) => relative(root, resolve(input)));
}

/** What an executable is made of. */
export interface Parts {
	/** The target's addon (buildAddon). */
	readonly addon: string;
	/** Path of the target's Bun. */
	readonly runtime: string;
	readonly revision: string | undefined;
}

/**
 * Bundles src/main.ts, the addon and Bun's runtime into `output`. Returns the paths of the bundled files, relative to `root`.
 * The same parts result in the same bytes.
 */
export async function bundle(target: Target, { addon, runtime, revision }: Parts, output: string): Promise<string[]> {
	let inputs: string[] = [];
	const write = async (fresh: string) => {
		const bundled = await Bun.build({
			entrypoints: [join(root, "src/main.ts")],
			root,
			minify: true,
			bytecode: true,
			// The imports of one command (src/main.ts) are a chunk of their own, which no other command reads.
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
				// A user who can write to the folder that the exporter is started in must not be able to run code in its process.
				autoloadBunfig: false,
				autoloadDotenv: false,
				// Code runs this many times as often before it is compiled, as most of a command runs too briefly to repay that: a quarter
				// of the start's CPU time. `run` sets it back (commands/run.ts).
				jitPolicy: 16,
			},
		});
		if (!bundled.success) throw new BuildError(`bundling failed:\n${bundled.logs.join("\n")}`);
		inputs = inputsOf(bundled);
	};
	// The name is in the bytes: the same for all targets.
	await writeWhole(output, write, "dnstt_exporter");
	return inputs;
}

/**
 * The paths, relative to `root`, of what the status page's script and styles are bundled from. In the bundle of an executable they are
 * text already (src/web/page/browser-files.ts), so that it does not name them.
 */
export async function pageInputs(): Promise<string[]> {
	const files = new Bun.Glob("*.{ts,css}").scanSync({ cwd: join(root, "src/web/page/browser"), absolute: true });
	const bundled = await Bun.build({
		entrypoints: [...files].sort(),
		target: "browser",
		metafile: true,
		throw: false,
	});
	if (!bundled.success) throw new BuildError(`bundling the status page failed:\n${bundled.logs.join("\n")}`);
	return inputsOf(bundled).sort();
}

/** Makes dist/dnstt_exporter for this host, unless it is there and its inputs are the same. */
export async function buildExecutable(target: Target): Promise<void> {
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
