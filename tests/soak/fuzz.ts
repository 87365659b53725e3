/**
 * Mutated frames through decoder and tracker, in a process of its own, so that a crash or a loop ends nothing else:
 * `bun fuzz.ts SEED SECONDS`. Every frame is decoded in two places that differ in all bytes but its own, by two decoders; they must agree.
 * What it comes to is observed at a time that now and then jumps, and the tracker's sums must hold. Prints how many frames there were.
 */
import { LinkType } from "../../src/capture/source.ts";
import { refusalNames } from "../../src/engine/reasons.ts";
import type { Tracker } from "../../src/engine/tracker.ts";
import type { Tunnel } from "../../src/tunnel.ts";
import { Outcome, Unrelated } from "../../src/wasm/shared/fault.ts";
import { ethernetFrame, takeApart, toIpv6, udpPacket } from "../support/frames.ts";
import { seededRandom } from "../support/messages.ts";
import { concatBytes, readPcapFile } from "../support/pcapfile.ts";
import { ended, spawnChild } from "../support/process.ts";
import { fragmentPacket } from "../support/wire-forms.ts";
import { type Decoder, decoderOf, digestOf, domain } from "../wasm/decode/decoding.ts";
import { begin, second, trackerOf } from "../wasm/track/observing.ts";
import type { Checks } from "./checks.ts";

/** A process that takes so much longer than it was to is in a loop. */
const lateSeconds = 30;
const progressEvery = 5_000;
const frameAt = 64;
const frameBytesMax = 0x1_0000;
const labelSetsMax = 30;
/** Small, so that tables are full all the time. */
const bounds = {
	...{ domains: 1, trackedMax: 500, rememberedMax: 500, labelSetsMax, activeWindowMs: 5_000 },
	origins: {
		...{ othersFrom: 1, kept: 2, otherOf: () => 1, release() {} },
		/** All numbers that there may be: with those that are kept more than there may be sets. */
		originOf: (_a: number, _b: number, _c: number, d: number) => (d >>> 0) % (labelSetsMax + 2),
	},
};

export interface FuzzCounts {
	/** The messages of joined frames each. */
	frames: number;
	/** Frames of several messages. */
	joined: number;
	queries: number;
	responses: number;
	refused: number;
	unrelated: number;
	/** Of the unrelated ones, those that go the wrong way, or are responses of no tunnel's query. */
	stray: number;
	faults: number;
}

export async function fuzzPart(options: {
	readonly seed: number;
	readonly seconds: number;
	readonly checks: Checks;
}): Promise<void> {
	const { seed, seconds, checks } = options;
	console.log(`fuzz: seed ${seed}, ${seconds} s`);
	const child = spawnChild([process.execPath, import.meta.path, String(seed), String(seconds)]);
	const timer = setTimeout(() => child.kill("SIGKILL"), (seconds + lateSeconds) * 1_000);
	const { code, stdout, stderr } = await ended(child);
	clearTimeout(timer);
	const figures = code === 0 ? stdout.trim() : `exit code ${code}; ${stdout.trim()} ${stderr.trim().slice(0, 2_000)}`;
	checks.that(`mutated frames of seed ${seed} are outcomes, and the tracker's sums hold`, code === 0, figures);
	if (code !== 0) return;
	const counts: FuzzCounts = JSON.parse(stdout);
	// Mutations that all end at the first header test nothing.
	const least = counts.frames / 100;
	checks.that(`mutations of seed ${seed} hold joined messages`, counts.joined > least, stdout.trim());
	const kinds = [counts.queries, counts.responses, counts.faults, counts.refused];
	checks.that(`mutations of seed ${seed} reach every outcome`, Math.min(...kinds) > least, stdout.trim());
}

interface Original {
	readonly tunnel: Tunnel;
	readonly linkType: LinkType;
	readonly linkBytes: number;
	readonly bytes: Uint8Array;
}

async function originals(): Promise<Original[]> {
	const all: Original[] = [];
	const dnstt: Tunnel = { domain, wire: "dnstt", recordType: "txt", clientIdBytes: 8, mtu: 512 };
	const vaydns = (["a", "cname", "srv", "txt"] as const).map(
		(recordType) => [`vaydns/${recordType}`, { ...dnstt, wire: "vaydns", recordType, clientIdBytes: 2 }] as const,
	);
	const files: (readonly [name: string, tunnel: Tunnel])[] = [
		...["direct-ipv4", "unbound-0x20-ipv4", "any-sll2-ipv4", "bent-queries"].map((name) => [name, dnstt] as const),
		...vaydns,
	];
	for (const [name, tunnel] of files) {
		const path = new URL(`../captures/${name}.pcap`, import.meta.url).pathname;
		const { linkType, records } = await readPcapFile(path);
		const linkBytes = linkType === LinkType.EN10MB ? 14 : linkType === LinkType.LINUX_SLL2 ? 20 : 0;
		for (const { bytes } of records) all.push({ tunnel, linkType: linkType as LinkType, linkBytes, bytes });
		// The bent queries are too many, and not all of them are whole.
		if (name !== "bent-queries")
			all.push(...records.flatMap(({ bytes }) => changedOnTheWay(bytes.subarray(linkBytes), tunnel)));
	}
	return all;
}

