/** The way of a packet (src/wasm), which is WebAssembly, and its face for everyone else. */

import { readFileSync } from "node:fs";
import modulePath from "../../.build/engine.wasm" with { type: "file" };
import { type FrameBatch, type LinkType, stampUsAt, type TimeRange } from "../capture/source.ts";
import { EngineError } from "./error.ts";
import type { EngineExports } from "./exports.ts";
import { Tracker } from "./tracker.ts";

/**
 * Room for some thousand queries, so that a call across a border costs nothing a frame; more than the largest record
 * (262,144 bytes and a header), and small enough to stay in a second-level cache while it is decoded.
 */
export const batchBytes = 512 * 1024;

/** Four 32-bit words; unknown to whoever sends packets. */
export type Seed = readonly [number, number, number, number];

export interface EngineOptions {
	/** The tunnels' domains: presentation form, ASCII, no dot at the end, not the root. */
	readonly domains: readonly string[];
	/** Bytes that a resolver must take, as dnstt-server's -mtu: smaller EDNS payload sizes are refused. */
	readonly mtu: number;
	/** A session is active for this long after its latest query, both ends included. */
	readonly activeWindowMs: number;
	readonly trackedMax: number;
	readonly rememberedMax: number;
	readonly labelSetsMax: number;
	/** Random, one a process. */
	readonly seed: Seed;
	readonly origins: Origins;
}

/** The numbers of resolvers' origins: what label sets have beside the domain. */
export interface Origins {
	/**
	 * Numbers below `kept` always mean the same, and labels.max-sets does not limit their label sets; of those, the ones from
	 * `othersFrom` on stand for origins that have no room. All others are less than `kept` + labelSetsMax.
	 */
	readonly othersFrom: number;
	readonly kept: number;
	/** The number of an address's origin: four 32-bit words, signed, most significant first, IPv4 as IPv4-mapped IPv6. */
	originOf(a: number, b: number, c: number, d: number): number;
	/** The kept number that stands for an origin when there is no room for its label set. */
	otherOf(origin: number): number;
	/** Numbers of origins that are not used may be given to others from now on: nothing in the engine has them any more. */
	release(isUsed: (origin: number) => boolean): void;
}

/** What of a batch was observed: how many frames, and the earliest time stamp and the latest, microseconds since 1970. */
export interface Span {
	readonly frames: number;
	readonly firstUs: number;
	readonly lastUs: number;
}

/** Looks at the tracker at moments between frames. */
export interface Sampler {
	/** The next such moment, microseconds since 1970. */
	readonly nextUs: number;
	/** The frame that comes next has this time stamp, at `nextUs` or later. */
	reach(stampUs: number): void;
}

const never: Sampler = { nextUs: Number.POSITIVE_INFINITY, reach() {} };

const always: TimeRange = { fromUs: Number.NEGATIVE_INFINITY, toUs: Number.POSITIVE_INFINITY };

let compiled: WebAssembly.Module | undefined;

/** The module, compiled at the first use. */
function engineModule(): WebAssembly.Module {
	compiled ??= new WebAssembly.Module(readFileSync(modulePath));
	return compiled;
}

/**
 * Decoder and tracker, with memory of their own: it is taken at once, at most 4 GiB, and used as entries come. Throws an
 * EngineError if there is none.
 */
export class Engine {
	/** Where frames are to be put for observe. */
	readonly batch: FrameBatch;
	readonly tracker: Tracker;
	/** What the instance exports; for tests, whose module exports more. */
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
			domains: options.domains.length,
			trackedMax: options.trackedMax,
			rememberedMax: options.rememberedMax,
			labelSetsMax: options.labelSetsMax,
			keptOrigins: origins.kept,
			mtu: options.mtu,
		});
		exports.setMtu(options.mtu);
		for (const { index, labels, octets } of suffixesOf(options.domains)) {
			this.batch.bytes.set(octets);
			exports.addDomain(index, labels, address, octets.length);
		}
	}

	/** Frames have this link type from now on, and servers listen on these UDP ports. */
	lookFor(linkType: LinkType, ports: readonly number[]): void {
		this.exports.setLinkType(linkType);
		for (const [index, port] of ports.entries()) this.exports.addPort(port, index);
	}

	/**
	 * Decodes and observes every record of the batch, each at its own time; `used` is what FrameSource.read gave. Frames outside the
	 * range are passed over. The sampler has its turn in front of the first frame at or behind its moment.
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
		// The module's exports are those that the interface says: both are written side by side.
		const exports = instance.exports as unknown as EngineExports;
		return exports;
	} catch (error) {
		// Not even the memory that the module begins with.
		if (error instanceof RangeError) throw new EngineError(noMemory);
		throw error;
	}
}

/** Gives the address of the batch. */
function setUp(exports: EngineExports, options: EngineOptions): number {
	exports.seed(...options.seed);
	try {
		return exports.setUp(
			batchBytes,
			options.domains.length,
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

/** Domains in wire form without the closing zero; those with the most labels first, as the module asks for. */
function suffixesOf(domains: readonly string[]): { index: number; labels: number; octets: number[] }[] {
	return domains
		.map((domain, index) => {
			const labels = domain.split(".");
			const octets = labels.flatMap((label) => [label.length, ...Buffer.from(label, "latin1")]);
			return { index, labels: labels.length, octets };
		})
		.sort((a, b) => b.labels - a.labels);
}
