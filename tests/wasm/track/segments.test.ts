import { describe, expect, test } from "bun:test";
import { Outcome, SegmentFault } from "../../../src/wasm/shared/fault.ts";
import { dnsttQuery, dnsttResponse, udpPacket } from "../../support/frames.ts";
import { type KcpSegment, kcpCommands, kcpSegment, randomBytes, seededRandom } from "../../support/messages.ts";
import { type Observed, observed } from "../../support/observed.ts";
import { concatBytes } from "../../support/pcapfile.ts";
import { begin, bySet, observationOf, trackerOf } from "./observing.ts";

const { push, ack } = kcpCommands;
const ms = 1_000;
const resolver = "192.0.2.1";
const host = "198.51.100.9";
/** What the server's clock shows at the beginning of a test. */
const clockMs = 1_000_000;

/** One client's exchange with a server, datagram by datagram, at times in microseconds. */
class Wire {
	private readonly observed: Observed;
	private lastId = 0;

	constructor(observed: Observed) {
		this.observed = observed;
	}

	static async open(): Promise<Wire> {
		return new Wire(await observed());
	}

	/** A query with these packets; gives what it takes to respond to it. */
	query(atUs: number, packets: readonly Uint8Array[] = [], client = 1): Uint8Array {
		const clientId = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, client);
		const query = dnsttQuery({ id: ++this.lastId, clientId, packets });
		this.send(atUs, { source: resolver, destination: host, sourcePort: 4_000, destinationPort: 53, payload: query });
		return query;
	}

	response(atUs: number, query: Uint8Array, packets: readonly Uint8Array[], toPort = 4_000): void {
		const payload = dnsttResponse(query, packets);
		this.send(atUs, { source: host, destination: resolver, sourcePort: 53, destinationPort: toPort, payload });
	}

	private send(atUs: number, datagram: Parameters<typeof udpPacket>[0]): void {
		const timeNs = 1_700_000_000_000_000_000n + BigInt(atUs) * 1_000n;
		this.observed.send([{ timeNs, bytes: udpPacket(datagram) }]);
	}

	/** All that the segments tell. */
	get told() {
		const { tracker } = this.observed;
		const { upstream, downstream, roundTrips } = tracker;
		const rtts = roundTrips.distribution([0]);
		return {
			up: [upstream.pushes.at(0), upstream.retransmissions.at(0)],
			down: [downstream.pushes.at(0), downstream.retransmissions.at(0)],
			rtts: [rtts.count, Math.round(rtts.sum * 1e6)],
			format: tracker.segmentFaultsOf(SegmentFault.Format),
			sequence: tracker.segmentFaultsOf(SegmentFault.Sequence),
			ack: tracker.segmentFaultsOf(SegmentFault.Ack),
			ackOrder: tracker.segmentFaultsOf(SegmentFault.AckOrder),
		};
	}

	get packetBytes() {
		const { upstream, downstream } = this.observed.tracker;
		return [upstream.packetBytes.at(0), downstream.packetBytes.at(0)];
	}

	get tracker() {
		return this.observed.tracker;
	}
}

/** A segment that the server's clock, or the client's, stamped at a time. */
function pushed(atUs: number, sequence: number, data = 100, conversation = 0): Uint8Array {
	return kcpSegment({
		conversation,
		command: push,
		timestampMs: (clockMs + atUs / ms) >>> 0,
		sequence: sequence >>> 0,
		data: new Uint8Array(data),
	});
}

function acked(stampedUs: number, sequence: number, conversation = 0): Uint8Array {
	const timestampMs = (clockMs + stampedUs / ms) >>> 0;
	return kcpSegment({ conversation, command: ack, timestampMs, sequence: sequence >>> 0 });
}

/** A conversation that pushed numbers `first` to `first` + 4 at 10 ms and had them acknowledged at 90 ms; and a poll that waits. */
async function talking(first = 0): Promise<{ readonly wire: Wire; readonly poll: Uint8Array }> {
	const wire = await Wire.open();
	const query = wire.query(0, [pushed(0, first)]);
	const numbers = [0, 1, 2, 3, 4].map((more) => first + more);
	wire.response(
		10 * ms,
		query,
		numbers.map((sequence) => pushed(10 * ms, sequence)),
	);
	const poll = wire.query(90 * ms, [concatBytes(numbers.map((sequence) => acked(10 * ms, sequence)))]);
	expect(wire.told).toEqual({ ...quiet, up: [1, 0], down: [5, 0], rtts: [5, 5 * 80 * ms] });
	return { wire, poll };
}

