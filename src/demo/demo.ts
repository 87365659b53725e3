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
/** Of messages that are handed over without a network. */
const clientPort = 40_000;
/** A pause between two rounds, so that one sees them begin. */
const roundPauseMs = 1_000;

/** Sends one message to the server or back. */
type Send = (bytes: Uint8Array, toServer: boolean) => void;

/**
 * The whole exporter on recorded traffic: its messages are sent again over loopback, in rounds and with fresh client
 * ids, and captured there as always. Without permission to capture they are handed over without a network. Prints a
 * line of counts each second, until a signal or `seconds` are over. Gives the exit code.
 */
export async function demo(
	given: Config,
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
		...given,
		dnstt: { ...given.dnstt, domains: [recordedDomain], ports: [server.port] },
		capture: { ...given.capture, interface: "lo" },
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

/** Without what a start tells: the first try told it, but for a capture that is open, and none is. */
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
 * Sends the messages at the pace of the recording, round after round, each with client ids of its own and with the stamps
 * of its time: stamps that come twice would make round trips as long as a round.
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

/** Large enough for a whole round of the recording, as it comes in bursts. */
const replayBytes = 1024 * 1024;

/** Stands for a capture where none may be opened: frames are what is pushed, each in an IPv4 packet on loopback. */
class ReplaySource implements LiveSource {
	readonly interfaceName = "lo";
	readonly bufferBytes = replayBytes;
	readonly linkType = LinkType.NULL;
	readonly ports: readonly number[];
	private readonly synthetic: FrameBatch;
	/** Where the next record is written, and offsets of those that were not read yet, and of the end. */
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
