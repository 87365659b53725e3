/** Floods that no exporter can follow: see run.ts. */
import { chmodSync } from "node:fs";
import { benchDatabases } from "../bench/capture.ts";
import { domain } from "../bench/traffic.ts";
import { receiveDatagrams } from "../process/unixsocket.ts";
import { startExporter } from "../support/exporter.ts";
import { aheadOfOthers, answerMsMost, floodKinds, measureFlood, watchdogEnv, writeFlood } from "../support/floods.ts";
import { makeNetwork } from "../support/netns.ts";
import { temporaryFolder } from "../support/temporary.ts";
import type { Checks } from "./checks.ts";

const sending = "r0";
const receiving = "s0";
const settleMs = 1_000;

export interface FloodsOptions {
	readonly exporterPath: string;
	/** For all kinds together. */
	readonly seconds: number;
	readonly checks: Checks;
}

/** Each kind in turn, against an exporter with both databases and a watchdog. */
export async function floodsPart({ exporterPath, seconds, checks }: FloodsOptions): Promise<void> {
	using folder = temporaryFolder();
	// For the account that the exporter becomes.
	chmodSync(folder.path, 0o755);
	using network = makeNetwork();
	using _ = aheadOfOthers();
	const [resolvers, server] = [network.namespace("resolvers"), network.namespace("server")];
	network.veth(
		{ namespace: resolvers, interfaceName: sending },
		{ namespace: server, interfaceName: receiving, addresses: ["10.77.2.2/24"] },
	);
	for (const kind of floodKinds) {
		const socket = folder.file(`notify-${kind}`);
		using manager = receiveDatagrams(socket);
		chmodSync(socket, 0o777);
		const path = folder.file(`${kind}.pcap`);
		writeFlood(path, kind);
		await using exporter = await startExporter({
			command: [exporterPath],
			flags: [`--dnstt.domain=${domain}`, `--capture.interface=${receiving}`, ...benchDatabases().flags],
			namespace: server,
			env: watchdogEnv(socket),
		});
		await Bun.sleep(settleMs);
		const share = Math.floor(seconds / floodKinds.length);
		const figures = await measureFlood({
			...{ kind, path, seconds: share, from: resolvers, interfaceName: sending, server, exporter, manager },
		});
		const longest = Math.max(figures.scrapeMs, figures.healthyMs, figures.beatMs);
		checks.that(
			`under a flood of ${kind} a scrape, a sign of life and the watchdog's beat come within ${answerMsMost} ms`,
			figures.scrapes > 0 && longest <= answerMsMost,
			`${figures.packetsPerSecond} packets/s for ${share} s; the longest of ${figures.scrapes} scrapes took ${Math.round(figures.scrapeMs)} ms, /-/healthy ${Math.round(figures.healthyMs)} ms, between two beats ${Math.round(figures.beatMs)} ms`,
		);
		checks.that(
			`every packet of the flood of ${kind} was received or counted as dropped`,
			figures.received === figures.packets,
			`${figures.received} of ${figures.packets}, ${figures.dropped} of them dropped`,
		);
	}
}
