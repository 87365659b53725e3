import { fullGC } from "bun:jsc";
import { hostname } from "node:os";
import type { LiveOptions, LiveSource } from "../capture/live.ts";
import type { FrameBatch } from "../capture/source.ts";
import { noCounts, Watch } from "../capture/supervisor.ts";
import { type Config, reloadable } from "../config/config.ts";
import type { Tracker } from "../engine/tracker.ts";
import type { Sources } from "../metrics/collect.ts";
import { createExposition } from "../metrics/exposition.ts";
import { createFeed } from "../status/feed.ts";
import { tidy } from "../tidy.ts";
import { version } from "../version.ts";
import { heldUsMax } from "../wasm/shared/limits.ts";
import { createApp } from "../web/app.ts";
import type { BasicAuth } from "../web/auth.ts";
import { invalidity, readCertificate } from "../web/certificate.ts";
import { descriptorLimit } from "../web/descriptors.ts";
import { createHostCheck } from "../web/hosts.ts";
import { isLoopback } from "../web/network.ts";
import { dataRoutes, statusRoutes } from "../web/page/routes.ts";
import { startServer } from "../web/server.ts";
import { openStages, sourcesOf, type World } from "./stages.ts";

/** How often files that may have been replaced are looked at: databases and certificates. */
const filesCheckMs = 10_000;

/** A certificate that ends within a week should have been replaced before: who renews by itself does so a month ahead. */
const renewalMs = 7 * 24 * 3_600_000;

/**
 * Live, frames are read so many at a time, that a turn of the event loop comes soon, also where each leads to a look into the
 * databases; it has to hold the longest frame.
 */
const liveBatchBytes = 128 * 1024;

/**
 * Characters that scrapes may write before the garbage of them, many times as much, is collected. By itself the runtime lets as much
 * gather as the tracker's tables are large.
 */
const uncollectedMax = 600_000;

/** A scrape is written for so long, or until a metric's end, before whoever else waits for the event loop has a turn. */
const writingUsMost = 5_000;

/**
 * Sessions end when their time has come, even if no packet comes. Wake-ups for that are at least this far apart, so that each
 * ends several, and not much further, so that under a flood each has little to do.
 */
const expiryDelayMinMs = 10;

/** The start leaves garbage; it is collected once nobody waits for the start any more. */
const tidyDelayMs = 1_000;

export interface Exporter {
	/** Where it serves. */
	readonly url: string;
	readonly tracker: Tracker;
	/** Whether the capture works, or waits to be opened again; to be asked by a watchdog. */
	isAlive(): boolean;
	/** Applies what of `next` can be applied without a restart. Throws a CaptureError, and changes nothing, if the capture cannot be opened as it says. */
	reload(next: Config): Promise<void>;
	/** The configuration could not be read again; the old one stays. */
	reloadFailed(): void;
	stop(): Promise<void>;
}

/** What starts the exporter and watches over it. */
export interface Supervision {
	/** The capture is open for the first time and nothing is served yet: the time to give up privileges. */
	captureReady(): void;
	/** The capture on this interface was opened, or broke. */
	captureChanged(isUp: boolean, interfaceName: string): void;
}

const noSupervision: Supervision = { captureReady() {}, captureChanged() {} };

/**
 * Captures live and serves what was counted, until it is stopped; `open` opens the capture, and `collect` frees the garbage. Throws a GeoipError (exit code 2), a CaptureError or a
 * WebError (exit code 1) when it cannot start.
 */
