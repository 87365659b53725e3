/** Live traffic for measurements: tcpreplay in one network namespace, the exporter in another, a veth pair between them. */

import { type Exporter, startExporter } from "../support/exporter.ts";
import { makeNetwork, type Namespace } from "../support/netns.ts";
import { ended } from "../support/process.ts";
import { domain } from "./traffic.ts";

/** The interface that traffic comes in on, in the exporter's namespace. */
export const receiving = "s0";
const sending = "r0";

export interface Sent {
	readonly packets: number;
	readonly packetsPerSecond: number;
}

export interface ReplayOptions {
	/** Packets a second; as fast as tcpreplay can if left out. */
	readonly packetsPerSecond?: number;
	/** How often the file is sent; once if left out. */
	readonly loops?: number;
	/** Stops after so many packets. */
	readonly limit?: number;
}

/** What of the traffic the exporter saw and lost, from its own metrics. */
export interface Seen {
	readonly seen: number;
	readonly dropped: number;
	readonly queries: number;
}

export interface Road extends Disposable {
	/** The namespace of the exporter. */
	readonly server: Namespace;
	start(exporter: string, flags: readonly string[]): Promise<Exporter>;
	replay(path: string, options?: ReplayOptions): Promise<Sent>;
}

/** Makes the namespaces; they go with the scope. Needs root. */
export function openRoad(): Road {
	const network = makeNetwork();
	const resolvers = network.namespace("resolvers");
	const server = network.namespace("server");
	network.veth(
		{ namespace: resolvers, interfaceName: sending },
		{ namespace: server, interfaceName: receiving, addresses: ["10.77.2.2/24"] },
	);
	return {
		server,
		start: (exporter, flags) =>
			startExporter({ command: [exporter], flags: [`--dnstt.domain=${domain}`, ...flags], namespace: server }),
		async replay(path, { packetsPerSecond, loops = 1, limit } = {}) {
			const command = [
				...["tcpreplay", "--quiet", "--no-flow-stats", `--loop=${loops}`, `--intf1=${sending}`],
				packetsPerSecond === undefined ? "--topspeed" : `--pps=${packetsPerSecond}`,
				...(limit === undefined ? ["--preload-pcap"] : [`--limit=${limit}`]),
				path,
			];
			const { code, stdout, stderr } = await ended(resolvers.spawn(command));
			const [, packets, seconds] = /Actual: (\d+) packets .* sent in ([\d.]+) seconds/.exec(stdout) ?? [];
			const failed = /Failed packets:\s+(\d+)/.exec(stdout)?.[1];
			if (code !== 0 || packets === undefined || failed !== "0")
				throw new Error(`${command.join(" ")} ended with ${code}: ${stderr.trim()} ${stdout.trim()}`);
			return { packets: Number(packets), packetsPerSecond: Number(packets) / Number(seconds) };
		},
		[Symbol.dispose]: () => network.remove(),
	};
}

/** Waits until the kernel's buffer is drained and asks the exporter. */
export async function seenBy(exporter: Exporter): Promise<Seen> {
	await Bun.sleep(1_000);
	const samples = await exporter.metrics();
	const dropped = samples.sum("dnstt_exporter_packets_dropped_total");
	return {
		// The kernel counts a packet that passed the filter and found no room among those received.
		seen: samples.sum("dnstt_exporter_packets_received_total") - dropped,
		dropped,
		queries: samples.sum("dnstt_queries_total"),
	};
}
