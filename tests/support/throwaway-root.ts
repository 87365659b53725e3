/**
 * A copy of this machine's file system in which commands for a host are tried: what they write, the machine never sees. It has a
 * network of its own with loopback alone. Needs root, and a kernel with overlayfs.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Child, type Ended, ended, type SpawnOptions, spawnChild, until } from "./process.ts";
import { temporaryFolder } from "./temporary.ts";

const repository = resolve(import.meta.dir, "../..");

export interface ThrowawayRoot extends AsyncDisposable {
	/** Starts a command inside. */
	spawn(command: readonly string[], options?: SpawnOptions): Child;
	/** Runs a shell script inside, as `sh -e` does, to its end. */
	run(script: string, options?: SpawnOptions): Promise<Ended>;
	/** Where a file of it can be read and written from outside. */
	file(path: string): string;
}

/** Mounts the copy, and changes root into it for as long as it is needed; $1 is a folder, $2 the repository, which may be a file system of its own. */
const holder = `
mount -t tmpfs -o size=3g tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root" "$1/repository-upper" "$1/repository-work"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
mount -t overlay -o "lowerdir=$2,upperdir=$1/repository-upper,workdir=$1/repository-work" overlay "$1/root$2"
mount -t proc proc "$1/root/proc"
mount -t sysfs sysfs "$1/root/sys"
mount --rbind /dev "$1/root/dev"
ip link set lo up
exec chroot "$1/root" sleep infinity
`;

export async function throwawayRoot(): Promise<ThrowawayRoot> {
	const folder = temporaryFolder();
	// It ends with this process, also where that is killed.
	const unshared = ["setpriv", "--pdeathsig=KILL", "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"];
	const child = spawnChild([...unshared, "sh", "-ec", holder, "holder", folder.path, repository]);
	const pid = await until(
		() => {
			if (child.exitCode() !== null) throw new Error(`no throwaway root: ${child.stderr()}`);
			const inner = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8"));
			return inner > 0 && readFileSync(`/proc/${inner}/comm`, "utf8") === "sleep\n" ? inner : undefined;
		},
		() => `the root is mounted: ${child.stderr()}`,
	);
	const spawn: ThrowawayRoot["spawn"] = (command, { cwd = "/root", ...options } = {}) => {
		const inside = ["nsenter", `--target=${pid}`, "--mount", "--net", "--pid", "--root", `--wdns=${cwd}`];
		return spawnChild([...inside, ...command], options);
	};
	return {
		spawn,
		run: (script, options) => ended(spawn(["sh", "-ec", script], options)),
		file: (path) => `/proc/${pid}/root${path}`,
		async [Symbol.asyncDispose]() {
			child.kill("SIGKILL");
			await child.exited;
			folder[Symbol.dispose]();
		},
	};
}
