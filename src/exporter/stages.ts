/**
 * The stages behind the capture as a configuration bounds them, for the exporter and for `inspect`. Neither metrics nor web stand
 * behind them here: whoever reads a file does not wait for those to load.
 */

import type { Config } from "../config/config.ts";
import { Engine, type Seed } from "../engine/engine.ts";
import type { Tracker } from "../engine/tracker.ts";
import { type Geoip, openDatabases } from "../geoip/geoip.ts";
import { keptOrigins, othersFrom } from "../geoip/origins.ts";
import type { Logger } from "../log.ts";
import type { Sources } from "../metrics/collect.ts";
import { tidy } from "../tidy.ts";
import { revision, version } from "../version.ts";

/** What of the outside world the exporter uses. */
export interface World {
	readonly log: Logger;
	/** Random words. */
	readonly seed: Seed;
	/** Microseconds since 1970, whole, by the wall clock and by one that nobody sets. */
	wallUs(): number;
	monotonicUs(): number;
}

/** Decoder and tracker, and the databases that they ask. */
export interface Stages {
	readonly geoip: Geoip;
	readonly engine: Engine;
}

/** Opens both as the configuration bounds them: the one is made while the files of the other are read. Throws a GeoipError or an EngineError. */
export async function openStages(config: Config, { log, seed }: Pick<World, "log" | "seed">): Promise<Stages> {
	const { countryDatabase, asnDatabase } = config.geoip;
	const opening = openDatabases(
		{ country: countryDatabase, asn: asnDatabase },
		{
			originsMax: config.labels.maxSets,
			report: (level, message) => log[level](message),
			tidy,
		},
	);
	// If the engine has no room, that is what is told.
	opening.catch(() => {});
	const engine = createEngine(config, seed, () => geoip);
	const geoip = await opening;
	return { geoip, engine };
}

/** Decoder and tracker as the configuration bounds them; `geoip` is asked once frames are observed. Throws an EngineError. */
export function createEngine(config: Config, seed: Seed, geoip: () => Geoip): Engine {
	return new Engine({
		domains: config.dnstt.domains,
		mtu: config.dnstt.mtu,
		activeWindowMs: config.session.activeWindowMs,
		trackedMax: config.session.maxTracked,
		rememberedMax: config.session.maxRemembered,
		labelSetsMax: config.labels.maxSets,
		seed,
		origins: {
			othersFrom,
			kept: keptOrigins,
			originOf: (a, b, c, d) => geoip().originOf(a, b, c, d),
			otherOf: (origin) => geoip().otherOf(origin),
			release: (isUsed) => geoip().releaseOrigins(isUsed),
		},
	});
}

/** What the metrics are collected from, but for the capture and the configuration. */
export function sourcesOf(
	config: Config,
	geoip: Geoip,
	tracker: Tracker,
): Omit<Sources, "capture" | "configReload" | "certificateNotAfterSeconds"> {
	return {
		tracker,
		domains: config.dnstt.domains,
		origins: geoip,
		build: { version, revision, bunVersion: Bun.version },
	};
}
