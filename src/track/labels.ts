/**
 * Label sets: what the series of a metric are told apart by, each known by a small number. A set is a domain and an
 * origin (a country, a network, or both; the GeoIP stage numbers those). Sets stay once they are there, since counters
 * may not go back, so their number is bounded: beyond it, a domain's traffic counts under its set of the origin "other".
 */
export class LabelSets {
	/** Domain and origin of each set, by its number. */
	readonly domains: Int32Array;
	readonly origins: Int32Array;
	size = 0;
	/** How many times the answer was a set of "other". */
	overflowed = 0;
	readonly limit: number;
	private readonly otherOrigin: number;
	/** For each domain: origin -> number of the set, plus 1. */
	private readonly grids: Int32Array[] = [];

	/**
	 * At most `limit` sets, and one more a domain for "other". `originsMax` is one more than the greatest number of an
	 * origin, `otherOrigin` the number of "other".
	 */
	constructor(options: {
		readonly domains: number;
		readonly limit: number;
		readonly originsMax: number;
		readonly otherOrigin: number;
	}) {
		this.limit = options.limit;
		this.otherOrigin = options.otherOrigin;
		this.domains = new Int32Array(options.limit + options.domains);
		this.origins = new Int32Array(options.limit + options.domains);
		for (let domain = 0; domain < options.domains; domain++) this.grids.push(new Int32Array(options.originsMax));
	}

	/** The most numbers that there can be: the length of a column with a cell for each set. */
	get sizeMax(): number {
		return this.domains.length;
	}

	/** The number of the set of this domain and origin. */
	of(domain: number, origin: number): number {
		if (origin === this.otherOrigin) this.overflowed++;
		const grid = this.grids[domain] as Int32Array;
		const known = grid[origin] as number;
		return known !== 0 ? known - 1 : this.add(grid, domain, origin);
	}

	private add(grid: Int32Array, domain: number, origin: number): number {
		if (this.size - this.others >= this.limit && origin !== this.otherOrigin) {
			return this.of(domain, this.otherOrigin);
		}
		if (origin === this.otherOrigin) this.others++;
		const set = this.size++;
		this.domains[set] = domain;
		this.origins[set] = origin;
		grid[origin] = set + 1;
		return set;
	}

	/** Sets of "other" do not count towards the limit. */
	private others = 0;
}
