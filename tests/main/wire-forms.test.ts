/** The recorded captures as a kernel or a link may have changed them on their way: the counts are those of the originals. */
import { describe, expect, test } from "bun:test";
import { LinkType } from "../../src/capture/source.ts";
import type { Report } from "../../src/commands/inspect/report.ts";
import { inspectJson } from "../support/exporter.ts";
import { type PacketRecord, takeApart, toIpv6, udpPacket } from "../support/frames.ts";
import { writePcap } from "../support/pcapfile.ts";
import { fragmentPacket, joinPackets, questionEnd } from "../support/wire-forms.ts";
import { captureNames, countsOf, expectedCounts, recordedDomain, recordedPackets } from "./captures.ts";

const flags = ["--dnstt.domain", recordedDomain];

const inspectPackets = (packets: readonly PacketRecord[], linkType = LinkType.RAW) =>
	inspectJson<Report>(
		writePcap({ linkType, records: packets.map(({ timeNs, packet }) => ({ timeNs, bytes: packet })) }),
		flags,
	);

/** Unbound has a port for each query, and so no flow with two. */
function onOnePort(packets: readonly PacketRecord[]): PacketRecord[] {
	return packets.map((record) => {
		const datagram = takeApart(record.packet);
		const port = record.direction === "in" ? { sourcePort: 40_000 } : { destinationPort: 40_000 };
		return { ...record, packet: udpPacket({ ...datagram, ...port }) };
	});
}

const asIpv6 = (packets: readonly PacketRecord[]) =>
	packets.map((record) => ({ ...record, packet: toIpv6(record.packet) }));

type Form = (packets: readonly PacketRecord[]) => PacketRecord[];
const versions: readonly [title: string, form: Form][] = [
	["IPv4", (packets) => [...packets]],
	["IPv6", asIpv6],
];

/** Each packet in two fragments, of which the first ends as far into the message as `firstBytes` says. */
function fragmented(firstBytes: (message: Uint8Array) => number, isReversed: boolean): Form {
	return (packets) =>
		packets.flatMap((record, index) => {
			const message = takeApart(record.packet).payload;
			const fragments = fragmentPacket(record.packet, firstBytes(message), index);
			return (isReversed ? fragments.toReversed() : fragments).map((packet) => ({ ...record, packet }));
		});
}

/** Both leave some bytes over for the second fragment. */
const afterQuestion = (message: Uint8Array) => Math.min(questionEnd(message), message.length - 8);
const nearlyAll = (message: Uint8Array) => message.length - 8;

const cuts: readonly [title: string, form: Form][] = [
	["the first with little more than the question", fragmented(afterQuestion, false)],
	["the first with nearly all", fragmented(nearlyAll, false)],
	["the second before the first", fragmented(nearlyAll, true)],
];

describe.each(captureNames)("%s", (name) => {
	describe.each(versions)("over %s", (_, overVersion) => {
		test("joined into fewer frames has the same counts, and the same health", async () => {
			const recorded = await recordedPackets(name);
			const apart = overVersion(name === "unbound-0x20-ipv4" ? onOnePort(recorded) : recorded);
			const joined = joinPackets(apart);
			const frames = joined.filter((record) => !apart.includes(record)).length;
			expect(frames).toBeGreaterThan(10);
			const report = await inspectPackets(joined);
			expect(countsOf(report)).toEqual(await expectedCounts(name));
			expect(report.malformed_packets).toEqual({});
			expect(report.joined_frames).toBe(frames);
			const before = (await inspectPackets(apart)).domains[0]?.health;
			const { segments_in, segments_out, polls } = report.domains[0]?.health ?? {};
			expect({ segments_in, segments_out, polls }).toEqual({
				segments_in: before?.segments_in,
				segments_out: before?.segments_out,
				polls: before?.polls,
			});
		});

		test.each(cuts)("in two fragments, %s, has the same counts", async (_, cut) => {
			const packets = cut(overVersion(await recordedPackets(name)));
			const report = await inspectPackets(packets);
			expect(countsOf(report)).toEqual(await expectedCounts(name));
			expect(report.malformed_packets).toEqual({});
			expect(report.unrelated_packets.fragment).toBe(packets.length / 2);
		});
	});
});
