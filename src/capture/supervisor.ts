import { blockTimeoutMs, type LiveSource } from "./live.ts";
import { CaptureError, type CaptureStatistics, type FrameBatch, stampUsAt, type TimeRange } from "./source.ts";

/** Waits before the capture is reopened: twice as long after each failure, up to the longest. */
export const reopenDelayMinMs = 100;
export const reopenDelayMaxMs = 5_000;

/**
 * In one turn of the event loop, reading may take as long as all other work took since its last turn, within these bounds: so it keeps
 * up with a flood while a large scrape is written, and never delays other work for longer.
 */
export const turnMsMin = 5;
export const turnMsMax = 50;

/**
 * An idle capture is read often enough for the beginning of a flood at this speed to fit into the buffer: two dozen times a second with
 * the default buffer. It is twice the speed at which frames can be read at all, as the processor may be busy with something else.
 */
const floodBytesPerMs = 400_000;
const idleMsMin = 5;
export const idleMsMax = 90;
/** While frames arrive, this part of the buffer may fill between two reads; the kernel's own headers take as much again. */
const filledPart = 1 / 8;
const pauseMsMin = 1;

/** After this time the kernel has handed over the block with the last frame that the old of two captures is read for. */
export const replaceDelayMs = blockTimeoutMs + 50;
/**
 * The old capture is closed after this time, whatever it still holds; and after as long again, stamps no longer decide which frames
 * count.
 */
export const replaceDelayMaxMs = 2_000;
/** The wall clock is read in milliseconds: its next one begins within this time. */
const clockStepUs = 1_000;
/** Two captures stamp the same frame at slightly different times. Frames within this time are left out, so that none counts twice. */
const stampGapUs = 100;

/** Of one interface, since the start. */
export interface InterfaceCounts extends CaptureStatistics {
	/** How often it was reopened after a failure. */
	readonly reopened: number;
}

export const noCounts: InterfaceCounts = { received: 0, droppedByKernel: 0, droppedByInterface: 0, reopened: 0 };
const noStatistics: CaptureStatistics = noCounts;

const always: TimeRange = { fromUs: Number.NEGATIVE_INFINITY, toUs: Number.POSITIVE_INFINITY };

export interface CaptureSupervisorOptions {
	/** Opens the capture; throws a CaptureError. */
	readonly open: () => LiveSource;
	/** The capture was opened, for the first time or again: frames of this source come next. `isFirst` as for `failed`. */
	readonly opened: (source: LiveSource, isFirst: boolean) => void;
	/** Frames are read into it. A small one keeps turns short. */
	readonly batch: FrameBatch;
	/** Observes the frames of the batch (`used`: what `read` returned) that are in the range. */
	readonly consume: (used: number, range: TimeRange) => void;
	/**
	 * The capture failed, or could not be reopened for a changed configuration. `isFirst` is false if this was reported before and the
	 * capture has not worked for a while since: it fails again and again.
	 */
	readonly failed: (fault: CaptureError, isFirst: boolean) => void;
	/** Runs `work` after `delayMs`; returns the function that cancels it. */
	readonly schedule: (work: () => void, delayMs: number) => () => void;
	/** Microseconds: the wall clock, which stamps frames, and a monotonic clock. */
	readonly wallUs: () => number;
	readonly monotonicUs: () => number;
}

interface Successor {
	readonly source: LiveSource;
	readonly cutUs: number;
	/** The kernel has handed over all of the old source's frames from before the cut. */
	isDue: boolean;
	/** Call it once the successor has become the source, or everything was stopped. */
	readonly done: () => void;
}

/**
 * A live capture that outlives its interface: when reading fails, the capture is closed and reopened, with growing waits, until it
 * works: until frames were read, or it stayed open for longer than the longest wait. Other work on the event loop has its turn
 * in between, so that a flood of frames does not hold up a scrape.
 */
export class CaptureSupervisor {
	private readonly options: CaptureSupervisorOptions;
	private source: LiveSource | null = null;
	/** Frames outside of this range belong to another source. */
	private range = always;
	/** Opened to take the place of the source, which is read until all of its frames from before the cut were. */
	private successor: Successor | null = null;
	/** Counts of each interface, without what the source that counts now has counted since `from`. */
	private readonly before = new Map<string, InterfaceCounts>();
	private counting: { readonly source: LiveSource; readonly from: CaptureStatistics } | null = null;
	private delayMs = reopenDelayMinMs;
	/** While the capture is closed, cancels the next retry; while it is open after a failure, cancels the end of its trial. */
	private cancel: (() => void) | null = null;
	/** Cancels the timer for the next step of a replacement. */
	private cancelReplacing: (() => void) | null = null;
	/** What was reported since the capture last worked. */
	private reportedDown = false;
	private reportedOpen = false;
	private stopped = false;
	private turnEndUs = Number.NEGATIVE_INFINITY;
	/** Cancels the next turn. */
	private cancelTurn: (() => void) | null = null;
	/** Bytes read since the buffer was last empty, and when that was. */
	private bytes = 0;
	private emptyUs = 0;

