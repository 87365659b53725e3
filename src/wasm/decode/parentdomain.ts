/** Detects that a tunnel's domain is one label longer than the configured one, by queries that carry data. */

import { Lookalike } from "../shared/fault.ts";
import { Name } from "./dns.ts";
import { EncodedText } from "./encodedtext.ts";
import { lookalikeOf } from "./lookalike.ts";

/** RFC 1035, 2.3.4. */
const labelBytesMax: u32 = 63;
/** Of a text in full labels the last one is seldom shorter, and the labels of tunnels' domains seldom longer. */
const shortLabelBytes: u32 = 8;

const text: EncodedText = changetype<EncodedText>(memory.data(offsetof<EncodedText>(), 8));

/** Address of the length octet of the label that belongs to the tunnel's domain; 0 if the last query shows none. */
export let domainLabel: usize = 0;
/** Which client's such a query seems to be. */
export let labelledLookalike: Lookalike = Lookalike.None;

export function clearDomainLabel(): void {
	domainLabel = 0;
}

/**
 * Looks at a query whose name has `labels` labels before the configured domain: whether its text without the last label is that of
 * a client. Without its last characters no text has the lengths that lookalikeOf wants. To cost nothing for most queries, it is tried
 * only where the last label seems not to be text: clients put text into full labels, only the last of which is shorter.
 */
export function findDomainLabel(question: Name, labels: u32, qtype: u32): void {
	if (labels < 2) return;
	const full: u32 = labels === 2 ? labelBytesMax : load<u8>(question.labelAt(0));
	const last = question.labelAt(labels - 1);
	if (load<u8>(question.labelAt(labels - 2)) >= full && load<u8>(last) > shortLabelBytes) return;
	if (!isHostLabel(last) || !text.read(question, labels - 1)) return;
	labelledLookalike = lookalikeOf(text, qtype);
	if (labelledLookalike !== Lookalike.None) domainLabel = last;
}

/** Letters, digits, - and _: what a configured domain may hold, and no more is shown to anyone. */
function isHostLabel(at: usize): bool {
	const end = at + 1 + load<u8>(at);
	for (let next = at + 1; next < end; next++) {
		const octet = load<u8>(next) as u32;
		const isLetter = (octet | 0x20) - 0x61 < 26;
		if (!isLetter && octet - 0x30 >= 10 && octet !== 0x2d && octet !== 0x5f) return false;
	}
	return true;
}
