/** Writes the answer to a scrape without holding up the capture or filling the memory. */

import { createExposition } from "../metrics/exposition.ts";
import type { Sources } from "../metrics/sources.ts";

/** A scrape writes for this long, and to the end of a metric, before the event loop has a turn: the capture is read in between. */
const writingUsMax = 5_000;

/**
 * Scrapes write this many characters before the garbage that they leave, which is many times as much, is collected. The runtime
 * itself would let as much gather as the tracker's tables are large.
 */
const uncollectedMax = 600_000;

export interface ScrapeOptions {
	readonly sources: Sources;
	/** Called before each scrape. */
	passTime(): void;
	/** Collects garbage. */
	collect(): void;
	monotonicUs(): number;
}

/** Returns the function that answers a scrape: the text of all metrics, in parts. */
export function createScrape({ sources, passTime, collect, monotonicUs }: ScrapeOptions) {
	let uncollected = 0;
	/** When a scrape last waited for its turn. */
	let turnUs = Number.NEGATIVE_INFINITY;
	const exposition = createExposition(sources, async (characters) => {
		uncollected += characters;
		if (uncollected > uncollectedMax) {
			uncollected = 0;
			collect();
		}
		// Not after every metric: a turn takes some milliseconds under a flood, and most metrics take next to none.
		if (monotonicUs() - turnUs < writingUsMax) return;
		await turn();
		turnUs = monotonicUs();
	});
	return (): Promise<Uint8Array<ArrayBuffer>[]> => {
		passTime();
		return exposition.render();
	};
}

/** Lets the event loop have a turn. */
function turn(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}
