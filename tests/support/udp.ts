/**
 * UDP ends inside a namespace, with real sockets, so that NAT and bridges see what they see of dnstt: a server that answers every
 * query with an empty response, and a client that sends messages one after the other. Both are processes that run this file with Bun.
 */
import { dnsttResponse } from "./messages.ts";
import type { Namespace } from "./netns.ts";
import { type Child, ended, until } from "./process.ts";

const answerWithinMs = 1000;

/** Starts a server on `port` of every IPv4 address, or of `address`; it runs until the network is removed. */
export async function serveUdp(namespace: Namespace, port: number, address = "0.0.0.0"): Promise<Child> {
	const child = namespace.spawn([process.execPath, import.meta.path, "serve", address, String(port)]);
	await until(
		() => {
			if (child.exitCode() !== null) throw new Error(`the server ended: ${child.stderr()}`);
			return child.stdout().includes("ready") ? true : undefined;
		},
		() => `a UDP server on ${address} port ${port}`,
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
	const [role, address = "", port = ""] = process.argv.slice(2);
	await (role === "serve" ? serve : exchange)(address, Number(port));
}
