/** Part three: the first answer, the size of an idle process, and scrapes of many label sets, alone and while traffic pours in. */

import type { Exporter } from "../support/exporter.ts";
import { benchCapture, benchDatabases, finelyDividedDatabases } from "./capture.ts";
import { alternating, median, memoryOf, printExact, printTable, printTarget, rounded } from "./measure.ts";
import { openRoad, type Road, receiving, seenBy } from "./replay.ts";
import { domain } from "./traffic.ts";

const starts = 10;
const scrapes = 7;
const firstAnswerMsMost = 250;
const idleOwnBytesMost = 35e6;
const idleBytesMost = 60e6;
const idleWithDatabasesBytesMost = 80e6;
const scrapeMsMost = 150;
/** Scrapes that are compared with one another, alternating. */
const rounds = 21;
/** How much a scrape may be slower with many sessions than with few: noise. */
const sessionsRatioMost = 1.25;

export async function scrapePart(exporter: string): Promise<void> {
	await startTimes(exporter);
	using road = openRoad();
	const rows: string[][] = [];
	const targets: (() => void)[] = [];
	for (const sets of [1, 1_000, 10_000]) {
		const row = await scrapesOf(exporter, road, sets);
		const pouring = await scrapesWhilePouring(exporter, road, sets);
		rows.push([
			rounded(sets),
			rounded(row.series),
			rounded(row.gzipMs, 1),
			rounded(row.plainMs, 1),
			rounded(pouring.packetsPerSecond),
			rounded(pouring.longestMs, 1),
			rounded(pouring.scrapes),
			rounded(pouring.lost),
		]);
		targets.push(() =>
			printTarget(`packets lost in scrapes of ${rounded(sets)} label sets`, pouring.lost, 0, "packets"),
		);
		if (sets === 10_000) {
			targets.push(() => printTarget("scrape of 10,000 label sets (gzip)", row.gzipMs, scrapeMsMost, "ms", 1));
			targets.push(() => printTarget("scrape of 10,000 label sets (plain)", row.plainMs, scrapeMsMost, "ms", 1));
		}
	}
	printTable(["label sets", "series", "gzip ms", "plain ms", "poured/s", "longest ms", "scrapes", "lost"], rows);
	for (const print of targets) print();
	const ratio = await sessionsRatio(exporter);
	printTarget("scrape with 500,000 sessions against 1,000", ratio, sessionsRatioMost, "x", 2);
}

/** From the start of the process to the first answer on /metrics, and its size when idle; on the loopback of this host, where no one asks on port 53. */
async function startTimes(exporter: string): Promise<void> {
	const rows: string[][] = [];
	const figures = [];
	for (const [what, flags] of [
		["without databases", []],
		["with both databases", benchDatabases().flags],
	] as const) {
		const timesMs: number[] = [];
		let idleBytes = 0;
		let ownBytes = 0;
		for (let start = 0; start < starts; start++) {
			const address = `127.0.0.1:${freePort()}`;
			const words = ["--capture.interface=lo", `--dnstt.domain=${domain}`, `--web.listen-address=${address}`];
			const began = performance.now();
			const child = Bun.spawn([exporter, ...words, ...flags], { stdout: "ignore", stderr: "ignore" });
			try {
				await firstAnswer(`http://${address}/metrics`, () => child.exitCode !== null);
				timesMs.push(performance.now() - began);
				if (start === starts - 1) {
					await Bun.sleep(12_000);
					idleBytes = memoryOf(child.pid, "VmRSS") ?? 0;
					ownBytes = memoryOf(child.pid, "RssAnon") ?? 0;
				}
			} finally {
				child.kill();
				await child.exited;
			}
		}
		figures.push({ ms: median(timesMs), idleBytes, ownBytes });
		const spread = `${rounded(Math.min(...timesMs), 1)} to ${rounded(Math.max(...timesMs), 1)}`;
		rows.push([what, rounded(median(timesMs), 1), spread, rounded(idleBytes / 1e6, 1), rounded(ownBytes / 1e6, 1)]);
	}
	printTable(["start", "first answer ms", "from to", "idle MB", "own MB"], rows);
	const [plain, withDatabases] = figures;
	if (plain === undefined || withDatabases === undefined) return;
	printTarget("first /metrics answer", plain.ms, firstAnswerMsMost, "ms", 1);
	printTarget("first /metrics answer, both databases", withDatabases.ms, firstAnswerMsMost, "ms", 1);
	printTarget("idle size", plain.idleBytes / 1e6, idleBytesMost / 1e6, "MB", 1);
	printTarget("idle, own memory, both databases", withDatabases.ownBytes / 1e6, idleOwnBytesMost / 1e6, "MB", 1);
	printTarget("idle size, both databases", withDatabases.idleBytes / 1e6, idleWithDatabasesBytesMost / 1e6, "MB", 1);
	console.log();
}

