/** Part one: what a packet of a capture file costs, beside other programs that read captures, and growth with the number of sessions. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import type { WireName } from "../../src/tunnel.ts";
import { benchCapture, benchDatabases, benchFolder, standardTraffic } from "./capture.ts";
import {
	alternating,
	type Cost,
	costOf,
	median,
	megabytes,
	printExact,
	printTable,
	printTarget,
	rounded,
} from "./measure.ts";
import { domain, type TrafficCounts } from "./traffic.ts";

const rounds = 5;
/** tshark is so slow that it gets the first packets only; its figures are for these. */
const tsharkPackets = 100_000;

const nanosecondsMost = 350;
const ratioMost = 1.6;
const growthMost = 2;
/** Of dnstt's time a packet, for VayDNS's traffic of the same shape. */
const vaydnsMost = 1.2;

interface Contestant {
	readonly name: string;
	readonly command: readonly string[];
	readonly packets: number;
	/** Removes what the command wrote. */
	readonly clean?: () => void;
}

function inspectCommand(exporter: string, files: readonly string[], wire: WireName = "dnstt"): string[] {
	return [exporter, "inspect", "--format=json", `--${wire}.domain=${domain}`, ...benchDatabases().flags, ...files];
}

/** Counts that the report of `inspect` and the maker of the capture both have. */
interface ReportCounts {
	readonly packets: number;
	readonly domains: readonly {
		readonly queries: number;
		readonly responses: number;
		readonly sessions: number;
		readonly bytes_in: number;
		readonly bytes_out: number;
		readonly refused_queries: number;
	}[];
	readonly malformed_packets: Readonly<Record<string, number>>;
}

/** Pairs of name, what the report says, and what was written. */
export function compared(
	report: ReportCounts,
	counts: TrafficCounts,
): [what: string, reported: number, written: number][] {
	const figures = report.domains[0];
	return [
		["packets", report.packets, counts.packets],
		["queries", figures?.queries ?? 0, counts.queries],
		["responses", figures?.responses ?? 0, counts.responses],
		["sessions", figures?.sessions ?? 0, counts.sessions],
		["bytes in", figures?.bytes_in ?? 0, counts.bytesIn],
		["bytes out", figures?.bytes_out ?? 0, counts.bytesOut],
		["refused queries", figures?.refused_queries ?? 0, counts.refused],
		["faults", Object.values(report.malformed_packets).reduce((sum, count) => sum + count, 0), counts.broken],
	];
}

