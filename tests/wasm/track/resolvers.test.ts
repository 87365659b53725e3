import { describe, expect, test } from "bun:test";
import { domainsMax, resolversMax } from "../../../src/wasm/shared/limits.ts";
import { Observation, originsBy, trackerOf } from "./observing.ts";

function resolver(d: number, c = 0xffff, b = 0, a = 0): Observation {
	const observation = new Observation();
	observation.resolver0 = a;
	observation.resolver1 = b;
	observation.resolver2 = c;
	observation.resolver3 = d;
	return observation;
}

/** Resolvers whose origin is their address's last word, and the lookups that were made. */
function watched() {
	const asked: string[] = [];
	const tracker = trackerOf({
		origins: originsBy((a, b, c, d) => {
			asked.push([a, b, c, d].join());
			return d & 0xff;
		}),
	});
	const { parts, see } = tracker;
	const originOf = (observation: Observation) => {
		see(observation);
		return parts.resolverOrigin();
	};
	const isFirst = (observation: Observation, domain: number) => {
		see(observation);
		return parts.isFirstOfResolver(domain) !== 0;
	};
	return { asked, resolvers: tracker.tables.resolvers, tracker, originOf, isFirst };
}

describe("Resolvers", () => {
	test("an address is looked up once, and by all its words", () => {
		const { asked, originOf } = watched();
		for (const observation of [
			resolver(1),
			resolver(2),
			resolver(1),
			resolver(1, 0),
			resolver(1, 0, 5, 6),
			resolver(2),
		]) {
			expect(originOf(observation)).toBe(observation.resolver3);
		}
		expect(asked).toEqual(["0,0,65535,1", "0,0,65535,2", "0,0,0,1", "6,5,0,1"]);
	});

	test("when the databases changed each is looked up once more, and only as it is seen", () => {
		const { asked, originOf, tracker } = watched();
		for (let index = 0; index < 5; index++) originOf(resolver(index));
		tracker.forgetOrigins();
		expect(asked.length).toBe(5);
		for (let look = 0; look < 2; look++) for (let index = 0; index < 5; index++) originOf(resolver(index));
		expect(asked.length).toBe(10);
	});

	test("the limit's last address drops none, one more drops the least recently seen", () => {
		const { asked, originOf, resolvers } = watched();
		for (let index = 0; index < resolversMax; index++) originOf(resolver(index));
		originOf(resolver(0));
		expect([asked.length, resolvers.evicted]).toEqual([resolversMax, 0]);
		originOf(resolver(-1));
		expect([resolvers.size, resolvers.evicted]).toEqual([resolversMax, 1]);
		originOf(resolver(0));
		expect(asked.length).toBe(resolversMax + 1);
		originOf(resolver(1));
		expect(asked.length).toBe(resolversMax + 2);
	});

	test("evictions are counted on beyond 2^31 and 2^32", () => {
		const { tracker, resolvers } = watched();
		tracker.parts.evictResolvers(2 ** 31);
		expect(resolvers.evicted).toBe(2 ** 31);
		tracker.parts.evictResolvers(2 ** 31 + 1);
		expect(resolvers.evicted).toBe(2 ** 32 + 1);
	});

	test("a resolver is first seen once for each domain, as many as there can be", () => {
		const { isFirst } = watched();
		for (let domain = 0; domain < domainsMax; domain++)
			expect([domain, isFirst(resolver(1), domain)]).toEqual([domain, true]);
		for (let domain = 0; domain < domainsMax; domain++)
			expect([domain, isFirst(resolver(1), domain)]).toEqual([domain, false]);
		expect(isFirst(resolver(2), domainsMax - 1)).toBe(true);
	});
});
