import type { LinkType } from "../capture/source.ts";
import { headerBytes, Name, ResourceRecord, typeOpt, typeTxt } from "./dns.ts";
import { Tunnel } from "./dnstt.ts";
import { Domains } from "./domain.ts";
import { Fault, Foreign, Outcome, Refusal } from "./fault.ts";
import { Datagram, readPeer } from "./ip.ts";
import { readLink } from "./link.ts";
import { Observation } from "./observation.ts";

/**
 * The longest query that dnstt-server takes: it reads a datagram into 4,096 bytes. Also the bound of the work that one
 * query can ask for, as its names may point all over it.
 */
export const queryBytesMax = 4096;

export interface DecoderOptions {
	readonly linkType: LinkType;
	/** The tunnels' domains: presentation form, ASCII, no dot at the end. */
	readonly domains: readonly string[];
	/** UDP ports of the servers. */
	readonly ports: readonly number[];
}

/**
 * Frame -> what dnstt has in it. Every layer checks its length first; a frame never throws, and no byte outside
 * bytes[at..end) decides anything.
 */
export class Decoder {
	/** What the last decode read. */
	readonly seen = new Observation();
	private readonly linkType: LinkType;
	private readonly domains: Domains;
	/** For a server's port its place in the list, plus 1. */
	private readonly serverOf = new Uint8Array(65536);
	private readonly datagram = new Datagram();
	private readonly question = new Name();
	private readonly record = new ResourceRecord();
	private readonly tunnel = new Tunnel();

	constructor(options: DecoderOptions) {
		this.linkType = options.linkType;
		this.domains = new Domains(options.domains);
		for (const [index, port] of options.ports.entries()) this.serverOf[port] = index + 1;
	}

	/** Decodes the frame at bytes[at..end) into `seen`. */
	decode(bytes: Uint8Array, at: number, end: number): Outcome {
		const { seen, datagram } = this;
		const packet = readLink(this.linkType, bytes, at, end, seen);
		if (packet < 0) return packet === -1 ? Outcome.Fault : Outcome.Foreign;
		const unread = datagram.read(bytes, packet, end, seen);
		if (unread < 0) return unread === -1 ? Outcome.Fault : Outcome.Foreign;

		const toServer = this.serverOf[datagram.destinationPort] as number;
		const fromServer = this.serverOf[datagram.sourcePort] as number;
		if (toServer + fromServer === 0) return this.foreign(Foreign.Port);
		const { payload, payloadEnd } = datagram;
		if (payloadEnd - payload < headerBytes) return this.fault(Fault.DnsTruncated);
		seen.messageBytes = payloadEnd - payload;
		seen.messageId = ((bytes[payload] as number) << 8) | (bytes[payload + 1] as number);
		const isResponse = (bytes[payload + 2] as number) >= 0x80;
		if (isResponse) {
			if (fromServer === 0) return this.foreign(Foreign.Direction);
			readPeer(bytes, datagram.destination, datagram.isIpv4, seen);
			seen.peerPort = datagram.destinationPort;
			seen.server = fromServer - 1;
			return this.readResponse(bytes, payload, payloadEnd);
		}
		if (toServer === 0) return this.foreign(Foreign.Direction);
		readPeer(bytes, datagram.source, datagram.isIpv4, seen);
		seen.peerPort = datagram.sourcePort;
		seen.server = toServer - 1;
		return this.readQuery(bytes, payload, payloadEnd);
	}

	/** A message with QR=0 to a server. The order of the tests is dnstt-server's. */
	private readQuery(bytes: Uint8Array, message: number, end: number): Outcome {
		const { seen, question } = this;
		if (end - message > queryBytesMax) return this.fault(Fault.DnsTooLong);
		const fault = this.readQuestion(bytes, message, end);
		if (fault !== 0) return this.fault(fault);
		const labels = this.domains.match(question, seen);
		const refusal = this.readRecords(bytes, message, question.end + 4, end);
		if (labels < 0) return refusal === Refusal.Malformed ? Outcome.Fault : this.foreign(Foreign.Domain);
		if (refusal !== 0) return this.refused(refusal);
		if (((bytes[message + 2] as number) & 0x78) !== 0) return this.refused(Refusal.Opcode);
		if (questionType(bytes, question) !== typeTxt) return this.refused(Refusal.Qtype);
		const unread = this.tunnel.readClientId(question, labels, seen);
		if (unread !== 0) return this.refused(unread);
		seen.packets = 0;
		seen.packetBytes = 0;
		seen.segments.clear();
		this.tunnel.readUpstream(seen);
		return Outcome.Query;
	}

