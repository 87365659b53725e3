import type { LiveSource } from "./live.ts";
import { CaptureError, type CaptureStatistics } from "./source.ts";

/** Waits before the capture is opened again: twice as long after each failure, up to the longest. */
export const reopenDelayMinMs = 100;
export const reopenDelayMaxMs = 5_000;

/** Frames may come just before their turn does; that this happens at so many checks in a row is no chance. */
const turnsMissedMax = 3;

export interface WatchOptions {
	/** Opens the capture; throws a CaptureError. */
	readonly open: () => LiveSource;
	/** The capture was opened, for the first time or again: frames of this source come next. */
	readonly opened: (source: LiveSource) => void;
	/** Takes the frames of one batch: what `read` gave. */
	readonly consume: (source: LiveSource, used: number) => void;
	/** The capture broke, or could not be opened again (told once a break). */
	readonly broke: (fault: CaptureError) => void;
	/** Runs `work` after `delayMs`; gives the function that takes that back. */
	readonly later: (work: () => void, delayMs: number) => () => void;
}

/**
 * A live capture that outlives its interface: when reading fails, it is closed and opened again, at once and then with
 * growing waits, until it works. Between two batches whoever else waits for the event loop has its turn, so that a flood
 * of frames does not keep a scrape out.
 */
export class Watch {
	reopened = 0;
	private readonly options: WatchOptions;
	private source: LiveSource | null = null;
	/** Counts of the sources that were closed. */
	private before: CaptureStatistics = { received: 0, droppedByKernel: 0, droppedByInterface: 0 };
	private delayMs = reopenDelayMinMs;
	private cancel: (() => void) | null = null;
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
			const used = source.read();
			if (used > 0) this.options.consume(source, used);
			return used > 0;
		} catch (error) {
			if (!(error instanceof CaptureError)) throw error;
			this.breakOff(error);
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

	/** Closes the capture, if it is open, and opens it anew at once, for a changed configuration; `open` decides what that is. */
	restart(): void {
		if (this.stopped) return;
		this.cancel?.();
		this.closeSource();
		this.delayMs = reopenDelayMinMs;
		this.reopen((fault) => this.options.broke(fault));
	}

	stop(): void {
		this.stopped = true;
		this.cancel?.();
		this.cancel = null;
		this.closeSource();
	}

	private begin(source: LiveSource): void {
		this.source = source;
		this.delayMs = reopenDelayMinMs;
		this.options.opened(source);
		source.onReadable(() => this.drain(source));
		source.arm();
	}

	private drain(source: LiveSource): void {
		if (this.source !== source) return;
		this.turns++;
		if (this.drainOnce()) setImmediate(() => this.drain(source));
		else if (this.source === source) source.arm();
	}

	private breakOff(fault: CaptureError): void {
		this.closeSource();
		this.options.broke(fault);
		this.retry();
	}

	private retry(): void {
		if (this.stopped) return;
		this.cancel = this.options.later(() => this.reopen(), this.delayMs);
		this.delayMs = Math.min(this.delayMs * 2, reopenDelayMaxMs);
	}

	/** `onFault` is told when it fails, before the next wait. */
	private reopen(onFault?: (fault: CaptureError) => void): void {
		this.cancel = null;
		try {
			this.begin(this.options.open());
			this.reopened++;
		} catch (error) {
			if (!(error instanceof CaptureError)) throw error;
			onFault?.(error);
			this.retry();
		}
	}

	private closeSource(): void {
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
