/**
 * Writes MaxMind DB files (format 2.0, maxmind.github.io/MaxMind-DB): small ones whose every row a test knows, and ones of the
 * real GeoLite2 files' size for measurements. Everything is deterministic.
 *
 *     bun tests/support/mmdb.ts DIR      writes DIR/Country.mmdb and DIR/ASN.mmdb (`countryRows`, `asnRows`), and DIR/resolvers.mmdb,
 *                                        which is src/demo/resolvers.mmdb after a change to what that is of
 */

import { join } from "node:path";
import { demoResolvers } from "../../src/demo/demo-resolvers.ts";

/** What a data section can hold here; a number is written as uint32, a bigint as uint64. */
export type MmdbValue =
	| string
	| number
	| bigint
	| boolean
	| Uint16
	| readonly MmdbValue[]
	| { readonly [key: string]: MmdbValue };

/** A network in CIDR notation (IPv4 or IPv6) and the record that its addresses get. */
export type MmdbRow = readonly [cidr: string, data: MmdbValue];

export interface MmdbOptions {
	readonly databaseType: string;
	/** Bits of one record of the search tree. */
	readonly recordSize?: 24 | 28 | 32;
	/** 6 (the default) puts IPv4 networks at ::/96, as MaxMind does; 4 takes IPv4 networks only. */
	readonly ipVersion?: 4 | 6;
	/** Let ::ffff:0:0/96, 2002::/16 and 2001::/32 lead to the IPv4 networks, as in MaxMind's own files; true unless set. */
	readonly aliases?: boolean;
	readonly buildEpochSeconds?: number;
}

/** The build time of a file whose options name none: 2026-01-02T03:04:05Z. */
export const defaultBuildEpochSeconds = 1_767_323_045;

class Uint16 {
	constructor(readonly value: number) {}
}

const metadataMarker = Buffer.from("\xab\xcd\xefMaxMind.com", "latin1");
const separatorBytes = 16;

/** Bytes that grow; what was written already stays where it is. */
class Sink {
	bytes = Buffer.alloc(4096);
	length = 0;

	room(count: number): number {
		const start = this.length;
		if (start + count > this.bytes.length) {
			const grown = Buffer.alloc(Math.max(start + count, this.bytes.length * 2));
			this.bytes.copy(grown, 0, 0, start);
			this.bytes = grown;
		}
		this.length = start + count;
		return start;
	}
}

/** The data section ("Output Data Section"): a string or map that stands there already is written as a pointer to it. */
class DataSection {
	readonly sink = new Sink();
	readonly #known = new Map<string, number>();
	readonly #seen = new Map<MmdbValue, number>();

	/** Writes a value once and gives its offset in the section. */
	offsetOf(value: MmdbValue): number {
		const seen = this.#seen.get(value);
		if (seen !== undefined) return seen;
		const key = keyOf(value);
		const offset = this.#known.get(key) ?? this.sink.length;
		if (offset === this.sink.length) this.#plain(value);
		this.#known.set(key, offset);
		this.#seen.set(value, offset);
		return offset;
	}

	#plain(value: MmdbValue): void {
		if (typeof value === "string") {
			const text = Buffer.from(value, "utf8");
			this.#control(2, text.length);
			// In this order: the room may be in another buffer.
			const at = this.sink.room(text.length);
			text.copy(this.sink.bytes, at);
		} else if (typeof value === "number") this.#unsigned(6, BigInt(value));
		else if (value instanceof Uint16) this.#unsigned(5, BigInt(value.value));
		else if (typeof value === "bigint") this.#unsigned(9, value);
		else if (typeof value === "boolean") this.#control(14, value ? 1 : 0);
		else if (Array.isArray(value)) {
			this.#control(11, value.length);
			for (const item of value) this.#nested(item);
		} else {
			const entries = Object.entries(value);
			this.#control(7, entries.length);
			for (const [name, item] of entries) {
				this.#nested(name);
				this.#nested(item);
			}
		}
	}

	#nested(value: MmdbValue): void {
		const pooled =
			typeof value === "string" ? value.length > 3 : typeof value === "object" && !(value instanceof Uint16);
		const key = pooled ? keyOf(value) : "";
		const known = pooled ? this.#known.get(key) : undefined;
		if (known !== undefined) {
			const at = this.sink.room(5);
			this.sink.bytes[at] = 0b001_11_000;
			this.sink.bytes.writeUInt32BE(known, at + 1);
			return;
		}
		const offset = this.sink.length;
		this.#plain(value);
		if (pooled) this.#known.set(key, offset);
	}

	#unsigned(type: number, value: bigint): void {
		const digits = value === 0n ? "" : value.toString(16);
		const bytes = Buffer.from(digits.length % 2 === 1 ? `0${digits}` : digits, "hex");
		this.#control(type, bytes.length);
		const at = this.sink.room(bytes.length);
		bytes.copy(this.sink.bytes, at);
	}

	#control(type: number, size: number): void {
		const extended = type > 7;
		const [short, rest] = size < 29 ? [size, 0] : size < 285 ? [29, 1] : size < 65_821 ? [30, 2] : [31, 3];
		const at = this.sink.room(1 + (extended ? 1 : 0) + rest);
		this.sink.bytes[at] = ((extended ? 0 : type) << 5) | short;
		if (extended) this.sink.bytes[at + 1] = type - 7;
		const base = rest === 0 ? size : rest === 1 ? 29 : rest === 2 ? 285 : 65_821;
		if (rest > 0) this.sink.bytes.writeUIntBE(size - base, at + 1 + (extended ? 1 : 0), rest);
	}
}

