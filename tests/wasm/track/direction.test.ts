/** Which way messages go: queries come in and responses leave, or a forwarded copy says otherwise. */
import { describe, expect, test } from "bun:test";
import { Direction } from "../../../src/wasm/decode/direction.ts";
import { Outcome, Refusal, Unrelated } from "../../../src/wasm/shared/fault.ts";
import { responseUsMax } from "../../../src/wasm/shared/limits.ts";
import { LinkType } from "../../../src/wasm/shared/linktype.ts";
import { dnsttQuery, dnsttResponse, linuxSllFrame, udpPacket } from "../../support/frames.ts";
import { observed } from "../../support/observed.ts";
import { begin, type ObservationFields, type ObservingTracker, observationOf, trackerOf } from "./observing.ts";

const { Incoming, Outgoing, Unknown } = Direction;
const { Query, Response, Refused } = Outcome;
/** Interfaces of a host: to the world, a bridge, and a container's. */
const [e0, docker0, veth0] = [2, 3, 4];

/** Frames in their order, 10 microseconds apart. */
function observe(
	tracker: ObservingTracker,
	frames: readonly (readonly [
		outcome: Outcome,
		direction: Direction,
		interfaceIndex: number,
		observation?: ObservationFields,
	])[],
): void {
	for (const [index, [outcome, direction, interfaceIndex, observation]] of frames.entries()) {
		const bytes = outcome === Response ? 300 : 100;
		tracker.observe(outcome, observationOf({ bytes, direction, interfaceIndex, ...observation }), begin + index * 10);
	}
}

function figures(tracker: ObservingTracker) {
	return {
		queries: tracker.queries.sum,
		bytesOut: tracker.bytesOut.sum,
		answered: tracker.responsesOf(0, 0),
		unmatched: tracker.unmatched.at(0),
		copies: tracker.duplicates,
		outgoing: tracker.unrelatedOf(Unrelated.Direction),
		unrelated: tracker.unrelatedOf(Unrelated.Response),
		waiting: tracker.tables.waitingQueries.size,
	};
}
const nothing = {
	...{ queries: 0, bytesOut: 0, answered: 0, unmatched: 0, copies: 0, outgoing: 0, unrelated: 0, waiting: 0 },
};
const one = { ...nothing, queries: 1, bytesOut: 300, answered: 1 };

/** Where address translation shows a message with another resolver. */
const translated: ObservationFields = { origin: 9, port: 50_000 };

const rows: readonly [title: string, frames: Parameters<typeof observe>[1], expected: ReturnType<typeof figures>][] = [
	[
		"a query that comes in, and the response that leaves",
		[
			[Query, Incoming, e0],
			[Response, Outgoing, e0],
		],
		one,
	],
	["a query that leaves counts as unrelated", [[Query, Outgoing, e0]], { ...nothing, outgoing: 1, waiting: 1 }],
	[
		"so does the response to it, whoever sent it",
		[
			[Query, Outgoing, e0],
			[Response, Incoming, e0],
		],
		{ ...nothing, outgoing: 1, unrelated: 1 },
	],
	[
		"a query that leaves makes no copy of one that comes in",
		[
			[Query, Outgoing, docker0, translated],
			[Query, Incoming, e0],
			[Response, Outgoing, e0],
		],
		{ ...one, outgoing: 1, waiting: 1 },
	],
	["a probe that leaves counts as unrelated", [[Refused, Outgoing, e0]], { ...nothing, outgoing: 1 }],
	[
		"a response that comes in where its query came in is a stranger's, and the query goes on waiting",
		[
			[Query, Incoming, e0],
			[Response, Incoming, e0],
		],
		{ ...nothing, queries: 1, bytesOut: 300, unmatched: 1, waiting: 1 },
	],
	[
		"the server's own, of the same length, is the answer then, on a bridge over the interface as well",
		[
			[Query, Incoming, e0],
			[Query, Incoming, docker0],
			[Response, Incoming, e0],
			[Response, Incoming, docker0],
			[Response, Outgoing, docker0],
			[Response, Outgoing, e0],
			[Response, Incoming, e0],
		],
		{ ...one, bytesOut: 600, unmatched: 1, copies: 4 },
	],
	[
		"a thousand of them are a thousand, and the answer is the server's",
		[
			[Query, Incoming, e0],
			...new Array<readonly [Outcome, Direction, number]>(1_000).fill([Response, Incoming, e0]),
			[Response, Outgoing, e0],
		],
		{ ...one, bytesOut: 300 * 1_001, unmatched: 1_000 },
	],
	[
		"a container behind DNAT",
		[
			[Query, Incoming, e0],
			[Query, Outgoing, docker0],
			[Query, Outgoing, veth0],
			[Response, Incoming, veth0],
			[Response, Incoming, docker0],
			[Response, Outgoing, e0],
		],
		{ ...one, copies: 4 },
	],
	[
		"a container behind DNAT and masquerade",
		[
			[Query, Incoming, e0],
			[Query, Outgoing, docker0, translated],
			[Query, Outgoing, veth0, translated],
			[Response, Incoming, veth0, translated],
			[Response, Incoming, docker0, translated],
			[Response, Outgoing, e0],
		],
		{ ...one, copies: 4 },
	],
	[
		"a router",
		[
			[Query, Incoming, e0],
			[Query, Outgoing, veth0],
			[Response, Incoming, veth0],
			[Response, Outgoing, e0],
		],
		{ ...one, copies: 2 },
	],
	[
		"a forwarder here that keeps ids and asks a server on loopback",
		[
			[Query, Incoming, e0],
			[Query, Unknown, 1, translated],
			[Response, Unknown, 1, translated],
			[Response, Outgoing, e0],
		],
		{ ...one, copies: 2 },
	],
	[
		"a forwarder here that asks a server elsewhere under another id, over the same interface",
		[
			[Query, Incoming, e0, { name: 1 }],
			[Query, Outgoing, e0, { ...translated, messageId: 9, name: 1, server: 9 }],
			[Response, Incoming, e0, { ...translated, messageId: 9, name: 1, server: 9 }],
			[Response, Outgoing, e0, { name: 1 }],
		],
		{ ...one, copies: 2 },
	],
	[
		"a resolver here that asks a server elsewhere for other names",
		[
			[Query, Incoming, e0, { name: 1 }],
			[Query, Outgoing, e0, { ...translated, messageId: 9, name: 2, server: 9 }],
			[Response, Incoming, e0, { ...translated, messageId: 9, name: 2, server: 9 }],
			[Response, Outgoing, e0, { name: 1 }],
		],
		{ ...one, outgoing: 1, unrelated: 1 },
	],
	[
		"a stranger who forges a forwarder's query and its answer to it",
		[
			[Query, Incoming, e0, { name: 1 }],
			[Query, Incoming, e0, { ...translated, messageId: 9, name: 1, server: 9 }],
			[Response, Incoming, e0, { ...translated, messageId: 9, name: 1, server: 9 }],
			[Response, Outgoing, e0, { name: 1 }],
		],
		{ ...one, bytesOut: 600, copies: 1, unmatched: 1, waiting: 1 },
	],
	[
		"both ends on this host, over loopback",
		[
			[Query, Unknown, 1],
			[Response, Unknown, 1],
		],
		one,
	],
	[
		"frames between other hosts, as on a mirror port",
		[
			[Query, Unknown, e0],
			[Response, Unknown, e0],
		],
		one,
	],
];

