/** The way of a packet with all that tests look at in it (tests/wasm/module), compiled when its sources changed. */
import { join } from "node:path";
import { root, workFolder } from "../../src/build/artifacts.ts";
import { compileEngine, compileModule } from "../../src/build/wasm.ts";

const output = join(workFolder, "tests.wasm");
await compileModule(
	join(root, "tests/wasm/module/index.ts"),
	["src/wasm", "tests/wasm/module"].map((folder) => join(root, folder)),
	output,
	{ asserts: true },
);
// What src/engine/engine.ts loads, for tests that go through it.
await compileEngine();
export const testModule = new WebAssembly.Module(await Bun.file(output).bytes());
