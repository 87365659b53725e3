import { type LiveSource, openLive } from "../capture/live.ts";
import { CaptureError, type FrameBatch, LinkType } from "../capture/source.ts";
import type { Config } from "../config/schema.ts";
import { type Exporter, startExporter } from "../exporter/exporter.ts";
import type { Dependencies } from "../exporter/stages.ts";
import type { Logger } from "../log.ts";
import { AddonError } from "../native/addon.ts";
import { refuseUnsafeEnvironment } from "../process/environment.ts";
import { identityOf, limitPrivileges } from "../process/privileges.ts";
import { stopSignal } from "../process/stop.ts";
import { byteRate, grouped, rate } from "../summary/format.ts";
import { requireDescriptors } from "../web/descriptors.ts";
import { demoResolvers, resolversDatabase } from "./demo-resolvers.ts";
import { readRecording, recordedDomain } from "./recording.ts";
import { type Send, startReplay } from "./replay.ts";
import { writeSyntheticFrame } from "./synthetic-frame.ts";

/** The server's address; the resolvers have others of the same network. */
const loopback = "127.0.0.1";
/** Of messages that are handed over without a network: the first client's port. */
const firstClientPort = 40_000;
/** Where no terminal is, a line is for a log. */
const terminalLineMs = 1_000;
const logLineMs = 60_000;

/** Where the demo writes. */
export interface DemoOutput {
	print(text: string): void;
	/** Width of the terminal, asked at each line; null where there is none. */
	columns(): number | null;
}

/** The address that each client of a round asks from. */
const slots = demoResolvers.flatMap(({ address, clients }) => Array<string>(clients).fill(address));

/**
 * The whole exporter on recorded traffic: its messages are replayed over loopback, in rounds, with fresh client ids and through the
 * demo's resolvers, and captured there as always. Without permission to capture they are handed over without a network. Writes how it
 * goes, until a signal or `seconds` are over. Returns the exit code.
 */
export async function demo(
	loaded: Config,
	seconds: number | undefined,
	dependencies: Dependencies,
	output: DemoOutput,
): Promise<number> {
	refuseUnsafeEnvironment(process.env);
	requireDescriptors();
	const messages = await readRecording();
	const server = await Bun.udpSocket({ hostname: loopback });
	const clients = await Promise.all(slots.map((hostname) => Bun.udpSocket({ hostname })));
	const { countryDatabase, asnDatabase } = loaded.geoip;
	const config: Config = {
		...loaded,
		dnstt: { ...loaded.dnstt, domains: [recordedDomain], ports: [server.port] },
		vaydns: { ...loaded.vaydns, domains: [] },
		capture: { ...loaded.capture, interface: "lo" },
		geoip: {
			countryDatabase: countryDatabase ?? resolversDatabase,
			asnDatabase: asnDatabase ?? resolversDatabase,
		},
	};
	let send: Send = (bytes, toServer, slot) => {
		const client = clients[slot] as (typeof clients)[number];
		if (toServer) client.send(bytes, server.port, loopback);
		else server.send(bytes, client.port, slots[slot] as string);
	};
	let exporter: Exporter;
	let how: string;
	try {
		const limits = { identity: identityOf(config.process.user), port: config.web.listen.port };
		exporter = await startExporter(config, dependencies, openLive, {
			captureReady() {
				for (const problem of limitPrivileges(limits))
					dependencies.log.warn("could not drop all privileges", { problem });
			},
			captureChanged() {},
		});
		how = `Recorded dnstt traffic goes over ${loopback}, port ${server.port}, and is captured on lo.`;
	} catch (error) {
		if (!(error instanceof CaptureError || error instanceof AddonError)) throw error;
		how = `${error.message}\nSo the recorded traffic is read as from a file instead.`;
		const source = new ReplaySource(server.port);
		send = (bytes, toServer, slot) => source.push(bytes, toServer, slot, dependencies.wallUs());
		exporter = await quietly(dependencies.log, () => startExporter(config, dependencies, () => source));
	}
	output.print(`Status page: ${new URL("/", exporter.url)}   (Ctrl+C ends the demo)\n`);
	output.print(`Metrics: ${new URL(config.web.telemetryPath, exporter.url)}\n${how}\n`);
	output.print("Its resolvers are in real countries and in networks that are made up.\n");
	const replay = startReplay(messages, send);
	const stopLines = startLines(exporter, output);
	await (seconds === undefined ? stopSignal() : Promise.race([stopSignal(), Bun.sleep(seconds * 1_000)]));
	stopLines();
	replay.stop();
	await exporter.stop();
	for (const socket of [server, ...clients]) socket.close();
	return 0;
}

