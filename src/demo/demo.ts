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
import { grouped } from "../summary/format.ts";
import { requireDescriptors } from "../web/descriptors.ts";
import {
	freshKey,
	type RecordedMessage,
	readRecording,
	recordedDomain,
	withFreshId,
	withLaterStamps,
} from "./recording.ts";
import { writeSyntheticFrame } from "./synthetic-frame.ts";

const loopback = "127.0.0.1";
const loopbackAddress = 0x7f000001;
/** Client's port in messages that do not go over a network. */
const clientPort = 40_000;
/** Pause between two rounds, which makes the start of each visible. */
const roundPauseMs = 1_000;

/** Sends one message to the server or back. */
type Send = (bytes: Uint8Array, toServer: boolean) => void;

/**
 * Runs the whole exporter on recorded traffic: sends its messages again over loopback, in rounds and with new client ids, and
 * captures them there as usual. Without permission to capture it reads them as from a file. Prints a line of counts every
 * second, until a signal or after `seconds`. Returns the exit code.
 */
export async function demo(
	loaded: Config,
	seconds: number | undefined,
	dependencies: Dependencies,
	print: (text: string) => void,
): Promise<number> {
	refuseUnsafeEnvironment(process.env);
	requireDescriptors();
	const messages = await readRecording();
	const server = await Bun.udpSocket({ hostname: loopback });
	const client = await Bun.udpSocket({ hostname: loopback });
	const config: Config = {
		...loaded,
		dnstt: { ...loaded.dnstt, domains: [recordedDomain], ports: [server.port] },
		vaydns: { ...loaded.vaydns, domains: [] },
		capture: { ...loaded.capture, interface: "lo" },
	};
	let send: Send = (bytes, toServer) => {
		if (toServer) client.send(bytes, server.port, loopback);
		else server.send(bytes, client.port, loopback);
	};
	let exporter: Exporter;
	try {
		const limits = { identity: identityOf(config.process.user), port: config.web.listen.port };
		exporter = await startExporter(config, dependencies, openLive, {
			captureReady() {
				for (const problem of limitPrivileges(limits))
					dependencies.log.warn("could not drop all privileges", { problem });
			},
			captureChanged() {},
		});
		print(`Recorded dnstt traffic goes over ${loopback}, port ${server.port}, and is captured on lo.\n`);
	} catch (error) {
		if (!(error instanceof CaptureError || error instanceof AddonError)) throw error;
		print(`${error.message}\nSo the recorded traffic is read as from a file instead.\n`);
		const source = new ReplaySource(server.port);
		send = (bytes, toServer) => source.push(bytes, toServer, dependencies.wallUs());
		exporter = await quietly(dependencies.log, () => startExporter(config, dependencies, () => source));
	}
	print(`Metrics: ${new URL(config.web.telemetryPath, exporter.url)}   (Ctrl+C ends the demo)\n`);
	const replay = startReplay(messages, send);
	const lines = setInterval(() => print(`${countsLine(exporter)}\n`), 1_000);
	await (seconds === undefined ? stopSignal() : Promise.race([stopSignal(), Bun.sleep(seconds * 1_000)]));
	clearInterval(lines);
	replay.stop();
	await exporter.stop();
	server.close();
	client.close();
	return 0;
}

/** Starts with warnings and errors only: the first try logged everything else already, and no capture is open that could be reported. */
async function quietly<T>(log: Logger, start: () => Promise<T>): Promise<T> {
	const { level } = log;
	if (level !== "error") log.level = "warn";
	try {
		return await start();
	} finally {
		log.level = level;
	}
}

function countsLine({ tracker }: Exporter): string {
	const figures = {
		queries: tracker.queries.sum,
		"bytes in": tracker.bytesIn.sum,
		"bytes out": tracker.bytesOut.sum,
		sessions: tracker.sessionsBegun.sum,
		active: tracker.activeByDomain.sum,
		peak: tracker.peakByDomain.sum,
	};
	return Object.entries(figures)
		.map(([name, value]) => `${name} ${grouped(value)}`)
		.join("   ");
}

/**
 * Sends the messages at the pace of the recording, round after round. Each round has its own client ids and later time stamps:
 * with repeated stamps round trips would seem as long as a round.
 */
function startReplay(messages: readonly RecordedMessage[], send: Send): { stop(): void } {
	let timer: ReturnType<typeof setTimeout>;
	const firstMs = performance.now();
	const round = (startMs: number) => {
		const keys = new Map<number, number[]>();
		const shiftMs = Math.round(startMs - firstMs);
		let next = 0;
		const step = () => {
			for (let message = messages[next]; message !== undefined; message = messages[next]) {
				const waitMs = message.afterMs - (performance.now() - startMs);
				if (waitMs > 0) {
					timer = setTimeout(step, waitMs);
					return;
				}
				const key = keys.get(message.client) ?? freshKey();
				keys.set(message.client, key);
				send(withLaterStamps(withFreshId(message.bytes, key), shiftMs), message.toServer);
				next++;
			}
			timer = setTimeout(() => round(performance.now()), roundPauseMs);
		};
		step();
	};
	round(firstMs);
	return { stop: () => clearTimeout(timer) };
}

/** Enough for a whole round of the recording, which comes in bursts. */
const replayBytes = 1024 * 1024;

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
	push(payload: Uint8Array, toServer: boolean, timeUs: number): void {
		const next = writeSyntheticFrame(this.synthetic, this.used, {
			timeUs,
			source: loopbackAddress,
			destination: loopbackAddress,
			sourcePort: toServer ? clientPort : this.serverPort,
			destinationPort: toServer ? this.serverPort : clientPort,
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
