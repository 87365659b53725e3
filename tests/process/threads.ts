/** What the kernel says of each thread of a process, from /proc/PID/task. */
import { readdirSync, readFileSync } from "node:fs";

/** Lines of a thread's status file (proc_pid_status(5)) by their names, the values as they stand there. */
export type ThreadStatus = Readonly<Record<string, string>>;

export function threadsOf(pid: number): ThreadStatus[] {
	return readdirSync(`/proc/${pid}/task`).map((thread) => statusOf(`/proc/${pid}/task/${thread}/status`));
}

export function statusOf(path: string): ThreadStatus {
	const lines = readFileSync(path, "utf8").trimEnd().split("\n");
	return Object.fromEntries(lines.map((line) => line.split(":\t", 2).map((part) => part.trim())));
}

/** Names of the columns that tell a thread's rights. */
export const rights = [
	"Uid",
	"Gid",
	"Groups",
	"CapInh",
	"CapPrm",
	"CapEff",
	"CapBnd",
	"CapAmb",
	"NoNewPrivs",
	"Seccomp",
];

/** Only those. */
export function rightsOf(status: ThreadStatus): ThreadStatus {
	return Object.fromEntries(rights.map((name) => [name, status[name] ?? ""]));
}

/** A set of capabilities as a status file writes it. */
export function capabilitySet(...numbers: readonly number[]): string {
	const bits = numbers.reduce((set, number) => set | (1n << BigInt(number)), 0n);
	return bits.toString(16).padStart(16, "0");
}
