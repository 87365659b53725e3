import { SegmentFault } from "../shared/fault.ts";
import { commandAt, conversationAt, dataBytesAt, segmentHeaderBytes, sequenceAt, stampAt } from "../shared/wire.ts";
import { PayloadCursor } from "./cursor.ts";
import { segments } from "./kcp.ts";
import { observation } from "./observation.ts";

/**
 * Reads the packets of a response's payload into the observation, in every format: each after its length, 16 bits big-endian.
 * The last packet of a partial payload counts with the length that it announces, and with the segments that are there.
 */
export function readDownstream(payload: PayloadCursor, isPartial: bool): void {
	for (;;) {
		const high = payload.next();
		const low = payload.next();
		if (low < 0) return;
		const packetBytes = (high << 8) | low;
		const fault = readPacket(payload, packetBytes);
		const isCut = payload.hasEnded && isPartial;
		if (fault !== SegmentFault.None && !isCut) segments.malformed++;
		if (payload.hasEnded && !isCut) return;
		observation.packets++;
		observation.packetBytes += packetBytes;
	}
}

/** Reads one packet, after which the payload goes on with the next, or has ended in it. */
function readPacket(payload: PayloadCursor, packetBytes: u32): SegmentFault {
	let left = packetBytes;
	while (left >= segmentHeaderBytes) {
		if (!payload.take(segmentHeaderBytes)) return SegmentFault.Format;
		left -= segmentHeaderBytes;
		const header = payload.taken;
		const dataBytes = load<u32>(header + dataBytesAt);
		const fault = segments.add(
			load<u32>(header + conversationAt),
			load<u8>(header + commandAt),
			load<u32>(header + stampAt),
			load<u32>(header + sequenceAt),
			dataBytes,
			left,
		);
		if (fault !== SegmentFault.None) {
			payload.skip(left);
			return fault;
		}
		if (!payload.skip(dataBytes)) return SegmentFault.Format;
		left -= dataBytes;
	}
	if (left === 0) return SegmentFault.None;
	payload.skip(left);
	return SegmentFault.Format;
}
