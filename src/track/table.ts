/**
 * The one kind of table that holds what strangers choose the keys of: bounded, in typed arrays, kept in the order of
 * last use. When it is full, the caller takes the oldest entry out before it puts a new one in.
 *
 * An entry is a run of 32-bit words, found by its offset into `words`; 0 is no entry. Its layout:
 *
 *     0..2 key | 3 next in chain | 4 key, if it has a fourth word | the caller's words
 *
 * Runs are a power of two long, so that none of up to 16 words lies across two cache lines. The order of use stands
 * apart from them: putting an entry in front touches two neighbours, which then are close by.
 *
 * Memory is taken at once but touched, and so used, only as entries come: entries stand one behind the other, and the
 * directory of chains grows with them, one chain at a time (linear hashing, Litwin 1980), so that a few entries stay
 * close together in the processor's caches and no insert ever has to move them all.
 */

const chainWord = 3;
const fourthWord = 4;
/** First word of an entry that is the caller's, where keys have three words, and where they have four. */
export const dataOfThree = 4;
export const dataOfFour = 5;

/** Chains that a table begins with. */
const chainsMin = 64;

/** Four 32-bit words; the same for all tables of a process, and unknown to whoever sends packets. */
export type Seed = readonly [number, number, number, number];

export class BoundedTable {
	readonly limit: number;
	/** All entries. Word w of entry e is words[e + w]; the caller's begin at dataOfThree or dataOfFour, and hold at first whatever was there. */
	readonly words: Int32Array;
	/** The same memory: the double that starts at word w of entry e is doubles[(e + w) >> 1]; w must be even. */
	readonly doubles: Float64Array;
	size = 0;
	/** How many entries were taken out to make room. */
	evicted = 0;
	private readonly hasFourth: boolean;
	private readonly heads: Int32Array;
	/** Chains 0..chains-1 are in use; chain `split` is the next to be divided, with the bit `highBit` of the hash. */
	private chains = chainsMin;
	private highBit = chainsMin;
	private split = 0;
	/** Entries are 2^entryShift words long. */
	private readonly entryShift: number;
	/** For each entry, by its place: the entry that is older, and the one that is newer. Place 0 joins both ends. */
	private readonly links: Int32Array;
	private readonly tabulation: Int32Array;
	/** Chain of entries that were removed, and the end of those that were ever used. */
	private free = 0;
	private fresh: number;

	/**
	 * Keys have so many words (the fourth of three is 0 wherever one is given), and `data` is the number of words that a
	 * caller keeps in each entry.
	 */
	constructor(options: {
		readonly limit: number;
		readonly keyWords: 3 | 4;
		readonly data: number;
		readonly seed: Seed;
	}) {
		this.limit = options.limit;
		this.hasFourth = options.keyWords === 4;
		this.entryShift = Math.ceil(Math.log2(options.keyWords + 1 + options.data));
		const buffer = new ArrayBuffer((options.limit + 1) * 4 * 2 ** this.entryShift);
		this.words = new Int32Array(buffer);
		this.doubles = new Float64Array(buffer);
		this.heads = new Int32Array(Math.max(options.limit, chainsMin));
		this.links = new Int32Array((options.limit + 1) * 2);
		this.fresh = 1 << this.entryShift;
		this.tabulation = tabulationOf(options.seed);
	}

	/** The entry with this key, or 0; `hash` is the key's. */
	find(hash: number, a: number, b: number, c: number, d: number): number {
		const { words, hasFourth } = this;
		let entry = this.heads[this.chainOf(hash)] as number;
		while (entry !== 0) {
			if (words[entry] === a && words[entry + 1] === b && words[entry + 2] === c) {
				if (!hasFourth || words[entry + fourthWord] === d) break;
			}
			entry = words[entry + chainWord] as number;
		}
		return entry;
	}

	get isFull(): boolean {
		return this.size === this.limit;
	}

	/** Adds an entry for a key that is not there, as the newest; `hash` is the key's. The table must not be full. */
	insert(hash: number, a: number, b: number, c: number, d: number): number {
		const words = this.words;
		let entry = this.free;
		if (entry !== 0) {
			this.free = words[entry + chainWord] as number;
		} else {
			entry = this.fresh;
			this.fresh += 1 << this.entryShift;
		}
		const head = this.chainOf(hash);
		words[entry] = a;
		words[entry + 1] = b;
		words[entry + 2] = c;
		if (this.hasFourth) words[entry + fourthWord] = d;
		words[entry + chainWord] = this.heads[head] as number;
		this.heads[head] = entry;
		this.linkNewest(entry);
		if (++this.size > this.chains) this.divide();
		return entry;
	}

	/** Makes the entry the newest. */
	touch(entry: number): void {
		if (this.links[0] === entry) return;
		this.unlink(entry);
		this.linkNewest(entry);
	}

	/** The entry whose last touch or insert is the longest ago, or 0. */
	get oldest(): number {
		return this.links[1] as number;
	}

	/** The entry whose last touch or insert was just before this one's, or 0; of 0, the newest. */
	olderThan(entry: number): number {
		return this.links[(entry >> this.entryShift) << 1] as number;
	}

