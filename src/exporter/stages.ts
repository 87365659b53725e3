/**
 * The stages after the capture, with the limits of a configuration, for the exporter and for `inspect`. This file imports neither
 * metrics nor web: `inspect` must not wait for those to load.
 */

import type { Config } from "../config/schema.ts";
import { tunnelsOf } from "../config/tunnels.ts";
import { Engine, type Seed } from "../engine/engine.ts";
import type { Tracker } from "../engine/tracker.ts";
import { type Geoip, openDatabases } from "../geoip/geoip.ts";
import { keptOrigins, othersFrom } from "../geoip/origins.ts";
import type { Logger } from "../log.ts";
import type { Sources } from "../metrics/sources.ts";
import { tidy, tidyYoung } from "../tidy.ts";
import { revision, version } from "../version.ts";

/** What the exporter uses from outside: its log, its random numbers and its clocks. */
export interface Dependencies {
	readonly log: Logger;
	/** Random words. */
	readonly seed: Seed;
	/** Whole microseconds since 1970, by the wall clock and by a monotonic clock. */
	wallUs(): number;
	monotonicUs(): number;
}

/** Decoder and tracker, and the databases that they look addresses up in. */
export interface Stages {
	readonly geoip: Geoip;
	readonly engine: Engine;
}

/** Opens both; the engine is created while the databases are read. Throws a GeoipError or an EngineError. */
export async function openStages(config: Config, { log, seed }: Pick<Dependencies, "log" | "seed">): Promise<Stages> {
	const { countryDatabase, asnDatabase } = config.geoip;
	const opening = openDatabases(
		{ country: countryDatabase, asn: asnDatabase },
		{
			originsMax: config.labels.maxSets,
			report: (level, message) => log[level](message),
			tidy,
			tidyLookups: tidyYoung,
		},
	);
	// If there is no memory for the engine, that error is reported, and a rejection here must not be unhandled.
	opening.catch(() => {});
	const engine = createEngine(config, seed, () => geoip);
	const geoip = await opening;
	return { geoip, engine };
}

/** Creates decoder and tracker; `geoip` is first called when frames are observed. Throws an EngineError. */
export function createEngine(config: Config, seed: Seed, geoip: () => Geoip): Engine {
	return new Engine({
		tunnels: tunnelsOf(config),
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

/** Returns what the metrics are collected from, without the capture, the configuration and the certificate. */
export function sourcesOf(
	config: Config,
	geoip: Geoip,
	tracker: Tracker,
): Omit<Sources, "capture" | "configReload" | "certificateNotAfterSeconds"> {
	return {
		tracker,
		domains: tunnelsOf(config).map(({ domain }) => domain),
		geoLabels: geoip,
		build: { version, revision, bunVersion: Bun.version },
	};
}
