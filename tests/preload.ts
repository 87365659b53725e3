/**
 * Starts `bun test` once more with the options that these tests need, so that a folder or a file runs by itself as it does in
 * `npm test`. bunfig.toml loads this before the first test file.
 */
import { readFileSync } from "node:fs";
import { testEnvironment, testOptions } from "./support/bun-options.ts";

if (process.env.BUN_JSC_maxNumWasmFastMemories === undefined) {
	// process.argv does not have the options of `bun test`.
	const [, command = "test", ...words] = readFileSync("/proc/self/cmdline", "utf8").split("\0").slice(0, -1);
	const { exitCode } = Bun.spawnSync([process.execPath, command, ...testOptions, ...words], {
		env: { ...process.env, ...testEnvironment },
		stdio: ["inherit", "inherit", "inherit"],
	});
	process.exit(exitCode ?? 1);
}
