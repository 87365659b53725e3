/** Clients of a dnstt server on loopback, each at a resolver's address: queries with segments, answered at once, acknowledged later. */
import { dnsttQuery, dnsttResponse, kcpCommands, kcpSegment } from "../../support/messages.ts";

export interface Resolver {
	/** In 127.0.0.0/8. */
	readonly address: string;
	readonly clients: number;
}

/** How long an acknowledgement takes to the server, and by that the round trip. */
const roundTripMs = 80;

export interface Tunnel extends Disposable {
	readonly port: number;
	/** Has every client send a query, get a push, and acknowledge it. */
	exchange(): Promise<void>;
}

/** Opens the server's socket and one for each resolver. */
export async function openTunnel(domain: string, resolvers: readonly Resolver[]): Promise<Tunnel> {
	let pushed = 0;
	const server = await Bun.udpSocket({
		hostname: "127.0.0.1",
		socket: {
			data(socket, query, port, address) {
				const timestampMs = Math.floor(performance.now());
				const push = kcpSegment({
					command: kcpCommands.push,
					timestampMs,
					sequence: pushed,
					data: new Uint8Array(120),
				});
				socket.send(dnsttResponse(query, [push]), port, address);
			},
		},
	});
	const sockets = await Promise.all(
		resolvers.map(async ({ address, clients }, index) => ({
			socket: await Bun.udpSocket({ hostname: address }),
			ids: Array.from({ length: clients }, (_, client) =>
				Uint8Array.of(0xc0, 0xff, 0xee, 0, server.port >> 8, server.port & 0xff, index, client),
			),
		})),
	);
	const sendAll = (packets: readonly Uint8Array[]) => {
		for (const { socket, ids } of sockets) {
			for (const [client, clientId] of ids.entries())
				socket.send(dnsttQuery({ clientId, packets, domain, id: (pushed << 8) | client }), server.port, "127.0.0.1");
		}
	};
	return {
		port: server.port,
		async exchange() {
			const timestampMs = Math.floor(performance.now());
			sendAll([]);
			await Bun.sleep(roundTripMs);
			sendAll([kcpSegment({ command: kcpCommands.ack, timestampMs, sequence: pushed })]);
			await Bun.sleep(10);
			pushed++;
		},
		[Symbol.dispose]() {
			server.close();
			for (const { socket } of sockets) socket.close();
		},
	};
}
