import type { FileSource } from "../../capture/capture-file.ts";
import type { TimeRange } from "../../capture/source.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Activity } from "./activity.ts";
import { Discovery } from "./discover.ts";

/** Reads captures one after the other into the engine, and counts what the report says of them beside the tracker's figures. */
export class Reader {
	/** Frames within the range of time. */
	packets = 0;
	/** Time stamps of the earliest and the latest of them, in microseconds. */
	firstUs = Number.POSITIVE_INFINITY;
	lastUs = 0;
	readonly discovery = new Discovery();
	/** All frames, and of them those of earlier files. */
	private frames = 0;
	private framesBefore = 0;

	constructor(
		private readonly engine: Engine,
		private readonly range: TimeRange,
		private readonly activity: Activity,
	) {}

	/** Frames outside the range of time. */
	get leftOut(): number {
		return this.frames - this.packets;
	}

	/** Reads one batch; false if there was nothing to read. */
	take(source: FileSource): boolean {
		const used = source.read(this.engine.batch);
		if (used === 0) return false;
		// As long as nothing came for the domains: what the capture holds instead is looked for.
		if (this.engine.tracker.sets.size === 0 && !this.discovery.isOver)
			this.discovery.take(this.engine.batch, used, source.linkType);
		this.frames = this.framesBefore + source.statistics().received;
		const span = this.engine.observe(used, this.range, this.activity);
		if (span.frames > 0) {
			this.firstUs = Math.min(this.firstUs, span.firstUs);
			this.lastUs = Math.max(this.lastUs, span.lastUs);
			this.packets += span.frames;
		}
		return true;
	}

	/** Ends a file: the next one counts its frames from 0 again. */
	endFile(): void {
		this.framesBefore = this.frames;
	}
}
