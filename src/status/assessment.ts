/** What the last minutes' figures show to be wrong, whenever that is asked. */

import type { Sources } from "../metrics/sources.ts";
import type { Condition } from "../summary/conditions.ts";
import { createLastSeen, type LastSeen } from "../summary/last-seen.ts";
import { type LiveFacts, liveFindings } from "../summary/live-conditions.ts";
import type { OtherTunnel } from "../summary/other-tunnels.ts";
import { createWindow, type Totals, type WindowReading } from "../summary/window.ts";
import { type ConditionReports, createConditionList } from "./condition-list.ts";

export interface AssessmentOptions {
	readonly sources: Sources;
	/** Time passes, as far as all frames from before were read; what ends with it has ended. */
	passTime(): void;
	/** Why the capture is closed; null while it is open. */
	captureFailure(): string | null;
	/** What is wrong with the certificate; null for nothing. */
	certificateProblem(): string | null;
	/** Tunnels that were recognised on any interface while nothing had come for the domains, the busiest first. */
	discovered(): readonly OtherTunnel[];
	/** What the log hears of conditions. */
	readonly reports: ConditionReports;
	/** The ports, and when the capture was opened, in microseconds since 1970 by the wall clock. */
	capture(): { readonly ports: readonly number[]; readonly sinceUs: number };
	/** Microseconds since 1970, whole, by the wall clock and by a monotonic clock. */
	wallUs(): number;
	monotonicUs(): number;
}

export interface Assessment {
	readonly reading: WindowReading;
	/** The worst first. */
	readonly conditions: readonly Condition[];
	/** When each domain's last query came, in microseconds since 1970; null before the first. */
	readonly lastQueriesUs: readonly (number | null)[];
}

/**
 * Returns a function that assesses how all is now; the log hears of what begins and ends. It takes how far the wall clock is
 * ahead of the monotonic one, in microseconds.
 */
export function createAssessment(options: AssessmentOptions, startUs: number): (aheadUs: number) => Assessment {
	const { sources, monotonicUs } = options;
	const { tracker } = sources;
	const window = createWindow(sources, startUs);
	const look = createLastSeen(tracker, sources.domains.length);
	const listConditions = createConditionList(options.reports);

	return (aheadUs) => {
		options.passTime();
		const nowUs = monotonicUs();
		const reading = window.read(nowUs);
		const seen = look(reading.total.domains, nowUs);
		const findings = liveFindings(reading.figures, factsOf(options, reading.total, seen));
		const conditions = listConditions(findings, nowUs, aheadUs);
		const lastQueriesUs = sources.domains.map((_, index) => {
			const timeUs = tracker.lastQueryUs.at(index);
			return timeUs === 0 ? null : tracker.wallUsOf(timeUs);
		});
		return { reading, conditions, lastQueriesUs };
	};
}

function factsOf(options: AssessmentOptions, total: Totals, seen: readonly LastSeen[]): LiveFacts {
	const { sources, wallUs } = options;
	const state = sources.capture();
	const { ports, sinceUs } = options.capture();
	return {
		nowSeconds: wallUs() / 1e6,
		capture: {
			interface: state?.interfaceName ?? "",
			ports,
			up: state?.up ?? false,
			failure: options.captureFailure(),
			openSeconds: (wallUs() - sinceUs) / 1e6,
		},
		seen,
		total,
		discovered: options.discovered(),
		databases: sources.geoLabels.databases(),
		certificate: options.certificateProblem(),
	};
}
