import { describe, expect, test } from "bun:test";
import type { LiveOptions } from "../../src/capture/live.ts";
import { CaptureError } from "../../src/capture/source.ts";
import { lookMs, pausesMs, startElsewhere } from "../../src/exporter/elsewhere.ts";
import { FakeSource } from "./fake-source.ts";

/** Looks over fake captures; time passes when it is let. */
function looking() {
	const state = { hasTraffic: false, isCapturing: true, refuses: false };
	const opened: FakeSource[] = [];
	const options: LiveOptions[] = [];
	let nowMs = 0;
	let timers: { readonly work: () => void; readonly dueMs: number }[] = [];
	const elsewhere = startElsewhere({
		open(live) {
			options.push(live);
			if (state.refuses) throw new CaptureError("no permission to capture on any");
			const source = new FakeSource(live);
			opened.push(source);
			return source;
		},
		seed: [1, 2, 3, 4],
		hasTraffic: () => state.hasTraffic,
		isCapturing: () => state.isCapturing,
		schedule(work, delayMs) {
			const timer = { work, dueMs: nowMs + delayMs };
			timers.push(timer);
			return () => {
				timers = timers.filter((other) => other !== timer);
			};
		},
	});
	const pass = (ms: number) => {
		const endMs = nowMs + ms;
		for (;;) {
			const next = timers.filter(({ dueMs }) => dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0];
			if (next === undefined) break;
			timers = timers.filter((timer) => timer !== next);
			nowMs = next.dueMs;
			next.work();
		}
		nowMs = endMs;
	};
	const tunnel = () => {
		for (let sequence = 0; sequence < 10; sequence++) opened.at(-1)?.dataQuery(sequence, sequence * 1_000, 5_300);
	};
	return { state, elsewhere, opened, options, pass, tunnel, pending: () => timers.length };
}

const [first = 0, second = 0, third = 0] = pausesMs;
const found = { domain: "t.example.com", port: 5_300, interfaces: [] };

describe("while nothing came for the domains", () => {
	test("a tunnel on another port is found, by a capture of all ports of any, which is closed then", () => {
		const { elsewhere, opened, options, pass, tunnel } = looking();
		pass(first - 1);
		expect(opened).toHaveLength(0);
		pass(1);
		expect(options).toMatchObject([{ interfaceName: "any", ports: [] }]);
		tunnel();
		pass(lookMs);
		expect(opened[0]?.closed).toBe(true);
		expect(elsewhere.discovered()).toMatchObject([found]);
	});

	test("it is looked again after a while, then seldom, and the last look counts", () => {
		const { elsewhere, opened, pass, tunnel } = looking();
		pass(first);
		tunnel();
		pass(lookMs);
		expect(elsewhere.discovered()).toHaveLength(1);
		pass(second + lookMs);
		expect([opened.length, elsewhere.discovered()]).toEqual([2, []]);
		pass(third + lookMs);
		pass(third + lookMs);
		expect(opened).toHaveLength(4);
	});

	test("a look that is refused finds nothing, and the next is made all the same", () => {
		const { state, elsewhere, options, opened, pass, tunnel } = looking();
		state.refuses = true;
		pass(first);
		expect([options.length, elsewhere.discovered()]).toEqual([1, []]);
		state.refuses = false;
		pass(second);
		tunnel();
		pass(lookMs);
		expect([opened.length, elsewhere.discovered().length]).toEqual([1, 1]);
	});

	test("a capture that fails meanwhile is closed, and what came before counts", () => {
		const { elsewhere, opened, pass, tunnel, pending } = looking();
		pass(first);
		tunnel();
		pass(200);
		opened[0]?.breaks();
		pass(200);
		expect([opened[0]?.closed, elsewhere.discovered().length, pending()]).toEqual([true, 1, 1]);
	});

	test("nothing is looked for while the capture is closed", () => {
		const { state, opened, pass } = looking();
		state.isCapturing = false;
		pass(first + second);
		expect(opened).toHaveLength(0);
		state.isCapturing = true;
		pass(third);
		expect(opened).toHaveLength(1);
	});
});

describe("once something came", () => {
	test("there is no look and no timer any more", () => {
		const { state, opened, pass, pending } = looking();
		state.hasTraffic = true;
		pass(first);
		expect([opened.length, pending()]).toEqual([0, 0]);
	});

	test("a look ends at once, without a result", () => {
		const { state, elsewhere, opened, pass, tunnel, pending } = looking();
		pass(first);
		tunnel();
		state.hasTraffic = true;
		pass(100);
		expect([opened[0]?.closed, elsewhere.discovered(), pending()]).toEqual([true, [], 0]);
	});
});

test("stopping closes the capture of a look and leaves no timer", () => {
	const { elsewhere, opened, pass, pending } = looking();
	pass(first);
	elsewhere.stop();
	expect([opened[0]?.closed, pending()]).toEqual([true, 0]);
});
