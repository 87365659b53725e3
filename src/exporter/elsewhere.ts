/**
 * While nothing has come for the domains, looks from time to time for tunnels on all interfaces and ports: a wrong domain, port,
 * interface or format is then named. The look has a capture of its own, and none once something came.
 */

import { interfaceNameOf } from "../capture/interface-name.ts";
import type { LiveOptions, LiveSource } from "../capture/live.ts";
import { CaptureError } from "../capture/source.ts";
import { Discovery, otherTunnelOf } from "../discovery/discovery.ts";
import type { Engine, Seed } from "../engine/engine.ts";
import { EngineError } from "../engine/error.ts";
import { createPlacelessEngine } from "../engine/placeless.ts";
import type { OtherTunnel } from "../summary/other-tunnels.ts";

/** Before the first look, and from each to the next; the last is repeated. The first is over when the log reports that nothing came. */
export const pausesMs: readonly number[] = [45_000, 240_000, 1_500_000];
/** How long a look takes at the most. */
export const lookMs = 10_000;
const readMs = 100;
/** At most this is read in one go, so that the capture that counts is read in time. */
const batchesMax = 4;
const heldBytesMax = 4 * 1024 * 1024;
/** Some idle tunnels' queries of a look; in a flood the rest is dropped by the kernel. */
const live: LiveOptions = { interfaceName: "any", ports: [], bufferBytes: 2 * 1024 * 1024, promiscuous: false };

export interface ElsewhereOptions {
	/** Opens a capture; throws a CaptureError. */
	open(options: LiveOptions): LiveSource;
	readonly seed: Seed;
	/** Whether anything has come for the domains since the start. */
	hasTraffic(): boolean;
	/** Whether the capture that counts is open. */
	isCapturing(): boolean;
	/** Runs `work` after `delayMs`; returns the function that cancels it. */
	schedule(work: () => void, delayMs: number): () => void;
}

export interface Elsewhere {
	/** What the last look found, the busiest first. */
	readonly discovered: () => readonly OtherTunnel[];
	stop(): void;
}

/** One look in progress. */
interface Look {
	readonly source: LiveSource;
	readonly engine: Engine;
	readonly discovery: Discovery;
	/** Reads that are left. */
	reads: number;
}

export function startElsewhere({ open, seed, hasTraffic, isCapturing, schedule }: ElsewhereOptions): Elsewhere {
	let discovered: readonly OtherTunnel[] = [];
	let looks = 0;
	let look: Look | null = null;
	let cancel = waitForNext();

	function waitForNext(): () => void {
		return schedule(begin, pausesMs[Math.min(looks++, pausesMs.length - 1)] ?? 0);
	}

	function begin(): void {
		if (hasTraffic()) return;
		if (isCapturing()) look = unlessRefused(openLook);
		cancel = look === null ? waitForNext() : schedule(read, readMs);
	}

	function openLook(): Look {
		const engine = createPlacelessEngine([], seed);
		const source = open(live);
		engine.lookFor(source.linkType, []);
		return { source, engine, discovery: new Discovery({ seed, heldBytesMax }), reads: lookMs / readMs };
	}

	function read(): void {
		const current = look;
		if (current === null) return;
		const isUnfinished = unlessRefused(() => !hasTraffic() && readBatches(current));
		if (isUnfinished) {
			cancel = schedule(read, readMs);
			return;
		}
		look = null;
		current.source.close();
		if (hasTraffic()) return;
		const found = unlessRefused(() => current.discovery.found()) ?? [];
		discovered = found.map((tunnel) => otherTunnelOf(tunnel, interfaceNameOf));
		cancel = waitForNext();
	}

	return {
		discovered: () => discovered,
		stop() {
			cancel();
			look?.source.close();
			look = null;
		},
	};
}

/** Without the right to open a capture, or memory for it, nothing is found: returns null. */
function unlessRefused<T>(work: () => T): T | null {
	try {
		return work();
	} catch (error) {
		if (error instanceof CaptureError || error instanceof EngineError) return null;
		throw error;
	}
}

/** Returns whether the look goes on. */
function readBatches(look: Look): boolean {
	const { source, engine, discovery } = look;
	for (let batches = 0; batches < batchesMax && !discovery.isOver; batches++) {
		const used = source.read(engine.batch);
		if (used === 0) break;
		discovery.take(engine, used, source.linkType);
	}
	look.reads--;
	return look.reads > 0 && !discovery.isOver;
}
