import { Outcome } from "../decode/fault.ts";
import type { Observation } from "../decode/observation.ts";
import { BoundedTable, dataOfFour, type Seed } from "./table.ts";

/**
 * A datagram crosses the interfaces of one host within microseconds. A resolver that asks again waits longer, and the
 * server holds an answer, which would be another message, for up to a second.
 */
const crossingUsMax = 100_000;

/**
 * A datagram at 400,000 a second is remembered for the time of a crossing with this many; when a flood takes the room
 * sooner, the oldest goes.
 */
export const doublesMax = 65_536;

const pointWord = dataOfFour;
const timeWord = dataOfFour + 1;

/**
 * Tells the copies of a datagram that an `any` capture shows on several interfaces of a host: bridge and port, veth,
 * docker0 behind DNAT. The interface that showed a message first is the one whose frames of it count; there the same
 * message again is a repeated query. A message is known by what address translation leaves alone: its DNS id, length,
 * and client id.
 */
export class Doubles {
	readonly table: BoundedTable;

	constructor(seed: Seed) {
		this.table = new BoundedTable({ limit: doublesMax, keyWords: 4, data: 3, seed });
	}

	/** Whether this observation, made at `now` (microseconds), is a copy of one that was counted. */
	isDouble(outcome: Outcome, seen: Observation, now: number): boolean {
		const { table } = this;
		const { words, doubles } = table;
		const isRefused = outcome === Outcome.Refused;
		// A refused query need not have a client id; its resolver and port tell it apart as long as nothing translates them.
		const a = isRefused ? seen.peer3 : seen.idHigh;
		const b = isRefused ? seen.peerPort : seen.idLow;
		const c = (seen.messageBytes << 16) | seen.messageId;
		const hash = table.hash(a, b, c, outcome);
		const entry = table.find(hash, a, b, c, outcome);
		if (entry === 0) {
			table.makeRoom();
			this.mark(table.insert(hash, a, b, c, outcome), seen.capturePoint, now);
			return false;
		}
		const isFresh = now - (doubles[(entry + timeWord) >> 1] as number) <= crossingUsMax;
		if (isFresh && words[entry + pointWord] !== seen.capturePoint) return true;
		table.touch(entry);
		this.mark(entry, seen.capturePoint, now);
		return false;
	}

	private mark(entry: number, capturePoint: number, now: number): void {
		this.table.words[entry + pointWord] = capturePoint;
		this.table.doubles[(entry + timeWord) >> 1] = now;
	}
}
