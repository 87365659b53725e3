/** What is wrong while it runs: with the capture, with what comes and what does not, with files that grow old. */

import { nothingYet, timeSpan, tunnelFindings } from "./conditions.ts";
import { type Finding, findingOf } from "./finding.ts";
import { count, grouped, percentToTenths } from "./format.ts";
import type { LastSeen } from "./last-seen.ts";
import type { OtherTunnel } from "./other-tunnels.ts";
import type { WindowFigures } from "./window.ts";

/** The server answers within a second, and resolvers ask again: this long without a response, it is silent. */
const silentSecondsMin = 30;
const silentQueriesMin = 10;
/** Without a query for this long they have stopped. */
const stoppedSecondsMin = 300;
/** Fewer clients may all have left: a tunnel of a few friends is empty each night. */
const lostClientsMin = 5;
/** Drops below this share of all packets change no figure that is shown. */
const droppedRatioMin = 0.001;
/** Databases are published weekly or monthly. */
const databaseDaysMax = 60;
const daySeconds = 86_400;

export interface LiveFacts {
	readonly nowSeconds: number;
	readonly capture: {
		readonly interface: string;
		readonly ports: readonly number[];
		readonly up: boolean;
		/** Why it is closed; null while it is open. */
		readonly failure: string | null;
		/** How long it has been open. */
		readonly openSeconds: number;
	};
	/** Of each domain. */
	readonly seen: readonly LastSeen[];
	/** Of all domains, since the start. */
	readonly total: Pick<WindowFigures, "domains" | "otherDomains" | "otherPorts">;
	/** Tunnels that were recognised on any interface while nothing had come for the domains, the busiest first. */
	readonly discovered: readonly OtherTunnel[];
	readonly databases: readonly { readonly database: string; readonly buildTimeSeconds: number }[];
	/** What is wrong with the certificate; null for nothing. */
	readonly certificate: string | null;
}

export function liveFindings(figures: WindowFigures, facts: LiveFacts): Finding[] {
	return [...trafficFindings(figures, facts), ...agingFindings(facts)];
}

/** While the capture is closed nothing else is known. */
function trafficFindings(figures: WindowFigures, facts: LiveFacts): Finding[] {
	const { capture, total, discovered } = facts;
	if (!capture.up) {
		const reason = capture.failure === null ? "" : `: ${capture.failure}`;
		return [findingOf("capture_closed", [], `The capture on ${capture.interface} is closed${reason}.`)];
	}
	const nothing = nothingYet(total, { ...capture, strays: 0, discovered });
	const silent = figures.domains.flatMap(({ domain }, index) => {
		const finding = silentServer(domain, facts.seen[index]);
		return finding === null ? [] : [finding];
	});
	return [
		...(nothing === null ? [] : [nothing]),
		...silent,
		...figures.domains.flatMap(({ domain }, index) => stopped(domain, facts, facts.seen[index])),
		...dropped(figures),
		...tunnelFindings(
			figures,
			silent.flatMap(({ about }) => about),
		),
	];
}

function silentServer(domain: string, seen: LastSeen | undefined): Finding | null {
	if (seen === undefined || seen.silentSeconds === null || seen.queryAgoSeconds === null) return null;
	const { silentSeconds, silentQueries } = seen;
	if (silentSeconds < silentSecondsMin || silentQueries < silentQueriesMin) return null;
	if (seen.queryAgoSeconds >= stoppedSecondsMin) return null;
	const sentence = `${domain}: ${grouped(silentQueries)} queries within ${timeSpan(silentSeconds)}, and no response.`;
	return findingOf(seen.responseAgoSeconds === null ? "queries_only" : "server_silent", [domain], sentence);
}

function stopped(domain: string, { capture }: LiveFacts, seen: LastSeen | undefined): Finding[] {
	if (seen === undefined || seen.queryAgoSeconds === null) return [];
	if (Math.min(seen.queryAgoSeconds, capture.openSeconds) < stoppedSecondsMin) return [];
	const begin = `${domain}: no query for ${timeSpan(seen.queryAgoSeconds)}`;
	const { recentClients: clients } = seen;
	if (clients < lostClientsMin) return [findingOf("no_clients", [domain], `${begin}.`)];
	return [
		findingOf("no_queries", [domain], `${begin}, after up to ${grouped(clients)} active clients in the hour before.`),
	];
}

function dropped({ capture }: WindowFigures): Finding[] {
	const { received, droppedByKernel, droppedByInterface } = capture;
	const lost = droppedByKernel + droppedByInterface;
	if (lost === 0 || lost < (received + droppedByInterface) * droppedRatioMin) return [];
	const share = percentToTenths(lost / (received + droppedByInterface));
	const sentence = `${share} of the packets are lost: by the kernel ${count(droppedByKernel)}, by the interface ${count(droppedByInterface)}.`;
	return [findingOf("packets_dropped", [], sentence)];
}

/** Of files that grow old. */
function agingFindings({ databases, certificate, nowSeconds }: LiveFacts): Finding[] {
	const findings = databases.flatMap(({ database, buildTimeSeconds }) => {
		const days = Math.floor((nowSeconds - buildTimeSeconds) / daySeconds);
		if (buildTimeSeconds === 0 || days <= databaseDaysMax) return [];
		return [findingOf("geoip_old", [], `The ${database} database was built ${grouped(days)} days ago.`, "", database)];
	});
	if (certificate !== null) findings.push(findingOf("certificate", [], certificate, "", certificate));
	return findings;
}
