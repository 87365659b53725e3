import { ednsBytesMin } from "../shared/bounds.ts";
import { Fault, Outcome, Refusal, Unrelated } from "../shared/fault.ts";
import { LinkType } from "../shared/linktype.ts";
import { headerBytes } from "../shared/wire.ts";
import { u16At } from "./bytes.ts";
import { Direction } from "./direction.ts";
import { beginMessage, Name, nameBytes, ResourceRecord, typeOpt, typeTxt } from "./dns.ts";
import { readDownstream, Tunnel } from "./dnstt.ts";
import { matchDomain } from "./domain.ts";
import { Datagram, readResolver } from "./ip.ts";
import { segments } from "./kcp.ts";
import { isLoopback, readLink } from "./link.ts";
import { ignore, malformed, observation } from "./observation.ts";

/**
 * The longest query that dnstt-server takes: it reads a datagram into 4,096 bytes. Also the bound of the work that one
 * query can ask for, as its names may point all over it.
 */
export const queryBytesMax: u32 = 4096;

const datagram: Datagram = changetype<Datagram>(memory.data(offsetof<Datagram>(), 8));
const question: Name = changetype<Name>(memory.data(nameBytes, 8));
const record: ResourceRecord = changetype<ResourceRecord>(memory.data(offsetof<ResourceRecord>(), 8));
const tunnel: Tunnel = changetype<Tunnel>(memory.data(offsetof<Tunnel>(), 8));

/** For a server's UDP port its place in the list, plus 1. */
const servers: usize = memory.data(65536);
export let linkType: LinkType = 0;

/** Bytes that a resolver must take: the server's -mtu. */
let mtu: u32 = ednsBytesMin;

/** The server refuses queries of a smaller EDNS payload size than this from now on; ednsBytesMin and less refuse none. */
export function setMtu(bytes: u32): void {
	mtu = bytes;
}

/** Frames have this link type from now on, and no port is a server's. */
export function setLinkType(type: LinkType): void {
	linkType = type;
	// Of a link type without interface index nobody says so for each frame.
	observation.interfaceIndex = 0;
	observation.direction = Direction.Unknown;
	memory.fill(servers, 0, 65536);
}

/** A server listens on this UDP port; `place` is that in the list, from 0 on. */
export function addPort(port: u32, place: u32): void {
	store<u8>(servers + port, place + 1);
}

/**
 * Frame -> what dnstt has in it: decodes the frame [at..end) into `observation`, and gives the outcome.
 * Every layer checks its length first; a frame never throws, and no byte outside of it decides anything.
 */
export function decode(at: usize, end: usize): Outcome {
	const packet = readLink(linkType, at, end);
	if (packet === 0 || !datagram.read(packet, end)) return observation.outcome;

	const toServer = load<u8>(servers + datagram.destinationPort) as u32;
	const fromServer = load<u8>(servers + datagram.sourcePort) as u32;
	if (toServer + fromServer === 0) return ignored(Unrelated.Port);
	// No host has a datagram of its own come in from outside: what claims to be one is forged.
	if (datagram.isToItself && !isLoopback(linkType, at)) return ignored(Unrelated.Direction);
	const message = datagram.payload;
	const messageEnd = datagram.payloadEnd;
	if (messageEnd < message + headerBytes) return fault(Fault.DnsTruncated);
	observation.messageBytes = (messageEnd - message) as u32;
	observation.messageId = u16At(message);
	if (load<u8>(message + 2) >= 0x80) {
		if (fromServer === 0) return ignored(Unrelated.Direction);
		readResolver(datagram.destination, datagram.isIpv4);
		observation.resolverPort = datagram.destinationPort;
		observation.server = fromServer - 1;
		return readResponse(message, messageEnd);
	}
	if (toServer === 0) return ignored(Unrelated.Direction);
	readResolver(datagram.source, datagram.isIpv4);
	observation.resolverPort = datagram.sourcePort;
	observation.server = toServer - 1;
	return readQuery(message, messageEnd);
}

