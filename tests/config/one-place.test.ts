/** A key is written in one place: all else follows from one more row in the table of a copy of the program. */
import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, symlinkSync } from "node:fs";
import { resolve } from "node:path";
import { runCommand } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";

const root = resolve(import.meta.dir, "../..");
const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
for (const name of ["src", "package.json", "tsconfig.json"]) {
	cpSync(resolve(root, name), folder.file(name), { recursive: true });
}
symlinkSync(resolve(root, "node_modules"), folder.file("node_modules"));

const row = `"spare-sets": key("spareSets", integer(3, 9), {
	description: "Sets to spare",
	default: 5,
	reload: true,
}),
`;
const table = folder.file("src/config/schema.ts");
await Bun.write(table, (await Bun.file(table).text()).replace(/(?=^\t"max-sets": key\()/m, row));

const { loadConfig }: typeof import("../../src/config/config.ts") = await import(folder.file("src/config/config.ts"));
const { effectiveConfig, reloadable }: typeof import("../../src/config/effective.ts") = await import(
	folder.file("src/config/effective.ts")
);
const { configKeys }: typeof import("../../src/config/keys.ts") = await import(folder.file("src/config/keys.ts"));
const { parseCommand }: typeof import("../../src/cli/arguments.ts") = await import(folder.file("src/cli/arguments.ts"));
const { helpText }: typeof import("../../src/cli/help.ts") = await import(folder.file("src/cli/help.ts"));
const { printed }: typeof import("../../src/commands/print.ts") = await import(folder.file("src/commands/print.ts"));

function load(argv: readonly string[], env: Record<string, string> = {}, file: unknown = {}) {
	const command = parseCommand(["--dnstt.domain=t.example.com", "--config.file=c.json", ...argv]);
	if (!("flags" in command)) throw new Error(command.kind);
	return loadConfig({ flags: command.flags, env, readFile: () => JSON.stringify(file) }).config;
}
const inFile = (value: unknown) => ({ labels: { "spare-sets": value } });

describe("one more row in the table of keys", () => {
	test("is a flag, a variable and a key of the file, with a default", () => {
		const spareSets = (config: object) => expect(config).toMatchObject({ labels: { maxSets: 10_000, spareSets: 5 } });
		spareSets(load([]));
		const set = [load(["--labels.spare-sets", "7"]), load([], { DNSTT_EXPORTER_LABELS_SPARE_SETS: "7" })];
		for (const config of [...set, load([], {}, inFile(7))]) {
			expect(config).toMatchObject({ labels: { spareSets: 7 } });
			expect(effectiveConfig(config)).toMatchObject(inFile(7));
			expect(reloadable(load([]), config)).toEqual({ reload: ["labels.spare-sets"], restart: [] });
		}
	});

	test("refuses what it does not take, and is found where it was meant", () => {
		expect(() => load(["--labels.spare-sets=2"])).toThrow(
			"--labels.spare-sets: expected a whole number from 3 to 9, found 2",
		);
		expect(() => load([], {}, inFile("7"))).toThrow(
			'c.json:1:12: labels.spare-sets: expected a whole number from 3 to 9, found "7"',
		);
		expect(() => load(["--spare=7"])).toThrow("did you mean --labels.spare-sets?");
		expect(() => load([], { DNSTT_EXPORTER_SPARE_SETS: "7" })).toThrow(
			"did you mean DNSTT_EXPORTER_LABELS_SPARE_SETS?",
		);
		expect(() => load([], {}, { labels: { "spare-set": 7 } })).toThrow("did you mean labels.spare-sets?");
	});

	test("stands in the list of keys that README and example are held against", () => {
		expect(configKeys.find(({ name }) => name === "labels.spare-sets")).toMatchObject({
			default: 5,
			section: "labels",
		});
	});

	test("stands in the help", () => {
		expect(helpText("run")).toMatch(/--labels\.spare-sets N +Sets to spare \(default 5\)\n/);
	});

	test.each([
		["man", "\\fB\\-\\-labels.spare\\-sets\\fR \\fIN\\fR\nSets to spare."],
		["completion-bash", "--labels.spare-sets"],
		["completion-zsh", "--labels.spare-sets=[Sets to spare]"],
		["completion-fish", "-l labels.spare-sets"],
		["nixos-module", "spare-sets = mkOption {"],
	] as const)("stands in %s", async (what, text) => {
		expect(await printed(what)).toContain(text);
	});

	test("stands in the JSON Schema", async () => {
		expect(JSON.parse(await printed("config-schema")).properties.labels.properties).toMatchObject({
			"spare-sets": { type: "integer", minimum: 3, maximum: 9, default: 5, description: "Sets to spare" },
		});
	});

	test("is a field of the type Config", async () => {
		const use = (type: string) =>
			`import type { Config } from "./config/schema.ts";\nexport const spare = (config: Config): ${type} => config.labels.spareSets;\n`;
		await Bun.write(folder.file("src/number.ts"), use("number"));
		await Bun.write(folder.file("src/text.ts"), use("string"));
		const files = { extends: "./tsconfig.json", files: ["src/number.ts", "src/text.ts"], include: [] };
		await Bun.write(folder.file("tsconfig.use.json"), JSON.stringify(files));
		const words = ["run", "--bun", "tsc", "--noEmit", "-p", "tsconfig.use.json"];
		const { stdout } = await runCommand([process.execPath, ...words], { cwd: folder.path });
		// Only the two: other files lean on types that the whole program's build has.
		const problems = stdout.split("\n").filter((line) => /^src\/(number|text)/.test(line));
		expect(problems).toEqual([expect.stringContaining("src/text.ts(2,")]);
	});
});
