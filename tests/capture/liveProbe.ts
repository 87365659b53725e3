/**
 * A process for the live tests, to be run inside a network namespace: `bun liveProbe.ts INTERFACE BUFFER_BYTES PORT...`. It prints
 * "ready LINKTYPE", then reads one command a line: `frames` prints one line of JSON with the frames captured since (hexadecimal),
 * `statistics` the statistics, `pause` stops reading, `end` closes the capture and lets the process end by itself.
 * An error of the capture is printed as `{"error": ..., "class": ...}`.
 */
import { openLive } from "../../src/capture/live.ts";
import { CaptureSupervisor, noCounts } from "../../src/capture/supervisor.ts";
import { batchBytes } from "../../src/engine/engine.ts";
import { recordHeaderBytes } from "../../src/wasm/shared/record.ts";
import { batchOfBytes } from "../support/observed.ts";

const [interfaceName = "", bufferBytes, ...ports] = process.argv.slice(2);

function report(error: unknown): void {
	if (!(error instanceof Error)) throw error;
	console.log(JSON.stringify({ class: error.constructor.name, error: error.message }));
}

try {
	// As they are: text of them all takes longer than they may wait in the buffer.
	let frames: Uint8Array[] = [];
	let paused = false;
	const batch = batchOfBytes(batchBytes);
	const { bytes, view } = batch;
	const supervisor = new CaptureSupervisor({
		open: () =>
			openLive({ interfaceName, bufferBytes: Number(bufferBytes), ports: ports.map(Number), promiscuous: false }),
		opened: (source) => console.log(`ready ${source.linkType}`),
		batch,
		consume(used) {
			for (let at = 0; at < used; ) {
				const start = at + recordHeaderBytes;
				const end = start + view.getUint32(at + 8, true);
				frames.push(bytes.slice(start, end));
				at = end;
			}
		},
		failed: report,
		schedule(work, delayMs) {
			const timer = setTimeout(() => paused || work(), delayMs);
			return () => clearTimeout(timer);
		},
		wallUs: () => Date.now() * 1_000,
		monotonicUs: () => Math.floor(performance.now() * 1_000),
	});
	for await (const line of console) {
		if (line === "frames") {
			console.log(JSON.stringify({ frames: frames.map((frame) => frame.toHex()) }));
			frames = [];
		} else if (line === "statistics") {
			const { reopened: _, ...statistics } = supervisor.counts().get(interfaceName) ?? noCounts;
			console.log(JSON.stringify(statistics));
		} else if (line === "pause") {
			paused = true;
			console.log("{}");
		} else {
			supervisor.stop();
			supervisor.stop();
			break;
		}
	}
} catch (error) {
	report(error);
}
