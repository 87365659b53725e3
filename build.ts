/**
 * `bun build.ts` makes dist/dnstt_exporter; `bun build.ts parts` makes only what `bun run src/main.ts` and `bun test` need: the native half
 * of package `cap` and the WebAssembly module; `bun build.ts release` makes the executables of all kinds of hosts. The work itself is in src/build.
 */

import { BuildError, say } from "./src/build/artifacts.ts";
import { buildExecutable } from "./src/build/bundle.ts";
import { buildAddon, placeAddon } from "./src/build/native.ts";
import { release } from "./src/build/release.ts";
import { targets } from "./src/build/target.ts";
import { compileEngine } from "./src/build/wasm.ts";

const host = process.arch === "arm64" ? targets.arm64 : targets.x64;

const parts = async () => {
	await placeAddon(await buildAddon(host));
	await compileEngine();
};

async function build(what: string | undefined): Promise<void> {
	if (process.platform !== "linux") throw new BuildError("dnstt_exporter is for Linux only");
	if (what === undefined) return buildExecutable(host);
	if (what === "parts") return parts();
	if (what === "release") return release();
	throw new BuildError(`unknown part "${what}"; expected none, "parts" or "release"`);
}

try {
	await build(process.argv[2]);
} catch (error) {
	if (!(error instanceof BuildError)) throw error;
	say(error.message);
	process.exitCode = 1;
}
