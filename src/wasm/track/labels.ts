import { ProcessCell, SetCell } from "../shared/cells.ts";
import { allocate } from "./allocate.ts";
import { countAt, increment, moveCounts, ofProcess, rowOfSet } from "./counts.ts";
import { flushPending, moveValues } from "./histogram.ts";
import { forgetUnusedOrigins } from "./resolvers.ts";

/** A label set without active clients makes room when its latest query is longer ago than this. Microseconds. */
const idleUsMax: i64 = 3_600_000_000;
/** So long after a lookup that found no room, label sets that are idle make room: what a flood left is idle an hour after it. */
const crowdedUsMax: i64 = 2 * idleUsMax;
/** Steps come at least so far apart, and look at so many label sets each: one costs a millisecond or two, whatever the limit is. */
const stepUs: i64 = 1_000_000;
const stepSetsMax: u32 = 1_024;

/** The domain of a number that is free. */
const noDomain: u32 = 0xffff_ffff;

/** The GeoIP stage: the number of the origin that stands for this one when there is no room: its country, with the network "other". */
declare function otherOf(origin: u32): u32;
/** The GeoIP stage may give the numbers of origins that no label set has (see `uses`) to others. */
declare function releaseOrigins(): void;

/**
 * Label sets: what the series of a metric are told apart by, each known by a small number. A set is a domain and an
 * origin (a country, a network, or both; the GeoIP stage numbers those).
 *
 * Strangers can choose origins, as they can spoof addresses, so the number of sets is bounded. Beyond the limit a domain's
 * traffic counts under the other of its country: countries are few, so that these sets, and those of a country without a network,
 * need no limit ("kept" origins). Were a set there for ever, one flood would take the labels of all that come later until a
 * restart. So while there was no room within the last two hours, sets without active clients and without a query for an
 * hour make room. A tunnel that never comes to its limit never loses a set.
 *
 * What a set counted moves to the other of its country, so that a domain's sums never fall and neither do those of a country. Its own
 * series vanish; when it comes back it begins at 0, which Prometheus takes for a restart of the counter. The other's counters
 * step up by what moved: that is seen in a rate over single label sets, and for that the counters by domain are there. Of the peaks
 * the other has the highest, as nobody knows what they were together.
 *
 * Nothing may hold a number that is given away. Sessions hold those of sets with active clients. Waiting queries do so for ten
 * seconds after a query, which `touch`es the set, or after its copy, which comes a moment later. Resolvers hold origins: those that no set has are
 * forgotten at the moment when the GeoIP stage may give their numbers to others. Others outside the module compare `retired`.
 */
@unmanaged
export class LabelSets {
	/** Numbers below this are in use, or free after they were. */
	size: u32;
	/** How many sets count towards the limit: those of origins that are not kept. */
	limited: u32;
	/** How many times a set made room. */
	retired: f64;
	/** Domain and origin of each set, by its number: 32-bit words. The domain of a free number is all ones. */
	domains: usize;
	origins: usize;
	private limit: u32;
	/** Origins below `kept` have their sets for ever; of those, from `othersFrom` on they stand for what has no room. */
	private othersFrom: u32;
	private kept: u32;
	private originsMax: u32;
	/** For each domain and origin: the number of the set, plus 1. */
	private grid: usize;
	/** For each origin: how many sets have it, 32-bit words. */
	private uses: usize;
	/** For each set: the time of its latest query. */
	private lastUs: usize;
	/** The number that was free last, plus 1; the one before it stands in its place of `origins`. */
	private free: u32;
	/** The set that the next step begins with, and when that is. */
	private cursor: u32;
	private nextStepUs: i64;
	/** When there was no room. */
	private crowdedUs: i64;

	/**
	 * At most `limit` sets, and those of the kept origins in each domain: setsMaxOf gives the sum. Numbers of origins are below
	 * `kept` + `limit`, those from `othersFrom` to `kept` are others.
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

	/** The number of the set of this domain and origin, at `now`. */
	of(domain: u32, origin: u32, now: i64): u32 {
		const known = load<u32>(this.cellOf(domain, origin));
		if (known === 0 && origin >= this.kept && this.limited >= this.limit) return this.of(domain, otherOf(origin), now);
		if (origin >= this.othersFrom && origin < this.kept) this.crowd(now);
		return known !== 0 ? known - 1 : this.add(domain, origin, now);
	}

	/** A query counts under the set at `now`. */
	touch(set: u32, now: i64): void {
		store<i64>(this.lastUs + (set as usize) * sizeof<i64>(), now);
	}

	domainOf(set: u32): u32 {
		assert(set < this.size, "no label set");
		return load<u32>(this.domains + (set as usize) * sizeof<u32>());
	}

	/** To be called as time passes, after sessions and waiting queries were brought up to `now`. */
	retireIdle(now: i64): void {
		if (now < this.nextStepUs) return;
		if (now - this.crowdedUs > crowdedUsMax) {
			this.nextStepUs = i64.MAX_VALUE;
			return;
		}
		this.nextStepUs = now + stepUs;
		flushPending();
		const retired = this.retired;
		// The others that come meanwhile are not looked at.
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

	/** Whether any set has this origin, or it is kept. */
	isOriginUsed(origin: u32): bool {
		return origin < this.kept || load<u32>(this.usesOf(origin)) !== 0;
	}

	/** There was no room: from now on sets that are idle make some. */
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

/** The most label sets that there can be: the limit, and in each domain those of the origins that are kept. */
export function setsMaxOf(domains: u32, limit: u32, kept: u32): u32 {
	return limit + domains * kept;
}

export const labelSets: LabelSets = changetype<LabelSets>(memory.data(offsetof<LabelSets>(), 8));
