import type { LiveSource } from "./live.ts";
import { CaptureError, type CaptureStatistics, type FrameBatch } from "./source.ts";

/** Waits before the capture is opened again: twice as long after each failure, up to the longest. */
export const reopenDelayMinMs = 100;
export const reopenDelayMaxMs = 5_000;

/** A restart takes so many batches at the most of what the old capture holds: enough to empty the default capture buffer. */
export const restartBatchesMax = 32;

/** A check may find frames just before the event loop comes to them; that so many in a row do is no coincidence. */
const turnsMissedMax = 3;

export interface WatchOptions {
	/** Opens the capture; throws a CaptureError. */
	readonly open: () => LiveSource;
	/** The capture was opened, for the first time or again: frames of this source come next. `isNews` as for `broke`. */
	readonly opened: (source: LiveSource, isNews: boolean) => void;
	/** Where frames are put. */
	readonly batch: FrameBatch;
	/** Takes the frames of the batch: what `read` gave. */
	readonly consume: (used: number) => void;
	/**
	 * The capture broke, or could not be opened again (told once a break). `isNews` is false where this was told already since
	 * the capture last worked for a while: it breaks again and again.
	 */
	readonly broke: (fault: CaptureError, isNews: boolean) => void;
	/** Runs `work` after `delayMs`; gives the function that takes that back. */
	readonly later: (work: () => void, delayMs: number) => () => void;
}

/**
 * A live capture that outlives its interface: when reading fails, it is closed and opened again, at once and then with
 * growing waits, until it works: until it gave frames, or stayed open for longer than the longest wait. Between two batches whoever else waits for the event loop has its turn, so that a flood
 * of frames does not keep a scrape out.
 */
export class Watch {
	/** Times that it was opened again after it broke. */
	reopened = 0;
	private readonly options: WatchOptions;
	private source: LiveSource | null = null;
	/** Counts of the sources that were closed. */
	private before: CaptureStatistics = { received: 0, droppedByKernel: 0, droppedByInterface: 0 };
	private delayMs = reopenDelayMinMs;
	/** While the capture is closed, takes back the next try; while it is open after a break, the end of its trial. */
	private cancel: (() => void) | null = null;
	/** What was told since the capture last worked. */
	private toldBreak = false;
	private toldOpen = false;
	private stopped = false;
	/** Times that reading had its turn, how many there were at the last check, and checks in a row that found frames without one. */
	private turns = 0;
	private turnsChecked = 0;
	private turnsMissed = 0;

	/** Opens the capture. Throws what `open` throws: the first time must succeed. */
	constructor(options: WatchOptions) {
		this.options = options;
		this.begin(options.open());
	}

	get up(): boolean {
		return this.source !== null;
	}

	/** Sum over all sources since the start. */
	statistics(): CaptureStatistics {
		const now = this.source?.statistics();
		return now === undefined ? this.before : sum(this.before, now);
	}

	/** Takes one batch, if there is one, now instead of when the event loop comes to it. True if there was. */
	drainOnce(): boolean {
		const { source } = this;
		if (source === null) return false;
		try {
			const used = source.read(this.options.batch);
			if (used === 0) return false;
			this.worked();
			this.options.consume(used);
			return true;
		} catch (error) {
			this.failed(error);
			return false;
		}
	}

	/**
	 * Whether the capture works, or waits to be opened again; ask now and then, and not faster than frames are handed over. It
	 * does not when frames lie there time after time and no turn to read them comes.
	 */
	isAlive(): boolean {
		if (this.source === null) return this.cancel !== null;
		const hadTurn = this.turns !== this.turnsChecked;
		this.turnsChecked = this.turns;
		this.turnsMissed = this.drainOnce() && !hadTurn ? this.turnsMissed + 1 : 0;
		return this.turnsMissed < turnsMissedMax;
	}

	/**
	 * Takes what the capture holds, closes it, if it is open, and opens it anew at once, for a changed configuration; `open`
	 * decides what that is.
	 */
	restart(): void {
		if (this.stopped) return;
		for (let batches = 0; batches < restartBatchesMax && this.drainOnce(); batches++);
		const wasUp = this.up;
		this.closeSource();
		this.worked();
		this.toldOpen = false;
		try {
			this.begin(this.options.open());
			if (!wasUp) this.reopened++;
		} catch (error) {
			this.failed(error);
		}
	}

	stop(): void {
		this.stopped = true;
		this.closeSource();
	}

	/** Throws what the source throws; it is closed then. */
	private begin(source: LiveSource): void {
		this.source = source;
		try {
			source.onReadable(() => this.drain(source));
			source.arm();
			this.options.opened(source, !this.toldOpen);
			this.toldOpen = true;
		} catch (error) {
			this.closeSource();
			throw error;
		}
		if (this.toldBreak) this.cancel = this.options.later(() => this.worked(), reopenDelayMaxMs);
	}

	private drain(source: LiveSource): void {
		if (this.source !== source) return;
		this.turns++;
		if (this.drainOnce()) setImmediate(() => this.drain(source));
		else if (this.source === source) this.arm(source);
	}

	private arm(source: LiveSource): void {
		try {
			source.arm();
		} catch (error) {
			this.failed(error);
		}
	}

	/** The next break is the first of its series. */
	private worked(): void {
		if (!this.toldBreak) return;
		this.takeBack();
		this.toldBreak = false;
		this.delayMs = reopenDelayMinMs;
	}

	/** Closes the capture for a fault of it, and tries it again later; throws any other. */
	private failed(error: unknown): void {
		if (!(error instanceof CaptureError)) throw error;
		this.closeSource();
		this.options.broke(error, !this.toldBreak);
		if (!this.toldBreak) this.toldOpen = false;
		this.toldBreak = true;
		this.retry();
	}

	private retry(): void {
		if (this.stopped) return;
		this.cancel = this.options.later(() => this.reopen(), this.delayMs);
		this.delayMs = Math.min(this.delayMs * 2, reopenDelayMaxMs);
	}

	private reopen(): void {
		this.cancel = null;
		try {
			this.begin(this.options.open());
			this.reopened++;
		} catch (error) {
			if (!(error instanceof CaptureError)) throw error;
			this.retry();
		}
	}

	private takeBack(): void {
		this.cancel?.();
		this.cancel = null;
	}

	private closeSource(): void {
		this.takeBack();
		if (this.source === null) return;
		this.source.close();
		this.before = sum(this.before, this.source.statistics());
		this.source = null;
	}
}

function sum(a: CaptureStatistics, b: CaptureStatistics): CaptureStatistics {
	return {
		received: a.received + b.received,
		droppedByKernel: a.droppedByKernel + b.droppedByKernel,
		droppedByInterface: a.droppedByInterface + b.droppedByInterface,
	};
}