/** A message with QR=0 to a server. The order of the tests is dnstt-server's. */
function readQuery(message: usize, end: usize): Outcome {
	if (end - message > queryBytesMax) return fault(Fault.DnsTooLong);
	const unread = readQuestion(message, end);
	if (unread !== Fault.None) return fault(unread);
	const labels = matchDomain(question);
	const refusal = readRecords(message, question.end + 4, end);
	if (labels < 0) return refusal === Refusal.Malformed ? Outcome.Fault : ignored(Unrelated.Domain);
	if (refusal !== Refusal.None) return refused(refusal);
	if ((load<u8>(message + 2) & 0x78) !== 0) return refused(Refusal.Opcode);
	if (u16At(question.end) !== typeTxt) return refused(Refusal.Qtype);
	const unfit = tunnel.readClientId(question, labels);
	if (unfit === Refusal.Base32) return refused(unfit);
	if (max<u32>(observation.ednsBytes, ednsBytesMin) < mtu) {
		if (unfit !== Refusal.None) {
			observation.idHigh = 0;
			observation.idLow = 0;
		}
		return refused(Refusal.Edns);
	}
	if (unfit !== Refusal.None) return refused(unfit);
	observation.packets = 0;
	observation.packetBytes = 0;
	segments.clear();
	tunnel.readUpstream(question);
	return Outcome.Query;
}

/**
 * A message with QR=1 from a server. Its question makes it count; what is wrong behind the question (the server cuts a
 * response that is too long) takes nothing but the payload away.
 */
function readResponse(message: usize, end: usize): Outcome {
	const unread = readQuestion(message, end);
	if (unread !== Fault.None) return fault(unread);
	const labels = matchDomain(question);
	if (labels < 0) return ignored(Unrelated.Domain);
	if (u16At(question.end) !== typeTxt) return ignored(Unrelated.Response);
	if (tunnel.readClientId(question, labels) !== Refusal.None) return ignored(Unrelated.Response);
	observation.truncated = (load<u8>(message + 2) >> 1) & 1;
	observation.rcode = load<u8>(message + 3) & 0x0f;
	observation.packets = 0;
	observation.packetBytes = 0;
	segments.clear();
	const answers = u16At(message + 6);
	if (
		answers !== 0 &&
		record.read(message, question.end + 4, end, question) === Fault.None &&
		record.type === typeTxt
	) {
		readDownstream(record.data, record.end);
	}
	return Outcome.Response;
}

/** Reads the header's count and the question's name; Fault.None or the Fault. RFC 1035, 4.1.1 and 4.1.2. */
function readQuestion(message: usize, end: usize): Fault {
	if (u16At(message + 4) !== 1) return Fault.DnsQuestionCount;
	beginMessage();
	const unread = question.read(message, message + headerBytes, end);
	if (unread !== Fault.None) return unread;
	return question.end + 4 > end ? Fault.DnsTruncated : Fault.None;
}

/**
 * Reads all records of a query, which must end where the message does, and the OPT record among the additional ones: at
 * most one, version 0 (RFC 6891, 6.1.1 and 6.1.3). Gives Refusal.None, or why the query is refused; malformed, `observation` has the fault.
 */
function readRecords(message: usize, start: usize, end: usize): Refusal {
	const inFront = u16At(message + 6) + u16At(message + 8);
	const total = inFront + u16At(message + 10);
	let at = start;
	let options = 0;
	let version: u32 = 0;
	observation.ednsBytes = 0;
	for (let index: u32 = 0; index < total; index++) {
		const unread = record.read(message, at, end, question);
		if (unread !== Fault.None) {
			observation.fault = unread;
			return Refusal.Malformed;
		}
		at = record.end;
		if (index >= inFront && record.type === typeOpt) {
			options++;
			version |= record.version;
			observation.ednsBytes = record.class;
		}
	}
	if (at !== end) {
		observation.fault = Fault.DnsTrailingBytes;
		return Refusal.Malformed;
	}
	return options > 1 || version !== 0 ? Refusal.Opt : Refusal.None;
}

function fault(reason: Fault): Outcome {
	malformed(reason);
	return Outcome.Fault;
}

function ignored(reason: Unrelated): Outcome {
	ignore(reason);
	return Outcome.Unrelated;
}

function refused(reason: Refusal): Outcome {
	observation.refusal = reason;
	return Outcome.Refused;
}
