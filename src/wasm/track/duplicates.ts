import { Direction } from "../decode/direction.ts";
import { observation } from "../decode/observation.ts";
import { Outcome, Refusal } from "../shared/fault.ts";
import { duplicatesMax } from "../shared/limits.ts";
import { hashOf } from "./hash.ts";
import { isRecent } from "./recentmessages.ts";
import { BoundedTable, Entry } from "./table.ts";

/**
 * A datagram crosses the interfaces of one host, or a forwarder on it, within milliseconds. A resolver waits longer
 * before it repeats a query, and the server holds a response for up to a second.
 */
const crossingUsMax: u32 = 100_000;

/** A message that was captured; 32 bytes. */
@unmanaged
class Sighting extends Entry {
	/**
	 * The interface that captured it first, and whether it is a response that no server on this host can have sent
	 * (forgedFlag).
	 */
	interfaceIndex: u32;
	serverHash: u32;
	frameHash: u32;
	/** Low 32 bits of the time in microseconds: they wrap around after 71 minutes, when no name is asked for again. */
	timeUs: u32;

	get isForged(): bool {
		return (this.interfaceIndex & forgedFlag) !== 0;
	}

	/** Whether the current observation was made on another interface. */
	get isElsewhere(): bool {
		return (this.interfaceIndex & ~forgedFlag) !== observation.interfaceIndex;
	}

	get isOfOtherServer(): bool {
		return this.serverHash !== observation.serverHash;
	}

	get isSameFrame(): bool {
		return this.frameHash !== 0 && this.frameHash === observation.frameHash;
	}
}

/** Interface indexes are positive numbers of 31 bits. */
const forgedFlag: u32 = 0x8000_0000;

/** The outcome is part of a key of three words. */
const outcomeShift: u32 = 29;

/**
 * Detects duplicates of a message. A message is identified by what forwarders and address translation leave alone: the
 * text before the tunnel's domain, and whether it is a query or a response; not by its DNS id. Of what is captured
 * within a crossing's time, only the messages of the first path count:
 *
 * - Several interfaces of a host show one datagram: bridge and port, veth, docker0 after DNAT.
 * - A forwarder sends the message on, to a server that has another address or port than the forwarder itself. Resolvers
 *   that repeat a query, from whatever port, and those that were asked at once, send it to the same address and port: it
 *   counts each time.
 * - A mirror port shows a frame twice, with the same IP id. A datagram that is retransmitted has another one.
 */
export const duplicates: BoundedTable = changetype<BoundedTable>(memory.data(offsetof<BoundedTable>(), 8));

export function setUpDuplicates(): void {
	duplicates.setUp(duplicatesMax, offsetof<Sighting>(), false);
}

/** The current observation's message, or the one that it duplicates. */
let latest: usize = 0;

/**
 * Whether this observation, made at `now`, duplicates an earlier one. A query that leaves the host either is a
 * duplicate or belongs to another server: it is not remembered, so that no query that comes in is mistaken for its
 * duplicate.
 */
export function isDuplicate(outcome: Outcome, now: i64): bool {
	if (observation.interfaceIndex === 0) return isRecent(outcome, crossingUsMax, now);
	const isRefused = outcome === Outcome.Refused && observation.refusal !== Refusal.Edns;
	if (isRefused && isRecent(outcome, crossingUsMax, now)) return true;
	// Many resolvers ask for the same names that carry no data: resolver and port distinguish their queries unless
	// addresses are translated.
	const a = (isRefused ? observation.resolver3 : observation.idHigh) ^ (outcome << outcomeShift);
	const b = isRefused ? observation.resolverPort : observation.idLow;
	const hash = hashOf(a, b, observation.nameHash, 0);
	const isOutgoing = observation.direction === Direction.Outgoing;
	let entry = duplicates.find(hash, a, b, observation.nameHash, 0);
	if (entry !== 0 && (now as u32) - changetype<Sighting>(entry).timeUs <= crossingUsMax) {
		const first = changetype<Sighting>(entry);
		latest = entry;
		// A response that leaves the host does not duplicate a forged one that came in.
		const isGenuine = first.isForged && isOutgoing;
		if (!isGenuine && (first.isElsewhere || first.isOfOtherServer || first.isSameFrame)) return true;
	}
	if (isOutgoing && outcome !== Outcome.Response) return false;
	if (entry === 0) {
		duplicates.evictOldest();
		entry = duplicates.insert(hash, a, b, observation.nameHash, 0);
	} else {
		duplicates.touch(entry);
	}
	latest = entry;
	const sighting = changetype<Sighting>(entry);
	sighting.interfaceIndex = observation.interfaceIndex;
	sighting.serverHash = observation.serverHash;
	sighting.frameHash = observation.frameHash;
	sighting.timeUs = now as u32;
	return false;
}

/** Whether a forwarder on this host made the duplicate: it has another server, on another interface. */
export function isForwarded(): bool {
	if (observation.interfaceIndex === 0) return false;
	const first = changetype<Sighting>(latest);
	return first.isElsewhere && first.isOfOtherServer;
}

/** Marks the latest response as forged: its duplicates come in as well, and a response that goes out is another message. */
export function markForged(): void {
	changetype<Sighting>(latest).interfaceIndex |= forgedFlag;
}
