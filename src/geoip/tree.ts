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

/** The tree of one file: address -> record, without reading the record. */
export class SearchTree {
	readonly #bytes: Uint8Array;
	readonly #recordSize: number;
	readonly #nodeCount: number;
	/** A record's value is so much more than its place in the file. */
	readonly #recordOffset: number;
	/** The record value behind the last byte that a record could start at. */
	readonly #recordEnd: number;
	readonly #ipv4Only: boolean;
	/** Where the first eight bits of an IPv4 address lead, as most do not end there: a third of the way, gone once. */
	readonly #ipv4Tops: Uint32Array;

	/** Takes a whole file and its metadata, keeps a view of it. Throws a RangeError if the file does not hold the tree it announces. */
	constructor(bytes: Uint8Array, metadata: TreeMetadata) {
		const { ipVersion, nodeCount, recordSize, searchTreeSize } = metadata;
		if (ipVersion !== 4 && ipVersion !== 6) throw new RangeError(`IP version ${ipVersion}`);
		if (!Number.isInteger(nodeCount) || nodeCount < 1) throw new RangeError(`${nodeCount} nodes`);
		const separator = bytes.subarray(searchTreeSize, searchTreeSize + separatorBytes);
		if (separator.length < separatorBytes || separator.some((byte) => byte !== 0))
			throw new RangeError("search tree cut off");
		this.#bytes = bytes;
		this.#recordSize = recordSize;
		this.#nodeCount = nodeCount;
		this.#recordOffset = nodeCount - searchTreeSize;
		this.#recordEnd = bytes.length + this.#recordOffset;
		this.#ipv4Only = ipVersion === 4;
		const ipv4Node = ipVersion === 4 ? 0 : this.#walk(this.#walk(this.#walk(0, 0), 0), 0);
		this.#ipv4Tops = Uint32Array.from({ length: 256 }, (_, top) => this.#walk(ipv4Node, top << 24, 24));
	}

	/**
	 * What stands at an address, four 32-bit words in big-endian order, IPv4 as ::ffff:a.b.c.d: a positive number, the same for
	 * all addresses with the same record; or `noRecord`, or `damagedTree`. Reads the tree alone, and at most 128 nodes of it.
	 */
	find(a: number, b: number, c: number, d: number): number {
		let node: number;
		if (a === 0 && b === 0 && c === 0xffff) node = this.#walk(this.#ipv4Tops[d >>> 24] as number, d << 8, 8);
		else if (this.#ipv4Only) return noRecord;
		else node = this.#walk(this.#walk(this.#walk(this.#walk(0, a), b), c), d);
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

	/** Follows the bits of a word, its last ones apart, down from a node, until they end or no node follows. */
	#walk(from: number, word: number, without = 0): number {
		let node = from;
		for (let bit = 31; bit >= without && node < this.#nodeCount; bit--) node = this.#record(node, (word >>> bit) & 1);
		return node;
	}

	#record(node: number, side: number): number {
		const bytes = this.#bytes;
		if (this.#recordSize === 24) {
			const at = node * 6 + side * 3;
			return (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
		}
		if (this.#recordSize === 28) {
			const middle = bytes[node * 7 + 3];
			const at = node * 7 + side * 4;
			const high = side === 0 ? middle >>> 4 : middle & 0x0f;
			return (high << 24) | (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
		}
		const at = node * 8 + side * 4;
		return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
	}
}
