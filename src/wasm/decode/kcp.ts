import { SegmentFault } from "../shared/fault.ts";

export const segmentPush: u32 = 81;
export const segmentAck: u32 = 82;
const segmentWindowTell: u32 = 84;

/** Whether a segment can have this command. */
export function isCommand(command: u32): bool {
	return command >= segmentPush && command <= segmentWindowTell;
}

/**
 * The most segments of one message that are kept. A response at a server's usual limit of 1,232 bytes holds 51 bare
 * headers, one of 4,096 bytes holds 170; more in one message is a fault.
 */
export const segmentsMax: u32 = 256;

/** The fields of a KCP segment that the tracker needs; wire.ts has the layout. */
@unmanaged
export class Segment {
	conversation: u32;
	command: u32;
	stampMs: u32;
	sequence: u32;
}

/** The segments of one message, in their order. */
@unmanaged
export class Segments {
	count: u32;
	/** Packets whose segments are malformed; the segments before the fault are kept. */
	malformed: u32;

	clear(): void {
		this.count = 0;
		this.malformed = 0;
	}

	/** The segments follow the fields of this object, and hold until the next message. */
	at(index: u32): Segment {
		assert(index < segmentsMax, "no segment of a message");
		return changetype<Segment>(changetype<usize>(this) + offsetof<Segments>() + index * offsetof<Segment>());
	}

	/**
	 * Adds a segment with the fields of its header. Returns SegmentFault.Format for an unknown command, for more data
	 * (`dataBytes`) than the `left` bytes after the header, and when no more segments are kept.
	 */
	add(conversation: u32, command: u32, stampMs: u32, sequence: u32, dataBytes: u32, left: u32): SegmentFault {
		if (!isCommand(command) || dataBytes > left) return SegmentFault.Format;
		if (this.count === segmentsMax) return SegmentFault.Format;
		const segment = this.at(this.count++);
		segment.conversation = conversation;
		segment.command = command;
		segment.stampMs = stampMs;
		segment.sequence = sequence;
		return SegmentFault.None;
	}
}

/** The segments of the message that was decoded last. */
export const segments: Segments = changetype<Segments>(
	memory.data(offsetof<Segments>() + segmentsMax * offsetof<Segment>(), 64),
);
