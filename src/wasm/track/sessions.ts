import { DomainCell, SetCell } from "../shared/cells.ts";
import { bytesUnit } from "../shared/scales.ts";
import { add, increment, raise, rowOfDomain, rowOfSet } from "./counts.ts";
import { hashOf } from "./hash.ts";
import { sessionBytes, sessionDurations } from "./histogram.ts";
import { BoundedTable, Entry } from "./table.ts";

/** How a push relates to earlier ones. */
export enum Push {
	New = 1,
	Repeated,
	/** It may or may not be a retransmission: a resolver repeated it, it was overtaken, or its conversation is over. */
	Unclear,
	/** No sender's window can have reached its number. */
	OutOfWindow,
}

/** The state word holds the label set's number, and these flags above it. */
const setMask: u32 = 0x00ff_ffff;
/** A push upstream or downstream was captured, an acknowledgement, a segment that named the conversation. */
const upstreamFlag: u32 = 0x8000_0000;
const downstreamFlag: u32 = 0x4000_0000;
const ackFlag: u32 = 0x2000_0000;
const conversationFlag: u32 = 0x1000_0000;
/** The state of a direction is from before the session fell silent. */
const upstreamReturnedFlag: u32 = 0x0800_0000;
const downstreamReturnedFlag: u32 = 0x0400_0000;

/** A sender's window is 16 bits wide, so it has at most 65,535 segments under way: no honest number is further ahead. */
const sequenceStepMax: i32 = 65_536;

/**
 * Two fields share 64 bits: one of 48 bits, enough for nine years of microseconds or 280 terabytes, and one of 16 above
 * it.
 */
const lowBits: u64 = 48;
const lowMask: u64 = ((1 as u64) << lowBits) - 1;

const noDomain: u32 = 0xffff_ffff;

/**
 * An active session, identified by client id and domain; one cache line of 64 bytes. Times are microseconds that never
 * go back.
 */
@unmanaged
export class Session extends Entry {
	private state: u32;
	/** Highest KCP sequence number of a push downstream. */
	private downstream: u32;
	/** Time of its latest query. */
	lastUs: i64;
	/** Time of its first query; above it, see `resent`. */
	private firstAndResent: u64;
	/**
	 * Bytes of DNS messages, both ways; above them the low bits of the sequence number of the latest push that was
	 * acknowledged.
	 */
	private bytesAndAck: u64;
	/** Highest KCP sequence number of a push upstream. */
	private upstream: u32;
	private upstreamStamp: u32;
	/** Stamp of the latest push that was acknowledged. */
	private ackStamp: u32;
	private conversation: u32;

	/** Fills the entry at its first query. */
	begin(set: u32, now: i64): void {
		this.state = set;
		this.lastUs = now;
		this.firstAndResent = (now as u64) & lowMask;
		this.bytesAndAck = 0;
	}

	/** The session ended: remembers its conversation for the case that it returns. */
	rememberIn(kept: RememberedSession): void {
		const isKnown = (this.state & upstreamFlag) !== 0 && (this.state & downstreamFlag) !== 0;
		kept.conversation = isKnown ? this.conversation : 0;
		kept.downstream = isKnown ? this.downstream : 0;
		kept.upstream = isKnown ? this.upstream : 0;
		kept.upstreamStamp = isKnown ? this.upstreamStamp : 0;
	}

	/** The session returned: its first pushes may belong to the same conversation. */
	recall(kept: RememberedSession): void {
		if ((kept.conversation | kept.downstream | kept.upstream | kept.upstreamStamp) === 0) return;
		this.state |= upstreamFlag | downstreamFlag | conversationFlag | upstreamReturnedFlag | downstreamReturnedFlag;
		this.conversation = kept.conversation;
		this.downstream = kept.downstream;
		this.upstream = kept.upstream;
		this.stampUpstream(kept.upstreamStamp, allResent);
	}

	/** The label set of its latest query. */
	get set(): u32 {
		return this.state & setMask;
	}

	set set(set: u32) {
		this.state = (this.state & ~setMask) | set;
	}

	/** From its first query to its latest. */
	get durationUs(): i64 {
		return (((this.lastUs as u64) - this.firstAndResent) & lowMask) as i64;
	}

	/** Bytes of DNS messages, both ways. */
	get bytes(): u64 {
		return this.bytesAndAck & lowMask;
	}

	addBytes(bytes: u32): void {
		this.bytesAndAck += bytes;
	}

