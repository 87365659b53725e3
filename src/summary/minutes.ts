/** Milliseconds in a minute. */
export const minuteMs = 60_000;

/** A moment of a history: milliseconds since 1970, then the active clients; what follows is not looked at. */
type Moment = readonly [timeMs: number, activeClients: number, ...rest: readonly number[]];

/** The most active clients of each minute that has a moment in it, by the minute's number since 1970, as they come. */
export function activeByMinute(moments: Iterable<Moment>): Map<number, number> {
	const most = new Map<number, number>();
	for (const [timeMs, active] of moments) {
		const minute = Math.floor(timeMs / minuteMs);
		most.set(minute, Math.max(most.get(minute) ?? 0, active));
	}
	return most;
}
