import { invalidMarks as invalidBetween } from "../../../src/wasm/decode/base32.ts";
import { decode as decodeFrame } from "../../../src/wasm/decode/decoder.ts";
import { beginMessage, Name, nameBytes, ResourceRecord } from "../../../src/wasm/decode/dns.ts";
import { readDownstream as readPayload } from "../../../src/wasm/decode/downstream.ts";
import { Datagram } from "../../../src/wasm/decode/ip.ts";
import { Segment, Segments, segments } from "../../../src/wasm/decode/kcp.ts";
import { LinkHeader } from "../../../src/wasm/decode/link.ts";
import { Observation, observation } from "../../../src/wasm/decode/observation.ts";
import { payload } from "../../../src/wasm/decode/payload.ts";
import { Tunnel, tunnelOf } from "../../../src/wasm/decode/tunnel.ts";
import { Fault, Outcome, SegmentFault, Unrelated } from "../../../src/wasm/shared/fault.ts";
import { LinkType } from "../../../src/wasm/shared/linktype.ts";

export {
	readAnyMessage,
	sightedDomainOctets,
	sightedLookalike,
	sightedPort,
	sightedType,
} from "../../../src/wasm/decode/anydomain";
export { byteIn, bytesIn, dropSkipped, groupAt, hasInvalid, wordIn } from "../../../src/wasm/decode/base32";
export { addPort, decodeNext, hasNext, queryBytesMax, setLinkType } from "../../../src/wasm/decode/decoder";
export { labelsPerMessageMax } from "../../../src/wasm/decode/dns";
export { isExtensionHeader, readResolver } from "../../../src/wasm/decode/ip";
export { segmentsMax } from "../../../src/wasm/decode/kcp";

export function decode(at: usize, end: usize): Outcome {
	return decodeFrame(at, end);
}

/** Of the eight characters at an address. */
export function invalidMarks(at: usize): u64 {
	return invalidBetween(at, at + 8);
}

/** Bytes of memory for tests. */
export const roomBytes: i32 = 262_144;
const room: usize = memory.data(roomBytes, 64);

/** Address of that memory: to put a frame into, or what else a function is to read. */
export function memoryForTests(): usize {
	return room;
}

/** Address of the observation. */
export function observationAddress(): usize {
	return changetype<usize>(observation);
}

/** Offsets of its fields, and its length. */
export const faultOffset: usize = offsetof<Observation>("fault");
export const unrelatedOffset: usize = offsetof<Observation>("unrelated");
export const refusalOffset: usize = offsetof<Observation>("refusal");
export const interfaceIndexOffset: usize = offsetof<Observation>("interfaceIndex");
export const directionOffset: usize = offsetof<Observation>("direction");
export const resolver0Offset: usize = offsetof<Observation>("resolver0");
export const resolver1Offset: usize = offsetof<Observation>("resolver1");
export const resolver2Offset: usize = offsetof<Observation>("resolver2");
export const resolver3Offset: usize = offsetof<Observation>("resolver3");
export const resolverPortOffset: usize = offsetof<Observation>("resolverPort");
export const nameHashOffset: usize = offsetof<Observation>("nameHash");
export const serverHashOffset: usize = offsetof<Observation>("serverHash");
export const frameHashOffset: usize = offsetof<Observation>("frameHash");
export const messageBytesOffset: usize = offsetof<Observation>("messageBytes");
export const messageIdOffset: usize = offsetof<Observation>("messageId");
export const domainOffset: usize = offsetof<Observation>("domain");
export const idHighOffset: usize = offsetof<Observation>("idHigh");
export const idLowOffset: usize = offsetof<Observation>("idLow");
export const ednsBytesOffset: usize = offsetof<Observation>("ednsBytes");
export const rcodeOffset: usize = offsetof<Observation>("rcode");
export const answersOffset: usize = offsetof<Observation>("answers");
export const lookalikeOffset: usize = offsetof<Observation>("lookalike");
export const lookalikeTypeOffset: usize = offsetof<Observation>("lookalikeType");
export const truncatedOffset: usize = offsetof<Observation>("truncated");
export const packetsOffset: usize = offsetof<Observation>("packets");
export const packetBytesOffset: usize = offsetof<Observation>("packetBytes");
export const observationBytes: usize = offsetof<Observation>();

