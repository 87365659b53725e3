import { ProcessCell, SetCell } from "../shared/cells.ts";
import { allocate } from "./allocate.ts";
import { countAt, increment, moveCounts, ofProcess, rowOfSet } from "./counts.ts";
import { flushPending, moveValues } from "./histogram.ts";
import { forgetUnusedOrigins } from "./resolvers.ts";

/** A label set without active clients is retired when its latest query is longer ago than this. Microseconds. */
const idleUsMax: i64 = 3_600_000_000;
/**
 * For this long after a lookup that found no room, idle label sets are retired: the remains of a flood are idle an hour
 * after it.
 */
const crowdedUsMax: i64 = 2 * idleUsMax;
/**
 * Steps are at least this far apart, and check at most this many label sets: one takes a millisecond or two, whatever
 * the limit is.
 */
const stepUs: i64 = 1_000_000;
const stepSetsMax: u32 = 1_024;

const noDomain: u32 = 0xffff_ffff;

/**
 * The GeoIP stage returns the number of the origin that replaces this one when there is no room: its country, with the
 * network "other".
 */
declare function otherOf(origin: u32): u32;
/** The GeoIP stage may reuse the numbers of origins that no label set has (see `uses`). */
declare function releaseOrigins(): void;

/**
 * Label sets, which distinguish the series of a metric; each has a small number. A set is a domain and an origin (a
 * country, a network, or both; the GeoIP stage numbers those).
 *
 * Senders can choose origins, as they can spoof addresses, so the number of sets is bounded. Beyond the limit a
 * domain's traffic counts under the other of its country: countries are few, so these sets, and those of a country
 * without a network, need no limit ("kept" origins). If sets lasted for ever, one flood would occupy all labels until a
 * restart. So if a lookup found no room within the last two hours, sets without active clients and without a query for
 * an hour are retired. A tunnel that never reaches its limit never loses a set.
 *
 * The counts of a retired set move to the other of its country, so that the sums of a domain and of a country never
 * fall. Its own series vanish; when the set returns it begins at 0, which Prometheus treats as a restart of the
 * counter. The other's counters step up by the counts that moved, which shows in a rate over single label sets; the
 * counters by domain are for that. The other keeps the highest of the peaks, as their peak together is unknown.
 *
 * Nothing may keep a number that is reused. Sessions keep those of sets with active clients. Waiting queries keep
 * theirs for ten seconds after a query, which `touch`es the set, or after its duplicate, which follows within a moment.
 * Resolvers keep origins: those that no set has are forgotten before the GeoIP stage may reuse their numbers. Code
 * outside the module compares `retired`.
 */
@unmanaged
export class LabelSets {
	/** Numbers below this are in use, or were and are free now. */
	size: u32;
	/** The number of sets that count towards the limit: those of origins that are not kept. */
	limited: u32;
	/** The number of times that a set was retired. */
	retired: f64;
	/** Domain and origin of each set, by its number: 32-bit words. The domain of a free number is noDomain. */
	domains: usize;
	origins: usize;
	private limit: u32;
	/** Origins below `kept` keep their sets for ever; those from `othersFrom` on replace origins without room. */
	private othersFrom: u32;
	private kept: u32;
	private originsMax: u32;
	/** For each domain and origin: the number of the set, plus 1. */
	private grid: usize;
	/** For each origin: the number of sets that have it, 32-bit words. */
	private uses: usize;
	/** For each set: the time of its latest query. */
	private lastUs: usize;
	/** The last number that became free, plus 1; its cell of `origins` has the one before it. */
	private free: u32;
	/** The first set of the next step, and when that is due. */
	private cursor: u32;
	private nextStepUs: i64;
	/** The last time that a lookup found no room. */
	private crowdedUs: i64;

	/**
	 * At most `limit` sets, and those of the kept origins in each domain: setsMaxOf returns the sum. Numbers of origins
	 * are below `kept` + `limit`; those from `othersFrom` to `kept` are others.
	 */
	setUp(domains: u32, limit: u32, othersFrom: u32, kept: u32): void {
		const setsMax = setsMaxOf(domains, limit, kept) as usize;
		this.limit = limit;
		this.othersFrom = othersFrom;
		this.kept = kept;
		this.originsMax = kept + limit;
		this.domains = allocate(setsMax * sizeof<u32>());
		this.origins = allocate(setsMax * sizeof<u32>());
		this.lastUs = allocate(setsMax * sizeof<i64>());
		this.grid = allocate((domains as usize) * this.originsMax * sizeof<u32>());
		this.uses = allocate((this.originsMax as usize) * sizeof<u32>());
		this.nextStepUs = i64.MAX_VALUE;
	}

