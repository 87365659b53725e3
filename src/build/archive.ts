/** Archives of a release: one executable with its licences and an example of its configuration. */
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { $ } from "bun";
import { BuildError } from "./artifacts.ts";

export interface ArchiveContents {
	/** "dnstt_exporter-1.0.0-linux-x64": of the archive, and of the folder in it. */
	readonly name: string;
	readonly executable: string;
	/** Paths of the files beside it. */
	readonly documents: readonly string[];
	/** Time of all files, so that the same commit results in the same bytes: seconds since 1970. */
	readonly timeSeconds: number;
}

/**
 * Makes a .tar.xz in the folder `output`, by way of a tree in `folder`; returns its name. With two threads, whatever the machine has: a
 * single one would divide the stream otherwise. Level 9 takes 1.7 times the processor time of 6 for 3 % less.
 */
export async function makeArchive(contents: ArchiveContents, folder: string, output: string): Promise<string> {
	const tree = join(folder, contents.name);
	rmSync(tree, { recursive: true, force: true });
	mkdirSync(tree, { recursive: true });
	copyFileSync(contents.executable, join(tree, "dnstt_exporter"));
	for (const path of contents.documents) copyFileSync(path, join(tree, basename(path)));
	await $`chmod -R u=rwX,go=rX ${tree}`.quiet();
	await $`chmod 755 ${join(tree, "dnstt_exporter")}`.quiet();
	const name = `${contents.name}.tar.xz`;
	const format = ["--format=gnu", "--sort=name", "--owner=0", "--group=0", "--numeric-owner"];
	const packed =
		await $`tar --create --file=${join(output, name)} ${format} --mtime=@${contents.timeSeconds} --use-compress-program=${"xz -6 -T2"} -C ${folder} ${contents.name}`
			.nothrow()
			.quiet();
	rmSync(tree, { recursive: true });
	if (packed.exitCode !== 0) throw new BuildError(`tar failed: ${packed.stderr.toString().trim()}`);
	return name;
}
