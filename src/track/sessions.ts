import { DomainCell, SetCell } from "./cells.ts";
import { add, increment, raise, rowOfDomain, rowOfSet } from "./counts.ts";
import { hashOf } from "./hash.ts";
import { lives, volumes } from "./histogram.ts";
import { volumeUnitBytes } from "./scales.ts";
import { BoundedTable, Entry } from "./table.ts";

/** What the sequence number of a push tells. */
export enum Push {
	New = 1,
	/** At or below the highest before it. */
	Repeated,
	/** No number that the sender could have come to. */
	Absurd,
}

/**
 * The state word holds the label set's number and, in its highest bits, whether there was a push in each direction, and
 * an acknowledgement.
 */
const setMask: u32 = 0x1fff_ffff;
const echoFlag: u32 = 0x2000_0000;
const downstreamFlag: u32 = 0x4000_0000;
const upstreamFlag: u32 = 0x8000_0000;

/** A sender has at most 65,535 segments on the way, as its window is 16 bits wide: no honest number is further ahead. */
const sequenceStepMax: i32 = 65_536;

/** No domain has this index. */
const nobody: u32 = 0xffff_ffff;

/** An active session, known by client id and domain; one cache line of 64 bytes. Times are microseconds that never go back. */
@unmanaged
export class Session extends Entry {
	private state: u32;
	/** Highest KCP sequence number of a push downstream. */
	private downstream: u32;
	/** Time of its latest query, and of its first. */
	lastUs: i64;
	firstUs: i64;
	/** Of DNS messages, both ways. */
	bytes: u64;
	/** Highest KCP sequence number of a push upstream. */
	private upstream: u32;
	/** Stamp and sequence number of the latest push that was acknowledged. */
	private echoStamp: u32;
	private echoSequence: u32;

	/** The entry was put in at its first query. */
	begin(set: u32, now: i64): void {
		this.state = set;
		this.lastUs = now;
		this.firstUs = now;
		this.bytes = 0;
	}

	/** The label set of its latest query. */
	get set(): u32 {
		return this.state & setMask;
	}

	set set(set: u32) {
		this.state = (this.state & ~setMask) | set;
	}

	/** A KCP push with this sequence number. */
	push(sequence: u32, isDownstream: bool): Push {
		const flag = isDownstream ? downstreamFlag : upstreamFlag;
		const highest = isDownstream ? this.downstream : this.upstream;
		if ((this.state & flag) === 0) {
			// The first that is seen of it; the exporter may have started later than the session.
			this.state |= flag;
		} else {
			const ahead = (sequence - highest) as i32;
			if (ahead > sequenceStepMax || ahead < -sequenceStepMax) return Push.Absurd;
			if (ahead <= 0) return Push.Repeated;
		}
		if (isDownstream) this.downstream = sequence;
		else this.upstream = sequence;
		return Push.New;
	}

	/** Whether the server can have sent a push with this number to the session. */
	wasPushed(sequence: u32): bool {
		if ((this.state & downstreamFlag) === 0) return false;
		const ahead = (sequence - this.downstream) as i32;
		return ahead <= 0 && ahead >= -sequenceStepMax;
	}

	/**
	 * Whether the acknowledgement of this push goes beyond all before it of the session; if so, it is the latest now. One
	 * that does not is a copy, as resolvers send when they ask again, or was overtaken, and tells no time (RFC 7323, 4.1).
	 */
	echo(stampMs: u32, sequence: u32): bool {
		if ((this.state & echoFlag) !== 0) {
			const later = (stampMs - this.echoStamp) as i32;
			const ahead = (sequence - this.echoSequence) as i32;
			if (later < 0 || (later === 0 && ahead <= 0)) return false;
		}
		this.state |= echoFlag;
		this.echoStamp = stampMs;
		this.echoSequence = sequence;
		return true;
	}
}

/**
 * The active sessions, in the order of their latest query, and the client ids of those that ended, so that one who
 * returns is not new.
 */
export const sessions: BoundedTable = changetype<BoundedTable>(memory.data(offsetof<BoundedTable>(), 8));
export const remembered: BoundedTable = changetype<BoundedTable>(memory.data(offsetof<BoundedTable>(), 8));
let windowUs: i64 = 0;

/** A session is active for `activeWindowUs` after its latest query, both ends included. */
export function setUpSessions(trackedMax: u32, rememberedMax: u32, activeWindowUs: i64): void {
	sessions.setUp(trackedMax, offsetof<Session>(), false);
	remembered.setUp(rememberedMax, offsetof<Entry>(), false);
	windowUs = activeWindowUs;
}

/** What stands at an entry of `sessions`. */
export function sessionAt(entry: usize): Session {
	return changetype<Session>(entry);
}

/** A query of this client id at `now`, counted under label set `set`. Gives the session's entry. */
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

/**
 * The entry of an active session, or 0. `guess` is an entry that was this session's once, or anything that was given for
 * another.
 */
export function findSession(idHigh: u32, idLow: u32, domain: u32, guess: usize): usize {
	const session = sessionAt(guess);
	if (session.a === idHigh && session.b === idLow && session.c === domain && guess !== 0) return guess;
	return sessions.find(hashOf(idHigh, idLow, domain, 0), idHigh, idLow, domain, 0);
}

/** Ends the sessions whose latest query is longer ago than the window. Costs what ends. */
export function expireSessions(now: i64): void {
	for (;;) {
		const entry = sessions.oldest;
		if (entry === 0 || now - sessionAt(entry).lastUs <= windowUs) return;
		end(entry);
	}
}

/** When the session of the oldest query ends, if it stays silent: microseconds; the end of time without sessions. */
export function nextEndUs(): i64 {
	const entry = sessions.oldest;
	return entry === 0 ? i64.MAX_VALUE : sessionAt(entry).lastUs + windowUs;
}

function begin(hash: u32, idHigh: u32, idLow: u32, domain: u32, set: u32, now: i64): usize {
	// Before the oldest ends: its place among the remembered may be this one's.
	const known = remembered.find(hash, idHigh, idLow, domain, 0);
	if (known !== 0) remembered.remove(known);
	if (sessions.isFull) {
		end(sessions.oldest);
		sessions.evicted++;
	}
	const entry = sessions.insert(hash, idHigh, idLow, domain, 0);
	sessionAt(entry).begin(set, now);
	if (known === 0) increment(rowOfSet(set), SetCell.Begun);
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

/** It was silent for longer than the window, or had to make room. */
function end(entry: usize): void {
	const session = sessionAt(entry);
	remembered.makeRoom();
	const hash = hashOf(session.a, session.b, session.c, 0);
	remembered.insert(hash, session.a, session.b, session.c, 0);
	sessions.remove(entry);
	add(rowOfSet(session.set), SetCell.Active, -1);
	add(rowOfDomain(session.c), DomainCell.Active, -1);
	lives.observe(session.set, ((session.lastUs - session.firstUs) as f64) / 1e6);
	volumes.observe(session.set, (session.bytes as f64) / volumeUnitBytes);
	// Whoever still knows the entry finds that it is not this session's any more.
	session.c = nobody;
}
