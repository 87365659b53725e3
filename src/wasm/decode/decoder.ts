import { Fault, Lookalike, Outcome, Refusal, Unrelated } from "../shared/fault.ts";
import { ednsBytesMin } from "../shared/limits.ts";
import { LinkType } from "../shared/linktype.ts";
import { headerBytes, RecordType } from "../shared/wire.ts";
import { u16At } from "./bytes.ts";
import { Direction } from "./direction.ts";
import { beginMessage, Header, Name, nameBytes, ResourceRecord } from "./dns.ts";
import { readDownstream } from "./downstream.ts";
import { EncodedText } from "./encodedtext.ts";
import { readFingerprints } from "./fingerprint.ts";
import { Datagram, readResolver } from "./ip.ts";
import { isPlainResponse, joinedMessageBytes } from "./joined.ts";
import { segments } from "./kcp.ts";
import { isLoopback, LinkHeader } from "./link.ts";
import { lookalikeOf } from "./lookalike.ts";
import { observation } from "./observation.ts";
import { clearDomainLabel, domainLabel, findDomainLabel } from "./parentdomain.ts";
import { findPayload, payload } from "./payload.ts";
import { Tunnel, tunnelOf } from "./tunnel.ts";

/**
 * dnstt-server reads a datagram into 4,096 bytes, so it accepts no longer query. This also bounds the work of one
 * query, whose names may point anywhere in it.
 */
export const queryBytesMax: u32 = 4096;

const link: LinkHeader = changetype<LinkHeader>(memory.data(offsetof<LinkHeader>(), 8));
const datagram: Datagram = changetype<Datagram>(memory.data(offsetof<Datagram>(), 8));
const question: Name = changetype<Name>(memory.data(nameBytes, 8));
const record: ResourceRecord = changetype<ResourceRecord>(memory.data(offsetof<ResourceRecord>(), 8));
const text: EncodedText = changetype<EncodedText>(memory.data(offsetof<EncodedText>(), 8));

/** For each UDP port whether a server listens on it. */
const servers: usize = memory.data(65536);
export let linkType: LinkType = 0;

/** From now on frames have this link type, and no port is a server's. */
export function setLinkType(type: LinkType): void {
	linkType = type;
	// LinkHeader sets both for each frame only if the link type has them.
	observation.interfaceIndex = 0;
	observation.direction = Direction.Unknown;
	memory.fill(servers, 0, 65536);
}

function serverOf(port: u32): u32 {
	return load<u8>(servers + port);
}

/** A server listens on this UDP port. */
export function addPort(port: u32): void {
	store<u8>(servers + port, 1);
}

/** The messages of a joined frame that were not decoded yet: [nextMessage..joinedEnd), each of joinedBytes, the last perhaps shorter. */
let nextMessage: usize = 0;
let joinedEnd: usize = 0;
let joinedBytes: u32 = 0;

/** Whether the frame has a message that decodeNext has yet to decode. */
export function hasNext(): bool {
	return nextMessage !== 0;
}

/** Decodes the next message of the frame as if it had come alone. */
export function decodeNext(): Outcome {
	const message = nextMessage;
	const end = min<usize>(message + joinedBytes, joinedEnd);
	nextMessage = end === joinedEnd ? 0 : end;
	return decodeMessage(message, end, serverOf(datagram.destinationPort), serverOf(datagram.sourcePort));
}

/** Decodes the first of the messages of `bytes` each that the kernel joined in [message..end). */
function decodeFirst(message: usize, end: usize, bytes: u32): Outcome {
	nextMessage = message + bytes;
	joinedEnd = end;
	joinedBytes = bytes;
	return decodeMessage(message, message + bytes, serverOf(datagram.destinationPort), serverOf(datagram.sourcePort));
}

/**
 * Decodes the frame [at..end), or the first message of a joined one, into `observation` and returns the outcome. Every reader returns a Fault or a Refusal, None if
 * there is none; only this file turns those into an outcome. Every layer checks its length first; a frame never
 * throws, and no byte outside of it decides anything.
 */
