import { describe, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Report } from "../../src/commands/inspect/report.ts";
import { exporterCommand, inspectJson, runExporter } from "../support/exporter.ts";
import { parseExposition } from "../support/exposition.ts";
import { dnsQuery, dnsttQuery, type Rewrapping, rewrap, rewrappings, udpPacket, wrappings } from "../support/frames.ts";
import { asnMmdb, countryMmdb } from "../support/mmdb.ts";
import { type Capture, concatBytes, readPcapFile, writePcap, writePcapng } from "../support/pcapfile.ts";
import { runCommand } from "../support/process.ts";
import { temporaryFolder } from "../support/temporary.ts";
import {
	captureNames,
	capturePath,
	countsIn,
	countsOf,
	expectedCounts,
	expectedTogether,
	metricCounts,
	recordedDomain,
	recordedPackets,
} from "./captures.ts";

const flags = ["--dnstt.domain", recordedDomain];

/** The forms of a capture file that hold the same frames. */
const forms: readonly (readonly [title: string, write: (capture: Capture) => Uint8Array])[] = [
	["pcap, big-endian", (capture) => writePcap({ ...capture, bigEndian: true })],
	["pcap with nanoseconds", (capture) => writePcap({ ...capture, nanosecond: true })],
	["pcap, big-endian with nanoseconds", (capture) => writePcap({ ...capture, bigEndian: true, nanosecond: true })],
	["pcapng", (capture) => writePcapng(capture)],
	["pcapng, big-endian, with nanoseconds", (capture) => writePcapng({ ...capture, bigEndian: true, tsresol: 9 })],
	["pcapng in units of 2^-20 s", (capture) => writePcapng({ ...capture, tsresol: 0x80 + 20 })],
	["pcapng with blocks to skip", (capture) => writePcapng({ ...capture, otherBlocks: true })],
	[
		"pcapng of two sections, as cat makes it",
		(capture) => {
			const halves = [capture.records.slice(0, 200), capture.records.slice(200)];
			return concatBytes(halves.map((records) => writePcapng({ ...capture, records })));
		},
	],
];

describe.each(captureNames)("%s", (name) => {
	test("has the independent counts as it was recorded", async () => {
		const report = await inspectJson<Report>(capturePath(name), flags);
		expect(countsOf(report)).toEqual(await expectedCounts(name));
		expect(report.malformed_packets).toEqual({});
		expect(report.broken).toEqual([]);
	});

	test.each(forms)("has the same counts as %s, from a file and from standard input", async (_, write) => {
		using folder = temporaryFolder();
		const bytes = write(await readPcapFile(capturePath(name)));
		await Bun.write(folder.file("capture"), bytes);
		const expected = await expectedCounts(name);
		const reports = await Promise.all([
			inspectJson<Report>(folder.file("capture"), flags),
			inspectJson<Report>(bytes, flags),
		]);
		for (const report of reports) expect(countsOf(report)).toEqual(expected);
	});

	test("has the same counts in the exposition format", async () => {
		const { code, stdout } = await runExporter(["inspect", "--format=prometheus", ...flags, capturePath(name)]);
		expect(code).toBe(0);
		expect(countsIn(parseExposition(stdout))).toEqual(metricCounts(await expectedCounts(name)));
	});

	test("has the same counts in the text", async () => {
		const { code, stdout } = await runExporter(["inspect", ...flags, capturePath(name)]);
		expect(code).toBe(0);
		const cells = (line = "") => line.split(/ {2,}/);
		const lines = stdout.split("\n");
		const at = lines.findIndex((line) => line.startsWith("Domain "));
		const row = Object.fromEntries(cells(lines[at]).map((title, column) => [title, cells(lines[at + 1])[column]]));
		const expected = await expectedCounts(name);
		const text = (count: number) => count.toLocaleString("en-US");
		const kilobytes = (bytes: number) => `${(bytes / 1_000).toPrecision(3)} kB`;
		expect(row).toEqual({
			Domain: recordedDomain,
			Active: text(expected.active_at_end),
			Peak: text(expected.peak),
			Queries: text(expected.queries),
			Received: kilobytes(expected.bytes_in),
			Sent: kilobytes(expected.bytes_out),
			Refused: text(expected.rejected),
			Sessions: text(expected.sessions),
		});
		const responses = lines
			.filter((line) => /^\S+: (?:[A-Z]+|unmatched) +[\d,]+$/.test(line))
			.reduce((sum, line) => sum + Number(/[\d,]+$/.exec(line)?.[0].replaceAll(",", "")), 0);
		expect(responses).toBe(expected.responses);
	});
});

