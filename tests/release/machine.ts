/** Roots that packages are installed in: each change stays in a layer of its own, which goes away with the machine. */
import { mkdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { type Ended, runCommand, spawnChild, until } from "../support/process.ts";

/** What runs as the first process: systemd as on a host, or nothing that manages services, as in a container. */
export type Init = "systemd" | "none";

const initCommands: Readonly<Record<Init, readonly string[]>> = {
	systemd: ["/lib/systemd/systemd", "--unit=multi-user.target", "--show-status=no"],
	none: ["sleep", "infinity"],
};

export interface Machine extends AsyncDisposable {
	/** Runs a command in it; `dist` is at /mnt, and the machine has a loopback interface of its own. */
	run(...command: readonly string[]): Promise<Ended>;
	/** Runs a command of this host in the machine's network. */
	inNetwork(...command: readonly string[]): Promise<Ended>;
	/** The path of one of its files on this host. */
	file(path: string): string;
}

/** $0 is the folder of the layer, $1 the root, $2 what is at /mnt; the first process follows. Getty has no terminal here. */
const start = [
	'mount -t overlay overlay -o "lowerdir=$1,upperdir=$0/upper,workdir=$0/work" "$0/root"',
	'cd "$0/root"',
	"mount -t proc proc proc && mount -t sysfs sysfs sys && mount -t tmpfs tmpfs run && mount -t tmpfs tmpfs tmp",
	"mount -t cgroup2 cgroup2 sys/fs/cgroup",
	'mount --bind -o ro "$2" mnt',
	"mkdir -p etc/systemd/system && ln -sf /dev/null etc/systemd/system/getty.target",
	"ip link set lo up",
	"shift 2",
	'exec env -i container=other PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin chroot . "$@"',
].join(" && ");

/** Starts a machine from a root that stays as it is; `folder` is for its layer, and is made anew. */
export async function startMachine(root: string, init: Init, folder: string, dist: string): Promise<Machine> {
	rmSync(folder, { recursive: true, force: true });
	for (const part of ["upper", "work", "root"]) mkdirSync(join(folder, part), { recursive: true });
	const spaces = ["--mount", "--pid", "--fork", "--net", "--uts", "--ipc", "--cgroup", "--kill-child"];
	const child = spawnChild(["unshare", ...spaces, "sh", "-c", start, folder, root, dist, ...initCommands[init]]);
	const first = await until(
		async () => (await Bun.file(`/proc/${child.pid}/task/${child.pid}/children`).text()).trim() || undefined,
		() => child.stderr(),
	);
	const run = (...command: readonly string[]) =>
		runCommand(["nsenter", "--target", first, "--all", "--root", "--wd", ...command]);
	// Until the shell has become the first process, its root is this host's.
	const [program = ""] = initCommands[init];
	await until(
		async () => ((await Bun.file(`/proc/${first}/comm`).text()).trim() === basename(program) ? true : undefined),
		() => `${program} starts: ${child.stderr()}`,
	);
	const state = "systemctl is-system-running --wait";
	if (init === "systemd")
		await until(
			// Degraded where a unit failed that has nothing to do here: the kernel may have no modules to load.
			async () => (/^(?:running|degraded)$/m.test((await run("sh", "-c", state)).stdout) ? true : undefined),
			() => `systemd runs: ${child.stderr()}`,
			60_000,
		);
	return {
		run,
		inNetwork: (...command) => runCommand(["nsenter", "--target", first, "--net", ...command]),
		file: (path) => join("/proc", first, "root", path),
		async [Symbol.asyncDispose]() {
			child.kill("SIGKILL");
			await child.exited;
			rmSync(folder, { recursive: true, force: true });
		},
	};
}
