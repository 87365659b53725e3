import { observation } from "../decode/observation.ts";
import { Outcome } from "../shared/fault.ts";
import { recentMessagesMax } from "../shared/limits.ts";

/** A message that was captured; 16 bytes. */
@unmanaged
class RecentMessage {
	key: u32;
	serverHash: u32;
	frameHash: u32;
	/** Low 32 bits of the time in microseconds: they wrap around after 71 minutes, when no name is asked for again. */
	timeUs: u32;

	isDuplicated(key: u32, usMax: u32, now: i64): bool {
		if (this.key !== key || (now as u32) - this.timeUs > usMax) return false;
		if (this.serverHash !== observation.serverHash) return true;
		return this.frameHash !== 0 && this.frameHash === observation.frameHash;
	}
}

/**
 * The latest messages of a capture of one interface, and refused queries of any: on another path they come from another
 * resolver. Nearly every message has no duplicate, and the table of those of several interfaces would make each packet
 * cost half as much again: here a message has two places, of which the older is overwritten.
 */
const messages: usize = memory.data(recentMessagesMax * 16, 64);
const pairBytes: u32 = 2 * offsetof<RecentMessage>();
/** The highest bits of a product depend on all of the key. */
const pairShift: u32 = clz<u32>(recentMessagesMax / 2) + 1;

/** Whether the current observation duplicates one of the last `usMax` microseconds; if not, it is remembered. */
export function isRecent(outcome: Outcome, usMax: u32, now: i64): bool {
	const key = observation.nameHash ^ (outcome << 30);
	const pair = messages + (((key * 0x9e37_79b1) >> pairShift) as usize) * pairBytes;
	const newer = changetype<RecentMessage>(pair);
	const older = changetype<RecentMessage>(pair + offsetof<RecentMessage>());
	if (newer.isDuplicated(key, usMax, now) || older.isDuplicated(key, usMax, now)) return true;
	store<u64>(changetype<usize>(older), load<u64>(pair));
	store<u64>(changetype<usize>(older), load<u64>(pair, 8), 8);
	newer.key = key;
	newer.serverHash = observation.serverHash;
	newer.frameHash = observation.frameHash;
	newer.timeUs = now as u32;
	return false;
}