const quiet = { up: [0, 0], down: [0, 0], rtts: [0, 0], format: 0, sequence: 0, ack: 0, ackOrder: 0 };

describe("pushes", () => {
	test("at or below the highest number before are sent again: to the client all, from it those with a later stamp", async () => {
		const { wire, poll } = await talking();
		wire.response(
			100 * ms,
			poll,
			[2, 4, 5, 5, 7, 6].map((sequence) => pushed(100 * ms, sequence)),
		);
		// A copy, a new one, one that is sent again, and its copy.
		wire.query(110 * ms, [concatBytes([pushed(0, 0, 0), pushed(100 * ms, 1, 0)])]);
		wire.query(120 * ms, [concatBytes([pushed(110 * ms, 0, 0), pushed(110 * ms, 0, 0)])]);
		expect(wire.told).toMatchObject({ up: [5, 1], down: [11, 4], sequence: 0 });
	});

	test("of a new conversation under the same client id begin afresh, both ways", async () => {
		const { wire, poll } = await talking();
		wire.query(100 * ms, [pushed(100 * ms, 0, 0, 9)]);
		// One of the old conversation is still under way, and tells nothing.
		wire.response(110 * ms, poll, [pushed(110 * ms, 4), pushed(110 * ms, 0, 100, 9), pushed(110 * ms, 1, 100, 9)]);
		wire.query(190 * ms, [concatBytes([acked(110 * ms, 1, 9), acked(110 * ms, 4)])]);
		expect(wire.told).toMatchObject({ up: [2, 0], down: [8, 0], rtts: [6, 6 * 80 * ms], ack: 1 });
		wire.response(200 * ms, wire.query(200 * ms), [pushed(200 * ms, 1, 100, 9)]);
		expect(wire.told).toMatchObject({ down: [9, 1] });
	});

	test("count each session by itself", async () => {
		const wire = await Wire.open();
		for (const client of [1, 2, 3]) {
			wire.response(client, wire.query(client, [pushed(0, 9)], client), [pushed(0, 9), pushed(0, 10)]);
		}
		expect(wire.told).toMatchObject({ up: [3, 0], down: [6, 0] });
	});

	test("go on through the wrap-around of their 32-bit number", async () => {
		const { wire, poll } = await talking(2 ** 32 - 2);
		wire.response(100 * ms, poll, [pushed(100 * ms, 2), pushed(100 * ms, 3), pushed(100 * ms, 2 ** 32 - 1)]);
		expect(wire.told).toMatchObject({ down: [8, 2], sequence: 0 });
	});

	test("of a session that was silent for longer than the window are sent again still", async () => {
		const { wire } = await talking();
		const later = 40_000 * ms;
		wire.response(later, wire.query(later), [pushed(later, 3)]);
		expect(wire.told).toMatchObject({ down: [6, 1] });
	});

	test("have the bytes of their packets counted, polls none", async () => {
		const { wire, poll } = await talking();
		expect(wire.packetBytes).toEqual([124 + 5 * 24, 5 * 124]);
		wire.response(100 * ms, poll, []);
		wire.query(110 * ms);
		expect(wire.packetBytes).toEqual([124 + 5 * 24, 5 * 124]);
		expect([wire.tracker.queries.at(0), wire.tracker.polls.at(0)]).toEqual([3, 1]);
	});
});

