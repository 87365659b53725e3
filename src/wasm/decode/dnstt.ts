import { clientIdBytes, paddingPrefix } from "../shared/wire.ts";
import { EncodedText } from "./encodedtext.ts";

/**
 * dnstt's format: after the client id of 8 bytes a prefix byte and what it announces, until the end: below paddingPrefix a
 * packet of that length, from there on padding. A query that carries data holds one packet, a poll none.
 */
export function readDnsttPackets(text: EncodedText): void {
	const end = text.bytes;
	let at: u32 = clientIdBytes;
	while (at < end) {
		const prefix = text.byteAt(at);
		at++;
		if (prefix >= paddingPrefix) {
			at += prefix - paddingPrefix;
			continue;
		}
		if (prefix > end - at) return;
		text.readPacket(at, at + prefix);
		at += prefix;
	}
}

/** Whether the text is that of a dnstt client which sends data: padding, as clients always put there, and one packet of segments. */
export function looksLikeDnstt(text: EncodedText): bool {
	const end = text.bytes;
	let at: u32 = clientIdBytes;
	while (at < end) {
		const prefix = text.byteAt(at);
		at++;
		if (prefix < paddingPrefix) return at > clientIdBytes + 1 && prefix === end - at && text.isPacket(at, end);
		at += prefix - paddingPrefix;
	}
	return false;
}
