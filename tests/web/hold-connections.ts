// A client that only holds connections: bun hold-connections.ts PORT IDLE SLOW
// opens IDLE connections that send nothing and SLOW that send a request's head one byte at a time without ever ending it,
// prints a line when all are open, and another with the number that is still open for each line on its standard input.
import { connect, type Socket } from "node:net";

const [port = 0, idle = 0, slow = 0] = process.argv.slice(2).map(Number);
const open = new Set<Socket>();

async function hold(first: string): Promise<void> {
	const socket = connect(port, "127.0.0.1");
	open.add(socket);
	socket.on("close", () => open.delete(socket)).on("error", () => {});
	await new Promise<void>((resolve) => socket.once("connect", resolve).once("close", () => resolve()));
	if (first === "") return;
	socket.write(first);
	const drip = setInterval(() => socket.write("a"), 100);
	socket.once("close", () => clearInterval(drip));
}

for (let started = 0; started < idle; started += 100) {
	await Promise.all(Array.from({ length: Math.min(100, idle - started) }, () => hold("")));
}
await Promise.all(Array.from({ length: slow }, () => hold("GET /metrics HTTP/1.1\r\nHost: exporter\r\nX: ")));
console.log("open");
for await (const _ of console) console.log(open.size);
process.exit(0);