/** What a hostile client sends after `talking`, at 200 ms, in one packet of a query. */
const hostileUp: readonly [title: string, packet: Uint8Array, fault: Partial<typeof quiet>][] = [
	["a push 65,537 ahead", pushed(0, 65_537), { sequence: 1 }],
	["a push 2^31 ahead", pushed(0, 2 ** 31), { sequence: 1 }],
	["a push 65,537 behind", pushed(0, -65_537), { sequence: 1 }],
	["an ack of the number after the highest", acked(10 * ms, 5), { ack: 1 }],
	["an ack of a number 2^31 on", acked(10 * ms, 2 ** 31), { ack: 1 }],
	["an ack of a number 65,537 before the highest", acked(10 * ms, 4 - 65_537), { ack: 1 }],
	["an ack from 3 ms in the future", acked(203 * ms, 4), { ack: 1 }],
	["an ack from an hour in the future", acked(3_600_000 * ms, 4), { ack: 1 }],
	["an ack from more than a minute ago", acked(200 * ms - 60_001 * ms, 4), { ack: 1 }],
	["an ack of 0", kcpSegment({ command: ack, timestampMs: 0, sequence: 4 }), { ack: 1 }],
	["an ack of 2^32 - 1", kcpSegment({ command: ack, timestampMs: 2 ** 32 - 1, sequence: 4 }), { ack: 1 }],
	["a length of one more than there is", kcpSegment({ command: push, claimedBytes: 1 }), { format: 1 }],
	["a length of 2^31", kcpSegment({ command: push, claimedBytes: 2 ** 31 }), { format: 1 }],
	["a length of 2^32 - 1", kcpSegment({ command: push, claimedBytes: 2 ** 32 - 1 }), { format: 1 }],
	["a command that there is not", kcpSegment({ command: 80, data: new Uint8Array(5) }), { format: 1 }],
	["a header of 23 bytes", pushed(0, 1).subarray(0, 23), { format: 1 }],
	["one byte", Uint8Array.of(81), { format: 1 }],
	["the window's commands with any number", windowCommands(), {}],
];

function windowCommands(): Uint8Array {
	const absurd = { timestampMs: 2 ** 31, sequence: 2 ** 31, unacknowledged: 2 ** 31, conversation: 2 ** 31 };
	return concatBytes([
		kcpSegment({ ...absurd, command: kcpCommands.windowAsk }),
		kcpSegment({ ...absurd, command: kcpCommands.windowTell }),
	]);
}

describe("a hostile client's", () => {
	test.each(hostileUp)("%s changes nothing but a fault's count", async (_, packet, fault) => {
		const { wire } = await talking();
		const before = wire.told;
		wire.query(200 * ms, [packet]);
		expect(wire.told).toEqual({ ...before, ...fault });
		// What honest segments tell is as before.
		const query = wire.query(300 * ms, [pushed(0, 1)]);
		wire.response(300 * ms, query, [pushed(300 * ms, 5)]);
		wire.query(380 * ms, [acked(300 * ms, 5)]);
		expect(wire.told).toEqual({ ...before, ...fault, up: [2, 0], down: [6, 0], rtts: [6, 6 * 80 * ms] });
	});

	test("acks before anything was sent to it are all faults", async () => {
		const { wire } = await talking();
		const before = wire.told;
		wire.query(200 * ms, [concatBytes([0, 1, 2, 3].map((sequence) => acked(10 * ms, sequence)))], 2);
		expect(wire.told).toEqual({ ...before, ack: 4 });
	});

	test("push at 65,536 ahead is the last that is believed", async () => {
		const { wire } = await talking();
		wire.query(200 * ms, [pushed(0, 65_536)]);
		expect(wire.told).toMatchObject({ up: [2, 0], sequence: 0 });
	});

	test("segments in front of a break are read", async () => {
		const { wire } = await talking();
		wire.query(200 * ms, [concatBytes([pushed(0, 1, 0), pushed(0, 2, 0), Uint8Array.of(1)])]);
		expect(wire.told).toMatchObject({ up: [3, 0], format: 1 });
	});
});

/** What comes from the server's port at 200 ms and is no answer of its. */
const spoofed: readonly [title: string, send: (wire: Wire, poll: Uint8Array) => void][] = [
	["to another port", (wire, poll) => wire.response(200 * ms, poll, otherClock(), 4_001)],
	[
		"with another id",
		(wire, poll) => {
			const other = Uint8Array.from(poll);
			other[0] = 0xff;
			wire.response(200 * ms, other, otherClock());
		},
	],
	[
		"after 10 s",
		(wire, poll) => {
			wire.query(9_000 * ms);
			wire.response(10_090 * ms + 1, poll, otherClock());
		},
	],
	[
		"a second time",
		(wire, poll) => {
			wire.response(200 * ms, poll, []);
			wire.response(200 * ms, poll, otherClock());
		},
	],
];

/** Ten pushes with absurd numbers and the stamps of another clock, enough to be taken for a server that was restarted. */
function otherClock(): Uint8Array[] {
	return Array.from({ length: 10 }, (_, index) => pushed(-3_600_000 * ms, 1_000 + index));
}

