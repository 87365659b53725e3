import type { Tunnel } from "../tunnel.ts";
import { Engine, type Seed } from "./engine.ts";
import { EngineError } from "./error.ts";

/** More than the frames that such an engine is given can have. */
const sessionsMax = 300_000;

/** Unlike those of a configuration, these tables cannot be made smaller. */
const noMemory = "no memory for the tables: raise the limit of this process (ulimit -v; in a service LimitAS=)";

/** Creates an engine for frames that are looked at for a while, without countries and networks. Throws an EngineError. */
export function createPlacelessEngine(tunnels: readonly Tunnel[], seed: Seed): Engine {
	try {
		return new Engine({
			tunnels,
			activeWindowMs: 30_000,
			trackedMax: sessionsMax,
			rememberedMax: sessionsMax,
			labelSetsMax: 1,
			seed,
			origins: { kept: 2, othersFrom: 1, originOf: () => 0, otherOf: () => 1, release() {} },
		});
	} catch (error) {
		throw error instanceof EngineError ? new EngineError(noMemory) : error;
	}
}
