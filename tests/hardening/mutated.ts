/**
 * A process that reads broken capture files: `bun mutated.ts FOLDER SEED ROUNDS`. Every prefix of small pcap and pcapng files, each of
 * its bytes flipped in one bit, and random changes. Each must end in frames or a CaptureError. Prints how many of each there were.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openFile } from "../../src/capture/capture-file.ts";
import { CaptureError, type FrameSource, LinkType } from "../../src/capture/source.ts";
import { batchBytes } from "../../src/engine/engine.ts";
import { recordTypeNames } from "../../src/tunnel.ts";
import { recordHeaderBytes } from "../../src/wasm/shared/record.ts";
import { seededRandom } from "../support/messages.ts";
import { batchOfBytes } from "../support/observed.ts";
import { udpPacket } from "../support/packets.ts";
import { concatBytes, writePcap, writePcapng } from "../support/pcapfile.ts";
import { vaydnsQuery, vaydnsResponse } from "../support/vaydns.ts";
import { fragmentPacket } from "../support/wire-forms.ts";

const [folder = "", seed, rounds] = process.argv.slice(2);
const random = seededRandom(Number(seed));
const path = join(folder, "mutated");
const batch = batchOfBytes(batchBytes);
const counts = { files: 0, frames: 0, refused: 0 };

/** Reads a file to its end or fault, and looks at every byte that came. */
function read(content: Uint8Array): void {
	writeFileSync(path, content);
	counts.files++;
	let source: FrameSource | undefined;
	try {
		source = openFile(path);
		const { bytes, view } = batch;
		for (let used = source.read(batch); used > 0; used = source.read(batch)) {
			for (let at = 0; at < used; counts.frames++) {
				const end = at + recordHeaderBytes + view.getUint32(at + 8, true);
				if (end > used) throw new Error(`a record ends at ${end}, behind the ${used} bytes of the batch`);
				for (let index = at + recordHeaderBytes; index < end; index++) sum = (sum + (bytes[index] ?? 0)) | 0;
				at = end;
			}
		}
	} catch (error) {
		if (!(error instanceof CaptureError)) throw error;
		counts.refused++;
	} finally {
		source?.close();
	}
}
let sum = 0;

const records = [60, 1, 0, 131].map((length, index) => ({
	timeNs: BigInt(index) * 1_000_000_007n,
	bytes: Uint8Array.from({ length }, (_, at) => at & 0xff),
}));
/** Frames of VayDNS, of each record type. */
const vaydns = recordTypeNames.map((recordType, index) => {
	const query = vaydnsQuery({ clientId: Uint8Array.of(1, 2), recordType });
	return { timeNs: BigInt(index), bytes: vaydnsResponse(query, recordType, [new Uint8Array(8)]) };
});
/** A packet that the kernel joined from three queries, and the fragments that a link would make of it. */
const query = vaydnsQuery({ clientId: Uint8Array.of(1, 2), recordType: "txt" });
const joinedPacket = udpPacket({
	...{ source: "192.0.2.1", destination: "192.0.2.2", sourcePort: 40_000, destinationPort: 53 },
	payload: concatBytes([query, query, query]),
});
const joined = [joinedPacket, ...fragmentPacket(joinedPacket, query.length)].map((bytes, index) => ({
	timeNs: BigInt(index),
	bytes,
}));
const more = [{ linkType: LinkType.RAW, snapLength: 96 }, { linkType: LinkType.EN10MB }];
const files = [
	writePcap({ linkType: LinkType.EN10MB, records }),
	writePcap({ linkType: LinkType.RAW, records: vaydns }),
	writePcap({ linkType: LinkType.RAW, records: joined }),
	writePcapng({ linkType: LinkType.RAW, records }),
	writePcapng({ linkType: LinkType.NULL, more, interfaceOf: (index) => (index < 3 ? 1 : 2), records }),
];

for (const file of files) {
	for (let length = 0; length <= file.length; length++) read(file.subarray(0, length));
	for (let at = 0; at < file.length; at++) {
		const changed = file.slice();
		changed[at] = (changed[at] ?? 0) ^ (1 << Math.floor(random() * 8));
		read(changed);
	}
	// Lengths are 32 bits: words of all sizes in their place do more than a bit.
	for (let round = 0; round < Number(rounds); round++) {
		const changed = file.slice();
		const view = new DataView(changed.buffer);
		for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes--) {
			const at = Math.floor(random() * Math.floor(changed.length / 4)) * 4;
			view.setUint32(at, Math.floor(random() * 2 ** Math.floor(random() * 33)), random() < 0.5);
		}
		read(changed);
	}
}
console.log(JSON.stringify(counts));
