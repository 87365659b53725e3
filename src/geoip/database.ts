/** One open MaxMind database: address -> the one value that becomes a label. */

import { Reader } from "mmdb-lib";
import { type FileContent, FileFault, type FileMark } from "./database-file.ts";
import type { Subject } from "./subject.ts";

/** How many addresses over the IPv4 space are looked up before a file is trusted: a sparse or half-copied file shows. */
const probes = 256;

/**
 * This number of the probes may find nothing under their last bit, as next to a network of one address: in a file whose tree was not
 * written they all do, since zeros lead back to the first node.
 */
const strayProbesMax = 8;

/** Networks that are looked at, from the first on, when no probe found a value: a small file of one's own is seen whole. */
const walkedMax = 4_096;

/** Length of what is shown of a record. */
const shownMax = 200;

/** Zeros between the tree and the data section ("Data Section Separator" of the format). */
const separatorBytes = 16;

/** How many decoded records, and parts that many records point to, are kept, 10 MB at most; then all are forgotten at once. */
const cachedMax = 4_096;

class RecordCache extends Map<string | number, unknown> {
	override set(key: string | number, part: unknown): this {
		if (this.size >= cachedMax) this.clear();
		return super.set(key, part);
	}
}

/** One file, whole in memory, asked for one subject. */
export class Database<Value> {
	/** The whole file, for another subject that the same file answers. */
	readonly content: FileContent;
	readonly type: string;
	readonly buildTimeSeconds: number;
	/** Lookups that met a record which cannot be read or makes no sense. */
	lookupFailures = 0;
	readonly #subject: Subject<Value>;
	readonly #reader: Reader<object>;
	/** The value of each record that the reader has in its cache, as it returns the same object for it; null for one that makes no sense. */
	readonly #values = new WeakMap<object, Value | null>();

	/**
	 * Takes a whole file; nobody may write to the buffer from now on. Throws a FileFault if it is no MaxMind DB 2.0, was
	 * cut off, or if no record that was looked at answers the subject.
	 */
	constructor(bytes: Buffer, mark: FileMark, subject: Subject<Value>) {
		if (bytes[0] === 0x1f && bytes[1] === 0x8b) throw new FileFault("is compressed; unpack it first");
		this.content = { bytes, mark };
		this.#subject = subject;
		this.#reader = orDamaged(() => new Reader(bytes, { cache: new RecordCache() }));
		const { binaryFormatMajorVersion, buildEpoch, databaseType, searchTreeSize } = this.#reader.metadata;
		if (binaryFormatMajorVersion !== 2) throw damaged(`format version ${binaryFormatMajorVersion}`);
		if (typeof databaseType !== "string" || !(buildEpoch.getTime() >= 0)) throw damaged("no type or build time");
		const separator = bytes.subarray(searchTreeSize, searchTreeSize + separatorBytes);
		if (separator.length < separatorBytes || separator.some((byte) => byte !== 0)) throw damaged("search tree cut off");
		this.type = databaseType;
		this.buildTimeSeconds = buildEpoch.getTime() / 1000;
		if (!this.#probe()) this.#walk();
	}

	/**
	 * The value for an address, four 32-bit words in big-endian order, IPv4 as ::ffff:a.b.c.d; `unmapped` if no record has one.
	 * Never throws.
	 */
	lookup(a: number, b: number, c: number, d: number): Value {
		const isIpv4 = a === 0 && b === 0 && c === 0xffff;
		// The library would look for an IPv6 address among those of IPv4.
		if (!isIpv4 && this.#reader.metadata.ipVersion === 4) return this.#subject.unmapped;
		const value = this.#valueAt(isIpv4 ? ipv4Text(d) : ipv6Text(a, b, c, d));
		if (value !== null) return value;
		this.lookupFailures++;
		return this.#subject.unmapped;
	}

	#valueAt(address: string): Value | null {
		try {
			const record = this.#reader.get(address);
			if (record === null) return this.#subject.unmapped;
			let value = this.#values.get(record);
			if (value === undefined) {
				value = this.#valueOf(record);
				if (typeof record === "object") this.#values.set(record, value);
			}
			return value;
		} catch {
			// The library throws on what it cannot decode, in many ways, RangeErrors and stack overflows among them.
			return null;
		}
	}

	#valueOf(record: object): Value | null {
		// The file may have a text or a number where a record should be.
		if (typeof record !== "object") return this.#subject.unmapped;
		const found = this.#subject.read(record);
		return found === undefined ? this.#subject.unmapped : found;
	}

	/** Whether a record has a value. Never throws. */
	#answers(record: object): boolean {
		try {
			return (this.#subject.read(record) ?? null) !== null;
		} catch {
			return false;
		}
	}

	/** Looks at addresses over the whole IPv4 space; whether a record had a value. */
	#probe(): boolean {
		let strays = 0;
		let answered = false;
		for (let index = 0; index < probes; index++) {
			const address = ipv4Text((index << 24) | ((index * 0x9e3779) & 0xffffff));
			const [record, bits] = orDamaged(() => this.#reader.getWithPrefixLength(address));
			if (record === null) {
				if (bits === 32 && ++strays > strayProbesMax) throw damaged("search tree leads nowhere");
			} else if (typeof record !== "object") throw damaged("a record that is no map");
			else answered ||= this.#answers(record);
		}
		return answered;
	}

	/** Looks at one network after another until a record has a value, and throws a FileFault if none has. */
	#walk(): void {
		const treeBits = this.#reader.metadata.ipVersion === 4 ? 32 : 128;
		let sample: object | null = null;
		let address = 0n;
		for (let walked = 0; walked < walkedMax && address < 1n << BigInt(treeBits); walked++) {
			const words = [96n, 64n, 32n, 0n].map((shift) => Number((address >> shift) & 0xffffffffn));
			const text = treeBits === 32 ? ipv4Text(words[3] as number) : ipv6Text(...words);
			const [record, bits] = orDamaged(() => this.#reader.getWithPrefixLength(text));
			if (record !== null && typeof record === "object") {
				if (this.#answers(record)) return;
				sample ??= record;
			}
			const rest = BigInt(treeBits - bits);
			address = ((address >> rest) + 1n) << rest;
		}
		const kind = `is of the type ${JSON.stringify(this.type)}`;
		if (sample === null) throw new FileFault(`${kind} and holds no record; fetch it again`);
		throw new FileFault(
			`${kind}, whose records, such as ${shown(sample)}, have no value for it: ${this.#subject.key} takes files whose records have ${this.#subject.wanted}`,
		);
	}
}

/** A record on one line, cut where it is long. */
function shown(record: object): string {
	const text = JSON.stringify(record, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
	const plain = text.replace(/\p{C}/gu, "\ufffd");
	return plain.length <= shownMax ? plain : `${plain.slice(0, shownMax)}…`;
}

function ipv4Text(word: number): string {
	return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

function ipv6Text(...words: readonly number[]): string {
	return words.flatMap((word) => [(word >>> 16).toString(16), (word & 0xffff).toString(16)]).join(":");
}

function orDamaged<Result>(read: () => Result): Result {
	try {
		return read();
	} catch (error) {
		throw damaged(error instanceof Error ? error.message : String(error), error);
	}
}

function damaged(why: string, cause?: unknown): FileFault {
	return new FileFault(`is no MaxMind database, or a damaged one (${why}); fetch it again`, { cause });
}
