import { fullGC } from "bun:jsc";
import type { LiveOptions, LiveSource } from "../capture/live.ts";
import type { Config } from "../config/schema.ts";
import type { Tracker } from "../engine/tracker.ts";
import type { Geoip } from "../geoip/geoip.ts";
import { tidy } from "../tidy.ts";
import { liveOptions, schedule, startCaptureSide } from "./capture-side.ts";
import { startElsewhere } from "./elsewhere.ts";
import { createReload, createReloadRecord } from "./reload.ts";
import { type Dependencies, openStages, sourcesOf } from "./stages.ts";
import { prepareCredentials, startWebSide, type WebSide } from "./web-side.ts";

/** How often databases and certificates are checked for having been replaced. */
const filesCheckMs = 10_000;

/** The start leaves garbage; it is collected once nobody waits for the start any more. */
const tidyDelayMs = 3_000;

export interface Exporter {
	/** Where it serves. */
	readonly url: string;
	readonly tracker: Tracker;
	/** Whether the capture is open, or waits to be reopened: what a watchdog asks. */
	isAlive(): boolean;
	/** Applies what of `next` can be applied without a restart. Throws a CaptureError, and changes nothing, if the capture cannot be opened as it says. */
	reload(next: Config): Promise<void>;
	/** The configuration could not be read again; the old one stays. */
	reloadFailed(): void;
	/** See Geoip. */
	lookUp(a: number, b: number, c: number, d: number): void;
	stop(): Promise<void>;
}

export interface CaptureListener {
	/** The capture is open for the first time and nothing is served yet: the time to drop privileges. */
	captureReady(): void;
	/** The capture on this interface was opened, or failed. */
	captureChanged(isUp: boolean, interfaceName: string): void;
}

const noListener: CaptureListener = { captureReady() {}, captureChanged() {} };

/**
 * Captures live and serves what was counted, until it is stopped; `open` opens the capture, and `collect` collects garbage. Throws a
 * GeoipError (exit code 2), a CaptureError or a WebError (exit code 1) when it cannot start.
 */
export async function startExporter(
	config: Config,
	dependencies: Dependencies,
	open: (options: LiveOptions) => LiveSource,
	listener: CaptureListener = noListener,
	collect: () => void = fullGC,
): Promise<Exporter> {
	const { log, wallUs } = dependencies;
	const { geoip, engine } = await openStages(config, dependencies);
	const { tracker } = engine;
	const credentials = await prepareCredentials(config.web);
	const capture = startCaptureSide({
		live: liveOptions(config),
		engine,
		dependencies,
		open,
		changed: (isUp, interfaceName) => listener.captureChanged(isUp, interfaceName),
	});
	const elsewhere = startElsewhere({
		open,
		seed: dependencies.seed,
		hasTraffic: () => tracker.hasTraffic,
		isCapturing: () => capture.isUp,
		schedule,
	});
	const reloads = createReloadRecord(wallUs);
	const web = await serve().catch((error: unknown) => {
		elsewhere.stop();
		capture.stop();
		throw error;
	});
	const checkFiles = () => takeUpFiles(geoip, tracker, web);
	const checking = setInterval(() => {
		checkFiles().catch((error: unknown) => log.error("could not check files for changes", { error: String(error) }));
	}, filesCheckMs);
	const tidying = setTimeout(tidy, tidyDelayMs);

	async function serve() {
		listener.captureReady();
		return await startWebSide({
			web: config.web,
			credentials,
			activeWindowMs: config.session.activeWindowMs,
			sources: { ...sourcesOf(config, geoip, tracker), capture: capture.state, configReload: reloads.state },
			capture,
			discovered: elsewhere.discovered,
			dependencies,
			collect,
		});
	}

	return {
		url: web.url,
		tracker,
		isAlive: () => capture.isAlive,
		reload: createReload({ initial: config, record: reloads, capture, web, checkFiles, log }),
		reloadFailed: reloads.failed,
		lookUp: (a, b, c, d) => geoip.lookUp(a, b, c, d),
		async stop() {
			clearTimeout(tidying);
			clearInterval(checking);
			elsewhere.stop();
			capture.stop();
			await web.stop();
		},
	};
}

/** Takes up databases and a certificate that were replaced. */
async function takeUpFiles(geoip: Geoip, tracker: Tracker, web: WebSide): Promise<void> {
	if (await geoip.reloadChanged()) tracker.forgetOrigins();
	await web.checkCertificate();
}
