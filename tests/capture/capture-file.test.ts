import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFile, openGrowing } from "../../src/capture/capture-file.ts";
import { CaptureError, type FrameSource, LinkType } from "../../src/capture/source.ts";
import { batchBytes } from "../../src/engine/engine.ts";
import { recordHeaderBytes } from "../../src/wasm/shared/record.ts";
import { batchOfBytes } from "../support/observed.ts";
import { type CaptureRecord, concatBytes, readPcapFile, writePcap, writePcapng } from "../support/pcapfile.ts";

const capturesFolder = join(import.meta.dir, "../captures");
const folder = mkdtempSync(join(tmpdir(), "dnstt-file-"));
afterAll(() => rmSync(folder, { recursive: true }));

const batch = batchOfBytes(batchBytes);

let serial = 0;
async function saved(content: Uint8Array): Promise<string> {
	const path = join(folder, `${serial++}.pcap`);
	await Bun.write(path, content);
	return path;
}

/** All records of a source in the form of the tests' own reader. */
function drain(source: FrameSource): CaptureRecord[] {
	const records: CaptureRecord[] = [];
	for (;;) {
		const used = source.read(batch);
		if (used === 0) return records;
		expect(used).toBeLessThanOrEqual(batchBytes);
		records.push(...recordsOf(used));
	}
}

function recordsOf(used: number): CaptureRecord[] {
	const { bytes, view } = batch;
	const records: CaptureRecord[] = [];
	let at = 0;
	while (at < used) {
		const [seconds, nanoseconds, captured, originalLength] = [0, 4, 8, 12].map((word) =>
			view.getUint32(at + word, true),
		) as [number, number, number, number];
		const start = at + recordHeaderBytes;
		records.push({
			timeNs: BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds),
			bytes: bytes.slice(start, start + captured),
			originalLength,
		});
		at = start + captured;
	}
	expect(at).toBe(used);
	return records;
}

function readAll(path: string): CaptureRecord[] {
	const source = openFile(path);
	try {
		return drain(source);
	} finally {
		source.close();
	}
}

describe("a recorded capture gives the records that an independent reader finds", () => {
	for (const [name, linkType] of [
		["direct-ipv4", LinkType.EN10MB],
		["unbound-0x20-ipv4", LinkType.EN10MB],
		["any-sll2-ipv4", LinkType.LINUX_SLL2],
		["bent-queries", LinkType.EN10MB],
	] as const) {
		test(name, async () => {
			const path = join(capturesFolder, `${name}.pcap`);
			const expected = await readPcapFile(path);
			const source = openFile(path);
			expect(source.linkType).toBe(linkType);
			expect(drain(source)).toEqual([...expected.records]);
			expect(source.statistics()).toEqual({
				received: expected.records.length,
				droppedByKernel: 0,
				droppedByInterface: 0,
			});
			expect(source.read(batch)).toBe(0);
			source.close();
			source.close();
			expect(source.statistics().received).toBe(expected.records.length);
		});
	}
});

const sample: CaptureRecord[] = [1, 60, 61, 62, 63, 64, 1500].map((length, index) => ({
	timeNs: 1_700_000_000_123_456_789n + BigInt(index),
	bytes: Uint8Array.from({ length }, (_, at) => (at + index) & 0xff),
	originalLength: length + index,
}));
const linkType = LinkType.EN10MB;
const inMicroseconds = sample.map((record) => ({ ...record, timeNs: (record.timeNs / 1000n) * 1000n }));

