import { freshKey, readRecording, recordedDomain, withFreshId } from "./assets/recording.ts";
import { type FrameBatch, type LinkType, linkTypes, recordHeaderBytes } from "./capture/source.ts";
import { Decoder } from "./decode/decoder.ts";
import { observeBatch } from "./pipeline.ts";
import { Tracker } from "./track/tracker.ts";

/**
 * Frames until the compiler has done with the way of a packet. Cold code takes ten times as long, and a flood in the
 * first second would fill the capture buffer before it is warm.
 */
const framesMax = 40_000;
/** So many at a time, some milliseconds at first, with a turn for everyone else in between. */
const sliceFrames = 256;
/** Times are as large as real ones: the compiler tells numbers apart by what fits in 32 bits. */
const startUs = 1_700_000_000_000_000;
/** Between two rounds, so that the sessions of one end in the next. */
const roundUs = 40_000_000;

const port = 53;
const clientPort = 40_000;

/** Link headers in front of an IPv4 packet, by link type; the one of Ethernet has no addresses. */
const linkHeaders: Readonly<Record<LinkType, readonly number[]>> = {
	[linkTypes.NULL]: [2, 0, 0, 0],
	[linkTypes.LOOP]: [0, 0, 0, 2],
	[linkTypes.EN10MB]: [...Array<number>(12).fill(0), 0x08, 0x00],
	[linkTypes.LINUX_SLL]: [...Array<number>(14).fill(0), 0x08, 0x00],
	[linkTypes.LINUX_SLL2]: [0x08, 0x00, ...Array<number>(18).fill(0)],
	[linkTypes.RAW]: [],
	[linkTypes.IPV4]: [],
	[linkTypes.IPV6]: [],
};

/**
 * Sends the recorded traffic through a decoder and a tracker of its own, which are dropped, so that the compiler has
 * seen to all that frames of this link type come by. `pause` is awaited between slices, and `isOver` ends it early.
 */
export async function warmUp(linkType: LinkType, pause: () => Promise<void>, isOver: () => boolean): Promise<void> {
	const messages = await readRecording();
	const decoder = new Decoder({ linkType, domains: [recordedDomain], ports: [port] });
	const tracker = new Tracker({
		domains: 1,
		activeWindowMs: 30_000,
		trackedMax: 1_000,
		rememberedMax: 1_000,
		labelSetsMax: 16,
		seed: [1, 2, 3, 4],
		originOf: (_a, _b, _c, d) => d & 7,
		otherOrigin: 1,
	});
	const slice = new Slice(linkHeaders[linkType]);
	let frames = 0;
	for (let round = 1; frames < framesMax; round++) {
		const keys = new Map<number, number[]>();
		for (const { afterMs, toServer, bytes, client } of messages) {
			const key = keys.get(client) ?? freshKey();
			keys.set(client, key);
			const timeUs = startUs + round * roundUs + Math.floor(afterMs * 1_000);
			slice.add(withFreshId(bytes, key), toServer, client + round, timeUs);
			if (++frames % sliceFrames !== 0) continue;
			observeBatch(slice.batch, slice.used, decoder, tracker);
			slice.used = 0;
			await pause();
			if (isOver()) return;
		}
	}
}

/** A batch that is filled frame by frame. */
class Slice {
	readonly batch: FrameBatch;
	used = 0;
	private readonly view: DataView;
	private readonly linkHeader: readonly number[];

	constructor(linkHeader: readonly number[]) {
		const memory = new ArrayBuffer(sliceFrames * 2_048);
		this.batch = { bytes: new Uint8Array(memory), words: new Uint32Array(memory) };
		this.view = new DataView(memory);
		this.linkHeader = linkHeader;
	}

	/** Adds a message in an IPv4 packet (RFC 791, 768), to or from the address 192.0.2.`host`. */
	add(message: Uint8Array, toServer: boolean, host: number, timeUs: number): void {
		const { view, linkHeader } = this;
		const { bytes } = this.batch;
		const packetBytes = 28 + message.length;
		const frame = this.used + recordHeaderBytes;
		const packet = frame + linkHeader.length;
		view.setUint32(this.used, Math.floor(timeUs / 1e6), true);
		view.setUint32(this.used + 4, (timeUs % 1e6) * 1_000, true);
		view.setUint32(this.used + 8, linkHeader.length + packetBytes, true);
		view.setUint32(this.used + 12, linkHeader.length + packetBytes, true);
		bytes.set(linkHeader, frame);
		bytes.fill(0, packet, packet + 28);
		view.setUint16(packet, 0x4500);
		view.setUint16(packet + 2, packetBytes);
		view.setUint16(packet + 8, 0x4011);
		view.setUint32(packet + (toServer ? 12 : 16), 0xc0000200 + (host & 0xff));
		view.setUint16(packet + 20, toServer ? clientPort : port);
		view.setUint16(packet + 22, toServer ? port : clientPort);
		view.setUint16(packet + 24, 8 + message.length);
		bytes.set(message, packet + 28);
		this.used = (packet + packetBytes + 3) & ~3;
	}
}
