import { freshKey, readRecording, recordedDomain, withFreshId } from "./assets/recording.ts";
import { writeMadeFrame } from "./capture/made.ts";
import { LinkType } from "./capture/source.ts";
import { Engine } from "./engine/engine.ts";
import type { Tracker } from "./engine/tracker.ts";

/**
 * Frames until the compiler has done with the way of a packet. Cold code takes ten times as long, and a flood in the
 * first second would fill the capture buffer before it is warm.
 */
const framesMax = 40_000;
/** So many at a time, some milliseconds at first, with a turn for everyone else in between. */
const sliceFrames = 256;
/** Times are as large as real ones. */
const startUs = 1_700_000_000_000_000;
/** Between two rounds, so that the sessions of one end in the next. */
const roundUs = 40_000_000;

const port = 53;
const clientPort = 40_000;
/** 198.51.100.1; the resolvers are in 192.0.2.0/24 (RFC 5737). */
const server = 0xc6336401;

/** Link headers in front of an IPv4 packet, by link type; the one of Ethernet has no addresses. */
const linkHeaders: Readonly<Record<LinkType, readonly number[]>> = {
	[LinkType.NULL]: [2, 0, 0, 0],
	[LinkType.LOOP]: [0, 0, 0, 2],
	[LinkType.EN10MB]: [...Array<number>(12).fill(0), 0x08, 0x00],
	[LinkType.LINUX_SLL]: [...Array<number>(14).fill(0), 0x08, 0x00],
	[LinkType.LINUX_SLL2]: [0x08, 0x00, ...Array<number>(18).fill(0)],
	[LinkType.RAW]: [],
	[LinkType.IPV4]: [],
	[LinkType.IPV6]: [],
};

/**
 * Sends the recorded traffic through a decoder and a tracker of its own, so that the compiler has seen to all that frames
 * of this link type come by. `pause` is awaited between slices, and `isOver` ends it early. Gives the tracker, which says
 * what the frames came to, to be dropped.
 */
export async function warmUp(linkType: LinkType, pause: () => Promise<void>, isOver: () => boolean): Promise<Tracker> {
	const messages = await readRecording();
	const engine = new Engine({
		domains: [recordedDomain],
		activeWindowMs: 30_000,
		trackedMax: 1_000,
		rememberedMax: 1_000,
		labelSetsMax: 16,
		seed: [1, 2, 3, 4],
		originOf: (_a, _b, _c, d) => d & 7,
		otherOrigin: 1,
	});
	engine.lookFor(linkType, [port]);
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
			used = writeMadeFrame(engine.batch, used, {
				linkHeader,
				timeUs,
				source: toServer ? resolver : server,
				destination: toServer ? server : resolver,
				sourcePort: toServer ? clientPort : port,
				destinationPort: toServer ? port : clientPort,
				payload: withFreshId(bytes, key),
			});
			if (++frames % sliceFrames !== 0) continue;
			engine.observe(used);
			used = 0;
			await pause();
			if (isOver()) return engine.tracker;
		}
	}
	return engine.tracker;
}
