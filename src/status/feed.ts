import type { Tracker } from "../track/tracker.ts";
import { Events } from "./events.ts";
import { History, sampleMs } from "./history.ts";
import { RateMeter } from "./rates.ts";
import { createSnapshot, type SnapshotOptions } from "./snapshot.ts";
import type { HistoryStatus, Status } from "./status.ts";

export interface FeedOptions extends Omit<SnapshotOptions, "rates" | "startedUs"> {
	/** Microseconds since 1970, whole, by the wall clock and by one that nobody sets. */
	wallUs(): number;
	monotonicUs(): number;
	/** Runs `work` every `intervalMs`; gives the function that ends that. */
	readonly every: (work: () => void, intervalMs: number) => () => void;
}

/** The status for whoever looks, and the history behind it. */
export interface Feed {
	status(): Status;
	history(): HistoryStatus;
	readonly events: Events;
	/** Takes no more samples and sends the viewers away. */
	stop(): void;
}

/** Begins to sample the tracker for the history: that is all it does while nobody looks. */
export function createFeed(options: FeedOptions): Feed {
	const { wallUs, monotonicUs, every } = options;
	const { tracker } = options.sources;
	const history = new History();
	const rates = new RateMeter(tracker, monotonicUs());
	const snapshot = createSnapshot({ ...options, rates, startedUs: wallUs() });
	const status = () => snapshot(wallUs(), monotonicUs());
	const events = new Events({ history: () => history.status(), status, every });

	const endSampling = every(() => {
		const nowUs = monotonicUs();
		tracker.clock.advance(nowUs);
		tracker.expire();
		const latest = rates.latestOf(allSets(tracker), nowUs);
		const step = history.push([
			Math.round(wallUs() / 1_000),
			tracker.activeByDomain.reduce((sum, active) => sum + active, 0),
			latest.queries_per_second,
			latest.bytes_in_per_second,
			latest.bytes_out_per_second,
		]);
		rates.mark(nowUs);
		events.send("point", step);
	}, sampleMs);

	return {
		status,
		history: () => history.status(),
		events,
		stop() {
			endSampling();
			events.close();
		},
	};
}

function allSets(tracker: Tracker): number[] {
	return Array.from({ length: tracker.sets.size }, (_, set) => set);
}