export async function startExporter(
	initial: Config,
	world: World,
	open: (options: LiveOptions) => LiveSource,
	supervision: Supervision = noSupervision,
	collect: () => void = fullGC,
): Promise<Exporter> {
	const { log } = world;
	let config = initial;
	const { geoip, engine } = await openStages(config, world);
	// Read before privileges are given up: a key is often its owner's alone.
	const certificate = config.web.tls === null ? undefined : await readCertificate(config.web.tls);
	/** A promise, so that of two reloads the later one's stands. */
	let auth = authOf(config);
	await auth;
	const { tracker } = engine;
	const configReload = { successful: true, successTimeSeconds: world.wallUs() / 1e6 };

	let expiry: ReturnType<typeof setTimeout> | undefined;
	/**
	 * Time passes, as far as all frames from before were read: those that lay in the buffer for long, as while the process was
	 * stopped, come at their own time. What ends with it has ended.
	 */
	function passTime(): void {
		if (watch.catchUp()) tracker.advance(world.monotonicUs());
		tracker.expire();
	}
	/** A timer for when something ends next; none when nothing will. */
	function expireLater(): typeof expiry {
		const waitMs = (tracker.nextExpiryUs + heldUsMax - world.monotonicUs()) / 1_000;
		if (waitMs === Number.POSITIVE_INFINITY) return undefined;
		return setTimeout(
			() => {
				passTime();
				expiry = expireLater();
			},
			Math.max(waitMs, expiryDelayMinMs),
		);
	}

	/** By the monotonic clock. */
	let captureSinceUs = 0;
	const openCapture = ({ capture, dnstt }: Config) =>
		open({
			interfaceName: capture.interface,
			ports: dnstt.ports,
			bufferBytes: capture.bufferBytes,
			promiscuous: capture.promiscuous,
		});
	const watch = new Watch({
		open: () => openCapture(config),
		opened(source: LiveSource, isNews: boolean) {
			captureSinceUs = world.monotonicUs();
			engine.lookFor(source.linkType, config.dnstt.ports);
			log[isNews ? "info" : "debug"]("capture open", {
				interface: source.interfaceName,
				ports: config.dnstt.ports.join(","),
			});
			supervision.captureChanged(true, source.interfaceName);
		},
		batch: firstOf(engine.batch, liveBatchBytes),
		consume(used, range) {
			tracker.synchronize(world.wallUs(), world.monotonicUs());
			engine.observe(used, range);
			expiry ??= expireLater();
		},
		broke(fault, isNews) {
			log[isNews ? "error" : "debug"]("capture broke, opening it again", { error: fault.message });
			supervision.captureChanged(false, config.capture.interface);
		},
		later(work, delayMs) {
			const timer = setTimeout(work, delayMs);
			return () => clearTimeout(timer);
		},
		wallUs: world.wallUs,
		monotonicUs: world.monotonicUs,
	});

	try {
		supervision.captureReady();
	} catch (error) {
		watch.stop();
		throw error;
	}

	const sources: Sources = {
		...sourcesOf(config, geoip, tracker),
		capture: () => ({
			interfaceName: config.capture.interface,
			up: watch.up,
			counts: new Map([[config.capture.interface, noCounts], ...watch.counts()]),
		}),
		configReload: () => configReload,
		certificateNotAfterSeconds: () => (server.certificate === undefined ? null : server.certificate.validToMs / 1_000),
	};
	let uncollected = 0;
	/** When the scrapes last waited for their turn. */
	let turnUs = Number.NEGATIVE_INFINITY;
	const exposition = createExposition(sources, async (characters) => {
		uncollected += characters;
		if (uncollected > uncollectedMax) {
			uncollected = 0;
			collect();
		}
		// Under a flood each turn takes some milliseconds, and most metrics next to none.
		if (world.monotonicUs() - turnUs < writingUsMost) return;
		await turn();
		turnUs = world.monotonicUs();
	});
	const feed = createFeed({
		sources,
		passTime,
		activeWindowMs: config.session.activeWindowMs,
		capture: () => ({
			ports: config.dnstt.ports,
			sinceUs: world.wallUs() - world.monotonicUs() + captureSinceUs,
		}),
		wallUs: world.wallUs,
		monotonicUs: world.monotonicUs,
		every(work, intervalMs) {
			const timer = setInterval(work, intervalMs);
			return () => clearInterval(timer);
		},
	});
	const extraRoutes = config.web.statusPage ? statusRoutes(feed, config.web.telemetryPath) : dataRoutes(feed);

	const { allowedHosts, listen } = config.web;
	const isKnownHost = createHostCheck([hostname(), listen.host, ...allowedHosts].map((name) => name.toLowerCase()));

	const handler = createApp({
		version,
		telemetryPath: config.web.telemetryPath,
		render() {
			passTime();
			return exposition.render();
		},
		isReady: () => watch.up || `The capture on ${config.capture.interface} is not open.`,
		auth: { check: async (authorization, address) => (await auth)?.check(authorization, address) ?? "accepted" },
		// Whoever can reach another address needs no browser for it; and a password keeps strangers' pages out anyway.
		isHostServed: (host) => config.web.basicAuth !== null || !isLoopback(server.address) || isKnownHost(host),
		extraRoutes,
		onFault: (path, error) => log.error("request failed", { path, error: String(error) }),
	});

	const server = await startServer({
		listen: config.web.listen,
		...(config.web.tls === null ? {} : { tls: config.web.tls }),
		...(certificate === undefined ? {} : { certificate }),
		handler,
		onCertificate(fault) {
			if (fault === undefined) log.info("certificate was replaced and is in use");
			else log.warn("certificate was not replaced, the old one stays in use", { error: fault.message });
		},
		onFlood(fault) {
			if (fault === undefined) log.warn("too many connections, all were cut", { open_files_limit: descriptorLimit() });
			else
				log.error("too many connections, all were cut, but the port could not be bound again", {
					error: fault.message,
				});
		},
		onPort(fault) {
			if (fault === undefined) log.info("serving again");
			else log.error("not serving, trying again every second", { error: fault.message });
		},
	}).catch((error: unknown) => {
		feed.stop();
		watch.stop();
		throw error;
	});

	let invalidBefore: string | null = null;
	/** Tells once of each certificate that clients refuse, or soon will. */
	function checkCertificate(): void {
		if (server.certificate === undefined) return;
		const nowMs = world.wallUs() / 1_000;
		const invalid = invalidity(server.certificate, nowMs) ?? invalidity(server.certificate, nowMs + renewalMs);
		if (invalid !== null && invalid !== invalidBefore) {
			log.warn("certificate is to be replaced", { file: config.web.tls?.certificateFile, problem: invalid });
		}
		invalidBefore = invalid;
	}
	checkCertificate();

	async function checkFiles(): Promise<void> {
		if (await geoip.reloadChanged()) tracker.forgetOrigins();
		await server.reloadCertificate();
		checkCertificate();
	}
	const checking = setInterval(() => {
		checkFiles().catch((error: unknown) => log.error("files not checked", { error: String(error) }));
	}, filesCheckMs);

	const tidying = setTimeout(tidy, tidyDelayMs);

	return {
		url: server.url,
		tracker,
		isAlive: () => watch.isAlive(),
		async reload(next) {
			const changed = reloadable(config, next);
			// What needs a restart keeps its old value.
			const merged = {
				...config,
				dnstt: { ...config.dnstt, ports: next.dnstt.ports },
				capture: next.capture,
				log: next.log,
				web: { ...config.web, basicAuth: next.web.basicAuth },
			};
			const isOther = changed.reload.some((key) => key.startsWith("capture.") || key === "dnstt.port");
			const replaced = isOther ? watch.replace(() => openCapture(merged)) : Promise.resolve();
			config = merged;
			log.level = config.log.level;
			log.format = config.log.format;
			if (changed.reload.includes("web.basic-auth")) {
				auth = authOf(config);
				// They were let in by what may no longer hold; whoever may still look comes back by itself.
				feed.events.close();
			}
			await replaced;
			await checkFiles();
			configReload.successful = true;
			configReload.successTimeSeconds = world.wallUs() / 1e6;
			log.info("configuration reloaded", {
				applied: changed.reload.join(",") || undefined,
				needs_restart: changed.restart.join(",") || undefined,
			});
		},
		reloadFailed() {
			configReload.successful = false;
		},
		async stop() {
			clearTimeout(tidying);
			clearInterval(checking);
			clearTimeout(expiry);
			feed.stop();
			watch.stop();
			await server.stop();
		},
	};
}

/** Everyone who waits for the event loop has a turn. */
function turn(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve));
}

/** The first bytes of a batch, as a batch. */
function firstOf({ bytes, view }: FrameBatch, length: number): FrameBatch {
	return { bytes: bytes.subarray(0, length), view };
}

/** What checks credentials, if there are any to check: only then is it loaded. */
async function authOf({ web }: Config): Promise<BasicAuth | null> {
	if (web.basicAuth === null) return null;
	const { createBasicAuth } = await import("../web/auth.ts");
	return createBasicAuth({ users: web.basicAuth });
}
