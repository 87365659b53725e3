/** Where the payload of a response stands in its records, for each record type that can carry it. */

import { Fault } from "../shared/fault.ts";
import { RecordType } from "../shared/wire.ts";
import { u16At } from "./bytes.ts";
import { PayloadCursor } from "./cursor.ts";
import { Header, Name, nameBytes, ResourceRecord } from "./dns.ts";
import { EncodedText } from "./encodedtext.ts";
import { Tunnel } from "./tunnel.ts";

/** The payload that was found last. */
export const payload: PayloadCursor = changetype<PayloadCursor>(memory.data(offsetof<PayloadCursor>(), 8));

const record: ResourceRecord = changetype<ResourceRecord>(memory.data(offsetof<ResourceRecord>(), 8));
const target: Name = changetype<Name>(memory.data(nameBytes, 8));
const text: EncodedText = changetype<EncodedText>(memory.data(offsetof<EncodedText>(), 8));

/** Bytes that are joined or decoded: those of all addresses in a message of 65,535 bytes are fewer. */
const joined: usize = memory.data(65_536, 8);

/**
 * Finds the payload in the answers of a response, whose first one stands at `answers`; false if they hold none. Only addresses
 * take several answers: of all other types, as servers send one, the first counts.
 */
export function findPayload(header: Header, question: Name, answers: usize, end: usize, tunnel: Tunnel): bool {
	if (header.ancount === 0) return false;
	const recordType = tunnel.recordType;
	if (recordType === RecordType.A) return joinAddresses(header, question, answers, end, recordType, 4);
	if (recordType === RecordType.Aaaa) return joinAddresses(header, question, answers, end, recordType, 16);
	if (record.read(header.message, answers, end, question) !== Fault.None || record.type !== recordType) return false;
	switch (recordType) {
		case RecordType.Txt:
			payload.openStrings(record.rdata, record.end);
			return true;
		case RecordType.Null:
			payload.openBytes(record.rdata, record.end);
			return true;
		case RecordType.Caa:
			return findCaaValue();
		case RecordType.Mx:
			// Preference. RFC 1035, 3.3.9.
			return decodeName(header.message, record.rdata + 2, end, tunnel);
		case RecordType.Srv:
			// Priority, weight and port. RFC 2782.
			return decodeName(header.message, record.rdata + 6, end, tunnel);
		default:
			// CNAME and NS. RFC 1035, 3.3.1 and 3.3.11.
			return decodeName(header.message, record.rdata, end, tunnel);
	}
}

/** RFC 8659, 4.1: flags, length of the tag, tag, value. */
function findCaaValue(): bool {
	if (record.end - record.rdata < 2) return false;
	const value = record.rdata + 2 + load<u8>(record.rdata, 1);
	if (value > record.end) return false;
	payload.openBytes(value, record.end);
	return true;
}

/** The payload is the base32 text before the tunnel's domain of the name at `at`, with which the record must end. */
function decodeName(message: usize, at: usize, end: usize, tunnel: Tunnel): bool {
	if (target.read(message, at, end) !== Fault.None || target.end !== record.end) return false;
	if (!tunnel.isEndOf(target) || !text.read(target, tunnel.labelsBefore(target))) return false;
	for (let offset: u32 = 0; offset < text.bytes; offset++) store<u8>(joined + offset, text.byteAt(offset));
	payload.openBytes(joined, joined + text.bytes);
	return true;
}

/**
 * The payload is the addresses of all answers, joined: its length, 16 bits big-endian, itself, and zeros to the end of the last
 * address. Clients take nothing from a length that is more than there is, nor from answers of which one is of another type.
 */
function joinAddresses(
	header: Header,
	question: Name,
	answers: usize,
	end: usize,
	recordType: RecordType,
	addressBytes: u32,
): bool {
	let at = answers;
	let to = joined;
	for (let index: u32 = 0; index < header.ancount; index++) {
		if (record.read(header.message, at, end, question) !== Fault.None || record.type !== recordType) return false;
		if (record.end - record.rdata !== addressBytes) return false;
		memory.copy(to, record.rdata, addressBytes);
		to += addressBytes;
		at = record.end;
	}
	const bytes = u16At(joined);
	if (joined + 2 + bytes > to) return false;
	payload.openBytes(joined + 2, joined + 2 + bytes);
	return true;
}