describe("the captures in other frames", () => {
	test.each(wrappings)("$title: all have the same counts, whatever the IP headers", async ({ title }) => {
		using folder = temporaryFolder();
		const expected = await expectedTogether();
		const counts = async (rewrapping: Rewrapping, index: number) => {
			const paths = await Promise.all(
				captureNames.map(async (name) => {
					const path = folder.file(`${index}-${name}.pcap`);
					const records = rewrap(await recordedPackets(name), rewrapping);
					await Bun.write(path, writePcap({ linkType: rewrapping.wrapping.linkType, records }));
					return path;
				}),
			);
			// One process for the three: a session is in one of them only, and none outlasts the pause between two.
			const report = await inspectJson<Report>(paths.at(-1) ?? "", [...flags, ...paths.slice(0, -1)]);
			expect(report.malformed_packets).toEqual({});
			return [rewrapping.title, countsOf(report)] as const;
		};
		const chosen = rewrappings.filter(({ wrapping }) => wrapping.title === title);
		expect(chosen.length).toBeGreaterThan(0);
		const found = await Promise.all(chosen.map(counts));
		expect(Object.fromEntries(found)).toEqual(Object.fromEntries(chosen.map((one) => [one.title, expected])));
	});
});

test("bent queries count where dnstt-server takes them, and nowhere else", async () => {
	const verdicts = await Bun.file(`${capturePath("bent-queries").replace(/pcap$/, "json")}`).json();
	// The verdicts are those of a server that takes every EDNS size.
	const report = await inspectJson<Report>(capturePath("bent-queries"), [...flags, "--dnstt.mtu=512"]);
	const { queries, bytes_in, sessions, rejected } = countsOf(report);
	expect({ queries, bytes_in, sessions }).toEqual({
		queries: verdicts.queries,
		bytes_in: verdicts.bytes_in,
		sessions: verdicts.sessions,
	});
	// It ends before the time for a response is over.
	expect(report.domains[0]?.health).toMatchObject({ unanswered_queries: 0, unanswered_ratio: null });
	// Every message came to something.
	const others = [report.malformed_packets, report.unrelated_packets].flatMap((counts) => Object.values(counts));
	expect(queries + rejected + others.reduce((sum, count) => sum + count, 0)).toBe(verdicts.messages);
});

describe("a report", () => {
	test("has countries and networks when the databases are set", async () => {
		using folder = temporaryFolder();
		await Bun.write(folder.file("country.mmdb"), countryMmdb());
		await Bun.write(folder.file("asn.mmdb"), asnMmdb());
		const report = await inspectJson<Report>(capturePath("direct-ipv4"), [
			...flags,
			...["--geoip.country-database", folder.file("country.mmdb"), "--geoip.asn-database", folder.file("asn.mmdb")],
		]);
		const { queries, bytes_in, bytes_out, sessions, active_at_end } = await expectedCounts("direct-ipv4");
		const figures = { queries, bytes_in, bytes_out, sessions, active_clients: active_at_end };
		expect(report).toMatchObject({
			countries: [{ country: "IS", ...figures }],
			asns: [{ asn: "64498", organization: "Example Network 64498", ...figures }],
		});
	});

	test("is of the packets from --from on and before --to", async () => {
		const whole = await inspectJson<Report>(capturePath("direct-ipv4"), flags);
		const middle = "2026-11-23T22:14:35Z";
		const [first, second] = await Promise.all([
			inspectJson<Report>(capturePath("direct-ipv4"), [...flags, "--to", middle]),
			inspectJson<Report>(capturePath("direct-ipv4"), [...flags, "--from", middle]),
		]);
		expect(first.packets).toBeGreaterThan(0);
		expect(second.packets).toBeGreaterThan(0);
		expect(first.packets + second.packets).toBe(whole.packets);
		expect([whole, first, second].map((report) => report.packets_left_out)).toEqual([0, second.packets, first.packets]);
		expect(countsOf(first).bytes_out + countsOf(second).bytes_out).toBe(countsOf(whole).bytes_out);
		expect(Date.parse(String(first.last_packet))).toBeLessThan(Date.parse(middle));
		expect(Date.parse(String(second.first_packet))).toBeGreaterThanOrEqual(Date.parse(middle));
	});
});

