import { expect, test } from "bun:test";
import { dirname, resolve } from "node:path";

const source = resolve(import.meta.dir, "../../src");

/** The packages that are evaluated with a module: its own and those of all that it imports, but not what it loads later. */
async function packagesOf(module: string): Promise<string[]> {
	const transpiler = new Bun.Transpiler({ loader: "ts" });
	const modules = new Set([resolve(source, module)]);
	const packages = new Set<string>();
	for (const path of modules) {
		if (!path.endsWith(".ts")) continue;
		for (const { path: imported, kind } of transpiler.scanImports(await Bun.file(path).text())) {
			if (kind !== "import-statement") continue;
			if (imported.startsWith(".")) modules.add(resolve(dirname(path), imported));
			else packages.add(imported);
		}
	}
	return [...packages].sort();
}

test.each([
	["main.ts", ["node:fs", "node:util"]],
	["commands/inspect.ts", ["node:fs", "node:fs/promises"]],
	["config.ts", ["node:path", "zod/mini"]],
	[
		"commands/run.ts",
		[
			"bun:jsc",
			"node:fs",
			"node:fs/promises",
			"node:path",
			"prom-client/lib/metrics/osMemoryHeap",
			"prom-client/lib/metrics/processCpuTotal",
			"prom-client/lib/metrics/processMaxFileDescriptors",
			"prom-client/lib/metrics/processOpenFileDescriptors",
			"prom-client/lib/metrics/processStartTime",
			"prom-client/lib/registry",
			"zod/mini",
		],
	],
])("%s waits for no package that it may do without", async (module, packages) => {
	expect(await packagesOf(module)).toEqual(packages);
});
