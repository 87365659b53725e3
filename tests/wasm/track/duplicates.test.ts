import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Outcome, Refusal } from "../../../src/wasm/shared/fault.ts";
import { TableId } from "../../../src/wasm/shared/ids.ts";
import { duplicatesMax } from "../../../src/wasm/shared/limits.ts";
import { begin, bySet, type Observation, observationOf, partsOf, trackerOf } from "./observing.ts";

const millisecond = 1_000;

/** The messages that were seen, of an instance of their own. */
function duplicatesOf() {
	const { parts, see } = partsOf();
	parts.setUpDuplicates();
	return {
		isDuplicate(outcome: Outcome, observation: Observation, now: number): boolean {
			see(observation);
			return parts.isDuplicateAt(outcome, now) !== 0;
		},
		get evicted() {
			return parts.tableEvicted(TableId.Duplicates);
		},
	};
}

/** "1" for what counts, "-" for a copy, of frames given as [interface index, microseconds]. */
function counted(frames: readonly (readonly [point: number, at: number])[], outcome = Outcome.Query): string {
	const duplicates = duplicatesOf();
	return frames
		.map(([interfaceIndex, at]) => (duplicates.isDuplicate(outcome, observationOf({ interfaceIndex }), at) ? "-" : "1"))
		.join("");
}

const rows: readonly [title: string, frames: readonly (readonly [point: number, at: number])[], expected: string][] = [
	["a datagram on one interface counts", [[1, 0]], "1"],
	[
		"its copies on other interfaces do not",
		[
			[1, 0],
			[2, 10],
			[3, 20],
		],
		"1--",
	],
	[
		"the same query again on the same interface counts",
		[
			[1, 0],
			[1, 10],
		],
		"11",
	],
	[
		"a repeated query on three interfaces counts twice",
		[
			[1, 0],
			[2, 1],
			[3, 2],
			[1, 5_000],
			[2, 5_001],
			[3, 5_002],
		],
		"1--1--",
	],
	[
		"copies of two that came together are copies",
		[
			[1, 0],
			[1, 1],
			[2, 2],
			[2, 3],
		],
		"11--",
	],
	[
		"a copy is one for 100 ms",
		[
			[1, 0],
			[2, 100 * millisecond],
		],
		"1-",
	],
	[
		"later it is a query of its own",
		[
			[1, 0],
			[2, 100 * millisecond + 1],
		],
		"11",
	],
	[
		"then its interface is the one that counts",
		[
			[1, 0],
			[2, 100_001],
			[1, 100_002],
			[2, 100_003],
		],
		"11-1",
	],
	[
		"a repeat makes the time begin anew",
		[
			[1, 0],
			[1, 90_000],
			[2, 180_000],
		],
		"11-",
	],
];