export function decode(at: usize, end: usize): Outcome {
	nextMessage = 0;
	const linkFault = link.read(linkType, at, end);
	if (linkFault !== Fault.None) return malformed(linkFault);
	if (link.unrelated !== Unrelated.None) return ignore(link.unrelated);
	const fault = datagram.read(link.packet, end);
	if (fault !== Fault.None) return malformed(fault);
	if (datagram.unrelated !== Unrelated.None) return ignore(datagram.unrelated);

	const toServer = serverOf(datagram.destinationPort);
	const fromServer = serverOf(datagram.sourcePort);
	if (toServer + fromServer === 0) return ignore(Unrelated.Port);
	// No host receives a datagram of its own from outside: one that claims to be one is forged.
	if (datagram.isToItself && !isLoopback(linkType, at)) return ignore(Unrelated.Direction);
	return decodeMessage(datagram.payload, datagram.payloadEnd, toServer, fromServer);
}

/** Decodes a message of the datagram that was read last, between these servers, 0 for none. */
function decodeMessage(message: usize, messageEnd: usize, toServer: u32, fromServer: u32): Outcome {
	if (messageEnd < message + headerBytes) return malformed(Fault.DnsTruncated);
	const header = changetype<Header>(message);
	observation.messageBytes = datagram.isPartial ? datagram.payloadBytes : ((messageEnd - message) as u32);
	observation.messageId = header.id;
	if (header.isResponse) {
		if (fromServer === 0) return ignore(Unrelated.Direction);
		readResolver(datagram.destinationAddress, datagram.isIpv4);
		observation.resolverPort = datagram.destinationPort;
		return decodeResponse(header, messageEnd);
	}
	if (toServer === 0) return ignore(Unrelated.Direction);
	readResolver(datagram.sourceAddress, datagram.isIpv4);
	observation.resolverPort = datagram.sourcePort;
	return decodeQuery(header, messageEnd);
}

/** Decodes a message with QR=0 to a server. The order of the tests is dnstt-server's. */
function decodeQuery(header: Header, end: usize): Outcome {
	if (observation.messageBytes > queryBytesMax) {
		const joined = joinedQueryBytes(header.message, end);
		return joined === 0 ? malformed(Fault.DnsTooLong) : decodeFirst(header.message, end, joined);
	}
	const fault = readQuestion(header, end);
	if (fault !== Fault.None) return malformed(fault);
	const match = tunnelOf(question);
	const recordFault = readRecords(header, end);
	if (recordFault === Fault.DnsTrailingBytes) {
		const joined = joinedQueryBytes(header.message, end);
		if (joined !== 0) return decodeFirst(header.message, end, joined);
	}
	if (match === 0) return recordFault !== Fault.None ? malformed(recordFault) : ignore(Unrelated.Domain);
	const tunnel = changetype<Tunnel>(match);
	readFingerprints(question, tunnel, datagram, false);
	observation.domain = tunnel.index;
	observation.lookalike = Lookalike.None;
	clearDomainLabel();
	if (recordFault !== Fault.None) return refuse(Refusal.Malformed);
	if (optCount > 1 || optVersion !== 0) return refuse(Refusal.Opt);
	if (header.opcode !== 0) return refuse(Refusal.Opcode);
	const qtype = u16At(question.end);
	const labels = tunnel.labelsBefore(question);
	findDomainLabel(question, labels, qtype);
	// Of such a query nothing else is asked.
	const isLabelled = domainLabel !== 0;
	const isText = text.read(question, labels);
	if (qtype !== tunnel.recordType) {
		if (isText && !isLabelled) observation.lookalike = lookalikeOf(text, qtype);
		return refuse(Refusal.Qtype);
	}
	if (!isText) return refuse(Refusal.Base32);
	const hasClientId = readClientId(tunnel);
	// The OPT record of a fragmented query may stand in a later fragment. That the server accepts it is likelier than not.
	if (datagram.isPartial && optCount === 0) observation.ednsBytes = tunnel.mtu;
	if (max<u32>(observation.ednsBytes, ednsBytesMin) < tunnel.mtu) return refuse(Refusal.Edns);
	if (!hasClientId) return refuse(Refusal.TooShort);
	clearPackets();
	tunnel.readPackets(text);
	// Of one that carries data as the tunnel's clients do nothing else is asked.
	if (!isLabelled && (segments.count === 0 || segments.malformed !== 0))
		observation.lookalike = lookalikeOf(text, qtype);
	return Outcome.Query;
}

