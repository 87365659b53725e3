/** What the values of the metrics are collected from. */

import type { Tracker } from "../engine/tracker.ts";
import type { Origin } from "../geoip/origins.ts";

/** The state of the capture. */
export interface CaptureState {
	readonly interfaceName: string;
	readonly up: boolean;
	/** By interface: this one, and those that another configuration named before. */
	readonly counts: ReadonlyMap<string, CaptureCounts>;
}

/** Counts of an interface since the start, however often it was reopened. */
export interface CaptureCounts {
	readonly reopened: number;
	readonly received: number;
	readonly droppedByKernel: number;
	readonly droppedByInterface: number;
}

/** The state of a GeoIP database. */
export interface DatabaseState {
	readonly database: string;
	readonly type: string;
	readonly buildTimeSeconds: number;
	readonly reloads: number;
	readonly reloadFailures: number;
	readonly lookupFailures: number;
}

/** Where the values come from. Functions are called at each collection. */
export interface Sources {
	readonly tracker: Tracker;
	/** Names of the domains, by index. */
	readonly domains: readonly string[];
	readonly geoLabels: {
		readonly hasCountry: boolean;
		readonly hasAsn: boolean;
		readonly origins: readonly Origin[];
		databases(): readonly DatabaseState[];
	};
	readonly build: { readonly version: string; readonly revision: string; readonly bunVersion: string };
	/** Null when nothing is captured: in a report on a file. */
	capture(): CaptureState | null;
	/** Null where HTTPS is off, and in a report on a file. */
	certificateNotAfterSeconds(): number | null;
	/** Null when there is no configuration to reload. */
	configReload(): { readonly successful: boolean; readonly successTimeSeconds: number } | null;
}
