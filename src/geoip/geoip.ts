/** Resolver address -> origin, from the databases that the configuration names, which are reopened when they are replaced. */

import type { Database } from "./database.ts";
import { type FileContent, FileFault, type FileMark, fileMark, readWhole } from "./database-file.ts";
import { GeoipError } from "./error.ts";
import { type Network, type Origin, OriginTable, unmappedCountry, unmappedNetwork, unmappedOrigin } from "./origins.ts";
import type { Subject } from "./subject.ts";

/** Paths of the databases; null where the configuration names none. */
export interface GeoipFiles {
	readonly country: string | null;
	readonly asn: string | null;
}

export interface GeoipOptions {
	/** How many origins with a network are distinguished at one time (labels.max-sets); any more are their country's other. */
	readonly originsMax: number;
	/** Called at each replacement: "info" if it is in use now, "warn" if it is not and the old one stays. One line, names the file. */
	readonly report: (level: "info" | "warn", message: string) => void;
	/**
	 * Collects garbage. Called before a new content is read, as the old one stays until that is in use, and when one of them is
	 * needed no more.
	 */
	readonly tidy?: () => void;
	/** Collects the garbage that lookups left since it was last called. */
	readonly tidyLookups?: () => void;
}

/**
 * Addresses that are looked up before their garbage is collected, 6 MB of it. The runtime itself would let a whole flood of new
 * resolvers leave theirs, 700 bytes each.
 */
const lookupsUncollectedMax = 8_192;

/** The state of one open database. Counts are since openDatabases. */
export interface DatabaseStatus {
	readonly database: "country" | "asn";
	/** Its maker's name of the type, "GeoLite2-Country" say. */
	readonly type: string;
	/** When its maker built it, in seconds since 1970. */
	readonly buildTimeSeconds: number;
	/** Replacements that were taken into use. */
	readonly reloads: number;
	/** Replacements that could not be used, each counted once for each fault it showed. */
	readonly reloadFailures: number;
	/** Whether the file at the path is the one in use, as of the last reloadChanged. */
	readonly current: boolean;
	/** Lookups that met a damaged record and returned unmapped. */
	readonly lookupFailures: number;
}

/** What a configuration key names a file for. The subject loads with the first database: it comes with libraries. */
interface Use<Value> {
	readonly key: Subject<Value>["key"];
	subject(): Promise<Subject<Value>>;
}

const countryUse: Use<string> = {
	key: "geoip.country-database",
	subject: async () => (await import("./subject.ts")).countrySubject,
};
const asnUse: Use<Network> = {
	key: "geoip.asn-database",
	subject: async () => (await import("./subject.ts")).asnSubject,
};

/** A database with its path, followed over replacements. */
class Followed<Value> {
	readonly #path: string;
	readonly #use: Use<Value>;
	#database: Database<Value>;
	#reloads = 0;
	#reloadFailures = 0;
	/** What the last replacement that could not be used looked like and why; empty when there is none. */
	#fault = "";
	/** Mark of the last content that was read whole and is of no use: it is not read again. */
	#refused: FileMark | null = null;
	/** Failed lookups in databases that were replaced. */
	#pastLookupFailures = 0;

	constructor(path: string, use: Use<Value>, database: Database<Value>) {
		this.#path = path;
		this.#use = use;
		this.#database = database;
	}

	/** The content in use. */
	get content(): FileContent {
		return this.#database.content;
	}

	lookup(a: number, b: number, c: number, d: number): Value {
		return this.#database.lookup(a, b, c, d);
	}

