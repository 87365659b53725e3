import type { Tracker } from "../engine/tracker.ts";
import { type AssessmentOptions, createAssessment } from "./assessment.ts";
import { Events } from "./events.ts";
import { History, sampleMs } from "./history.ts";
import { RateMeter } from "./rates.ts";
import { createSnapshot, type SnapshotOptions } from "./snapshot.ts";
import type { HistoryStatus, HistoryStep, Point, Status } from "./status.ts";

export interface FeedOptions extends AssessmentOptions, Omit<SnapshotOptions, "rates" | "startedUs"> {
	/** Runs `work` every `intervalMs`; returns the function that ends that. */
	readonly every: (work: () => void, intervalMs: number) => () => void;
}

/** The offset to the wall clock is corrected from this difference on: less is the jitter of reading two clocks. */
const followMs = 1_000;

/** The status and the history, for every viewer. */
export interface Feed {
	status(): Status;
	history(): HistoryStatus;
	readonly events: Events;
	/** Stops sampling and disconnects the viewers. */
	stop(): void;
}

/** Begins to sample the tracker for the history; without viewers that is all it does. */
export function createFeed(options: FeedOptions): Feed {
	const { wallUs, monotonicUs, every } = options;
	const { tracker } = options.sources;
	const history = new History();
	const rates = new RateMeter(tracker, monotonicUs());
	const startedUs = monotonicUs();
	const offsetMsOf = () => Math.round((wallUs() - monotonicUs()) / 1_000);
	/** How far the wall clock is ahead. Times are kept by the monotonic clock, so that they stay in order when the wall clock is set. */
	let offsetMs = offsetMsOf();
	const assess = createAssessment(options, startedUs);
	const snapshot = createSnapshot({ ...options, rates, startedUs: () => startedUs + offsetMs * 1_000 });
	const atWall = ([timeMs, ...rest]: Point): Point => [timeMs + offsetMs, ...rest];
	const shifted = (): HistoryStatus => {
		const { hour, day } = history.status();
		return { hour: hour.map(atWall), day: day.map(atWall) };
	};

	/** When the wall clock was set, viewers need the whole history with its new times. */
	function followWall(): void {
		const nowMs = offsetMsOf();
		if (Math.abs(nowMs - offsetMs) < followMs) return;
		offsetMs = nowMs;
		events.send("history", shifted());
	}

	function status(): Status {
		followWall();
		return snapshot(assess(offsetMs * 1_000), wallUs(), monotonicUs());
	}

	function historyStatus(): HistoryStatus {
		followWall();
		return shifted();
	}

	const events = new Events({ history: historyStatus, status, every });

	const endSampling = every(() => {
		followWall();
		assess(offsetMs * 1_000);
		const nowUs = monotonicUs();
		// What was not captured is not 0: the charts have a gap there.
		if (options.sources.capture()?.up !== true) {
			rates.mark(nowUs);
			return;
		}
		const latest = rates.latestOf(allSets(tracker), nowUs);
		const { hour, day } = history.push([
			Math.round(nowUs / 1_000),
			tracker.activeByDomain.sum,
			latest.queries_per_second,
			latest.bytes_in_per_second,
			latest.bytes_out_per_second,
		]);
		rates.mark(nowUs);
		events.send("point", { hour: atWall(hour), day: day && atWall(day) } satisfies HistoryStep);
	}, sampleMs);

	return {
		status,
		history: historyStatus,
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
