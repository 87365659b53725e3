import { expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { countDescriptors, createSpare, descriptorLimit } from "../../src/web/descriptors.ts";

test("descriptors are counted one by one", () => {
	const before = countDescriptors();
	const opened = [1, 2, 3].map(() => openSync("/dev/null", "r"));
	expect(countDescriptors()).toBe(before + 3);
	for (const descriptor of opened) closeSync(descriptor);
	expect(countDescriptors()).toBe(before);
});

test("the limit is this process's own", () => {
	const { stdout } = Bun.spawnSync(["sh", "-c", "ulimit -n"]);
	expect(String(descriptorLimit())).toBe(stdout.toString().trim().replace("unlimited", "Infinity"));
});

test("the limit is known when no descriptor is left to read it with", () => {
	const script = `
		const { descriptorLimit } = await import(${JSON.stringify(join(import.meta.dir, "../../src/web/descriptors.ts"))});
		const { openSync, writeSync } = require("node:fs");
		descriptorLimit();
		try { for (;;) openSync("/dev/null"); } catch {}
		writeSync(1, String(descriptorLimit()));
		process.exit(0);`;
	const command = ["bash", "-c", 'ulimit -n 64 && exec "$@"', "bash", process.execPath, "-e", script];
	expect(Bun.spawnSync(command).stdout.toString()).toBe("64");
});

test("spare descriptors are free while lent, taken back after, even if the work throws, and given back at the end", () => {
	const before = countDescriptors();
	const spare = createSpare();
	expect(countDescriptors()).toBe(before + 8);
	expect(spare.lend(() => countDescriptors())).toBe(before);
	expect(() =>
		spare.lend(() => {
			throw new Error("no");
		}),
	).toThrow("no");
	expect(countDescriptors()).toBe(before + 8);
	spare.close();
	expect(countDescriptors()).toBe(before);
});
