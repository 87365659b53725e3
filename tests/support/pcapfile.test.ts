import { describe, expect, test } from "bun:test";
import { type CaptureRecord, readPcap, writePcap, writePcapng } from "./pcapfile.ts";
import { tsharkFields } from "./tshark.ts";

const records: CaptureRecord[] = [
	{ timeNs: 1_700_000_000_123_456_789n, bytes: Uint8Array.of(0x45, 1, 2), originalLength: 99 },
	{ timeNs: 4_294_967_295_999_999_999n, bytes: new Uint8Array(0) },
];

describe("pcap files come back as they were written", () => {
	for (const bigEndian of [false, true]) {
		for (const nanosecond of [false, true]) {
			test(`${bigEndian ? "big" : "little"}-endian, ${nanosecond ? "nanoseconds" : "microseconds"}`, () => {
				const read = readPcap(writePcap({ linkType: 101, bigEndian, nanosecond, snapLength: 77, records }));
				expect(read).toMatchObject({ linkType: 101, bigEndian, nanosecond, snapLength: 77 });
				const rounded = (timeNs: bigint) => (nanosecond ? timeNs : (timeNs / 1000n) * 1000n);
				expect(read.records).toEqual(
					records.map(({ timeNs, bytes, originalLength }) => ({
						timeNs: rounded(timeNs),
						bytes,
						originalLength: originalLength ?? bytes.length,
					})),
				);
			});
		}
	}

	test("a record header or a frame cut at the end is refused", () => {
		const file = writePcap({ linkType: 1, records: records.slice(0, 1) });
		expect(() => readPcap(file.subarray(0, -1))).toThrow("record cut");
		expect(() => readPcap(file.subarray(0, -4))).toThrow("record header cut");
	});

	test("a recorded capture is written back byte by byte", async () => {
		const file = await Bun.file("tests/captures/direct-ipv4.pcap").bytes();
		expect(writePcap(readPcap(file))).toEqual(file);
	});
});

describe("tshark reads the time stamps and lengths of a written file", () => {
	const written = [
		{
			title: "pcap, big-endian nanoseconds",
			file: writePcap({ linkType: 101, bigEndian: true, nanosecond: true, records }),
		},
		{ title: "pcapng, nanoseconds", file: writePcapng({ linkType: 101, tsresol: 9, records }) },
		{
			title: "pcapng, big-endian nanoseconds",
			file: writePcapng({ linkType: 101, bigEndian: true, tsresol: 9, records }),
		},
		{
			title: "pcapng with other blocks and a second section",
			file: writePcapng({ linkType: 101, tsresol: 9, otherBlocks: true, secondSection: true, records }),
		},
	];
	for (const { title, file } of written) {
		test.skipIf(Bun.which("tshark") === null)(title, async () => {
			expect(await tsharkFields(file, ["frame.time_epoch", "frame.cap_len", "frame.len"])).toEqual([
				["1700000000.123456789", "3", "99"],
				["4294967295.999999999", "0", "0"],
			]);
		});
	}

	test.skipIf(Bun.which("tshark") === null)("pcapng in microseconds and in units of 2^-20 seconds", async () => {
		const one = records.slice(0, 1);
		const micro = await tsharkFields(writePcapng({ linkType: 101, records: one }), ["frame.time_epoch"]);
		expect(micro).toEqual([["1700000000.123456000"]]);
		const binary = await tsharkFields(writePcapng({ linkType: 101, tsresol: 0x94, records: one }), [
			"frame.time_epoch",
		]);
		expect(Number(binary[0]?.[0])).toBeCloseTo(1_700_000_000.123456, 5);
	});
});