	/**
	 * Classifies a push of the client's. Resolvers reorder and repeat queries, and losses before the server are
	 * invisible; but KCP stamps each sending anew. So a push at or below the highest number is a retransmission if its
	 * stamp is later than all before it, or if it has the stamp of the latest retransmissions and none of them had its
	 * number. All others are repeated or late queries, so that no push counts as a retransmission wrongly.
	 */
	pushUpstream(conversation: u32, sequence: u32, stampMs: u32): Push {
		// The client chooses the conversation: another one starts afresh.
		if ((this.state & conversationFlag) === 0 || this.conversation !== conversation) this.converse(conversation);
		if ((this.state & upstreamFlag) === 0) return this.firstUpstream(sequence, stampMs);
		const later = (stampMs - this.upstreamStamp) as i32;
		if (later < -copyMsMax && sequence < beginningMax) {
			// The client was restarted, and its clock with it.
			this.converse(conversation);
			return this.firstUpstream(sequence, stampMs);
		}
		const ahead = (sequence - this.upstream) as i32;
		if (isOutOfWindow(ahead)) {
			// While it was silent here it may have continued through another server.
			return (this.state & upstreamReturnedFlag) === 0 ? Push.OutOfWindow : this.firstUpstream(sequence, stampMs);
		}
		this.state &= ~upstreamReturnedFlag;
		if (ahead > 0) {
			this.upstream = sequence;
			// Pushes with the same stamp that were sent for the first time along with it may be overtaken.
			if (later >= 0) this.stampUpstream(stampMs, allResent);
			return Push.New;
		}
		if (later < 0) return Push.Unclear;
		const resent = later === 0 ? ((this.firstAndResent >> lowBits) as u32) : 0;
		const bit: u32 = 1 << (sequence & 15);
		if ((resent & bit) !== 0) return Push.Unclear;
		this.stampUpstream(stampMs, resent | bit);
		return Push.Repeated;
	}

	/**
	 * Classifies a push of the server's, whose own order is captured: at or below the highest number it is a
	 * retransmission.
	 */
	pushDownstream(conversation: u32, sequence: u32): Push {
		if ((this.state & conversationFlag) === 0) this.converse(conversation);
		else if (this.conversation !== conversation) return Push.Unclear;
		if ((this.state & downstreamFlag) !== 0) {
			const ahead = (sequence - this.downstream) as i32;
			const hasReturned = (this.state & downstreamReturnedFlag) !== 0;
			if (isOutOfWindow(ahead) && !hasReturned) return Push.OutOfWindow;
			this.state &= ~downstreamReturnedFlag;
			if (ahead <= 0 && !isOutOfWindow(ahead)) return Push.Repeated;
		}
		this.state |= downstreamFlag;
		this.downstream = sequence;
		return Push.New;
	}

	/** Whether the server can have sent a push with this number to the session. */
	wasPushed(conversation: u32, sequence: u32): bool {
		if ((this.state & downstreamFlag) === 0 || this.conversation !== conversation) return false;
		const ahead = (sequence - this.downstream) as i32;
		return ahead <= 0 && !isOutOfWindow(ahead);
	}

	/**
	 * Whether an acknowledgement at the latest query can have taken this long: it acknowledges a push after the first
	 * query.
	 */
	hasLived(rttUs: i64): bool {
		return rttUs <= this.durationUs + stampUs;
	}

	/**
	 * Whether the acknowledgement of this push exceeds all earlier ones of the session; if so, it is the latest now.
	 * Otherwise a resolver repeated it, or it was overtaken, and it measures no round trip (RFC 7323, 4.1). Pushes with
	 * the same stamp are closer together than the 16 bits that are kept of their number.
	 */
	acknowledge(stampMs: u32, sequence: u32): bool {
		if ((this.state & ackFlag) !== 0) {
			const later = (stampMs - this.ackStamp) as i32;
			const ahead = (sequence - ((this.bytesAndAck >> lowBits) as u32)) as i16;
			if (later < 0 || (later === 0 && ahead <= 0)) return false;
		}
		this.state |= ackFlag;
		this.ackStamp = stampMs;
		this.bytesAndAck = (this.bytesAndAck & lowMask) | ((sequence as u64) << lowBits);
		return true;
	}

	/**
	 * Begins with the first push of a conversation that is captured; the exporter may have started later than the
	 * conversation.
	 */
	private firstUpstream(sequence: u32, stampMs: u32): Push {
		this.state = (this.state & ~upstreamReturnedFlag) | upstreamFlag;
		this.upstream = sequence;
		this.stampUpstream(stampMs, allResent);
		return Push.New;
	}

	private converse(conversation: u32): void {
		this.state = (this.state & setMask) | conversationFlag;
		this.conversation = conversation;
	}

	/**
	 * `resent` has a bit for each number, by its lowest four bits, that was retransmitted with the latest stamp; all bits
	 * if that stamp belongs to a first sending.
	 */
	private stampUpstream(stampMs: u32, resent: u32): void {
		this.upstreamStamp = stampMs;
		this.firstAndResent = (this.firstAndResent & lowMask) | ((resent as u64) << lowBits);
	}
}

const allResent: u32 = 0xffff;
/** Resolvers stop repeating a query before it is this old, and numbers begin with 0. */
const copyMsMax: i32 = 10_000;
const beginningMax: u32 = 32;

/** A stamp is a whole millisecond, and may be one too small, as the clock's offset may be. */
const stampUs: i64 = 2_000;

function isOutOfWindow(ahead: i32): bool {
	return ahead > sequenceStepMax || ahead < -sequenceStepMax;
}

