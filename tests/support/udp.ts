/**
 * UDP ends inside a namespace, with real sockets, so that NAT and bridges see what they see of dnstt: a server that answers every
 * query with an empty response, and a client that sends messages one after the other. Both, and a forwarder between them, are processes that run this file with Bun.
 */
import { dnsttResponse } from "./messages.ts";
import type { Namespace } from "./netns.ts";
import { type Child, ended, until } from "./process.ts";

const answerWithinMs = 1000;

/** Starts a server on `port` of every IPv4 address, or of `address`; it runs until the network is removed. */
export async function serveUdp(namespace: Namespace, port: number, address = "0.0.0.0"): Promise<Child> {
	const words = [process.execPath, import.meta.path, "serve", address, String(port)];
	return ready(namespace.spawn(words), `a UDP server on ${address} port ${port}`);
}

/** Starts a forwarder on `port`: it asks the server under DNS ids of its own, and gives its answers back under the askers'. */
export async function forwardUdp(
	namespace: Namespace,
	port: number,
	server: { readonly address: string; readonly port: number },
): Promise<Child> {
	const words = [process.execPath, import.meta.path, "forward", server.address, String(server.port), String(port)];
	return ready(namespace.spawn(words), `a forwarder on port ${port}`);
}

async function ready(child: Child, what: string): Promise<Child> {
	await until(
		() => {
			if (child.exitCode() !== null) throw new Error(`the server ended: ${child.stderr()}`);
			return child.stdout().includes("ready") ? true : undefined;
		},
		() => what,
	);
	return child;
}

/**
 * Sends the messages to an address, each from the same socket once the one before was answered or a second has passed. Gives the
 * answers in order; undefined where none came.
 */
export async function exchangeUdp(
	namespace: Namespace,
	to: { readonly address: string; readonly port: number },
	messages: readonly Uint8Array[],
): Promise<(Uint8Array | undefined)[]> {
	const lines = messages.map((message) => Buffer.from(message).toString("base64")).join("\n");
	const words = [process.execPath, import.meta.path, "exchange", to.address, String(to.port)];
	const { code, stdout, stderr } = await ended(namespace.spawn(words, { stdin: Buffer.from(lines) }));
	if (code !== 0) throw new Error(`the client ended with ${code}: ${stderr.trim()}`);
	return stdout
		.split("\n")
		.slice(0, -1)
		.map((line) => (line === "" ? undefined : Uint8Array.from(Buffer.from(line, "base64"))));
}

async function serve(address: string, port: number): Promise<void> {
	await Bun.udpSocket({
		hostname: address,
		port,
		socket: {
			data: (socket, query, fromPort, fromAddress) => void socket.send(dnsttResponse(query), fromPort, fromAddress),
		},
	});
	console.log("ready");
}

async function forward(address: string, serverPort: number, port: number): Promise<void> {
	const askers = new Map<number, { readonly id: number; readonly port: number; readonly address: string }>();
	let nextId = 0x4000;
	const inner = await Bun.udpSocket({
		socket: {
			data(_, answer) {
				const asker = askers.get(answer.readUInt16BE(0));
				if (asker === undefined) return;
				answer.writeUInt16BE(asker.id, 0);
				outer.send(answer, asker.port, asker.address);
			},
		},
	});
	const outer = await Bun.udpSocket({
		hostname: "0.0.0.0",
		port,
		socket: {
			data(_, query, fromPort, fromAddress) {
				askers.set(nextId, { id: query.readUInt16BE(0), port: fromPort, address: fromAddress });
				query.writeUInt16BE(nextId++, 0);
				inner.send(query, serverPort, address);
			},
		},
	});
	console.log("ready");
}

async function exchange(address: string, port: number): Promise<void> {
	const messages = (await Bun.stdin.text()).split("\n").map((line) => Buffer.from(line, "base64"));
	let answered: (answer: Uint8Array | undefined) => void = () => {};
	const socket = await Bun.udpSocket({
		// An error is an ICMP message: nobody listens there. No answer, then.
		socket: { data: (_, answer) => answered(answer), error: () => answered(undefined) },
	});
	for (const message of messages) {
		const answer = await new Promise<Uint8Array | undefined>((resolve) => {
			const timer = setTimeout(() => resolve(undefined), answerWithinMs);
			answered = (bytes) => {
				clearTimeout(timer);
				resolve(bytes);
			};
			socket.send(message, port, address);
		});
		console.log(answer === undefined ? "" : Buffer.from(answer).toString("base64"));
	}
	socket.close();
}

if (import.meta.main) {
	const [role, address = "", ...ports] = process.argv.slice(2);
	const [port = 0, ownPort = 0] = ports.map(Number);
	if (role === "forward") await forward(address, port, ownPort);
	else await (role === "serve" ? serve : exchange)(address, port);
}
