/**
 * Recognises tunnels under any domain and on any port. The name of a query that carries data shows where its text ends: only there do
 * the lengths of the text, its packet and its segments agree (lookalike.ts), so the labels after it are the domain.
 */

import { Fault, Lookalike, Unrelated } from "../shared/fault.ts";
import { LinkType } from "../shared/linktype.ts";
import { headerBytes } from "../shared/wire.ts";
import { u16At } from "./bytes.ts";
import { linkType } from "./decoder.ts";
import { Direction } from "./direction.ts";
import { beginMessage, Header, Name, nameBytes } from "./dns.ts";
import { EncodedText } from "./encodedtext.ts";
import { Datagram } from "./ip.ts";
import { LinkHeader } from "./link.ts";
import { lookalikeOf } from "./lookalike.ts";
import { observation } from "./observation.ts";

const link: LinkHeader = changetype<LinkHeader>(memory.data(offsetof<LinkHeader>(), 8));
const datagram: Datagram = changetype<Datagram>(memory.data(offsetof<Datagram>(), 8));
const question: Name = changetype<Name>(memory.data(nameBytes, 8));
const text: EncodedText = changetype<EncodedText>(memory.data(offsetof<EncodedText>(), 8));

/** What the query of the frame that was read last seems to be of; unless that is None, the others hold. */
let lookalike: Lookalike = Lookalike.None;
let domainStart: usize = 0;

export function sightedLookalike(): Lookalike {
	return lookalike;
}

/** The record type that it asked for. */
export function sightedType(): u32 {
	return observation.lookalikeType;
}

/** The port that it was sent to. */
export function sightedPort(): u32 {
	return datagram.destinationPort;
}

/** The interface that captured it; 0 where the link header names none. */
export function sightedInterface(): u32 {
	return linkType === LinkType.LINUX_SLL2 ? observation.interfaceIndex : 0;
}

/** The domain in wire form without the closing zero: its address, and its length in octets. */
export function sightedDomain(): usize {
	return domainStart;
}

export function sightedDomainOctets(): u32 {
	return (question.zeroAt - domainStart) as u32;
}

/** Whether the frame [at..end) holds a DNS message with one question, of whatever domain and port. Counts nothing. */
export function readAnyMessage(at: usize, end: usize): bool {
	lookalike = Lookalike.None;
	if (link.read(linkType, at, end) !== Fault.None || link.unrelated !== Unrelated.None) return false;
	if (datagram.read(link.packet, end) !== Fault.None || datagram.unrelated !== Unrelated.None) return false;
	const message = datagram.payload;
	const messageEnd = datagram.payloadEnd;
	if (messageEnd < message + headerBytes) return false;
	const header = changetype<Header>(message);
	if (header.qdcount !== 1) return false;
	beginMessage(datagram.isPartial);
	if (question.read(message, message + headerBytes, messageEnd) !== Fault.None) return false;
	if (question.end + 4 > messageEnd) return false;
	// A query that leaves this host is for another host's server.
	const isForServer = !header.isResponse && header.opcode === 0 && observation.direction !== Direction.Outgoing;
	if (isForServer) findDomain(u16At(question.end));
	return true;
}

/** With a label more the text may decode to the same bytes: the fewest labels hold the text as its client wrote it. */
function findDomain(qtype: u32): void {
	for (let labels: u32 = 1; labels < question.count; labels++) {
		if (!text.read(question, labels)) return;
		lookalike = lookalikeOf(text, qtype);
		if (lookalike === Lookalike.None) continue;
		domainStart = question.labelAt(labels);
		return;
	}
}
