import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeArchive } from "../../src/build/archive.ts";
import { runCommand } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { testPacking } from "./packing.ts";

async function made(folder: string, output: string): Promise<string> {
	const documents = ["LICENSE", "config.example.json"].map((name) => join(folder, name));
	const executable = join(folder, "dnstt_exporter-linux-x64");
	for (const path of [...documents, executable]) writeFileSync(path, path.slice(folder.length));
	const contents = { name: "dnstt_exporter-1.2.3-linux-x64", executable, documents, timeSeconds: 1_700_000_000 };
	return join(output, await makeArchive(contents, folder, output));
}

test("an archive has one folder of its name with the executable and the documents, of root and with the time that was given", async () => {
	using folder = temporaryFolder();
	const archive = await made(folder.path, folder.path);
	expect(archive).toBe(folder.file("dnstt_exporter-1.2.3-linux-x64.tar.xz"));
	const { stdout } = await runCommand(["tar", "--list", "--verbose", "--file", archive], { env: { TZ: "UTC" } });
	const rows = stdout.trim().split("\n");
	expect(rows.map((row) => row.replace(/\s+\d+ 2023-11-14 22:13 /, " "))).toEqual([
		"drwxr-xr-x 0/0 dnstt_exporter-1.2.3-linux-x64/",
		"-rw-r--r-- 0/0 dnstt_exporter-1.2.3-linux-x64/LICENSE",
		"-rw-r--r-- 0/0 dnstt_exporter-1.2.3-linux-x64/config.example.json",
		"-rwxr-xr-x 0/0 dnstt_exporter-1.2.3-linux-x64/dnstt_exporter",
	]);
});

testPacking("an archive", made, "tar failed: ");