describe("the same records come out of", () => {
	const rows: [string, Uint8Array, CaptureRecord[]][] = [
		["pcap, little-endian, microseconds", writePcap({ linkType, records: sample }), inMicroseconds],
		["pcap, big-endian, microseconds", writePcap({ linkType, bigEndian: true, records: sample }), inMicroseconds],
		["pcap, little-endian, nanoseconds", writePcap({ linkType, nanosecond: true, records: sample }), sample],
		[
			"pcap, big-endian, nanoseconds",
			writePcap({ linkType, bigEndian: true, nanosecond: true, records: sample }),
			sample,
		],
		["pcapng, microseconds", writePcapng({ linkType, records: sample }), inMicroseconds],
		["pcapng, nanoseconds", writePcapng({ linkType, tsresol: 9, records: sample }), sample],
		["pcapng, big-endian", writePcapng({ linkType, bigEndian: true, tsresol: 9, records: sample }), sample],
		[
			"pcapng with blocks of other types",
			writePcapng({ linkType, tsresol: 9, otherBlocks: true, records: sample }),
			sample,
		],
	];
	for (const [title, content, expected] of rows) {
		test(title, async () => expect(readAll(await saved(content))).toEqual(expected));
	}

	test("standard input", async () => {
		const script = `
			const { openGrowing } = await import(${JSON.stringify(join(import.meta.dir, "../../src/capture/capture-file.ts"))});
			const source = await openGrowing("-", { grows: false, again: async () => true });
			const bytes = new Uint8Array(${batchBytes});
			while (source.read({ bytes }) > 0 || !source.isAtEnd());
			console.log(source.linkType, source.statistics().received);`;
		const child = Bun.spawn([process.execPath, "-e", script], { stdin: "pipe", stdout: "pipe" });
		const content = writePcap({ linkType, records: sample });
		// In two pieces, cut inside a record: it is read once the rest is there.
		child.stdin.write(content.subarray(0, 100));
		child.stdin.flush();
		await Bun.sleep(100);
		child.stdin.write(content.subarray(100));
		child.stdin.end();
		expect((await child.stdout.text()).trim()).toBe(`1 ${sample.length}`);
	});
});

test("every link type that the decoder knows is taken under its LINKTYPE_ number", async () => {
	for (const known of Object.values(LinkType).filter((value) => typeof value === "number")) {
		const source = openFile(await saved(writePcap({ linkType: known, records: sample })));
		expect(source.linkType).toBe(known);
		source.close();
	}
});

describe("more frames than a batch holds", () => {
	const big = Array.from({ length: 9 }, (_, index) => ({
		timeNs: BigInt(index) * 1000n,
		bytes: new Uint8Array(100_000 + index).fill(index),
		originalLength: 100_000 + index,
	}));
	const forms: [string, Uint8Array][] = [
		["of this host's byte order", writePcap({ linkType, records: big })],
		["of the other", writePcap({ linkType, bigEndian: true, records: big })],
	];
	test.each(forms)("come in several batches, in a file %s, and none is lost or cut", async (_, content) => {
		expect(readAll(await saved(content))).toEqual(big);
	});

	test.each(forms)("leave what is behind the batch alone, in a file %s", async (_, content) => {
		const memory = new Uint8Array(batchBytes + 4_096).fill(0xee);
		const source = openFile(await saved(content));
		const bytes = memory.subarray(0, batchBytes);
		for (let reads = 0; source.read({ bytes, view: batch.view }) > 0; reads++) expect(reads).toBeLessThan(9);
		expect(memory.subarray(batchBytes).every((byte) => byte === 0xee)).toBe(true);
		source.close();
	});

	test("the offset tells how far they were read", async () => {
		const content = writePcap({ linkType, records: big });
		const source = openFile(await saved(content));
		let offset = 24;
		for (let used = source.read(batch); used > 0; used = source.read(batch)) {
			offset += used;
			expect(source.offset()).toBe(offset);
		}
		expect(offset).toBe(content.length);
		source.close();
	});
});

test("a frame of 262,144 bytes fits a batch, and one byte more is a fault of the file", async () => {
	const record = (length: number) => ({ timeNs: 0n, bytes: new Uint8Array(length).fill(7), originalLength: length });
	expect(batchBytes).toBeGreaterThanOrEqual(262_144 + recordHeaderBytes);
	const longest = [record(262_144), record(262_144), record(262_144)];
	expect(readAll(await saved(writePcap({ linkType, records: longest })))).toEqual(longest);
	for (const snapLength of [262_144, 0x7fffffff]) {
		const path = await saved(writePcap({ linkType, snapLength, records: [record(262_145)] }));
		expect(() => readAll(path)).toThrow(CaptureError);
	}
});

