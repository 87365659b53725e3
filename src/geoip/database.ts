/** One open MaxMind database: address -> the one value that becomes a label. */

import { ReaderModel } from "@maxmind/geoip2-node";
import { Reader } from "maxmind";
import { addressText } from "./address.ts";
import { FileFault, type FileMark, readWhole } from "./file.ts";
import { unmappedAsn, unmappedCountry } from "./origins.ts";
import { damagedTree, noRecord, SearchTree } from "./tree.ts";

/**
 * What a database answers, how it is found in a record, and what it is when nothing is found. `ways` names the methods of
 * geoip2-node by the word that MaxMind's database types hold ("GeoLite2-Country", "GeoIP2-City", "GeoIP2-ISP", "DBIP-ASN-Lite").
 */
export interface Subject<Value> {
	readonly key: "geoip.country-database" | "geoip.asn-database";
	readonly wanted: string;
	readonly ways: Readonly<Record<string, (model: ReaderModel, address: string) => unknown>>;
	readonly unmapped: Value;
	readonly valid: (value: unknown) => value is Value;
}

/**
 * Where an address is, as the Go exporter has it: `country.iso_code`. `registered_country` is no substitute: it says where the
 * network's owner is registered, and a record that has only that (an anycast resolver's, say) is unmapped.
 */
export const countrySubject: Subject<string> = {
	key: "geoip.country-database",
	wanted: "a GeoLite2 or GeoIP2 Country, City or Enterprise database",
	ways: {
		Country: (model, address) => model.country(address).country?.isoCode,
		City: (model, address) => model.city(address).country?.isoCode,
		Enterprise: (model, address) => model.enterprise(address).country?.isoCode,
	},
	unmapped: unmappedCountry,
	valid: (value): value is string => typeof value === "string" && /^[A-Z]{2}$/.test(value),
};

/** Which autonomous system announces an address. */
export const asnSubject: Subject<number> = {
	key: "geoip.asn-database",
	wanted: "a GeoLite2 ASN or GeoIP2 ISP database",
	ways: {
		ASN: (model, address) => model.asn(address).autonomousSystemNumber,
		ISP: (model, address) => model.isp(address).autonomousSystemNumber,
	},
	unmapped: unmappedAsn,
	valid: (value): value is number =>
		typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32,
};

/**
 * How many records' values are remembered: more than there are autonomous systems that announce anything (some 80,000), so that
 * each record is decoded once. Forgotten all at once when full.
 */
const recordsMax = 2 ** 17;

/** How many addresses over the IPv4 space are looked up before a file is trusted (3 ms): a sparse or half-copied file shows. */
const probes = 256;

/** One file, whole in memory, asked for one subject. */
export class Database<Value> {
	readonly mark: FileMark;
	readonly type: string;
	readonly buildTimeSeconds: number;
	/** Lookups that met a record which cannot be read or makes no sense. */
	lookupFailures = 0;
	readonly #subject: Subject<Value>;
	readonly #tree: SearchTree;
	readonly #model: ReaderModel;
	readonly #way: (model: ReaderModel, address: string) => unknown;
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
		const reader = orDamaged(() => new Reader<object>(bytes));
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
		this.#model = new ReaderModel(reader);
		for (let index = 0; index < probes; index++) this.#probe(reader, (index << 24) | ((index * 0x9e3779) & 0xffffff));
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
			value = this.#valueFor(addressText(a, b, c, d));
			if (this.#values.size >= recordsMax) this.#values.clear();
			this.#values.set(record, value);
		}
		if (value !== null) return value;
		this.lookupFailures++;
		return this.#subject.unmapped;
	}

	#valueFor(address: string): Value | null {
		try {
			const found = this.#way(this.#model, address);
			if (found === undefined) return this.#subject.unmapped;
			return this.#subject.valid(found) ? found : null;
		} catch {
			// The library throws on what it cannot decode, in many ways, RangeErrors and stack overflows among them.
			return null;
		}
	}

	#probe(reader: Reader<object>, ipv4: number): void {
		const record = this.#tree.find(0, 0, 0xffff, ipv4);
		if (record === damagedTree) throw damaged("search tree leads nowhere");
		if (record !== noRecord) orDamaged(() => reader.get(addressText(0, 0, 0xffff, ipv4)));
	}
}

/** Opens a subject's database from a file. Throws a FileFault. */
export async function openDatabase<Value>(path: string, subject: Subject<Value>): Promise<Database<Value>> {
	const { bytes, mark } = await readWhole(path);
	try {
		return new Database(bytes, mark, subject);
	} catch (error) {
		if (error instanceof FileFault) error.mark = mark;
		throw error;
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
