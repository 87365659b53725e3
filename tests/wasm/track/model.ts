/**
 * What the tracker counts, written down once more from the protocol alone: lists and Maps that are searched from end to
 * end at every step, and nothing of the tracker. tracker.model.test.ts holds the two against each other.
 */

export interface ModelOptions {
	readonly windowUs: number;
	readonly trackedMax: number;
	readonly rememberedMax: number;
	readonly labelSetsMax: number;
	/** Origins up to this one need no room; it stands for all that have none. */
	readonly otherOrigin: number;
}

interface Active {
	readonly id: string;
	readonly domain: number;
	set: string;
	lastUs: number;
}

const hourUs = 3_600_000_000;

export class NaiveTracker {
	/** In the order of their latest query. */
	private active: Active[] = [];
	/** Ids of ended sessions, in the order in which they ended. */
	private remembered: string[] = [];
	private readonly options: ModelOptions;
	private now = 0;
	/** Label sets, with the time of their latest query. */
	readonly sets: Record<string, number> = {};
	private crowdedUs = Number.NEGATIVE_INFINITY;
	private nextStepUs = Number.POSITIVE_INFINITY;
	overflowed = 0;
	readonly queries: Record<string, number> = {};
	readonly bytesIn: Record<string, number> = {};
	readonly bytesOut: Record<string, number> = {};
	readonly begun: Record<string, number> = {};
	readonly peak: Record<string, number> = {};
	readonly peakByDomain: Record<string, number> = {};
	evicted = 0;
	forgotten = 0;

	constructor(options: ModelOptions) {
		this.options = options;
	}

	/** Time as it passes, which a frame that came out of order does not turn back. */
	pass(trueUs: number): void {
		this.now = Math.max(this.now, trueUs);
		const over = this.active.filter(({ lastUs }) => this.now - lastUs > this.options.windowUs);
		for (const session of over) this.end(session);
		if (this.now < this.nextStepUs) return;
		this.nextStepUs = this.now - this.crowdedUs > 2 * hourUs ? Number.POSITIVE_INFINITY : this.now + 1_000_000;
		if (this.nextStepUs === Number.POSITIVE_INFINITY) return;
		const active = this.activeBySet();
		for (const [set, lastUs] of Object.entries(this.sets)) {
			if (this.isLimited(set) && this.now - lastUs > hourUs && active[set] === undefined) this.retire(set);
		}
	}

	private isLimited(set: string): boolean {
		return Number(set.split("/")[1]) > this.options.otherOrigin;
	}

	private retire(set: string): void {
		const other = `${set.split("/")[0]}/${this.options.otherOrigin}`;
		this.sets[other] ??= this.now;
		delete this.sets[set];
		for (const counts of [this.queries, this.bytesIn, this.bytesOut, this.begun]) {
			if (counts[set] !== undefined) count(counts, other, counts[set]);
			delete counts[set];
		}
		if (this.peak[set] !== undefined) this.peak[other] = Math.max(this.peak[other] ?? 0, this.peak[set]);
		delete this.peak[set];
	}

	query(id: string, domain: number, origin: number, bytes: number): void {
		const set = this.setOf(domain, origin);
		this.sets[set] = this.now;
		count(this.queries, set, 1);
		count(this.bytesIn, set, bytes);
		const key = `${id}@${domain}`;
		const session = this.active.find((one) => one.id === id && one.domain === domain);
		if (session !== undefined) {
			this.active = [...this.active.filter((one) => one !== session), session];
			session.set = set;
			session.lastUs = this.now;
		} else {
			const isNew = !this.remembered.includes(key);
			this.remembered = this.remembered.filter((one) => one !== key);
			const [oldest] = this.active;
			if (this.active.length === this.options.trackedMax && oldest !== undefined) {
				this.end(oldest);
				this.evicted++;
			}
			this.active.push({ id, domain, set, lastUs: this.now });
			if (isNew) count(this.begun, set, 1);
		}
		for (const [name, value] of Object.entries(this.activeBySet())) {
			this.peak[name] = Math.max(this.peak[name] ?? 0, value);
		}
		for (const [name, value] of Object.entries(this.activeByDomain())) {
			this.peakByDomain[name] = Math.max(this.peakByDomain[name] ?? 0, value);
		}
	}

	response(domain: number, origin: number, bytes: number): void {
		count(this.bytesOut, this.setOf(domain, origin), bytes);
	}

	activeBySet(): Record<string, number> {
		const values: Record<string, number> = {};
		for (const { set } of this.active) count(values, set, 1);
		return values;
	}

	activeByDomain(): Record<string, number> {
		const values: Record<string, number> = {};
		for (const { domain } of this.active) count(values, String(domain), 1);
		return values;
	}

	get sizes(): readonly number[] {
		return [this.active.length, this.remembered.length];
	}

	private end(session: Active): void {
		this.active = this.active.filter((one) => one !== session);
		if (this.remembered.length === this.options.rememberedMax) {
			this.remembered.shift();
			this.forgotten++;
		}
		this.remembered.push(`${session.id}@${session.domain}`);
	}

	private setOf(domain: number, origin: number): string {
		const { labelSetsMax, otherOrigin } = this.options;
		const set = `${domain}/${origin}`;
		const limited = Object.keys(this.sets).filter((one) => this.isLimited(one));
		if (origin > otherOrigin && this.sets[set] === undefined && limited.length >= labelSetsMax)
			return this.setOf(domain, otherOrigin);
		if (origin === otherOrigin) {
			this.overflowed++;
			this.crowdedUs = this.now;
			if (this.nextStepUs === Number.POSITIVE_INFINITY) this.nextStepUs = this.now + 1_000_000;
		}
		this.sets[set] ??= this.now;
		return set;
	}
}

function count(values: Record<string, number>, name: string, by: number): void {
	values[name] = (values[name] ?? 0) + by;
}