describe("a file that is cut short gives all records in front of the fault, then a CaptureError", () => {
	const content = writePcap({ linkType, records: sample });
	const lastRecordBytes = recordHeaderBytes + (sample.at(-1)?.bytes.length ?? 0);
	for (const [title, missing] of [
		["by one byte", 1],
		["inside a record's header", lastRecordBytes - 5],
		["behind a record's header", lastRecordBytes - recordHeaderBytes],
	] as const) {
		test(title, async () => {
			const path = await saved(content.subarray(0, content.length - missing));
			const source = openFile(path);
			expect(recordsOf(source.read(batch))).toHaveLength(sample.length - 1);
			expect(() => source.read(batch)).toThrow(`${path} is damaged after frame ${sample.length - 1}: truncated`);
			expect(() => source.read(batch)).toThrow(CaptureError);
			expect(source.statistics().received).toBe(sample.length - 1);
			source.close();
		});
	}

	test("but not at the end of a record, where a file may end", async () => {
		expect(readAll(await saved(content.subarray(0, content.length - lastRecordBytes)))).toHaveLength(sample.length - 1);
	});
});

describe("what is no capture is refused with its name and the reason", () => {
	test("a file that does not exist, below a folder and below a file, also where it is to grow", async () => {
		for (const path of [join(folder, "none.pcap"), join(await saved(new Uint8Array()), "none.pcap")]) {
			const complaint = new CaptureError(`${path} does not exist; check the path`);
			expect(() => openFile(path)).toThrow(complaint);
			await expect(openGrowing(path, { grows: true, again: async () => false })).rejects.toThrow(complaint);
		}
	});

	test.each([
		["zcat", Bun.gzipSync(new Uint8Array(64))],
		["zstdcat", Bun.zstdCompressSync(new Uint8Array(64))],
		["bzcat", Buffer.concat([Buffer.from("BZh91AY&SY"), new Uint8Array(32)])],
		["xzcat", Buffer.concat([Buffer.from("fd377a585a000004", "hex"), new Uint8Array(32)])],
	])("a compressed file, with %s that unpacks it, also where it is to grow", async (unpacker, content) => {
		const path = await saved(content);
		const complaint = new CaptureError(
			`${path} is compressed; decompress it, or read it from standard input: ${unpacker} ${path} | dnstt_exporter ... -`,
		);
		expect(() => openFile(path)).toThrow(complaint);
		await expect(openGrowing(path, { grows: true, again: async () => false })).rejects.toThrow(complaint);
	});

	test.each<[title: string, write: () => Uint8Array]>([
		[
			"pcap of a version that libpcap does not know",
			() => {
				const bytes = writePcap({ linkType, records: sample });
				bytes[4] = 9;
				return bytes;
			},
		],
		[
			"pcapng of a version that libpcap does not know",
			() => {
				const bytes = writePcapng({ linkType, records: sample });
				bytes[12] = 9;
				return bytes;
			},
		],
		[
			"pcapng with a packet in front of all interfaces",
			() => {
				const bytes = writePcapng({ linkType, records: sample });
				return concatBytes([bytes.subarray(0, 28), bytes.subarray(48)]);
			},
		],
	])("%s at once, though more may come", async (_, write) => {
		const path = await saved(write());
		for (const grows of [true, false]) {
			const opening = openGrowing(path, { grows, again: async () => false });
			await expect(opening).rejects.toThrow(`${path} is no capture (`);
		}
	});

	test("a folder, also where it is to grow", async () => {
		const complaint = `${folder} is a folder; name the captures in it, as in ${folder}/*.pcap`;
		expect(() => openFile(folder)).toThrow(complaint);
		expect(() => openFile(`${folder}/`)).toThrow(`in ${folder}/*.pcap`);
		await expect(openGrowing(folder, { grows: true, again: async () => false })).rejects.toThrow(complaint);
	});

	test("an empty file", async () => {
		const path = await saved(new Uint8Array());
		expect(() => openFile(path)).toThrow(`${path} is empty: the program that writes it has not begun, or failed`);
	});

	test("a text", async () => {
		const path = await saved(Buffer.from("# not a capture, but long enough to hold a file header\n"));
		expect(() => openFile(path)).toThrow(/is no capture \(unknown file format\); expected pcap or pcapng/);
	});

	test("a link type that the decoder does not know, by its name", async () => {
		const path = await saved(writePcap({ linkType: 105, records: sample }));
		expect(() => openFile(path)).toThrow(
			`${path} has link type IEEE802_11 (105), which is not supported; supported are NULL, EN10MB, RAW`,
		);
	});

	test("a pcapng file with a second section of the other byte order, which libpcap cannot read, once it is reached", async () => {
		const path = await saved(writePcapng({ linkType, secondSection: true, records: sample }));
		expect(() => readAll(path)).toThrow(`${path} is damaged after frame 3`);
	});
});

