import { edenGC, fullGC } from "bun:jsc";
import { tidy } from "./tidy.ts";

/** Characters that scrapes may write before the garbage of them, many times as much, is collected. */
export const uncollectedMax = 150_000;

/** One collection in so many is of all garbage; the others are of the young alone, which takes a quarter of the time. */
export const wholeEvery = 4;

/** Characters that scrapes may write before it is worth to tidy. */
export const untidiedMax = 100_000;

/** What the start or a scrape left is cleared away so long after it, together with what others left meanwhile. */
export const tidyDelayMs = 1_000;

/** Sees that what the start and the scrapes of an exporter leave is cleared away. */
export class Tidier {
	private uncollected = 0;
	private collections = 0;
	private untidied = 0;
	private timer: ReturnType<typeof setTimeout> | undefined;
	private isStopped = false;

	/** A test passes its own ways to collect garbage and to tidy. */
	constructor(
		private readonly collect: (isWhole: boolean) => void = (isWhole) => (isWhole ? fullGC() : edenGC()),
		private readonly tidyUp: () => void = tidy,
	) {}

	/** A scrape, which goes on, has written so many more characters. */
	wrote(characters: number): void {
		this.uncollected += characters;
		this.untidied += characters;
		if (this.uncollected <= uncollectedMax) return;
		this.uncollected = 0;
		this.collect(++this.collections % wholeEvery === 0);
	}

	/** A scrape has come to its end. */
	scraped(): void {
		if (this.untidied > untidiedMax) this.later();
	}

	/** Tidies a moment from now, unless it is about to. */
	later(): void {
		if (this.isStopped) return;
		this.timer ??= setTimeout(() => {
			this.timer = undefined;
			this.uncollected = 0;
			this.untidied = 0;
			this.tidyUp();
		}, tidyDelayMs);
	}

	/** Tidies no more. */
	stop(): void {
		this.isStopped = true;
		clearTimeout(this.timer);
	}
}
