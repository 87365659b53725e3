/**
 * A path with a known delay and loss: a UDP relay that stands where a resolver would, in a namespace of its own. A
 * process that runs this file with Bun; datagrams to it go on to the server from one socket, as a resolver's would.
 */
import { seededRandom } from "./messages.ts";
import type { Namespace } from "./netns.ts";
import { type Child, until } from "./process.ts";

export interface PathOptions {
	/** Where the relay listens, and where it sends on to. */
	readonly listen: { readonly address: string; readonly port: number };
	readonly server: { readonly address: string; readonly port: number };
	/** From the client to the server, and back. */
	readonly delayMs: readonly [up: number, down: number];
	/**
	 * Share of the datagrams from the server that never come: exactly so many of each `lossBlock` in a row, at places
	 * drawn by chance. A whole number of datagrams in a block.
	 */
	readonly lossRatio: number;
	readonly seed: number;
}

/** Put in front of a command: it runs before what else keeps the machine busy, so that a delay is as long as it was set. */
export const ahead = ["nice", "-n", "-15"] as const;

/** Datagrams among which the loss is exact, so that a few hundred have the ratio that was set. */
const lossBlock = 20;

/** Starts the relay; it runs until the network is removed. */
export async function startPath(namespace: Namespace, options: PathOptions): Promise<Child> {
	const child = namespace.spawn([...ahead, process.execPath, import.meta.path, JSON.stringify(options)]);
	await until(
		() => {
			if (child.exitCode() !== null) throw new Error(`the path ended: ${child.stderr()}`);
			return child.stdout().includes("ready") ? true : undefined;
		},
		() => "a path",
	);
	return child;
}

/** Tells for one datagram after the other whether it is lost. */
export function createLoss(ratio: number, random: () => number): () => boolean {
	const lost = Math.round(ratio * lossBlock);
	let block: boolean[] = [];
	return () => {
		if (block.length === 0) {
			block = Array.from({ length: lossBlock }, (_, index) => index < lost);
			for (let index = lossBlock - 1; index > 0; index--) {
				const other = Math.floor(random() * (index + 1));
				[block[index], block[other]] = [block[other] === true, block[index] === true];
			}
		}
		return block.pop() === true;
	};
}

/** Calls back what is put in after `delayMs`, in order: a timer wakes early, and the last bit is waited out. */
function createDelay(delayMs: number): (send: () => void) => void {
	const waiting: { readonly atMs: number; readonly send: () => void }[] = [];
	let isArmed = false;
	const arm = () => {
		const [next] = waiting;
		isArmed = next !== undefined;
		if (next === undefined) return;
		const leftMs = next.atMs - performance.now();
		if (leftMs > 2) setTimeout(drain, leftMs - 2);
		else setImmediate(drain);
	};
	const drain = () => {
		const now = performance.now();
		while ((waiting[0]?.atMs ?? Number.POSITIVE_INFINITY) <= now) waiting.shift()?.send();
		arm();
	};
	return (send) => {
		waiting.push({ atMs: performance.now() + delayMs, send });
		if (!isArmed) arm();
	};
}

async function relay(options: PathOptions): Promise<void> {
	const { listen, server, delayMs, lossRatio, seed } = options;
	const [up, down] = delayMs.map(createDelay) as [ReturnType<typeof createDelay>, ReturnType<typeof createDelay>];
	const isLost = createLoss(lossRatio, seededRandom(seed));
	let client: { readonly port: number; readonly address: string } | undefined;
	const outer = await Bun.udpSocket({
		socket: {
			data(_, bytes) {
				if (client === undefined || isLost()) return;
				const { port, address } = client;
				const copy = Buffer.from(bytes);
				down(() => void inner.send(copy, port, address));
			},
		},
	});
	const inner = await Bun.udpSocket({
		hostname: listen.address,
		port: listen.port,
		socket: {
			data(_, bytes, port, address) {
				client = { port, address };
				const copy = Buffer.from(bytes);
				up(() => void outer.send(copy, server.port, server.address));
			},
		},
	});
	console.log("ready");
}

if (import.meta.main) await relay(JSON.parse(process.argv[2] ?? ""));
