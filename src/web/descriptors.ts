import { closeSync, openSync, readdirSync, readFileSync, statSync } from "node:fs";

/** Enough for one listening socket and what resolving its host name opens meanwhile. */
const spareDescriptors = 8;

/** Open descriptors of this process. Linux 6.2 and up tell it as the folder's size, older ones have it counted. */
export function countDescriptors(): number {
	try {
		const { size } = statSync("/proc/self/fd");
		return size > 0 ? size : readdirSync("/proc/self/fd").length;
	} catch {
		// Reading the folder takes a descriptor: none was left (or /proc is gone, without which the executable does not start).
		return Number.POSITIVE_INFINITY;
	}
}

/** The most descriptors that this process may open (the soft limit, which Bun raises to the hard one at the start). */
export function descriptorLimit(): number {
	const line = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
	return Number(line?.[1] ?? Number.POSITIVE_INFINITY);
}

/** Descriptors held back, so that a new listener can be opened when the table is full. */
export interface Spare {
	/** Gives the descriptors free for as long as `work` runs. */
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
