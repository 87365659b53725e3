import {
	type Fault,
	type Foreign,
	faultNames,
	foreignNames,
	Outcome,
	type Refusal,
	rcodeNames,
	refusalNames,
} from "../decode/fault.ts";
import type { Observation } from "../decode/observation.ts";
import { Answers } from "./answers.ts";
import { Clock } from "./clock.ts";
import { type Column, columnsOf } from "./columns.ts";
import { Doubles } from "./doubles.ts";
import { Health } from "./health.ts";
import { Histogram, lifeScale, tripScale, tripUnitsPerUs, volumeScale } from "./histogram.ts";
import { LabelSets } from "./labels.ts";
import { type OriginLookup, Resolvers } from "./resolvers.ts";
import { type SessionEvents, Sessions } from "./sessions.ts";
import type { Seed } from "./table.ts";

export interface TrackerOptions {
	/** How many domains there are; an observation's `domain` is less. */
	readonly domains: number;
	/** A session is active for this long after its latest query, both ends included. */
	readonly activeWindowMs: number;
	readonly trackedMax: number;
	readonly rememberedMax: number;
	readonly labelSetsMax: number;
	/** Random, one a process. */
	readonly seed: Seed;
	/** The number of a resolver's origin, less than labelSetsMax + 2; `otherOrigin` is the one that stands for the rest. */
	readonly originOf: OriginLookup;
	readonly otherOrigin: number;
}

/** How many values a reason of each kind can have, the unused 0 included. */
const faultCount = Object.keys(faultNames).length + 1;
const foreignCount = Object.keys(foreignNames).length + 1;
const refusalCount = Object.keys(refusalNames).length + 1;
const rcodeCount = rcodeNames.length;

/**
 * Advertised UDP payload sizes are counted up to each of these: the least that there is, the least that carries dnstt
 * and one less, what fits in an Ethernet frame of IPv6, and the most that resolvers ask for.
 */
export const ednsBounds = [512, 1_231, 1_232, 1_452, 4_096] as const;
/** The least size that carries dnstt: the server's limit, unless its -mtu says otherwise. */
export const ednsLeast = 1_232;
const ednsCells = ednsBounds.length + 1;

/**
 * The state of all that was observed. `observe` is the one place that changes it; everything else looks. Columns have
 * a row for each label set, by its number, or for each domain, by its index.
 */
export class Tracker implements SessionEvents {
	readonly clock = new Clock();
	readonly sets: LabelSets;
	readonly sessions: Sessions;
	readonly resolvers: Resolvers;
	readonly answers: Answers;
	readonly doubles: Doubles;
	readonly health: Health;

	/** By label set. */
	readonly queries: Column;
	readonly polls: Column;
	readonly bytesIn: Column;
	readonly bytesOut: Column;
	readonly sessionsBegun: Column;
	readonly active: Column;
	readonly peak: Column;
	readonly unanswered: Column;
	/** Queries by the UDP payload size that their resolver advertised, a cell up to each of ednsBounds and one above. */
	readonly edns: Column;
	/** Sum of those sizes. */
	readonly ednsBytes: Column;
	/** Time from a query to its response. */
	readonly answerTimes: Histogram;
	/** Of sessions that ended: time from the first to the last query, and bytes of DNS messages. */
	readonly lives: Histogram;
	readonly volumes: Histogram;
	/** By domain. */
	readonly activeByDomain: Column;
	readonly peakByDomain: Column;
	readonly truncated: Column;
	/** Responses that no query waited for. */
	readonly unmatched: Column;
	readonly resolversSeen: Column;
	/** A cell for each rcode. */
	private readonly responses: Column;
	/** A cell for each reason. */
	private readonly refusals: Column;
	/** Of the process: a cell for each reason. */
	private readonly faults: Column;
	private readonly foreigns: Column;
	/** Copies of datagrams that were counted already. */
	copies = 0;

