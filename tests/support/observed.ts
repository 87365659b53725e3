/** A tracker that has seen what a test sends it, by the way that captured frames take, and batches of frames to send. */

import { type FrameBatch, LinkType, type TimeRange } from "../../src/capture/source.ts";
import { loadConfig } from "../../src/config/config.ts";
import type { Config } from "../../src/config/schema.ts";
import type { Span } from "../../src/engine/engine.ts";
import type { Tracker } from "../../src/engine/tracker.ts";
import { type Dependencies, openStages, sourcesOf } from "../../src/exporter/stages.ts";
import { createLogger } from "../../src/log.ts";
import type { Sources } from "../../src/metrics/sources.ts";
import { recordHeaderBytes } from "../../src/wasm/shared/record.ts";
import "./engine.ts";
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

/** Dependencies whose clocks stand at `nowUs()`, and that keep their log. */
export function createDependencies(nowUs: () => number = () => 1e15): Dependencies & { readonly logged: string[] } {
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

/** Room for frames, and a reader's view of it. */
export function batchOfBytes(bytes: number): FrameBatch {
	const memory = new ArrayBuffer(bytes);
	return { bytes: new Uint8Array(memory), view: new DataView(memory) };
}

/** Lays records out in a batch as FrameSource.read does, and gives what it gives; behind them stand bytes of an earlier read. */
export function fillBatch({ bytes, view }: FrameBatch, records: readonly CaptureRecord[]): number {
	let at = 0;
	for (const record of records) {
		view.setUint32(at, Number(record.timeNs / 1_000_000_000n), true);
		view.setUint32(at + 4, Number(record.timeNs % 1_000_000_000n), true);
		view.setUint32(at + 8, record.bytes.length, true);
		view.setUint32(at + 12, record.originalLength ?? record.bytes.length, true);
		bytes.set(record.bytes, at + recordHeaderBytes);
		at += recordHeaderBytes + record.bytes.length;
	}
	bytes.fill(0xa5, at, at + 64);
	return at;
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
	const dependencies = createDependencies();
	const { geoip, engine } = await openStages(config, dependencies);
	const { tracker } = engine;
	return {
		tracker,
		sources: {
			...sourcesOf(config, geoip, tracker),
			capture: () => null,
			configReload: () => null,
			certificateNotAfterSeconds: () => null,
		},
		send(records, range, linkType = LinkType.RAW) {
			engine.lookFor(linkType, config.dnstt.ports);
			return engine.observe(fillBatch(engine.batch, records), range);
		},
	};
}
