import { allocate } from "./allocate.ts";
import { hashOf } from "./hash.ts";

/**
 * The only kind of table whose keys senders can choose: bounded, and ordered by last use. When it is full, the caller
 * evicts the oldest entry before it inserts a new one. An entry is identified by its address; 0 is none.
 *
 * The length of an entry is a power of two, so that an entry of up to 64 bytes never crosses a cache line. The order of
 * use is in a separate array: making an entry the newest changes two neighbours, which are close together there.
 *
 * Memory is allocated at once, but pages are used only as entries come: entries follow one another, and the directory
 * of buckets grows with them, one bucket at a time (linear hashing, Litwin 1980), so that a few entries stay close
 * together in the processor's caches, and no insert ever has to move all of them.
 */

const chainsMin: u32 = 64;
/**
 * Chains for each entry: with four, most searches end at the first entry, so that the processor predicts the branch. A
 * full table has two, to save memory.
 */
const chainsPerEntry: u32 = 4;
const chainsPerEntryFull: u32 = 2;

/** The first fields of every entry. If the table's keys have three words, the caller's fields follow these. */
@unmanaged
export class Entry {
	a: u32;
	b: u32;
	c: u32;
	/** The next in its chain. */
	next: usize;
}

/** The first fields of entries whose keys have four words. */
@unmanaged
export class LongEntry extends Entry {
	d: u32;
}

@unmanaged
export class BoundedTable {
	limit: u32;
	size: u32;
	/** The number of evicted entries. A double like all counts: a flood exhausts 32 bits in an hour. */
	evicted: f64;
	private isLong: bool;
	/** Entries are 2^entryShift bytes; the entry with index i, from 1 on, is at entries + (i << entryShift). */
	private entries: usize;
	private entryShift: u32;
	/**
	 * First entries of the chains, one for each bucket. Chains 0..chains-1 are in use; `split` is the next to be split,
	 * by bit `highBit` of the hash.
	 */
	private heads: usize;
	private chainsMax: u32;
	private chains: u32;
	private highBit: u32;
	private split: u32;
	/** For each index: those of the next older and of the next newer entry. Index 0 joins both ends. */
	private links: usize;
	/** Chain of removed entries, and the end of those that were ever used. */
	private free: usize;
	private fresh: usize;

	/** Allocates `limit` entries of `entryBytes`; `isLong` if keys have four words. */
	setUp(limit: u32, entryBytes: u32, isLong: bool): void {
		this.limit = limit;
		this.isLong = isLong;
		this.entryShift = 32 - clz<u32>(entryBytes - 1);
		this.entries = allocate(((limit as usize) + 1) << this.entryShift);
		this.fresh = this.entries + ((1 as usize) << this.entryShift);
		this.chainsMax = max<u32>(chainsPerEntryFull * limit, chainsMin);
		this.heads = allocate((this.chainsMax as usize) * sizeof<usize>());
		this.chains = chainsMin;
		this.highBit = chainsMin;
		this.links = allocate(((limit as usize) + 1) << 3);
	}

	/** Returns the entry with this key, or 0; `hash` is the key's, and `d` is 0 if it has three words. */
	find(hash: u32, a: u32, b: u32, c: u32, d: u32): usize {
		if (!ASC_NO_ASSERT) this.checkChain(hash);
		let address = load<usize>(this.headOf(hash));
		while (address !== 0) {
			const entry = changetype<LongEntry>(address);
			if (entry.a === a && entry.b === b && entry.c === c && (!this.isLong || entry.d === d)) break;
			address = entry.next;
		}
		return address;
	}

	get isFull(): bool {
		return this.size === this.limit;
	}

	/**
	 * Adds an entry for a new key as the newest; `hash` is the key's. The table must not be full. The caller's fields are
	 * not initialised.
	 */
	insert(hash: u32, a: u32, b: u32, c: u32, d: u32): usize {
		assert(!this.isFull, "inserted into a full table");
		if (!ASC_NO_ASSERT) {
			assert(hash === hashOf(a, b, c, this.isLong ? d : 0), "inserted under the hash of another key");
			assert(this.find(hash, a, b, c, d) === 0, "inserted a key that is there");
		}
		let address = this.free;
		if (address !== 0) {
			this.free = changetype<Entry>(address).next;
		} else {
			address = this.fresh;
			this.fresh += (1 as usize) << this.entryShift;
		}
		const head = this.headOf(hash);
		const entry = changetype<LongEntry>(address);
		entry.a = a;
		entry.b = b;
		entry.c = c;
		if (this.isLong) entry.d = d;
		entry.next = load<usize>(head);
		store<usize>(head, address);
		this.linkNewest(this.indexOf(address));
		this.size++;
		while (this.chains < this.chainsMax && this.chains < chainsPerEntry * this.size) this.splitBucket();
		return address;
	}

