import { describe, expect, test } from "bun:test";
import { createExpiry } from "../../src/exporter/expiry.ts";
import { heldUsMax } from "../../src/wasm/shared/limits.ts";

const nothing = Number.POSITIVE_INFINITY;

/** An expiry over a tracker that only notes its calls. */
function started({ nextExpiryUs = nothing, isCaughtUp = true } = {}) {
	const calls: string[] = [];
	/** Timers that are set. */
	const timers: { readonly work: () => void; readonly delayMs: number }[] = [];
	const tracker = {
		nextExpiryUs,
		synchronize: (wallUs: number, nowUs: number) => void calls.push(`synchronize ${wallUs} ${nowUs}`),
		advance: (nowUs: number) => void calls.push(`advance ${nowUs}`),
		expire: () => void calls.push("expire"),
	};
	const expiry = createExpiry({
		tracker,
		catchUp() {
			calls.push("catchUp");
			return isCaughtUp;
		},
		schedule(work, delayMs) {
			const timer = { work, delayMs };
			timers.push(timer);
			return () => timers.splice(timers.indexOf(timer), 1);
		},
		wallUs: () => 9_000_000,
		monotonicUs: () => 1_000_000,
	});
	return { expiry, tracker, calls, timers };
}

describe("passing time", () => {
	test("reads the frames that wait before the clock goes on", () => {
		const { expiry, calls } = started();
		expiry.passTime();
		expect(calls).toEqual(["synchronize 9000000 1000000", "catchUp", "advance 1000000", "expire"]);
	});

	test("leaves the clock where it is while older frames are left", () => {
		const { expiry, calls } = started({ isCaughtUp: false });
		expiry.passTime();
		expect(calls).toEqual(["synchronize 9000000 1000000", "catchUp", "expire"]);
	});
});

describe("the timer", () => {
	test("is set for when the next session has ended, once", () => {
		const { expiry, timers } = started({ nextExpiryUs: 1_000_000 - heldUsMax + 30_000 });
		expiry.setTimer();
		expiry.setTimer();
		expect(timers.map(({ delayMs }) => delayMs)).toEqual([30]);
	});

	test("ends what has ended, and is set again for the one after that", () => {
		const { expiry, tracker, timers, calls } = started({ nextExpiryUs: 1_000_000 });
		expiry.setTimer();
		tracker.nextExpiryUs += 500_000;
		timers.shift()?.work();
		expect(calls).toContain("expire");
		expect(timers.map(({ delayMs }) => delayMs)).toEqual([500 + heldUsMax / 1_000]);
	});

	test("is not set while nothing is going to end, and set when something is again", () => {
		const { expiry, tracker, timers } = started({ nextExpiryUs: 1_000_000 });
		expiry.setTimer();
		tracker.nextExpiryUs = nothing;
		timers.shift()?.work();
		expiry.setTimer();
		expect(timers).toEqual([]);
		tracker.nextExpiryUs = 1_000_000;
		expiry.setTimer();
		expect(timers).toHaveLength(1);
	});

	test("for what has ended already waits for 10 ms", () => {
		const { expiry, timers } = started({ nextExpiryUs: 0 });
		expiry.setTimer();
		expect(timers.map(({ delayMs }) => delayMs)).toEqual([10]);
	});

	test("is cancelled when everything stops", () => {
		const { expiry, timers } = started({ nextExpiryUs: 0 });
		expiry.setTimer();
		expiry.stop();
		expect(timers).toEqual([]);
	});
});
