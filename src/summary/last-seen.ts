/** When queries and responses last came, from counts that are looked at from time to time. */

import type { DomainFigures } from "./domains.ts";

/** Of one domain, as of the latest look; null where there was none. */
export interface LastSeen {
	readonly queryAgoSeconds: number | null;
	readonly responseAgoSeconds: number | null;
	/** How long queries have come without a response, and how many; null while the last ones were answered. */
	readonly silentSeconds: number | null;
	readonly silentQueries: number;
}

type Counts = Pick<DomainFigures, "queries" | "responses">;

/** Returns a function that takes the counts of all domains since the start at a moment, and returns what was last seen of each. */
export function createLastSeen(domains: number): (counts: readonly Counts[], nowUs: number) => LastSeen[] {
	const states = Array.from({ length: domains }, () => ({
		queries: 0,
		responses: 0,
		queryUs: null as number | null,
		responseUs: null as number | null,
		silentFromUs: null as number | null,
		silentQueries: 0,
	}));
	return (counts, nowUs) =>
		states.map((state, index) => {
			const { queries, responses } = counts[index] ?? state;
			const more = queries - state.queries;
			if (more > 0) state.queryUs = nowUs;
			if (responses > state.responses) {
				state.responseUs = nowUs;
				state.silentFromUs = null;
				state.silentQueries = 0;
			} else if (more > 0) {
				state.silentFromUs ??= nowUs;
				state.silentQueries += more;
			}
			state.queries = queries;
			state.responses = responses;
			const ago = (timeUs: number | null) => (timeUs === null ? null : (nowUs - timeUs) / 1e6);
			return {
				queryAgoSeconds: ago(state.queryUs),
				responseAgoSeconds: ago(state.responseUs),
				silentSeconds: ago(state.silentFromUs),
				silentQueries: state.silentQueries,
			};
		});
}
