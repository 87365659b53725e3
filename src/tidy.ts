import { edenGC } from "bun:jsc";

/** Collects garbage, of which the runtime would let as much gather as the tracker's tables are large. It takes some ten milliseconds. */
export function tidy(): void {
	Bun.gc(true);
}

/** Collects the garbage among what was allocated since the last collection. It takes about a millisecond. */
export function tidyYoung(): void {
	edenGC();
}
