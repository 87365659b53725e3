import { describe, expect, test } from "bun:test";
import {
	addressBytes,
	base32,
	dnsttName,
	dnsttPayload,
	dnsttQuery,
	dnsttResponse,
	internetChecksum,
	ipv4Packet,
	kcpCommands,
	kcpSegment,
	mixCase,
	packetsOf,
	rewrap,
	rewrappings,
	seededRandom,
	takeApart,
	toIpv6,
	udpPacket,
	withIpv4Options,
} from "./frames.ts";
import { concatBytes, readPcapFile, writePcap, writePcapng } from "./pcapfile.ts";
import { tsharkFields } from "./tshark.ts";

const withoutTshark = Bun.which("tshark") === null;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("the recorded captures come apart", () => {
	for (const name of ["direct-ipv4", "unbound-0x20-ipv4", "any-sll2-ipv4"]) {
		test(`${name}: as many datagrams in and out as were counted`, async () => {
			const expected = await Bun.file(`tests/captures/${name}.expected.json`).json();
			const packets = packetsOf(await readPcapFile(`tests/captures/${name}.pcap`));
			const inward = packets.filter(({ direction }) => direction === "in");
			expect(inward.length).toBe(expected.queries + expected.rejected);
			expect(packets.length - inward.length).toBeGreaterThanOrEqual(expected.responses);
			const bytes = inward.reduce((sum, { packet }) => sum + takeApart(packet).payload.length, 0);
			if (expected.rejected === 0) expect(bytes).toBe(expected.bytes_in);
		});
	}
});

describe("every re-wrapping holds the same DNS messages", () => {
	test.skipIf(withoutTshark)("tshark finds the same names, ids and lengths in each of them", async () => {
		const packets = packetsOf(await readPcapFile("tests/captures/direct-ipv4.pcap")).slice(0, 30);
		const fields = ["dns.id", "dns.flags.response", "dns.qry.name", "udp.length", "_ws.malformed"];
		const plain = writePcap({
			linkType: 101,
			records: packets.map(({ timeNs, packet }) => ({ timeNs, bytes: packet })),
		});
		const expected = await tsharkFields(plain, fields);
		expect(expected.length).toBe(30);
		expect(expected.every(([id = "", , name = ""]) => id !== "" && name.endsWith(".t.example.com"))).toBe(true);

		// One pcapng section a re-wrapping, so that tshark starts once.
		const sections = rewrappings.map((rewrapping) =>
			writePcapng({ linkType: rewrapping.wrapping.linkType, records: rewrap(packets, rewrapping) }),
		);
		const rows = await tsharkFields(concatBytes(sections), fields);
		expect(rows.length).toBe(30 * rewrappings.length);
		for (const [index, { title }] of rewrappings.entries()) {
			expect({ title, rows: rows.slice(30 * index, 30 * index + 30) }).toEqual({ title, rows: expected });
		}
	});

	test("titles are unique, so that a failing row names its re-wrapping", () => {
		expect(new Set(rewrappings.map(({ title }) => title)).size).toBe(rewrappings.length);
	});
});

describe("packets", () => {
	const ends = { source: "192.0.2.1", destination: "192.0.2.2", sourcePort: 4000, destinationPort: 53 };

	test("addresses are read from text", () => {
		expect(hex(addressBytes("10.77.1.2"))).toBe("0a4d0102");
		expect(hex(addressBytes("2001:db8::1"))).toBe("20010db8000000000000000000000001");
		expect(hex(addressBytes("fd00:77::10.77.1.2"))).toBe("fd0000770000000000000000" + "0a4d0102");
		expect(hex(addressBytes("::"))).toBe("00".repeat(16));
		for (const bad of ["10.77.1", "10.77.1.256", "1:2:3", "1:2:3:4:5:6:7:8:9"])
			expect(() => addressBytes(bad)).toThrow();
	});

	test("an IPv4 header sums to zero, with and without options", () => {
		const packet = udpPacket({ ...ends, payload: Uint8Array.of(1, 2, 3) });
		expect(internetChecksum(packet.subarray(0, 20))).toBe(0);
		const withOptions = withIpv4Options(packet);
		expect(withOptions[0]).toBe(0x47);
		expect(internetChecksum(withOptions.subarray(0, 28))).toBe(0);
		expect(takeApart(withOptions).payload).toEqual(Uint8Array.of(1, 2, 3));
	});

	test("IPv4 options of 40 bytes are taken, of 41 refused", () => {
		const packet = (bytes: number) =>
			ipv4Packet({ ...ends, options: new Uint8Array(bytes), payload: new Uint8Array(8) });
		expect(packet(40).length).toBe(68);
		expect(() => packet(41)).toThrow("IPv4 options");
	});

	test.skipIf(withoutTshark)("tshark finds both checksums good, in IPv4 and IPv6", async () => {
		const packet = udpPacket({ ...ends, payload: dnsttQuery({ clientId: new Uint8Array(8) }) });
		const records = [packet, toIpv6(packet)].map((bytes) => ({ timeNs: 0n, bytes }));
		const child = Bun.spawn(
			["tshark", "-n", "-r", "-", "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"].concat([
				"-T",
				"fields",
				"-e",
				"udp.checksum.status",
				"-e",
				"ip.checksum.status",
			]),
			{ stdin: writePcap({ linkType: 101, records }), stdout: "pipe", stderr: "ignore" },
		);
		expect(await child.stdout.text()).toBe("1\t1\n1\t\n");
	});
});

