/** What conditions are made of. */

import type { ConditionId } from "./condition-texts.ts";
import type { DomainWindow } from "./window.ts";

/** One thing that is wrong, as it is now. */
export interface Finding {
	readonly id: ConditionId;
	/** Domains or places, by their names; none where it is about the exporter. */
	readonly about: readonly string[];
	/** What it is about for as long as it lasts: the worst places may change meanwhile. */
	readonly scope: string;
	/** What was seen, with its figures. */
	readonly sentence: string;
	/** What fits these figures, before what always helps; "" for nothing. */
	readonly advice: string;
}

/** Shares of fewer cases are not reported. */
export const casesMin = 50;
/** Smaller shares of answers with an error are not reported. */
export const rejectedRatioMin = 0.02;
/** One answer that contradicts dnstt.mtu would be proof, but on a single interface anyone can forge a few. */
const contradictionsMin = 10;

export function findingOf(
	id: ConditionId,
	about: readonly string[],
	sentence: string,
	advice = "",
	scope = about.join(" "),
): Finding {
	return { id, about, scope, sentence, advice };
}

/** Whether the server answers what counts as refused for its size: then it does not refuse it. */
export function isSmallAnswered({ mtu, refused }: DomainWindow): boolean {
	const { answered_refused_queries: answered } = mtu;
	return answered >= contradictionsMin && answered >= (refused.edns ?? 0) * rejectedRatioMin;
}
