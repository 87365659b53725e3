import { type FileSource, openFile, openGrowing } from "../../capture/capture-file.ts";
import { type LiveSource, openLive } from "../../capture/live.ts";
import { inOrderOfTime } from "../../capture/order.ts";
import { CaptureError, type FrameSource } from "../../capture/source.ts";
import { Discovery } from "../../discovery/discovery.ts";
import type { Engine, Seed } from "../../engine/engine.ts";
import { createPlacelessEngine } from "../../engine/placeless.ts";
import { refuseUnsafeEnvironment } from "../../process/environment.ts";
import { identityOf, limitPrivileges } from "../../process/privileges.ts";
import { count, grouped } from "../../summary/format.ts";
import { stdinIsTerminal } from "../stdin.ts";
import { configurationOf } from "./configuration.ts";
import { foundText, nothingText } from "./found-text.ts";

export interface DiscoverOptions {
	/** Captures to read, `-` for standard input; none to capture live. */
	readonly files: readonly string[];
	/** How long a live capture takes. */
	readonly seconds: number;
}

/** Where the command writes to, its clock, and the signal that ends it. */
export interface DiscoverDependencies {
	readonly seed: Seed;
	monotonicUs(): number;
	/** The configuration. */
	write(text: string): void;
	/** All else: what was found, and errors. */
	writeError(text: string): void;
	/** Standard output is a terminal, so that both are seen there. */
	readonly isScreen: boolean;
	/** Replaces the line that it showed last; "" clears it. */
	readonly progress: { readonly columns: number; show(line: string): void };
	/** Standard input is a terminal. */
	readonly isTypedInto: boolean;
	/** The first SIGINT or SIGTERM from now on, which then does not end the program. */
	stopSignal(): Promise<unknown>;
}

/** DNS messages that are kept to be read with what was found: some 150,000. */
const heldBytesMax = 32 * 1024 * 1024;
const bufferBytes = 16 * 1024 * 1024;
/** Between two reads of a live capture, and how long one may take before others have their turn. */
const pauseMs = 20;
const turnUs = 50_000;
const progressUs = 250_000;
/** A number that no host has an account of with rights: it needs no entry among the accounts. */
const nobody = "65534";

/** What was looked at. */
export interface Looked {
	/** "in 15 s on all interfaces", or which files. */
	readonly where: string;
	readonly packets: number;
	/** DNS messages with a question. */
	readonly messages: number;
	/** It ended before all was looked at, as there were more DNS messages than are kept. */
	readonly isPart: boolean;
}

/** Finds tunnels in files or live traffic, and writes the configuration that watches them. Returns the exit code. */
export async function discover(options: DiscoverOptions, dependencies: DiscoverDependencies): Promise<number> {
	const { write, writeError, seed, isScreen } = dependencies;
	const discovery = new Discovery({ seed, heldBytesMax });
	const look: Look = { engine: createPlacelessEngine([], seed), discovery, isStopped: false };
	const read = options.files.length === 0 ? readLive : readFiles;
	const { where, packets, isBroken } = await read(options, dependencies, look);
	const looked: Looked = { where, packets, messages: discovery.messages, isPart: discovery.isOver };
	const found = discovery.found();
	// What was wrong with the files is reported already.
	if (packets === 0 && isBroken) return 1;
	if (found.length === 0) {
		writeError(nothingText(looked, options.files.length === 0));
		return 1;
	}
	writeError(`${foundText(found, looked)}\n`);
	if (isScreen) writeError("\nThe configuration for it; with > config.json it goes to that file:\n\n");
	write(`${JSON.stringify(configurationOf(found), null, 2)}\n`);
	return isBroken ? 1 : 0;
}

/** What frames are read into, and whether a signal ended that. */
interface Look {
	readonly engine: Engine;
	readonly discovery: Discovery;
	isStopped: boolean;
}

interface Read {
	readonly where: string;
	readonly packets: number;
	/** A file could not be read to its end. */
	readonly isBroken: boolean;
}

