/** Reads frames into the tracker, for as long as the exporter runs: over failures of the capture, and reloads. */

import type { LiveOptions, LiveSource } from "../capture/live.ts";
import type { FrameBatch } from "../capture/source.ts";
import { CaptureSupervisor, noCounts } from "../capture/supervisor.ts";
import type { Config } from "../config/schema.ts";
import type { Engine } from "../engine/engine.ts";
import type { Tracker } from "../engine/tracker.ts";
import type { CaptureState } from "../metrics/sources.ts";
import { version } from "../version.ts";
import { createExpiry } from "./expiry.ts";
import type { Dependencies } from "./stages.ts";

/**
 * A live batch is this small so that the event loop has its next turn soon, also where each frame leads to a lookup in the databases.
 * The longest frame has to fit.
 */
const batchBytes = 128 * 1024;

export interface CaptureSideOptions {
	readonly live: LiveOptions;
	readonly engine: Engine;
	readonly dependencies: Pick<Dependencies, "log" | "wallUs" | "monotonicUs">;
	/** Opens the capture; throws a CaptureError. */
	open(options: LiveOptions): LiveSource;
	/** The capture on this interface was opened, or failed. */
	changed(isUp: boolean, interfaceName: string): void;
}

export interface CaptureSide {
	/** Whether the capture is open. */
	readonly isUp: boolean;
	/** Whether the capture is open, or waits to be reopened: what a watchdog asks. */
	readonly isAlive: boolean;
	/** Why the capture is closed; null while it is open. */
	readonly failure: string | null;
	/** For the metrics. */
	state(): CaptureState;
	/** For the status: the ports, and when the capture was opened, in microseconds since 1970 by the wall clock as it is set now. */
	status(): { readonly ports: readonly number[]; readonly sinceUs: number };
	/** See Expiry. */
	passTime(): void;
	/**
	 * Opens the capture with other options. Throws a CaptureError, and changes nothing, if it cannot be opened; the promise resolves
	 * once the old capture is closed.
	 */
	replace(live: LiveOptions): Promise<void>;
	stop(): void;
}

/** What the capture takes from the configuration. */
export function liveOptions({ capture, dnstt }: Pick<Config, "capture" | "dnstt">): LiveOptions {
	return {
		interfaceName: capture.interface,
		ports: dnstt.ports,
		bufferBytes: capture.bufferBytes,
		promiscuous: capture.promiscuous,
	};
}

/** Opens the capture and begins to read. Throws a CaptureError if it cannot be opened. */
export function startCaptureSide(options: CaptureSideOptions): CaptureSide {
	const { engine, open, changed, dependencies } = options;
	const { log, wallUs, monotonicUs } = dependencies;
	const { tracker } = engine;
	let { live } = options;
	/** By the monotonic clock. */
	let openedUs = 0;
	let failure: string | null = null;

	const supervisor = new CaptureSupervisor({
		open: () => open(live),
		opened({ linkType, interfaceName, ports }, isFirst) {
			openedUs = monotonicUs();
			failure = null;
			engine.lookFor(linkType, ports);
			log[isFirst ? "info" : "debug"]("capture open", openFields(tracker, interfaceName, ports));
			changed(true, interfaceName);
		},
		batch: firstOf(engine.batch, batchBytes),
		consume(used, range) {
			tracker.synchronize(wallUs(), monotonicUs());
			engine.observe(used, range);
			expiry.setTimer();
		},
		failed(fault, isFirst) {
			failure = fault.message;
			log[isFirst ? "error" : "debug"]("capture failed, reopening", { error: fault.message });
			changed(false, live.interfaceName);
		},
		schedule,
		wallUs,
		monotonicUs,
	});
	const expiry = createExpiry({ tracker, catchUp: () => supervisor.catchUp(), schedule, wallUs, monotonicUs });

	return {
		get isUp() {
			return supervisor.up;
		},
		get isAlive() {
			return supervisor.isAlive();
		},
		get failure() {
			return failure;
		},
		state: () => ({
			interfaceName: live.interfaceName,
			up: supervisor.up,
			counts: new Map([[live.interfaceName, noCounts], ...supervisor.counts()]),
		}),
		status: () => ({ ports: live.ports, sinceUs: wallUs() - monotonicUs() + openedUs }),
		passTime: expiry.passTime,
		replace(next) {
			const previous = live;
			live = next;
			try {
				return supervisor.replace(() => open(next));
			} catch (error) {
				live = previous;
				throw error;
			}
		},
		stop() {
			expiry.stop();
			supervisor.stop();
		},
	};
}

/** What was configured: a wrong domain or port is noticed here first. */
function openFields({ tunnels }: Tracker, interfaceName: string, ports: readonly number[]) {
	return {
		version,
		domains: tunnels.map(({ domain }) => domain).join(","),
		interface: interfaceName,
		ports: ports.join(","),
	};
}

/** Runs `work` after `delayMs`; returns the function that cancels it. */
export function schedule(work: () => void, delayMs: number): () => void {
	const timer = setTimeout(work, delayMs);
	return () => clearTimeout(timer);
}

/** The first bytes of a batch, as a batch. */
function firstOf({ bytes, view }: FrameBatch, length: number): FrameBatch {
	return { bytes: bytes.subarray(0, length), view };
}
