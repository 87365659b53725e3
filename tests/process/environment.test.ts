import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { exporterCommand, runExporter } from "../support/exporter.ts";
import { temporaryFolder } from "../support/temporary.ts";

const domain = ["--dnstt.domain", "t.example.com"];
const isBuilt = exporterCommand().length === 1;

describe.skipIf(!isBuilt)("what lies in the folder that the executable is started in", () => {
	test.each([
		["bunfig.toml", 'preload = ["./loaded.js"]\n'],
		[".env", "DNSTT_EXPORTER_LOG_LEVEL=loud\nBUN_OPTIONS=--preload ./loaded.js\n"],
		[".env.production", "DNSTT_EXPORTER_LOG_LEVEL=loud\n"],
		[".env.local", "DNSTT_EXPORTER_LOG_LEVEL=loud\n"],
		["package.json", '{ "name": "x", "main": "loaded.js", "bun": { "preload": ["./loaded.js"] } }'],
		["tsconfig.json", '{ "compilerOptions": { "paths": { "*": ["./loaded.js"] } } }'],
		["dnstt_exporter.json", '{ "nothing": 1 }'],
	])("%s is not read", async (name, content) => {
		using folder = temporaryFolder();
		await Bun.write(folder.file("loaded.js"), `require("fs").writeFileSync(${JSON.stringify(folder.file("ran"))}, "")`);
		await Bun.write(folder.file(name), content);
		const env = { HOME: folder.path, XDG_CONFIG_HOME: folder.path };
		const { code, stdout, stderr } = await runExporter(["check-config", ...domain], { cwd: folder.path, env });
		expect({ code, stderr }).toEqual({ code: 0, stderr: "OK\n" });
		expect(JSON.parse(stdout).log.level).toBe("info");
		expect(existsSync(folder.file("ran"))).toBe(false);
	});

	test.each(["NODE_OPTIONS", "BUN_CONFIG_PRELOAD", "BUN_INSPECT_PRELOAD"])("%s loads nothing", async (name) => {
		using folder = temporaryFolder();
		await Bun.write(folder.file("loaded.js"), `require("fs").writeFileSync(${JSON.stringify(folder.file("ran"))}, "")`);
		const value = name === "NODE_OPTIONS" ? `--require ${folder.file("loaded.js")}` : folder.file("loaded.js");
		const { code } = await runExporter(["check-config", ...domain], { env: { [name]: value } });
		expect(code).toBe(0);
		expect(existsSync(folder.file("ran"))).toBe(false);
	});

	test("the README's warning holds: with BUN_OPTIONS the runtime runs other code", async () => {
		using folder = temporaryFolder();
		await Bun.write(folder.file("loaded.js"), `require("fs").writeFileSync(${JSON.stringify(folder.file("ran"))}, "")`);
		await runExporter(["--version"], { env: { BUN_OPTIONS: `--preload ${folder.file("loaded.js")}` } });
		expect(existsSync(folder.file("ran"))).toBe(true);
	});

	test("the README's warning holds: with BUN_BE_BUN the executable is Bun", async () => {
		const { stdout } = await runExporter(["-e", "console.log(6 * 7)"], { env: { BUN_BE_BUN: "1" } });
		expect(stdout).toBe("42\n");
	});
});

describe.skipIf(!isBuilt)("the exporter does not start while a variable opens the runtime to others", () => {
	test.each([
		["BUN_OPTIONS", "--smol", "can load other code"],
		["BUN_INSPECT", "127.0.0.1:0", "opens a debugger, through which others can run code"],
		["BUN_INSPECT_CONNECT_TO", "unix:///nowhere", "connects to a debugger, which can run code"],
		["BUN_INSPECT_PRELOAD", "./loaded.js", "can load other code"],
	])("%s", async (name, value, effect) => {
		const { code, stderr } = await runExporter(domain, { env: { [name]: value } });
		expect(stderr).toContain(`dnstt_exporter: ${name} is set, and ${effect}: unset it for the exporter\n`);
		expect(code).toBe(2);
	});
});
