/** A running exporter under everything at once: see run.ts. */
import { chmodSync } from "node:fs";
import { benchDatabases } from "../bench/capture.ts";
import { median, megabytes, rounded } from "../bench/measure.ts";
import { domain } from "../bench/traffic.ts";
import { type Exporter, startExporter } from "../support/exporter.ts";
import type { Samples } from "../support/exposition.ts";
import { makeNetwork, type Namespace } from "../support/netns.ts";
import { temporaryFolder } from "../support/temporary.ts";
import type { Checks } from "./checks.ts";
import {
	configurationChanged,
	type Disturbances,
	databasesReplaced,
	every,
	interfaceGoes,
	replaceFile,
} from "./disturbances.ts";
import { makeTraffic, seedOf, sendTraffic, startFlood } from "./traffic.ts";
import { startVisitors } from "./visitors.ts";
import { entries, evicted, type Size, Watcher } from "./watcher.ts";

const sending = "r0";
const receiving = "s0";
const port = 9713;
/** Where visitors find the exporter; the scraper comes from loopback, so that checks of passwords are shared out between two networks. */
const webAddress = "10.77.3.1";
const user = "ops";
const password = "correct horse";
const credentials = `${user}:${password}`;
/** Fewer than the traffic has. */
const labelSetsMax = 1_000;
const trackedMax = 1_000_000;

const downEverySeconds = 30;
const downAfterMs = 7_500;
const databasesEverySeconds = 20;
const configurationEverySeconds = 15;

/** The whole process, at its peak, with all tables full and a dozen answers of megabytes each under way at once. */
const peakBytesMost = 250e6;
/** How much larger the process may be in the last third than in the first, once the tables are full. */
const growthMost = 1.05;
const noiseBytes = 4e6;
/** Descriptors and threads that may come and go. */
const spareCount = 2;
const settleMs = 3_000;
const exactPacketsPerSecond = 20_000;
const exactWithinMs = 15_000;
const stopMsMost = 1_000;

export interface LiveOptions {
	readonly exporterPath: string;
	readonly seconds: number;
	readonly seed: number;
	readonly checks: Checks;
}

export async function livePart({ exporterPath, seconds, seed, checks }: LiveOptions): Promise<void> {
	const endMs = performance.now() + seconds * 1_000;
	using folder = temporaryFolder();
	// For the account that the exporter becomes.
	chmodSync(folder.path, 0o755);
	const source = benchDatabases();
	const pathOf = (database: "country" | "asn") => folder.file(`${database}.mmdb`);
	for (const database of ["country", "asn"] as const) replaceFile(pathOf(database), { copyOf: source[database] });
	const configPath = folder.file("config.json");
	const textOf = await configurations(pathOf("country"), pathOf("asn"));
	// Without passwords at first: they come with the first reload.
	replaceFile(configPath, textOf(undefined) ?? "");

	using network = makeNetwork();
	const resolvers = network.namespace("resolvers");
	const server = network.namespace("server");
	const guests = network.namespace("guests");
	network.veth(
		{ namespace: resolvers, interfaceName: sending },
		{ namespace: server, interfaceName: receiving, addresses: ["10.77.2.2/24"] },
	);
	network.veth(
		{ namespace: guests, interfaceName: "g0", addresses: ["10.77.3.2/24"] },
		{ namespace: server, interfaceName: "w0", addresses: [`${webAddress}/24`] },
	);
	await using exporter = await startExporter({
		command: [exporterPath],
		flags: [`--config.file=${configPath}`],
		namespace: server,
		listenAddress: `0.0.0.0:${port}`,
	});
	const watcher = new Watcher(exporter, credentials);
	const visitorOptions = { address: webAddress, port, credentials };
	const to: Disturbances = { happened: { downs: 0, databases: 0, configurations: 0 }, wrong: [] };
	const reload = (serial: number) =>
		configurationChanged(to, watcher, { pid: exporter.pid, path: configPath, serial, textOf });

	watcher.start();
	await reload(0);
	await Bun.sleep(settleMs);
	const quiet = watcher.size();
	const flood = startFlood({ from: resolvers, interfaceName: sending, path: folder.file("flood"), seed });
	const visitors = startVisitors(guests, visitorOptions);
	await Promise.all([
		// Between two changes of the configuration: a reload that needs another capture rightly fails while the interface is down.
		Bun.sleep(downAfterMs).then(() =>
			every(downEverySeconds, endMs, () => interfaceGoes(to, watcher, server, receiving)),
		),
		every(databasesEverySeconds, endMs, () => databasesReplaced(to, watcher, source, pathOf)),
		every(configurationEverySeconds, endMs, (serial) => reload(serial + 1)),
		Bun.sleep(Math.max(0, endMs - performance.now())),
	]);
	await flood.stop();
	const full = watcher.samples;
	await countsExactly(checks, watcher, { resolvers, path: folder.file("exact.pcap"), seed });
	const counts = await visitors.stop();
	await Bun.sleep(settleMs);
	const after = watcher.size();
	await watcher.stop();

	const { happened, wrong } = to;
	checks.none("every disturbance was taken as it should", wrong, JSON.stringify(happened));
	checks.that(
		"the flood came, and there was time for each disturbance",
		flood.packets > trackedMax && Math.min(...Object.values(happened)) > 0,
		`${rounded(flood.packets)} packets in ${flood.files} files, ${JSON.stringify(happened)}`,
	);
	checks.none(
		"every scrape was answered in time",
		watcher.late,
		`${watcher.scrapes} scrapes, the longest took ${Math.round(watcher.longestMs)} ms`,
	);
	checks.none("counters only grew", watcher.fallen, `${watcher.samples.all.length} series`);
	checks.none("tables stayed within their limits", watcher.overflowed, `${watcher.scrapes} scrapes`);
	tablesFilled(checks, full);
	memoryIsFlat(checks, watcher.sizes, after);
	nothingLeaked(checks, quiet, watcher.sizes, after);
	checks.that(
		"wrong passwords were refused, every one",
		(counts.guesses[401] ?? 0) > 0 && counts.guesses[200] === undefined,
		`by status ${JSON.stringify(counts.guesses)}; ${counts.connections} connections, ${rounded(counts.readBytes)} bytes read slowly`,
	);
	await endsAtOnce(checks, exporter, () => {
		const others = startVisitors(guests, visitorOptions);
		const sent = sendTraffic(resolvers, sending, folder.file("exact.pcap"), exactPacketsPerSecond);
		return async () => void (await Promise.all([others.stop(), sent]));
	});
}