/** The exporter's `inspect` and the installed peers, on the standard capture. */
export async function inspectPart(exporter: string, allPeers: boolean): Promise<void> {
	const { path, counts } = benchCapture();
	const vaydns = benchCapture({ wire: "vaydns" });
	const { packets } = standardTraffic;
	const written = join(benchFolder(), "dnscap");
	const dropWritten = () => {
		for (const file of new Bun.Glob("dnscap.2*").scanSync({ cwd: benchFolder() })) rmSync(join(benchFolder(), file));
	};
	const contestants: Contestant[] = [
		{ name: "tcpdump -w /dev/null (the floor)", command: ["tcpdump", "-r", path, "-w", "/dev/null"], packets },
		{ name: "dnstt_exporter inspect", command: inspectCommand(exporter, [path]), packets },
		{ name: "the same, of VayDNS", command: inspectCommand(exporter, [vaydns.path], "vaydns"), packets },
		{ name: "dnscap, writing", command: ["dnscap", "-r", path, "-w", written], packets, clean: dropWritten },
		// Down to the labels that tell sessions apart, queries and responses.
		{ name: "dnstop", command: ["dnstop", "-Q", "-R", "-l", "4", path], packets },
		{ name: "dnscap, text", command: ["dnscap", "-r", path, "-g"], packets },
	];
	if (allPeers) {
		const command = ["tshark", "-n", "-r", path, "-c", String(tsharkPackets)];
		contestants.push({ name: `tshark, first ${rounded(tsharkPackets)}`, command, packets: tsharkPackets });
	}
	const present = contestants.filter(({ command }) => Bun.which(command[0] ?? "") !== null);
	for (const { name, command } of contestants) {
		if (Bun.which(command[0] ?? "") === null) console.log(`${name}: not installed (Debian package ${command[0]})`);
	}

	const reportPath = join(benchFolder(), "report.json");
	for (const [wire, capture] of [
		["dnstt", { path, counts }],
		["vaydns", vaydns],
	] as const) {
		await costOf(inspectCommand(exporter, [capture.path], wire), reportPath);
		const report: ReportCounts = await Bun.file(reportPath).json();
		for (const [what, reported, expected] of compared(report, capture.counts))
			printExact(`${wire}: ${what}`, reported, expected);
		console.log();
	}
	const costs = await alternating(
		rounds,
		present.map(({ command, clean }) => async () => {
			const cost = await costOf(command);
			clean?.();
			return cost;
		}),
	);
	const cpuMs = costs.map((runs) => median(runs.map((run) => run.cpuMs)));
	const nanoseconds = present.map(({ packets }, index) => ((cpuMs[index] ?? 0) * 1e6) / packets);
	const [floor = Number.NaN, ours = Number.NaN, oursOfVaydns = Number.NaN] = nanoseconds;
	printTable(
		["program", "CPU s", "ns/packet", "x floor", "x ours", "peak"],
		present.map(({ name }, index) => [
			name,
			rounded((cpuMs[index] ?? 0) / 1e3, 2),
			rounded(nanoseconds[index] ?? 0),
			rounded((nanoseconds[index] ?? 0) / floor, 2),
			rounded((nanoseconds[index] ?? 0) / ours, 2),
			megabytes(median((costs[index] ?? []).map((run) => run.peakBytes))),
		]),
	);
	printTarget("inspect, CPU a packet", ours, nanosecondsMost, "ns");
	printTarget("inspect, times the floor", ours / floor, ratioMost, "x", 2);
	printTarget("VayDNS, times dnstt", oursOfVaydns / ours, vaydnsMost, "x", 2);
}

/**
 * Nanoseconds a packet when 1,000, 100,000 and 1,000,000 sessions are tracked: the cost of a file that fills the tables and then a million
 * packets of those sessions, less the cost of the first file alone. The start of the process and the filling are in neither.
 */
export async function growthPart(exporter: string): Promise<void> {
	const { packets, startSeconds } = standardTraffic;
	const sizes = [1_000, 100_000, 1_000_000];
	const files = sizes.map((sessions) => ({
		fill: benchCapture({ kind: "polls", sessions, packets: sessions, startSeconds: startSeconds - 5, seconds: 5 }),
		// All within one active window, so that none expires.
		traffic: benchCapture({ sessions, seconds: 20 }),
	}));
	const tasks = files.flatMap(({ fill, traffic }) => [
		() => costOf(inspectCommand(exporter, [fill.path])),
		() => costOf(inspectCommand(exporter, [fill.path, traffic.path])),
	]);
	const costs = await alternating(rounds, tasks);
	const cpuOf = (runs: readonly Cost[] | undefined) => median((runs ?? []).map((run) => run.cpuMs));
	const nanoseconds = sizes.map(
		(_, index) => ((cpuOf(costs[index * 2 + 1]) - cpuOf(costs[index * 2])) * 1e6) / packets,
	);
	printTable(
		["sessions tracked", "ns/packet", "x first", "peak"],
		sizes.map((sessions, index) => [
			rounded(sessions),
			rounded(nanoseconds[index] ?? 0),
			rounded((nanoseconds[index] ?? 0) / (nanoseconds[0] ?? 0), 2),
			megabytes(median((costs[index * 2 + 1] ?? []).map((run) => run.peakBytes))),
		]),
	);
	printTarget("1,000,000 sessions against 1,000", (nanoseconds[2] ?? 0) / (nanoseconds[0] ?? 0), growthMost, "x", 2);
}