test.each(rows)("%s", (_, frames, expected) => {
	const tracker = trackerOf();
	observe(tracker, frames);
	expect(figures(tracker)).toEqual(expected);
});

test("a query that leaves is no session, and none without a response", () => {
	const tracker = trackerOf();
	observe(tracker, [[Query, Outgoing, e0]]);
	tracker.reach(begin + responseUsMax + 1);
	tracker.expire();
	expect([tracker.sessionsBegun.sum, tracker.active.sum, tracker.unanswered.sum]).toEqual([0, 0, 0]);
	expect([
		tracker.sets.size,
		tracker.tables.waitingQueries.size,
		tracker.responseTimes.distribution([0]).count,
	]).toEqual([0, 0, 0]);
});

test("a refused query that is translated is a copy still, as one of a client is", () => {
	const tracker = trackerOf();
	const refusal = Refusal.Edns;
	observe(tracker, [
		[Refused, Incoming, e0, { refusal }],
		[Refused, Outgoing, docker0, { refusal, ...translated }],
		[Response, Incoming, docker0, translated],
		[Response, Outgoing, e0],
	]);
	expect(figures(tracker)).toEqual({ ...nothing, copies: 2, unrelated: 1 });
	expect([tracker.refusalsOf(0, refusal), tracker.smallAnswered.at(0)]).toEqual([1, 1]);
});

describe("LINUX_SLL, which names no interface", () => {
	const query = dnsttQuery({ clientId: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) });
	const response = dnsttResponse(query);
	const [resolver, host] = ["192.0.2.1", "192.0.2.53"];
	const asked = { source: resolver, destination: host, sourcePort: 40_000, destinationPort: 53, payload: query };
	const told = { source: host, destination: resolver, sourcePort: 53, destinationPort: 40_000, payload: response };
	const [q, r] = [udpPacket(asked), udpPacket(told)];
	const sllRows: readonly [title: string, frames: readonly Uint8Array[], expected: readonly number[]][] = [
		["a stranger's answer", [linuxSllFrame(q, "in"), linuxSllFrame(r, "in")], [1, 0, 1, 0]],
		[
			"a stranger's answer and the server's",
			[linuxSllFrame(q, "in"), linuxSllFrame(r, "in"), linuxSllFrame(r, "out")],
			[1, 1, 1, 0],
		],
		[
			"a query that was forwarded, and its response",
			[linuxSllFrame(q, "in"), linuxSllFrame(q, "out"), linuxSllFrame(r, "in"), linuxSllFrame(r, "out")],
			[1, 1, 0, 2],
		],
		["a query that leaves", [linuxSllFrame(q, "out"), linuxSllFrame(r, "in")], [0, 0, 0, 0]],
	];
	test.each(sllRows)("%s", async (_, frames, expected) => {
		const { tracker, send } = await observed();
		const records = frames.map((bytes, index) => ({ timeNs: BigInt(begin + index) * 1_000n, bytes }));
		send(records, undefined, LinkType.LINUX_SLL);
		expect([tracker.queries.sum, tracker.responsesOf(0, 0), tracker.unmatched.at(0), tracker.duplicates]).toEqual([
			...expected,
		]);
	});
});
