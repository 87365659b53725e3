import { Fault, Lookalike, Refusal, Unrelated } from "../shared/fault.ts";
import { RecordType } from "../shared/wire.ts";
import { Direction } from "./direction.ts";

/**
 * The result of decoding one frame. One object serves for all frames: its fields hold until the next decode, and those
 * of a layer that was not reached keep an earlier frame's values. Addresses and ids are 32-bit words, most significant
 * first.
 */
@unmanaged
export class Observation {
	/** Why it does not count. Outcome.Fault: */
	fault: Fault;
	/** Outcome.Unrelated: */
	unrelated: Unrelated;
	/** Outcome.Refused: */
	refusal: Refusal;

	/** The interface that captured the frame (LINUX_SLL2), or the packet type plus 1 (LINUX_SLL); 0 for other link types. */
	interfaceIndex: u32;
	direction: Direction;

	/** The resolver: source of a query, destination of a response. IPv4 as IPv4-mapped IPv6 (RFC 4291, 2.5.5.2). */
	resolver0: u32;
	resolver1: u32;
	resolver2: u32;
	resolver3: u32;
	resolverPort: u32;
	/** fingerprint.ts: of the name, the server's address and port, and the frame. Query, Response and Refused. */
	nameHash: u32;
	serverHash: u32;
	frameHash: u32;

	/** Length of the DNS message in bytes: the UDP payload. */
	messageBytes: u32;
	messageId: u32;
	/** Index of the tunnel's domain in the decoder's list. Query, Response and Refused. */
	domain: u32;

	/** The client id. Query, Response, and Refused for its EDNS size, where it is 0 if the query has none. */
	idHigh: u32;
	idLow: u32;

	/** UDP payload size in the OPT record (RFC 6891, 6.2.3); 0 without OPT. Query and Refused. */
	ednsBytes: u32;
	/** The header's RCODE, its number of answers, and TC. Response; the first two also of Unrelated.Response. */
	rcode: u32;
	answers: u32;
	truncated: u32;

	/** Tunnelled packets and their bytes. Query and Response; kcp.ts has the KCP segments in them. */
	packets: u32;
	packetBytes: u32;

	/** Which other tunnel's client seems to have sent it, and with which QTYPE. Query and Refused. */
	lookalike: Lookalike;
	lookalikeType: RecordType;
}

/** The observation of the frame that was decoded last. */
export const observation: Observation = changetype<Observation>(memory.data(offsetof<Observation>(), 64));
