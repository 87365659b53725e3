import { blockTimeoutMs, type LiveSource } from "./live.ts";
import { CaptureError, type CaptureStatistics, type FrameBatch, stampUsAt, type TimeRange } from "./source.ts";

/** Waits before the capture is opened again: twice as long after each failure, up to the longest. */
export const reopenDelayMinMs = 100;
export const reopenDelayMaxMs = 5_000;

/**
 * Reading takes as long in one turn of the event loop as the others took since the turn before, within these bounds: it keeps up
 * with a flood while a large scrape is written, and delays nobody for longer.
 */
export const turnMsMin = 5;
export const turnMsMax = 50;

/**
 * An idle capture is read so often that what a flood brings before it is noticed fits into the buffer, at the speed of a fast line and
 * about as fast as can be read at all: a dozen times a second with the default buffer.
 */
const floodBytesPerMs = 200_000;
const idleMsMin = 5;
export const idleMsMax = 90;
/** While frames come they take this part of the buffer between two reads; what the kernel writes beside them is as much again. */
const filledPart = 1 / 8;
const pauseMsMin = 1;

/** By then the kernel has handed over the block with the latest frame that the old one of two captures has to give. */
export const replaceDelayMs = blockTimeoutMs + 50;
/** The old capture is closed after this time, whatever it still holds; and stamps of so long ago decide nothing any more. */
export const replaceDelayMaxMs = 2_000;
/** The wall clock is read in milliseconds: its next one begins within this time. */
const clockStepUs = 1_000;
/** Two captures do not stamp one frame at the same instant. Frames of this time are left out, so that none counts twice. */
const stampGapUs = 100;

/** Of one interface, since the start. */
export interface InterfaceCounts extends CaptureStatistics {
	/** Times that it was opened again after it broke. */
	readonly reopened: number;
}

export const noCounts: InterfaceCounts = { received: 0, droppedByKernel: 0, droppedByInterface: 0, reopened: 0 };
const noStatistics: CaptureStatistics = noCounts;

const always: TimeRange = { fromUs: Number.NEGATIVE_INFINITY, toUs: Number.POSITIVE_INFINITY };

export interface CaptureSupervisorOptions {
	/** Opens the capture; throws a CaptureError. */
	readonly open: () => LiveSource;
	/** The capture was opened, for the first time or again: frames of this source come next. `isFirst` as for `broke`. */
	readonly opened: (source: LiveSource, isFirst: boolean) => void;
	/** Where frames are put. A small one keeps turns short. */
	readonly batch: FrameBatch;
	/** Takes those frames of the batch (what `read` gave) that are in the range. */
	readonly consume: (used: number, range: TimeRange) => void;
	/**
	 * The capture broke, or could not be opened again (told once a break). `isFirst` is false where this was told already since
	 * the capture last worked for a while: it breaks again and again.
	 */
	readonly failed: (fault: CaptureError, isFirst: boolean) => void;
	/** Runs `work` after `delayMs`; gives the function that takes that back. */
	readonly schedule: (work: () => void, delayMs: number) => () => void;
	/** Microseconds: the wall clock, which stamps frames, and one that nobody sets. */
	readonly wallUs: () => number;
	readonly monotonicUs: () => number;
}

interface Successor {
	readonly source: LiveSource;
	readonly cutUs: number;
	/** The source has handed over all from before the cut. */
	isDue: boolean;
	/** The successor is the source, or everything was stopped. */
	readonly done: () => void;
}

/**
 * A live capture that outlives its interface: when reading fails, it is closed and opened again, at once and then with
 * growing waits, until it works: until it gave frames, or stayed open for longer than the longest wait. Whoever else waits for the
 * event loop has its turn, so that a flood of frames does not keep a scrape out.
 */
export class CaptureSupervisor {
	private readonly options: CaptureSupervisorOptions;
	private source: LiveSource | null = null;
	/** Frames outside of it are another source's. */
	private range = always;
	/** Opened in place of the source, which is read until it has given all from before the cut. */
	private successor: Successor | null = null;
	/** Counts of each interface without those of the source that counts now, which are added to what it counted at `from`. */
	private readonly before = new Map<string, InterfaceCounts>();
	private counting: { readonly source: LiveSource; readonly from: CaptureStatistics } | null = null;
	private delayMs = reopenDelayMinMs;
	/** While the capture is closed, takes back the next try; while it is open after a break, the end of its trial. */
	private cancel: (() => void) | null = null;
	/** Takes back what waits for the end of a replacement. */
	private cancelReplacing: (() => void) | null = null;
	/** What was told since the capture last worked. */
	private reportedDown = false;
	private reportedOpen = false;
	private stopped = false;
	private turnEndUs = Number.NEGATIVE_INFINITY;
	/** Takes back the next turn, while it waits for frames. */
	private cancelTurn: (() => void) | null = null;
	/** Bytes read since everything was read, at that time. */
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

	/** Sums over all sources since the start, by the interface's name. */
	counts(): ReadonlyMap<string, InterfaceCounts> {
		if (this.counting === null) return this.before;
		const { source, from } = this.counting;
		const { interfaceName } = source;
		const counts = added(this.before.get(interfaceName), source.statistics(), from);
		return new Map(this.before).set(interfaceName, counts);
	}

	/**
	 * Reads what there is, now instead of when the event loop comes to it, for a turn's time. False if there is more: then frames
	 * have still to come that are older than now.
	 */
	catchUp(): boolean {
		return !this.readFor(turnMsMin);
	}

	/** Whether the capture works, or waits to be opened again. */
	isAlive(): boolean {
		return this.source !== null || this.cancel !== null;
	}

	/**
	 * Opens another capture in place of this one, for a changed configuration. Throws what `open` throws: then nothing has changed.
	 * This one gives all frames from before a moment just ahead, the other one those from then on; then this one is closed. A
	 * capture that is closed already, as its interface went, has nothing to lose: then the other one is waited for, if need be.
	 * The promise is kept when this one is closed.
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

	/** The capture is closed: whatever it waits for, `open` is tried now. */
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

	/** The old capture has handed over all of its frames: once they are read, the other one takes over. */
	private replacementDue(): void {
		if (this.successor === null) return;
		this.successor.isDue = true;
		this.cancelReplacing = this.options.schedule(() => this.takeOver(), replaceDelayMaxMs);
		this.turn();
	}

	/** Closes the old capture and goes on with the one that was opened in its place, if there is one. */
	private takeOver(): void {
		const { successor } = this;
		if (successor === null) return;
		this.successor = null;
		this.cancelReplacing?.();
		this.source?.close();
		this.markHealthy();
		this.reportedOpen = false;
		this.range = { ...always, fromUs: successor.cutUs + stampGapUs };
		// If the wall clock was set meanwhile, nothing would be later for a long time.
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

	/** Reads for a while, and goes on in the next turn or when frames may have come. */
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

	/** Everything was read: waits until a part of the buffer is filled, at the speed that frames came with until now. */
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

	/** Reads until there is nothing more, or for so long: then true. */
	private readFor(limitMs: number): boolean {
		const endUs = this.options.monotonicUs() + limitMs * 1_000;
		while (this.readOnce()) if (this.options.monotonicUs() >= endUs) return true;
		return false;
	}

	/** Takes one batch; true if there was one. */
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

	/** The next break is the first of its series. */
	private markHealthy(): void {
		if (!this.reportedDown) return;
		this.cancelRetry();
		this.reportedDown = false;
		this.delayMs = reopenDelayMinMs;
	}

	/** Closes the capture for a fault of it, and tries it again later; throws any other. */
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

	/** What was counted until now is kept; the source that did counts no more. */
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
