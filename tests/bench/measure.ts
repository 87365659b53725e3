/** What measurements have in common: the costs of a process, medians, tables, and targets. */

import { dlopen, FFIType, ptr } from "bun:ffi";
import { readFileSync, rmSync } from "node:fs";
import { cpus, release } from "node:os";

export interface Cost {
	/** User and system time of the process and all that it waited for. */
	readonly cpuMs: number;
	readonly wallMs: number;
	readonly peakBytes: number;
}

/**
 * Runs a command to its end. Its peak memory is read from /proc while it runs (the highest that it ever was, up to some milliseconds before
 * its end): what wait4 gives counts the memory of the process that started it. Standard output goes to the file `output`, if given.
 * Throws when it ends with anything but 0.
 */
export async function costOf(command: readonly string[], output?: string): Promise<Cost> {
	// Bun writes over what a file holds and leaves a longer rest of it.
	if (output !== undefined) rmSync(output, { force: true });
	const start = performance.now();
	const child = Bun.spawn([...command], {
		stdin: "ignore",
		stdout: output === undefined ? "ignore" : Bun.file(output),
		stderr: "ignore",
	});
	let peakBytes = 0;
	const sampling = setInterval(() => {
		peakBytes = Math.max(peakBytes, memoryOf(child.pid, "VmHWM") ?? 0);
	}, 10);
	try {
		const code = await child.exited;
		const wallMs = performance.now() - start;
		if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}`);
		const cpuMs = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1_000;
		return { cpuMs, wallMs, peakBytes };
	} finally {
		clearInterval(sampling);
	}
}

/**
 * A line of /proc/PID/status in bytes: VmRSS is what is resident, VmHWM the most that ever was, RssAnon what of it is the process's own and
 * not the executable's pages or the kernel's capture buffer. Undefined once the process has ended.
 */
export function memoryOf(pid: number, line: "VmRSS" | "VmHWM" | "RssAnon"): number | undefined {
	try {
		const kilobytes = new RegExp(`^${line}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
		return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
	} catch {
		return undefined;
	}
}

const libc = dlopen("libc.so.6", { clock_gettime: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 } });

/**
 * CPU time that a running process has used so far, its ended threads included, in nanoseconds: clock_getcpuclockid(3), since the ticks of
 * /proc/PID/stat are too coarse for an idle process. Throws when there is no such process.
 */
export function cpuNsOf(pid: number): number {
	const time = new BigInt64Array(2);
	// The kernel's number of the clock: the inverted pid above three bits, which say "scheduler's time, of the whole process".
	if (libc.symbols.clock_gettime((~pid << 3) | 2, ptr(time)) !== 0) throw new Error(`no CPU time of process ${pid}`);
	return Number(time[0]) * 1e9 + Number(time[1]);
}

/** CPU use of a process over the time that `work` takes, in % of one core. */
export async function cpuPercentWhile(pid: number, work: () => Promise<unknown>): Promise<number> {
	const start = performance.now();
	const before = cpuNsOf(pid);
	await work();
	return (cpuNsOf(pid) - before) / 1e4 / (performance.now() - start);
}

export function median(values: readonly number[]): number {
	const sorted = values.toSorted((one, other) => one - other);
	const middle = sorted.length >> 1;
	if (sorted.length % 2 === 1) return sorted[middle] ?? Number.NaN;
	return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** Runs each of the tasks once a round, so that what disturbs the machine for a while disturbs all; gives what each gave, by task. */
export async function alternating<T>(rounds: number, tasks: readonly (() => Promise<T>)[]): Promise<T[][]> {
	const results: T[][] = tasks.map(() => []);
	for (let round = 0; round < rounds; round++) {
		for (const [index, task] of tasks.entries()) results[index]?.push(await task());
	}
	return results;
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
export const rounded = (value: number, digits = 0): string =>
	value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Prints rows under headings: the first column to the left, numbers to the right. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
	const widths = headings.map((heading, column) =>
		Math.max(heading.length, ...rows.map((row) => (row[column] ?? "").length)),
	);
	for (const row of [headings, widths.map((width) => "-".repeat(width)), ...rows]) {
		const cells = widths.map((width, column) => {
			const cell = row[column] ?? "";
			return column === 0 ? cell.padEnd(width) : cell.padStart(width);
		});
		console.log(cells.join("  ").trimEnd());
	}
	console.log();
}

/** How many targets were missed so far. */
export let missed = 0;

/** Prints a number beside its target. */
export function printTarget(what: string, value: number, most: number, unit: string, digits = 0): void {
	const met = value <= most;
	if (!met) missed++;
	console.log(
		`${met ? "met   " : "MISSED"} ${what}: ${rounded(value, digits)} ${unit}, target at most ${rounded(most, digits)} ${unit}`,
	);
}

/** Prints whether a count is what it must be. */
export function printExact(what: string, value: number, expected: number): void {
	const met = value === expected;
	if (!met) missed++;
	console.log(`${met ? "met   " : "MISSED"} ${what}: ${rounded(value)}, must be ${rounded(expected)}`);
}

export function printHeading(text: string): void {
	console.log(`\n${text}\n${"=".repeat(text.length)}\n`);
}

/** The machine, and the versions of what is measured. */
export async function printMachine(exporter: string): Promise<void> {
	const processors = cpus();
	console.log(`machine:  ${processors[0]?.model.trim()}, ${processors.length} cores, Linux ${release()}`);
	const versions: [string, string[]][] = [
		["exporter", [exporter, "--version"]],
		["tcpdump", ["tcpdump", "--version"]],
		["dnscap", ["dnscap", "-V"]],
		["dnstop", ["dpkg-query", "-W", "dnstop"]],
		["tshark", ["tshark", "--version"]],
		["replay", ["tcpreplay", "--version"]],
	];
	for (const [name, command] of versions) {
		if (Bun.which(command[0] ?? "") === null) continue;
		const { stdout, stderr } = Bun.spawnSync(command, { stdout: "pipe", stderr: "pipe" });
		const lines = `${stdout.toString()}\n${stderr.toString()}`.split("\n").map((line) => line.trim());
		const line = lines.find((line) => /\d+\.\d+|\d{8}/.test(line));
		if (line !== undefined) console.log(`${`${name}:`.padEnd(9)} ${line}`);
	}
}
