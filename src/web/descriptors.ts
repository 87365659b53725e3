import { closeSync, openSync, readdirSync, readFileSync, statSync } from "node:fs";
import { WebError } from "./error.ts";

/** Enough for one listening socket and what resolving its host name opens meanwhile. */
const spareDescriptors = 8;

/** The capture, the runtime, the log and the spare ones take 18, of those that are left connections get half. */
const descriptorsMin = 24;

/** Open descriptors of this process. Linux 6.2 and newer report it as the folder's size; on older ones they are counted. */
export function countDescriptors(): number {
	try {
		const { size } = statSync("/proc/self/fd");
		return size > 0 ? size : readdirSync("/proc/self/fd").length;
	} catch {
		// Reading the folder takes a descriptor: none was left (or /proc is gone, without which the executable does not start).
		return Number.POSITIVE_INFINITY;
	}
}

let limit: number | undefined;

/**
 * The most descriptors that this process may open (the soft limit, which Bun raises to the hard one at the start). It is read
 * once: reading takes a descriptor, and who asks later may ask because there are none.
 */
export function descriptorLimit(): number {
	limit ??= readLimit();
	return limit;
}

function readLimit(): number {
	const line = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
	return Number(line?.[1] ?? Number.POSITIVE_INFINITY);
}

/** Refuses to start with a limit that leaves no room for connections. */
export function requireDescriptors(): void {
	if (descriptorLimit() >= descriptorsMin) return;
	throw new WebError(
		`this process may open ${descriptorLimit()} files at once, and needs ${descriptorsMin}: raise its limit (ulimit -n 1024; in a service LimitNOFILE=1024)`,
	);
}

/** Descriptors held back, so that a new listener can be opened when the table is full. */
export interface Spare {
	/** Frees the descriptors while `work` runs. */
	lend<T>(work: () => T): T;
	close(): void;
}

/** Takes the spare descriptors. */
export function createSpare(): Spare {
	let held: number[] = [];
	const close = () => {
		for (const descriptor of held) closeSync(descriptor);
		held = [];
	};
	const take = () => {
		try {
			while (held.length < spareDescriptors) held.push(openSync("/dev/null", "r"));
		} catch {
			// The table is full; what there is has to do until the next loan.
		}
	};
	take();
	return {
		lend(work) {
			close();
			try {
				return work();
			} finally {
				take();
			}
		},
		close,
	};
}