/** Reads one batch; false if there was nothing to read. */
function take(source: FrameSource, { engine, discovery }: Look): boolean {
	const used = source.read(engine.batch);
	if (used === 0) return false;
	discovery.take(engine, used, source.linkType);
	return true;
}

async function readLive({ seconds }: DiscoverOptions, dependencies: DiscoverDependencies, look: Look): Promise<Read> {
	const { progress, monotonicUs } = dependencies;
	const { engine, discovery } = look;
	void dependencies.stopSignal().then(() => (look.isStopped = true));
	const source = openAny(dependencies);
	engine.lookFor(source.linkType, []);
	const startUs = monotonicUs();
	const endUs = startUs + seconds * 1e6;
	let shownUs = Number.NEGATIVE_INFINITY;
	try {
		for (let nowUs = startUs; nowUs < endUs && !look.isStopped && !discovery.isOver; nowUs = monotonicUs()) {
			while (monotonicUs() - nowUs < turnUs && take(source, look));
			if (nowUs - shownUs >= progressUs) {
				shownUs = nowUs;
				const passed = `${Math.floor((nowUs - startUs) / 1e6)} of ${seconds} s`;
				const counts = `${count(source.statistics().received)} packets, ${count(discovery.messages)} DNS messages`;
				progress.show(`${passed}  ${counts}  Ctrl+C ends it now`.slice(0, progress.columns));
			}
			await Bun.sleep(pauseMs);
		}
		const passedSeconds = Math.max(1, Math.round((monotonicUs() - startUs) / 1e6));
		const where = `in ${grouped(passedSeconds)} s on all interfaces`;
		return { where, packets: source.statistics().received, isBroken: false };
	} finally {
		progress.show("");
		source.close();
	}
}

/** All UDP of all interfaces. Root becomes nobody once the capture is open, as nothing else needs its rights. */
function openAny({ writeError }: DiscoverDependencies): LiveSource {
	refuseUnsafeEnvironment(process.env);
	const identity = identityOf(nobody);
	const source = openLive({ interfaceName: "any", ports: [], bufferBytes, promiscuous: false });
	for (const problem of limitPrivileges({ identity, port: 0 }))
		writeError(`dnstt_exporter: warning: could not drop all privileges: ${problem}\n`);
	return source;
}

async function readFiles({ files }: DiscoverOptions, dependencies: DiscoverDependencies, look: Look): Promise<Read> {
	let packets = 0;
	let isBroken = false;
	if (files.includes("-")) void dependencies.stopSignal().then(() => (look.isStopped = true));
	for (const file of inOrderOfTime(files, look.engine.batch)) {
		let source: FileSource | null = null;
		try {
			source = await open(file, dependencies, look);
			if (source === null) break;
			look.engine.lookFor(source.linkType, []);
			while (!look.isStopped && !look.discovery.isOver) {
				if (!take(source, look)) {
					if (source.isAtEnd()) break;
					await Bun.sleep(pauseMs);
				} else await new Promise(setImmediate);
			}
		} catch (error) {
			if (!(error instanceof CaptureError)) throw error;
			isBroken = true;
			dependencies.writeError(`dnstt_exporter: ${error.message}\n`);
		} finally {
			packets += source?.statistics().received ?? 0;
			source?.close();
		}
	}
	const where =
		files.length === 1 ? `in ${files[0] === "-" ? "standard input" : files[0]}` : `in ${files.length} files`;
	return { where, packets, isBroken };
}

/** Null if a signal came before the capture's header did. */
async function open(file: string, { isTypedInto }: DiscoverDependencies, look: Look): Promise<FileSource | null> {
	if (file !== "-") return openFile(file);
	if (isTypedInto) throw new CaptureError(stdinIsTerminal("discover"));
	const again = async () => {
		await Bun.sleep(pauseMs);
		return !look.isStopped;
	};
	return await openGrowing(file, { grows: false, again });
}