/** The configuration without passwords, and with a number, one after the other: passwords, another level of the log, another buffer, a broken file. */
async function configurations(
	country: string,
	asn: string,
): Promise<(serial: number | undefined) => string | undefined> {
	const hashes = await Promise.all([0, 1].map(() => Bun.password.hash(password, { algorithm: "bcrypt", cost: 8 })));
	return (serial) => {
		if (serial !== undefined && serial % 4 === 3) return undefined;
		const step = serial ?? 0;
		return JSON.stringify({
			dnstt: { domain: domain, port: 53 },
			capture: { interface: receiving, "buffer-size": step % 4 === 2 ? "8MiB" : "16MiB" },
			// Longer than it takes to fill the tables.
			session: { "active-window": "5m", "max-tracked": trackedMax },
			labels: { "max-sets": labelSetsMax },
			geoip: { "country-database": country, "asn-database": asn },
			web: { "basic-auth": serial === undefined ? null : { [user]: hashes[(step >> 2) % 2] } },
			log: { level: step % 4 === 1 ? "debug" : "info" },
		});
	};
}

/** Metrics that the exact part compares, summed over their labels. */
const totals = {
	queries: "dnstt_queries_total",
	responses: "dnstt_responses_total",
	sessions: "dnstt_sessions_total",
	bytesIn: "dnstt_bytes_in_total",
	bytesOut: "dnstt_bytes_out_total",
	refused: "dnstt_refused_queries_total",
	broken: "dnstt_exporter_malformed_packets_total",
} as const;

function packetsSeen(samples: Samples): number {
	const kinds = [totals.queries, totals.responses, totals.refused, totals.broken];
	const others = [
		"dnstt_unmatched_responses_total",
		"dnstt_exporter_unrelated_packets_total",
		"dnstt_exporter_duplicate_packets_total",
	];
	return [...kinds, ...others].reduce((sum, name) => sum + samples.sum(name), 0);
}

/** Sends traffic that is known, after all the rest; it has to be counted to the byte, and the sums have to hold. */
async function countsExactly(
	checks: Checks,
	watcher: Watcher,
	{ resolvers, path, seed }: { readonly resolvers: Namespace; readonly path: string; readonly seed: number },
): Promise<void> {
	const written = await makeTraffic(path, "mixed", seedOf(seed, 0));
	await Bun.sleep(settleMs);
	const before = await watcher.scrape();
	if (before === undefined) return checks.that("what is sent afterwards counts", false, "no scrape");
	const sent = await sendTraffic(resolvers, sending, path, exactPacketsPerSecond);
	const dropped = (samples: Samples) => samples.sum("dnstt_exporter_packets_dropped_total");
	let samples = before;
	for (const endMs = performance.now() + exactWithinMs; performance.now() < endMs; await Bun.sleep(500)) {
		samples = (await watcher.scrape()) ?? samples;
		if (packetsSeen(samples) - packetsSeen(before) >= written.packets) break;
	}
	// A scrape is no snapshot: what it wrote first may be older than what it wrote last.
	samples = (await watcher.scrape()) ?? samples;
	const wrong = Object.entries(totals).flatMap(([what, name]) => {
		const counted = samples.sum(name) - before.sum(name);
		const expected = written[what as keyof typeof totals];
		return counted === expected ? [] : [`${what} ${counted} of ${expected}`];
	});
	if (sent !== written.packets) wrong.push(`${sent} packets sent of ${written.packets}`);
	if (dropped(samples) !== dropped(before)) wrong.push(`${dropped(samples) - dropped(before)} dropped`);
	checks.none("what was sent afterwards was counted to the byte", wrong, `${rounded(written.packets)} packets`);

	const tracked = entries(samples, "sessions");
	const kept = tracked + entries(samples, "remembered") + evicted(samples, "remembered");
	const received = samples.sum("dnstt_exporter_packets_received_total") - dropped(samples);
	const sums: [what: string, holds: boolean, figures: string][] = [
		["active clients are the tracked sessions", samples.sum("dnstt_active_clients") === tracked, rounded(tracked)],
		["sessions are those kept and those forgotten", samples.sum(totals.sessions) === kept, rounded(kept)],
		// A capture that is closed may have packets that were never read.
		[
			"no packet was seen that was not received",
			packetsSeen(samples) <= received,
			`${rounded(packetsSeen(samples))} of ${rounded(received)}`,
		],
	];
	for (const [what, holds, figures] of sums) checks.that(what, holds, holds ? figures : `not ${figures}`);
	console.log(`lost by the kernel under the flood: ${rounded(dropped(before))} packets`);
}

