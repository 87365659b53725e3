import type { Distribution } from "../engine/histogram.ts";
import { ednsBounds, type Tracker } from "../engine/tracker.ts";
import { SetCell } from "../wasm/shared/cells.ts";
import { ednsEnough } from "../wasm/shared/limits.ts";

/** Times of something that happened `count` times, in seconds. */
export interface Times {
	readonly count: number;
	readonly median: number;
	readonly p95: number;
}

/** How well the tunnel works for some label sets. Ratios are from 0 to 1, and null where there is nothing to divide by. */
export interface HealthFigures {
	/** From the server to clients and back; null when no acknowledgement was seen. */
	readonly round_trip_seconds: Times | null;
	/** From a query to its response. */
	readonly response_duration_seconds: Times | null;
	/** Queries that only ask for data, and those that carry some. */
	readonly polls: number;
	readonly data_queries: number;
	/** Bytes of the tunnel's own packets. */
	readonly packet_bytes_in: number;
	readonly packet_bytes_out: number;
	/** Bytes of DNS messages for each byte of the tunnel's packets. */
	readonly overhead: number | null;
	/** KCP segments with data, and those of them that were sent before. */
	readonly segments_in: number;
	readonly segments_out: number;
	readonly retransmissions_in: number;
	readonly retransmissions_out: number;
	readonly retransmission_ratio_in: number | null;
	readonly retransmission_ratio_out: number | null;
	readonly unanswered_queries: number;
	/** Null also while no query was answered or has waited long enough to count as unanswered. */
	readonly unanswered_ratio: number | null;
	/** Queries that were refused because their resolver takes less than dnstt.mtu. */
	readonly edns_refused_queries: number;
	/** Of all queries, those among them, the share whose resolver takes less than 1,232 bytes, a server's usual -mtu. */
	readonly edns_below_1232_ratio: number | null;
}

/** What the figures of some label sets are made of. */
export interface HealthSums {
	readonly cells: Float64Array;
	readonly roundTrips: Distribution;
	readonly responseTimes: Distribution;
}

/** The sums of some label sets, to be kept. Each label set costs time: do not call it often for many. */
export function healthSumsOf(tracker: Tracker, sets: readonly number[]): HealthSums {
	const total = tracker.totalsOf(sets);
	return {
		cells: Float64Array.from({ length: SetCell.Width }, (_, cell) => total(cell)),
		roundTrips: tracker.roundTrips.distribution(sets).copy(),
		responseTimes: tracker.responseTimes.distribution(sets).copy(),
	};
}

/** Returns what was added to the sums since `earlier`. */
export function healthSumsSince(now: HealthSums, earlier: HealthSums): HealthSums {
	return {
		cells: now.cells.map((sum, cell) => Math.max(0, sum - (earlier.cells[cell] as number))),
		roundTrips: now.roundTrips.since(earlier.roundTrips),
		responseTimes: now.responseTimes.since(earlier.responseTimes),
	};
}

/** The figures of some label sets together, since the start. */
export function healthOf(tracker: Tracker, sets: readonly number[]): HealthFigures {
	return healthFrom(healthSumsOf(tracker, sets));
}

export function healthFrom(sums: HealthSums): HealthFigures {
	const total = (cell: SetCell) => sums.cells[cell] as number;
	const queries = total(SetCell.Queries);
	const polls = total(SetCell.Polls);
	const unanswered = total(SetCell.Unanswered);
	const packetBytesIn = total(SetCell.UpstreamBytes);
	const packetBytesOut = total(SetCell.DownstreamBytes);
	const segmentsIn = total(SetCell.UpstreamPushes);
	const segmentsOut = total(SetCell.DownstreamPushes);
	const retransmissionsIn = total(SetCell.UpstreamRetransmissions);
	const retransmissionsOut = total(SetCell.DownstreamRetransmissions);
	let small = 0;
	let sized = 0;
	for (let cell = 0; cell <= ednsBounds.length; cell++) {
		const count = total(SetCell.Edns + cell);
		sized += count;
		if ((ednsBounds[cell] ?? Number.POSITIVE_INFINITY) < ednsEnough) small += count;
	}
	const messageBytes = total(SetCell.BytesIn) + total(SetCell.BytesOut);
	const roundTrips = timesOf(sums.roundTrips);
	const responseTimes = timesOf(sums.responseTimes);
	return {
		round_trip_seconds: roundTrips,
		response_duration_seconds: responseTimes,
		polls,
		data_queries: queries - polls,
		packet_bytes_in: packetBytesIn,
		packet_bytes_out: packetBytesOut,
		overhead: ratio(messageBytes, packetBytesIn + packetBytesOut),
		segments_in: segmentsIn,
		segments_out: segmentsOut,
		retransmissions_in: retransmissionsIn,
		retransmissions_out: retransmissionsOut,
		retransmission_ratio_in: ratio(retransmissionsIn, segmentsIn),
		retransmission_ratio_out: ratio(retransmissionsOut, segmentsOut),
		unanswered_queries: unanswered,
		unanswered_ratio: unanswered === 0 && responseTimes === null ? null : ratio(unanswered, queries),
		edns_refused_queries: sized - queries,
		edns_below_1232_ratio: ratio(small, sized),
	};
}

/** Null without values. */
export function timesOf(times: Distribution): Times | null {
	const median = times.quantile(0.5);
	const p95 = times.quantile(0.95);
	return median === null || p95 === null ? null : { count: times.count, median, p95 };
}

/** Null where there is nothing to divide by. */
export function ratio(part: number, whole: number): number | null {
	return whole === 0 ? null : part / whole;
}
