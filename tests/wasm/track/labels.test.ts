import { describe, expect, test } from "bun:test";
import { keptOrigins, OriginTable, othersFrom } from "../../../src/geoip/origins.ts";
import { ProcessCell } from "../../../src/wasm/shared/cells.ts";
import { Outcome } from "../../../src/wasm/shared/fault.ts";
import { HistogramId } from "../../../src/wasm/shared/ids.ts";
import {
	begin,
	bySet,
	liveSets,
	type ObservingTracker,
	observationOf,
	partsOf,
	query,
	second,
	trackerOf,
} from "./observing.ts";

const other = 1;
const hour = 3_600 * second;

/** Label sets of their own: origins 0 and `other` are kept. */
function setsOf(limit: number, domains = 2) {
	const { parts } = partsOf();
	parts.setUpLabelSets(domains, limit, other, other + 1);
	const sizeMax = limit + 2 * domains;
	const { buffer } = parts.memory;
	const process = new Float64Array(buffer, parts.processRow(), ProcessCell.Width);
	return {
		of: (domain: number, origin: number) => parts.labelSetOf(domain, origin, begin),
		get size() {
			return parts.labelSetsSize();
		},
		get limited() {
			return parts.labelSetsLimited();
		},
		sizeMax,
		get overflowed() {
			return process[ProcessCell.Overflowed];
		},
		domains: new Int32Array(buffer, parts.labelSetDomains(), sizeMax),
		origins: new Int32Array(buffer, parts.labelSetOrigins(), sizeMax),
	};
}

type Sets = ReturnType<typeof setsOf>;
/** "domain/origin" of a set. */
const meaning = (sets: Sets, set: number) => `${sets.domains[set]}/${sets.origins[set]}`;

describe("LabelSets", () => {
	test("a set keeps its number", () => {
		const sets = setsOf(5);
		const first = sets.of(0, 2);
		const second = sets.of(1, 2);
		expect(second).not.toBe(first);
		expect([sets.of(0, 2), sets.of(1, 2), sets.size]).toEqual([first, second, 2]);
		expect([meaning(sets, first), meaning(sets, second)]).toEqual(["0/2", "1/2"]);
	});

	test("the limit's last set is one of its own, the next is its domain's other", () => {
		const sets = setsOf(3);
		expect([2, 3, 4].map((origin) => meaning(sets, sets.of(0, origin)))).toEqual(["0/2", "0/3", "0/4"]);
		expect(sets.overflowed).toBe(0);
		expect(meaning(sets, sets.of(1, 3))).toBe("1/1");
		expect(meaning(sets, sets.of(1, 2))).toBe("1/1");
		expect([sets.size, sets.limited, sets.overflowed]).toEqual([4, 3, 2]);
	});

	test("beyond the limit known sets are still their own", () => {
		const sets = setsOf(1);
		const first = sets.of(0, 2);
		sets.of(1, 2);
		expect(sets.of(0, 2)).toBe(first);
		expect(sets.overflowed).toBe(1);
	});

	test("kept origins take no room from the rest; an other asked for by name counts as an overflow of the origins", () => {
		const sets = setsOf(2);
		const named = sets.of(0, other);
		expect([0, 2, 3].map((origin) => meaning(sets, sets.of(0, origin)))).toEqual(["0/0", "0/2", "0/3"]);
		expect([meaning(sets, sets.of(1, 0)), sets.overflowed]).toEqual(["1/0", 1]);
		sets.of(1, 2);
		expect([sets.of(0, other), sets.overflowed]).toEqual([named, 3]);
	});

	test("every number is below sizeMax, whatever is asked for", () => {
		const sets = setsOf(4, 3);
		for (let origin = 0; origin < 6; origin++) {
			for (let domain = 0; domain < 3; domain++) expect(sets.of(domain, origin)).toBeLessThan(sets.sizeMax);
		}
		expect(sets.size).toBeLessThanOrEqual(sets.sizeMax);
	});

	test("the tracker has room for the limit and the kept origins of each domain", () => {
		expect(trackerOf({ labelSetsMax: 4, domains: 3 }).sets.sizeMax).toBe(setsOf(4, 3).sizeMax);
	});
});

