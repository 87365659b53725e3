/** Milliseconds in a minute. */
export const minuteMs = 60_000;

/** A moment of a history: milliseconds since 1970, then the active clients; the rest is not used. */
type Moment = readonly [timeMs: number, activeClients: number, ...rest: readonly number[]];

/** The peak of active clients in each minute that has a moment, by the minute's number since 1970, in the order of the moments. */
export function activeByMinute(moments: Iterable<Moment>): Map<number, number> {
	const most = new Map<number, number>();
	for (const [timeMs, active] of moments) {
		const minute = Math.floor(timeMs / minuteMs);
		most.set(minute, Math.max(most.get(minute) ?? 0, active));
	}
	return most;
}