	constructor(options: TrackerOptions) {
		const { domains, seed } = options;
		this.sets = new LabelSets({
			domains,
			limit: options.labelSetsMax,
			originsMax: options.labelSetsMax + 2,
			otherOrigin: options.otherOrigin,
		});
		this.sessions = new Sessions({
			trackedMax: options.trackedMax,
			rememberedMax: options.rememberedMax,
			windowUs: options.activeWindowMs * 1_000,
			seed,
			events: this,
		});
		this.resolvers = new Resolvers(seed, options.originOf);
		this.answers = new Answers(seed);
		this.doubles = new Doubles(seed);
		const sets = this.sets.sizeMax;
		// What a query counts comes first, then what its response does as well, then what is seldom.
		const bySet = columnsOf(sets, {
			edns: ednsCells,
			queries: 1,
			bytesIn: 1,
			ednsBytes: 1,
			polls: 1,
			upstreamBytes: 1,
			upstreamPushes: 1,
			bytesOut: 1,
			downstreamBytes: 1,
			downstreamPushes: 1,
			upstreamRetransmissions: 1,
			downstreamRetransmissions: 1,
			sessionsBegun: 1,
			active: 1,
			peak: 1,
			unanswered: 1,
		});
		this.queries = bySet.queries;
		this.polls = bySet.polls;
		this.bytesIn = bySet.bytesIn;
		this.bytesOut = bySet.bytesOut;
		this.sessionsBegun = bySet.sessionsBegun;
		this.active = bySet.active;
		this.peak = bySet.peak;
		this.unanswered = bySet.unanswered;
		this.edns = bySet.edns;
		this.ednsBytes = bySet.ednsBytes;
		this.answerTimes = new Histogram(sets, tripScale);
		this.lives = new Histogram(sets, lifeScale);
		this.volumes = new Histogram(sets, volumeScale);
		this.health = new Health({
			domains,
			sets,
			upstream: {
				packetBytes: bySet.upstreamBytes,
				pushes: bySet.upstreamPushes,
				retransmissions: bySet.upstreamRetransmissions,
			},
			downstream: {
				packetBytes: bySet.downstreamBytes,
				pushes: bySet.downstreamPushes,
				retransmissions: bySet.downstreamRetransmissions,
			},
			sessions: this.sessions,
		});
		const byDomain = columnsOf(domains, {
			responses: rcodeCount,
			refusals: refusalCount,
			active: 1,
			peak: 1,
			truncated: 1,
			unmatched: 1,
			resolversSeen: 1,
		});
		this.activeByDomain = byDomain.active;
		this.peakByDomain = byDomain.peak;
		this.truncated = byDomain.truncated;
		this.unmatched = byDomain.unmatched;
		this.resolversSeen = byDomain.resolversSeen;
		this.responses = byDomain.responses;
		this.refusals = byDomain.refusals;
		const ofProcess = columnsOf(1, { faults: faultCount, foreigns: foreignCount });
		this.faults = ofProcess.faults;
		this.foreigns = ofProcess.foreigns;
	}

	/** Takes what one frame came to; `stampUs` is its time stamp in microseconds, a whole number. */
	observe(outcome: Outcome, seen: Observation, stampUs: number): void {
		const now = this.clock.at(stampUs);
		if (outcome === Outcome.Fault) {
			this.faults.add(0, 1, seen.fault);
			return;
		}
		if (outcome === Outcome.Foreign) {
			this.foreigns.add(0, 1, seen.foreign);
			return;
		}
		// Only an `any` capture has a capture point, and copies.
		if (seen.capturePoint !== 0 && this.doubles.isDouble(outcome, seen, now)) {
			this.copies++;
			this.observeCopy(outcome, seen, now);
			return;
		}
		this.expireAt(now);
		if (outcome === Outcome.Query) this.observeQuery(seen, now);
		else if (outcome === Outcome.Response) this.observeResponse(seen, now);
		else this.refusals.add(seen.domain, 1, seen.refusal);
	}

	/**
	 * What translates addresses may show the response to a copy's address first: then it answers there, and its copy takes
	 * away what still waits.
	 */
	private observeCopy(outcome: Outcome, seen: Observation, now: number): void {
		const { answers, sessions } = this;
		if (outcome === Outcome.Query) {
			const session = sessions.find(seen.idHigh, seen.idLow, seen.domain, 0);
			if (session !== 0) answers.wait(seen, sessions.setAt(session), session, now);
		} else if (outcome === Outcome.Response && answers.find(seen) !== 0) {
			answers.removeFound(answers.find(seen));
		}
	}

