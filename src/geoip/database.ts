/** One open MaxMind database: address -> the one value that becomes a label. */

import { Asn, City, Country, Enterprise, Isp } from "@maxmind/geoip2-node";
import { Reader } from "mmdb-lib";
import { FileFault, type FileMark } from "./file.ts";
import type { Models, Subject } from "./subject.ts";
import { damagedTree, noRecord, SearchTree } from "./tree.ts";

const models: Models = { Asn, City, Country, Enterprise, Isp };

/**
 * How many records' values are remembered: more than there are autonomous systems that announce anything (some 80,000), so that
 * each record is decoded once. Forgotten all at once when full.
 */
const recordsMax = 2 ** 17;

/** How many addresses over the IPv4 space are looked up, and their records read, before a file is trusted: a sparse or half-copied file shows. */
const probes = 256;

/** Decoded parts of records that many point to, a country's say: so many are kept, then all are forgotten at once. */
const partsMax = 1_024;

class Parts extends Map<string | number, unknown> {
	override set(key: string | number, part: unknown): this {
		if (this.size >= partsMax) this.clear();
		return super.set(key, part);
	}
}

/** Reads records where they stand: the library looks addresses up by their text, which takes as long as the record, or longer. */
class RecordReader extends Reader<object> {
	constructor(bytes: Buffer) {
		super(bytes, { cache: new Parts() });
	}

	/** The record that the tree gave this number for. Throws, in many ways, if there is none. */
	at(record: number): object {
		// biome-ignore lint/complexity/useLiteralKeys: private to the library, which has no other way in; typed nevertheless.
		return this["resolveDataPointer"](record);
	}
}

/** One file, whole in memory, asked for one subject. */
export class Database<Value> {
	readonly mark: FileMark;
	readonly type: string;
	readonly buildTimeSeconds: number;
	/** Lookups that met a record which cannot be read or makes no sense. */
	lookupFailures = 0;
	readonly #subject: Subject<Value>;
	readonly #tree: SearchTree;
	readonly #reader: RecordReader;
	readonly #way: Subject<Value>["ways"][string];
	/** The value of each record met, by what the tree gives for it; null for a damaged one. */
	readonly #values = new Map<number, Value | null>();

	/**
	 * Takes a whole file; the buffer belongs to the database from now on. Throws a FileFault if it is no MaxMind DB 2.0, was
	 * cut off, or is of a type that does not answer the subject.
	 */
	constructor(bytes: Buffer, mark: FileMark, subject: Subject<Value>) {
		if (bytes[0] === 0x1f && bytes[1] === 0x8b) throw new FileFault("is compressed; unpack it first");
		this.mark = mark;
		this.#subject = subject;
		const reader = orDamaged(() => new RecordReader(bytes));
		const { binaryFormatMajorVersion, databaseType, buildEpoch } = reader.metadata;
		if (binaryFormatMajorVersion !== 2) throw damaged(`format version ${binaryFormatMajorVersion}`);
		if (typeof databaseType !== "string" || !(buildEpoch.getTime() >= 0)) throw damaged("no type or build time");
		this.#tree = orDamaged(() => new SearchTree(bytes, reader.metadata));
		const way = Object.entries(subject.ways).find(([word]) => databaseType.includes(word));
		if (way === undefined) {
			throw new FileFault(`is of the type ${JSON.stringify(databaseType)}; ${subject.key} takes ${subject.wanted}`);
		}
		this.#way = way[1];
		this.type = databaseType;
		this.buildTimeSeconds = buildEpoch.getTime() / 1000;
		this.#reader = reader;
		this.#probe();
	}

	/**
	 * The value for an address, four 32-bit words in big-endian order, IPv4 as ::ffff:a.b.c.d; `unmapped` if no record has one.
	 * Never throws.
	 */
	lookup(a: number, b: number, c: number, d: number): Value {
		const record = this.#tree.find(a, b, c, d);
		if (record === noRecord) return this.#subject.unmapped;
		let value = record === damagedTree ? null : this.#values.get(record);
		if (value === undefined) {
			value = this.#valueFrom(() => this.#reader.at(record));
			if (this.#values.size >= recordsMax) this.#values.clear();
			this.#values.set(record, value);
		}
		if (value !== null) return value;
		this.lookupFailures++;
		return this.#subject.unmapped;
	}

	#valueFrom(read: () => object): Value | null {
		try {
			const found = this.#way(models, read());
			if (found === undefined) return this.#subject.unmapped;
			return this.#subject.valid(found) ? found : null;
		} catch {
			// The library throws on what it cannot decode, in many ways, RangeErrors and stack overflows among them.
			return null;
		}
	}

	/** What was read for it need not be read again when it is looked up. */
	#probe(): void {
		for (let index = 0; index < probes; index++) {
			const ipv4 = (index << 24) | ((index * 0x9e3779) & 0xffffff);
			const record = this.#tree.find(0, 0, 0xffff, ipv4);
			if (record === damagedTree) throw damaged("search tree leads nowhere");
			if (record === noRecord || this.#values.has(record)) continue;
			if (!this.#tree.isMap(record)) throw damaged("a record that is no map");
			const read = orDamaged(() => this.#reader.at(record));
			this.#values.set(
				record,
				this.#valueFrom(() => read),
			);
		}
	}
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
