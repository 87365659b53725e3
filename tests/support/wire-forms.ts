/** Packets as they are captured when the kernel joined their datagrams, or a link's MTU cut them. Pure functions. */
import type { PacketRecord } from "./frames.ts";
import { fragmentHeader, ipv4Packet, ipv6Packet, takeApart, udpDatagram, udpPacket } from "./packets.ts";
import { concatBytes } from "./pcapfile.ts";

/** The kernel joins at most 64 datagrams (UDP_GRO_CNT_MAX), and no more than an IP packet holds. */
const joinedMax = 64;
const packetBytesMax = 65_535;

/**
 * The packets with neighbours joined that are of one flow and one length, the last perhaps shorter: one IP packet with the payloads one
 * after the other, at the time of the first. A packet without such a neighbour is returned as it is.
 */
export function joinPackets(packets: readonly PacketRecord[]): PacketRecord[] {
	const joined: PacketRecord[] = [];
	let run: PacketRecord[] = [];
	for (const record of packets) {
		if (run.length > 0 && !goesOn(run, record)) {
			joined.push(joinRun(run));
			run = [];
		}
		run.push(record);
	}
	return run.length > 0 ? [...joined, joinRun(run)] : joined;
}

function goesOn(run: readonly PacketRecord[], next: PacketRecord): boolean {
	const bytes = run.map(({ packet }) => takeApart(packet).payload.length);
	const length = takeApart(next.packet).payload.length;
	const [first = 0, last = 0] = [bytes[0], bytes.at(-1)];
	const total = bytes.reduce((sum, one) => sum + one, length + 48);
	const isFull = run.length === joinedMax || total > packetBytesMax;
	return flowOf(run[0]) === flowOf(next) && last === first && length <= first && !isFull;
}

function flowOf(record: PacketRecord | undefined): string {
	if (record === undefined) return "";
	const { source, sourcePort, destination, destinationPort } = takeApart(record.packet);
	return [source, sourcePort, destination, destinationPort].join();
}

function joinRun(run: readonly PacketRecord[]): PacketRecord {
	const [first] = run;
	if (first === undefined) throw new Error("no packet to join");
	if (run.length === 1) return first;
	const payload = concatBytes(run.map(({ packet }) => takeApart(packet).payload));
	return { ...first, packet: udpPacket({ ...takeApart(first.packet), payload }) };
}

/** A packet in two fragments, of which the first holds `firstBytes` of the UDP payload, or up to 7 more: fragments have a multiple of 8. */
export function fragmentPacket(packet: Uint8Array, firstBytes: number, identification = 1): [Uint8Array, Uint8Array] {
	const datagram = takeApart(packet);
	const { version, source, destination } = datagram;
	const bytes = udpDatagram(datagram);
	const cut = Math.ceil((8 + firstBytes) / 8) * 8;
	if (cut >= bytes.length) throw new Error(`${bytes.length} bytes cannot be cut after ${cut}`);
	const fragment = (offset: number, moreFragments: boolean, payload: Uint8Array) =>
		version === 4
			? ipv4Packet({ source, destination, identification, fragmentOffset: offset, moreFragments, payload })
			: ipv6Packet({ source, destination, extensions: [fragmentHeader(offset, moreFragments)], payload });
	return [fragment(0, true, bytes.subarray(0, cut)), fragment(cut / 8, false, bytes.subarray(cut))];
}

/** The number of bytes up to the end of a message's question, whose name is not compressed. */
export function questionEnd(message: Uint8Array): number {
	let at = 12;
	while ((message[at] ?? 0) !== 0) at += 1 + (message[at] ?? 0);
	return at + 5;
}
