/** Memory while many ask at once for an exposition of 80,000 series. */

import { ended } from "../support/process.ts";
import { benchCapture, finelyDividedDatabases } from "./capture.ts";
import { memoryOf, printExact } from "./measure.ts";
import { type Road, receiving, seenBy } from "./replay.ts";

/** One less than the exporter answers at once. */
const clients = 39;
const scrapesEach = 8;
const labelSets = 10_000;

/** The most bytes that an exporter with all its label sets ever had: every fourth client asks for plain text, the others as Prometheus does. */
export async function peakOfScrapesAtOnce(exporterPath: string, road: Road): Promise<number> {
	const flags = [`--capture.interface=${receiving}`, ...finelyDividedDatabases().flags];
	await using exporter = await road.start(exporterPath, flags);
	const fill = benchCapture({
		kind: "polls",
		packets: labelSets,
		sessions: labelSets,
		resolvers: labelSets,
		seconds: 5,
	});
	await road.replay(fill.path, { packetsPerSecond: 100_000 });
	await seenBy(exporter);
	let failed = 0;
	const ask = async (client: number) => {
		// Those that come together share a rendering.
		await Bun.sleep(client * 50);
		const coding = client % 4 === 0 ? "identity" : "gzip";
		const curl = ["curl", "--silent", "--fail", "--output", "/dev/null", "--header", `Accept-Encoding: ${coding}`];
		for (let scrape = 0; scrape < scrapesEach; scrape++) {
			const { code } = await ended(road.server.spawn([...curl, `${exporter.url}/metrics`]));
			if (code !== 0) failed++;
		}
	};
	await Promise.all(Array.from({ length: clients }, (_, client) => ask(client)));
	printExact(`scrapes of ${clients} clients at once that failed`, failed, 0);
	return memoryOf(exporter.pid, "VmHWM") ?? 0;
}
