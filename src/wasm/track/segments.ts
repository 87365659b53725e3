/** Measures a tunnel by its KCP segments, whose headers are in the clear: goodput, retransmissions, round trip times. */

import { Segment, segmentAck, segmentPush, segments } from "../decode/kcp.ts";
import { observation } from "../decode/observation.ts";
import { ProcessCell, SetCell } from "../shared/cells.ts";
import { SegmentFault } from "../shared/fault.ts";
import { allocate } from "./allocate.ts";
import { add, increment, ofProcess, rowOfSet } from "./counts.ts";
import { roundTrips, timeUnitsPerUs } from "./histogram.ts";
import { ServerClock } from "./serverclock.ts";
import { Push, Session, sessionAt } from "./sessions.ts";

/**
 * A clock for each domain: a tunnel has one server, which holds all its sessions, whatever port a datagram was captured
 * on.
 */
let clocks: usize = 0;

export function setUpHealth(domains: u32): void {
	clocks = allocate((domains as usize) * offsetof<ServerClock>());
}

function clockOf(domain: u32): ServerClock {
	return changetype<ServerClock>(clocks + (domain as usize) * offsetof<ServerClock>());
}

/** Observes the packets of the current query, one of this session; `set` is its label set. */
export function observeUpstream(set: u32, session: Session, now: i64): void {
	const row = rowOfSet(set);
	add(row, SetCell.UpstreamBytes, observation.packetBytes);
	if (segments.malformed > 0) countFault(SegmentFault.Format, segments.malformed);
	for (let index: u32 = 0; index < segments.count; index++) {
		const segment = segments.at(index);
		if (segment.command === segmentPush) {
			const push = session.pushUpstream(segment.conversation, segment.sequence, segment.stampMs);
			countPush(push, row, SetCell.UpstreamPushes, SetCell.UpstreamRetransmissions);
		} else if (segment.command === segmentAck) {
			observeAck(set, session, segment, now);
		}
	}
}

function observeAck(set: u32, session: Session, segment: Segment, now: i64): void {
	const clock = clockOf(observation.domain);
	const wasPushed = session.wasPushed(segment.conversation, segment.sequence);
	const rttUs = wasPushed ? clock.roundTripUs(segment.stampMs, now) : -1;
	if (rttUs < 0 || !session.hasLived(rttUs)) countFault(SegmentFault.Ack, 1);
	else if (!session.acknowledge(segment.stampMs, segment.sequence)) countFault(SegmentFault.AckOrder, 1);
	else roundTrips.observe(set, (rttUs as f64) * timeUnitsPerUs);
}

/** Observes the packets of a response to a query of the session at `entry`, which is 0 if it ended. */
export function observeDownstream(set: u32, entry: usize, now: i64): void {
	const row = rowOfSet(set);
	add(row, SetCell.DownstreamBytes, observation.packetBytes);
	if (segments.malformed > 0) countFault(SegmentFault.Format, segments.malformed);
	if (entry === 0) return;
	const session = sessionAt(entry);
	const clock = clockOf(observation.domain);
	for (let index: u32 = 0; index < segments.count; index++) {
		const segment = segments.at(index);
		if (segment.command !== segmentPush) continue;
		const push = session.pushDownstream(segment.conversation, segment.sequence);
		countPush(push, row, SetCell.DownstreamPushes, SetCell.DownstreamRetransmissions);
		if (push !== Push.OutOfWindow) clock.push(segment.stampMs, now);
	}
}

function countPush(push: Push, row: usize, pushes: SetCell, retransmissions: SetCell): void {
	if (push === Push.OutOfWindow) {
		countFault(SegmentFault.Sequence, 1);
		return;
	}
	increment(row, pushes);
	if (push === Push.Repeated) increment(row, retransmissions);
}

function countFault(fault: SegmentFault, count: u32): void {
	add(ofProcess, ProcessCell.SegmentFaults + fault, count);
}