/** A packet as the kernel joins it with two like it, and its first fragment, over IPv4 and IPv6. */
function changedOnTheWay(packet: Uint8Array, tunnel: Tunnel): Original[] {
	const datagram = takeApart(packet);
	const { payload } = datagram;
	const joined = udpPacket({ ...datagram, payload: concatBytes([payload, payload, payload]) });
	const [fragment] = fragmentPacket(packet, payload.length - 16);
	return [joined, toIpv6(joined), fragment, fragmentPacket(toIpv6(packet), payload.length - 16)[0]].map((changed) => ({
		...{ tunnel, linkType: LinkType.EN10MB, linkBytes: 14 },
		bytes: ethernetFrame(changed),
	}));
}

const edges = [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xdf, 0xe0, 0xff];

/** Changes frames by one random source: bits, bytes, cuts, insertions and pieces of other frames. */
class Mutator {
	private readonly all: readonly Original[];
	private readonly random: () => number;

	constructor(all: readonly Original[], random: () => number) {
		this.all = all;
		this.random = random;
	}

	below(limit: number): number {
		return Math.floor(this.random() * limit);
	}

	next(): Original {
		const original = this.all[this.below(this.all.length)] as Original;
		let { bytes } = original;
		bytes = bytes.slice();
		const { linkBytes, linkType, tunnel } = original;
		for (let changes = this.below(4); changes > 0; changes--) bytes = this.change(bytes, linkBytes);
		// Else every change of the length ends at the IP header.
		if (this.below(4) !== 0) fitLengths(bytes, linkBytes);
		return { tunnel, linkType, linkBytes, bytes };
	}

	private change(bytes: Uint8Array, linkBytes: number): Uint8Array {
		// Most of it behind the UDP header, where the format is.
		const first = this.below(4) === 0 ? 0 : Math.min(linkBytes + 28, bytes.length);
		const at = first + this.below(bytes.length - first);
		switch (this.below(6)) {
			case 0:
			case 1:
				if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << this.below(8));
				return bytes;
			case 2:
				if (at < bytes.length) bytes[at] = edges[this.below(edges.length)] as number;
				return bytes;
			case 3:
				return bytes.subarray(0, at);
			case 4: {
				const inserted = Uint8Array.from({ length: 1 + this.below(40) }, () => this.below(256));
				return concatBytes([bytes.subarray(0, at), inserted, bytes.subarray(at)]);
			}
			default: {
				const other = (this.all[this.below(this.all.length)] as Original).bytes;
				const from = this.below(other.length);
				const piece = other.subarray(from, from + 1 + this.below(200));
				return concatBytes([bytes.subarray(0, at), piece, bytes.subarray(at + this.below(2) * piece.length)]);
			}
		}
	}
}

/** Has the lengths of the IPv4 and the UDP header say what there is. */
function fitLengths(bytes: Uint8Array, linkBytes: number): void {
	const length = bytes.length - linkBytes;
	if (length < 28 || ((bytes[linkBytes] as number) & 0xf0) !== 0x40) return;
	const headerBytes = ((bytes[linkBytes] as number) & 15) * 4;
	const view = new DataView(bytes.buffer, bytes.byteOffset + linkBytes, length);
	view.setUint16(2, length);
	if (headerBytes + 8 <= length) view.setUint16(headerBytes + 4, length - headerBytes);
}

/** Throws with the sum that does not hold. */
function prove(tracker: Tracker, counts: FuzzCounts): void {
	const { tables, sets } = tracker;
	const { sessions, remembered } = tables;
	const same: [what: string, one: number, other: number][] = [
		["sessions active and tracked", tracker.active.sum, sessions.size],
		["sessions active by domain", tracker.activeByDomain.sum, sessions.size],
		[
			"sessions begun and kept or evicted",
			tracker.sessionsBegun.sum,
			sessions.size + remembered.size + remembered.evicted,
		],
		[
			"packets seen twice, stray, and not",
			counts.queries,
			tracker.queries.sum + duplicatesOf(tracker, counts) + strayOf(tracker, counts),
		],
	];
	for (const [what, one, other] of same) if (one !== other) throw new Error(`${what}: ${one} and ${other}`);
	for (const [name, table] of Object.entries(tables))
		if (table.size > table.limit) throw new Error(`table ${name} has ${table.size} entries of ${table.limit}`);
	if (sets.size > sets.sizeMax) throw new Error(`${sets.size} label sets of ${sets.sizeMax}`);
	for (let set = 0; set < sets.size; set++) {
		const [peak, now] = [tracker.peak.at(set), tracker.active.at(set)];
		if (peak < now) throw new Error(`peak ${peak} under active ${now}`);
	}
}