describe("an acknowledgement", () => {
	test("that comes again, as resolvers ask again, or was overtaken is no round trip, and counted as such", async () => {
		const { wire } = await talking();
		const before = wire.told;
		const first = wire.query(100 * ms, []);
		wire.response(100 * ms, first, [pushed(100 * ms, 5), pushed(100 * ms, 6)]);
		const acks = concatBytes([acked(100 * ms, 5), acked(100 * ms, 6)]);
		for (const at of [180, 500, 900]) wire.query(at * ms, [acks]);
		// The copy of an older one, and the older one's push of before.
		wire.query(950 * ms, [concatBytes([acked(10 * ms, 4), acked(100 * ms, 5)])]);
		expect(wire.told).toEqual({ ...before, down: [7, 0], rtts: [7, 7 * 80 * ms], ackOrder: 6 });
	});

	test("is believed for as long as its session lives, not longer", async () => {
		const { wire } = await talking();
		const before = wire.told;
		// The session of another client, whose first push seems to have waited for a minute: nobody was there to wait.
		wire.response(1_000 * ms, wire.query(1_000 * ms, [], 2), [pushed(990 * ms, 7), pushed(-56_000 * ms, 8)]);
		wire.query(1_080 * ms, [acked(-56_000 * ms, 8)], 2);
		expect(wire.told).toEqual({ ...before, down: [7, 0], ack: 1 });
		wire.query(1_081 * ms, [acked(990 * ms, 7)], 2);
		expect(wire.told).toEqual({ ...before, down: [7, 0], ack: 2 });
		wire.response(1_100 * ms, wire.query(1_100 * ms, [], 2), [pushed(1_100 * ms, 9)]);
		wire.query(1_180 * ms, [acked(1_100 * ms, 9)], 2);
		expect(wire.told).toEqual({ ...before, down: [8, 0], ack: 2, rtts: [6, 6 * 80 * ms] });
	});

	test("of a push that was sent again, with its new stamp, is one", async () => {
		const { wire, poll } = await talking();
		wire.response(100 * ms, poll, [pushed(100 * ms, 2)]);
		wire.query(180 * ms, [acked(100 * ms, 2)]);
		expect(wire.told).toMatchObject({ down: [6, 1], rtts: [6, 6 * 80 * ms], ack: 0 });
	});

	test("goes beyond the one before where the stamps wrap around, too", async () => {
		const wire = await Wire.open();
		const stamps = [2 ** 32 - 3, 2 ** 32 - 1, 0, 2];
		for (const [index, timestampMs] of stamps.entries()) {
			const at = (timestampMs + 3) % 2 ** 32;
			const query = wire.query(at * ms);
			wire.response(at * ms, query, [kcpSegment({ command: push, timestampMs, sequence: index })]);
		}
		for (const [index, timestampMs] of stamps.entries()) {
			wire.query((((timestampMs + 3) % 2 ** 32) + 80) * ms, [
				kcpSegment({ command: ack, timestampMs, sequence: index }),
			]);
		}
		expect(wire.told).toMatchObject({ rtts: [4, 4 * 80 * ms], ack: 0 });
	});

	test("in the very microsecond of its push is a round trip of nothing, and no fault", async () => {
		const wire = await Wire.open();
		wire.response(0, wire.query(0), [pushed(0, 7)]);
		wire.query(0, [acked(0, 7)]);
		expect(wire.told).toMatchObject({ rtts: [1, 0], ack: 0 });
	});

	test("of another session has nothing to do with it", async () => {
		const wire = await Wire.open();
		for (const client of [1, 2]) wire.response(0, wire.query(0, [], client), [pushed(0, 7)]);
		for (const client of [1, 2]) wire.query(80 * ms, [acked(0, 7)], client);
		expect(wire.told).toMatchObject({ rtts: [2, 2 * 80 * ms] });
	});
});

test("pushes to a client with absurd numbers teach no clock", async () => {
	const { wire, poll } = await talking();
	const before = wire.told;
	// A clock 5 s ahead would be taken for a faster way.
	wire.response(
		200 * ms,
		poll,
		[65_541, 100_000, 2 ** 31, -65_537].map((sequence) => pushed(5_200 * ms, sequence, 0)),
	);
	expect(wire.told).toEqual({ ...before, sequence: 4 });
	const query = wire.query(300 * ms);
	wire.response(300 * ms, query, [pushed(300 * ms, 5)]);
	wire.query(380 * ms, [acked(300 * ms, 5)]);
	expect(wire.told).toEqual({ ...before, sequence: 4, down: [6, 0], rtts: [6, 6 * 80 * ms] });
});

