/**
 * The search tree of a MaxMind DB ("Binary Search Tree Section", format 2.0), walked on the hot path's words. The library does
 * the same on text, at 1 microsecond and some 500 bytes of garbage a lookup; strangers choose how many addresses are looked up.
 */

/** What find gives when no record stands at an address. */
export const noRecord = 0;

/** What find gives when the tree is damaged where the address leads. */
export const damagedTree = -1;

/** The zeros between the tree and the data section ("Data Section Separator"). */
const separatorBytes = 16;

/** Types of data that a record may begin with. */
const typePointer = 1;
const typeMap = 7;

/** What a file's metadata says of its tree, by the library's names; `searchTreeSize` in bytes. */
export interface TreeMetadata {
	readonly ipVersion: number;
	readonly nodeCount: number;
	readonly recordSize: number;
	readonly searchTreeSize: number;
}

/**
 * Follows the first `bits` bits of a word down from a node, until they end or no node follows: one function for each size of records, as
 * who asks for a new resolver waits for each step ("Node Layout"). A node below `nodeCount` lies within the bytes.
 */
type Walk = (bytes: Uint8Array, nodeCount: number, from: number, word: number, bits: number) => number;

const walks: Readonly<Record<number, Walk>> = {
	24(bytes, nodeCount, from, word, bits) {
		let node = from;
		for (let bit = 0; bit < bits && node < nodeCount; bit++) {
			const at = node * 6 + (word << bit < 0 ? 3 : 0);
			node = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
		}
		return node;
	},
	// The byte in the middle has the highest four bits of both records.
	28(bytes, nodeCount, from, word, bits) {
		let node = from;
		for (let bit = 0; bit < bits && node < nodeCount; bit++) {
			const isRight = word << bit < 0;
			const middle = bytes[node * 7 + 3] as number;
			const at = node * 7 + (isRight ? 4 : 0);
			node =
				((isRight ? middle & 0x0f : middle >>> 4) << 24) |
				((bytes[at] as number) << 16) |
				((bytes[at + 1] as number) << 8) |
				(bytes[at + 2] as number);
		}
		return node;
	},
	32(bytes, nodeCount, from, word, bits) {
		let node = from;
		for (let bit = 0; bit < bits && node < nodeCount; bit++) {
			const at = node * 8 + (word << bit < 0 ? 4 : 0);
			node =
				(((bytes[at] as number) << 24) |
					((bytes[at + 1] as number) << 16) |
					((bytes[at + 2] as number) << 8) |
					(bytes[at + 3] as number)) >>>
				0;
		}
		return node;
	},
};

/** The tree of one file: address -> record, without reading the record. */
export class SearchTree {
	readonly #bytes: Uint8Array;
	readonly #walk: Walk;
	readonly #nodeCount: number;
	/** A record's value is so much more than its place in the file. */
	readonly #recordOffset: number;
	/** The record value behind the last byte that a record could start at. */
	readonly #recordEnd: number;
	readonly #ipv4Only: boolean;
	/** Where the first eight bits of an IPv4 address lead, as most do not end there: a third of the way, gone once. */
	readonly #ipv4Tops: readonly number[];

	/** Takes a whole file and its metadata, keeps a view of it. Throws a RangeError if the file does not hold the tree it announces. */
	constructor(bytes: Uint8Array, metadata: TreeMetadata) {
		const { ipVersion, nodeCount, recordSize, searchTreeSize } = metadata;
		if (ipVersion !== 4 && ipVersion !== 6) throw new RangeError(`IP version ${ipVersion}`);
		if (!Number.isInteger(nodeCount) || nodeCount < 1) throw new RangeError(`${nodeCount} nodes`);
		const walk = walks[recordSize];
		if (walk === undefined) throw new RangeError(`records of ${recordSize} bits`);
		const separator = bytes.subarray(searchTreeSize, searchTreeSize + separatorBytes);
		if (separator.length < separatorBytes || separator.some((byte) => byte !== 0))
			throw new RangeError("search tree cut off");
		this.#bytes = bytes;
		this.#walk = walk;
		this.#nodeCount = nodeCount;
		this.#recordOffset = nodeCount - searchTreeSize;
		this.#recordEnd = bytes.length + this.#recordOffset;
		this.#ipv4Only = ipVersion === 4;
		let tops = [ipVersion === 4 ? 0 : this.#follow(this.#follow(this.#follow(0, 0), 0), 0)];
		for (let bit = 0; bit < 8; bit++) {
			tops = tops.flatMap((node) => [this.#follow(node, 0, 1), this.#follow(node, 0x8000_0000, 1)]);
		}
		this.#ipv4Tops = tops;
	}

	/**
	 * What stands at an address, four 32-bit words in big-endian order, IPv4 as ::ffff:a.b.c.d: a positive number, the same for
	 * all addresses with the same record; or `noRecord`, or `damagedTree`. Reads the tree alone, and at most 128 nodes of it.
	 */
	find(a: number, b: number, c: number, d: number): number {
		let node: number;
		if (a === 0 && b === 0 && c === 0xffff) node = this.#follow(this.#ipv4Tops[d >>> 24] as number, d << 8, 24);
		else if (this.#ipv4Only) return noRecord;
		else node = this.#follow(this.#follow(this.#follow(this.#follow(0, a), b), c), d);
		if (node === this.#nodeCount) return noRecord;
		// An inner node under the last bit, a place in the separator, or one behind the file.
		return node >= this.#nodeCount + separatorBytes && node < this.#recordEnd ? node : damagedTree;
	}

	/**
	 * Whether the record that find gave begins as a map does ("Data Field Format": the type is the first three bits); one behind
	 * a pointer passes too. Zeros, of a part that was not written, do not.
	 */
	isMap(record: number): boolean {
		const type = (this.#bytes[record - this.#recordOffset] as number) >>> 5;
		return type === typeMap || type === typePointer;
	}

	#follow(from: number, word: number, bits = 32): number {
		return this.#walk(this.#bytes, this.#nodeCount, from, word, bits);
	}
}
