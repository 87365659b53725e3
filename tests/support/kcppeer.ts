/**
 * A dnstt client and server that speak enough KCP to be measured: the server pushes data, the client acknowledges, what is
 * not acknowledged in time is sent again with a new time stamp, and the server holds a response for up to a second while
 * it has nothing to send. No Noise, no smux. Both are processes that run this file with Bun.
 */
import {
	dnsttQuery,
	dnsttResponse,
	type KcpSegment,
	kcpCommands,
	kcpSegment,
	randomBytes,
	seededRandom,
} from "./messages.ts";
import type { Namespace } from "./netns.ts";
import { ahead } from "./path.ts";
import { concatBytes } from "./pcapfile.ts";
import { type Child, until } from "./process.ts";

export interface TransferOptions {
	/** Segments that the server has for its client; one goes into each response. */
	readonly segments: number;
	/** Segments on the way at one time, and queries of the client's that wait for a response. */
	readonly window: number;
	/** What was not acknowledged for so long is sent again. Longer than the round trip, so that only the lost is. */
	readonly resendAfterMs: number;
	/** What the server's clock shows at its start, milliseconds in 32 bits. */
	readonly clockMs: number;
}

/** What the server did, by its own count. */
export interface Transfer {
	readonly pushes: number;
	readonly retransmissions: number;
}

/** The data of a push: no two fit into one response, so that a lost datagram is one lost push. */
const dataBytes = 700;
/** As dnstt-server holds a response. */
const holdMs = 1_000;

/** Starts a server on a port of all IPv4 addresses. */
export async function startKcpServer(namespace: Namespace, port: number, options: TransferOptions): Promise<Child> {
	const words = [process.execPath, import.meta.path, "server", String(port), JSON.stringify(options)];
	const child = namespace.spawn([...ahead, ...words]);
	await until(
		() => {
			if (child.exitCode() !== null) throw new Error(`the server ended: ${child.stderr()}`);
			return child.stdout().includes("ready") ? true : undefined;
		},
		() => "a KCP server",
	);
	return child;
}

/** Starts a client that asks until the network is removed. */
export function startKcpClient(
	namespace: Namespace,
	to: { readonly address: string; readonly port: number },
	options: TransferOptions,
): Child {
	const words = [process.execPath, import.meta.path, "client", String(to.port), JSON.stringify(options), to.address];
	return namespace.spawn([...ahead, ...words]);
}

/** Waits until the client has acknowledged everything. */
export async function transferred(server: Child, limitMs: number): Promise<Transfer> {
	const line = await until(
		() => /^\{.*\}$/m.exec(server.stdout())?.[0],
		() => `the transfer; the server's errors:\n${server.stderr()}`,
		limitMs,
	);
	return JSON.parse(line);
}

async function serve(port: number, options: TransferOptions): Promise<void> {
	interface Waiting {
		readonly query: Uint8Array;
		readonly port: number;
		readonly address: string;
		readonly untilMs: number;
	}
	const waiting: Waiting[] = [];
	/** Sequence numbers on the way, and when each was last sent. */
	const unacknowledged = new Map<number, number>();
	const random = seededRandom(1);
	let next = 0;
	let pushes = 0;
	let retransmissions = 0;
	let isDone = false;
	const startMs = performance.now() - options.clockMs;

	const answer = (segment?: KcpSegment) => {
		const to = waiting.shift();
		if (to === undefined) return;
		socket.send(dnsttResponse(to.query, segment === undefined ? [] : [kcpSegment(segment)]), to.port, to.address);
	};
	const push = (sequence: number, now: number) => {
		unacknowledged.set(sequence, now);
		pushes++;
		const timestampMs = Math.floor(now - startMs) >>> 0;
		answer({ command: kcpCommands.push, timestampMs, sequence, data: randomBytes(random, dataBytes) });
	};
	const pump = () => {
		const now = performance.now();
		for (const [sequence, sentMs] of unacknowledged) {
			if (waiting.length === 0) break;
			if (now - sentMs < options.resendAfterMs) continue;
			retransmissions++;
			push(sequence, now);
		}
		while (waiting.length > 0 && next < options.segments && unacknowledged.size < options.window) push(next++, now);
		while ((waiting[0]?.untilMs ?? Number.POSITIVE_INFINITY) <= now) answer();
		if (next < options.segments || unacknowledged.size > 0 || isDone) return;
		isDone = true;
		console.log(JSON.stringify({ pushes, retransmissions } satisfies Transfer));
	};
	const socket = await Bun.udpSocket({
		hostname: "0.0.0.0",
		port,
		socket: {
			data(_, bytes, fromPort, address) {
				const query = Uint8Array.from(bytes);
				for (const { command, sequence } of segmentsIn(packetsOf(query))) {
					if (command === kcpCommands.ack) unacknowledged.delete(sequence);
				}
				waiting.push({ query, port: fromPort, address, untilMs: performance.now() + holdMs });
				pump();
			},
		},
	});
	setInterval(pump, 5);
	console.log("ready");
}

