import { byteAt, bytesIn, dropSkipped, groupInvalid, groupOf, groupSkipped } from "./base32.ts";
import type { Name } from "./dns.ts";
import { Refusal } from "./fault.ts";
import { segmentHeaderBytes } from "./kcp.ts";
import type { Observation } from "./observation.ts";
import { TextCursor } from "./txt.ts";

const clientIdBytes = 8;
/** A prefix byte from here on is so many bytes of padding, below it the length of a packet. */
const paddingPrefix = 0xe0;

/**
 * What dnstt puts into names and TXT records. One object serves for all messages; readUpstream speaks of the name that
 * readClientId read last.
 */
export class Tunnel {
	/** The 5-bit groups of a name; 255 octets hold fewer than 255, and byteAt may look two behind the last. */
	private readonly groups = new Uint8Array(257);
	private groupCount = 0;
	private readonly header = new Uint8Array(segmentHeaderBytes);
	private readonly text = new TextCursor();

	/**
	 * Reads the client id from the first `labels` labels of a name into `seen`, as dnstt-server does: joined,
	 * upper-cased, base32 without padding. Gives 0, or why the server refuses it.
	 */
	readClientId(name: Name, labels: number, seen: Observation): Refusal | 0 {
		const bytes = name.bytes;
		const groups = this.groups;
		let count = 0;
		let marks = 0;
		for (let label = 0; label < labels; label++) {
			const start = (name.labelAt[label] as number) + 1;
			const end = start + (bytes[start - 1] as number);
			for (let at = start; at < end; at++) {
				const group = groupOf[bytes[at] as number] as number;
				marks |= group;
				groups[count++] = group;
			}
		}
		if (marks >= groupSkipped) {
			if ((marks & groupInvalid) !== 0) return Refusal.Base32;
			count = dropSkipped(groups, count);
		}
		this.groupCount = count;
		// 8 bytes are 13 groups; 14 hold fewer, since their last 6 are dropped.
		if (count < 13 || bytesIn(count) < clientIdBytes) return Refusal.TooShort;
		const middle = groups[6] as number;
		const last = groups[12] as number;
		seen.idHigh =
			((groups[0] as number) << 27) |
			((groups[1] as number) << 22) |
			((groups[2] as number) << 17) |
			((groups[3] as number) << 12) |
			((groups[4] as number) << 7) |
			((groups[5] as number) << 2) |
			(middle >> 3);
		seen.idLow =
			(middle << 29) |
			((groups[7] as number) << 24) |
			((groups[8] as number) << 19) |
			((groups[9] as number) << 14) |
			((groups[10] as number) << 9) |
			((groups[11] as number) << 4) |
			(last >> 1);
		return 0;
	}

	/** Reads the packets behind the client id: one when the query carries data, none in a poll. */
	readUpstream(seen: Observation): void {
		const groups = this.groups;
		const total = bytesIn(this.groupCount);
		let at = clientIdBytes;
		while (at < total) {
			const prefix = byteAt(groups, at++);
			if (prefix >= paddingPrefix) {
				at += prefix - paddingPrefix;
				continue;
			}
			if (prefix > total - at) return;
			seen.packets++;
			seen.packetBytes += prefix;
			this.readUpstreamSegments(at, at + prefix, seen);
			at += prefix;
		}
	}

	private readUpstreamSegments(start: number, end: number, seen: Observation): void {
		const { groups, header } = this;
		let at = start;
		while (end - at >= segmentHeaderBytes) {
			for (let index = 0; index < segmentHeaderBytes; index++) header[index] = byteAt(groups, at + index);
			const dataBytes = seen.segments.add(header, end - at - segmentHeaderBytes);
			if (dataBytes < 0) break;
			at += segmentHeaderBytes + dataBytes;
		}
		if (at !== end) seen.segments.broken++;
	}

	/** Reads the packets of an answer whose TXT RDATA is bytes[start..end): each behind its length, 16 bits big-endian. */
	readDownstream(bytes: Uint8Array, start: number, end: number, seen: Observation): void {
		const text = this.text;
		text.open(bytes, start, end);
		for (;;) {
			const high = text.next();
			const low = text.next();
			if (low < 0) return;
			const packetBytes = (high << 8) | low;
			seen.packets++;
			seen.packetBytes += packetBytes;
			if (!this.readDownstreamSegments(packetBytes, seen)) {
				seen.segments.broken++;
				return;
			}
		}
	}

	/** Steps over one packet and reads its segments; false when it breaks off, or its segments do. */
	private readDownstreamSegments(packetBytes: number, seen: Observation): boolean {
		const { text, header } = this;
		let left = packetBytes;
		while (left >= segmentHeaderBytes) {
			if (!text.copy(header, segmentHeaderBytes)) return false;
			left -= segmentHeaderBytes;
			const dataBytes = seen.segments.add(header, left);
			if (dataBytes < 0 || !text.skip(dataBytes)) return false;
			left -= dataBytes;
		}
		return left === 0;
	}
}
