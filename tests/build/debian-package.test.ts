import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
	controlFile,
	emptyConfig,
	maintainerScripts,
	makePackage,
	packageFile,
	unitFor,
} from "../../src/build/debian-package.ts";
import { systemdUnit } from "../../src/print/unit.ts";
import { runCommand } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { packageContents as contents } from "./package-contents.ts";
import { testPacking } from "./packing.ts";

async function dpkgDeb(...words: string[]): Promise<string> {
	const { code, stdout, stderr } = await runCommand(["dpkg-deb", ...words], { env: { TZ: "UTC" } });
	expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
	return stdout;
}

/** Makes the package of an executable of 3,000 bytes. */
async function made(folder: string, output: string): Promise<string> {
	const executable = join(folder, "dnstt_exporter");
	writeFileSync(executable, "x".repeat(3_000));
	return join(output, await makePackage({ ...contents, executable }, folder, output));
}

test("a package's file has the program's name, its version and Debian's architecture", () => {
	expect(packageFile(contents)).toBe("dnstt_exporter_1.2.3_arm64.deb");
});

test("the packaged unit differs from the printed one in the executable's path alone", () => {
	const different = unitFor(systemdUnit(), "/usr/bin/dnstt_exporter")
		.split("\n")
		.filter((line, index) => line !== systemdUnit().split("\n")[index]);
	expect(different).toEqual(["ExecStart=/usr/bin/dnstt_exporter --config.file=/etc/dnstt_exporter/config.json"]);
	expect(() => unitFor("[Service]\n", "/usr/bin/x")).toThrow("ExecStart");
});

test("the fields are those of Debian Policy 5.3, and the short description fits a line", () => {
	const lines = controlFile(contents, 12).trimEnd().split("\n");
	const fields = Object.fromEntries(lines.filter((line) => !line.startsWith(" ")).map((line) => line.split(": ")));
	expect(fields).toMatchObject({
		...{ Package: "dnstt-exporter", Version: "1.2.3", Architecture: "arm64", "Installed-Size": "12" },
		...{ Depends: "libc6 (>= 2.17)", Section: "net", Priority: "optional" },
	});
	expect(fields.Maintainer).toMatch(/^[^<]+ <[^@\s]+@[^@\s]+>$/);
	expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
});

describe("the maintainer scripts", () => {
	test.each(Object.entries(maintainerScripts))(
		"%s is sh without a syntax error, and ends at the first failure",
		async (_, script) => {
			using folder = temporaryFolder();
			await Bun.write(folder.file("script"), script);
			expect(await runCommand(["sh", "-n", folder.file("script")])).toEqual({ code: 0, stdout: "", stderr: "" });
			expect(script.split("\n").slice(0, 2)).toEqual(["#!/bin/sh", "set -e"]);
		},
	);

	test("a purge removes the folder of the configuration, and nothing else of /etc", () => {
		expect(
			Object.values(maintainerScripts)
				.join("")
				.match(/rm .*\S/g),
		).toEqual(["rm -rf /etc/dnstt_exporter"]);
	});
});

describe("the package", () => {
	test("has each file at its place, with root as owner and readable by everyone", async () => {
		using folder = temporaryFolder();
		const rows = (await dpkgDeb("--contents", await made(folder.path, folder.path))).trim().split("\n");
		const files = rows.map((row) => row.split(/\s+/)).filter(([mode]) => mode?.startsWith("-"));
		expect(files.map(([mode, owner, , date, time, path]) => [mode, owner, `${date} ${time}`, path])).toEqual(
			[
				["-rw-r--r--", "./etc/dnstt_exporter/config.json"],
				["-rwxr-xr-x", "./usr/bin/dnstt_exporter"],
				["-rw-r--r--", "./usr/lib/systemd/system/dnstt_exporter.service"],
				["-rw-r--r--", "./usr/share/bash-completion/completions/dnstt_exporter"],
				["-rw-r--r--", "./usr/share/doc/dnstt-exporter/changelog.gz"],
				["-rw-r--r--", "./usr/share/doc/dnstt-exporter/copyright"],
				["-rw-r--r--", "./usr/share/fish/vendor_completions.d/dnstt_exporter.fish"],
				["-rw-r--r--", "./usr/share/lintian/overrides/dnstt-exporter"],
				["-rw-r--r--", "./usr/share/man/man1/dnstt_exporter.1.gz"],
				["-rw-r--r--", "./usr/share/zsh/vendor-completions/_dnstt_exporter"],
			].map(([mode, path]) => [mode, "root/root", "2023-11-14 22:13", path]),
		);
		const folders = rows.map((row) => row.split(/\s+/)).filter(([mode]) => mode?.startsWith("d"));
		expect([...new Set(folders.map(([mode, owner]) => `${mode} ${owner}`))]).toEqual(["drwxr-xr-x root/root"]);
	});

	test("states its size in KiB, its one conffile and the sums of the others", async () => {
		using folder = temporaryFolder();
		const file = await made(folder.path, folder.path);
		// 3 KiB of the executable, 3 of the unit, and one for each of eight small files.
		const unitKib = Math.ceil(systemdUnit().length / 1_024);
		expect((await dpkgDeb("--field", file, "Installed-Size")).trim()).toBe(String(3 + unitKib + 8));
		await dpkgDeb("--control", file, folder.file("control"));
		await dpkgDeb("--extract", file, folder.file("tree"));
		const control = (name: string) => readFileSync(join(folder.file("control"), name), "utf8");
		expect(control("conffiles")).toBe("/etc/dnstt_exporter/config.json\n");
		expect(await Bun.file(join(folder.file("tree"), "etc/dnstt_exporter/config.json")).text()).toBe(emptyConfig);
		const sums = Bun.spawn(["md5sum", "--check", "--strict", folder.file("control/md5sums")], {
			cwd: folder.file("tree"),
			stdout: "pipe",
		});
		expect(await sums.exited).toBe(0);
		expect((await sums.stdout.text()).trim().split("\n")).toHaveLength(9);
	});
});

testPacking("a Debian package", made, "dpkg-deb failed: dpkg-deb: error");
