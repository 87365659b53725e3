import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Exporter, type Samples, startExporter } from "../support/exporter.ts";
import { dnsttQuery, ethernetFrame, randomBytes, seededRandom, udpPacket } from "../support/frames.ts";
import { haveNetns, makeNetwork, type Namespace, type Network } from "../support/netns.ts";
import type { CaptureRecord } from "../support/pcapfile.ts";
import { until } from "../support/process.ts";

/** Frames with a query each, from as many clients. */
function queries(count: number, seed: number): CaptureRecord[] {
	const random = seededRandom(seed);
	return Array.from({ length: count }, (_, index) => {
		const payload = dnsttQuery({ clientId: randomBytes(random, 8), id: index & 0xffff });
		const packet = udpPacket({
			...{ source: "192.0.2.1", destination: "198.51.100.1", sourcePort: 40_000, destinationPort: 53, payload },
		});
		return { timeNs: BigInt(index) * 1000n, bytes: ethernetFrame(packet, "in") };
	});
}

const up = (samples: Samples) => samples.value("dnstt_exporter_capture_up", { interface: "tunnel0" });

describe.skipIf(!haveNetns())("an interface that goes away", () => {
	let network: Network;
	let server: Namespace;
	let resolver: Namespace;

	function join(): void {
		network.veth({ namespace: server, interfaceName: "tunnel0" }, { namespace: resolver, interfaceName: "wan0" });
	}

	beforeAll(() => {
		network = makeNetwork();
		server = network.namespace("server");
		resolver = network.namespace("resolver");
		join();
	});
	afterAll(() => network?.remove());

	async function readyIs(exporter: Exporter, status: number): Promise<void> {
		await until(
			async () => ((await exporter.get("/-/ready")).status === status ? true : undefined),
			() => `/-/ready gives ${status}; ${exporter.stderr()}`,
		);
	}

	/** The counters before and after a loss and a return: nothing is forgotten, what comes after is added. */
	async function survives(user: string, lose: () => void, regain: () => void): Promise<void> {
		const flags = ["--dnstt.domain=t.example.com", "--capture.interface=tunnel0", `--process.user=${user}`];
		await using exporter = await startExporter({ flags, namespace: server });
		await resolver.sendFrames(queries(20, 1), "wan0");
		const before = await exporter.metricsWhen((read) => read.sum("dnstt_queries_total") === 20);
		expect(up(before)).toBe(1);
		const received = before.sum("dnstt_exporter_packets_received_total");

		lose();
		await readyIs(exporter, 503);
		const lost = await exporter.metrics();
		expect(up(lost)).toBe(0);
		expect(lost.sum("dnstt_queries_total")).toBe(20);
		expect(lost.sum("dnstt_sessions_total")).toBe(20);
		// It tries again more than once meanwhile, and tells the loss once.
		await Bun.sleep(1000);
		expect(exporter.stderr().match(/level=error msg="capture failed/g)).toHaveLength(1);

		regain();
		await readyIs(exporter, 200);
		await resolver.sendFrames(queries(30, 2), "wan0");
		const after = await exporter.metricsWhen((read) => read.sum("dnstt_queries_total") >= 50);
		expect(up(after)).toBe(1);
		expect(after.sum("dnstt_queries_total")).toBe(50);
		expect(after.sum("dnstt_sessions_total")).toBe(50);
		expect(after.sum("dnstt_exporter_packets_received_total")).toBeGreaterThanOrEqual(received + 30);
		expect(after.sum("dnstt_exporter_capture_reopened_total")).toBe(1);
		expect(exporter.stderr().match(/msg="capture open"/g)).toHaveLength(2);
		expect((await exporter.stop()).code).toBe(0);
	}

	describe.each(["nobody", "root"])("as %s", (user) => {
		test("down and up again, it counts on", async () => {
			await survives(
				user,
				() => server.ip("link", "set", "tunnel0", "down"),
				() => server.ip("link", "set", "tunnel0", "up"),
			);
		});

		test("deleted and made anew under its name, it counts on", async () => {
			await survives(user, () => server.ip("link", "del", "tunnel0"), join);
		});
	});

	test("what overflows a small buffer is counted as dropped by the kernel", async () => {
		const flags = ["--dnstt.domain=t.example.com", "--capture.interface=tunnel0", "--capture.buffer-size=512KiB"];
		await using exporter = await startExporter({ flags, namespace: server });
		process.kill(exporter.pid, "SIGSTOP");
		const sent = 20_000;
		await resolver.sendFrames(queries(sent, 3), "wan0");
		process.kill(exporter.pid, "SIGCONT");
		const figures = (read: Samples) => ({
			dropped: read.value("dnstt_exporter_packets_dropped_total", { interface: "tunnel0", by: "kernel" }) ?? 0,
			queries: read.sum("dnstt_queries_total"),
		});
		const samples = await exporter.metricsWhen((read) => {
			const { dropped, queries } = figures(read);
			return dropped + queries === sent;
		});
		const { dropped, queries: counted } = figures(samples);
		expect(dropped).toBeGreaterThan(0);
		expect(counted).toBeGreaterThan(0);
	});
});
