/** Whether the runtime may compile. */

import { readFileSync } from "node:fs";

/**
 * Whether JavaScript and WebAssembly are interpreted: the runtime takes memory that is both written and executed for the code that
 * it compiles, once, at its start, and where that is forbidden (MemoryDenyWriteExecute=, SELinux's execmem) it goes without.
 */
export function isInterpreted(): boolean {
	try {
		return !/^\S+ rwx/m.test(readFileSync("/proc/self/maps", "latin1"));
	} catch {
		return false;
	}
}
