/** A tracker that has seen what a test sends it, by the way that captured frames take, and batches of frames to send. */
import { type FrameBatch, type LinkType, linkTypes, recordHeaderBytes } from "../../src/capture/source.ts";
import { type Config, loadConfig } from "../../src/config.ts";
import { Decoder } from "../../src/decode/decoder.ts";
import { createLogger } from "../../src/log.ts";
import type { Sources } from "../../src/metrics/collect.ts";
import { observeBatch, type Span, type TimeRange } from "../../src/pipeline.ts";
import { createTracker, openGeoip, sourcesOf, type World } from "../../src/stages.ts";
import type { Tracker } from "../../src/track/tracker.ts";
import type { CaptureRecord } from "./pcapfile.ts";

/** The configuration that these flags give (names without dashes), for `t.example.com` unless they name a domain. */
export function configOf(flags: Readonly<Record<string, string>> = {}): Config {
	const all = { "dnstt.domain": "t.example.com", ...flags };
	const values = new Map(Object.entries(all).map(([name, text]) => [name, [text]]));
	return loadConfig({
		flags: { values, problems: [] },
		env: {},
		readFile: () => {
			throw new Error("no file is read");
		},
	}).config;
}

/** A world whose clocks stand at `nowUs()`, and that keeps its log. */
export function createWorld(nowUs: () => number = () => 1e15): World & { readonly logged: string[] } {
	const logged: string[] = [];
	return {
		logged,
		log: createLogger({
			level: "debug",
			format: "logfmt",
			write: (line) => void logged.push(line),
			now: () => nowUs() / 1000,
		}),
		seed: [1, 2, 3, 4],
		wallUs: nowUs,
		monotonicUs: nowUs,
	};
}

/** Lays records out as FrameSource.read does; behind `used` stand bytes of an earlier read. */
export function batchOf(records: readonly CaptureRecord[]): { readonly batch: FrameBatch; readonly used: number } {
	const sizes = records.map(({ bytes }) => recordHeaderBytes + ((bytes.length + 3) & ~3));
	const used = sizes.reduce((sum, size) => sum + size, 0);
	const bytes = new Uint8Array(used + 64).fill(0xa5);
	const view = new DataView(bytes.buffer);
	let at = 0;
	for (const [index, record] of records.entries()) {
		view.setUint32(at, Number(record.timeNs / 1_000_000_000n), true);
		view.setUint32(at + 4, Number(record.timeNs % 1_000_000_000n), true);
		view.setUint32(at + 8, record.bytes.length, true);
		view.setUint32(at + 12, record.originalLength ?? record.bytes.length, true);
		bytes.set(record.bytes, at + recordHeaderBytes);
		at += sizes[index] ?? 0;
	}
	return { batch: { bytes, words: new Uint32Array(bytes.buffer) }, used };
}

export interface Observed {
	readonly tracker: Tracker;
	/** As for a capture file: nothing is captured, nothing to reload. */
	readonly sources: Sources;
	/** Observes packets of `linkType` (RAW if left out). */
	send(records: readonly CaptureRecord[], range?: TimeRange, linkType?: LinkType): Span;
}

/** A tracker as this configuration bounds it, with its databases. */
export async function observed(config: Config = configOf()): Promise<Observed> {
	const world = createWorld();
	const geoip = await openGeoip(config, world.log);
	const tracker = createTracker(config, geoip, world.seed);
	const { domains, ports } = config.dnstt;
	return {
		tracker,
		sources: { ...sourcesOf(config, geoip, tracker), capture: () => null, configReload: () => null },
		send(records, range, linkType = linkTypes.RAW) {
			const { batch, used } = batchOf(records);
			return observeBatch(batch, used, new Decoder({ linkType, domains, ports }), tracker, range);
		},
	};
}
