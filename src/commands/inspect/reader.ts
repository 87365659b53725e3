import type { FileSource } from "../../capture/capture-file.ts";
import type { TimeRange } from "../../capture/source.ts";
import { type Discovery, otherTunnelOf } from "../../discovery/discovery.ts";
import type { Engine } from "../../engine/engine.ts";
import type { OtherTunnel } from "../../summary/other-tunnels.ts";
import type { Activity } from "./activity.ts";

/** Reads captures one after the other into the engine, and counts what the report says of them beside the tracker's figures. */
export class Reader {
	/** Frames within the range of time. */
	packets = 0;
	/** Time stamps of the earliest and the latest of them, in microseconds. */
	firstUs = Number.POSITIVE_INFINITY;
	lastUs = 0;
	/** All frames, and of them those of earlier files. */
	private frames = 0;
	private framesBefore = 0;
	/** Something came for the domains: remembered, as each look takes all label sets. */
	private hadTraffic = false;

	constructor(
		private readonly engine: Engine,
		private readonly range: TimeRange,
		private readonly activity: Activity,
		private readonly discovery: Discovery,
	) {}

	/** Tunnels that the captures hold where nothing came for the domains. */
	get discovered(): readonly OtherTunnel[] {
		if (this.engine.tracker.hasTraffic) return [];
		return this.discovery.found().map((found) => otherTunnelOf(found, () => null));
	}

	/** Frames outside the range of time. */
	get leftOut(): number {
		return this.frames - this.packets;
	}

	/** Reads one batch; false if there was nothing to read. */
	take(source: FileSource): boolean {
		const used = source.read(this.engine.batch);
		if (used === 0) return false;
		this.hadTraffic ||= this.engine.tracker.hasTraffic;
		if (!this.hadTraffic) this.discovery.take(this.engine, used, source.linkType, this.range);
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
