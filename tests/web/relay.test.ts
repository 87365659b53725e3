import { dlopen } from "bun:ffi";
import { afterEach, expect, test } from "bun:test";
import { connect } from "node:net";
import { type Relay, relayedClient, startRelay } from "../../src/web/relay.ts";
import { startServer, type WebServer } from "../../src/web/server.ts";

const libc = dlopen("libc.so.6", {
	socket: { args: ["i32", "i32", "i32"], returns: "i32" },
	listen: { args: ["i32", "i32"], returns: "i32" },
}).symbols;

/** A socket that listens on any address, at a port that the kernel chooses: as one that systemd passes. */
function listening(): number {
	const descriptor = libc.socket(2, 1, 0);
	// An unbound socket is given a port by listen(2).
	expect(libc.listen(descriptor, 16)).toBe(0);
	return descriptor;
}

const open: { server: WebServer; relay: Relay }[] = [];
afterEach(async () => {
	for (const { server, relay } of open.splice(0)) {
		relay.stop();
		await server.stop();
	}
});

/** A server behind a relay that tells each client its address, and where the relay listens. */
async function relayed() {
	const server = await startServer({
		listen: { host: "127.0.0.1", port: 0 },
		handler: async (_request, { address }) => new Response(address),
		onFlood() {},
	});
	const relay = await startRelay([listening()], server.port);
	open.push({ server, relay });
	return { server, port: Number(relay.address.split(":").at(-1)) };
}

function ask(port: number, localAddress: string): Promise<string> {
	return new Promise((resolve, reject) => {
		let answer = "";
		const socket = connect({ host: "127.0.0.1", port, localAddress }, () =>
			socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
		);
		socket.on("data", (data) => {
			answer += data.toString("latin1");
		});
		socket.on("close", () => resolve(answer.split("\r\n\r\n")[1] ?? "")).on("error", reject);
	});
}

test("the server knows each client behind the relay by its own address", async () => {
	const { port } = await relayed();
	const addresses = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.2"];
	expect(await Promise.all(addresses.map((address) => ask(port, address)))).toEqual(addresses);
});

test("a client that comes past the relay has its own address too", async () => {
	const { server } = await relayed();
	expect(await ask(server.port, "127.0.0.5")).toBe("127.0.0.5");
});

test("a port that no relay connected from is no client's", async () => {
	const { server } = await relayed();
	expect(relayedClient(server.port, 1)).toBeUndefined();
});
