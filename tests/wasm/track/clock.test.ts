import { describe, expect, test } from "bun:test";
import { blockTimeoutMs } from "../../../src/capture/live.ts";
import { idleMsMax, replaceDelayMs } from "../../../src/capture/supervisor.ts";
import { heldUsMax } from "../../../src/wasm/shared/limits.ts";
import { partsOf } from "./observing.ts";

const second = 1_000_000;
const hour = 3_600 * second;
const begin = 1_700_000_000 * second;

/** A clock of its own. */
function clockOf() {
	const { parts } = partsOf();
	return {
		at: parts.clockAt,
		synchronize: parts.synchronize,
		advance: parts.advance,
		get now() {
			return parts.clockNow();
		},
		get stepsBack() {
			return parts.stepsBack();
		},
	};
}

describe("a file's clock", () => {
	/** Seconds since the first stamp that each stamp (in seconds, too) is given. */
	const timesOf = (stamps: readonly number[]) => {
		const clock = clockOf();
		return stamps.map((stamp) => (clock.at(begin + stamp * second) - begin) / second);
	};
	const rows: readonly [title: string, stamps: readonly number[], times: readonly number[]][] = [
		["goes with the stamps", [0, 0.5, 2], [0, 0.5, 2]],
		["stands still for a stamp out of order", [0, 2, 1.5, 2.5], [0, 2, 2, 2.5]],
		["takes a second back for disorder", [0, 2, 1, 2.5], [0, 2, 2, 2.5]],
		["undoes a longer step back", [0, 2, 0.999999, 1.999999], [0, 2, 2, 3]],
		["undoes an hour's jump back", [0, 1, -3599, -3598, -3597], [0, 1, 1, 2, 3]],
		["undoes two jumps back", [0, -3600, -3599, -7200, -7199], [0, 0, 1, 1, 2]],
		["takes a jump forward for silence, having no other clock", [0, 1, 3601], [0, 1, 3601]],
	];
	for (const [title, stamps, times] of rows) test(title, () => expect(timesOf(stamps)).toEqual([...times]));

	test("counts the steps back that it undoes, and no disorder", () => {
		const clock = clockOf();
		for (const stamp of [0, 2, 1, 0.999999, 1.5, -3600]) clock.at(begin + stamp * second);
		expect(clock.stepsBack).toBe(2);
	});
});

describe("a server's clock beside a file's", () => {
	/** Pushes each half second, stamped as they are captured, until the file's clock steps forward after ten of them. */
	function stepped(stepSeconds: number, restartMs: number | undefined = undefined) {
		const { parts } = partsOf();
		const server = parts.makeServerClock();
		const rtts: number[] = [];
		for (let count = 0; count < 30; count++) {
			const at = begin + count * 0.5 * second + (count < 10 ? 0 : stepSeconds * second);
			const stampMs = count < 10 || restartMs === undefined ? 60_000 + count * 500 : restartMs + count * 500;
			parts.clockAt(at);
			parts.pushTo(server, stampMs, at);
			rtts.push(parts.roundTripOf(server, stampMs, at + 80_000));
		}
		return { rtts, steps: parts.stepsForward() };
	}

	test.each([2, 3, 9, 30, 3_600])("a step of %i s is counted, and what cannot be timed is left out", (stepSeconds) => {
		const { rtts, steps } = stepped(stepSeconds);
		expect(steps).toBe(1);
		expect(rtts).toEqual(rtts.map((_, count) => (count >= 10 && count < 17 ? -1 : 80_000)));
	});

	test("a server that starts again after a silence is no step", () => {
		const { rtts, steps } = stepped(100, 0);
		expect(steps).toBe(0);
		expect(rtts.at(-1)).toBe(80_000);
	});

	test("pushes that wait for their session, without a gap in the file, are no step, and keep their time", () => {
		const { parts } = partsOf();
		const server = parts.makeServerClock();
		for (let count = 0; count < 40; count++) {
			const at = begin + count * 0.5 * second;
			const lateMs = count < 10 ? 0 : 3_000;
			parts.clockAt(at);
			parts.pushTo(server, 60_000 + count * 500 - lateMs, at);
			expect(parts.roundTripOf(server, 60_000 + count * 500 - lateMs, at + 80_000)).toBe(lateMs * 1_000 + 80_000);
		}
		expect(parts.stepsForward()).toBe(0);
	});
});

describe("the live clock", () => {
	const live = () => {
		const clock = clockOf();
		clock.synchronize(begin, 10 * second);
		return clock;
	};

	test("is the monotonic clock's, whatever the wall shows", () => {
		expect(live().at(begin - 2 * second)).toBe(8 * second);
	});

	test("no frame is later than now", () => {
		expect(live().at(begin + 5 * second)).toBe(10 * second);
	});

	for (const [title, jump] of [
		["forward", hour],
		["back", -hour],
	] as const) {
		test(`an hour's jump ${title} between two batches moves nothing`, () => {
			const clock = live();
			clock.at(begin);
			clock.synchronize(begin + jump + second, 11 * second);
			expect(clock.at(begin + jump + second - 1_000)).toBe(11 * second - 1_000);
		});

		test(`an hour's jump ${title} within a batch moves nothing by more than the batch took`, () => {
			const clock = live();
			clock.at(begin - 1_000);
			// The frame was stamped after the jump, the clocks were read before it.
			const time = clock.at(begin + jump);
			expect(time).toBeGreaterThanOrEqual(10 * second - 1_000);
			expect(time).toBeLessThanOrEqual(10 * second);
			clock.synchronize(begin + jump + second, 11 * second);
			expect(clock.at(begin + jump + second)).toBe(11 * second);
		});

		test(`a frame stamped before an hour's jump ${title} and read after it is never before what was`, () => {
			const clock = live();
			clock.at(begin - 500);
			clock.synchronize(begin + jump + 1_000, 10 * second + 1_000);
			const time = clock.at(begin);
			expect(time).toBeGreaterThanOrEqual(10 * second - 500);
			expect(time).toBeLessThanOrEqual(10 * second + 1_000);
		});
	}

	test("readings of the two clocks that differ by five milliseconds are no news, by more they are", () => {
		const clock = live();
		clock.synchronize(begin + second, 11 * second + 5_000);
		expect(clock.at(begin + second)).toBe(11 * second);
		clock.synchronize(begin + 2 * second, 12 * second + 5_001);
		expect(clock.at(begin + 2 * second)).toBe(12 * second + 5_001);
	});

	test("time passes without frames, and never back", () => {
		const clock = live();
		clock.at(begin);
		clock.advance(50 * second + heldUsMax);
		expect(clock.now).toBe(50 * second);
		clock.advance(49 * second + heldUsMax);
		expect(clock.now).toBe(50 * second);
		clock.synchronize(begin + 40 * second, 50 * second + heldUsMax);
		expect(clock.at(begin + 39 * second)).toBe(50 * second);
	});

	test("a frame that was captured before somebody looked, and is read after it, keeps its time", () => {
		const clock = live();
		clock.at(begin);
		clock.advance(12 * second);
		clock.synchronize(begin + 2 * second, 12 * second);
		expect(clock.at(begin + 2 * second - heldUsMax)).toBe(12 * second - heldUsMax);
		expect(clock.at(begin + 2 * second - heldUsMax + 50)).toBe(12 * second - heldUsMax + 50);
	});

	test("no frame is held for longer than the clock waits: not by the kernel's block, a replacement and the pause together", () => {
		expect((replaceDelayMs + idleMsMax) * 1_000).toBeLessThan(heldUsMax);
		expect(replaceDelayMs).toBeGreaterThan(blockTimeoutMs);
	});
});
