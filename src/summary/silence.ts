/** Why nothing is counted, and how many messages show it: what an operator should know before all figures. */
export type Silence =
	| { readonly reason: "capture closed" }
	/** Queries came for the domains, and none of them is a client's. */
	| { readonly reason: "refused"; readonly queries: number }
	/** DNS messages came, queries and responses, and none of them is for the domains. */
	| { readonly reason: "foreign"; readonly messages: number }
	| { readonly reason: "no query" };

/** Of the status, what tells it. */
export interface Counted {
	readonly capture: { readonly up: boolean; readonly unrelated_packets: Readonly<Record<string, number>> };
	readonly total: { readonly queries: number };
	readonly domains: readonly { readonly refused_queries: number }[];
}

/** Null when there is nothing to tell: the capture is open, and clients came. */
export function silenceOf({ capture, total, domains }: Counted): Silence | null {
	if (!capture.up) return { reason: "capture closed" };
	if (total.queries > 0) return null;
	const refused = domains.reduce((sum, row) => sum + row.refused_queries, 0);
	if (refused > 0) return { reason: "refused", queries: refused };
	const foreign = capture.unrelated_packets.domain ?? 0;
	return foreign > 0 ? { reason: "foreign", messages: foreign } : { reason: "no query" };
}