	/** Returns the number of the set of this domain and origin, at `now`. */
	of(domain: u32, origin: u32, now: i64): u32 {
		const known = load<u32>(this.cellOf(domain, origin));
		if (known === 0 && origin >= this.kept && this.limited >= this.limit) return this.of(domain, otherOf(origin), now);
		if (origin >= this.othersFrom && origin < this.kept) this.crowd(now);
		return known !== 0 ? known - 1 : this.add(domain, origin, now);
	}

	/** A query counted under the set at `now`. */
	touch(set: u32, now: i64): void {
		store<i64>(this.lastUs + (set as usize) * sizeof<i64>(), now);
	}

	domainOf(set: u32): u32 {
		assert(set < this.size, "no label set");
		return load<u32>(this.domains + (set as usize) * sizeof<u32>());
	}

	/** Must be called as time passes, after sessions and waiting queries were brought up to `now`. */
	retireIdle(now: i64): void {
		if (now < this.nextStepUs) return;
		if (now - this.crowdedUs > crowdedUsMax) {
			this.nextStepUs = i64.MAX_VALUE;
			return;
		}
		this.nextStepUs = now + stepUs;
		flushPending();
		const retired = this.retired;
		// Others that this loop adds are not checked.
		const size = this.size;
		for (let looks = min<u32>(size, stepSetsMax); looks > 0; looks--) {
			const set = this.cursor < size ? this.cursor : 0;
			this.cursor = set + 1;
			if (this.isIdle(set, now)) this.retire(set, now);
		}
		if (this.retired === retired) return;
		forgetUnusedOrigins(this.uses, this.othersFrom, this.kept);
		releaseOrigins();
	}

	/** Whether the number of this origin is in use: a set has it, or it is kept. */
	isOriginUsed(origin: u32): bool {
		return origin < this.kept || load<u32>(this.usesOf(origin)) !== 0;
	}

	/** A lookup found no room: from now on idle sets are retired. */
	private crowd(now: i64): void {
		increment(ofProcess, ProcessCell.Overflowed);
		this.crowdedUs = now;
		if (this.nextStepUs === i64.MAX_VALUE) this.nextStepUs = now + stepUs;
	}

	private isIdle(set: u32, now: i64): bool {
		if (this.domainOf(set) === noDomain || this.originOf(set) < this.kept) return false;
		if (now - load<i64>(this.lastUs + (set as usize) * sizeof<i64>()) <= idleUsMax) return false;
		return countAt(rowOfSet(set), SetCell.Active) === 0;
	}

	private add(domain: u32, origin: u32, now: i64): u32 {
		let set = this.free;
		if (set === 0) {
			set = this.size++;
		} else {
			set--;
			this.free = this.originOf(set);
		}
		store<u32>(this.domains + (set as usize) * sizeof<u32>(), domain);
		store<u32>(this.origins + (set as usize) * sizeof<u32>(), origin);
		store<u32>(this.cellOf(domain, origin), set + 1);
		store<u32>(this.usesOf(origin), load<u32>(this.usesOf(origin)) + 1);
		if (origin >= this.kept) this.limited++;
		this.touch(set, now);
		return set;
	}

	private retire(set: u32, now: i64): void {
		const domain = this.domainOf(set);
		const origin = this.originOf(set);
		const other = otherOf(origin);
		const known = load<u32>(this.cellOf(domain, other));
		const to = known !== 0 ? known - 1 : this.add(domain, other, now);
		moveCounts(set, to);
		moveValues(set, to);
		store<u32>(this.cellOf(domain, origin), 0);
		store<u32>(this.usesOf(origin), load<u32>(this.usesOf(origin)) - 1);
		store<u32>(this.domains + (set as usize) * sizeof<u32>(), noDomain);
		store<u32>(this.origins + (set as usize) * sizeof<u32>(), this.free);
		this.free = set + 1;
		this.limited--;
		this.retired++;
	}

	private originOf(set: u32): u32 {
		return load<u32>(this.origins + (set as usize) * sizeof<u32>());
	}

	private cellOf(domain: u32, origin: u32): usize {
		assert(origin < this.originsMax, "no origin");
		return this.grid + ((domain as usize) * this.originsMax + origin) * sizeof<u32>();
	}

	private usesOf(origin: u32): usize {
		return this.uses + (origin as usize) * sizeof<u32>();
	}
}

/** Returns the largest possible number of label sets: the limit, and the kept origins' sets in each domain. */
export function setsMaxOf(domains: u32, limit: u32, kept: u32): u32 {
	return limit + domains * kept;
}

export const labelSets: LabelSets = changetype<LabelSets>(memory.data(offsetof<LabelSets>(), 8));
