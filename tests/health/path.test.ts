/** The health that the exporter reports of a tunnel whose delay and loss are known, as they were set. */
import { describe, expect, test } from "bun:test";
import type { Report } from "../../src/commands/inspect/report.ts";
import { runExporter, startExporter } from "../support/exporter.ts";
import { startKcpClient, startKcpServer, type TransferOptions, transferred } from "../support/kcppeer.ts";
import { haveNetns, makeNetwork, type Namespace } from "../support/netns.ts";
import { startPath } from "../support/path.ts";
import { type Child, until } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";

const flags = ["--dnstt.domain", "t.example.com"];

interface Setting {
	readonly roundTripMs: number;
	readonly lossRatio: number;
	readonly transfer: TransferOptions;
}

const settings: readonly Setting[] = [
	{ roundTripMs: 120, lossRatio: 0, transfer: { segments: 500, window: 24, resendAfterMs: 500, clockMs: 5_000 } },
	// The server's 32-bit clock wraps around while it sends.
	{
		roundTripMs: 200,
		lossRatio: 0.05,
		transfer: { segments: 700, window: 48, resendAfterMs: 600, clockMs: 2 ** 32 - 2_000 },
	},
	{ roundTripMs: 400, lossRatio: 0.15, transfer: { segments: 600, window: 64, resendAfterMs: 1_000, clockMs: 1e9 } },
];

/** Writes what an interface carries to a file, packet by packet as they come. */
async function startTcpdump(namespace: Namespace, interfaceName: string, path: string): Promise<Child> {
	// In immediate mode the kernel's ring has slots of the snapshot length: short ones, or it holds but a few.
	const options = ["-n", "-U", "--immediate-mode", "-s", "2048", "-B", "8192", "-Z", "root"];
	const words = ["tcpdump", "-i", interfaceName, ...options, "-w", path, "udp port 53"];
	const child = namespace.spawn(words);
	await until(
		() => (child.stderr().includes("listening on") ? true : undefined),
		() => `tcpdump: ${child.stderr()}`,
	);
	return child;
}

describe.skipIf(!haveNetns())("between server, resolver and client", () => {
	test.each(settings)("$roundTripMs ms and a loss of $lossRatio are reported as they were set", async (setting) => {
		const { roundTripMs, lossRatio, transfer } = setting;
		using folder = temporaryFolder();
		using network = makeNetwork();
		const server = network.namespace("server");
		const resolver = network.namespace("resolver");
		const client = network.namespace("client");
		network.veth(
			{ namespace: server, interfaceName: "tunnel0", addresses: ["10.77.1.1/24"] },
			{ namespace: resolver, interfaceName: "wan0", addresses: ["10.77.1.2/24"] },
		);
		network.veth(
			{ namespace: resolver, interfaceName: "lan0", addresses: ["10.77.2.1/24"] },
			{ namespace: client, interfaceName: "e0", addresses: ["10.77.2.2/24"] },
		);
		const path = folder.file("path.pcap");
		await startTcpdump(server, "tunnel0", path);
		await using exporter = await startExporter({
			namespace: server,
			flags: [...flags, "--capture.interface", "tunnel0"],
		});
		const pushing = await startKcpServer(server, 53, transfer);
		await startPath(resolver, {
			listen: { address: "10.77.2.1", port: 53 },
			server: { address: "10.77.1.1", port: 53 },
			// The ways there and back need not be as long.
			delayMs: [roundTripMs * 0.25, roundTripMs * 0.75],
			lossRatio,
			seed: 5,
		});
		startKcpClient(client, { address: "10.77.2.1", port: 53 }, transfer);
		const { pushes, retransmissions } = await transferred(pushing, 20_000);

		// Live, the exporter counts what the server says that it sent.
		const samples = await exporter.metricsWhen((read) => read.sum("dnstt_segments_out_total") >= pushes);
		expect(samples.sum("dnstt_segments_out_total")).toBe(pushes);
		expect(samples.sum("dnstt_retransmissions_out_total")).toBe(retransmissions);
		// What is lost and sent again arrives in another order, and so may its acknowledgements.
		for (const reason of ["format", "sequence", "echo"])
			expect(samples.sum("dnstt_exporter_segment_faults_total", { reason })).toBe(0);
		expect(samples.sum("dnstt_sessions_total")).toBe(1);

		// From tcpdump's capture, once that is as far, it reports them, and the path as it was set.
		const health = await until(
			async () => {
				const { code, stdout } = await runExporter(["inspect", "--format=json", ...flags, path]);
				const report: Report | undefined = code === 0 ? JSON.parse(stdout) : undefined;
				const figures = report?.domains[0]?.health;
				return (figures?.segments_out ?? 0) >= pushes ? figures : undefined;
			},
			() => `${pushes} pushes in tcpdump's capture`,
		);
		expect(health).toMatchObject({ segments_out: pushes, retransmissions_out: retransmissions });
		const seen = {
			medianMs: (health?.round_trip_seconds?.median ?? Number.NaN) * 1_000,
			lossRatio: health?.retransmission_ratio_out ?? Number.NaN,
		};
		console.log(
			`set ${roundTripMs} ms, ${lossRatio * 100} %: median ${seen.medianMs.toFixed(1)} ms of ${health?.round_trip_seconds?.count}, ${(seen.lossRatio * 100).toFixed(2)} % of ${pushes} again`,
		);
		expect(Math.abs(seen.medianMs - roundTripMs)).toBeLessThanOrEqual(roundTripMs * 0.05);
		expect(Math.abs(seen.lossRatio - lossRatio)).toBeLessThanOrEqual(0.02);
	});
});
