import { segmentHeaderBytes } from "../shared/wire.ts";
import { EncodedText } from "./encodedtext.ts";

/**
 * VayDNS's format: after the client id a length byte and a packet of that length, until the end. A query that carries data holds
 * one packet; a poll holds 4 random bytes, which the server reads in the same way: KCP drops what is shorter than its header.
 */
export function readVaydnsPackets(text: EncodedText, clientIdBytes: u32): void {
	const end = text.bytes;
	let at = clientIdBytes;
	while (at < end) {
		const length = text.byteAt(at);
		at++;
		if (length > end - at) return;
		if (length >= segmentHeaderBytes) text.readPacket(at, at + length);
		at += length;
	}
}

/** Whether the text is that of a VayDNS client which sends data, with an id of this size: one packet of segments. */
export function looksLikeVaydns(text: EncodedText, clientIdBytes: u32): bool {
	const at = clientIdBytes + 1;
	return at < text.bytes && text.byteAt(clientIdBytes) === text.bytes - at && text.isPacket(at, text.bytes);
}
