/**
 * Detects frames into which the kernel joined several datagrams of one flow, one payload after another: UDP GRO, which forwarding
 * hosts switch on, the same in TUN devices, and segmentation that is left to the device. IP and UDP lengths are those of the whole,
 * and nothing in the frame says that it was joined.
 */

import { Fault } from "../shared/fault.ts";
import { headerBytes } from "../shared/wire.ts";
import { u16At } from "./bytes.ts";
import { beginMessage, Header, Name, nameBytes, ResourceRecord } from "./dns.ts";

const question: Name = changetype<Name>(memory.data(nameBytes, 8));
const record: ResourceRecord = changetype<ResourceRecord>(memory.data(offsetof<ResourceRecord>(), 8));

/**
 * Returns the length of each joined message in [message..end), the last of which may be shorter; 0 if the kernel joined none. What
 * distinguishes them from one message with bytes left over: the kernel joins datagrams of one length, so every stretch of the first
 * message's length, and the rest, must be a message whose records end exactly where it does. A sender who puts just that
 * into one datagram cannot be distinguished, and counts as if it had sent them singly. The first ends at `limit` at the latest.
 */
export function joinedMessageBytes(message: usize, end: usize, limit: usize): u32 {
	const firstEnd = endOfMessage(message, limit);
	if (firstEnd === 0 || firstEnd === end) return 0;
	const bytes = firstEnd - message;
	for (let at = firstEnd; at < end; at += bytes) {
		const pieceEnd = min<usize>(at + bytes, end);
		if (endOfMessage(at, pieceEnd) !== pieceEnd) return 0;
	}
	// A pointer in the first may have led into the second.
	return endOfMessage(message, firstEnd) === firstEnd ? (bytes as u32) : 0;
}

/** QDCOUNT, ANCOUNT, NSCOUNT and ARCOUNT of a question, an answer, and OPT, as they stand in memory. */
const plainCounts: u64 = 0x0100_0000_0100_0100;
/** RFC 6891, 6.1.2: an OPT record without options. */
const optBytes: usize = 11;

/**
 * Whether a response whose question was read is what servers send to a single query, and ends where its datagram does: an answer that points
 * to the question, and OPT. Nothing but speed depends on it: all other responses are looked at closely.
 */
export function isPlainResponse(header: Header, name: Name, end: usize): bool {
	const answer = name.end + 4;
	if (load<u64>(header.message, 4) !== plainCounts || answer + 12 > end) return false;
	return u16At(answer) === 0xc00c && answer + 12 + u16At(answer + 10) + optBytes === end;
}

/** Returns the address where the records of the message at `message` end, which is `limit` at most; 0 if they are malformed. */
function endOfMessage(message: usize, limit: usize): usize {
	if (limit < message + headerBytes) return 0;
	const header = changetype<Header>(message);
	if (header.qdcount !== 1) return 0;
	beginMessage(false);
	if (question.read(message, message + headerBytes, limit) !== Fault.None) return 0;
	// QTYPE and QCLASS.
	let at = question.end + 4;
	if (at > limit) return 0;
	const total = header.ancount + header.nscount + header.arcount;
	for (let index: u32 = 0; index < total; index++) {
		if (record.read(message, at, limit, question) !== Fault.None) return 0;
		at = record.end;
	}
	return at;
}
