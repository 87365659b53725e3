/** How the service does, told to the service manager: sd_notify(3), sd_watchdog_enabled(3). */

import { loadCap, nativeError } from "../native/addon.ts";

export interface Service {
	/** Interval at which beat() must be called; null if nobody waits for it. Half of what the manager grants. */
	readonly beatMs: number | null;
	/** It has started, or has been reloaded; `status` says what it does, in one line. */
	ready(status: string): void;
	status(status: string): void;
	reloading(): void;
	stopping(): void;
	beat(): void;
}

export interface ServiceOptions {
	readonly env: Readonly<Record<string, string | undefined>>;
	/** This process's number: a watchdog may be meant for another. */
	readonly pid: number;
	/** Told once, when the manager cannot be reached. */
	readonly onFault: (message: string) => void;
}

/** The service as the environment asks for it; without NOTIFY_SOCKET all of this does nothing. */
export function createService({ env, pid, onFault }: ServiceOptions): Service {
	const socket = env.NOTIFY_SOCKET ?? "";
	let told = false;
	const send = (...lines: string[]) => {
		if (socket === "") return;
		try {
			loadCap().notify(socket, lines.join("\n"));
		} catch (error) {
			const native = nativeError(error);
			if (native?.code !== "notify_failed") throw error;
			if (!told) onFault(`cannot notify ${socket}: ${native.message}`);
			told = true;
		}
	};
	const watchdogUs = Number(env.WATCHDOG_USEC);
	const isForUs = env.WATCHDOG_PID === undefined || env.WATCHDOG_PID === "" || Number(env.WATCHDOG_PID) === pid;
	// Below a millisecond no timer keeps up; managers set seconds.
	const isWatched = socket !== "" && isForUs && watchdogUs >= 2_000;
	return {
		beatMs: isWatched ? Math.floor(watchdogUs / 2_000) : null,
		ready: (status) => send("READY=1", `STATUS=${oneLine(status)}`),
		status: (status) => send(`STATUS=${oneLine(status)}`),
		reloading: () => socket !== "" && send("RELOADING=1", `MONOTONIC_USEC=${loadCap().monotonicUs()}`),
		stopping: () => send("STOPPING=1"),
		beat: () => send("WATCHDOG=1"),
	};
}

/** A line break would begin another assignment. */
function oneLine(text: string): string {
	return text.replaceAll(/[\r\n]+/g, " ");
}
