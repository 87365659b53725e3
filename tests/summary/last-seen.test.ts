import { expect, test } from "bun:test";
import { createLastSeen } from "../../src/summary/last-seen.ts";
import { Traffic } from "../metrics/traffic.ts";
import { observed } from "../support/observed.ts";

const startUs = 1_700_000_000e6;

/** A tunnel whose frames come a second apart, looked at whenever a test wants to. */
async function seen() {
	const { tracker, send } = await observed();
	const look = createLastSeen(tracker, 1);
	const traffic = new Traffic();
	let sent = 0;
	return {
		traffic,
		/** Sends the next frames, and looks `afterSeconds` after the last of them. */
		look(frames: number, afterSeconds = 0) {
			send(traffic.records.slice(sent, sent + frames));
			sent += frames;
			return look([{ queries: tracker.queries.sum }], startUs + (sent - 1 + afterSeconds) * 1e6)[0];
		},
	};
}

test("times are those of the latest query and response, however late they are looked at", async () => {
	const { traffic, look } = await seen();
	expect(look(0)).toEqual({
		...{ queryAgoSeconds: null, responseAgoSeconds: null, silentSeconds: null, silentQueries: 0, recentClients: 0 },
	});
	traffic.exchange(1, "192.0.2.1");
	expect(look(2, 100)).toMatchObject({ queryAgoSeconds: 101, responseAgoSeconds: 100, silentSeconds: null });
});

test("a silence begins with the first query that has no response, and ends with a response", async () => {
	const { traffic, look } = await seen();
	for (let client = 1; client <= 3; client++) traffic.exchange(client, "192.0.2.1");
	look(2);
	expect(look(1)).toMatchObject({ silentSeconds: 0, silentQueries: 1 });
	expect(look(0, 50)).toMatchObject({ silentSeconds: 50, silentQueries: 1 });
	expect(look(1)).toMatchObject({ silentSeconds: null, silentQueries: 0, responseAgoSeconds: 0 });
});

test("the most clients are those of the hour before the latest query", async () => {
	const { tracker, send } = await observed();
	const look = createLastSeen(tracker, 1);
	const at = (seconds: number, clients: number) => {
		const traffic = new Traffic();
		for (let client = 1; client <= clients; client++) traffic.exchange(client, "192.0.2.1");
		const timeNs = BigInt(startUs + seconds * 1e6) * 1_000n;
		send(traffic.records.map((record) => ({ ...record, timeNs })));
		tracker.expire();
		return look([{ queries: tracker.queries.sum }], startUs + seconds * 1e6)[0]?.recentClients;
	};
	expect([at(0, 7), at(600, 2), at(3_600, 3), at(3_601, 3), at(7_000, 0)]).toEqual([7, 7, 7, 3, 3]);
});