	/** Opens the capture. Throws what `open` throws: the first time must succeed. */
	constructor(options: CaptureSupervisorOptions) {
		this.options = options;
		this.startWith(options.open());
	}

	get up(): boolean {
		return this.source !== null;
	}

	/** Sums over all sources since the start, by the name of the interface. */
	counts(): ReadonlyMap<string, InterfaceCounts> {
		if (this.counting === null) return this.before;
		const { source, from } = this.counting;
		const { interfaceName } = source;
		const counts = added(this.before.get(interfaceName), source.statistics(), from);
		return new Map(this.before).set(interfaceName, counts);
	}

	/**
	 * Reads waiting frames now, without waiting for the event loop, for at most the time of a short turn. Returns false if there are
	 * more: frames that are older than now are still to come.
	 */
	catchUp(): boolean {
		return !this.readFor(turnMsMin);
	}

	/** Whether the capture is open, or waits to be reopened. */
	isAlive(): boolean {
		return this.source !== null || this.cancel !== null;
	}

	/**
	 * Replaces the capture, for a changed configuration. Throws what `open` throws; then nothing has changed. The old capture is read
	 * for frames from before a moment in the near future, the new one for those from then on; then the old one is closed, and the
	 * promise resolves. If the old capture is closed already, as its interface is gone, nothing is thrown: opening is retried.
	 */
	replace(open: () => LiveSource): Promise<void> {
		if (this.stopped) return Promise.resolve();
		this.takeOver();
		if (this.source !== null) return this.startReplacement(open());
		this.openInstead(open);
		return Promise.resolve();
	}

	stop(): void {
		this.stopped = true;
		this.cancelReplacing?.();
		this.closeSource();
		this.successor?.source.close();
		this.successor?.done();
		this.successor = null;
	}

	private startReplacement(source: LiveSource): Promise<void> {
		const from = source.statistics();
		this.settleCounts();
		this.counting = { source, from };
		const cutUs = this.options.wallUs() + clockStepUs;
		this.range = { ...this.range, toUs: cutUs };
		const { promise, resolve } = Promise.withResolvers<void>();
		this.successor = { source, cutUs, isDue: false, done: resolve };
		this.cancelReplacing?.();
		this.cancelReplacing = this.options.schedule(() => this.replacementDue(), replaceDelayMs);
		return promise;
	}

	/** The capture is closed: tries `open` at once, whatever retry was planned. */
	private openInstead(open: () => LiveSource): void {
		this.markHealthy();
		this.reportedOpen = false;
		try {
			const source = open();
			this.startWith(source);
			this.countReopening(source);
		} catch (error) {
			this.handleFailure(error);
		}
	}

	/** The kernel has handed over all frames of the old capture: once they are read, the new one takes over. */
	private replacementDue(): void {
		if (this.successor === null) return;
		this.successor.isDue = true;
		this.cancelReplacing = this.options.schedule(() => this.takeOver(), replaceDelayMaxMs);
		this.turn();
	}

	/** Closes the old capture and continues with its successor, if there is one. */
	private takeOver(): void {
		const { successor } = this;
		if (successor === null) return;
		this.successor = null;
		this.cancelReplacing?.();
		this.source?.close();
		this.markHealthy();
		this.reportedOpen = false;
		this.range = { ...always, fromUs: successor.cutUs + stampGapUs };
		// If the wall clock was set back meanwhile, all frames would be before that moment for a long time.
		this.cancelReplacing = this.options.schedule(() => {
			this.range = always;
		}, replaceDelayMaxMs);
		this.resumeWith(successor.source);
		successor.done();
	}

	private startWith(source: LiveSource): void {
		this.range = always;
		this.counting = { source, from: noStatistics };
		this.resumeWith(source);
		if (this.reportedDown) this.cancel = this.options.schedule(() => this.markHealthy(), reopenDelayMaxMs);
	}

	private resumeWith(source: LiveSource): void {
		this.source = source;
		this.wait(source);
		this.options.opened(source, !this.reportedOpen);
		this.reportedOpen = true;
	}

