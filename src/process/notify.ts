/** Reports the state of the service to the service manager: sd_notify(3), sd_watchdog_enabled(3). */

import { loadCap, nativeError } from "../native/addon.ts";

export interface Service {
	/** Interval at which pingWatchdog() must be called, half of the manager's time-out; null without a watchdog. */
	readonly watchdogPingMs: number | null;
	/** The service has started or reloaded; `status` is one line about what it does. */
	ready(status: string): void;
	status(status: string): void;
	reloading(): void;
	stopping(): void;
	pingWatchdog(): void;
}

export interface ServiceOptions {
	readonly env: Readonly<Record<string, string | undefined>>;
	/** This process's number: the watchdog may be meant for another process. */
	readonly pid: number;
	/** Called once, when the manager cannot be reached. */
	readonly onFault: (message: string) => void;
}

/** Creates the service as the environment describes it; without NOTIFY_SOCKET its methods do nothing. */
export function createService({ env, pid, onFault }: ServiceOptions): Service {
	const socket = env.NOTIFY_SOCKET ?? "";
	let faultReported = false;
	const send = (...lines: string[]) => {
		if (socket === "") return;
		try {
			loadCap().notify(socket, lines.join("\n"));
		} catch (error) {
			const native = nativeError(error);
			if (native?.code !== "notify_failed") throw error;
			if (!faultReported) onFault(`cannot notify ${socket}: ${native.message}`);
			faultReported = true;
		}
	};
	const watchdogUs = Number(env.WATCHDOG_USEC);
	const isForUs = env.WATCHDOG_PID === undefined || env.WATCHDOG_PID === "" || Number(env.WATCHDOG_PID) === pid;
	// No timer keeps up below a millisecond; managers set seconds.
	const isWatched = socket !== "" && isForUs && watchdogUs >= 2_000;
	return {
		watchdogPingMs: isWatched ? Math.floor(watchdogUs / 2_000) : null,
		ready: (status) => send("READY=1", `STATUS=${oneLine(status)}`),
		status: (status) => send(`STATUS=${oneLine(status)}`),
		reloading: () => socket !== "" && send("RELOADING=1", `MONOTONIC_USEC=${loadCap().monotonicUs()}`),
		stopping: () => send("STOPPING=1"),
		pingWatchdog: () => send("WATCHDOG=1"),
	};
}

/** A line break would start another assignment. */
function oneLine(text: string): string {
	return text.replaceAll(/[\r\n]+/g, " ");
}