function tablesFilled(checks: Checks, samples: Samples): void {
	const figures = ["sessions", "remembered", "resolvers", "label_sets"].map((table) => {
		const limit = samples.value("dnstt_exporter_table_capacity_entries", { table }) ?? Number.NaN;
		return { table, size: entries(samples, table), limit, evicted: evicted(samples, table) };
	});
	checks.that(
		"tables came to their limits, and what had to go was counted",
		figures.every(({ size, limit, evicted }) => size === limit && evicted > 0),
		figures
			.map((one) => `${one.table} ${rounded(one.size)}/${rounded(one.limit)}, evicted ${rounded(one.evicted)}`)
			.join("; "),
	);
	const tracked = samples.value("dnstt_exporter_table_capacity_entries", { table: "sessions" });
	checks.that("tracked sessions stop at session.max-tracked", tracked === trackedMax, rounded(tracked ?? Number.NaN));
}

/** Compares the first and the last third of the time in which the tables were full. */
function memoryIsFlat(checks: Checks, sizes: readonly Size[], after: Omit<Size, "isFull"> | undefined): void {
	const full = sizes.filter(({ isFull }) => isFull);
	const third = Math.floor(full.length / 3);
	const own = (some: readonly Size[]) => median(some.map(({ ownBytes }) => ownBytes));
	const [first, last] = [own(full.slice(0, third)), own(full.slice(-third))];
	checks.that(
		"memory is flat once the tables are full",
		third > 0 && last <= first * growthMost + noiseBytes,
		`${megabytes(first)} in the first third of ${full.length} samples, ${megabytes(last)} in the last`,
	);
	const peak = after?.peakBytes ?? Number.NaN;
	const most = Math.max(...sizes.map(({ residentBytes }) => residentBytes));
	const rest = after?.residentBytes ?? Number.NaN;
	checks.that(
		"the process is bounded",
		peak <= peakBytesMost,
		`${megabytes(peak)} of ${megabytes(peakBytesMost)} at its peak, ${megabytes(most)} at a look every other second, ${megabytes(rest)} once the visitors are gone`,
	);
}

/** Descriptors have to go with the visitors; threads come with the first work and no more after it. */
function nothingLeaked(
	checks: Checks,
	before: Omit<Size, "isFull"> | undefined,
	during: readonly Size[],
	after: Omit<Size, "isFull"> | undefined,
): void {
	checks.that("it ran to the end", before !== undefined && after !== undefined, "no crash");
	if (before === undefined || after === undefined) return;
	checks.that(
		"no descriptor leaks",
		after.descriptors <= before.descriptors + spareCount,
		`${before.descriptors} before, at most ${Math.max(...during.map(({ descriptors }) => descriptors))} during, ${after.descriptors} after`,
	);
	const half = during.slice(0, Math.ceil(during.length / 2));
	const most = Math.max(...half.map(({ threads }) => threads));
	checks.that(
		"no thread leaks",
		after.threads <= most + spareCount,
		`${before.threads} before, at most ${most} in the first half, ${after.threads} after`,
	);
}

/** SIGTERM, with traffic and visitors there. */
async function endsAtOnce(checks: Checks, exporter: Exporter, disturb: () => () => Promise<void>): Promise<void> {
	const leave = disturb();
	await Bun.sleep(1_500);
	const { code, tookMs, stderr } = await exporter.stop();
	await leave();
	checks.that(
		"SIGTERM ends it within a second",
		code === 0 && tookMs <= stopMsMost,
		`code ${code} after ${Math.round(tookMs)} ms`,
	);
	const lines = stderr.trimEnd().split("\n");
	const bad = lines.filter((line) => !line.includes("level=") || line.includes("request failed"));
	checks.none("the log has nothing but its own lines", bad, `${lines.length} lines`);
}
