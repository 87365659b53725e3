/** Part two: live traffic at the highest rate that tcpreplay reaches, at 10,000 packets a second, and none. */

import type { Exporter } from "../support/exporter.ts";
import { benchCapture, benchDatabases } from "./capture.ts";
import {
	alternating,
	cpuNsOf,
	cpuPercentWhile,
	median,
	megabytes,
	memoryOf,
	printTable,
	printTarget,
	rounded,
} from "./measure.ts";
import { openRoad, type Road, receiving, seenBy } from "./replay.ts";

const loops = 2;
const steadyPacketsPerSecond = 10_000;
const seconds = 10;
/** The runtime collects garbage on timers of up to ten seconds: a shorter window would measure how many of them fall into it. */
const idleSeconds = 30;
/** Prometheus's default is a minute, what most set is this. */
const scrapeIntervalSeconds = 15;
const scrapes = 4;
const steadyPercentMost = 2;
const idlePercentMost = 0.5;
/** The status is sent every two seconds, and a point of the charts every ten. */
const viewedSeconds = 20;
const viewerPercentMost = 1;

export async function livePart(exporterPath: string): Promise<void> {
	const { path, counts } = benchCapture();
	const { flags } = benchDatabases();
	using road = openRoad();
	const rows: string[][] = [];
	const lost: [string, number][] = [];
	for (const interfaceName of [receiving, "any"]) {
		await using exporter = await road.start(exporterPath, [`--capture.interface=${interfaceName}`, ...flags]);
		const before = cpuNsOf(exporter.pid);
		const sent = await road.replay(path, { loops });
		const { seen, dropped, queries } = await seenBy(exporter);
		const cpuNs = cpuNsOf(exporter.pid) - before;
		const queriesLost = counts.queries * loops - queries;
		rows.push([
			interfaceName === receiving ? "one interface" : interfaceName,
			rounded(sent.packets),
			rounded(sent.packetsPerSecond),
			rounded(seen),
			rounded(dropped),
			rounded(queriesLost),
			rounded(cpuNs / 1e9, 2),
			rounded(cpuNs / sent.packets),
			megabytes(memoryOf(exporter.pid, "VmHWM") ?? 0),
		]);
		lost.push([interfaceName, Math.max(sent.packets - seen, queriesLost)]);
	}
	const headings = ["capture", "sent", "sent/s", "seen", "dropped", "queries lost", "CPU s", "CPU ns/packet", "peak"];
	printTable(headings, rows);
	for (const [name, count] of lost) printTarget(`top speed on ${name}, packets lost`, count, 0, "packets");

	await using exporter = await road.start(exporterPath, [`--capture.interface=${receiving}`, ...flags]);
	// After the start.
	await Bun.sleep(3_000);
	const idling = () => cpuPercentWhile(exporter.pid, () => Bun.sleep(idleSeconds * 1_000));
	const idle = await idling();
	// For half a minute the runtime looks for garbage every second; then it is as it stays.
	const laterIdle = await idling();
	const scraped = await cpuPercentWhile(exporter.pid, async () => {
		for (let scrape = 0; scrape < scrapes; scrape++) {
			await exporter.metrics();
			await Bun.sleep(scrapeIntervalSeconds * 1_000);
		}
	});
	const limit = steadyPacketsPerSecond * seconds;
	const replayed = () => road.replay(path, { packetsPerSecond: steadyPacketsPerSecond, limit });
	// At first every session and resolver is new, and the compiler at work; then it is as it stays.
	const first = await cpuPercentWhile(exporter.pid, replayed);
	const steady = await cpuPercentWhile(exporter.pid, replayed);
	const { seen } = await seenBy(exporter);
	console.log(`       the first ${seconds} s of it, CPU: ${rounded(first, 2)} % of a core`);
	printTarget(`${rounded(steadyPacketsPerSecond)} packets/s, CPU`, steady, steadyPercentMost, "% of a core", 2);
	printTarget(`${rounded(steadyPacketsPerSecond)} packets/s, packets lost`, 2 * limit - seen, 0, "packets");
	console.log(`       idle, the ${idleSeconds} s after those of the target, CPU: ${rounded(laterIdle, 3)} % of a core`);
	console.log(`       idle, scraped every ${scrapeIntervalSeconds} s, CPU: ${rounded(scraped, 3)} % of a core`);
	printTarget("idle, CPU", idle, idlePercentMost, "% of a core", 3);
	printTarget("a viewer of the page, CPU", await viewerPercent(road, exporter), viewerPercentMost, "% of a core", 3);
}

/** What one viewer of the status page costs an exporter without traffic, with all that it has counted. */
async function viewerPercent(road: Road, exporter: Exporter): Promise<number> {
	const waiting = () => cpuPercentWhile(exporter.pid, () => Bun.sleep(viewedSeconds * 1_000));
	const viewed = async () => {
		const viewer = road.server.spawn([
			"curl",
			"--silent",
			"--no-buffer",
			"--output",
			"/dev/null",
			`${exporter.url}/events`,
		]);
		const percent = await waiting();
		viewer.kill("SIGTERM");
		await viewer.exited;
		return percent;
	};
	const [alone = [], watched = []] = await alternating(3, [waiting, viewed]);
	return median(watched.map((percent, index) => percent - (alone[index] ?? 0)));
}
