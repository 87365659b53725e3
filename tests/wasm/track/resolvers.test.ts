import { describe, expect, test } from "bun:test";
import { domainsMax } from "../../../src/wasm/shared/bounds.ts";
import { resolversMax } from "../../../src/wasm/shared/limits.ts";
import { Observation, originsBy, trackerOf } from "./observing.ts";

function peer(d: number, c = 0xffff, b = 0, a = 0): Observation {
	const seen = new Observation();
	seen.peer0 = a;
	seen.peer1 = b;
	seen.peer2 = c;
	seen.peer3 = d;
	return seen;
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
	const originOf = (seen: Observation) => {
		see(seen);
		return parts.resolverOrigin();
	};
	const isFirst = (seen: Observation, domain: number) => {
		see(seen);
		return parts.isFirstOfResolver(domain) !== 0;
	};
	return { asked, resolvers: tracker.tables.resolvers, tracker, originOf, isFirst };
}

describe("Resolvers", () => {
	test("an address is looked up once, and by all its words", () => {
		const { asked, originOf } = watched();
		for (const seen of [peer(1), peer(2), peer(1), peer(1, 0), peer(1, 0, 5, 6), peer(2)]) {
			expect(originOf(seen)).toBe(seen.peer3);
		}
		expect(asked).toEqual(["0,0,65535,1", "0,0,65535,2", "0,0,0,1", "6,5,0,1"]);
	});

	test("when the databases changed each is looked up once more, and only as it is seen", () => {
		const { asked, originOf, tracker } = watched();
		for (let index = 0; index < 5; index++) originOf(peer(index));
		tracker.forgetOrigins();
		expect(asked.length).toBe(5);
		for (let look = 0; look < 2; look++) for (let index = 0; index < 5; index++) originOf(peer(index));
		expect(asked.length).toBe(10);
	});

	test("the limit's last address drops none, one more drops the least recently seen", () => {
		const { asked, originOf, resolvers } = watched();
		for (let index = 0; index < resolversMax; index++) originOf(peer(index));
		originOf(peer(0));
		expect([asked.length, resolvers.evicted]).toEqual([resolversMax, 0]);
		originOf(peer(-1));
		expect([resolvers.size, resolvers.evicted]).toEqual([resolversMax, 1]);
		originOf(peer(0));
		expect(asked.length).toBe(resolversMax + 1);
		originOf(peer(1));
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
			expect([domain, isFirst(peer(1), domain)]).toEqual([domain, true]);
		for (let domain = 0; domain < domainsMax; domain++)
			expect([domain, isFirst(peer(1), domain)]).toEqual([domain, false]);
		expect(isFirst(peer(2), domainsMax - 1)).toBe(true);
	});
});
