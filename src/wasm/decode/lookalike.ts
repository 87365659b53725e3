/** Detects that a domain's traffic is of another format, id size or record type than its tunnel has, by queries that carry data. */

import { Lookalike } from "../shared/fault.ts";
import { clientIdBytes, payloadTypeIndex, RecordType, segmentHeaderBytes } from "../shared/wire.ts";
import { looksLikeDnstt } from "./dnstt.ts";
import { EncodedText } from "./encodedtext.ts";
import { observation } from "./observation.ts";
import { looksLikeVaydns } from "./vaydns.ts";

/**
 * Which tunnel's client a query of this type seems to come from, its text read before. The length of the text, that of the
 * packet and those of its segments must agree: of random texts one in 2^40 has such a length, command and data length.
 */
export function lookalikeOf(text: EncodedText, qtype: u32): Lookalike {
	// The least is an id of 1 byte, a length and a bare segment; polls are shorter.
	if (text.bytes < 2 + segmentHeaderBytes || payloadTypeIndex(qtype) === 0) return Lookalike.None;
	observation.lookalikeType = qtype;
	if (qtype === RecordType.Txt && looksLikeDnstt(text)) return Lookalike.Dnstt;
	for (let bytes: u32 = 1; bytes <= clientIdBytes; bytes++) {
		if (looksLikeVaydns(text, bytes)) return Lookalike.Vaydns + bytes - 1;
	}
	return Lookalike.None;
}
