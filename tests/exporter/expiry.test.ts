import { describe, expect, test } from "bun:test";
import { createExpiry } from "../../src/exporter/expiry.ts";
import { heldUsMax } from "../../src/wasm/shared/limits.ts";

const nothing = Number.POSITIVE_INFINITY;

/** An expiry over a tracker that only notes its calls. */
function started({ nextExpiryUs = nothing, isCaughtUp = true } = {}) {
	const calls: string[] = [];
	const tracker = {
		nextExpiryUs,
		advance: (nowUs: number) => void calls.push(`advance ${nowUs}`),
		expire: () => void calls.push("expire"),
	};
	const expiry = createExpiry({
		tracker,
		catchUp() {
			calls.push("catchUp");
			return isCaughtUp;
		},
		monotonicUs: () => 1_000_000,
	});
	return { expiry, tracker, calls };
}

describe("passing time", () => {
	test("reads the frames that wait before the clock goes on", () => {
		const { expiry, calls } = started();
		expiry.passTime();
		expect(calls).toEqual(["catchUp", "advance 1000000", "expire"]);
	});

	test("leaves the clock where it is while older frames are left", () => {
		const { expiry, calls } = started({ isCaughtUp: false });
		expiry.passTime();
		expect(calls).toEqual(["catchUp", "expire"]);
	});
});

describe("a timer", () => {
	test("fires when the next session has ended, once however often it was scheduled, and again for the one after that", async () => {
		const { expiry, tracker, calls } = started({ nextExpiryUs: 1_000_000 - heldUsMax + 30_000 });
		expiry.schedule();
		expiry.schedule();
		await Bun.sleep(15);
		expect(calls).toEqual([]);
		await Bun.sleep(40);
		expect(calls.filter((call) => call === "expire").length).toBe(1);
		await Bun.sleep(40);
		expect(calls.filter((call) => call === "expire").length).toBeGreaterThanOrEqual(2);
		tracker.nextExpiryUs = nothing;
		await Bun.sleep(40);
		const ended = calls.length;
		await Bun.sleep(60);
		expect(calls).toHaveLength(ended);
	});

	test("for what has ended already leaves 10 ms between two wake-ups", async () => {
		const { expiry, calls } = started({ nextExpiryUs: 0 });
		expiry.schedule();
		await Bun.sleep(55);
		expiry.stop();
		const wakeUps = calls.filter((call) => call === "expire").length;
		expect(wakeUps).toBeGreaterThanOrEqual(1);
		expect(wakeUps).toBeLessThanOrEqual(5);
		await Bun.sleep(30);
		expect(calls.filter((call) => call === "expire")).toHaveLength(wakeUps);
	});

	test("is not set while nothing is going to end", async () => {
		const { expiry, calls } = started();
		expiry.schedule();
		await Bun.sleep(30);
		expect(calls).toEqual([]);
	});
});