/** Address of the segments of the frame that was decoded last, and of one of them. */
export function segmentsAddress(): usize {
	return changetype<usize>(segments);
}

export function segmentAt(index: u32): usize {
	return changetype<usize>(segments.at(index));
}

/** Offsets of the fields of both, and the length of a segment. */
export const countOffset: usize = offsetof<Segments>("count");
export const malformedOffset: usize = offsetof<Segments>("malformed");
export const conversationOffset: usize = offsetof<Segment>("conversation");
export const commandOffset: usize = offsetof<Segment>("command");
export const stampMsOffset: usize = offsetof<Segment>("stampMs");
export const sequenceOffset: usize = offsetof<Segment>("sequence");
export const segmentBytes: usize = offsetof<Segment>();

export function addSegment(
	conversation: u32,
	command: u32,
	stampMs: u32,
	sequence: u32,
	dataBytes: u32,
	left: u32,
): SegmentFault {
	return segments.add(conversation, command, stampMs, sequence, dataBytes, left);
}

export function clearSegments(): void {
	segments.clear();
}

/** The name that the hooks below read, and then read from. */
const name: Name = changetype<Name>(memory.data(nameBytes, 8));

export function readName(message: usize, start: usize, messageEnd: usize): Fault {
	beginMessage(false);
	return name.read(message, start, messageEnd);
}

export function nameLabels(): u32 {
	return name.count;
}

export function nameLabelAt(index: u32): usize {
	return name.labelAt(index);
}

export function nameZeroAt(): usize {
	return name.zeroAt;
}

export function nameEnd(): usize {
	return name.end;
}

/** The index of the domain that the name ends in, or -1. */
export function matchName(): i32 {
	const match = tunnelOf(name);
	return match === 0 ? -1 : changetype<Tunnel>(match).index;
}

export function labelsBeforeMatch(): u32 {
	return changetype<Tunnel>(tunnelOf(name)).labelsBefore(name);
}

const record: ResourceRecord = changetype<ResourceRecord>(memory.data(offsetof<ResourceRecord>(), 8));

/** The name that readName read last, if it did, is the message's question. */
export function readRecord(message: usize, start: usize, messageEnd: usize): Fault {
	beginMessage(false);
	return record.read(message, start, messageEnd, name);
}

export function recordType(): u32 {
	return record.type;
}

export function recordClass(): u32 {
	return record.class;
}

export function recordVersion(): u32 {
	return record.version;
}

export function recordRdata(): usize {
	return record.rdata;
}

export function recordEnd(): usize {
	return record.end;
}

/** Of a TXT record whose RDATA is [start..end). */
export function readDownstream(start: usize, end: usize): void {
	payload.openStrings(start, end);
	readPayload(payload, false);
}

const link: LinkHeader = changetype<LinkHeader>(memory.data(offsetof<LinkHeader>(), 8));

export function readLink(linkType: LinkType, at: usize, end: usize): Fault {
	return link.read(linkType, at, end);
}

export function linkUnrelated(): Unrelated {
	return link.unrelated;
}

export function linkPacket(): usize {
	return link.packet;
}

const datagram: Datagram = changetype<Datagram>(memory.data(offsetof<Datagram>(), 8));

export function readDatagram(at: usize, end: usize): Fault {
	return datagram.read(at, end);
}

export function datagramUnrelated(): Unrelated {
	return datagram.unrelated;
}

export function datagramIsIpv4(): bool {
	return datagram.isIpv4;
}

export function datagramSource(): usize {
	return datagram.sourceAddress;
}

export function datagramDestination(): usize {
	return datagram.destinationAddress;
}

export function datagramSourcePort(): u32 {
	return datagram.sourcePort;
}

export function datagramDestinationPort(): u32 {
	return datagram.destinationPort;
}

export function datagramPayload(): usize {
	return datagram.payload;
}

export function datagramPayloadEnd(): usize {
	return datagram.payloadEnd;
}

export function openStrings(start: usize, end: usize): void {
	payload.openStrings(start, end);
}

export function openBytes(start: usize, end: usize): void {
	payload.openBytes(start, end);
}

export function nextOfPayload(): i32 {
	return payload.next();
}

export function skipPayload(count: u32): bool {
	return payload.skip(count);
}

/** Address of the next `count` bytes, or 0 when there are fewer. */
export function takePayload(count: u32): usize {
	return payload.take(count) ? payload.taken : 0;
}
