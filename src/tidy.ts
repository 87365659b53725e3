import { loadCap } from "./capture/native.ts";

/**
 * Gives memory back: garbage, of which the runtime would let as much gather as the tracker's tables are large, and pages of
 * the executable, of which those in use come back. It takes some ten milliseconds.
 */
export function tidy(): void {
	Bun.gc(true);
	loadCap().releaseProgramPages();
}