/** Queries among the copies: what was neither a response nor refused. */
function duplicatesOf(tracker: Tracker, counts: FuzzCounts): number {
	let responses = tracker.unmatched.at(0);
	for (let rcode = 0; rcode < 16; rcode++) responses += tracker.responsesOf(0, rcode);
	let refused = 0;
	for (const reason of Object.keys(refusalNames)) refused += tracker.refusalsOf(0, Number(reason));
	return tracker.duplicates - (counts.responses - responses) - (counts.refused - refused);
}

/** Queries that leave this host, refused ones too, and responses to these and to refused ones: they are unrelated for the tracker alone. */
function strayOf(tracker: Tracker, counts: FuzzCounts): number {
	return tracker.unrelatedOf(Unrelated.Direction) + tracker.unrelatedOf(Unrelated.Response) - counts.stray;
}

/** A decoder, and the byte that all of its memory is filled with but for the frame. */
interface Place {
	readonly decoder: Decoder;
	readonly around: number;
}

function placeOf(linkType: LinkType, tunnel: Tunnel, around: number): Place {
	const decoder = decoderOf({ linkType, tunnels: [tunnel] });
	decoder.room.fill(around);
	return { decoder, around };
}

/** Decodes the messages of a frame, one after the other. */
function* decodeIn({ decoder, around }: Place, frame: Uint8Array): Generator<Outcome, void> {
	const { exports, room, start } = decoder;
	const end = frameAt + frame.length;
	room.set(frame, frameAt);
	yield exports.decode(start + frameAt, start + end);
	while (exports.hasNext()) yield exports.decodeNext();
	room.fill(around, frameAt, end);
}

async function fuzz(seed: number, seconds: number): Promise<FuzzCounts> {
	const mutator = new Mutator(await originals(), seededRandom(seed));
	const tracker = trackerOf(bounds);
	const counts: FuzzCounts = {
		frames: 0,
		queries: 0,
		responses: 0,
		refused: 0,
		unrelated: 0,
		stray: 0,
		faults: 0,
		joined: 0,
	};
	const places = new Map<string, { readonly one: Place; readonly other: Place }>();
	const placesOf = (linkType: LinkType, tunnel: Tunnel) => {
		const key = `${linkType} ${tunnel.wire} ${tunnel.recordType}`;
		const known = places.get(key);
		const place = known ?? { one: placeOf(linkType, tunnel, 0), other: placeOf(linkType, tunnel, 0xc1) };
		places.set(key, place);
		return place;
	};
	let stampUs = begin;
	const endMs = performance.now() + seconds * 1_000;
	while (performance.now() < endMs) {
		for (let index = 0; index < progressEvery; index++) {
			const { linkType, tunnel, bytes } = mutator.next();
			const frame = bytes.subarray(0, frameBytesMax);
			const { one, other } = placesOf(linkType, tunnel);
			try {
				stampUs += mutator.below(20_000) === 0 ? jumpUs(mutator) : mutator.below(2_000);
				const others = decodeIn(other, frame);
				let messages = 0;
				for (const outcome of decodeIn(one, frame)) {
					const { value: second } = others.next();
					const digest = digestOf(outcome, one.decoder.observation);
					if (outcome !== second || digest !== digestOf(second, other.decoder.observation))
						throw new Error("a decode looked outside its frame");
					count(counts, outcome);
					const { unrelated } = one.decoder.observation;
					const isStray = unrelated === Unrelated.Direction || unrelated === Unrelated.Response;
					if (outcome === Outcome.Unrelated && isStray) counts.stray++;
					tracker.observe(outcome, one.decoder.observation, stampUs);
					messages++;
				}
				if (others.next().done !== true) throw new Error("two decodes found another number of messages");
				if (messages > 1) counts.joined++;
			} catch (error) {
				throw new Error(`frame ${counts.frames}: ${Buffer.from(frame).toString("hex")}`, { cause: error });
			}
		}
		prove(tracker, counts);
	}
	return counts;
}

/** Up to an hour, either way. */
function jumpUs(mutator: Mutator): number {
	return mutator.below(7_200 * second) - 3_600 * second;
}

function count(counts: FuzzCounts, outcome: Outcome): void {
	counts.frames++;
	if (outcome === Outcome.Query) counts.queries++;
	else if (outcome === Outcome.Response) counts.responses++;
	else if (outcome === Outcome.Refused) counts.refused++;
	else if (outcome === Outcome.Unrelated) counts.unrelated++;
	else if (outcome === Outcome.Fault) counts.faults++;
	else throw new Error(`no outcome: ${outcome}`);
}

if (import.meta.main) {
	const [seed, seconds] = process.argv.slice(2).map(Number);
	console.log(JSON.stringify(await fuzz(seed ?? 0, seconds ?? 0)));
}