test.each(["", "x"])("a report of several pieces has every character whole (%p in front)", async (front) => {
	// Each of these is two units of UTF-16, and where a piece ends lies between two of them for one of the rows.
	const missing = Array.from({ length: 400 }, (_, index) => `${front}${"\u{1f30d}".repeat(100)}${index}`);
	const words = ["inspect", "--format=json", ...flags, capturePath(captureNames[0]), ...missing];
	const { stdout } = await runExporter(words);
	expect(stdout.length).toBeGreaterThan(2 * 65_536);
	const report: Report = JSON.parse(stdout);
	expect(report.files.slice(1)).toEqual(missing);
	expect(stdout).not.toContain("\ufffd");

	// The same into a pipe that does not wait, as another program may have left it, and is read a little at a time, so that a
	// write finds room for a part.
	const unwaiting = ["perl", "-MFcntl", "-e", "fcntl(STDOUT, F_SETFL, O_WRONLY | O_NONBLOCK); exec @ARGV"];
	const sips = "while (sysread(STDIN, $text, 5000)) { print $text; select(undef, undef, undef, 0.0003) }";
	const piped = ["sh", "-c", `"$@" | perl -e '${sips}'`, "sh", ...unwaiting, ...exporterCommand(), ...words];
	expect((await runCommand(piped)).stdout).toBe(stdout);
});

test("packets that are left out are counted over all files", async () => {
	const report = await inspectJson<Report>(capturePath("direct-ipv4"), [
		...flags,
		...["--from", "2100-01-01T00:00:00Z", capturePath("unbound-0x20-ipv4")],
	]);
	expect(report).toMatchObject({ packets: 0, packets_left_out: 1_056 + 1_393, first_packet: null });
});

test("files whose names are no UTF-8 are read, each its own", async () => {
	using folder = temporaryFolder();
	const names = [0xe8, 0xe9].map((byte) => Buffer.concat([Buffer.from(folder.file("caf")), Buffer.of(byte)]));
	const capture = readFileSync(capturePath("direct-ipv4"));
	for (const name of names) writeFileSync(name, name === names[0] ? capture : capture.subarray(0, 24));
	// A shell gives the names as they are; Bun.spawn would encode them.
	const script = 'exec "$@" "$FOLDER"/caf*';
	const words = [...exporterCommand(), "inspect", "--format=json", "--dnstt.domain=t.example.com"];
	const child = await runCommand(["bash", "-c", script, "bash", ...words], { env: { FOLDER: folder.path } });
	expect({ code: child.code, stderr: child.stderr }).toEqual({ code: 0, stderr: "" });
	const report = JSON.parse(child.stdout);
	expect(report.packets).toBe(1056);
	expect(report.files).toEqual(["caf\udce8", "caf\udce9"].map((name) => `${folder.path}/${name}`));

	rmSync(names[0] ?? "");
	const missing = 'exec "$@" "$FOLDER"/caf$(printf "\\350")';
	const without = await runCommand(["bash", "-c", missing, "bash", ...words], { env: { FOLDER: folder.path } });
	expect(without).toMatchObject({
		code: 1,
		stderr: expect.stringMatching(/caf\ufffd does not exist; check the path\n$/),
	});
});

test("a wrong port is told as such", async () => {
	const report = await inspectJson<Report>(capturePath("direct-ipv4"), [...flags, "--dnstt.port", "5300"]);
	expect(report.conditions).toMatchObject([
		{
			id: "nothing_yet",
			sentence: "No packet to or from UDP port 5300: 1,056 packets were of other ports.",
			remedy: expect.stringMatching(
				/^Looks like dnstt under t\.example\.com on port 53: --dnstt\.domain t\.example\.com --dnstt\.port 53\. Check /,
			),
		},
	]);
});

test.each(["direct-ipv4", "unbound-0x20-ipv4", "any-sll2-ipv4"])(
	"a wrong domain and port are found in %s, and no name of a client is in the report",
	async (name) => {
		const words = ["--dnstt.domain", "wrong.example", "--dnstt.port", "5300"];
		const text = JSON.stringify(await inspectJson<Report>(capturePath(name), words));
		expect(text).toContain("Looks like dnstt under t.example.com on port 53: ");
		expect(text).not.toMatch(/[a-z2-7]{20}/);
	},
);

test("VayDNS on a wrong port is found with the flags that fit", async () => {
	const report = await inspectJson<Report>(capturePath("vaydns/a"), [...flags, "--dnstt.port", "5300"]);
	expect(report.conditions[0]?.remedy).toStartWith(
		"Looks like VayDNS with record type a and ids of 2 bytes under t.example.com on port 53: --vaydns.domain t.example.com --vaydns.record-type a --dnstt.port 53. Check ",
	);
});