function keyOf(value: MmdbValue): string {
	return JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? `${item}n` : item));
}

/** An address as four 32-bit words in big-endian order; IPv4 at ::/96, in the last word. */
type Words = readonly [number, number, number, number];

/** The search tree. A child is 0 for nothing, a node's number, or -(offset + 1) of a record in the data section. */
class Tree {
	#children = new Int32Array(2 * 1024);
	nodeCount = 1;

	constructor(readonly depth: 32 | 128) {}

	child(node: number, side: number): number {
		return this.#children[node * 2 + side] ?? 0;
	}

	/** Sets what stands at a prefix. Give wide networks before the narrow ones inside them. */
	set(words: Words, prefixBits: number, child: number): void {
		let slot = this.#slot(words, 0);
		for (let bit = 1; bit < prefixBits; bit++) slot = this.#below(slot) * 2 + bitAt(words, this.depth, bit);
		this.#children[slot] = child;
	}

	/** The node that stands at a prefix; made if there is none. */
	nodeAt(words: Words, prefixBits: number): number {
		let slot = this.#slot(words, 0);
		for (let bit = 1; bit < prefixBits; bit++) slot = this.#below(slot) * 2 + bitAt(words, this.depth, bit);
		return this.#below(slot);
	}

	#slot(words: Words, node: number): number {
		return node * 2 + bitAt(words, this.depth, 0);
	}

	#below(slot: number): number {
		const child = this.#children[slot] ?? 0;
		if (child > 0) return child;
		const node = this.nodeCount++;
		if (node * 2 + 1 >= this.#children.length) {
			const grown = new Int32Array(this.#children.length * 2);
			grown.set(this.#children);
			this.#children = grown;
		}
		this.#children[node * 2] = child;
		this.#children[node * 2 + 1] = child;
		this.#children[slot] = node;
		return node;
	}
}

function bitAt(words: Words, depth: number, bit: number): number {
	const at = bit + 128 - depth;
	return ((words[at >> 5] ?? 0) >>> (31 - (at & 31))) & 1;
}

