import { Direction } from "../decode/direction.ts";
import { observation } from "../decode/observation.ts";
import { Outcome, Refusal } from "../shared/fault.ts";
import { duplicatesMax } from "../shared/limits.ts";
import { hashOf } from "./hash.ts";
import { BoundedTable, LongEntry } from "./table.ts";

/**
 * A datagram crosses the interfaces of one host within microseconds. A resolver that asks again waits longer, and the
 * server holds an answer, which would be another message, for up to a second.
 */
const crossingUsMax: i64 = 100_000;

/** A message that was seen; 32 bytes. */
@unmanaged
class Sighting extends LongEntry {
	/** The interface that showed it first, and whether it is a response that nobody here can have sent (forgedFlag). */
	interfaceIndex: u32;
	timeUs: i64;
}

/** Interface indexes are positive numbers of 32 bits. */
const forgedFlag: u32 = 0x8000_0000;

/**
 * Tells the copies of a datagram that an `any` capture shows on several interfaces of a host: bridge and port, veth,
 * docker0 behind DNAT. The interface that showed a message first is the one whose frames of it count; there the same
 * message again is a repeated query. A message is known by what address translation leaves alone: its DNS id, length,
 * and client id.
 */
export const duplicates: BoundedTable = changetype<BoundedTable>(memory.data(offsetof<BoundedTable>(), 8));

/** Takes memory; once. */
export function setUpDuplicates(): void {
	duplicates.setUp(duplicatesMax, offsetof<Sighting>(), true);
}

/** The message that was seen last, if it was no copy. */
let latest: usize = 0;

/**
 * Whether this observation, made at `now`, is a copy of one that was seen. A query that leaves the host is one or nothing: it
 * is not remembered, so that no query which comes in is taken for its copy.
 */
export function isDuplicate(outcome: Outcome, now: i64): bool {
	const isRefused = outcome === Outcome.Refused && observation.refusal !== Refusal.Edns;
	// Most refused queries need not have a client id; their resolver and port tell them apart as long as nothing translates them.
	const a = isRefused ? observation.resolver3 : observation.idHigh;
	const b = isRefused ? observation.resolverPort : observation.idLow;
	const c = (observation.messageBytes << 16) | observation.messageId;
	const hash = hashOf(a, b, c, outcome);
	const isOutgoing = observation.direction === Direction.Outgoing;
	let entry = duplicates.find(hash, a, b, c, outcome);
	if (entry !== 0 && now - changetype<Sighting>(entry).timeUs <= crossingUsMax) {
		const first = changetype<Sighting>(entry).interfaceIndex;
		const isForged = (first & forgedFlag) !== 0;
		// What leaves the host is no copy of what a stranger sent to it.
		if ((first & ~forgedFlag) !== observation.interfaceIndex && !(isForged && isOutgoing)) return true;
	}
	if (isOutgoing && outcome !== Outcome.Response) return false;
	if (entry === 0) {
		duplicates.evictOldest();
		entry = duplicates.insert(hash, a, b, c, outcome);
	} else {
		duplicates.touch(entry);
	}
	latest = entry;
	const sighting = changetype<Sighting>(entry);
	sighting.interfaceIndex = observation.interfaceIndex;
	sighting.timeUs = now;
	return false;
}

/** The response that isDuplicate was asked about last is forged: its copies come in as well, and what goes out is another. */
export function markForged(): void {
	changetype<Sighting>(latest).interfaceIndex |= forgedFlag;
}
