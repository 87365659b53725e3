import { Direction } from "../decode/direction.ts";
import { observation } from "../decode/observation.ts";
import { Outcome, Refusal } from "../shared/fault.ts";
import { duplicatesMax } from "../shared/limits.ts";
import { hashOf } from "./hash.ts";
import { BoundedTable, LongEntry } from "./table.ts";

/**
 * A datagram crosses the interfaces of one host within microseconds. A resolver waits longer before it repeats a query,
 * and the server holds a response, which would be another message, for up to a second.
 */
const crossingUsMax: i64 = 100_000;

/** A message that was captured; 32 bytes. */
@unmanaged
class Sighting extends LongEntry {
	/**
	 * The interface that captured it first, and whether it is a response that no server on this host can have sent
	 * (forgedFlag).
	 */
	interfaceIndex: u32;
	timeUs: i64;
}

/** Interface indexes are positive numbers of 32 bits. */
const forgedFlag: u32 = 0x8000_0000;

/**
 * Detects duplicates of a datagram that an `any` capture shows on several interfaces of a host: bridge and port, veth,
 * docker0 behind DNAT. Only frames of the interface that captured a message first count; there the same message again
 * is a repeated query. A message is identified by fields that address translation leaves alone: its DNS id, length, and
 * client id.
 */
export const duplicates: BoundedTable = changetype<BoundedTable>(memory.data(offsetof<BoundedTable>(), 8));

export function setUpDuplicates(): void {
	duplicates.setUp(duplicatesMax, offsetof<Sighting>(), true);
}

/** The latest message that was no duplicate. */
let latest: usize = 0;

/**
 * Whether this observation, made at `now`, duplicates an earlier one. A query that leaves the host either is a
 * duplicate or belongs to another server: it is not remembered, so that no query that comes in is mistaken for its
 * duplicate.
 */
export function isDuplicate(outcome: Outcome, now: i64): bool {
	const isRefused = outcome === Outcome.Refused && observation.refusal !== Refusal.Edns;
	// Most refused queries need not have a client id; their resolver and port distinguish them unless addresses are
	// translated.
	const a = isRefused ? observation.resolver3 : observation.idHigh;
	const b = isRefused ? observation.resolverPort : observation.idLow;
	const c = (observation.messageBytes << 16) | observation.messageId;
	const hash = hashOf(a, b, c, outcome);
	const isOutgoing = observation.direction === Direction.Outgoing;
	let entry = duplicates.find(hash, a, b, c, outcome);
	if (entry !== 0 && now - changetype<Sighting>(entry).timeUs <= crossingUsMax) {
		const first = changetype<Sighting>(entry).interfaceIndex;
		const isForged = (first & forgedFlag) !== 0;
		// A response that leaves the host does not duplicate a forged one that came in.
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

/** Marks the latest response as forged: its duplicates come in as well, and a response that goes out is another message. */
export function markForged(): void {
	changetype<Sighting>(latest).interfaceIndex |= forgedFlag;
}