/** Writes a whole file from networks already in words; `rows` come with wide networks before the narrow ones inside them. */
function build(rows: Iterable<readonly [Words, prefixBits: number, MmdbValue]>, options: MmdbOptions): Buffer {
	const recordSize = options.recordSize ?? 28;
	const ipVersion = options.ipVersion ?? 6;
	const tree = new Tree(ipVersion === 6 ? 128 : 32);
	const data = new DataSection();
	for (const [words, prefixBits, value] of rows) tree.set(words, prefixBits, -(data.offsetOf(value) + 1));
	if (ipVersion === 6 && options.aliases !== false) {
		const ipv4 = tree.nodeAt([0, 0, 0, 0], 96);
		tree.set([0, 0, 0xffff, 0], 96, ipv4);
		tree.set([0x20020000, 0, 0, 0], 16, ipv4);
		tree.set([0x20010000, 0, 0, 0], 32, ipv4);
	}

	const { nodeCount } = tree;
	const nodeBytes = recordSize / 4;
	const search = Buffer.alloc(nodeCount * nodeBytes);
	for (let node = 0; node < nodeCount; node++) {
		const at = node * nodeBytes;
		const [left, right] = [0, 1].map((side) => {
			const child = tree.child(node, side);
			const record = child > 0 ? child : child === 0 ? nodeCount : nodeCount + separatorBytes - child - 1;
			if (record >= 2 ** recordSize) throw new RangeError(`a record of ${recordSize} bits cannot hold ${record}`);
			return record;
		}) as [number, number];
		if (recordSize === 24) {
			search.writeUIntBE(left, at, 3);
			search.writeUIntBE(right, at + 3, 3);
		} else if (recordSize === 28) {
			search.writeUIntBE(left & 0xffffff, at, 3);
			search[at + 3] = ((left >>> 24) << 4) | (right >>> 24);
			search.writeUIntBE(right & 0xffffff, at + 4, 3);
		} else {
			search.writeUInt32BE(left, at);
			search.writeUInt32BE(right, at + 4);
		}
	}

	const metadata = new DataSection();
	metadata.offsetOf({
		node_count: nodeCount,
		record_size: new Uint16(recordSize),
		ip_version: new Uint16(ipVersion),
		database_type: options.databaseType,
		languages: ["en"],
		binary_format_major_version: new Uint16(2),
		binary_format_minor_version: new Uint16(0),
		build_epoch: BigInt(options.buildEpochSeconds ?? defaultBuildEpochSeconds),
		description: { en: `${options.databaseType} made for tests` },
	});
	return Buffer.concat([
		search,
		Buffer.alloc(separatorBytes),
		data.sink.bytes.subarray(0, data.sink.length),
		metadataMarker,
		metadata.sink.bytes.subarray(0, metadata.sink.length),
	]);
}

/** A MaxMind DB of these rows. A network inside another wins over it, whatever their order; of two rows for one network, the last. */
export function writeMmdb(rows: readonly MmdbRow[], options: MmdbOptions): Buffer {
	const parsed = rows.map(([cidr, data]) => [...parseCidr(cidr, options.ipVersion ?? 6), data] as const);
	return build(
		parsed.toSorted((one, other) => one[1] - other[1]),
		options,
	);
}

function parseCidr(cidr: string, ipVersion: 4 | 6): [Words, number] {
	const [address = "", prefix = ""] = cidr.split("/");
	if (!address.includes(":")) {
		const value = address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
		return [[0, 0, 0, value], Number(prefix) + (ipVersion === 6 ? 96 : 0)];
	}
	if (ipVersion === 4) throw new RangeError(`${cidr} does not fit into an IPv4 tree`);
	const [left = "", right = ""] = address.split("::");
	const head = left === "" ? [] : left.split(":");
	const tail = right === "" ? [] : right.split(":");
	const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail].map((group) =>
		Number.parseInt(group, 16),
	);
	const word = (index: number) => (groups[index * 2] ?? 0) * 65_536 + (groups[index * 2 + 1] ?? 0);
	return [[word(0), word(1), word(2), word(3)], Number(prefix)];
}

/** A record shaped like GeoLite2-Country's. */
export function countryRecord(isoCode: string, name = `Country ${isoCode}`): MmdbValue {
	const id = 1_000_000 + isoCode.charCodeAt(0) * 256 + isoCode.charCodeAt(1);
	const names = Object.fromEntries(
		["de", "en", "es", "fr", "ja", "pt-BR", "ru", "zh-CN"].map((language) => [language, `${name} (${language})`]),
	);
	const country = { geoname_id: id, iso_code: isoCode, names };
	return {
		continent: { code: "EU", geoname_id: 6_255_148, names: { en: "Europe", de: "Europa" } },
		country,
		registered_country: country,
	};
}

/** A record shaped like GeoLite2-ASN's. */
export function asnRecord(asn: number, organization = `Example Network ${asn}`): MmdbValue {
	return { autonomous_system_number: asn, autonomous_system_organization: organization };
}

/** Countries of networks for documentation and tests (RFC 5737, RFC 3849, RFC 1918). 203.0.113.128/25 and 10.77.9.0/24 are narrower than what holds them. */
export const countryRows: readonly MmdbRow[] = [
	["192.0.2.0/24", countryRecord("DE")],
	["198.51.100.0/24", countryRecord("FR")],
	["203.0.113.0/24", countryRecord("JP")],
	["203.0.113.128/25", countryRecord("US")],
	["10.77.0.0/16", countryRecord("IS")],
	["10.77.9.0/24", countryRecord("NO")],
	["127.0.0.0/8", countryRecord("NL")],
	["2001:db8::/33", countryRecord("SE")],
	["2001:db8:8000::/33", countryRecord("BR")],
	["2001:db8:ff00::/40", countryRecord("ZA")],
];

