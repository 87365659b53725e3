import type { Fault, Foreign, Refusal } from "./fault.ts";
import { Segments } from "./kcp.ts";

/**
 * What the decoder read from one frame. One object serves for all frames: its fields hold until the next decode, and
 * those of a layer that was not reached keep what an earlier frame left there. Addresses and ids are 32-bit words
 * (signed, as JavaScript's bit operations give them), most significant first.
 */
export class Observation {
	/** Why it does not count. Outcome.Fault: */
	fault: Fault = 0 as Fault;
	/** Outcome.Foreign: */
	foreign: Foreign = 0 as Foreign;
	/** Outcome.Refused: */
	refusal: Refusal = 0 as Refusal;

	/** Which interface (LINUX_SLL2) or packet type plus 1 (LINUX_SLL) showed the frame; 0 for other link types. */
	capturePoint = 0;

	/** The resolver: source of a query, destination of a response. IPv4 as IPv4-mapped IPv6 (RFC 4291, 2.5.5.2). */
	peer0 = 0;
	peer1 = 0;
	peer2 = 0;
	peer3 = 0;
	peerPort = 0;
	/** Place of the server's port in the decoder's list. */
	server = 0;

	/** Length of the DNS message, in bytes: the UDP payload, without padding behind the datagram. */
	messageBytes = 0;
	/** The DNS header's ID. */
	messageId = 0;
	/** Index of the tunnel's domain in the decoder's list. Query, Response and Refused. */
	domain = 0;

	/** The client id. Query and Response. */
	idHigh = 0;
	idLow = 0;

	/** UDP payload size that the OPT record advertises (RFC 6891, 6.2.3); 0 without OPT. Query. */
	ednsBytes = 0;
	/** RCODE and TC of the header. Response. */
	rcode = 0;
	truncated = false;

	/** Tunnelled packets and their bytes, and the KCP segments in them. Query and Response. */
	packets = 0;
	packetBytes = 0;
	readonly segments: Segments = new Segments();
}
