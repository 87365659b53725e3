/** Warns of a domain whose traffic is of another tunnel than the configured one. */

import type { Tracker } from "../engine/tracker.ts";
import type { Logger } from "../log.ts";
import { diagnoseTunnel, lookalikeOf } from "../summary/lookalike.ts";

/** Returns a check of all domains that logs each once. */
export function createTunnelCheck(log: Pick<Logger, "warn">, tracker: Tracker): () => void {
	const reported = new Set<string>();
	return () => {
		for (const [index, { domain }] of tracker.tunnels.entries()) {
			if (reported.has(domain)) continue;
			const problem = diagnoseTunnel(domain, lookalikeOf(tracker, index));
			if (problem === null) continue;
			reported.add(domain);
			log.warn("traffic of another tunnel", { domain, problem });
		}
	};
}
