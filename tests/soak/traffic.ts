/**
 * Traffic without end: capture files with client ids that were never sent before, written by a process of their own while the one before
 * is sent, so that whoever sends and measures is not held up.
 */
import { closeSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { LinkType } from "../../src/capture/source.ts";
import { type TrafficCounts, writeTraffic } from "../bench/traffic.ts";
import { seededRandom } from "../support/messages.ts";
import type { Namespace } from "../support/netns.ts";
import { readPcap, writePcap } from "../support/pcapfile.ts";
import { ended, runCommand } from "../support/process.ts";

/**
 * "polls": new sessions through few resolvers; "crowd": through more resolvers than are remembered; "mixed": queries, responses
 * and strays; "bent": the same with bits flipped and frames cut behind the IP header.
 */
export const trafficKinds = ["polls", "crowd", "mixed", "bent"] as const;
export type TrafficKind = (typeof trafficKinds)[number];

const packetsOf = { polls: 300_000, crowd: 150_000, mixed: 100_000, bent: 50_000 } as const satisfies Record<
	TrafficKind,
	number
>;
const resolversOf = { polls: 2_000, crowd: 100_000, mixed: 5_000, bent: 5_000 } as const satisfies Record<
	TrafficKind,
	number
>;
/** Behind Ethernet and IPv4 headers: addresses stay those of 10.0.0.0/8. */
const bendFrom = 34;

/** More random words than a file's client ids take: two each. */
const wordsMost = 2_000_000;

/**
 * The seed of the file with this number, so that no client id comes in two files: the generator's state goes up by 0x9e3779b9 with
 * each word, which never repeats within 2^32, and each file begins behind the words of the ones before. Numbers up to 2,146.
 */
export function seedOf(seed: number, serial: number): number {
	return (seed + Math.imul(0x9e3779b9, serial * wordsMost)) >>> 0;
}

/** Writes a file of this kind to `path`; gives what is in it (of "bent": what was, before). */
export async function makeTraffic(path: string, kind: TrafficKind, seed: number): Promise<TrafficCounts> {
	const { code, stdout, stderr } = await runCommand([process.execPath, import.meta.path, path, kind, String(seed)]);
	if (code !== 0) throw new Error(`traffic was not written: ${stderr}`);
	return JSON.parse(stdout);
}

/** Sends a file with tcpreplay; undefined where it could not send all, as when the other end is down. */
export async function sendTraffic(
	from: Namespace,
	interfaceName: string,
	path: string,
	packetsPerSecond?: number,
): Promise<number | undefined> {
	const speed = packetsPerSecond === undefined ? "--topspeed" : `--pps=${packetsPerSecond}`;
	const options = ["--quiet", "--no-flow-stats", "--preload-pcap", speed, `--intf1=${interfaceName}`];
	const { code, stdout } = await ended(from.spawn(["tcpreplay", ...options, path]));
	const sent = Number(/Actual: (\d+) packets/.exec(stdout)?.[1] ?? Number.NaN);
	const failed = /Failed packets:\s+(\d+)/.exec(stdout)?.[1];
	return code === 0 && failed === "0" && sent > 0 ? sent : undefined;
}

export interface Flood {
	/** Packets sent, at least, and files that were sent whole or in part. */
	readonly packets: number;
	readonly files: number;
	/** Stops after the file that is being sent. */
	stop(): Promise<void>;
}

/** Sends one fresh file after the other, of all kinds in turn, as fast as they go. */
export function startFlood(options: {
	readonly from: Namespace;
	readonly interfaceName: string;
	/** Without extension; two files stand there in turn. */
	readonly path: string;
	/** Files have numbers from 1 on, see seedOf. */
	readonly seed: number;
}): Flood {
	const { from, interfaceName, path, seed } = options;
	const flood = { packets: 0, files: 0, stop };
	let isStopped = false;
	const make = async (serial: number) => {
		const file = `${path}-${serial % 2}.pcap`;
		await makeTraffic(file, trafficKinds[serial % trafficKinds.length] ?? "polls", seedOf(seed, serial + 1));
		return file;
	};
	async function run(): Promise<void> {
		let next = make(0);
		for (let serial = 1; ; serial++) {
			const file = await next;
			if (isStopped) return;
			next = make(serial);
			flood.packets += (await sendTraffic(from, interfaceName, file)) ?? 0;
			flood.files++;
		}
	}
	const running = run();
	async function stop(): Promise<void> {
		isStopped = true;
		await running;
	}
	return flood;
}

function write(path: string, kind: TrafficKind, seed: number): TrafficCounts {
	const file = openSync(path, "w");
	const packets = packetsOf[kind];
	try {
		return writeTraffic(
			{
				kind: kind === "polls" || kind === "crowd" ? "polls" : "mixed",
				wire: "dnstt",
				...{ packets, seed, resolvers: resolversOf[kind], startSeconds: 1_767_323_045, seconds: 10 },
				sessions: kind === "polls" || kind === "crowd" ? packets : packets / 5,
			},
			(chunk) => {
				for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at);
			},
		);
	} finally {
		closeSync(file);
	}
}

/** Changes a file's frames in place: bits flipped, and one in four cut. */
function bend(path: string, seed: number): void {
	const random = seededRandom(seed);
	const below = (limit: number) => Math.floor(random() * limit);
	const records = readPcap(readFileSync(path)).records.map(({ timeNs, bytes }) => {
		for (let flips = 1 + below(4); flips > 0; flips--) {
			const at = bendFrom + below(bytes.length - bendFrom);
			bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
		}
		return { timeNs, bytes: below(4) === 0 ? bytes.subarray(0, bendFrom + below(bytes.length - bendFrom)) : bytes };
	});
	rmSync(path);
	writeFileSync(path, writePcap({ linkType: LinkType.EN10MB, records }));
}

if (import.meta.main) {
	const [path = "", kind = "", seed = ""] = process.argv.slice(2);
	const counts = write(path, kind as TrafficKind, Number(seed));
	if (kind === "bent") bend(path, Number(seed));
	console.log(JSON.stringify(counts));
}
