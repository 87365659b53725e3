/** Child processes of the tests, with all that they print. */

export interface Child {
	readonly pid: number;
	/** What it has printed so far. */
	readonly stdout: () => string;
	readonly stderr: () => string;
	/** The exit code, 128 + n for signal n, once it has ended and all its output was read. */
	readonly exited: Promise<number>;
	/** Null while it runs. */
	readonly exitCode: () => number | null;
	kill(signal: NodeJS.Signals): void;
}

export interface SpawnOptions {
	/** Nothing to read if left out. */
	readonly stdin?: Uint8Array;
	/** Added to this process's environment. */
	readonly env?: Record<string, string>;
	readonly cwd?: string;
}

/** How a child ended. */
export interface Ended {
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}

/** Starts a command. `ip netns exec` and the like replace themselves, so that `pid` is the command's own. */
export function spawnChild(command: readonly string[], options: SpawnOptions = {}): Child {
	const child = Bun.spawn([...command], {
		stdin: options.stdin ?? "ignore",
		stdout: "pipe",
		stderr: "pipe",
		...(options.cwd === undefined ? {} : { cwd: options.cwd }),
		env: { ...process.env, ...options.env },
	});
	const texts = { stdout: "", stderr: "" };
	const collect = async (name: "stdout" | "stderr") => {
		const decoder = new TextDecoder();
		for await (const chunk of child[name]) texts[name] += decoder.decode(chunk, { stream: true });
	};
	const read = Promise.all([collect("stdout"), collect("stderr")]);
	let exitCode: number | null = null;
	const exited = (async () => {
		const code = await child.exited;
		await read;
		exitCode = code;
		return code;
	})();
	return {
		pid: child.pid,
		stdout: () => texts.stdout,
		stderr: () => texts.stderr,
		exited,
		exitCode: () => exitCode,
		kill: (signal) => child.kill(signal),
	};
}

/** Waits for the end of a child. */
export async function ended(child: Child): Promise<Ended> {
	const code = await child.exited;
	return { code, stdout: child.stdout(), stderr: child.stderr() };
}

/** Runs a command to its end. */
export function runCommand(command: readonly string[], options: SpawnOptions = {}): Promise<Ended> {
	return ended(spawnChild(command, options));
}

/** Asks every 20 ms until `ask` gives anything but undefined; throws with what `what` says after `limitMs`. */
export async function until<T>(
	ask: () => Promise<T | undefined> | T | undefined,
	what: () => string,
	limitMs = 10_000,
): Promise<T> {
	const end = performance.now() + limitMs;
	for (;;) {
		const answer = await ask();
		if (answer !== undefined) return answer;
		if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what()}`);
		await Bun.sleep(20);
	}
}

/** Waits until a process takes next to nothing of the processor: at most 10 ms within 300. */
export async function idle(pid: number): Promise<void> {
	const ticks = async () => {
		// utime and stime, proc_pid_stat(5), counted from behind the name; a name may have blanks.
		const fields = (await Bun.file(`/proc/${pid}/stat`).text()).replace(/^.*\) /s, "").split(" ");
		return Number(fields[11]) + Number(fields[12]);
	};
	let before = await ticks();
	await until(
		async () => {
			await Bun.sleep(300);
			const now = await ticks();
			const used = now - before;
			before = now;
			return used <= 1 ? true : undefined;
		},
		() => `process ${pid} is idle`,
		30_000,
	);
}

/**
 * In front of a command, it runs as soon as it is woken, whatever else the machine is busy with (SCHED_FIFO; of two the one with the
 * higher priority). Nothing where that is not allowed.
 */
export function urgently(priority: number): string[] {
	mayBeUrgent ??= Bun.which("chrt") !== null && Bun.spawnSync(["chrt", "--fifo", "1", "true"]).success;
	return mayBeUrgent ? ["chrt", "--fifo", String(priority)] : [];
}

let mayBeUrgent: boolean | undefined;

/** A command as one would type it. */
export function quoted(command: readonly string[]): string {
	return command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}
