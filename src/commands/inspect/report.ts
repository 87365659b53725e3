import { faultNames, unrelatedNames } from "../../engine/reasons.ts";
import type { Tracker } from "../../engine/tracker.ts";
import type { Origin } from "../../geoip/origins.ts";
import { type Condition, conditionOf, fileFindings, worstFirst } from "../../summary/conditions.ts";
import { type DomainFigures, domainsOf } from "../../summary/domains.ts";
import { byReason, type Figures, figuresOf, groupSets } from "../../summary/figures.ts";
import { type HealthFigures, healthOf } from "../../summary/health.ts";
import type { OtherTunnel } from "../../summary/other-tunnels.ts";
import { wholeFigures } from "../../summary/window.ts";
import { Fault, Unrelated } from "../../wasm/shared/fault.ts";
import type { ActivityFigures } from "./activity.ts";

/** The report of `inspect`, in the form of its JSON output. Active clients are those at the last packet. */
export interface Report {
	readonly files: readonly string[];
	readonly packets: number;
	/** Packets of the files that were left out: before `--from` or not before `--to`. */
	readonly packets_left_out: number;
	/** RFC 3339, UTC; null without packets. */
	readonly first_packet: string | null;
	readonly last_packet: string | null;
	readonly duration_seconds: number;
	/** Active clients over the time of the capture; null if that is shorter than a sample. */
	readonly activity: ActivityFigures | null;
	readonly domains: readonly (DomainFigures & { readonly health: HealthFigures })[];
	/** Null without the database. Most queries first. */
	readonly countries: readonly (Figures & { readonly country: string; readonly health: HealthFigures })[] | null;
	readonly asns:
		| readonly (Figures & {
				readonly asn: string;
				/** Who runs the network by the database; null where it does not say. */
				readonly organization: string | null;
				readonly health: HealthFigures;
		  })[]
		| null;
	/** What is wrong, the worst first. */
	readonly conditions: readonly Condition[];
	readonly duplicates: number;
	readonly joined_frames: number;
	readonly malformed_packets: Readonly<Record<string, number>>;
	readonly unrelated_packets: Readonly<Record<string, number>>;
	/** Damaged captures, one line each; the figures include their packets up to the damage. */
	readonly broken: readonly string[];
}

/** What was read, in addition to the tracker's counts. */
export interface Reading {
	readonly files: readonly string[];
	readonly broken: readonly string[];
	/** UDP ports of the server, as the decoder is configured. */
	readonly ports: readonly number[];
	readonly packets: number;
	/** Outside the range of time. */
	readonly leftOut: number;
	/** The earliest and the latest time stamp in microseconds; meaningless without packets. */
	readonly firstUs: number;
	readonly lastUs: number;
	readonly activity: ActivityFigures | null;
	/** Tunnels under other domains or on other ports. */
	readonly discovered: readonly OtherTunnel[];
}

export interface ReportSources {
	readonly tracker: Tracker;
	readonly domains: readonly string[];
	readonly geoLabels: { readonly hasCountry: boolean; readonly hasAsn: boolean; readonly origins: readonly Origin[] };
}

/** Returns the report of what was read so far. It expires sessions up to the last packet first. */
export function createReport(reading: Reading, sources: ReportSources): Report {
	const { tracker, geoLabels } = sources;
	tracker.expire();
	const originOf = (set: number) => geoLabels.origins[tracker.sets.origins[set] as number] as Origin;
	const ranked = (keyOf: (set: number) => string) =>
		[...groupSets(tracker, keyOf).values()]
			.map((sets) => {
				const row = { ...figuresOf(tracker, sets), health: healthOf(tracker, sets) };
				return [originOf(sets[0] as number), row] as const;
			})
			.sort(([, a], [, b]) => b.queries - a.queries);
	const domains = domainsOf(sources);
	const countries = geoLabels.hasCountry ? ranked((set) => originOf(set).country) : [];
	const asns = geoLabels.hasAsn ? ranked((set) => originOf(set).asn) : [];
	const seconds = reading.packets === 0 ? 0 : (reading.lastUs - reading.firstUs) / 1e6;
	const findings = fileFindings(wholeFigures({ ...sources, capture: () => null }, seconds), {
		ports: reading.ports,
		discovered: reading.discovered,
		packets: reading.packets,
		cut: tracker.faultsOf(Fault.IpTruncated),
		strays: straysOf(tracker),
		stepsBack: tracker.stepsBack,
		stepsForward: tracker.stepsForward,
	});
	return {
		files: reading.files,
		packets: reading.packets,
		packets_left_out: reading.leftOut,
		first_packet: reading.packets === 0 ? null : timeText(reading.firstUs),
		last_packet: reading.packets === 0 ? null : timeText(reading.lastUs),
		duration_seconds: seconds,
		activity: reading.activity,
		domains,
		countries: geoLabels.hasCountry ? countries.map(([{ country }, row]) => ({ country, ...row })) : null,
		asns: geoLabels.hasAsn ? asns.map(([{ asn, organization }, row]) => ({ asn, organization, ...row })) : null,
		conditions: worstFirst(findings).map((finding) => conditionOf(finding, null)),
		duplicates: tracker.duplicates,
		joined_frames: tracker.joinedFrames,
		malformed_packets: byReason(faultNames, (reason) => tracker.faultsOf(reason)),
		unrelated_packets: byReason(unrelatedNames, (reason) => tracker.unrelatedOf(reason)),
		broken: reading.broken,
	};
}

/** Packets of the server's ports that are for none of the domains, as the decoder counts them after it checked the ports. */
function straysOf(tracker: Tracker): number {
	let strays = 0;
	for (const reason of [Unrelated.Direction, Unrelated.Domain, Unrelated.Response])
		strays += tracker.unrelatedOf(reason);
	for (let fault = Fault.DnsTruncated; fault <= Fault.DnsTrailingBytes; fault++) strays += tracker.faultsOf(fault);
	return strays;
}

/** RFC 3339 with microseconds, as captures keep them. */
function timeText(timeUs: number): string {
	const seconds = Math.floor(timeUs / 1e6);
	const fraction = String(timeUs - seconds * 1e6).padStart(6, "0");
	return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, `.${fraction}Z`);
}