/** Writes how it goes: on a terminal one line that is written over each second, elsewhere a line each minute. The last is written at the end. */
function startLines(exporter: Exporter, { print, columns }: DemoOutput): () => void {
	const line = lineSince(exporter);
	const isTerminal = columns() !== null;
	const write = () => {
		const text = line();
		print(isTerminal ? `\r\x1b[K${text.slice(0, (columns() ?? text.length) - 1)}` : `${text}\n`);
	};
	const timer = setInterval(write, isTerminal ? terminalLineMs : logLineMs);
	return () => {
		clearInterval(timer);
		write();
		if (isTerminal) print("\n");
	};
}

/** Makes the line: what there is now, and how much a second came since the line before. */
function lineSince({ tracker }: Exporter): () => string {
	const totalsNow = () => ({
		ms: performance.now(),
		queries: tracker.queries.sum,
		bytesIn: tracker.bytesIn.sum,
		bytesOut: tracker.bytesOut.sum,
	});
	let before = totalsNow();
	return () => {
		const now = totalsNow();
		const perSecond = (of: "queries" | "bytesIn" | "bytesOut") =>
			((now[of] - before[of]) * 1_000) / Math.max(1, now.ms - before.ms);
		const text = [
			`${grouped(tracker.activeByDomain.sum)} active`,
			`${grouped(tracker.sessionsBegun.sum)} sessions`,
			`${rate(perSecond("queries"))} queries/s`,
			`received ${byteRate(perSecond("bytesIn"))}`,
			`sent ${byteRate(perSecond("bytesOut"))}`,
		].join(", ");
		before = now;
		return text;
	};
}

/** Without the log lines of a start: the first try wrote them, but for that of an open capture, and none is open. */
async function quietly<T>(log: Logger, start: () => Promise<T>): Promise<T> {
	const { level } = log;
	if (level !== "error") log.level = "warn";
	try {
		return await start();
	} finally {
		log.level = level;
	}
}

/** Large enough for a whole round, as it comes in bursts. */
const replayBytes = 4 * 1024 * 1024;

/** Replaces the capture if none may be opened: its frames are the pushed messages, each in an IPv4 packet on loopback. */
class ReplaySource implements LiveSource {
	readonly interfaceName = "lo";
	readonly bufferBytes = replayBytes;
	readonly linkType = LinkType.NULL;
	readonly ports: readonly number[];
	private readonly synthetic: FrameBatch;
	/** Offset for the next record; then the offsets of the records that were not read yet, and of the end. */
	private used = 0;
	private records = [0];
	private received = 0;

	constructor(private readonly serverPort: number) {
		this.ports = [serverPort];
		const memory = new ArrayBuffer(replayBytes);
		this.synthetic = { bytes: new Uint8Array(memory), view: new DataView(memory) };
	}

	/** Adds a message at `timeUs`, microseconds since 1970; drops it when there is no room. */
	push(payload: Uint8Array, toServer: boolean, slot: number, timeUs: number): void {
		const server = { address: wordOf(loopback), port: this.serverPort };
		const client = { address: wordOf(slots[slot] as string), port: firstClientPort + slot };
		const [from, to] = toServer ? [client, server] : [server, client];
		const next = writeSyntheticFrame(this.synthetic, this.used, {
			timeUs,
			source: from.address,
			destination: to.address,
			sourcePort: from.port,
			destinationPort: to.port,
			payload,
		});
		if (next === 0) return;
		this.used = next;
		this.records.push(next);
		this.received++;
	}

	read({ bytes }: FrameBatch): number {
		const { records } = this;
		const start = records[0] ?? 0;
		const more = records.findIndex((end) => end - start > bytes.length);
		const count = more < 0 ? records.length - 1 : more - 1;
		const end = records[count] ?? start;
		bytes.set(this.synthetic.bytes.subarray(start, end));
		records.splice(0, count);
		if (records.length === 1) {
			this.used = 0;
			this.records = [0];
		}
		return end - start;
	}

	statistics() {
		return { received: this.received, droppedByKernel: 0, droppedByInterface: 0 };
	}

	close(): void {}
}

/** An IPv4 address as a number. */
function wordOf(address: string): number {
	return address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
}