const countries = ["DE", "FR", "IR", "US", "CN"];

/** A tracker of one domain whose resolvers are each in a network of their own: client and network number are the address. */
function worldOf(labelSetsMax: number) {
	const table = new OriginTable(labelSetsMax);
	const countryOf = (network: number) => countries[network % countries.length] as string;
	const tracker = trackerOf({
		domains: 1,
		labelSetsMax,
		origins: {
			...{ othersFrom, kept: keptOrigins },
			originOf: (_a, _b, _c, d) => table.intern(countryOf(d & 0xffffff), { number: d & 0xffffff, organization: null }),
			otherOf: (origin) => table.otherOf(origin),
			release: (isUsed) => table.release(isUsed),
		},
	});
	let sent = 0;
	const ask = (network: number, at: number) => {
		const observation = observationOf({ id: network });
		observation.resolver3 = 0x0a000000 | network;
		tracker.observe(Outcome.Query, observation, begin + at);
		sent++;
	};
	const labelsOf = (set: string) => {
		const origin = table.list[Number(set.split("/")[1])];
		return `${origin?.country} ${origin?.asn}`;
	};
	/** Queries by "country network". */
	const queries = () =>
		Object.fromEntries(Object.entries(bySet(tracker, tracker.queries)).map(([set, count]) => [labelsOf(set), count]));
	const byCountry = () => {
		const sums: Record<string, number> = {};
		for (const [labels, count] of Object.entries(queries())) {
			const country = labels.slice(0, 2);
			sums[country] = (sums[country] ?? 0) + count;
		}
		return sums;
	};
	const series = () => liveSets(tracker).map(labelsOf);
	return { tracker, table, ask, queries, byCountry, series, countryOf, sent: () => sent };
}

