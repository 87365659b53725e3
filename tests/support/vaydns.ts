/** VayDNS messages for the tests: queries, and responses of every record type. Pure functions. */
import type { RecordTypeName } from "../../src/tunnel.ts";
import {
	base32,
	dnsMessage,
	dnsQuery,
	encodeName,
	namePointer,
	optRecord,
	type Question,
	type ResourceRecord,
	txtData,
} from "./messages.ts";
import { concatBytes } from "./pcapfile.ts";

/** IANA's numbers. */
export const typeNumbers: Readonly<Record<RecordTypeName, number>> = {
	...{ a: 1, ns: 2, cname: 5, null: 10, mx: 15, txt: 16, aaaa: 28, srv: 33, caa: 257 },
};

/** What stands in a query's name once decoded: the client id, and packets after their lengths; without packets 4 random bytes, as of a poll. */
export function vaydnsPayload(
	clientId: Uint8Array,
	packets: readonly Uint8Array[] = [],
	nonce = Uint8Array.of(200, 1, 2, 3),
): Uint8Array {
	if (packets.length === 0) return concatBytes([clientId, nonce]);
	return concatBytes([clientId, ...packets.flatMap((packet) => [Uint8Array.of(packet.length), packet])]);
}

/** Bytes in base32, in labels of at most 63 characters, under a domain. */
export function base32Name(bytes: Uint8Array, domain: string): string {
	const labels =
		base32(bytes)
			.toLowerCase()
			.match(/.{1,63}/g) ?? [];
	return [...labels, domain].join(".");
}

export interface VaydnsQueryOptions {
	readonly clientId: Uint8Array;
	readonly packets?: readonly Uint8Array[];
	readonly recordType?: RecordTypeName;
	readonly domain?: string;
	readonly id?: number;
	readonly ednsBytes?: number | null;
}

export function vaydnsQuery(options: VaydnsQueryOptions): Uint8Array {
	const { clientId, packets, recordType = "txt", domain = "t.example.com", ...others } = options;
	return dnsQuery({
		...others,
		name: base32Name(vaydnsPayload(clientId, packets), domain),
		type: typeNumbers[recordType],
	});
}

/** The RDATA of all answers that carry a payload. */
export function answerData(recordType: RecordTypeName, payload: Uint8Array, domain: string): Uint8Array[] {
	const name = () => encodeName(base32Name(payload, domain));
	switch (recordType) {
		case "txt":
			return [txtData(payload)];
		case "null":
			return [payload];
		case "caa":
			return [concatBytes([Uint8Array.of(0, 5), Buffer.from("issue"), payload])];
		case "cname":
		case "ns":
			return [name()];
		case "mx":
			return [concatBytes([new Uint8Array(2), name()])];
		case "srv":
			return [concatBytes([new Uint8Array(6), name()])];
		case "a":
		case "aaaa": {
			const size = recordType === "a" ? 4 : 16;
			const bytes = concatBytes([Uint8Array.of(payload.length >> 8, payload.length & 255), payload]);
			return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => {
				const address = new Uint8Array(size);
				address.set(bytes.subarray(index * size, (index + 1) * size));
				return address;
			});
		}
	}
}

/** Packets, each after its length of 16 bits. */
export function downstreamPayload(packets: readonly Uint8Array[]): Uint8Array {
	return concatBytes(packets.flatMap((packet) => [Uint8Array.of(packet.length >> 8, packet.length & 255), packet]));
}

/** The server's response to `query`, whose one question has no pointers, with these answers, or with those that carry the packets. */
export function vaydnsResponse(
	query: Uint8Array,
	recordType: RecordTypeName,
	packets: readonly Uint8Array[] | { readonly answers: readonly ResourceRecord[] },
	domain = "t.example.com",
): Uint8Array {
	const view = new DataView(query.buffer, query.byteOffset, query.byteLength);
	let end = 12;
	while ((query[end] ?? 0) !== 0) end += 1 + (query[end] ?? 0);
	const question: Question = { name: query.subarray(12, end + 1), type: view.getUint16(end + 1) };
	const answers =
		"answers" in packets
			? packets.answers
			: answerData(recordType, downstreamPayload(packets), domain).map((data) => ({
					...{ name: namePointer(12), type: typeNumbers[recordType], data },
				}));
	return dnsMessage({
		id: view.getUint16(0),
		flags: 0x8400,
		questions: [question],
		answers,
		additional: [optRecord(1_232)],
	});
}