	/** Takes an entry out; its words are the next insert's. `hash` is its key's. */
	remove(entry: number, hash: number = this.hashOf(entry)): void {
		const words = this.words;
		const head = this.chainOf(hash);
		const after = words[entry + chainWord] as number;
		let before = this.heads[head] as number;
		if (before === entry) {
			this.heads[head] = after;
		} else {
			while (words[before + chainWord] !== entry) before = words[before + chainWord] as number;
			words[before + chainWord] = after;
		}
		this.unlink(entry);
		words[entry + chainWord] = this.free;
		this.free = entry;
		this.size--;
	}

	/** Makes room for one more, if there is none, by taking the oldest out. For tables whose entries nobody else counts. */
	makeRoom(): void {
		if (this.size < this.limit) return;
		this.remove(this.oldest);
		this.evicted++;
	}

	/**
	 * A key's hash, for find and insert: tabulation hashing (Carter and Wegman 1979, Zobrist 1970): the exclusive or of one random word for each byte of the
	 * key. For any two keys chosen without knowing the random words, the odds of the same hash are one in its range, so
	 * no sender can pick keys that collide. A word that is 0, but the first, adds nothing.
	 */
	hash(a: number, b: number, c: number, d: number): number {
		const random = this.tabulation;
		let hash =
			(random[a & 0xff] as number) ^
			(random[256 + ((a >>> 8) & 0xff)] as number) ^
			(random[512 + ((a >>> 16) & 0xff)] as number) ^
			(random[768 + (a >>> 24)] as number);
		if (b !== 0) {
			hash ^=
				(random[1024 + (b & 0xff)] as number) ^
				(random[1280 + ((b >>> 8) & 0xff)] as number) ^
				(random[1536 + ((b >>> 16) & 0xff)] as number) ^
				(random[1792 + (b >>> 24)] as number);
		}
		if (c !== 0) {
			hash ^=
				(random[2048 + (c & 0xff)] as number) ^
				(random[2304 + ((c >>> 8) & 0xff)] as number) ^
				(random[2560 + ((c >>> 16) & 0xff)] as number) ^
				(random[2816 + (c >>> 24)] as number);
		}
		if (d !== 0) {
			hash ^=
				(random[3072 + (d & 0xff)] as number) ^
				(random[3328 + ((d >>> 8) & 0xff)] as number) ^
				(random[3584 + ((d >>> 16) & 0xff)] as number) ^
				(random[3840 + (d >>> 24)] as number);
		}
		return hash;
	}

	private hashOf(entry: number): number {
		const words = this.words;
		return this.hash(
			words[entry] as number,
			words[entry + 1] as number,
			words[entry + 2] as number,
			this.hasFourth ? (words[entry + fourthWord] as number) : 0,
		);
	}

	private chainOf(hash: number): number {
		const chain = hash & (this.highBit * 2 - 1);
		return chain < this.chains ? chain : chain & (this.highBit - 1);
	}

	/** One chain more: the entries of chain `split` whose hash has the next bit move to it. */
	private divide(): void {
		const { words, heads, highBit } = this;
		if (this.chains === heads.length) return;
		let entry = heads[this.split] as number;
		let low = 0;
		let high = 0;
		while (entry !== 0) {
			const after = words[entry + chainWord] as number;
			if ((this.hashOf(entry) & highBit) === 0) {
				words[entry + chainWord] = low;
				low = entry;
			} else {
				words[entry + chainWord] = high;
				high = entry;
			}
			entry = after;
		}
		heads[this.split] = low;
		heads[this.chains++] = high;
		if (++this.split === highBit) {
			this.split = 0;
			this.highBit *= 2;
		}
	}

	private linkNewest(entry: number): void {
		const { links, entryShift } = this;
		const place = (entry >> entryShift) << 1;
		const newest = links[0] as number;
		links[place] = newest;
		links[place + 1] = 0;
		links[((newest >> entryShift) << 1) + 1] = entry;
		links[0] = entry;
	}

	private unlink(entry: number): void {
		const { links, entryShift } = this;
		const place = (entry >> entryShift) << 1;
		const older = links[place] as number;
		const newer = links[place + 1] as number;
		links[((older >> entryShift) << 1) + 1] = newer;
		links[(newer >> entryShift) << 1] = older;
	}
}

/** That of the latest seed: the tables of a process share theirs, and cold code takes a millisecond for each. */
let latest: { readonly seed: Seed; readonly tabulation: Int32Array } | undefined;

function tabulationOf(seed: Seed): Int32Array {
	if (latest?.seed !== seed) latest = { seed, tabulation: makeTabulation(seed) };
	return latest.tabulation;
}

/** 16 times 256 random words (xoshiro128**, Blackman and Vigna 2018); those of the byte 0 in all but the first key word are 0. */
function makeTabulation(seed: Seed): Int32Array {
	let [a, b, c, d] = seed;
	if ((a | b | c | d) === 0) d = 1;
	const next = () => {
		const product = Math.imul(b, 5);
		const result = Math.imul((product << 7) | (product >>> 25), 9);
		const shifted = b << 9;
		c ^= a;
		d ^= b;
		b ^= c;
		a ^= d;
		c ^= shifted;
		d = (d << 11) | (d >>> 21);
		return result;
	};
	for (let warm = 0; warm < 32; warm++) next();
	const random = new Int32Array(4096);
	for (let index = 0; index < random.length; index++) random[index] = next();
	for (let byte = 4; byte < 16; byte++) random[byte * 256] = 0;
	return random;
}
