import { freshKey, readRecording, recordedDomain, withFreshId } from "./assets/recording.ts";
import { writeMadeFrame } from "./capture/made.ts";
import { type FrameBatch, type LinkType, linkTypes } from "./capture/source.ts";
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
/** 198.51.100.1; the resolvers are in 192.0.2.0/24 (RFC 5737). */
const server = 0xc6336401;

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
	const memory = new ArrayBuffer(sliceFrames * 2_048);
	const batch: FrameBatch = { bytes: new Uint8Array(memory), words: new Uint32Array(memory) };
	const linkHeader = linkHeaders[linkType];
	let used = 0;
	let frames = 0;
	for (let round = 1; frames < framesMax; round++) {
		const keys = new Map<number, number[]>();
		for (const { afterMs, toServer, bytes, client } of messages) {
			const key = keys.get(client) ?? freshKey();
			keys.set(client, key);
			const timeUs = startUs + round * roundUs + Math.floor(afterMs * 1_000);
			const resolver = 0xc0000200 + ((client + round) & 0xff);
			used = writeMadeFrame(batch, used, {
				linkHeader,
				timeUs,
				source: toServer ? resolver : server,
				destination: toServer ? server : resolver,
				sourcePort: toServer ? clientPort : port,
				destinationPort: toServer ? port : clientPort,
				payload: withFreshId(bytes, key),
			});
			if (++frames % sliceFrames !== 0) continue;
			observeBatch(batch, used, decoder, tracker);
			used = 0;
			await pause();
			if (isOver()) return;
		}
	}
}
