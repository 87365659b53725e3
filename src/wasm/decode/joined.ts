/**
 * Detects frames into which the kernel joined several datagrams of one flow, one payload after another: UDP GRO, which forwarding
 * hosts switch on, the same in TUN devices, and segmentation that is left to the device. IP and UDP lengths are those of the whole,
 * and nothing in the frame says that it was joined.
 */

import { Fault } from "../shared/fault.ts";
import { headerBytes } from "../shared/wire.ts";
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
	// The first as well: a pointer in it may have led into the second.
	for (let at = message; at < end; at += bytes) {
		const pieceEnd = min<usize>(at + bytes, end);
		if (endOfMessage(at, pieceEnd) !== pieceEnd) return 0;
	}
	return bytes as u32;
}

/** Returns the address where the records of the message at `message` end, which is `limit` at most; 0 if they are malformed. */
function endOfMessage(message: usize, limit: usize): usize {
	if (limit < message + headerBytes) return 0;
	const header = changetype<Header>(message);
	if (header.qdcount !== 1) return 0;
	beginMessage(false);
	if (question.read(message, message + headerBytes, limit) !== Fault.None) return 0;
	return endOfRecords(header, question, limit);
}

/** The same of a message whose question was read. */
export function endOfRecords(header: Header, name: Name, limit: usize): usize {
	// QTYPE and QCLASS.
	let at = name.end + 4;
	if (at > limit) return 0;
	const total = header.ancount + header.nscount + header.arcount;
	for (let index: u32 = 0; index < total; index++) {
		if (record.read(header.message, at, limit, name) !== Fault.None) return 0;
		at = record.end;
	}
	return at;
}
