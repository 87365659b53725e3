/** The WebAssembly module of decoder and tracker. */

import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { $ } from "bun";
import { BuildError, folderParts, hashOf, isFresh, root, say, workFolder, writeWhole } from "./artifacts.ts";

/** Flags of AssemblyScript's compiler. Nothing is ever freed (the stub of a runtime), as all memory is taken at the start. */
const moduleFlags = ["-O3", "--runtime", "stub", "--use", "abort="];

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

/** The way of a packet, src/wasm/module.ts, as src/engine/engine.ts loads it. */
export async function compileEngine(): Promise<void> {
	const folder = join(root, "src/wasm");
	await compileModule(join(folder, "module.ts"), [folder], join(workFolder, "engine.wasm"), { asserts: false });
}