	/**
	 * Opens the file again if it changed. While it cannot be read it is tried at every call, and reported when something changed;
	 * one that was read and is of no use is tried again when it changes. `held` is the content of the other database, which may be the same file.
	 */
	async reloadChanged(options: GeoipOptions, held?: FileContent): Promise<boolean> {
		const mark: FileMark = await fileMark(this.#path);
		if (mark === this.content.mark) {
			this.#fault = "";
			return false;
		}
		if (mark === this.#refused) return false;
		return this.#replace(mark, options, held);
	}

	async #replace(mark: FileMark, { report, tidy }: GeoipOptions, held?: FileContent): Promise<boolean> {
		// What could not be read is tried again and again.
		if (!this.#fault.startsWith(`${mark} `)) tidy?.();
		try {
			const replacement = await openDatabase(this.#path, this.#use, held?.mark === mark ? held : undefined);
			this.#pastLookupFailures += this.#database.lookupFailures;
			this.#database = replacement;
			this.#reloads++;
			this.#fault = "";
			report("info", `${describe(this.#use, this.#path)} was replaced and is in use`);
			tidy?.();
			return true;
		} catch (error) {
			if (!(error instanceof FileFault)) throw error;
			this.#refused = error.mark;
			const fault = `${mark} ${error.message}`;
			if (fault !== this.#fault) {
				this.#fault = fault;
				this.#reloadFailures++;
				report("warn", `${describe(this.#use, this.#path)} ${error.message} (the one read before stays in use)`);
				tidy?.();
			}
			return false;
		}
	}

	status(database: DatabaseStatus["database"]): DatabaseStatus {
		return {
			database,
			type: this.#database.type,
			buildTimeSeconds: this.#database.buildTimeSeconds,
			reloads: this.#reloads,
			reloadFailures: this.#reloadFailures,
			current: this.#fault === "",
			lookupFailures: this.#pastLookupFailures + this.#database.lookupFailures,
		};
	}
}

/** The origins of resolvers. It keeps no address: the caller asks once per resolver and remembers the index. */
export class Geoip {
	readonly #country: Followed<string> | null;
	readonly #asn: Followed<Network> | null;
	readonly #origins: OriginTable;
	readonly #options: GeoipOptions;
	#reloading: Promise<boolean> | null = null;
	#uncollected = 0;

	/** For openDatabases alone. */
	constructor(country: Followed<string> | null, asn: Followed<Network> | null, options: GeoipOptions) {
		this.#country = country;
		this.#asn = asn;
		this.#origins = new OriginTable(options.originsMax);
		this.#options = options;
	}

	/** Whether label sets have a `country`. Without, each origin's country means nothing. */
	get hasCountry(): boolean {
		return this.#country !== null;
	}

	/** Whether label sets have an `asn`. Without, each origin's asn means nothing. */
	get hasAsn(): boolean {
		return this.#asn !== null;
	}

	/** All origins by index, see OriginTable; it changes as originOf meets new ones. */
	get origins(): readonly Origin[] {
		return this.#origins.list;
	}

	/**
	 * The index in `origins` of an address: four 32-bit words in big-endian order, signed or unsigned, IPv4 as ::ffff:a.b.c.d.
	 * `unmappedOrigin` if no database knows it (always, without databases), its country's other for a new network beyond the bound.
	 * Never throws. Some 5 microseconds with both databases, 15 for a new record: once per resolver, not per packet.
	 */
	originOf(a: number, b: number, c: number, d: number): number {
		if (this.#country === null && this.#asn === null) return unmappedOrigin;
		if (++this.#uncollected > lookupsUncollectedMax) {
			this.#uncollected = 1;
			this.#options.tidyLookups?.();
		}
		const [country, network] = this.lookUp(a, b, c, d);
		return this.#origins.intern(country, network);
	}

	/** What the databases have on an address, as for originOf; it gets no index. */
	lookUp(a: number, b: number, c: number, d: number): [country: string, network: Network] {
		return [this.#country?.lookup(a, b, c, d) ?? unmappedCountry, this.#asn?.lookup(a, b, c, d) ?? unmappedNetwork];
	}

	/** The index of the origin that stands for this one where there is no room for it. */
	otherOf(origin: number): number {
		return this.#origins.otherOf(origin);
	}

	/** Nobody has the indexes of origins any more that are not used: new ones get them. */
	releaseOrigins(isUsed: (origin: number) => boolean): void {
		this.#origins.release(isUsed);
	}

	/**
	 * Looks whether the files were replaced and opens those again. Returns whether any answer may differ from now on: then forget
	 * the indexes remembered per resolver. A replacement that cannot be used is reported and counted, the old one stays, and
	 * a later call tries again, at the latest when the file changes. Never throws on bad files. A call while one is under way shares its outcome.
	 */
	reloadChanged(): Promise<boolean> {
		this.#reloading ??= this.#reload().finally(() => {
			this.#reloading = null;
		});
		return this.#reloading;
	}

	async #reload(): Promise<boolean> {
		// One after the other: at most one file is in memory twice.
		const country = (await this.#country?.reloadChanged(this.#options)) ?? false;
		const asn = (await this.#asn?.reloadChanged(this.#options, this.#country?.content)) ?? false;
		return country || asn;
	}

	/** The open databases, for metrics: none, one or two. */
	databases(): DatabaseStatus[] {
		const statuses: DatabaseStatus[] = [];
		if (this.#country !== null) statuses.push(this.#country.status("country"));
		if (this.#asn !== null) statuses.push(this.#asn.status("asn"));
		return statuses;
	}
}

/**
 * Opens the databases that are named. Throws a GeoipError (one line: the configuration key, the file, what is wrong, what fixes
 * it) if one is missing, unreadable, damaged or of another type: a configuration error, exit code 2.
 */
export async function openDatabases(files: GeoipFiles, options: GeoipOptions): Promise<Geoip> {
	const country = follow(files.country, countryUse);
	const asn = files.asn === files.country ? followSame(country, files.asn, asnUse) : follow(files.asn, asnUse);
	// Both are read at the same time. Of two that are of no use the first is reported, whichever fails first.
	asn.catch(() => {});
	return new Geoip(await country, await asn, options);
}

/** Opens a file for a use; `held` is its content if that was read already. Throws a FileFault. */
async function openDatabase<Value>(path: string, use: Use<Value>, held?: FileContent): Promise<Database<Value>> {
	const reading = held === undefined ? readWhole(path) : Promise.resolve(held);
	reading.catch(() => {});
	// The libraries load with the first database: that takes 4 ms, in which the file is read.
	const [{ Database }, subject] = await Promise.all([import("./database.ts"), use.subject()]);
	const { bytes, mark } = await reading;
	try {
		return new Database(bytes, mark, subject);
	} catch (error) {
		if (error instanceof FileFault) error.mark = mark;
		throw error;
	}
}

async function follow<Value>(
	path: string | null,
	use: Use<Value>,
	held?: FileContent,
): Promise<Followed<Value> | null> {
	if (path === null) return null;
	try {
		return new Followed(path, use, await openDatabase(path, use, held));
	} catch (error) {
		if (!(error instanceof FileFault)) throw error;
		throw new GeoipError(`${describe(use, path)} ${error.message}`, { cause: error });
	}
}

/** The same file for a second use: it is in memory once. */
async function followSame<Value>(
	first: Promise<Followed<unknown> | null>,
	path: string | null,
	use: Use<Value>,
): Promise<Followed<Value> | null> {
	return follow(path, use, (await first)?.content);
}

function describe({ key }: Use<unknown>, path: string): string {
	return `${key} ${path}`;
}
