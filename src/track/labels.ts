import { ProcessCell } from "./cells.ts";
import { increment, ofProcess } from "./counts.ts";
import { reserve } from "./reserve.ts";

/**
 * Label sets: what the series of a metric are told apart by, each known by a small number. A set is a domain and an
 * origin (a country, a network, or both; the GeoIP stage numbers those). Sets stay once they are there, since counters
 * may not go back, so their number is bounded: beyond it, a domain's traffic counts under its set of the origin "other".
 */
@unmanaged
export class LabelSets {
	size: u32;
	/** Domain and origin of each set, by its number: 32-bit words. */
	domains: usize;
	origins: usize;
	private limit: u32;
	private otherOrigin: u32;
	private originsMax: u32;
	/** For each domain and origin: the number of the set, plus 1. */
	private grid: usize;
	/** Sets of "other" do not count towards the limit. */
	private others: u32;

	/**
	 * At most `limit` sets, and one more a domain for "other". `originsMax` is one more than the greatest number of an
	 * origin, `otherOrigin` the number of "other".
	 */
	setUp(domains: u32, limit: u32, originsMax: u32, otherOrigin: u32): void {
		this.limit = limit;
		this.otherOrigin = otherOrigin;
		this.originsMax = originsMax;
		this.domains = reserve(((limit + domains) as usize) * sizeof<u32>());
		this.origins = reserve(((limit + domains) as usize) * sizeof<u32>());
		this.grid = reserve((domains as usize) * originsMax * sizeof<u32>());
	}

	/** The number of the set of this domain and origin. */
	of(domain: u32, origin: u32): u32 {
		if (origin === this.otherOrigin) increment(ofProcess, ProcessCell.Overflowed);
		const known = load<u32>(this.cellOf(domain, origin));
		return known !== 0 ? known - 1 : this.add(domain, origin);
	}

	domainOf(set: u32): u32 {
		assert(set < this.size, "no label set");
		return load<u32>(this.domains + (set as usize) * sizeof<u32>());
	}

	private cellOf(domain: u32, origin: u32): usize {
		assert(origin < this.originsMax, "no origin");
		return this.grid + ((domain as usize) * this.originsMax + origin) * sizeof<u32>();
	}

	private add(domain: u32, origin: u32): u32 {
		if (this.size - this.others >= this.limit && origin !== this.otherOrigin) return this.of(domain, this.otherOrigin);
		if (origin === this.otherOrigin) this.others++;
		const set = this.size++;
		store<u32>(this.domains + (set as usize) * sizeof<u32>(), domain);
		store<u32>(this.origins + (set as usize) * sizeof<u32>(), origin);
		store<u32>(this.cellOf(domain, origin), set + 1);
		return set;
	}
}

export const labelSets: LabelSets = changetype<LabelSets>(memory.data(offsetof<LabelSets>(), 8));