/** A session that ended: the state of its conversation, or zeros. 32 bytes. */
@unmanaged
class RememberedSession extends Entry {
	conversation: u32;
	downstream: u32;
	upstream: u32;
	upstreamStamp: u32;
}

/**
 * The active sessions, in the order of their latest query, and the client ids of those that ended, so that one that
 * returns is not new, and its retransmissions count as such.
 */
export const sessions: BoundedTable = changetype<BoundedTable>(memory.data(offsetof<BoundedTable>(), 8));
export const remembered: BoundedTable = changetype<BoundedTable>(memory.data(offsetof<BoundedTable>(), 8));
/** The memory of the session that begins. */
const recalled: RememberedSession = changetype<RememberedSession>(memory.data(offsetof<RememberedSession>(), 8));
let windowUs: i64 = 0;

/** A session is active for `activeWindowUs` after its latest query, both ends included. */
export function setUpSessions(trackedMax: u32, rememberedMax: u32, activeWindowUs: i64): void {
	sessions.setUp(trackedMax, offsetof<Session>(), false);
	remembered.setUp(rememberedMax, offsetof<RememberedSession>(), false);
	windowUs = activeWindowUs;
}

export function sessionAt(entry: usize): Session {
	return changetype<Session>(entry);
}

/** Notes a query of this client id at `now`, counted under label set `set`. Returns the session's entry. */
export function touchSession(idHigh: u32, idLow: u32, domain: u32, set: u32, now: i64): usize {
	const hash = hashOf(idHigh, idLow, domain, 0);
	const entry = sessions.find(hash, idHigh, idLow, domain, 0);
	if (entry === 0) return begin(hash, idHigh, idLow, domain, set, now);
	sessions.touch(entry);
	const session = sessionAt(entry);
	session.lastUs = now;
	const from = session.set;
	if (from !== set) {
		session.set = set;
		add(rowOfSet(from), SetCell.Active, -1);
		enter(set);
	}
	return entry;
}

/** Returns the entry of an active session, or 0. `guess` is an entry that once was this session's, or any other. */
export function findSession(idHigh: u32, idLow: u32, domain: u32, guess: usize): usize {
	const session = sessionAt(guess);
	if (session.a === idHigh && session.b === idLow && session.c === domain && guess !== 0) return guess;
	return sessions.find(hashOf(idHigh, idLow, domain, 0), idHigh, idLow, domain, 0);
}

/** Ends the sessions whose latest query is longer ago than the window. The cost is that of the sessions that end. */
export function expireSessions(now: i64): void {
	for (;;) {
		const entry = sessions.oldest;
		if (entry === 0 || now - sessionAt(entry).lastUs <= windowUs) return;
		end(entry);
	}
}

/** Returns when the session of the oldest query ends if it stays silent, in microseconds; i64.MAX_VALUE without sessions. */
export function nextEndUs(): i64 {
	const entry = sessions.oldest;
	return entry === 0 ? i64.MAX_VALUE : sessionAt(entry).lastUs + windowUs;
}

function begin(hash: u32, idHigh: u32, idLow: u32, domain: u32, set: u32, now: i64): usize {
	// This must precede the end of the oldest session, which may evict this one's memory.
	const known = remembered.find(hash, idHigh, idLow, domain, 0);
	if (known !== 0) {
		memory.copy(changetype<usize>(recalled), known, offsetof<RememberedSession>());
		remembered.remove(known);
	}
	if (sessions.isFull) {
		end(sessions.oldest);
		sessions.evicted++;
	}
	const entry = sessions.insert(hash, idHigh, idLow, domain, 0);
	sessionAt(entry).begin(set, now);
	if (known !== 0) sessionAt(entry).recall(recalled);
	else increment(rowOfSet(set), SetCell.Begun);
	enter(set);
	const row = rowOfDomain(domain);
	increment(row, DomainCell.Active);
	raise(row, DomainCell.Peak, DomainCell.Active);
	return entry;
}

/** The session is active in this label set from now on. */
function enter(set: u32): void {
	const row = rowOfSet(set);
	increment(row, SetCell.Active);
	raise(row, SetCell.Peak, SetCell.Active);
}

/** Ends a session that was silent for longer than the window, or was evicted. */
function end(entry: usize): void {
	const session = sessionAt(entry);
	remembered.evictOldest();
	const hash = hashOf(session.a, session.b, session.c, 0);
	const kept = remembered.insert(hash, session.a, session.b, session.c, 0);
	session.rememberIn(changetype<RememberedSession>(kept));
	sessions.remove(entry);
	add(rowOfSet(session.set), SetCell.Active, -1);
	add(rowOfDomain(session.c), DomainCell.Active, -1);
	sessionDurations.observe(session.set, (session.durationUs as f64) / 1e6);
	sessionBytes.observe(session.set, (session.bytes as f64) / bytesUnit);
	// Code that still has this entry's address then finds that it is another session's.
	session.c = noDomain;
}
