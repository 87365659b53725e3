/** What is wrong, from the figures of a window. */

import { mtuDefault } from "../tunnel.ts";
import { ednsBytesMax } from "../wasm/shared/limits.ts";
import { type ConditionId, conditionTexts, type Severity, severities } from "./condition-texts.ts";
import type { MtuFigures } from "./domains.ts";
import { casesMin, type Finding, findingOf, isSmallAnswered, rejectedRatioMin } from "./finding.ts";
import { duration, grouped, percentToTenths, secondsToTenths } from "./format.ts";
import { diagnoseParent, diagnoseTunnel, isSameFormat } from "./lookalike.ts";
import { isOnOther, type OtherTunnel, otherTunnelsText } from "./other-tunnels.ts";
import { placeFindings } from "./place-conditions.ts";
import type { DomainWindow, WindowFigures } from "./window.ts";

/** One thing that is wrong, as page, `top`, log and `inspect` show it. */
export interface Condition {
	readonly id: ConditionId;
	readonly severity: Severity;
	readonly title: string;
	readonly about: readonly string[];
	/** When it began (RFC 3339); null in a report. */
	readonly since: string | null;
	readonly sentence: string;
	readonly remedy: string;
}

const truncatedRatioMin = 0.02;
const cutRatioMin = 0.1;
/** The server holds a response for up to a second while it has no data, so that is normal of idle clients, and not where most responses carry some. */
const heldSecondsMin = 0.4;
const delayedSecondsMin = 1.1;

const order = Object.keys(conditionTexts);

function rankOf({ id }: Finding): number {
	return severities.indexOf(conditionTexts[id].severity) * order.length + order.indexOf(id);
}

export function worstFirst(findings: readonly Finding[]): Finding[] {
	return findings.toSorted((a, b) => rankOf(a) - rankOf(b));
}

export function conditionOf({ id, about, sentence, advice }: Finding, since: string | null): Condition {
	const { severity, title, remedy } = conditionTexts[id];
	const plain = remedy.replaceAll("`", "").replaceAll("DOMAIN", about[0] ?? "DOMAIN");
	return { id, severity, title, about, since, sentence, remedy: advice === "" ? plain : `${advice} ${plain}` };
}

/** What the figures of tunnels show to be wrong. `silent` are domains of which it is known already that nothing answers. */
export function tunnelFindings(figures: WindowFigures, silent: readonly string[] = []): Finding[] {
	return [
		...figures.domains.flatMap(domainFindings),
		...placeFindings({ ...figures, domains: figures.domains.filter(({ domain }) => !silent.includes(domain)) }),
		...tableFindings(figures),
	];
}

function domainFindings(row: DomainWindow): Finding[] {
	const { domain, queries, refused_queries, responses, responses_by_rcode, truncated_responses, health } = row;
	const findings: Finding[] = [...mtuFindings(row)];
	const add = (id: ConditionId, sentence: string) => void findings.push(findingOf(id, [domain], sentence));
	const mistaken = diagnoseTunnel(domain, row.lookalike);
	if (mistaken !== null) add("other_tunnel", mistaken);
	const parent = diagnoseParent(domain, row.lookalike);
	if (parent !== null) add("parent_domain", parent);
	if (queries + refused_queries === 0 && responses >= casesMin)
		add("responses_only", `${domain}: ${grouped(responses)} responses and no query.`);
	const formErr = responses_by_rcode.FORMERR ?? 0;
	if (responses >= casesMin && formErr >= responses * rejectedRatioMin) {
		const share = `${domain}: ${percentToTenths(formErr / responses)} of the responses are FORMERR.`;
		findings.push(findingOf("formerr", [domain], share, largerMtu(row.mtu, `${row.tunnel.wire}.mtu`)));
	}
	if (responses >= casesMin && truncated_responses >= responses * truncatedRatioMin)
		add("truncated", `${domain}: ${percentToTenths(truncated_responses / responses)} of the responses have TC=1.`);
	const times = health.response_duration_seconds;
	const least = health.segments_out >= queries / 2 ? heldSecondsMin : delayedSecondsMin;
	if (times !== null && times.count >= casesMin && times.median >= least)
		add("slow_responses", `${domain}: the median response time is ${secondsToTenths(times.median)}.`);
	return findings;
}

function mtuFindings(row: DomainWindow): Finding[] {
	if (!isSmallAnswered(row)) return [];
	const { domain, mtu, refused } = row;
	const key = `${row.tunnel.wire}.mtu`;
	const counts = `${grouped(mtu.answered_refused_queries)} of ${grouped(refused.edns ?? 0)}`;
	return [
		findingOf(
			"mtu_mismatch",
			[domain],
			`${domain}: ${counts} queries that count as refused for their EDNS size are answered all the same: the server's -mtu is smaller than the ${key} of ${mtu.bytes}.`,
			`--${key} ${mtu.answered_least_bytes} fits the server's answers.`,
		),
	];
}

/** Returns the value of the key for the server's -mtu that fits its FORMERR, if there is one. */
function largerMtu({ bytes, answered_least_bytes: least, refused_most_bytes: most }: MtuFigures, key: string): string {
	if (most === null || most < bytes || most >= (least ?? ednsBytesMax)) return "";
	const fits = most < mtuDefault && mtuDefault <= (least ?? mtuDefault) ? mtuDefault : most + 1;
	return `The server's -mtu is larger than the ${key} of ${bytes}: --${key} ${fits} fits its answers.`;
}

