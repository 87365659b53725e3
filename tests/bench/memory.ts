/**
 * Measures memory at its bounds: as many sessions as may be tracked, then as many again, so that all had to make room and are remembered.
 *
 *     bun tests/bench/memory.ts [--exporter=PATH]
 *
 * Needs root, for network namespaces. The exit code is 1 when a bound is broken.
 */

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { haveNetns } from "../support/netns.ts";
import { type ObservingTracker, trackerOf } from "../wasm/track/observing.ts";
import { peakOfScrapesAtOnce } from "./at-once.ts";
import { benchCapture, benchDatabases } from "./capture.ts";
import { memoryOf, missed, printExact, printMachine, printTable, printTarget, rounded } from "./measure.ts";
import { openRoad, receiving, seenBy } from "./replay.ts";

/** session.max-tracked, by default. */
const tracked = 1_000_000;
const settleMs = 12_000;
const sessionBytesMost = 96;
const idleBytesMost = 80e6;
const fullBytesMost = 250e6;

const { values } = parseArgs({
	options: { exporter: { type: "string", default: resolve(import.meta.dir, "../../dist/dnstt_exporter") } },
});
if (!haveNetns()) {
	console.error("bench: needs root, for network namespaces");
	process.exit(2);
}

await printMachine(values.exporter);
console.log();
const tableBytes = tableBytesOf(tracked);
using road = openRoad();
await using exporter = await road.start(values.exporter, [
	`--capture.interface=${receiving}`,
	// All stay active for as long as this takes on a slow machine.
	"--session.active-window=5m",
	...benchDatabases().flags,
]);
const rows: string[][] = [];
const sizes: number[] = [];

/** Bytes that this process grows by for each of so many sessions that are tracked at once. */
function tableBytesOf(count: number): number {
	const ids = crypto.getRandomValues(new Int32Array(16_384));
	const fill = ({ parts }: ObservingTracker, first: number, last: number) => {
		for (let session = first; session < last; session++)
			parts.touchSessionAt(session, ids[session & 16_383] as number, 0, 0, session);
	};
	// Once before, for the code that it brings.
	fill(trackerOf({ trackedMax: 20_000 }), 0, 20_000);
	const tracker = trackerOf({ trackedMax: count, rememberedMax: count });
	Bun.gc(true);
	const before = memoryOf(process.pid, "RssAnon") ?? 0;
	fill(tracker, 0, count);
	return ((memoryOf(process.pid, "RssAnon") ?? 0) - before) / tracker.tables.sessions.size;
}

/** Fills with the polls of sessions made from this seed, and takes the size. */
async function step(what: string, sessions: number, seed: number): Promise<void> {
	if (sessions > 0) {
		const { path } = benchCapture({ kind: "polls", packets: sessions, sessions, seed, seconds: 5 });
		await road.replay(path, { packetsPerSecond: 200_000 });
	}
	const { dropped } = await seenBy(exporter);
	// What a scrape needs for a moment is in the peak alone.
	await Bun.sleep(settleMs);
	const size = memoryOf(exporter.pid, "VmRSS") ?? 0;
	const own = memoryOf(exporter.pid, "RssAnon") ?? 0;
	const samples = await exporter.metrics();
	sizes.push(size);
	const ofTable = (metric: string, table: string) =>
		rounded(samples.value(`dnstt_exporter_table_${metric}`, { table }) ?? Number.NaN);
	rows.push([
		what,
		ofTable("entries", "sessions"),
		ofTable("evicted_total", "sessions"),
		ofTable("entries", "remembered"),
		rounded(dropped),
		rounded(size / 1e6, 1),
		rounded(own / 1e6, 1),
		rounded((memoryOf(exporter.pid, "VmHWM") ?? 0) / 1e6, 1),
	]);
}

await step("idle, both databases", 0, 0);
// What the first packets bring with them: compiled code, the resolvers' table.
await step("warm, 20,000 sessions", 20_000, 11);
await step("1,000,000 sessions more", tracked, 12);
await step("and 1,000,000 more", tracked, 13);
await step("and 1,000,000 more", tracked, 14);
printTable(["state", "tracked", "evicted", "remembered", "packets lost", "MB", "own MB", "peak MB"], rows);

const [idle = 0, warm = 0, full = 0, remembering = 0, later = 0] = sizes;
const samples = await exporter.metrics();
printExact("sessions tracked", samples.value("dnstt_exporter_table_entries", { table: "sessions" }) ?? 0, tracked);
printTarget(
	"a tracked session, by the tables' memory in a process of their own",
	tableBytes,
	sessionBytesMost,
	"bytes",
	1,
);
printTarget(
	"a tracked session, by the exporter's size",
	(full - warm) / (tracked - 20_000),
	sessionBytesMost,
	"bytes",
	1,
);
printTarget("idle, both databases", idle / 1e6, idleBytesMost / 1e6, "MB", 1);
printTarget("1,000,000 sessions tracked", full / 1e6, fullBytesMost / 1e6, "MB", 1);
printTarget("1,000,000 tracked, 1,000,000 remembered", remembering / 1e6, fullBytesMost / 1e6, "MB", 1);
printTarget("the same, 1,000,000 later", later / 1e6, fullBytesMost / 1e6, "MB", 1);
const peak = memoryOf(exporter.pid, "VmHWM") ?? 0;
printTarget("the most that it ever was, scrapes included", peak / 1e6, fullBytesMost / 1e6, "MB", 1);
// Two would listen on one port.
await exporter.stop();
const atOnce = await peakOfScrapesAtOnce(values.exporter, road);
printTarget("the most while 39 clients scrape 10,000 label sets", atOnce / 1e6, fullBytesMost / 1e6, "MB", 1);
process.exitCode = missed === 0 ? 0 : 1;
