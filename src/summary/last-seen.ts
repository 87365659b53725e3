/** When queries and responses last came, and what came before, from a tracker that is looked at from time to time. */

import type { Tracker } from "../engine/tracker.ts";
import type { DomainFigures } from "./domains.ts";

const hourUs = 3_600_000_000;

/** Of one domain, as of the latest look. */
export interface LastSeen {
	/** Null where there was none. */
	readonly queryAgoSeconds: number | null;
	readonly responseAgoSeconds: number | null;
	/** How long queries have come without a response, and how many; null while the last ones were answered. */
	readonly silentSeconds: number | null;
	readonly silentQueries: number;
	/** The most clients that were active at one time in about the hour before the latest query. */
	readonly recentClients: number;
}

/** Returns a function that looks at all domains, whose counts are since the start, by a monotonic clock. */
export function createLastSeen(
	tracker: Pick<Tracker, "lastQueryUs" | "lastResponseUs" | "activeByDomain">,
	domains: number,
): (counts: readonly Pick<DomainFigures, "queries">[], nowUs: number) => LastSeen[] {
	const states = Array.from({ length: domains }, () => ({
		queries: 0,
		responseUs: 0,
		silentFromUs: null as number | null,
		silentQueries: 0,
		clients: 0,
		clientsUs: Number.NEGATIVE_INFINITY,
	}));
	return (counts, nowUs) =>
		states.map((state, index) => {
			const queries = counts[index]?.queries ?? state.queries;
			const responseUs = tracker.lastResponseUs.at(index);
			const more = queries - state.queries;
			if (responseUs !== state.responseUs) {
				state.silentFromUs = null;
				state.silentQueries = 0;
			} else if (more > 0) {
				state.silentFromUs ??= nowUs;
				state.silentQueries += more;
			}
			const clients = tracker.activeByDomain.at(index);
			if (more > 0 && (clients >= state.clients || nowUs - state.clientsUs > hourUs)) {
				state.clients = clients;
				state.clientsUs = nowUs;
			}
			state.queries = queries;
			state.responseUs = responseUs;
			const ago = (timeUs: number | null) => (timeUs === null ? null : (nowUs - timeUs) / 1e6);
			return {
				queryAgoSeconds: ago(tracker.lastQueryUs.at(index) || null),
				responseAgoSeconds: ago(responseUs || null),
				silentSeconds: ago(state.silentFromUs),
				silentQueries: state.silentQueries,
				recentClients: state.clients,
			};
		});
}
