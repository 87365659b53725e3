import type { FrameBatch, LinkType } from "../capture/source.ts";
import { batchBytes, type Engine } from "../engine/engine.ts";

/** Records of frames that are kept to be read again, up to a number of bytes. */
export class HeldMessages {
	/** Room for all, of which pages are used as records come; the last batch may exceed the bound. */
	private readonly bytes: Uint8Array;
	private used = 0;
	/** Where the records end that are replayed as one batch, which are of one link type. */
	private pieces: { readonly linkType: LinkType; readonly end: number }[] = [];

	constructor(private readonly bytesMax: number) {
		this.bytes = new Uint8Array(bytesMax + batchBytes);
	}

	get isFull(): boolean {
		return this.used >= this.bytesMax;
	}

	/** Keeps the records [start..end) of a batch; endBatch must be called before those of another. */
	add(batch: FrameBatch, start: number, end: number): void {
		this.bytes.set(batch.bytes.subarray(start, end), this.used);
		this.used += end - start;
	}

	/** What was added since the last call is of this link type. */
	endBatch(linkType: LinkType): void {
		const last = this.pieces.at(-1);
		if (this.used === (last?.end ?? 0)) return;
		const fitsLast = last?.linkType === linkType && this.used - (this.pieces.at(-2)?.end ?? 0) <= batchBytes;
		if (fitsLast) this.pieces.pop();
		this.pieces.push({ linkType, end: this.used });
	}

	/** Lets an engine observe all frames in their order, as those of servers on these ports. */
	replay(engine: Engine, ports: readonly number[]): void {
		let start = 0;
		for (const { linkType, end } of this.pieces) {
			engine.lookFor(linkType, ports);
			engine.batch.bytes.set(this.bytes.subarray(start, end));
			engine.observe(end - start);
			start = end;
		}
	}

	clear(): void {
		this.used = 0;
		this.pieces = [];
	}
}
