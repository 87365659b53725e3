import { statSync } from "node:fs";
import { type FileSource, openFile, openGrowing, watchGrowth } from "../../capture/capture-file.ts";
import { inOrderOfTime } from "../../capture/order.ts";
import { CaptureError } from "../../capture/source.ts";
import type { InspectFormat } from "../../cli/commands.ts";
import type { Config } from "../../config/schema.ts";
import { Discovery } from "../../discovery/discovery.ts";
import { type Dependencies, openStages, sourcesOf } from "../../exporter/stages.ts";
import { onDisk } from "../../filename.ts";
import { grouped } from "../../summary/format.ts";
import { stdinIsTerminal } from "../stdin.ts";
import { Activity } from "./activity.ts";
import { type Progress, progressText } from "./progress.ts";
import { Reader } from "./reader.ts";
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

/** Where the command writes to, and the signal that ends it. */
export interface InspectDependencies extends Dependencies {
	/** The report. */
	write(text: string): void;
	/** Errors, a line each, and the summaries of a file that is followed. */
	writeError(text: string): void;
	/** Replaces the line that it showed last; "" clears it. Null if standard error is not a terminal. */
	readonly progress: { readonly columns: number; show(line: string): void } | null;
	/** Replaces the report that it showed last while a file is followed; null if standard output is not a terminal. */
	readonly screen: { show(lines: readonly string[]): void; close(): void } | null;
	/** Standard input is a terminal. */
	readonly isTypedInto: boolean;
	/** The first SIGINT or SIGTERM from now on, which then does not end the program. */
	stopSignal(): Promise<unknown>;
}

/** Frames that are kept to look for other tunnels in, while nothing came for the domains. */
const heldBytesMax = 4 * 1024 * 1024;
/** How often progress is shown, and when first: a shorter wait needs no progress. */
const progressUs = 250_000;
const progressFirstUs = 500_000;
/** How often a followed file is read, its report shown, and a line written if there is no screen. */
const lookMs = 250;
const showUs = 2_000_000;
const summaryUs = 10_000_000;

/**
 * Reads captures as one stream and writes a report. A file that ends in the middle of a packet is reported, and what came before
 * it is counted. Standard input and a followed file are read until they end or a signal comes; the report is then of what was
 * read. Returns the exit code.
 */
export async function inspect(
	config: Config,
	options: InspectOptions,
	dependencies: InspectDependencies,
): Promise<number> {
	const { files } = options;
	const { geoip, engine } = await openStages(config, dependencies);
	const { tracker } = engine;
	const range = {
		fromUs: (options.fromMs ?? Number.NEGATIVE_INFINITY) * 1_000,
		toUs: (options.toMs ?? Number.POSITIVE_INFINITY) * 1_000,
	};
	const activity = new Activity(tracker);
	const discovery = new Discovery({ seed: dependencies.seed, heldBytesMax });
	const reader = new Reader(engine, range, activity, discovery);
	const sources = sourcesOf(config, geoip, tracker);
	const broken: string[] = [];
	const { ports } = config.dnstt;
	const report = () => {
		const { packets, leftOut, firstUs, lastUs, discovered } = reader;
		const reading = { files, broken, ports, packets, leftOut, firstUs, lastUs, discovered };
		return createReport({ ...reading, activity: activity.figures(lastUs) }, sources);
	};
	const opened = await readFiles(inOrderOfTime(files, engine.batch), options, dependencies, {
		reader,
		open(source) {
			engine.lookFor(source.linkType, ports);
		},
		report,
		broken,
	});
	if (opened === 0) return 1;
	if (options.format === "prometheus") {
		const { createExposition } = await import("../../metrics/exposition.ts");
		const exposition = createExposition(
			{ ...sources, capture: () => null, configReload: () => null, certificateNotAfterSeconds: () => null },
			async () => {},
		);
		for (const part of await exposition.render()) dependencies.write(new TextDecoder().decode(part));
	} else if (options.format === "json") {
		dependencies.write(JSON.stringify(report(), null, 2));
		dependencies.write("\n");
	} else dependencies.write(reportText(report(), options.top));
	return broken.length === 0 ? 0 : 1;
}

/** What readFiles reads into, and what it shows meanwhile. */
interface Reading {
	readonly reader: Reader;
	/** Called with each capture before its first frame is read. */
	open(source: FileSource): void;
	report(): Report;
	/** Captures that could not be read to their end, one line each; readFiles adds them. */
	readonly broken: string[];
}

/** Reads the files in this order. Returns how many could be opened. */
async function readFiles(
	files: readonly string[],
	{ follow, format, top }: InspectOptions,
	dependencies: InspectDependencies,
	{ reader, open, report, broken }: Reading,
): Promise<number> {
	const startUs = dependencies.monotonicUs();
	const progress = createProgress(dependencies, startUs);
	const screen = follow && format === "text" ? dependencies.screen : null;
	const showReport = createShows(dependencies, startUs, screen, report, top);
	let stopped = false;
	let opened = 0;
	const turn = () => (follow ? Bun.sleep(lookMs) : new Promise(setImmediate));
	const again = async () => {
		await turn();
		return !stopped;
	};

	/** Reads a capture that is being written, and lets signals be handled between two batches. */
	async function readGrowing(source: FileSource, show: () => void, watch: (() => void) | null): Promise<void> {
		while (!stopped) {
			const took = reader.take(source);
			if (!took && source.isAtEnd()) return;
			if (!took) watch?.();
			show();
			await (took ? new Promise(setImmediate) : turn());
		}
	}

	try {
		for (const [index, file] of files.entries()) {
			const grows = follow || file === "-";
			if (grows && !stopped) void dependencies.stopSignal().then(() => (stopped = true));
			if (stopped) break;
			let source: FileSource | null = null;
			try {
				if (file === "-" && dependencies.isTypedInto) throw new CaptureError(stdinIsTerminal("inspect"));
				source = grows ? await openGrowing(file, { grows: follow, again }) : openFile(file);
				opened++;
				if (source === null) break;
				open(source);
				const step = { file: file === "-" ? "standard input" : file, number: index + 1, files: files.length };
				const bytes = grows ? null : bytesOf(file);
				const showProgress = (share: number | null) => progress({ ...step, share, packets: reader.packets });
				if (follow) await readGrowing(source, showReport, watchGrowth(file));
				else if (grows) await readGrowing(source, () => showProgress(null), null);
				else while (reader.take(source)) showProgress(bytes === null ? null : source.offset() / bytes);
			} catch (error) {
				if (!(error instanceof CaptureError)) throw error;
				broken.push(error.message);
				dependencies.progress?.show("");
				dependencies.writeError(`dnstt_exporter: ${error.message}\n`);
			} finally {
				source?.close();
				reader.endFile();
			}
		}
	} finally {
		dependencies.progress?.show("");
		screen?.close();
	}
	return opened;
}

/** Size of a file; null if it has none, such as a named pipe. */
function bytesOf(file: string): number | null {
	const { size } = statSync(onDisk(file));
	return size > 0 ? size : null;
}

/** Returns a function that shows progress at most every `progressUs`. */
function createProgress(
	{ progress, monotonicUs }: InspectDependencies,
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

/** Returns a function that shows the report of a followed file from time to time: on the screen, or as one line on standard error. */
function createShows(
	{ monotonicUs, writeError }: InspectDependencies,
	startUs: number,
	screen: InspectDependencies["screen"],
	report: () => Report,
	top: number,
): () => void {
	// The screen shows its first report as soon as the existing part of the file is read.
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