describe("after a flood of spoofed networks", () => {
	test("new users have their labels again within two hours, and no sum fell meanwhile", () => {
		const limit = 100;
		const world = worldOf(limit);
		const { tracker, ask, queries, byCountry, series, countryOf } = world;
		const own = (network: number) => `${countryOf(network)} ${network}`;
		let before: Record<string, number> = {};
		const pass = (at: number) => {
			tracker.reach(begin + at);
			tracker.expire();
			const sums = byCountry();
			for (const [country, count] of Object.entries(before)) expect(sums[country]).toBeGreaterThanOrEqual(count);
			expect(Object.values(sums).reduce((sum, count) => sum + count, 0)).toBe(world.sent());
			expect(tracker.queries.sum).toBe(world.sent());
			before = sums;
		};
		// Twenty users, who go on asking all the time, and ten who left long ago.
		const users = Array.from({ length: 20 }, (_, index) => 1_000 + index);
		for (let network = 2_000; network < 2_010; network++) ask(network, 0);
		for (const user of users) ask(user, 0);
		// The flood: 1,000 networks within a minute.
		for (let network = 10_000; network < 11_000; network++) ask(network, second * 60 + network);
		const floodEnd = 2 * 60 * second;
		expect(series().length).toBeLessThanOrEqual(limit + countries.length);
		expect(tracker.sets.limited).toBe(limit);
		// Who comes now has the country only.
		ask(3_000, floodEnd);
		expect(queries()[`${countryOf(3_000)} other`]).toBeGreaterThan(0);
		expect(queries()[own(3_000)]).toBeUndefined();
		for (let at = floodEnd; at < floodEnd + 2 * hour; at += 20 * second) {
			for (const user of users) ask(user, at);
			pass(at + second);
			expect(tracker.sets.limited).toBeLessThanOrEqual(limit);
		}
		const later = floodEnd + 2 * hour;
		for (let network = 4_000; network < 4_080; network++) ask(network, later);
		for (let network = 4_000; network < 4_080; network++) expect(queries()[own(network)]).toBe(1);
		// The users never lost theirs.
		for (const user of users) expect(queries()[own(user)]).toBeGreaterThan(360);
		pass(later + second);
		expect(series()).toHaveLength(users.length + 80 + countries.length);
		expect(world.table.list.length).toBeLessThanOrEqual(keptOrigins + limit);
	});

	test("again and again, neither numbers nor origins grow", () => {
		const limit = 50;
		const { tracker, table, ask, series } = worldOf(limit);
		for (let round = 0; round < 20; round++) {
			const at = round * 3 * hour;
			for (let network = 0; network < 200; network++) ask(10_000 + round * 200 + network, at + network);
			tracker.reach(begin + at + hour + second);
			tracker.expire();
			expect(series()).toHaveLength(countries.length);
		}
		expect(tracker.sets.size).toBeLessThanOrEqual(limit + countries.length);
		expect(table.list.length).toBe(keptOrigins + limit);
		expect(tracker.sets.retired).toBe(20 * limit);
	});

	test("a resolver of before has its own labels when its origin's number is another's", () => {
		const { tracker, ask, queries } = worldOf(4);
		for (const network of [5, 10, 15, 20]) ask(network, 0);
		ask(25, 1);
		tracker.reach(begin + hour + 2 * second);
		tracker.expire();
		expect(queries()).toEqual({ "DE other": 5 });
		for (const network of [101, 102, 103]) ask(network, hour + 3 * second);
		// The same resolvers as at first.
		for (const network of [5, 25]) ask(network, hour + 4 * second);
		expect(queries()).toEqual({ "DE other": 6, "FR 101": 1, "IR 102": 1, "US 103": 1, "DE 5": 1 });
	});

	test("a set stays for an hour after its latest query, and while its client is active", () => {
		const tracker = trackerOf({ labelSetsMax: 2, activeWindowMs: 3_600_000 });
		query(tracker, 0, { id: 1, origin: 2 });
		query(tracker, 0, { id: 2, origin: 3 });
		tracker.observe(Outcome.Response, observationOf({ domain: 1, origin: 3 }), begin + 2);
		query(tracker, hour - second, { id: 2, origin: 3 });
		const live = (at: number) => {
			tracker.reach(begin + at);
			tracker.expire();
			return liveSets(tracker);
		};
		expect(live(hour)).toEqual(["0/2", "0/3", "1/1"]);
		expect(live(hour + second)).toEqual(["0/1", "0/3", "1/1"]);
	});

	test("a set without a query for an hour stays while there was room for all, and two hours after there was none", () => {
		const roomy = trackerOf({ labelSetsMax: 2 });
		query(roomy, 0, { id: 1, origin: 2 });
		query(roomy, 1, { id: 2, origin: 3 });
		roomy.reach(begin + 100 * hour);
		roomy.expire();
		expect(liveSets(roomy)).toEqual(["0/2", "0/3"]);
		// The first that finds no room begins it; a second later there is some.
		query(roomy, 100 * hour, { id: 3, domain: 1, origin: 2 });
		query(roomy, 100 * hour + second, { id: 3, domain: 1, origin: 2 });
		expect(bySet(roomy, roomy.queries)).toEqual({ "0/1": 2, "1/1": 1, "1/2": 1 });
		roomy.reach(begin + 103 * hour);
		roomy.expire();
		expect(liveSets(roomy)).toEqual(["0/1", "1/1", "1/2"]);
	});

	test("responses that nobody waits for keep no set", () => {
		const tracker = trackerOf({ labelSetsMax: 2 });
		query(tracker, 0, { id: 1, origin: 2 });
		query(tracker, 0, { id: 2, origin: 3 });
		query(tracker, 1, { id: 3, domain: 1, origin: 2 });
		for (let at = 0; at <= hour; at += 60 * second)
			tracker.observe(Outcome.Response, observationOf({ origin: 2, messageId: 99 }), begin + at);
		tracker.reach(begin + hour + second);
		tracker.expire();
		expect(liveSets(tracker)).toEqual(["0/1", "1/1"]);
	});

	test("a thousand sets and more make room step by step", () => {
		const limit = 3_000;
		const { tracker, ask } = worldOf(limit);
		for (let network = 0; network < limit + 1; network++) ask(10_000 + network, 0);
		const left: number[] = [];
		for (let step = 0; step < 4; step++) {
			tracker.reach(begin + hour + (step + 1) * second);
			tracker.expire();
			tracker.expire();
			left.push(tracker.sets.limited);
		}
		expect(left).toEqual([1_976, 952, 0, 0]);
	});
});