describe("messages", () => {
	const clientId = Uint8Array.from({ length: 8 }, (_, index) => index + 1);

	test("base32 is RFC 4648's, section 10, without padding", () => {
		const rows = {
			"": "",
			f: "MY",
			fo: "MZXQ",
			foo: "MZXW6",
			foob: "MZXW6YQ",
			fooba: "MZXW6YTB",
			foobar: "MZXW6YTBOI",
		};
		for (const [text, encoded] of Object.entries(rows)) expect(base32(Buffer.from(text))).toBe(encoded);
	});

	test("a recorded query is built again from its parts, byte by byte", async () => {
		const packets = packetsOf(await readPcapFile("tests/captures/direct-ipv4.pcap"));
		const recorded = packets
			.map(({ packet }) => takeApart(packet).payload)
			.filter((message) => message.length > 150 && message[2] === 1)
			.slice(0, 10);
		expect(recorded.length).toBe(10);
		for (const message of recorded) {
			// One question, whose name ends at the first zero byte; the digits lie in front of the domain's 15 bytes.
			const name = Buffer.from(message.subarray(12, message.indexOf(0, 12) - 14));
			let digits = "";
			for (let at = 0; at < name.length; at += 1 + (name[at] ?? 0)) {
				digits += name.toString("latin1", at + 1, at + 1 + (name[at] ?? 0));
			}
			const raw = fromBase32(digits.toUpperCase());
			const view = new DataView(raw.buffer);
			expect([raw[8], raw[12]]).toEqual([0xe3, raw.length - 13]);
			const segments: Uint8Array[] = [];
			for (let at = 13; at < raw.length; ) {
				const segment = kcpSegment({
					conversation: view.getUint32(at, true),
					command: view.getUint8(at + 4),
					fragment: view.getUint8(at + 5),
					window: view.getUint16(at + 6, true),
					timestampMs: view.getUint32(at + 8, true),
					sequence: view.getUint32(at + 12, true),
					unacknowledged: view.getUint32(at + 16, true),
					data: raw.subarray(at + 24, at + 24 + view.getUint32(at + 20, true)),
				});
				segments.push(segment);
				at += segment.length;
			}
			const rebuilt = dnsttQuery({
				clientId: raw.subarray(0, 8),
				padding: [raw.subarray(9, 12)],
				packets: [concatBytes(segments)],
				id: new DataView(message.buffer, message.byteOffset).getUint16(0),
			});
			expect(hex(rebuilt)).toBe(hex(message));
		}
	});

	test("labels hold 63 characters at most", () => {
		const name = dnsttName(dnsttPayload({ clientId, packets: [new Uint8Array(100)] }), "t.example.com");
		expect(Math.max(...name.split(".").map((label) => label.length))).toBe(63);
	});

	test("the same seed mixes the case the same way", () => {
		const name = "abcdefghijklmnop.t.example.com";
		const mixed = mixCase(name, seededRandom(7));
		expect(mixed).toBe(mixCase(name, seededRandom(7)));
		expect(mixed).not.toBe(name);
		expect(mixed.toLowerCase()).toBe(name);
	});

	test.skipIf(withoutTshark)("tshark reads a query and its response of two TXT strings", async () => {
		const query = dnsttQuery({ clientId, packets: [kcpSegment({ command: kcpCommands.ack })], id: 77 });
		const response = dnsttResponse(query, [new Uint8Array(300).fill(1), Uint8Array.of(2)]);
		const there = { source: "192.0.2.1", destination: "192.0.2.2", sourcePort: 4000, destinationPort: 53 };
		const back = { source: "192.0.2.2", destination: "192.0.2.1", sourcePort: 53, destinationPort: 4000 };
		const records = [
			{ timeNs: 0n, bytes: udpPacket({ ...there, payload: query }) },
			{ timeNs: 1n, bytes: udpPacket({ ...back, payload: response }) },
		];
		const fields = [
			"dns.id",
			"dns.flags.response",
			"dns.qry.type",
			"dns.count.answers",
			"dns.txt.length",
			"_ws.malformed",
		];
		expect(await tsharkFields(writePcap({ linkType: 101, records }), fields)).toEqual([
			["0x004d", "0", "16", "0", "", ""],
			["0x004d", "1", "16", "1", "255", ""],
		]);
	});
});

/** The bytes of RFC 4648 base32 digits without padding; the bits of a last, incomplete byte are dropped. */
function fromBase32(digits: string): Uint8Array {
	const bits = [...digits].map((digit) =>
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(digit).toString(2).padStart(5, "0"),
	);
	return Uint8Array.from(bits.join("").match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}