	touch(entry: usize): void {
		const index = this.indexOf(entry);
		if (this.olderAt(0) === index) return;
		this.unlink(index);
		this.linkNewest(index);
	}

	/** Returns the entry whose last touch or insert is the longest ago, or 0. */
	get oldest(): usize {
		return this.entryAt(this.newerAt(0));
	}

	/** Returns the next older entry, or 0; for 0, the newest. */
	olderThan(entry: usize): usize {
		return this.entryAt(this.olderAt(entry === 0 ? 0 : this.indexOf(entry)));
	}

	/** Removes an entry; the next insert reuses its memory. */
	remove(entry: usize): void {
		const hash = this.hashOf(entry);
		if (!ASC_NO_ASSERT) assert(this.checkChain(hash, entry), "removed an entry that is not in its chain");
		const after = changetype<Entry>(entry).next;
		let link = this.headOf(hash);
		while (load<usize>(link) !== entry) link = load<usize>(link) + offsetof<Entry>("next");
		store<usize>(link, after);
		this.unlink(this.indexOf(entry));
		changetype<Entry>(entry).next = this.free;
		this.free = entry;
		this.size--;
	}

	/** Evicts the oldest entry if the table is full. For tables whose entries are not counted elsewhere. */
	evictOldest(): void {
		if (this.size < this.limit) return;
		this.remove(this.oldest);
		this.evicted++;
	}

	private hashOf(entry: usize): u32 {
		const key = changetype<LongEntry>(entry);
		return hashOf(key.a, key.b, key.c, this.isLong ? key.d : 0);
	}

	/** Returns the address of the first link in the chain of a hash. */
	private headOf(hash: u32): usize {
		const chain = hash & (this.highBit * 2 - 1);
		return this.heads + ((chain < this.chains ? chain : chain & (this.highBit - 1)) as usize) * sizeof<usize>();
	}

	/** Adds a chain: the entries of chain `split` whose hash has the next bit set move to it. */
	private splitBucket(): void {
		const head = this.heads + (this.split as usize) * sizeof<usize>();
		let entry = load<usize>(head);
		let low: usize = 0;
		let high: usize = 0;
		while (entry !== 0) {
			const after = changetype<Entry>(entry).next;
			if ((this.hashOf(entry) & this.highBit) === 0) {
				changetype<Entry>(entry).next = low;
				low = entry;
			} else {
				changetype<Entry>(entry).next = high;
				high = entry;
			}
			entry = after;
		}
		store<usize>(head, low);
		store<usize>(this.heads + (this.chains++ as usize) * sizeof<usize>(), high);
		if (++this.split === this.highBit) {
			this.split = 0;
			this.highBit *= 2;
		}
	}

	/** In test builds: walks the chain of a hash, whose entries must all belong to it, and returns whether `sought` is among them. */
	private checkChain(hash: u32, sought: usize = 0): bool {
		const head = this.headOf(hash);
		let isThere = false;
		let steps: u32 = 0;
		for (let entry = load<usize>(head); entry !== 0; entry = changetype<Entry>(entry).next) {
			assert(++steps <= this.size, "a chain has more entries than the table");
			assert(this.headOf(this.hashOf(entry)) === head, "an entry is in the chain of another hash");
			if (entry === sought) isThere = true;
		}
		return isThere;
	}

	private indexOf(entry: usize): u32 {
		const index = ((entry - this.entries) >> this.entryShift) as u32;
		assert(index > 0 && index <= this.limit && this.entryAt(index) === entry, "no entry of the table");
		return index;
	}

	private entryAt(index: u32): usize {
		return index === 0 ? 0 : this.entries + ((index as usize) << this.entryShift);
	}

	private olderAt(index: u32): u32 {
		return load<u32>(this.links + ((index as usize) << 3));
	}

	private newerAt(index: u32): u32 {
		return load<u32>(this.links + ((index as usize) << 3), 4);
	}

	private setOlder(index: u32, older: u32): void {
		store<u32>(this.links + ((index as usize) << 3), older);
	}

	private setNewer(index: u32, newer: u32): void {
		store<u32>(this.links + ((index as usize) << 3), newer, 4);
	}

	private linkNewest(index: u32): void {
		const newest = this.olderAt(0);
		this.setOlder(index, newest);
		this.setNewer(index, 0);
		this.setNewer(newest, index);
		this.setOlder(0, index);
	}

	private unlink(index: u32): void {
		if (!ASC_NO_ASSERT)
			assert(
				this.newerAt(this.olderAt(index)) === index && this.olderAt(this.newerAt(index)) === index,
				"an entry is not in the order of use",
			);
		const older = this.olderAt(index);
		const newer = this.newerAt(index);
		this.setNewer(older, newer);
		this.setOlder(newer, older);
	}
}