test("nothing is looked for outside the range of time", async () => {
	const words = ["--dnstt.domain", "wrong.example", "--to", "2020-01-01T00:00:00Z"];
	expect(JSON.stringify(await inspectJson<Report>(capturePath("direct-ipv4"), words))).not.toContain("Looks like");
});

test("queries that are refused for their EDNS size hide no tunnel under another domain", async () => {
	using folder = temporaryFolder();
	const packets = await recordedPackets("direct-ipv4");
	const payload = dnsttQuery({ clientId: new Uint8Array(8), domain: "other.example", ednsBytes: 512 });
	const ends = { source: "192.0.2.1", destination: "198.51.100.9", sourcePort: 4000, destinationPort: 53 };
	const refused = { timeNs: packets[0]?.timeNs ?? 0n, bytes: udpPacket({ ...ends, payload }) };
	const records = [refused, ...packets.map(({ timeNs, packet }) => ({ timeNs, bytes: packet }))];
	await Bun.write(folder.file("a.pcap"), writePcap({ linkType: 101, records }));
	const report = await inspectJson<Report>(folder.file("a.pcap"), ["--dnstt.domain", "other.example"]);
	const nothing = report.conditions.find(({ id }) => id === "nothing_yet");
	expect(nothing?.sentence).toStartWith("1 query for other.example, UDP port 53, all of them refused");
	expect(nothing?.remedy).toStartWith("Looks like dnstt under t.example.com on port 53");
});

test("names that are no tunnel's are called none", async () => {
	using folder = temporaryFolder();
	const records = Array.from({ length: 50 }, (_, index) => {
		const payload = dnsQuery({ name: `a-host-with-a-long-name-${index}.example.com` });
		const packet = udpPacket({
			...{ source: "192.0.2.1", destination: "198.51.100.9", payload },
			...{ sourcePort: 4000, destinationPort: 53 },
		});
		return { timeNs: BigInt(index), bytes: packet };
	});
	await Bun.write(folder.file("a.pcap"), writePcap({ linkType: 101, records }));
	const report = await inspectJson<Report>(folder.file("a.pcap"), flags);
	expect(report.conditions[0]?.sentence).toContain("50 DNS messages were for other domains");
	expect(report.conditions[0]?.remedy).not.toContain("Looks like");
});

describe("a capture that cannot be read ends with 1 and one line", () => {
	const rows: readonly (readonly [title: string, bytes: Uint8Array | null, complaint: RegExp])[] = [
		["that is not there", null, /^dnstt_exporter: .*capture does not exist; check the path$/m],
		["that is none", Buffer.from("#!/bin/sh\nexit 0\n# and so on\n"), /^dnstt_exporter: .*capture is no capture /],
		[
			"of a link type nobody knows here",
			writePcap({ linkType: 105, records: [] }),
			/^dnstt_exporter: .*capture.*IEEE802_11/,
		],
	];
	test.each(rows)("one %s", async (_, bytes, complaint) => {
		using folder = temporaryFolder();
		if (bytes !== null) await Bun.write(folder.file("capture"), bytes);
		const { code, stdout, stderr } = await runExporter(["inspect", ...flags, folder.file("capture")]);
		expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
		expect(stderr).toMatch(complaint);
		expect(stderr.trimEnd().split("\n")).toHaveLength(1);
	});

	test("one that comes compressed by standard input, which cannot be read twice to tell by what", async () => {
		const bytes = Bun.gzipSync(await Bun.file(capturePath("direct-ipv4")).bytes());
		const { code, stdout, stderr } = await runExporter(["inspect", ...flags, "-"], { stdin: bytes });
		expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
		expect(stderr).toMatch(/^dnstt_exporter: standard input is no capture .*, not compressed, .*\n$/);
	});

	test("one that breaks off has its frames up to there in the report", async () => {
		const bytes = (await Bun.file(capturePath("direct-ipv4")).bytes()).slice(0, -100);
		const { code, stdout, stderr } = await runExporter(["inspect", "--format=json", ...flags, "-"], { stdin: bytes });
		expect(code).toBe(1);
		expect(stderr).toMatch(/^dnstt_exporter: standard input is damaged after frame 1055: .*\n$/);
		const report: Report = JSON.parse(stdout);
		expect(report.packets).toBe(1055);
		expect(report.broken).toHaveLength(1);
	});
});
