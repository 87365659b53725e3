/** What `bun test` needs for these tests, and neither bunfig.toml nor a test file can set for all files. */

/** Live tests take up to ten seconds, more on a busy machine. setDefaultTimeout holds for one file only, and bunfig.toml has no such key. */
export const testOptions: readonly string[] = ["--timeout=60000"];

/**
 * Each tracker of a test is an instance of the module with memory of its own. From the fifth memory on, unless this is set, the
 * runtime collects all garbage before it makes another. The property tests make some thousands: with a limit of 256, tests/wasm took 73 s
 * in place of 16. It reads this only when it starts.
 */
export const testEnvironment = { BUN_JSC_maxNumWasmFastMemories: "4096" };