async function firstAnswer(url: string, hasEnded: () => boolean): Promise<void> {
	for (;;) {
		try {
			const response = await fetch(url);
			await response.arrayBuffer();
			if (response.ok) return;
		} catch {
			// It does not listen yet.
		}
		if (hasEnded()) throw new Error("the exporter ended before it answered");
		await Bun.sleep(1);
	}
}

function freePort(): number {
	const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
	listener.stop(true);
	return listener.port;
}

interface Scrapes {
	readonly series: number;
	readonly gzipMs: number;
	readonly plainMs: number;
}

/** Starts an exporter that has seen this many sessions come through as many resolvers as label sets are wanted. */
async function startFilled(exporterPath: string, road: Road, sets: number, sessions: number): Promise<Exporter> {
	const exporter = await road.start(exporterPath, flagsOf());
	const fill = benchCapture({ kind: "polls", packets: sessions, sessions, resolvers: sets, seconds: 5 });
	await road.replay(fill.path, { packetsPerSecond: 100_000 });
	await seenBy(exporter);
	const samples = await exporter.metrics();
	printExact("label sets", samples.all.filter(({ name }) => name === "dnstt_queries_total").length, sets);
	printExact("sessions active", samples.sum("dnstt_active_clients"), sessions);
	return exporter;
}

async function scrapesOf(exporterPath: string, road: Road, sets: number): Promise<Scrapes> {
	await using exporter = await startFilled(exporterPath, road, sets, sets);
	const samples = await exporter.metrics();
	const timesMs = (curl: readonly string[]) =>
		median(Array.from({ length: scrapes }, () => scrapeMs(road, exporter.url, curl)));
	return {
		series: samples.all.length,
		// As Prometheus asks.
		gzipMs: timesMs(["--header", "Accept-Encoding: gzip"]),
		plainMs: timesMs([]),
	};
}

/** How much longer a scrape of 1,000 label sets takes with many sessions than with few: two exporters side by side, as the machine's speed changes from minute to minute. */
async function sessionsRatio(exporterPath: string): Promise<number> {
	using fewRoad = openRoad();
	using manyRoad = openRoad();
	await using few = await startFilled(exporterPath, fewRoad, 1_000, 1_000);
	await using many = await startFilled(exporterPath, manyRoad, 1_000, 500_000);
	const [fewMs = [], manyMs = []] = await alternating(rounds, [
		async () => scrapeMs(fewRoad, few.url, []),
		async () => scrapeMs(manyRoad, many.url, []),
	]);
	return median(manyMs) / median(fewMs);
}

interface Pouring {
	readonly packetsPerSecond: number;
	readonly longestMs: number;
	readonly scrapes: number;
	readonly lost: number;
}

/** Scrapes one time after the other while a million packets come as fast as tcpreplay can. */
async function scrapesWhilePouring(exporterPath: string, road: Road, sets: number): Promise<Pouring> {
	await using exporter = await road.start(exporterPath, flagsOf());
	const fill = benchCapture({ kind: "polls", packets: sets, sessions: sets, resolvers: sets, seconds: 5 });
	const filling = await road.replay(fill.path, { packetsPerSecond: 100_000 });
	const traffic = benchCapture({ resolvers: sets });
	let pouring = true;
	const sending = road.replay(traffic.path).finally(() => {
		pouring = false;
	});
	let count = 0;
	let longestMs = 0;
	while (pouring) {
		longestMs = Math.max(longestMs, scrapeMs(road, exporter.url, ["--header", "Accept-Encoding: gzip"]));
		count++;
		await Bun.sleep(50);
	}
	const sent = await sending;
	const { seen, queries } = await seenBy(exporter);
	const queriesLost = fill.counts.queries + traffic.counts.queries - queries;
	return {
		packetsPerSecond: sent.packetsPerSecond,
		longestMs,
		scrapes: count,
		lost: Math.max(filling.packets + sent.packets - seen, queriesLost),
	};
}

function flagsOf(): string[] {
	return [`--capture.interface=${receiving}`, ...finelyDividedDatabases().flags];
}

/** How long curl takes for /metrics, from its start of the connection to the last byte. */
function scrapeMs(road: Road, url: string, curl: readonly string[]): number {
	const quiet = ["--silent", "--show-error", "--fail", "--output", "/dev/null", "--write-out", "%{time_total}"];
	return Number(road.server.run("curl", ...quiet, ...curl, `${url}/metrics`)) * 1_000;
}
