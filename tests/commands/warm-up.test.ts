import { expect, test } from "bun:test";
import { recordedTunnel, warmUp } from "../../src/commands/warm-up.ts";
import { createPlacelessEngine } from "../../src/engine/placeless.ts";
import "../support/engine.ts";

test("an engine observes the recording, and addresses of the whole range are looked up", async () => {
	const engine = createPlacelessEngine([recordedTunnel], [1, 2, 3, 4]);
	const octets: number[] = [];
	await warmUp(engine, (a, b, c, d) => {
		expect([a, b, c]).toEqual([0, 0, 0xffff]);
		octets.push(d >>> 24);
	});
	expect([octets.length, new Set(octets).size]).toEqual([500, 256]);
	const { tracker } = engine;
	expect(tracker.queries.sum).toBeGreaterThan(10_000);
	expect(tracker.responsesOf(0, 0)).toBeGreaterThan(10_000);
	expect(tracker.sessionsBegun.sum).toBe(3);
	expect(tracker.bytesOut.sum).toBeGreaterThan(1e6);
});