/** Reads the client id of the text that was read last; false, and 0 for it, if the text is too short for one. */
function readClientId(tunnel: Tunnel): bool {
	if (text.bytes < tunnel.clientIdBytes) {
		observation.idHigh = 0;
		observation.idLow = 0;
		return false;
	}
	text.readClientId(tunnel.idHighMask, tunnel.idLowMask);
	return true;
}

/**
 * Decodes a message with QR=1 from a server. Its question makes it count; a fault after the question (the server cuts a
 * response that is too long) costs only the payload.
 */
function decodeResponse(header: Header, end: usize): Outcome {
	const fault = readQuestion(header, end);
	if (fault !== Fault.None) return malformed(fault);
	if (!isPlainResponse(header, question, end) && !datagram.isPartial) {
		const joined = joinedMessageBytes(header.message, end, end);
		if (joined !== 0) return decodeFirst(header.message, end, joined);
		beginMessage(false);
	}
	const match = tunnelOf(question);
	if (match === 0) return ignore(Unrelated.Domain);
	const tunnel = changetype<Tunnel>(match);
	readFingerprints(question, tunnel, datagram, true);
	observation.domain = tunnel.index;
	observation.rcode = header.rcode;
	observation.answers = header.ancount;
	if (u16At(question.end) !== tunnel.recordType) return ignore(Unrelated.Response);
	const isText = text.read(question, tunnel.labelsBefore(question));
	if (!isText || !readClientId(tunnel)) return ignore(Unrelated.Response);
	observation.truncated = header.tc;
	clearPackets();
	if (findPayload(header, question, question.end + 4, end, tunnel)) readDownstream(payload, datagram.isPartial);
	return Outcome.Response;
}

/** A frame that holds a fragment is not joined. */
function joinedQueryBytes(message: usize, end: usize): u32 {
	return datagram.isPartial ? 0 : joinedMessageBytes(message, end, min<usize>(end, message + queryBytesMax));
}

function clearPackets(): void {
	observation.packets = 0;
	observation.packetBytes = 0;
	segments.clear();
}

/** Reads the one question of a message into `question`. RFC 1035, 4.1.2. */
function readQuestion(header: Header, end: usize): Fault {
	if (header.qdcount !== 1) return Fault.DnsQuestionCount;
	beginMessage(datagram.isPartial);
	const fault = question.read(header.message, header.message + headerBytes, end);
	if (fault !== Fault.None) return fault;
	// QTYPE and QCLASS.
	return question.end + 4 > end ? Fault.DnsTruncated : Fault.None;
}

/** The number of OPT records among a query's additional ones, and their versions, combined with OR. */
let optCount: u32 = 0;
let optVersion: u32 = 0;

/**
 * Reads all records of a query, which must end where the message does, and the EDNS payload size of its OPT record.
 * dnstt-server accepts at most one OPT record, of version 0 (RFC 6891, 6.1.1 and 6.1.3).
 */
function readRecords(header: Header, end: usize): Fault {
	const beforeAdditional = header.ancount + header.nscount;
	const total = beforeAdditional + header.arcount;
	let at = question.end + 4;
	optCount = 0;
	optVersion = 0;
	observation.ednsBytes = 0;
	for (let index: u32 = 0; index < total; index++) {
		const fault = record.read(header.message, at, end, question);
		// What a first fragment does not hold is no fault.
		if (fault !== Fault.None) return fault === Fault.DnsTruncated && datagram.isPartial ? Fault.None : fault;
		at = record.end;
		if (index >= beforeAdditional && record.type === RecordType.Opt) {
			optCount++;
			optVersion |= record.version;
			observation.ednsBytes = record.class;
		}
	}
	return at === end ? Fault.None : Fault.DnsTrailingBytes;
}

function malformed(fault: Fault): Outcome {
	observation.fault = fault;
	return Outcome.Fault;
}

function ignore(reason: Unrelated): Outcome {
	observation.unrelated = reason;
	return Outcome.Unrelated;
}

function refuse(refusal: Refusal): Outcome {
	observation.refusal = refusal;
	return Outcome.Refused;
}
