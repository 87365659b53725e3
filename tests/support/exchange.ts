/** Clients and servers of one query, as processes in namespaces, until they are killed. */
import type { Namespace } from "./netns.ts";
import type { Child } from "./process.ts";

const bytesOf = (bytes: Uint8Array) => `Buffer.from("${Buffer.from(bytes).toString("hex")}", "hex")`;

const runScript = (namespace: Namespace, script: string): Child =>
	namespace.spawn([process.execPath, "-e", script], { env: { BUN_BE_BUN: "1" } });

/** Answers each query with the response, under the query's id. */
export function startAnswering(namespace: Namespace, address: string, port: number, response: Uint8Array): Child {
	return runScript(
		namespace,
		`const answer = ${bytesOf(response)};
		await Bun.udpSocket({ hostname: "${address}", port: ${port}, socket: { data(socket, asked, port, from) {
			answer[0] = asked[0]; answer[1] = asked[1];
			socket.send(answer, port, from);
		} } });`,
	);
}

/** Sends the query ten times a second from an address to another, each time with the next id. */
export function startAsking(namespace: Namespace, from: string, to: string, port: number, query: Uint8Array): Child {
	return runScript(
		namespace,
		`const query = ${bytesOf(query)};
		const socket = await Bun.udpSocket({ hostname: "${from}", socket: { error() {} } });
		let id = 0;
		setInterval(() => { query[0] = id >> 8; query[1] = id++; try { socket.send(query, ${port}, "${to}"); } catch {} }, 100);`,
	);
}
