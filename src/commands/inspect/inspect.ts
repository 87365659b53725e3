import { statSync } from "node:fs";
import { type FileSource, openFile, openGrowing, watchGrowth } from "../../capture/capture-file.ts";
import { inOrderOfTime } from "../../capture/order.ts";
import { CaptureError } from "../../capture/source.ts";
import type { InspectFormat } from "../../cli/arguments.ts";
import type { Config } from "../../config/config.ts";
import { openStages, sourcesOf, type World } from "../../exporter/stages.ts";
import { onDisk } from "../../filename.ts";
import { grouped } from "../../summary/format.ts";
import { Activity } from "./activity.ts";
import { type Progress, progressText } from "./progress.ts";
import { createReport, type Report } from "./report.ts";
import { reportText } from "./text.ts";

export interface InspectOptions {
	/** As they were named; `-` is standard input. They are read in the order of their first frames. */
	readonly files: readonly string[];
	readonly format: InspectFormat;
	/** Rows of each table. */
	readonly top: number;
	/** Only packets from the first moment on, and before the second: milliseconds since 1970. */
	readonly fromMs?: number;
	readonly toMs?: number;
	/** Go on at the end of the file, the only one, as it grows. */
	readonly follow: boolean;
}

/** Where the command writes to, and what ends it. */
export interface InspectWorld extends World {
	/** The report. */
	write(text: string): void;
	/** Errors, a line each, and the summaries of a file that is followed. */
	writeError(text: string): void;
	/** Shows one line in place of the last, "" for none; null where nobody would see it. */
	readonly progress: { readonly columns: number; show(line: string): void } | null;
	/** Shows a report in place of the last while a file is followed; null where standard output is no terminal. */
	readonly screen: { show(lines: readonly string[]): void; close(): void } | null;
	/** Standard input is a terminal. */
	readonly isTypedInto: boolean;
	/** The first SIGINT or SIGTERM from now on, which then does not end the program. */
	stopSignal(): Promise<unknown>;
}

/** How often progress is shown, and when first: who waits for less need not be told. */
const progressUs = 250_000;
const progressFirstUs = 500_000;
/** How often a followed file is looked at, its report shown, and a line written where there is no screen. */
const lookMs = 250;
const showUs = 2_000_000;
const summaryUs = 10_000_000;

/**
 * Reads captures as one stream and writes a report. A file that breaks off is reported, with what came before it counted.
 * Standard input and a followed file are read until they end or a signal comes; then the report is that of what came.
 * Gives the exit code.
 */