describe("Duplicates", () => {
	for (const [title, frames, expected] of rows) test(title, () => expect(counted(frames)).toBe(expected));

	for (const outcome of [Outcome.Response, Outcome.Refused]) {
		test(`holds for outcome ${Outcome[outcome]} as well`, () => {
			expect(
				counted(
					[
						[1, 0],
						[2, 1],
						[1, 2],
					],
					outcome,
				),
			).toBe("1-1");
		});
	}

	const others: readonly [
		title: string,
		first: Parameters<typeof observationOf>[0],
		second: Parameters<typeof observationOf>[0],
		outcome: Outcome,
	][] = [
		["another client id", { id: 1 }, { id: 2 }, Outcome.Query],
		["another DNS id", { messageId: 1 }, { messageId: 2 }, Outcome.Query],
		["another length", { bytes: 100 }, { bytes: 101 }, Outcome.Query],
		["another length of a response", { bytes: 100 }, { bytes: 101 }, Outcome.Response],
		["another resolver of a refused query", { origin: 1 }, { origin: 2 }, Outcome.Refused],
		["another port of a refused query", { port: 1 }, { port: 2 }, Outcome.Refused],
	];
	for (const [title, first, second, outcome] of others) {
		test(`${title} is another message`, () => {
			const duplicates = duplicatesOf();
			expect(duplicates.isDuplicate(outcome, observationOf({ ...first, interfaceIndex: 1 }), 0)).toBe(false);
			expect(duplicates.isDuplicate(outcome, observationOf({ ...second, interfaceIndex: 2 }), 0)).toBe(false);
			expect(duplicates.isDuplicate(outcome, observationOf({ ...second, interfaceIndex: 3 }), 0)).toBe(true);
		});
	}

	test("a response is no copy of the query", () => {
		const duplicates = duplicatesOf();
		expect(duplicates.isDuplicate(Outcome.Query, observationOf({ interfaceIndex: 1 }), 0)).toBe(false);
		expect(duplicates.isDuplicate(Outcome.Response, observationOf({ interfaceIndex: 2 }), 0)).toBe(false);
	});

	test("what translation changes, address and port of a query, tells nothing apart", () => {
		const duplicates = duplicatesOf();
		expect(duplicates.isDuplicate(Outcome.Query, observationOf({ interfaceIndex: 1, origin: 1, port: 1 }), 0)).toBe(
			false,
		);
		expect(duplicates.isDuplicate(Outcome.Query, observationOf({ interfaceIndex: 2, origin: 9, port: 2 }), 0)).toBe(
			true,
		);
	});

	test("as many are remembered as the limit says; one more and the oldest is forgotten", () => {
		const duplicates = duplicatesOf();
		const see = (id: number, interfaceIndex: number) =>
			duplicates.isDuplicate(Outcome.Query, observationOf({ id, interfaceIndex }), 0);
		for (let id = 0; id < duplicatesMax; id++) see(id, 1);
		expect([see(0, 2), duplicates.evicted]).toEqual([true, 0]);
		see(-1, 1);
		expect([see(0, 2), see(2, 2)]).toEqual([false, true]);
	});

	test("a repeat is the newest again: another one is forgotten for one more", () => {
		const duplicates = duplicatesOf();
		const see = (id: number, interfaceIndex: number) =>
			duplicates.isDuplicate(Outcome.Query, observationOf({ id, interfaceIndex }), 0);
		for (let id = 0; id < duplicatesMax; id++) see(id, 1);
		see(0, 1);
		see(-1, 1);
		expect([see(0, 2), duplicates.evicted]).toEqual([true, 1]);
		expect(see(1, 2)).toBe(false);
	});

	test("agrees with a list of all that was seen, in any order", () => {
		const frame = fc.record({
			id: fc.nat(2),
			interfaceIndex: fc.integer({ min: 1, max: 3 }),
			step: fc.constantFrom(0, 1, 50, 49_999, 50_000, 100_000, 100_001),
			outcome: fc.constantFrom(Outcome.Query, Outcome.Response),
		});
		fc.assert(
			fc.property(fc.array(frame, { maxLength: 60 }), (frames) => {
				const duplicates = duplicatesOf();
				const counted: { message: string; interfaceIndex: number; at: number }[] = [];
				let at = 0;
				for (const { id, interfaceIndex, step, outcome } of frames) {
					at += step;
					const message = `${id} ${outcome}`;
					const last = counted.findLast((one) => one.message === message);
					const isCopy = last !== undefined && last.interfaceIndex !== interfaceIndex && at - last.at <= 100_000;
					if (!isCopy) counted.push({ message, interfaceIndex, at });
					expect(duplicates.isDuplicate(outcome, observationOf({ id, interfaceIndex }), at)).toBe(isCopy);
				}
			}),
			{ numRuns: 500 },
		);
	});
});

/** "1" for what counts, "-" for a copy, of queries for one name 10 microseconds apart; without an interface unless they have one. */
function countedOf(messages: readonly Parameters<typeof observationOf>[0][], outcome = Outcome.Query): string {
	const duplicates = duplicatesOf();
	return messages
		.map((message, index) =>
			duplicates.isDuplicate(outcome, observationOf({ name: 7, ...message }), index * 10) ? "-" : "1",
		)
		.join("");
}

