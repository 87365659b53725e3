/** What the system lets this process have: files, memory, stack, compiled code. */

import { readFileSync } from "node:fs";

/**
 * If an error means that the system has no more of something, returns a line that says of what and how to raise the limit; null for any
 * other error. Every caller reports such an error with this line.
 */
export function exhausted(error: unknown): string | null {
	switch (error instanceof Error && "code" in error ? error.code : undefined) {
		case "EMFILE":
			return "this process may open no more files: raise its limit (ulimit -n; in a service LimitNOFILE=)";
		case "ENFILE":
			return "this host can open no more files: raise its limit (sysctl fs.file-max)";
		case "ENOMEM":
			return "this process gets no more memory: raise its limit (ulimit -v; in a service LimitAS=), or free some on the host";
		default:
			return null;
	}
}

/** With less than this, parts of the runtime fail, each in its own way (Bun 1.4.5: up to 160 KiB). Systems grant 8 MiB. */
const stackBytesMin = 192 * 1024;

/** Returns what is wrong with the stack limit of this process, to be checked before anything else; null if nothing is. */
export function stackFault(): string | null {
	let limits: string;
	try {
		limits = readFileSync("/proc/self/limits", "utf8");
	} catch {
		return null;
	}
	const [, bytes = "unlimited"] = /^Max stack size\s+(\d+)/m.exec(limits) ?? [];
	return Number(bytes) < stackBytesMin
		? "the stack of this process is too small: raise its limit (ulimit -s 8192; in a service LimitSTACK=8M)"
		: null;
}

/**
 * Whether JavaScript and WebAssembly are interpreted: the runtime asks once, at its start, for memory that is writable and executable,
 * for the code that it compiles, and does without where that is forbidden (MemoryDenyWriteExecute=, SELinux's execmem).
 */
export function isInterpreted(): boolean {
	try {
		return !/^\S+ rwx/m.test(readFileSync("/proc/self/maps", "latin1"));
	} catch {
		return false;
	}
}
