/**
 * A process for the live tests, to be run inside a network namespace: `bun liveProbe.ts INTERFACE BUFFER_BYTES PORT...`. It prints
 * "ready LINKTYPE", then reads one command a line: `frames` prints one line of JSON with the frames captured since (hexadecimal),
 * `statistics` the statistics, `pause` stops reading, `end` closes the source and lets the process end by itself.
 * An error of the source is printed as `{"error": ..., "class": ...}`.
 */
import { openLive } from "../../src/capture/live.ts";
import { recordHeaderBytes } from "../../src/capture/record.ts";
import { batchBytes } from "../../src/engine/engine.ts";
import { batchOfBytes } from "../support/observed.ts";

const [interfaceName = "", bufferBytes, ...ports] = process.argv.slice(2);

function report(error: unknown): void {
	if (!(error instanceof Error)) throw error;
	console.log(JSON.stringify({ class: error.constructor.name, error: error.message }));
}

try {
	const source = openLive({
		interfaceName,
		bufferBytes: Number(bufferBytes),
		ports: ports.map(Number),
		promiscuous: false,
	});
	// As they are: text of them all takes longer than they may wait in the buffer.
	let frames: Uint8Array[] = [];
	let wakeUps = 0;
	let paused = false;
	const batch = batchOfBytes(batchBytes);
	const { bytes, view } = batch;
	const drain = () => {
		for (;;) {
			const used = source.read(batch);
			if (used === 0) break;
			for (let at = 0; at < used; ) {
				const start = at + recordHeaderBytes;
				const end = start + view.getUint32(at + 8, true);
				frames.push(bytes.slice(start, end));
				at = end;
			}
		}
	};
	source.onReadable(() => {
		wakeUps++;
		if (paused) return;
		try {
			drain();
			source.arm();
		} catch (error) {
			report(error);
		}
	});
	source.arm();
	console.log(`ready ${source.linkType}`);
	for await (const line of console) {
		if (line === "frames") {
			console.log(JSON.stringify({ frames: frames.map((frame) => frame.toHex()), wakeUps }));
			frames = [];
		} else if (line === "statistics") {
			console.log(JSON.stringify(source.statistics()));
		} else if (line === "pause") {
			paused = true;
			console.log("{}");
		} else {
			source.close();
			source.close();
			break;
		}
	}
} catch (error) {
	report(error);
}
