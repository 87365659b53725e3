/** Collects garbage, of which the runtime would let as much gather as the tracker's tables are large. It takes some ten milliseconds. */
export function tidy(): void {
	Bun.gc(true);
}