describe("what a set counted that made room", () => {
	/** Sets 0/2 and 0/3 are full of values, then idle; the other has some of its own. */
	function moved(fill: (tracker: ObservingTracker, sets: readonly [number, number, number]) => void) {
		const tracker = trackerOf({ labelSetsMax: 2 });
		query(tracker, 0, { id: 1, origin: 2 });
		query(tracker, 0, { id: 2, origin: 3 });
		query(tracker, 0, { id: 3, origin: 1 });
		const numbers = [2, 3, 1].map((origin) => tracker.parts.labelSetOf(0, origin, begin));
		fill(tracker, numbers as [number, number, number]);
		tracker.reach(begin + hour + 10 * second);
		tracker.expire();
		expect(liveSets(tracker)).toEqual(["0/1"]);
		return { tracker, numbers };
	}

	test.each([
		["responseTimes", HistogramId.ResponseTimes],
		["roundTrips", HistogramId.RoundTrips],
		["sessionDurations", HistogramId.SessionDurations],
		["sessionBytes", HistogramId.SessionBytes],
	] as const)("is in the distribution %s of the other, cells of more than 65,535 values among them", (name, id) => {
		const counts = [70_000, 65_530, 10];
		// Sessions that end put values of their own into two of the distributions.
		const spare = moved(() => {}).tracker[name].distribution([0, 1, 2]);
		const { tracker, numbers } = moved(({ parts }, sets) => {
			for (const [index, count] of counts.entries()) {
				for (let value = 0; value < count; value++) parts.observeValue(id, sets[index] as number, 2 ** 20);
			}
			parts.observeValue(id, sets[0], 2 ** 25);
		});
		const [first, second, others] = numbers as [number, number, number];
		const distribution = tracker[name].distribution([others]);
		expect(distribution.count - spare.count).toBe(135_541);
		expect(distribution.upTo(20) - spare.upTo(20)).toBe(135_540);
		expect(distribution.upTo(19) - spare.upTo(19)).toBe(0);
		const empty = tracker[name].distribution([first, second]);
		expect([empty.count, empty.sum]).toEqual([0, 0]);
	});

	test("is in all counts of the other, and the higher peak", () => {
		const { tracker, numbers } = moved((tracker) => {
			for (let id = 10; id < 15; id++) query(tracker, second, { id, origin: 3, bytes: 1_000 });
			tracker.observe(Outcome.Response, observationOf({ origin: 3, bytes: 77 }), begin + 2 * second);
		});
		const others = numbers[2] as number;
		const counts = [tracker.queries, tracker.bytesIn, tracker.bytesOut, tracker.sessionsBegun, tracker.peak];
		expect(counts.map((column) => column.at(others))).toEqual([8, 5_300, 77, 8, 6]);
		for (const column of counts)
			expect([column.at(numbers[0] as number), column.at(numbers[1] as number)]).toEqual([0, 0]);
		expect(tracker.edns.at(others, 0)).toBe(8);
	});
});