export async function inspect(config: Config, options: InspectOptions, world: InspectWorld): Promise<number> {
	const { follow, files } = options;
	const { geoip, engine } = await openStages(config, world);
	const { tracker } = engine;
	const range = {
		fromUs: (options.fromMs ?? Number.NEGATIVE_INFINITY) * 1_000,
		toUs: (options.toMs ?? Number.POSITIVE_INFINITY) * 1_000,
	};
	const activity = new Activity(tracker);
	const sources = sourcesOf(config, geoip, tracker);
	const broken: string[] = [];
	const { ports } = config.dnstt;
	/** Frames that were read, within the range or not, and of them those of the files before this one. */
	let frames = 0;
	let framesBefore = 0;
	const reading = { files, broken, ports, packets: 0, firstUs: Number.POSITIVE_INFINITY, lastUs: 0 };
	const report = () =>
		createReport(
			{ ...reading, leftOut: frames - reading.packets, activity: activity.figures(reading.lastUs) },
			sources,
		);
	const startUs = world.monotonicUs();
	const progress = createProgress(world, startUs);
	let stopped = false;
	let opened = 0;

	/** Takes what is there; false if that was nothing. */
	function take(source: FileSource): boolean {
		const used = source.read(engine.batch);
		if (used === 0) return false;
		frames = framesBefore + source.statistics().received;
		const span = engine.observe(used, range, activity);
		if (span.frames > 0) {
			reading.firstUs = Math.min(reading.firstUs, span.firstUs);
			reading.lastUs = Math.max(reading.lastUs, span.lastUs);
			reading.packets += span.frames;
		}
		return true;
	}

	/** Reads a capture that is being written, and lets signals have their turn; `watch` has its own when there was nothing to read. */
	async function takeGrowing(source: FileSource, show: () => void, watch: (() => void) | null): Promise<void> {
		while (!stopped) {
			const took = take(source);
			if (!took && source.isAtEnd()) return;
			if (!took) watch?.();
			show();
			await (took || !follow ? new Promise(setImmediate) : Bun.sleep(lookMs));
		}
	}

	const followed = follow && options.format === "text" ? world.screen : null;
	const shows = createShows(world, startUs, followed, () => report(), options.top);
	try {
		for (const [index, file] of inOrderOfTime(files, engine.batch).entries()) {
			const grows = follow || file === "-";
			if (grows && !stopped) void world.stopSignal().then(() => (stopped = true));
			if (stopped) break;
			const again = async () => {
				await (follow ? Bun.sleep(lookMs) : new Promise(setImmediate));
				return !stopped;
			};
			let source: FileSource | null = null;
			try {
				if (file === "-" && world.isTypedInto) {
					throw new CaptureError(
						"standard input is a terminal: expected a capture from a pipe, as from tcpdump -w - udp port 53 | dnstt_exporter inspect -",
					);
				}
				source = grows ? await openGrowing(file, { grows: follow, again }) : openFile(file);
				opened++;
				if (source === null) break;
				engine.lookFor(source.linkType, ports);
				const step = { file: file === "-" ? "standard input" : file, number: index + 1, files: files.length };
				const bytes = grows ? null : bytesOf(file);
				const at = (share: number | null) => progress({ ...step, share, packets: reading.packets });
				if (follow) await takeGrowing(source, shows, watchGrowth(file));
				else if (grows) await takeGrowing(source, () => at(null), null);
				else while (take(source)) at(bytes === null ? null : source.offset() / bytes);
			} catch (error) {
				if (!(error instanceof CaptureError)) throw error;
				broken.push(error.message);
				world.progress?.show("");
				world.writeError(`dnstt_exporter: ${error.message}\n`);
			} finally {
				source?.close();
				framesBefore = frames;
			}
		}
	} finally {
		world.progress?.show("");
		followed?.close();
	}
	if (opened === 0) return 1;
	if (options.format === "prometheus") {
		const { createExposition } = await import("../../metrics/exposition.ts");
		const exposition = createExposition(
			{ ...sources, capture: () => null, configReload: () => null, certificateNotAfterSeconds: () => null },
			async () => {},
		);
		for (const part of await exposition.render()) world.write(new TextDecoder().decode(part));
	} else if (options.format === "json") {
		world.write(JSON.stringify(report(), null, 2));
		world.write("\n");
	} else world.write(reportText(report(), options.top));
	return broken.length === 0 ? 0 : 1;
}

/** Size of a file; null for what has none, as a pipe by name. */
function bytesOf(file: string): number | null {
	const { size } = statSync(onDisk(file));
	return size > 0 ? size : null;
}

/** Shows progress now and then, however often it is called. */
function createProgress(
	{ progress, monotonicUs }: InspectWorld,
	startUs: number,
): (now: Omit<Progress, "packetsPerSecond">) => void {
	if (progress === null) return () => {};
	let dueUs = startUs + progressFirstUs;
	return (now) => {
		const nowUs = monotonicUs();
		if (nowUs < dueUs) return;
		dueUs = nowUs + progressUs;
		const packetsPerSecond = now.packets / ((nowUs - startUs) / 1e6);
		progress.show(progressText({ ...now, packetsPerSecond }, progress.columns));
	};
}

/** Shows the report of a followed file now and then: on the screen, or in one line on standard error. */
function createShows(
	{ monotonicUs, writeError }: InspectWorld,
	startUs: number,
	screen: InspectWorld["screen"],
	report: () => Report,
	top: number,
): () => void {
	// On the screen the first comes as soon as what was there is read.
	let dueUs = startUs + (screen === null ? summaryUs : lookMs * 500);
	return () => {
		const nowUs = monotonicUs();
		if (nowUs < dueUs) return;
		dueUs = nowUs + (screen === null ? summaryUs : showUs);
		if (screen === null) writeError(`${summaryLine(report())}\n`);
		else screen.show([...reportText(report(), top).trimEnd().split("\n"), "", "Ctrl+C ends and leaves the report."]);
	};
}

function summaryLine({ last_packet, packets, domains }: Report): string {
	const sum = (of: (row: Report["domains"][number]) => number) =>
		grouped(domains.reduce((all, row) => all + of(row), 0));
	return [
		last_packet ?? "no packet yet",
		`packets ${grouped(packets)}`,
		`queries ${sum((row) => row.queries)}`,
		`sessions ${sum((row) => row.sessions)}`,
		`active ${sum((row) => row.active_clients)}`,
	].join("   ");
}
