import { readFileSync } from "node:fs";

/**
 * What the system had no more of, and what gives more, where that is why something failed; null for any other error. So a limit
 * is told in a line wherever it is met.
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

/** With less than this parts of the runtime fail, each in its own way (Bun 1.4.5: up to 160 KiB). Systems grant 8 MiB. */
const stackBytesMin = 192 * 1024;

/** What is wrong with the stack that this process may have, before anything is tried with it; null if nothing is. */
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
