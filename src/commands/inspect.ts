import { openFile } from "../capture/file.ts";
import { CaptureError, type FrameSource } from "../capture/source.ts";
import type { InspectFormat } from "../cli.ts";
import type { Config } from "../config.ts";
import { Decoder } from "../decode/decoder.ts";
import { createTracker, openGeoip, sourcesOf, type World } from "../exporter.ts";
import { createExposition } from "../metrics/exposition.ts";
import { observeBatch } from "../pipeline.ts";
import { createReport } from "../report/report.ts";
import { reportText } from "../report/text.ts";

export interface InspectOptions {
	/** In their order; `-` is standard input. */
	readonly files: readonly string[];
	readonly format: InspectFormat;
	/** Rows of each table. */
	readonly top: number;
	/** Only packets from the first moment on, and before the second: milliseconds since 1970. */
	readonly fromMs?: number;
	readonly toMs?: number;
}

/**
 * Reads captures as one stream and writes a report; errors go to `writeError`, a line each. A file that breaks off is reported, with what came before it
 * counted. Gives the exit code.
 */
export async function inspect(
	config: Config,
	options: InspectOptions,
	world: World,
	write: (text: string) => void,
	writeError: (text: string) => void,
): Promise<number> {
	const geoip = await openGeoip(config, world.log);
	const tracker = createTracker(config, geoip, world.seed);
	const range = {
		fromUs: (options.fromMs ?? Number.NEGATIVE_INFINITY) * 1_000,
		toUs: (options.toMs ?? Number.POSITIVE_INFINITY) * 1_000,
	};
	const broken: string[] = [];
	const reading = { files: options.files, broken, packets: 0, firstUs: Number.POSITIVE_INFINITY, lastUs: 0 };
	let opened = 0;
	for (const file of options.files) {
		let source: FrameSource | undefined;
		try {
			source = openFile(file);
			opened++;
			const decoder = new Decoder({
				linkType: source.linkType,
				domains: config.dnstt.domains,
				ports: config.dnstt.ports,
			});
			for (let used = source.read(); used > 0; used = source.read()) {
				const span = observeBatch(source.batch, used, decoder, tracker, range);
				if (span.frames === 0) continue;
				reading.firstUs = Math.min(reading.firstUs, span.firstUs);
				reading.lastUs = Math.max(reading.lastUs, span.lastUs);
				reading.packets += span.frames;
			}
		} catch (error) {
			if (!(error instanceof CaptureError)) throw error;
			broken.push(error.message);
			writeError(`dnstt_exporter: ${error.message}\n`);
		} finally {
			source?.close();
		}
	}
	if (opened === 0) return 1;
	const sources = sourcesOf(config, geoip, tracker);
	if (options.format === "prometheus") {
		const exposition = createExposition({ ...sources, capture: () => null, configReload: () => null }, async () => {});
		write(await exposition.render());
	} else {
		const report = createReport(reading, sources);
		write(options.format === "json" ? `${JSON.stringify(report, null, 2)}\n` : reportText(report, options.top));
	}
	return broken.length === 0 ? 0 : 1;
}