function tableFindings({ evicted, overflowed }: WindowFigures): Finding[] {
	const findings: Finding[] = [];
	const tables = Object.entries(evicted).filter(([, count]) => count > 0);
	if (tables.length > 0) {
		const counts = tables.map(([name, count]) => `${name.replaceAll("_", " ")} ${grouped(count)}`).join(", ");
		findings.push(findingOf("tables_full", [], `Evicted entries: ${counts}.`));
	}
	if (overflowed > 0)
		findings.push(
			findingOf("label_sets_full", [], `${grouped(overflowed)} lookups found no room for a new label set.`),
		);
	return findings;
}

/** What a file's packets and time stamps show. */
export interface FileFacts {
	readonly ports: readonly number[];
	readonly packets: number;
	/** Tunnels that the capture holds where nothing came for the domains, the busiest first. */
	readonly discovered: readonly OtherTunnel[];
	/** Packets that end before their IP header says. */
	readonly cut: number;
	/** Packets of the ports that are for none of the domains. */
	readonly strays: number;
	readonly stepsBack: number;
	readonly stepsForward: number;
}

/** What is wrong in a capture that was read as a whole. */
export function fileFindings(figures: WindowFigures, facts: FileFacts): Finding[] {
	const { packets, cut, stepsBack, stepsForward } = facts;
	const silent = figures.domains.filter(
		({ queries, responses, mtu }) => queries >= casesMin && responses + mtu.answered_refused_queries === 0,
	);
	const findings: Finding[] = silent.map(({ domain, queries }) =>
		findingOf("queries_only", [domain], `${domain}: ${grouped(queries)} queries and no response.`),
	);
	if (cut > 0 && cut >= packets * cutRatioMin)
		findings.push(findingOf("packets_cut", [], `${grouped(cut)} of ${grouped(packets)} packets are not whole.`));
	if (stepsBack > 0)
		findings.push(findingOf("time_went_back", [], `Time stamps go back by more than a second ${timesOf(stepsBack)}.`));
	if (stepsForward > 0)
		findings.push(
			findingOf(
				"time_went_forward",
				[],
				`Time stamps go forward by more than a second ${timesOf(stepsForward)} while the server's clock does not.`,
			),
		);
	const nothing = packets === 0 ? null : nothingYet(figures, facts);
	if (nothing !== null) findings.push(nothing);
	return [
		...findings,
		...tunnelFindings(
			figures,
			silent.map(({ domain }) => domain),
		),
	];
}

/** Nothing has come for the domains: what came instead. Null when something came. */
export function nothingYet(
	{ domains, otherDomains, otherPorts }: Pick<WindowFigures, "domains" | "otherDomains" | "otherPorts">,
	facts: {
		readonly ports: readonly number[];
		readonly strays: number;
		readonly interface?: string;
		readonly discovered: readonly OtherTunnel[];
	},
): Finding | null {
	if (domains.some(({ queries, responses }) => queries + responses > 0)) return null;
	const names = domains.map(({ domain }) => domain);
	const listed = names.join(" or ");
	const where = `${facts.interface === undefined ? "" : ` on ${facts.interface}`}, UDP port ${facts.ports.join(" or ")}`;
	const watched = facts.interface ?? null;
	const others = facts.discovered.filter(
		(tunnel) => !domains.some((row) => isKnown(tunnel, row, facts.ports, isOnOther(tunnel, watched))),
	);
	const othersText = otherTunnelsText(others, watched);
	const found = (sentence: string, advice = "") =>
		findingOf("nothing_yet", names, sentence, [othersText, advice].join(" ").trim());
	const refused = domains.reduce((sum, row) => sum + row.refused_queries, 0);
	if (refused > 0)
		return found(
			`${amount(refused, "query", "queries")} for ${listed}${where}, all of them refused: see their reasons.`,
		);
	if (otherDomains > 0) {
		const messages = amount(otherDomains, "DNS message was for another domain", "DNS messages were for other domains");
		return found(`No query for ${listed}${where}: ${messages}.`, "Check --dnstt.domain.");
	}
	if (otherPorts > 0 && facts.strays === 0) {
		const packets = amount(otherPorts, "packet was of another port", "packets were of other ports");
		return found(`No packet to or from${where.replace(/^,/, "")}: ${packets}.`, "Check --dnstt.port.");
	}
	return found(`No query for ${listed}${where}.`);
}

/** Whether a tunnel is watched as it should be, or its format is mistaken, which is a condition of its own. */
function isKnown(
	{ domain, port, format }: OtherTunnel,
	row: DomainWindow,
	ports: readonly number[],
	isElsewhere: boolean,
): boolean {
	if (domain !== row.domain) return false;
	const isWatched = ports.includes(port) && !isElsewhere && isSameFormat(format, row.tunnel);
	return isWatched || diagnoseTunnel(domain, row.lookalike) !== null;
}

function amount(count: number, one: string, many: string): string {
	return `${grouped(count)} ${count === 1 ? one : many}`;
}

function timesOf(count: number): string {
	return count === 1 ? "once" : `${grouped(count)} times`;
}

/** How long, with plain spaces. */
export function timeSpan(seconds: number): string {
	return duration(seconds * 1_000).replaceAll("\u00a0", " ");
}