describe("a message for the same name", () => {
	const byForwarder = { messageId: 9, bytes: 111, origin: 9, port: 50_001, server: 2 };
	const forms: readonly [title: string, messages: Parameters<typeof countedOf>[0], expected: string][] = [
		["is a copy under another id, to another server", [{}, byForwarder], "1-"],
		["counts under another id, from another port, to the same server", [{}, { ...byForwarder, server: 0 }], "11"],
		["counts each time that it comes to the first server, with its copies", [{}, byForwarder, {}, byForwarder], "1-1-"],
		["is a copy if its frame is the same", [{ frame: 3 }, { frame: 3 }, { frame: 3 }], "1--"],
		["counts if its frame is another, as of a resolver that repeats it", [{ frame: 3 }, { frame: 4 }], "11"],
		["counts if frames have no id, as in IPv6", [{ frame: 0 }, { frame: 0 }], "11"],
		["counts once where forwarded and shown twice", [{ frame: 3 }, { frame: 3 }, byForwarder, byForwarder], "1---"],
	];
	for (const interfaceIndex of [0, 1]) {
		for (const outcome of [Outcome.Query, Outcome.Response, Outcome.Refused]) {
			test.each(forms)(`${Outcome[outcome]}, interface ${interfaceIndex}: %s`, (_, messages, expected) => {
				const all = messages.map((message) => ({ ...message, interfaceIndex }));
				expect(countedOf(all, outcome)).toBe(expected);
			});
		}
	}

	test("is a copy for 100 ms", () => {
		const duplicates = duplicatesOf();
		const isCopy = (server: number, at: number) =>
			duplicates.isDuplicate(Outcome.Query, observationOf({ name: 7, server }), at);
		expect([isCopy(1, 0), isCopy(2, 100_000), isCopy(2, 100_001)]).toEqual([false, true, false]);
	});
});

describe("the tracker", () => {
	test("counts one of the copies, of queries, responses and refused ones, and the copies apart", () => {
		const tracker = trackerOf();
		for (const outcome of [Outcome.Query, Outcome.Response, Outcome.Refused]) {
			for (const interfaceIndex of [1, 2, 3]) tracker.observe(outcome, observationOf({ interfaceIndex }), 1_000);
		}
		expect([tracker.queries.at(0), tracker.bytesIn.at(0), tracker.bytesOut.at(0)]).toEqual([1, 100, 100]);
		expect([tracker.responsesOf(0, 0), tracker.refusalsOf(0, Refusal.Qtype), tracker.duplicates]).toEqual([1, 1, 6]);
	});

	test("has no copies without interface index", () => {
		const tracker = trackerOf();
		for (let count = 0; count < 3; count++) tracker.observe(Outcome.Query, observationOf({}), 1_000);
		expect([tracker.queries.at(0), tracker.duplicates]).toEqual([3, 0]);
	});
});

test("a response that is seen with a translated address first answers the query as its resolver sent it", () => {
	const tracker = trackerOf();
	const at = begin;
	tracker.observe(Outcome.Query, observationOf({ origin: 5, interfaceIndex: 1 }), at);
	tracker.observe(Outcome.Query, observationOf({ origin: 9, port: 50_000, interfaceIndex: 2 }), at + 10);
	tracker.observe(
		Outcome.Response,
		observationOf({ origin: 9, port: 50_000, interfaceIndex: 2, bytes: 300 }),
		at + 40_000,
	);
	tracker.observe(Outcome.Response, observationOf({ origin: 5, interfaceIndex: 1, bytes: 300 }), at + 40_010);
	expect([tracker.duplicates, tracker.responsesOf(0, 0), tracker.tables.waitingQueries.size]).toEqual([2, 1, 0]);
	expect([tracker.unmatched.at(0), bySet(tracker, tracker.bytesOut)]).toEqual([0, { "0/5": 300 }]);
	const times = tracker.responseTimes.distribution([tracker.parts.labelSetOf(0, 5, at)]);
	expect([times.count, times.sum]).toEqual([1, expect.closeTo(0.03999, 4)]);
});
