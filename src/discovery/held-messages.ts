import type { FrameBatch, LinkType } from "../capture/source.ts";
import type { Engine, MessageRecord } from "../engine/engine.ts";

type Extent = Pick<MessageRecord, "start" | "end">;

/** Frames that are kept to be read again, up to a number of bytes. */
export class HeldMessages {
	private pieces: { readonly linkType: LinkType; readonly bytes: Uint8Array }[] = [];
	private bytes = 0;

	constructor(private readonly bytesMax: number) {}

	get isFull(): boolean {
		return this.bytes >= this.bytesMax;
	}

	/** Keeps copies of these records of a batch. The last ones may exceed the bound by less than a batch. */
	add(batch: FrameBatch, records: readonly Extent[], linkType: LinkType): void {
		const length = records.reduce((sum, { start, end }) => sum + end - start, 0);
		if (length === 0) return;
		const bytes = new Uint8Array(length);
		let at = 0;
		for (const { start, end } of records) {
			bytes.set(batch.bytes.subarray(start, end), at);
			at += end - start;
		}
		this.pieces.push({ linkType, bytes });
		this.bytes += length;
	}

	/** Lets an engine observe all frames in their order, as those of servers on these ports. */
	replay(engine: Engine, ports: readonly number[]): void {
		for (const { linkType, bytes } of this.pieces) {
			engine.lookFor(linkType, ports);
			engine.batch.bytes.set(bytes);
			engine.observe(bytes.length);
		}
	}

	clear(): void {
		this.pieces = [];
		this.bytes = 0;
	}
}