/** Autonomous systems of the same networks (numbers of RFC 5398). 198.51.100.0/24 has none. */
export const asnRows: readonly MmdbRow[] = [
	["192.0.2.0/24", asnRecord(64_496)],
	["203.0.113.0/24", asnRecord(64_497)],
	["10.77.0.0/16", asnRecord(64_498)],
	["127.0.0.0/8", asnRecord(64_499)],
	["2001:db8::/33", asnRecord(65_536)],
	["2001:db8:8000::/33", asnRecord(65_551)],
];

export function countryMmdb(options: Partial<MmdbOptions> = {}): Buffer {
	return writeMmdb(countryRows, { databaseType: "GeoLite2-Country", recordSize: 24, ...options });
}

export function asnMmdb(options: Partial<MmdbOptions> = {}): Buffer {
	return writeMmdb(asnRows, { databaseType: "GeoLite2-ASN", recordSize: 24, ...options });
}

/** The demo's database, shaped like IPinfo Lite; it says no build time, for it does not grow old. */
export function demoMmdb(): Buffer {
	const rows = demoResolvers.map(
		({ address, country, asn, organization }) =>
			[`${address}/24`, { asn: `AS${asn}`, as_name: organization, country_code: country }] as const,
	);
	const options = { databaseType: "dnstt_exporter demo", buildEpochSeconds: 0, ipVersion: 4, recordSize: 24 } as const;
	return writeMmdb(rows, options);
}

/** Mulberry32: the same numbers from the same seed, 0 <= x < 1. */
function random(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

/**
 * Networks without overlap: about three quarters of them fill the IPv4 space up to multicast, the rest fill one IPv6 /32 after
 * another with /44, outside of the aliases.
 */
function* networks(count: number, next: () => number): Generator<[Words, number]> {
	const multicast = 224 * 2 ** 24;
	// Widths from /17 to /22 for 500,000, as registries hand them out; wider for fewer.
	const widestBits = Math.max(1, Math.round(17 + Math.log2(count / 500_000)));
	let made = 0;
	for (let address = 2 ** 24; address < multicast; made++) {
		const bits = widestBits + Math.floor(next() * 6);
		const width = 2 ** (32 - bits);
		const network = Math.ceil(address / width) * width;
		yield [[0, 0, 0, network], 96 + bits];
		address = network + width;
	}
	for (let place = 0; place < count - made; place++) {
		yield [[0x24000000 + Math.floor(place / 4096) * 0x1_0000, (place % 4096) * 0x10_0000, 0, 0], 44];
	}
}

/** A database of the size and shape of GeoLite2-Country (about 9 MB). */
export function largeCountryMmdb(count = 1_100_000): Buffer {
	const next = random(1);
	const records = Array.from({ length: 250 }, (_, index) => countryRecord(countryCode(index)));
	return build(
		networks(count, next).map(([words, bits]) => [words, bits, records[Math.floor(next() * 250)] ?? ""] as const),
		{ databaseType: "GeoLite2-Country", recordSize: 24 },
	);
}

/** A database of the size and shape of GeoLite2-ASN (about 10 MB, 75,000 systems). */
export function largeAsnMmdb(count = 800_000, systems = 75_000): Buffer {
	const next = random(2);
	const records = Array.from({ length: systems }, (_, index) =>
		asnRecord(index + 1, `Example Network Holding ${index}`),
	);
	return build(
		networks(count, next).map(([words, bits]) => [words, bits, records[Math.floor(next() * systems)] ?? ""] as const),
		{ databaseType: "GeoLite2-ASN", recordSize: 24 },
	);
}

function countryCode(index: number): string {
	return String.fromCharCode(65 + Math.floor(index / 26), 65 + (index % 26));
}

if (import.meta.main) {
	const folder = process.argv[2];
	if (folder === undefined) {
		console.error("usage: bun tests/support/mmdb.ts DIR");
		process.exit(2);
	}
	await Bun.write(join(folder, "Country.mmdb"), countryMmdb());
	await Bun.write(join(folder, "ASN.mmdb"), asnMmdb());
	await Bun.write(join(folder, "resolvers.mmdb"), demoMmdb());
}
