import { afterAll, expect, test } from "bun:test";
import { inOrderOfTime } from "../../src/capture/order.ts";
import { LinkType } from "../../src/capture/source.ts";
import { batchBytes } from "../../src/engine/engine.ts";
import { batchOfBytes } from "../support/observed.ts";
import { writePcap } from "../support/pcapfile.ts";
import { temporaryFolder } from "../support/temporary.ts";

const folder = temporaryFolder();
afterAll(() => folder[Symbol.dispose]());
const batch = batchOfBytes(batchBytes);

/** A capture whose first frame came so many nanoseconds after 1970, and its second long before. */
async function captureOf(name: string, timeNs: bigint | null): Promise<string> {
	const bytes = new Uint8Array(20);
	const records = timeNs === null ? [] : [timeNs, 1n].map((time) => ({ timeNs: time, bytes }));
	await Bun.write(folder.file(name), writePcap({ linkType: LinkType.RAW, records }));
	return folder.file(name);
}

const [first, second, third, sameTime] = await Promise.all([
	captureOf("c.pcap", 1_000_000_000_000n),
	captureOf("c.pcap10", 1_000_000_001_000n),
	captureOf("c.pcap2", 1_700_000_000_000_000_000n),
	captureOf("same", 1_000_000_001_000n),
]);
const empty = await captureOf("empty", null);
await Bun.write(folder.file("text"), "no capture at all, but long enough for a header");
const missing = folder.file("missing");

const rows: readonly [title: string, paths: readonly string[], ordered: readonly string[]][] = [
	["captures are read in the order of their first frames", [third, first, second], [first, second, third]],
	["those of the same time keep their order", [third, sameTime, second], [sameTime, second, third]],
	["a capture may be named twice", [second, first, second], [first, second, second]],
	[
		"what holds no frame, is no capture or is not there comes first, in its order",
		[second, missing, empty, first, folder.file("text")],
		[missing, empty, folder.file("text"), first, second],
	],
	["standard input can be read only once, so that all keep their order", [second, "-", first], [second, "-", first]],
	["so can a device", [second, "/dev/null", first], [second, "/dev/null", first]],
	["one capture is not looked at", [missing], [missing]],
];
test.each(rows)("%s", (_, paths, ordered) => {
	expect(inOrderOfTime(paths, batch)).toEqual([...ordered]);
});
