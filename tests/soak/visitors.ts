/**
 * Bad company on the web side, in a process of its own: clients that hardly read what they asked for, connections that say nothing, and
 * wrong passwords. Runs until SIGTERM, and prints what it came to.
 */
import { connect } from "node:net";
import type { Namespace } from "../support/netns.ts";
import { ended } from "../support/process.ts";

const slowReaders = 8;
const silent = 100;
const guessers = 8;
/** Between two guesses of one guesser: some hundreds a second all told, of which bcrypt can look at a few. */
const guessPauseMs = 20;
const readPauseMs = 500;
const reconnectMs = 1_000;
const guessTimeoutMs = 10_000;

export interface VisitorCounts {
	/** Answers to wrong passwords, by status; "0" for none. */
	readonly guesses: Readonly<Record<string, number>>;
	/** Bytes that slow readers have read, and connections that they and the silent ones opened. */
	readonly readBytes: number;
	readonly connections: number;
}

export interface Visitors {
	/** Sends them away; gives what they came to. */
	stop(): Promise<VisitorCounts>;
}

export interface VisitorOptions {
	readonly address: string;
	readonly port: number;
	/** "user:password" that the exporter accepts. */
	readonly credentials: string;
}

/** Starts them in a namespace. */
export function startVisitors(from: Namespace, options: VisitorOptions): Visitors {
	const child = from.spawn([process.execPath, import.meta.path, JSON.stringify(options)]);
	return {
		async stop() {
			child.kill("SIGTERM");
			const { stdout, stderr } = await ended(child);
			const line = stdout.trimEnd().split("\n").at(-1);
			if (line === undefined || line === "") throw new Error(`the visitors ended early: ${stderr}`);
			return JSON.parse(line);
		},
	};
}

async function visit({ address, port, credentials }: VisitorOptions): Promise<void> {
	const counts = { guesses: {} as Record<string, number>, readBytes: 0, connections: 0 };
	const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;

	/** Opens a connection, again and again; `first` is what it says. */
	function hold(first: string): void {
		const socket = connect(port, address);
		counts.connections++;
		socket.on("connect", () => first !== "" && socket.write(first));
		socket.on("data", (chunk) => {
			counts.readBytes += chunk.length;
			socket.pause();
			setTimeout(() => socket.resume(), readPauseMs);
		});
		socket.on("error", () => {});
		socket.on("close", () => setTimeout(() => hold(first), reconnectMs));
	}
	async function guess(): Promise<never> {
		for (let serial = 0; ; serial++) {
			let status = 0;
			try {
				const wrong = Buffer.from(`ops:wrong${serial}-${Math.random()}`).toString("base64");
				const response = await fetch(`http://${address}:${port}/metrics`, {
					headers: { Authorization: `Basic ${wrong}` },
					signal: AbortSignal.timeout(guessTimeoutMs),
				});
				status = response.status;
				await response.arrayBuffer();
			} catch {
				// The way there is down for a while.
			}
			counts.guesses[status] = (counts.guesses[status] ?? 0) + 1;
			await Bun.sleep(guessPauseMs);
		}
	}

	const request = (path: string) =>
		`GET ${path} HTTP/1.1\r\nHost: exporter\r\nAuthorization: ${authorization}\r\nConnection: close\r\n\r\n`;
	for (let index = 0; index < slowReaders; index++) hold(request(index % 4 === 3 ? "/events" : "/metrics"));
	for (let index = 0; index < silent; index++) hold("");
	for (let index = 0; index < guessers; index++) void guess();
	process.on("SIGTERM", () => {
		console.log(JSON.stringify(counts));
		process.exit(0);
	});
}

if (import.meta.main) await visit(JSON.parse(process.argv[2] ?? ""));
