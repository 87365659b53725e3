import type { AddressInfo, Server, Socket } from "node:net";
import { WebError } from "./error.ts";

/**
 * Whose the relayed connections are: the two ports of a connection on loopback -> the client's address. One map for the
 * process, as such a pair of ports is; a connection is in it before its first byte reaches the server.
 */
const clients = new Map<string, string>();

const portsKey = (serverPort: number, relayPort: number) => `${serverPort} ${relayPort}`;

/** The address of the client that a relay connected from `relayPort` of loopback for; undefined if none did, or not for an address. */
export function relayedClient(serverPort: number, relayPort: number): string | undefined {
	return clients.get(portsKey(serverPort, relayPort));
}

/** Loaded when a relay starts: most exporters have none, and it takes 5 ms. */
type Net = typeof import("node:net");

/** Takes connections on sockets that are bound already and hands their bytes to a port of loopback. */
export interface Relay {
	/** Where the first of the sockets listens, as HOST:PORT or a path. */
	readonly address: string;
	/** Takes no more connections; those that are open go on as long as the server keeps them. */
	stop(): void;
}

/**
 * Starts it on listening stream sockets, at least one. It is there because Bun.serve takes no descriptor (Bun 1.4.5), and goes to
 * a port because its limits of time hold for no other kind of socket. Throws a WebError if a descriptor is no listening socket.
 */
export async function startRelay(descriptors: readonly number[], port: number): Promise<Relay> {
	const net = await import("node:net");
	const servers: Server[] = [];
	const stop = () => {
		for (const server of servers) server.close();
	};
	try {
		for (const descriptor of descriptors) servers.push(await listenOn(net, descriptor, port));
	} catch (error) {
		stop();
		throw error;
	}
	return { address: addressText(servers[0]?.address() ?? null), stop };
}

function listenOn(net: Net, descriptor: number, port: number): Promise<Server> {
	return new Promise((resolve, reject) => {
		const server = net.createServer({ allowHalfOpen: true }, (client) => join(net, client, port));
		server.once("error", (error) =>
			reject(
				new WebError(
					`descriptor ${descriptor} of socket activation (LISTEN_FDS) is no listening socket: ${error.message}; take ListenStream= in the socket unit`,
				),
			),
		);
		server.listen({ fd: descriptor }, () => resolve(server));
	});
}

/** Both directions, with back-pressure; when one side is gone, so is the other. */
function join(net: Net, client: Socket, port: number): void {
	const server = net.connect({ host: "127.0.0.1", port, allowHalfOpen: true });
	for (const [one, other] of [
		[client, server],
		[server, client],
	] as const) {
		one.on("error", () => other.destroy());
		one.on("close", () => other.destroy());
	}
	server.on("connect", () => {
		const key = portsKey(port, server.localPort ?? 0);
		if (client.remoteAddress !== undefined) clients.set(key, client.remoteAddress);
		server.on("close", () => clients.delete(key));
		client.pipe(server);
		server.pipe(client);
	});
}

function addressText(address: AddressInfo | string | null): string {
	if (address === null || typeof address === "string") return address ?? "";
	return address.family === "IPv6" ? `[${address.address}]:${address.port}` : `${address.address}:${address.port}`;
}
