/** Floods that are more than the exporter can follow, and what it has to do meanwhile: answer, and feed its watchdog. */
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { LinkType } from "../../src/capture/source.ts";
import { writeTraffic } from "../bench/traffic.ts";
import type { DatagramReceiver } from "../process/unixsocket.ts";
import type { Exporter } from "./exporter.ts";
import { dnsMessage, encodeName, ethernetFrame, namePointer, typeTxt, udpPacket } from "./frames.ts";
import type { Namespace } from "./netns.ts";
import { writePcap } from "./pcapfile.ts";
import { ended } from "./process.ts";

/** Any of three is answered within this, whatever is sent. */
export const answerMsMost = 2_000;
/** A service manager expects a beat in so long, and gets one in half of that. */
const watchdogMs = 1_000;
const pauseMs = 100;

/** "names": what costs the decoder the most, 1.5 kB each; "queries": polls of new sessions, through more resolvers than are remembered. */
export const floodKinds = ["names", "queries"] as const;
export type FloodKind = (typeof floodKinds)[number];

/** Packets in a second; as fast as they go if left out. */
const rateOf: Readonly<Record<FloodKind, number | undefined>> = { names: 25_000, queries: undefined };
const packetsOf = { names: 25_000, queries: 200_000 } as const satisfies Record<FloodKind, number>;
/** Names of one character each; with the domain's labels it is as many as fit. */
const labelsMost = 119;
const recordBytes = 12;
const messageBytesMost = 1_472;

/** A query with as many records as fit, whose names are all but the question's first label. */
function manyNames(): Uint8Array {
	const question = { name: encodeName("a.".repeat(labelsMost)) };
	const first = 12 + question.name.length + 4;
	const records = Math.floor((messageBytesMost - first) / recordBytes);
	const record = { name: namePointer(14), type: typeTxt, data: new Uint8Array() };
	return dnsMessage({ questions: [question], additional: Array(records).fill(record) });
}

/** Writes the flood's packets, Ethernet frames to 10.77.2.2, as a capture file. */
export function writeFlood(path: string, kind: FloodKind): void {
	const packets = packetsOf[kind];
	if (kind === "names") {
		const addresses = { source: "10.0.0.1", destination: "10.77.2.2", sourcePort: 4000, destinationPort: 53 };
		const bytes = ethernetFrame(udpPacket({ ...addresses, payload: manyNames() }), "in");
		const records = Array.from({ length: packets }, (_, index) => ({ timeNs: BigInt(index), bytes }));
		writeFileSync(path, writePcap({ linkType: LinkType.EN10MB, records }));
		return;
	}
	const file = openSync(path, "w");
	const times = { startSeconds: 1_767_323_045, seconds: 10 };
	writeTraffic(
		{ kind: "polls", wire: "dnstt", packets, sessions: packets, resolvers: 100_000, seed: 7, ...times },
		(chunk) => {
			for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at);
		},
	);
	closeSync(file);
}

/** This process, and what it starts, goes ahead of whatever else keeps the machine busy: the times are to be the exporter's own. */
export function aheadOfOthers(): Disposable {
	const before = getPriority();
	try {
		setPriority(-15);
	} catch {
		// Not everywhere allowed, and needed only beside others.
	}
	return { [Symbol.dispose]: () => setPriority(before) };
}

export interface FloodFigures {
	readonly packets: number;
	readonly packetsPerSecond: number;
	readonly scrapes: number;
	/** The longest that each took. */
	readonly scrapeMs: number;
	readonly healthyMs: number;
	readonly beatMs: number;
	/** Packets that the exporter says were received, and dropped. */
	readonly received: number;
	readonly dropped: number;
}

export interface FloodOptions {
	readonly kind: FloodKind;
	/** Of writeFlood. */
	readonly path: string;
	readonly seconds: number;
	readonly from: Namespace;
	readonly interfaceName: string;
	/** Where the exporter runs. */
	readonly server: Namespace;
	readonly exporter: Exporter;
	/** In place of the service manager; the exporter was started with `watchdogEnv`. */
	readonly manager: DatagramReceiver;
}

/** What the exporter is started with, to feed a watchdog over this socket. */
export function watchdogEnv(socket: string): Record<string, string> {
	return { NOTIFY_SOCKET: socket, WATCHDOG_USEC: String(watchdogMs * 1_000) };
}

/** Sends the flood for so long, asks again and again meanwhile, and listens for the beats. */
export async function measureFlood(options: FloodOptions): Promise<FloodFigures> {
	const { kind, path, seconds, from, interfaceName, server, exporter, manager } = options;
	const counts = async () => {
		const samples = await exporter.metrics();
		return {
			received: samples.sum("dnstt_exporter_packets_received_total"),
			dropped: samples.sum("dnstt_exporter_packets_dropped_total"),
		};
	};
	const before = await counts();
	const rate = rateOf[kind];
	const speed = rate === undefined ? "--topspeed" : `--pps=${rate}`;
	const words = ["--quiet", "--no-flow-stats", "--preload-pcap", "--loop=0", `--duration=${seconds}`, speed];
	const flood = from.spawn(["tcpreplay", ...words, `--intf1=${interfaceName}`, path]);

	let isOver = false;
	const longest = { scrapeMs: 0, healthyMs: 0, beatMs: 0 };
	let scrapes = 0;
	async function ask(what: "scrapeMs" | "healthyMs", request: string): Promise<void> {
		while (!isOver) {
			// The time is curl's own: to start it takes long beside a flood.
			const words = [
				"--silent",
				"--max-time",
				"30",
				"--output",
				"/dev/null",
				"--write-out",
				"%{http_code} %{time_total}",
			];
			const { stdout } = await ended(server.spawn(["curl", ...words, `${exporter.url}${request}`]));
			const [status, seconds] = stdout.split(" ");
			if (status !== "200") throw new Error(`${request} gave ${status}`);
			longest[what] = Math.max(longest[what], Number(seconds) * 1_000);
			if (what === "scrapeMs") scrapes++;
			await Bun.sleep(pauseMs);
		}
	}
	async function listen(): Promise<void> {
		manager.received();
		for (let latest = performance.now(); !isOver; await Bun.sleep(10)) {
			const now = performance.now();
			if (manager.received().includes("WATCHDOG=1")) latest = now;
			longest.beatMs = Math.max(longest.beatMs, now - latest);
		}
	}
	const asking = Promise.all([ask("scrapeMs", "/metrics"), ask("healthyMs", "/-/healthy"), listen()]);
	const { stdout, stderr } = await ended(flood);
	isOver = true;
	await asking;
	const packets = Number(/Actual: (\d+) packets/.exec(stdout)?.[1] ?? Number.NaN);
	if (!(packets > 0)) throw new Error(`the flood was not sent: ${stdout} ${stderr}`);
	// The last block of frames is handed over, and drops of the whole flood are known.
	await Bun.sleep(500);
	const after = await counts();
	return {
		...{ packets, packetsPerSecond: Math.round(packets / seconds), scrapes, ...longest },
		received: after.received - before.received,
		dropped: after.dropped - before.dropped,
	};
}