	/** Reads for a while, and continues in the next turn or once frames may have arrived. */
	private turn(): void {
		this.cancelTurn?.();
		this.cancelTurn = null;
		const othersMs = (this.options.monotonicUs() - this.turnEndUs) / 1_000;
		const isMore = this.readFor(Math.min(Math.max(othersMs, turnMsMin), turnMsMax));
		this.turnEndUs = this.options.monotonicUs();
		if (this.source === null) return;
		if (!isMore) this.wait(this.source);
		else {
			const next = setImmediate(() => this.turn());
			this.cancelTurn = () => clearImmediate(next);
		}
	}

	/** Everything was read: waits until a part of the buffer has filled, if frames keep arriving at the same speed. */
	private wait({ bufferBytes }: LiveSource): void {
		const nowUs = this.options.monotonicUs();
		const elapsedMs = (nowUs - this.emptyUs) / 1_000;
		const filledMs = this.bytes === 0 ? idleMsMax : (elapsedMs * bufferBytes * filledPart) / this.bytes;
		const idleMs = Math.min(Math.max(bufferBytes / floodBytesPerMs, idleMsMin), idleMsMax);
		this.bytes = 0;
		this.emptyUs = nowUs;
		this.cancelTurn?.();
		this.cancelTurn = this.options.schedule(() => this.turn(), Math.min(Math.max(filledMs, pauseMsMin), idleMs));
	}

	/** Reads until nothing is left, or for this long: then returns true. */
	private readFor(limitMs: number): boolean {
		const endUs = this.options.monotonicUs() + limitMs * 1_000;
		while (this.readOnce()) if (this.options.monotonicUs() >= endUs) return true;
		return false;
	}

	/** Reads one batch; returns whether there was one. */
	private readOnce(): boolean {
		const { source, successor } = this;
		if (source === null) return false;
		const { batch } = this.options;
		try {
			const used = source.read(batch);
			if (successor !== null && (used === 0 ? successor.isDue : stampUsAt(batch, 0) >= successor.cutUs)) {
				this.takeOver();
				return true;
			}
			if (used === 0) return false;
			this.markHealthy();
			this.bytes += used;
			this.options.consume(used, this.range);
			return true;
		} catch (error) {
			this.handleFailure(error);
			return false;
		}
	}

	/** The next failure is the first of its series. */
	private markHealthy(): void {
		if (!this.reportedDown) return;
		this.cancelRetry();
		this.reportedDown = false;
		this.delayMs = reopenDelayMinMs;
	}

	/** Closes the capture and retries later if the error is a CaptureError; throws any other. */
	private handleFailure(error: unknown): void {
		if (!(error instanceof CaptureError)) throw error;
		if (this.successor !== null) {
			this.takeOver();
			return;
		}
		this.closeSource();
		this.options.failed(error, !this.reportedDown);
		if (!this.reportedDown) this.reportedOpen = false;
		this.reportedDown = true;
		this.retry();
	}

	private retry(): void {
		if (this.stopped) return;
		this.cancel = this.options.schedule(() => this.reopen(), this.delayMs);
		this.delayMs = Math.min(this.delayMs * 2, reopenDelayMaxMs);
	}

	private reopen(): void {
		this.cancel = null;
		try {
			const source = this.options.open();
			this.startWith(source);
			this.countReopening(source);
		} catch (error) {
			if (!(error instanceof CaptureError)) throw error;
			this.retry();
		}
	}

	private cancelRetry(): void {
		this.cancel?.();
		this.cancel = null;
	}

	private closeSource(): void {
		this.cancelRetry();
		this.cancelTurn?.();
		this.cancelTurn = null;
		if (this.source === null) return;
		this.source.close();
		this.source = null;
		this.settleCounts();
	}

	/** Keeps what was counted until now; the source that counted it counts no more. */
	private settleCounts(): void {
		if (this.counting === null) return;
		const { source, from } = this.counting;
		this.counting = null;
		this.before.set(source.interfaceName, added(this.before.get(source.interfaceName), source.statistics(), from));
	}

	private countReopening({ interfaceName }: LiveSource): void {
		const counts = this.before.get(interfaceName) ?? noCounts;
		this.before.set(interfaceName, { ...counts, reopened: counts.reopened + 1 });
	}
}

function added(counts: InterfaceCounts = noCounts, now: CaptureStatistics, from: CaptureStatistics): InterfaceCounts {
	return {
		received: counts.received + now.received - from.received,
		droppedByKernel: counts.droppedByKernel + now.droppedByKernel - from.droppedByKernel,
		droppedByInterface: counts.droppedByInterface + now.droppedByInterface - from.droppedByInterface,
		reopened: counts.reopened,
	};
}
