/** The conditions that there are now, since when each has lasted, and what the log hears of them. */

import type { ConditionId } from "../summary/condition-texts.ts";
import { type Condition, conditionOf, worstFirst } from "../summary/conditions.ts";
import type { Finding } from "../summary/finding.ts";

/** A condition's begin is reported at most this often, whether it lasts or returns. */
const repeatUs = 3_600_000_000;
/** A start without traffic is normal for a while. */
const patienceUs: Readonly<Partial<Record<ConditionId, number>>> = { nothing_yet: 60_000_000 };

interface Spell {
	/** Null while it is over. */
	sinceUs: number | null;
	reportedUs: number;
	/** Its begin was reported, so its end will be. */
	isReported: boolean;
	condition: Condition | null;
}

export interface ConditionReports {
	begun(condition: Condition): void;
	ended(condition: Condition): void;
}

/** Takes what is wrong now, by a monotonic clock, and how far the wall clock is ahead; returns it with its begin, the worst first. */
export type ConditionList = (findings: readonly Finding[], nowUs: number, aheadUs: number) => Condition[];

export function createConditionList(reports: ConditionReports): ConditionList {
	/** By id and scope: the number of both is bounded. */
	const spells = new Map<string, Spell>();
	const keyOf = ({ id, scope }: Finding) => `${id} ${scope}`;

	function begin(finding: Finding, nowUs: number): Spell {
		const key = keyOf(finding);
		const spell = spells.get(key) ?? {
			sinceUs: null,
			reportedUs: Number.NEGATIVE_INFINITY,
			isReported: false,
			condition: null,
		};
		spell.sinceUs ??= nowUs;
		spells.set(key, spell);
		return spell;
	}

	function report(spell: Spell, condition: Condition, nowUs: number): void {
		spell.condition = condition;
		if (nowUs - (spell.sinceUs ?? nowUs) < (patienceUs[condition.id] ?? 0)) return;
		if (nowUs - spell.reportedUs < repeatUs) return;
		spell.reportedUs = nowUs;
		spell.isReported = true;
		reports.begun(condition);
	}

	function end(current: ReadonlySet<string>): void {
		for (const [key, spell] of spells) {
			if (spell.sinceUs === null || current.has(key)) continue;
			spell.sinceUs = null;
			if (spell.isReported && spell.condition !== null) reports.ended(spell.condition);
			spell.isReported = false;
		}
	}

	return (findings, nowUs, aheadUs) => {
		end(new Set(findings.map(keyOf)));
		return worstFirst(findings).map((finding) => {
			const spell = begin(finding, nowUs);
			const since = new Date(((spell.sinceUs ?? nowUs) + aheadUs) / 1_000).toISOString();
			const condition = conditionOf(finding, since);
			report(spell, condition, nowUs);
			return condition;
		});
	};
}