describe("a response that answers no query", () => {
	test.each(spoofed)("%s tells nothing", async (_, send) => {
		const { wire, poll } = await talking();
		const before = wire.told;
		send(wire, poll);
		expect(wire.told).toEqual(before);
		const later = 11_000 * ms;
		wire.response(later, wire.query(later), [pushed(later, 5)]);
		wire.query(later + 80 * ms, [acked(later, 5)]);
		expect(wire.told).toEqual({ ...before, down: [6, 0], rtts: [6, 6 * 80 * ms] });
	});
});

describe("a server that was restarted", () => {
	test("has round trips again from its eighth push on", async () => {
		const { wire } = await talking();
		const restartUs = 1_000_000 * ms;
		// The new clock begins at 0; a new client, as no conversation outlives its server.
		for (let count = 1; count <= 9; count++) {
			const at = restartUs + count * 100 * ms;
			const timestampMs = count * 100;
			const query = wire.query(at, [], 7);
			wire.response(at, query, [kcpSegment({ command: push, timestampMs, sequence: count })]);
			wire.query(at + 80 * ms, [kcpSegment({ command: ack, timestampMs, sequence: count })], 7);
		}
		// The acks of the first seven were against the old clock.
		expect(wire.told).toMatchObject({ ack: 7, rtts: [7, 7 * 80 * ms] });
	});
});

describe("any segments", () => {
	/** Random segments, some of them close to sound. */
	function segment(random: () => number, nowMs: number): KcpSegment {
		const below = (limit: number) => Math.floor(random() * limit);
		const near = (value: number) => (below(3) === 0 ? below(2 ** 32) : (value + below(20)) >>> 0);
		return {
			conversation: below(4) === 0 ? below(2) : 0,
			command: below(8) === 0 ? below(256) : 81 + below(4),
			timestampMs: near(clockMs + nowMs),
			sequence: near(0),
			unacknowledged: below(2 ** 32),
			data: new Uint8Array(below(3) * 7),
			...(below(6) === 0 ? { claimedBytes: below(2 ** 32) } : {}),
		};
	}

	test("are pushes, acks with a time, or faults, each once; and take no memory", async () => {
		const seed = Number(process.env.FUZZ_SEED ?? 20_261_124);
		console.log(`FUZZ_SEED=${seed}`);
		const random = seededRandom(seed);
		const wire = await Wire.open();
		let heap = 0;
		for (let round = 0; round < 4_000; round++) {
			if (round === 1_000) {
				Bun.gc(true);
				heap = process.memoryUsage().heapUsed;
			}
			const at = round * ms;
			const query = wire.query(
				at,
				[concatBytes([kcpSegment(segment(random, round)), randomBytes(random, round % 3)])],
				round % 5,
			);
			wire.response(at + 500, query, [kcpSegment(segment(random, round)), kcpSegment(segment(random, round))]);
		}
		Bun.gc(true);
		expect(process.memoryUsage().heapUsed - heap).toBeLessThan(2 ** 20);
		const { up, down, rtts, format, sequence, ack, ackOrder } = wire.told;
		for (const [pushes = 0, again = 0] of [up, down]) {
			expect(again).toBeLessThanOrEqual(pushes);
			expect(pushes).toBeGreaterThan(100);
		}
		// Three segments a round, of which window commands and downstream acks tell nothing.
		const all = (up[0] ?? 0) + (down[0] ?? 0) + (rtts[0] ?? 0) + sequence + ack + ackOrder;
		expect(all).toBeLessThanOrEqual(3 * 4_000);
		expect(format).toBeLessThanOrEqual(2 * 4_000);
		for (const count of [format, sequence, ack]) expect(count).toBeGreaterThan(10);
		expect(rtts[0]).toBeGreaterThan(0);
	});
});

test("a response that answers no query counts as unmatched, and its rcode and TC do not", () => {
	const tracker = trackerOf();
	const observation = observationOf({ bytes: 45 });
	observation.rcode = 1;
	observation.truncated = 1;
	tracker.observe(Outcome.Response, observation, begin);
	expect([tracker.unmatched.at(0), tracker.responsesOf(0, 1), tracker.truncated.at(0)]).toEqual([1, 0, 0]);
	expect(bySet(tracker, tracker.bytesOut)).toEqual({ "0/2": 45 });
});