	private observeQuery(seen: Observation, now: number): void {
		const { resolvers, sessions } = this;
		const { domain, messageBytes } = seen;
		const resolver = resolvers.entryOf(seen);
		if (resolvers.isFirst(resolver, domain)) this.resolversSeen.add(domain, 1);
		const set = this.sets.of(domain, resolvers.originAt(resolver));
		this.queries.add(set, 1);
		this.bytesIn.add(set, messageBytes);
		this.ednsBytes.add(set, Math.max(seen.ednsBytes, ednsBounds[0]));
		this.edns.add(set, 1, ednsCell(seen.ednsBytes));
		const session = sessions.query(seen.idHigh, seen.idLow, domain, set, now);
		sessions.addBytes(session, messageBytes);
		this.answers.wait(seen, set, session, now);
		if (seen.packets === 0) this.polls.add(set, 1);
		else this.health.query(seen, set, session, now);
	}

	private observeResponse(seen: Observation, now: number): void {
		const { domain, messageBytes } = seen;
		const answered = this.answer(seen, now);
		if (answered >= 0) {
			this.responses.add(domain, 1, seen.rcode);
			if (seen.truncated) this.truncated.add(domain, 1);
			this.bytesOut.add(answered, messageBytes);
			return;
		}
		// Of a query before the start, or nobody's: everyone can send what looks like a response.
		this.unmatched.add(domain, 1);
		this.bytesOut.add(this.sets.of(domain, this.resolvers.originAt(this.resolvers.entryOf(seen))), messageBytes);
	}

	/**
	 * What a response tells as the answer to a query; only then it is believed to come from the server. Gives the query's
	 * label set, or -1 if no query waits for it.
	 */
	private answer(seen: Observation, now: number): number {
		const { answers, sessions } = this;
		const waiting = answers.find(seen);
		if (waiting === 0) return -1;
		const set = answers.setAt(waiting);
		if (this.sets.domains[set] !== seen.domain) return -1;
		this.answerTimes.observe(set, answers.waitedUs(waiting, now) * tripUnitsPerUs);
		const session = sessions.find(seen.idHigh, seen.idLow, seen.domain, answers.sessionAt(waiting));
		const server = answers.serverAt(waiting);
		answers.removeFound(waiting);
		if (session !== 0) sessions.addBytes(session, seen.messageBytes);
		if (seen.packets > 0) this.health.response(seen, set, server, session, now);
		return set;
	}

	/** Brings sessions and waiting queries up to the clock's now, for whoever looks next. */
	expire(): void {
		this.expireAt(this.clock.now);
	}

	/** When expire() next has something to do, in microseconds on the clock's scale; infinite if never. */
	get nextExpiryUs(): number {
		return Math.min(this.sessions.nextEndUs, this.answers.nextOverdueUs(this.clock.now));
	}

	private expireAt(now: number): void {
		this.sessions.expire(now);
		const { answers } = this;
		for (let overdue = answers.overdue(now); overdue !== 0; overdue = answers.overdue(now)) {
			this.unanswered.add(answers.setAt(overdue), 1);
			answers.remove(overdue);
		}
	}

	began(set: number, isNew: boolean): void {
		const domain = this.sets.domains[set] as number;
		if (isNew) this.sessionsBegun.add(set, 1);
		this.active.add(set, 1);
		this.peak.raise(set, this.active.at(set));
		this.activeByDomain.add(domain, 1);
		this.peakByDomain.raise(domain, this.activeByDomain.at(domain));
	}

	moved(from: number, to: number): void {
		this.active.add(from, -1);
		this.active.add(to, 1);
		this.peak.raise(to, this.active.at(to));
	}

	ended(set: number, durationUs: number, bytes: number): void {
		this.active.add(set, -1);
		this.activeByDomain.add(this.sets.domains[set] as number, -1);
		this.lives.observe(set, durationUs / 1e6);
		this.volumes.observe(set, bytes / 1024);
	}

	faultsOf(reason: Fault): number {
		return this.faults.at(0, reason);
	}

	foreignOf(reason: Foreign): number {
		return this.foreigns.at(0, reason);
	}

	refusalsOf(domain: number, reason: Refusal): number {
		return this.refusals.at(domain, reason);
	}

	responsesOf(domain: number, rcode: number): number {
		return this.responses.at(domain, rcode);
	}
}

/** RFC 6891, 6.2.3: what is less than 512 means 512, and so does no OPT. */
function ednsCell(bytes: number): number {
	if (bytes === 1_232) return 2;
	let cell = 0;
	while (cell < ednsBounds.length && bytes > (ednsBounds[cell] as number)) cell++;
	return cell;
}
