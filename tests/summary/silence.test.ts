import { expect, test } from "bun:test";
import { type Counted, type Silence, silenceOf } from "../../src/summary/silence.ts";

function counted(up: boolean, queries: number, refused: readonly number[], unrelated: Record<string, number>): Counted {
	return {
		capture: { up, unrelated_packets: unrelated },
		total: { queries },
		domains: refused.map((refused_queries) => ({ refused_queries })),
	};
}

const closed = { reason: "capture closed" } as const;
const none = { reason: "no query" } as const;

test.each<[title: string, status: Counted, silence: Silence | null]>([
	["there is nothing to tell once a client's query came", counted(true, 1, [2], { domain: 3 }), null],
	["a capture that is not open comes first", counted(false, 1, [2], { domain: 3 }), closed],
	["then refused queries, of all domains", counted(true, 0, [2, 5], { domain: 3 }), { reason: "refused", queries: 7 }],
	["then queries for other domains", counted(true, 0, [0], { domain: 3, port: 9 }), { reason: "foreign", messages: 3 }],
	["packets that are no queries do not count", counted(true, 0, [0], { port: 9 }), none],
	["nothing at all is no query", counted(true, 0, [], {}), none],
])("%s", (_, status, silence) => {
	expect(silenceOf(status)).toEqual(silence);
});
