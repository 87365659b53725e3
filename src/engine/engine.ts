/** TypeScript's face of the WebAssembly module (src/wasm). */

import { readFileSync } from "node:fs";
import modulePath from "../../.build/engine.wasm" with { type: "file" };
import { type FrameBatch, type LinkType, stampUsAt, type TimeRange } from "../capture/source.ts";
import { recordTypes, type Tunnel, wires } from "../tunnel.ts";
import { Lookalike } from "../wasm/shared/fault.ts";
import { recordHeaderBytes } from "../wasm/shared/record.ts";
import { EngineError } from "./error.ts";
import type { EngineExports } from "./exports.ts";
import { Tracker } from "./tracker.ts";

/**
 * Holds some thousand queries, so that calls between the languages cost nothing per frame; more than the largest record
 * (262,144 bytes and a header), and small enough for a second-level cache.
 */
export const batchBytes = 512 * 1024;

/** Four 32-bit words that senders of packets must not know. */
export type Seed = readonly [number, number, number, number];

export interface EngineOptions {
	readonly tunnels: readonly Tunnel[];
	/** A session is active for this long after its latest query, both ends included. */
	readonly activeWindowMs: number;
	readonly trackedMax: number;
	readonly rememberedMax: number;
	readonly labelSetsMax: number;
	readonly seed: Seed;
	readonly origins: Origins;
}

/** Numbers resolvers' origins: a label set is a domain and an origin. */
export interface Origins {
	/**
	 * Numbers below `kept` always mean the same, and labels.max-sets does not limit their label sets; those from
	 * `othersFrom` on replace origins without room. All others are less than `kept` + labelSetsMax.
	 */
	readonly othersFrom: number;
	readonly kept: number;
	/**
	 * Returns the number of an address's origin: four 32-bit words, signed, most significant first, IPv4 as IPv4-mapped
	 * IPv6.
	 */
	originOf(a: number, b: number, c: number, d: number): number;
	/** Returns the kept number that replaces an origin if there is no room for its label set. */
	otherOf(origin: number): number;
	/** From now on the numbers of unused origins may be reused: the engine does not have them any more. */
	release(isUsed: (origin: number) => boolean): void;
}

/** The observed part of a batch: the number of frames, and the earliest and latest time stamps, microseconds since 1970. */
export interface Span {
	readonly frames: number;
	readonly firstUs: number;
	readonly lastUs: number;
}

/** A tunnel that a query seems to be of. */
export interface Sighting {
	readonly lookalike: Lookalike;
	/** A number of IANA's that carries a payload. */
	readonly recordType: number;
	/** In lower case, with whatever octets the sender put into it. */
	readonly domain: string;
	readonly port: number;
	/** The interface that captured it; 0 where frames name none. */
	readonly interfaceIndex: number;
}

/** Reads the tracker at moments between frames. */
export interface Sampler {
	/** The next such moment, microseconds since 1970. */
	readonly nextUs: number;
	/** The next frame has this time stamp, at `nextUs` or later. */
	reach(stampUs: number): void;
}

const never: Sampler = { nextUs: Number.POSITIVE_INFINITY, reach() {} };

const always: TimeRange = { fromUs: Number.NEGATIVE_INFINITY, toUs: Number.POSITIVE_INFINITY };

let compiled: WebAssembly.Module | undefined;

/** Compiles the module at the first use. */
function engineModule(): WebAssembly.Module {
	compiled ??= new WebAssembly.Module(readFileSync(modulePath));
	return compiled;
}

/**
 * Decoder and tracker with memory of their own: at most 4 GiB are allocated at once, and pages are used as entries
 * come. Throws an EngineError if the allocation fails.
 */
export class Engine {
	/** The memory for the frames that observe reads. */
	readonly batch: FrameBatch;
	readonly tracker: Tracker;
	/** The instance's exports; for tests, whose module exports more. */
	readonly exports: EngineExports;

	constructor(options: EngineOptions, module: WebAssembly.Module = engineModule()) {
		const { origins } = options;
		const exports = instantiate(module, origins);
		const address = setUp(exports, options);
		const { buffer } = exports.memory;
		this.exports = exports;
		this.batch = {
			bytes: new Uint8Array(buffer, address, batchBytes),
			view: new DataView(buffer, address, batchBytes),
		};
		this.tracker = new Tracker(exports, {
			tunnels: options.tunnels,
			trackedMax: options.trackedMax,
			rememberedMax: options.rememberedMax,
			labelSetsMax: options.labelSetsMax,
			keptOrigins: origins.kept,
		});
		addTunnels(exports, options.tunnels, this.batch.bytes, address);
	}