describe("a file of this host's byte order, which is read without libpcap's copies, gives what a pipe by name gives", () => {
	const bent = join(folder, "bent.pcap");
	const [pipe, go, done] = ["pipe.pcap", "go", "done"].map((name) => join(folder, name)) as [string, string, string];
	let starter = 0;
	let ended = 0;
	let writer: ReturnType<typeof Bun.spawn>;
	beforeAll(() => {
		Bun.spawnSync(["mkfifo", pipe, go, done]);
		// For each line the file once, to whoever opens the pipe.
		writer = Bun.spawn(["sh", "-c", `while read -r line; do cat ${bent} >${pipe}; echo >&3; done <${go} 3>${done}`], {
			stdin: "ignore",
		});
		starter = openSync(go, "w");
		ended = openSync(done, "r");
	});
	afterAll(async () => {
		closeSync(starter);
		await writer.exited;
		closeSync(ended);
	});

	function outcomeOf(path: string): { records: CaptureRecord[]; fault: string } {
		const records: CaptureRecord[] = [];
		let source: FrameSource | undefined;
		try {
			source = openFile(path);
			for (let used = source.read(batch); used > 0; used = source.read(batch)) records.push(...recordsOf(used));
			return { records, fault: "" };
		} catch (error) {
			if (!(error instanceof CaptureError)) throw error;
			return { records, fault: error.message.replaceAll(path, "") };
		} finally {
			source?.close();
		}
	}

	async function expectSame(content: Uint8Array): Promise<void> {
		await Bun.write(bent, content);
		const found = outcomeOf(bent);
		writeSync(starter, "\n");
		expect(found).toEqual(outcomeOf(pipe));
		// Else its end would be taken for that of the next.
		readSync(ended, new Uint8Array(1));
	}

	const records = sample.slice(0, 3);
	const files: [string, Uint8Array][] = [
		["microseconds", writePcap({ linkType, records })],
		[
			"nanoseconds, frames longer than the header says",
			writePcap({ linkType, nanosecond: true, snapLength: 60, records }),
		],
	];
	for (const [title, content] of files) {
		test(`${title}: whole, and every prefix`, async () => {
			for (let length = 1; length <= content.length; length++) await expectSame(content.subarray(0, length));
		}, 30_000);

		test(`${title}: every bit of a header flipped`, async () => {
			const headers = [0, 24, 24 + 17, 24 + 17 + 76].flatMap((start) =>
				Array.from({ length: start === 0 ? 24 : 16 }, (_, at) => start + at),
			);
			for (const at of headers) {
				for (let bit = 0; bit < 8; bit++) {
					const bits = content.slice();
					bits[at] = (bits[at] ?? 0) ^ (1 << bit);
					await expectSame(bits);
				}
			}
		}, 30_000);
	}
});

describe("a bent file gives frames, their end or a CaptureError, and never more than it holds", () => {
	const files: [string, Uint8Array][] = [
		["pcap", writePcap({ linkType, records: sample.slice(0, 3) })],
		["pcapng", writePcapng({ linkType, tsresol: 9, otherBlocks: true, records: sample.slice(0, 3) })],
		[
			"pcapng with interfaces that differ",
			writePcapng({
				linkType: LinkType.RAW,
				more: [{ linkType }, { linkType, snapLength: 96 }],
				interfaceOf: (index) => (index + 1) % 3,
				records: sample.slice(0, 3),
			}),
		],
	];

	async function readBent(content: Uint8Array): Promise<void> {
		const path = join(folder, "bent");
		await Bun.write(path, content);
		try {
			const bytes = readAll(path).reduce((sum, record) => sum + record.bytes.length, 0);
			expect(bytes).toBeLessThanOrEqual(content.length);
		} catch (error) {
			expect(error).toBeInstanceOf(CaptureError);
		}
	}

	for (const [title, content] of files) {
		test(`${title}: every prefix`, async () => {
			for (let length = 0; length < content.length; length++) await readBent(content.subarray(0, length));
		});

		test(`${title}: every bit flipped`, async () => {
			for (let bit = 0; bit < content.length * 8; bit++) {
				const bent = content.slice();
				bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (1 << (bit & 7));
				await readBent(bent);
			}
		});
	}
});
