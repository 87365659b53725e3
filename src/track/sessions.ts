import { BoundedTable, dataOfThree, type Seed } from "./table.ts";

/** Words of a session's entry: with key and chain one cache line of 64 bytes. */
const setWord = dataOfThree;
/** Highest KCP sequence number of a push, downstream and upstream. */
const downstreamWord = dataOfThree + 1;
const lastWord = dataOfThree + 2;
const firstWord = dataOfThree + 4;
const bytesWord = dataOfThree + 6;
const upstreamWord = dataOfThree + 8;
/** Stamp and sequence number of the latest push that was acknowledged. */
const echoWord = dataOfThree + 9;
const echoSequenceWord = dataOfThree + 10;

/**
 * The set word holds the label set's number and, in its highest bits, whether there was a push in each direction, and an
 * acknowledgement.
 */
const setMask = 0x1fff_ffff;
const echoFlag = 0x2000_0000;
const downstreamFlag = 0x4000_0000;
const upstreamFlag = 0x8000_0000 | 0;

/** A sender has at most 65,535 segments on the way, as its window is 16 bits wide: no honest number is further ahead. */
const sequenceStepMax = 65_536;

/** What the sequence number of a push tells. */
export enum Push {
	New = 1,
	/** At or below the highest before it. */
	Repeated,
	/** No number that the sender could have come to. */
	Absurd,
}

/** What a tracker does when sessions begin, move and end. */
export interface SessionEvents {
	/** A session is active in this label set from now on; `isNew` if its client id was not seen before. */
	began(set: number, isNew: boolean): void;
	/** Its latest query came through a resolver of another label set. */
	moved(from: number, to: number): void;
	/**
	 * It was silent for longer than the window, or had to make room. `durationUs` is from its first query to its last,
	 * `bytes` those of its DNS messages, both ways.
	 */
	ended(set: number, durationUs: number, bytes: number): void;
}

/**
 * The active sessions, in the order of their latest query, and the client ids of those that ended, so that one who
 * returns is not new. Times are microseconds that never go back.
 */
export class Sessions {
	readonly active: BoundedTable;
	readonly remembered: BoundedTable;
	private readonly windowUs: number;
	private readonly events: SessionEvents;

	constructor(options: {
		readonly trackedMax: number;
		readonly rememberedMax: number;
		readonly windowUs: number;
		readonly seed: Seed;
		readonly events: SessionEvents;
	}) {
		this.active = new BoundedTable({ limit: options.trackedMax, keyWords: 3, data: 11, seed: options.seed });
		this.remembered = new BoundedTable({ limit: options.rememberedMax, keyWords: 3, data: 0, seed: options.seed });
		this.windowUs = options.windowUs;
		this.events = options.events;
	}

	/** A query of this client id at `now`, counted under label set `set`. Gives the session's entry in `active`. */
	query(idHigh: number, idLow: number, domain: number, set: number, now: number): number {
		const { active } = this;
		const hash = active.hash(idHigh, idLow, domain, 0);
		let entry = active.find(hash, idHigh, idLow, domain, 0);
		if (entry === 0) {
			entry = this.begin(hash, idHigh, idLow, domain, set, now);
		} else {
			active.touch(entry);
			active.doubles[(entry + lastWord) >> 1] = now;
			const word = active.words[entry + setWord] as number;
			const from = word & setMask;
			if (from !== set) {
				active.words[entry + setWord] = (word & ~setMask) | set;
				this.events.moved(from, set);
			}
		}
		return entry;
	}

	/**
	 * The entry of an active session, or 0. `guess` is an entry that was this session's once, or anything that was given
	 * for another.
	 */
	find(idHigh: number, idLow: number, domain: number, guess: number): number {
		const { words } = this.active;
		if (words[guess] === idHigh && words[guess + 1] === idLow && words[guess + 2] === domain && guess !== 0)
			return guess;
		return this.active.find(this.active.hash(idHigh, idLow, domain, 0), idHigh, idLow, domain, 0);
	}

	/** The label set of a session's latest query. */
	setAt(entry: number): number {
		return (this.active.words[entry + setWord] as number) & setMask;
	}

	/** Adds bytes of a DNS message to a session. */
	addBytes(entry: number, bytes: number): void {
		const at = (entry + bytesWord) >> 1;
		this.active.doubles[at] = (this.active.doubles[at] as number) + bytes;
	}

