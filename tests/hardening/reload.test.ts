import { describe, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { startExporter } from "../support/exporter.ts";
import { dnsttQuery, ethernetFrame, udpPacket } from "../support/frames.ts";
import { haveNetns, makeNetwork } from "../support/netns.ts";
import { temporaryFolder } from "../support/temporary.ts";

const packetsPerSecond = 10_000;
const packets = 50_000;
const reloads = 6;
/** Left out between two captures, and a moment's worth of packets that two captures stamp apart. */
const lostMost = reloads * 10;

/** A query of a client that asks once. */
function query(client: number) {
	const clientId = Uint8Array.of(1, 2, 3, 4, 5, client >> 16, client >> 8, client);
	const payload = dnsttQuery({ clientId, id: client & 0xffff });
	const addresses = { source: "192.0.2.1", destination: "198.51.100.1", sourcePort: 40_000, destinationPort: 53 };
	return { timeNs: BigInt(client), bytes: ethernetFrame(udpPacket({ ...addresses, payload }), "in") };
}

describe.skipIf(!haveNetns())("a reload that opens the capture anew", () => {
	test("counts no packet twice and loses next to none, under load", async () => {
		using folder = temporaryFolder();
		chmodSync(folder.path, 0o755);
		using network = makeNetwork();
		const [server, resolver] = [network.namespace("server"), network.namespace("resolver")];
		network.veth({ namespace: server, interfaceName: "tunnel0" }, { namespace: resolver, interfaceName: "wan0" });
		const configure = (reload: number) =>
			writeFileSync(
				folder.file("config.json"),
				JSON.stringify({
					dnstt: { domain: "t.example.com", port: reload % 3 === 0 ? [53] : [53, 5300 + reload] },
					// A capture of all interfaces hears of a frame before that of the one.
					capture: { interface: reload % 2 === 0 ? "tunnel0" : "any", "buffer-size": `${8 + reload}MiB` },
				}),
			);
		configure(0);
		await using exporter = await startExporter({
			flags: [`--config.file=${folder.file("config.json")}`],
			namespace: server,
		});
		const frames = Array.from({ length: packets }, (_, client) => query(client));
		const sending = resolver.sendFrames(frames, "wan0", packetsPerSecond);
		for (let reload = 1; reload <= reloads; reload++) {
			await Bun.sleep(500);
			configure(reload);
			process.kill(exporter.pid, "SIGHUP");
		}
		await sending;
		await Bun.sleep(700);
		const samples = await exporter.metrics();
		const [queries, sessions, received, dropped] = (
			[
				"dnstt_queries_total",
				"dnstt_sessions_total",
				"dnstt_exporter_packets_received_total",
				"dnstt_exporter_packets_dropped_total",
			] as const
		).map((name) => samples.sum(name)) as [number, number, number, number];
		expect(exporter.stderr().match(/msg="configuration reloaded"/g)).toHaveLength(reloads);
		expect(dropped).toBe(0);
		// Each client asked once.
		expect(queries).toBe(sessions);
		expect(queries).toBeLessThanOrEqual(packets);
		expect(packets - queries).toBeLessThanOrEqual(lostMost);
		expect(Math.abs(received - packets)).toBeLessThanOrEqual(lostMost);
		console.log(`${packets - queries} of ${packets} lost over ${reloads} reloads, ${received} received`);
	}, 60_000);
});
