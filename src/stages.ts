/**
 * The stages behind the capture as a configuration bounds them, for the exporter and for `inspect`. Neither metrics nor web stand
 * behind them here: whoever reads a file does not wait for those to load.
 */

import type { Config } from "./config.ts";
import { Engine, type Seed } from "./engine/engine.ts";
import type { Tracker } from "./engine/tracker.ts";
import { type Geoip, openDatabases } from "./geoip/geoip.ts";
import { otherOrigin } from "./geoip/origins.ts";
import type { Logger } from "./log.ts";
import type { Sources } from "./metrics/collect.ts";
import { tidy } from "./tidy.ts";
import { revision, version } from "./version.ts";

/** What of the outside world the exporter uses. */
export interface World {
	readonly log: Logger;
	/** Random words. */
	readonly seed: Seed;
	/** Microseconds since 1970, whole, by the wall clock and by one that nobody sets. */
	wallUs(): number;
	monotonicUs(): number;
}

/** Databases as the configuration names them. Throws a GeoipError. */
export function openGeoip(config: Config, log: Logger): Promise<Geoip> {
	const { countryDatabase, asnDatabase } = config.geoip;
	return openDatabases(
		{ country: countryDatabase, asn: asnDatabase },
		{
			originsMax: config.labels.maxSets,
			report: (level, message) => log[level](message),
			tidy,
		},
	);
}

/** Decoder and tracker as the configuration bounds them. */
export function createEngine(config: Config, geoip: Geoip, seed: Seed): Engine {
	return new Engine({
		domains: config.dnstt.domains,
		activeWindowMs: config.session.activeWindowMs,
		trackedMax: config.session.maxTracked,
		rememberedMax: config.session.maxRemembered,
		labelSetsMax: config.labels.maxSets,
		seed,
		originOf: (a, b, c, d) => geoip.originOf(a, b, c, d),
		otherOrigin,
	});
}

/** What the metrics are collected from, but for the capture and the configuration. */
export function sourcesOf(config: Config, geoip: Geoip, tracker: Tracker): Omit<Sources, "capture" | "configReload"> {
	return {
		tracker,
		domains: config.dnstt.domains,
		origins: geoip,
		build: { version, revision, bunVersion: Bun.version },
	};
}