	/** A session's KCP push with this sequence number. */
	push(entry: number, sequence: number, isDownstream: boolean): Push {
		const { words } = this.active;
		const flag = isDownstream ? downstreamFlag : upstreamFlag;
		const at = entry + (isDownstream ? downstreamWord : upstreamWord);
		const word = words[entry + setWord] as number;
		if ((word & flag) === 0) {
			// The first that is seen of it; the exporter may have started later than the session.
			words[entry + setWord] = word | flag;
			words[at] = sequence;
			return Push.New;
		}
		const ahead = (sequence - (words[at] as number)) | 0;
		if (ahead > sequenceStepMax || ahead < -sequenceStepMax) return Push.Absurd;
		if (ahead <= 0) return Push.Repeated;
		words[at] = sequence;
		return Push.New;
	}

	/** Whether the server can have sent a push with this number to the session. */
	wasPushed(entry: number, sequence: number): boolean {
		const { words } = this.active;
		if (((words[entry + setWord] as number) & downstreamFlag) === 0) return false;
		const ahead = (sequence - (words[entry + downstreamWord] as number)) | 0;
		return ahead <= 0 && ahead >= -sequenceStepMax;
	}

	/**
	 * Whether the acknowledgement of this push goes beyond all before it of the session; if so, it is the latest now. One
	 * that does not is a copy, as resolvers send when they ask again, or was overtaken, and tells no time (RFC 7323, 4.1).
	 */
	echo(entry: number, stampMs: number, sequence: number): boolean {
		const { words } = this.active;
		const word = words[entry + setWord] as number;
		if ((word & echoFlag) !== 0) {
			const later = (stampMs - (words[entry + echoWord] as number)) | 0;
			const ahead = (sequence - (words[entry + echoSequenceWord] as number)) | 0;
			if (later < 0 || (later === 0 && ahead <= 0)) return false;
		}
		words[entry + setWord] = word | echoFlag;
		words[entry + echoWord] = stampMs;
		words[entry + echoSequenceWord] = sequence;
		return true;
	}

	/** Ends the sessions whose latest query is longer ago than the window. Costs what ends. */
	expire(now: number): void {
		const { active, windowUs } = this;
		for (;;) {
			const entry = active.oldest;
			if (entry === 0 || now - (active.doubles[(entry + lastWord) >> 1] as number) <= windowUs) return;
			this.end(entry);
		}
	}

	/** When the session of the oldest query ends, if it stays silent: microseconds; infinite without sessions. */
	get nextEndUs(): number {
		const entry = this.active.oldest;
		if (entry === 0) return Number.POSITIVE_INFINITY;
		return (this.active.doubles[(entry + lastWord) >> 1] as number) + this.windowUs;
	}

	private begin(hash: number, idHigh: number, idLow: number, domain: number, set: number, now: number): number {
		const { active, remembered } = this;
		// Before the oldest ends: its place among the remembered may be this one's.
		const known = remembered.find(hash, idHigh, idLow, domain, 0);
		if (known !== 0) remembered.remove(known);
		if (active.isFull) {
			this.end(active.oldest);
			active.evicted++;
		}
		const entry = active.insert(hash, idHigh, idLow, domain, 0);
		active.words[entry + setWord] = set;
		active.doubles[(entry + lastWord) >> 1] = now;
		active.doubles[(entry + firstWord) >> 1] = now;
		active.doubles[(entry + bytesWord) >> 1] = 0;
		this.events.began(set, known === 0);
		return entry;
	}

	private end(entry: number): void {
		const { active, remembered } = this;
		const { words, doubles } = active;
		remembered.makeRoom();
		const idHigh = words[entry] as number;
		const idLow = words[entry + 1] as number;
		const domain = words[entry + 2] as number;
		remembered.insert(remembered.hash(idHigh, idLow, domain, 0), idHigh, idLow, domain, 0);
		const durationUs = (doubles[(entry + lastWord) >> 1] as number) - (doubles[(entry + firstWord) >> 1] as number);
		const bytes = doubles[(entry + bytesWord) >> 1] as number;
		const set = (words[entry + setWord] as number) & setMask;
		active.remove(entry);
		// No domain is negative: whoever still knows the entry finds that it is not this session's any more.
		words[entry + 2] = -1;
		this.events.ended(set, durationUs, bytes);
	}
}