	/**
	 * A message with QR=1 from a server. Its question makes it count; what is wrong behind the question (the server cuts
	 * a response that is too long) takes nothing but the payload away.
	 */
	private readResponse(bytes: Uint8Array, message: number, end: number): Outcome {
		const { seen, question, record } = this;
		const fault = this.readQuestion(bytes, message, end);
		if (fault !== 0) return this.fault(fault);
		const labels = this.domains.match(question, seen);
		if (labels < 0) return this.foreign(Foreign.Domain);
		if (questionType(bytes, question) !== typeTxt) return this.foreign(Foreign.Response);
		if (this.tunnel.readClientId(question, labels, seen) !== 0) return this.foreign(Foreign.Response);
		seen.truncated = ((bytes[message + 2] as number) & 0x02) !== 0;
		seen.rcode = (bytes[message + 3] as number) & 0x0f;
		seen.packets = 0;
		seen.packetBytes = 0;
		seen.segments.clear();
		const answers = ((bytes[message + 6] as number) << 8) | (bytes[message + 7] as number);
		if (
			answers !== 0 &&
			record.read(bytes, message, question.end + 4, end, question) === 0 &&
			record.type === typeTxt
		) {
			this.tunnel.readDownstream(bytes, record.data, record.end, seen);
		}
		return Outcome.Response;
	}

	/** Reads the header's count and the question's name; 0 or the Fault. RFC 1035, 4.1.1 and 4.1.2. */
	private readQuestion(bytes: Uint8Array, message: number, end: number): Fault | 0 {
		if (bytes[message + 4] !== 0 || bytes[message + 5] !== 1) return Fault.DnsQuestionCount;
		const fault = this.question.read(bytes, message, message + headerBytes, end);
		if (fault !== 0) return fault;
		return this.question.end + 4 > end ? Fault.DnsTruncated : 0;
	}

	/**
	 * Reads all records of a query, which must end where the message does, and the OPT record among the additional ones:
	 * at most one, version 0 (RFC 6891, 6.1.1 and 6.1.3). Gives 0, or why the query is refused, then with `seen.fault`.
	 */
	private readRecords(bytes: Uint8Array, message: number, start: number, end: number): Refusal | 0 {
		const { seen, record } = this;
		const inFront =
			(((bytes[message + 6] as number) << 8) | (bytes[message + 7] as number)) +
			(((bytes[message + 8] as number) << 8) | (bytes[message + 9] as number));
		const total = inFront + (((bytes[message + 10] as number) << 8) | (bytes[message + 11] as number));
		let at = start;
		let options = 0;
		let version = 0;
		seen.ednsBytes = 0;
		for (let index = 0; index < total; index++) {
			const fault = record.read(bytes, message, at, end, this.question);
			if (fault !== 0) {
				seen.fault = fault;
				return Refusal.Malformed;
			}
			at = record.end;
			if (index >= inFront && record.type === typeOpt) {
				options++;
				version |= record.version;
				seen.ednsBytes = record.class;
			}
		}
		if (at !== end) {
			seen.fault = Fault.DnsTrailingBytes;
			return Refusal.Malformed;
		}
		return options > 1 || version !== 0 ? Refusal.Opt : 0;
	}

	private fault(fault: Fault): Outcome {
		this.seen.fault = fault;
		return Outcome.Fault;
	}

	private foreign(reason: Foreign): Outcome {
		this.seen.foreign = reason;
		return Outcome.Foreign;
	}

	private refused(reason: Refusal): Outcome {
		this.seen.refusal = reason;
		return Outcome.Refused;
	}
}

/** QTYPE stands behind the question's name in the message, wherever the name's labels are. */
function questionType(bytes: Uint8Array, question: Name): number {
	return ((bytes[question.end] as number) << 8) | (bytes[question.end + 1] as number);
}
