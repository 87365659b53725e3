/** Applies another configuration to a running exporter. */

import { reloadable } from "../config/effective.ts";
import type { Config } from "../config/schema.ts";
import type { Logger } from "../log.ts";
import { type CaptureSide, liveOptions } from "./capture-side.ts";
import type { WebSide } from "./web-side.ts";

/** How the latest reload ended, and when one last succeeded; the start counts as one. */
export interface ReloadRecord {
	succeeded(): void;
	failed(): void;
	/** For the metrics. */
	state(): { readonly successful: boolean; readonly successTimeSeconds: number };
}

export interface ReloadOptions {
	/** The configuration that the exporter runs with. */
	readonly initial: Config;
	readonly record: ReloadRecord;
	readonly capture: Pick<CaptureSide, "replace">;
	readonly web: Pick<WebSide, "replaceUsers">;
	/** Takes up databases and certificates that were replaced. */
	checkFiles(): Promise<void>;
	readonly log: Logger;
}

export function createReloadRecord(wallUs: () => number): ReloadRecord {
	const success = () => ({ successful: true, successTimeSeconds: wallUs() / 1e6 });
	let state = success();
	return {
		succeeded() {
			state = success();
		},
		failed() {
			state = { ...state, successful: false };
		},
		state: () => state,
	};
}

/**
 * Returns the function that applies what of a configuration can be applied without a restart. It throws a CaptureError, and
 * changes nothing, if the capture cannot be opened as the configuration asks.
 */
export function createReload(options: ReloadOptions): (next: Config) => Promise<void> {
	const { record, capture, web, checkFiles, log } = options;
	let config = options.initial;
	return async (next) => {
		const changed = reloadable(config, next);
		const needsCapture = changed.reload.some((key) => key.startsWith("capture.") || key === "dnstt.port");
		const replaced = needsCapture ? capture.replace(liveOptions(next)) : Promise.resolve();
		// What needs a restart keeps its old value.
		config = {
			...config,
			dnstt: { ...config.dnstt, ports: next.dnstt.ports },
			capture: next.capture,
			log: next.log,
			web: { ...config.web, basicAuth: next.web.basicAuth },
		};
		log.level = config.log.level;
		log.format = config.log.format;
		if (changed.reload.includes("web.basic-auth")) web.replaceUsers(config.web.basicAuth);
		await replaced;
		await checkFiles();
		record.succeeded();
		log.info("configuration reloaded", {
			applied: changed.reload.join(",") || undefined,
			needs_restart: changed.restart.join(",") || undefined,
		});
	};
}