async function ask(port: number, address: string, options: TransferOptions): Promise<void> {
	const random = seededRandom(2);
	const clientId = randomBytes(random, 8);
	/** When each query that has no response yet was sent, by its DNS id. */
	const asked = new Map<number, number>();
	const received = new Set<number>();
	let unacknowledged = 0;
	let id = 0;

	const query = (acks: readonly KcpSegment[]) => {
		id = (id + 1) & 0xffff;
		asked.set(id, performance.now());
		const packets = acks.length === 0 ? [] : [concatBytes(acks.map(kcpSegment))];
		socket.send(dnsttQuery({ id, clientId, packets, padding: [randomBytes(random, 8)] }), port, address);
	};
	const socket = await Bun.udpSocket({
		socket: {
			data(_, bytes) {
				if (!asked.delete((bytes[0] ?? 0) * 256 + (bytes[1] ?? 0))) return;
				const acks: KcpSegment[] = [];
				for (const { command, timestampMs, sequence } of segmentsIn(answered(bytes))) {
					if (command !== kcpCommands.push) continue;
					received.add(sequence);
					while (received.has(unacknowledged)) unacknowledged++;
					acks.push({ command: kcpCommands.ack, timestampMs, sequence, unacknowledged });
				}
				query(acks);
			},
			error: () => {},
		},
	});
	/** A query without a response was lost: another takes its place. */
	const lostAfterMs = holdMs + options.resendAfterMs;
	setInterval(() => {
		const now = performance.now();
		for (const [lost, sentMs] of asked) if (now - sentMs > lostAfterMs) asked.delete(lost);
		while (asked.size < options.window) query([]);
	}, 20);
}

/** The bytes of the packet in a query as `ask` makes them: behind the client id and one run of padding. */
function packetsOf(query: Uint8Array): Uint8Array {
	let bits = 0;
	let value = 0;
	const bytes: number[] = [];
	// All labels but those of "t.example.com".
	const labels: string[] = [];
	for (let at = 12; query[at] !== 0; at += 1 + (query[at] ?? 0)) {
		labels.push(Buffer.from(query.subarray(at + 1, at + 1 + (query[at] ?? 0))).toString("latin1"));
	}
	for (const character of labels.slice(0, -3).join("").toUpperCase()) {
		value = ((value << 5) | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(character)) & 0xfff;
		bits += 5;
		if (bits < 8) continue;
		bits -= 8;
		bytes.push((value >> bits) & 0xff);
	}
	const packet = 8 + 1 + ((bytes[8] ?? 0xe0) - 0xe0);
	return Uint8Array.from(bytes.slice(packet + 1, packet + 1 + (bytes[packet] ?? 0)));
}

/** The bytes of the packet in a response as dnsttResponse makes them. */
function answered(response: Uint8Array): Uint8Array {
	let at = 12;
	while (response[at] !== 0) at += 1 + (response[at] ?? 0);
	// The question's type and class, the answer's name (a pointer), type, class and TTL.
	at += 1 + 4 + 2 + 2 + 2 + 4;
	const end = at + 2 + (response[at] ?? 0) * 256 + (response[at + 1] ?? 0);
	const strings: Uint8Array[] = [];
	for (at += 2; at < end; at += 1 + (response[at] ?? 0)) {
		strings.push(response.subarray(at + 1, at + 1 + (response[at] ?? 0)));
	}
	return concatBytes(strings).subarray(2);
}

function segmentsIn(packet: Uint8Array): Required<Pick<KcpSegment, "command" | "timestampMs" | "sequence">>[] {
	const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
	const segments: ReturnType<typeof segmentsIn> = [];
	for (let at = 0; at + 24 <= packet.length; at += 24 + view.getUint32(at + 20, true)) {
		segments.push({
			command: view.getUint8(at + 4),
			timestampMs: view.getUint32(at + 8, true),
			sequence: view.getUint32(at + 12, true),
		});
	}
	return segments;
}

if (import.meta.main) {
	const [role, port, options, address = ""] = process.argv.slice(2);
	const transfer: TransferOptions = JSON.parse(options ?? "");
	await (role === "server" ? serve(Number(port), transfer) : ask(Number(port), address, transfer));
}