	/** From now on frames have this link type, and servers listen on these UDP ports. */
	lookFor(linkType: LinkType, ports: readonly number[]): void {
		this.exports.setLinkType(linkType);
		for (const port of ports) this.exports.addPort(port);
	}

	/**
	 * Decodes and observes every record of the batch, each at its own time; `used` is FrameSource.read's result. Frames
	 * outside the range are skipped. The sampler is called before the first frame at or after its moment.
	 */
	observe(used: number, range: TimeRange = always, sampler: Sampler = never): Span {
		const { exports } = this;
		exports.startSpan(range.fromUs, range.toUs);
		for (let at = 0; ; ) {
			at = exports.observeBatch(at, used, sampler.nextUs);
			if (at >= used) break;
			sampler.reach(stampUsAt(this.batch, at));
		}
		return { frames: exports.spanFrames(), firstUs: exports.spanFirstUs(), lastUs: exports.spanLastUs() };
	}

	/**
	 * Calls `take` for each DNS message of the batch that has a question, whatever its domain and port: its record is [start..end),
	 * and the sighting is set for a query that carries data as a tunnel's client sends it. Counts nothing.
	 */
	findMessages(used: number, take: (start: number, end: number, sighting: Sighting | null) => void): void {
		const { exports, batch } = this;
		for (let start = exports.findMessage(0, used); start < used; ) {
			const end = start + recordHeaderBytes + batch.view.getUint32(start + 8, true);
			take(start, end, this.sighting());
			start = exports.findMessage(end, used);
		}
	}

	private sighting(): Sighting | null {
		const { exports } = this;
		const lookalike = exports.sightedLookalike();
		if (lookalike === Lookalike.None) return null;
		const octets = Buffer.from(exports.memory.buffer, exports.sightedDomain(), exports.sightedDomainOctets());
		return {
			lookalike,
			recordType: exports.sightedType(),
			domain: domainText(octets),
			port: exports.sightedPort(),
			interfaceIndex: exports.sightedInterface(),
		};
	}
}

/** A name's wire form without the closing zero, as text. */
function domainText(octets: Buffer): string {
	const labels: string[] = [];
	for (let at = 0; at < octets.length; at += 1 + (octets[at] ?? 0))
		labels.push(octets.toString("latin1", at + 1, at + 1 + (octets[at] ?? 0)));
	return labels.join(".").toLowerCase();
}

const noMemory =
	"no memory for the tables: lower session.max-tracked, session.max-remembered or labels.max-sets, or raise the limit of this process (ulimit -v; in a service LimitAS=)";

function instantiate(module: WebAssembly.Module, origins: Origins): EngineExports {
	try {
		const instance = new WebAssembly.Instance(module, {
			resolvers: { originOf: (a: number, b: number, c: number, d: number) => origins.originOf(a, b, c, d) },
			labels: {
				otherOf: (origin: number) => origins.otherOf(origin),
				releaseOrigins: () => origins.release((origin) => exports.isOriginUsed(origin) !== 0),
			},
		});
		// module.ts exports the members of this interface.
		const exports = instance.exports as unknown as EngineExports;
		return exports;
	} catch (error) {
		// Not even the module's first memory could be allocated.
		if (error instanceof RangeError) throw new EngineError(noMemory);
		throw error;
	}
}

/** Returns the address of the batch. */
function setUp(exports: EngineExports, options: EngineOptions): number {
	exports.seed(...options.seed);
	try {
		return exports.setUp(
			batchBytes,
			options.tunnels.length,
			options.labelSetsMax,
			options.origins.othersFrom,
			options.origins.kept,
			options.trackedMax,
			options.rememberedMax,
			options.activeWindowMs * 1_000,
		);
	} catch (error) {
		if (!(error instanceof WebAssembly.RuntimeError)) throw error;
		throw new EngineError(noMemory);
	}
}

/** Adds tunnels to a module: those whose domains have the most labels first, as it asks for. `room`, at `address`, is overwritten. */
export function addTunnels(
	exports: Pick<EngineExports, "addTunnel">,
	tunnels: readonly Tunnel[],
	room: Uint8Array,
	address: number,
): void {
	const suffixes = tunnels
		.map((tunnel, index) => ({ ...tunnel, index, labels: tunnel.domain.split(".") }))
		.sort((a, b) => b.labels.length - a.labels.length);
	for (const { index, wire, recordType, clientIdBytes, mtu, labels } of suffixes) {
		const octets = labels.flatMap((label) => [label.length, ...Buffer.from(label, "latin1")]);
		room.set(octets);
		exports.addTunnel(
			...([index, wires[wire], recordTypes[recordType], clientIdBytes, mtu] as const),
			...([labels.length, address, octets.length] as const),
		);
	}
}
