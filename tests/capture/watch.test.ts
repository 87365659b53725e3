import { describe, expect, test } from "bun:test";
import type { LiveSource } from "../../src/capture/live.ts";
import { CaptureError, LinkType } from "../../src/capture/source.ts";
import { reopenDelayMaxMs, reopenDelayMinMs, restartBatchesMax, Watch } from "../../src/capture/watch.ts";
import { batchOfBytes } from "../support/observed.ts";

/** A source whose frames and faults are the test's. */
class FakeSource implements LiveSource {
	readonly interfaceName = "fake0";
	readonly linkType = LinkType.RAW;
	batches = 0;
	fault: Error | null = null;
	received = 0;
	closed = false;
	armed = 0;
	wake = () => {};
	/** What onReadable and arm throw. */
	deaf: Error | null = null;

	read(): number {
		if (this.fault !== null) throw this.fault;
		if (this.batches === 0) return 0;
		this.batches--;
		this.received++;
		return 8;
	}
	onReadable(callback: () => void): void {
		if (this.deaf !== null) throw this.deaf;
		this.wake = callback;
	}
	arm(): void {
		if (this.deaf !== null) throw this.deaf;
		this.armed++;
	}
	statistics() {
		return { received: this.received, droppedByKernel: this.received * 2, droppedByInterface: 0 };
	}
	close(): void {
		this.closed = true;
	}
}

/** A watch over fake sources; `opens` are what opening gives next: a source, or a fault. */
function watched(opens: (FakeSource | Error)[]) {
	const log = { broke: [] as string[], opened: 0, news: [] as string[], consumed: 0, delays: [] as number[] };
	let work: (() => void) | null = null;
	const watch = new Watch({
		open() {
			const next = opens.shift() ?? new CaptureError("still away");
			if (next instanceof Error) throw next;
			return next;
		},
		opened(_, isNews) {
			log.opened++;
			if (isNews) log.news.push("open");
		},
		batch: batchOfBytes(64),
		consume: () => log.consumed++,
		broke(fault, isNews) {
			log.broke.push(fault.message);
			if (isNews) log.news.push(fault.message);
		},
		later(given, delayMs) {
			log.delays.push(delayMs);
			work = given;
			return () => {
				work = null;
			};
		},
	});
	/** Lets the time of the last wait pass; false if nothing waits. */
	const pass = () => {
		const due = work;
		work = null;
		due?.();
		return due !== null;
	};
	return { watch, log, pass };
}

const fault = new CaptureError("gone");

describe("a capture that breaks", () => {
	test("is opened again with growing waits up to the longest, and told once", () => {
		const source = new FakeSource();
		const { watch, log, pass } = watched([source]);
		source.fault = fault;
		source.wake();
		expect({ up: watch.up, closed: source.closed, broke: log.broke }).toEqual({
			up: false,
			closed: true,
			broke: ["gone"],
		});
		for (let tries = 0; tries < 10; tries++) expect(pass()).toBe(true);
		expect(log.delays).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000, 5000]);
		expect([log.delays[0], log.delays.at(-1)]).toEqual([reopenDelayMinMs, reopenDelayMaxMs]);
		expect(log.broke).toEqual(["gone"]);
	});

	test("goes on with the counts of before, and waits shortly again at the next break", () => {
		const sources = [new FakeSource(), new FakeSource()] as const;
		const { watch, log, pass } = watched([sources[0], new CaptureError("away"), sources[1]]);
		sources[0].batches = 1;
		watch.drainOnce();
		sources[0].fault = fault;
		watch.drainOnce();
		pass();
		pass();
		expect({ up: watch.up, reopened: watch.reopened, opened: log.opened }).toEqual({
			up: true,
			reopened: 1,
			opened: 2,
		});
		sources[1].batches = 1;
		watch.drainOnce();
		expect(watch.statistics()).toEqual({ received: 2, droppedByKernel: 4, droppedByInterface: 0 });
		sources[1].fault = fault;
		watch.drainOnce();
		// Open after a break it is on trial for the longest wait.
		expect(log.delays).toEqual([100, 200, 5000, 100]);
		expect(log.news).toEqual(["open", "gone", "open", "gone"]);
		expect(log.broke).toEqual(["gone", "gone"]);
	});

	test("at once whenever it was opened is waited for as one that stays away, and told once", () => {
		const sources = Array.from({ length: 9 }, () => new FakeSource());
		const { watch, log, pass } = watched([...sources]);
		for (const source of sources.slice(0, 8)) {
			source.fault = fault;
			source.wake();
			pass();
		}
		expect(log.delays.filter((_, index) => index % 2 === 0)).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
		expect(log.news).toEqual(["open", "gone", "open"]);
		expect({ broke: log.broke.length, opened: log.opened, up: watch.up }).toEqual({ broke: 8, opened: 9, up: true });
		// It stayed open for the longest wait.
		pass();
		(sources[8] as FakeSource).fault = fault;
		watch.drainOnce();
		expect([log.delays.at(-1), log.news.at(-1)]).toEqual([reopenDelayMinMs, "gone"]);
	});

	test("because it can wake nobody is closed and opened again later", () => {
		const [first, deaf, last] = [new FakeSource(), new FakeSource(), new FakeSource()];
		const { watch, log, pass } = watched([first, deaf, last]);
		first.deaf = fault;
		first.wake();
		expect([watch.up, first.closed, watch.isAlive()]).toEqual([false, true, true]);
		deaf.deaf = fault;
		pass();
		expect([watch.up, deaf.closed, watch.isAlive(), watch.reopened]).toEqual([false, true, true, 0]);
		pass();
		expect([watch.up, watch.reopened, log.opened]).toEqual([true, 1, 2]);
	});

	test("because it can wake nobody is closed at the first time too", () => {
		const source = new FakeSource();
		source.deaf = fault;
		expect(() => watched([source])).toThrow("gone");
		expect(source.closed).toBe(true);
	});

	test("is not opened again once it was stopped", () => {
		const source = new FakeSource();
		const { watch, pass } = watched([source]);
		source.fault = fault;
		watch.drainOnce();
		watch.stop();
		expect(pass()).toBe(false);
	});

	test("a fault of this program's own is thrown", () => {
		const source = new FakeSource();
		const { watch } = watched([source]);
		source.fault = new TypeError("ours");
		expect(() => watch.drainOnce()).toThrow("ours");
	});

	test("that cannot be opened the first time is thrown", () => {
		expect(() => watched([fault])).toThrow("gone");
	});
});

describe("a capture that is restarted for another configuration", () => {
	test("is closed and opened anew at once, with the counts of before", () => {
		const sources = [new FakeSource(), new FakeSource()] as const;
		const { watch, log } = watched([...sources]);
		sources[0].batches = 1;
		watch.drainOnce();
		watch.restart();
		expect({ closed: sources[0].closed, up: watch.up, opened: log.opened }).toEqual({
			closed: true,
			up: true,
			opened: 2,
		});
		expect(watch.statistics().received).toBe(1);
		expect(log.broke).toEqual([]);
		expect(log.news).toEqual(["open", "open"]);
		// It was not broken.
		expect(watch.reopened).toBe(0);
	});

	test.each([
		[1, 1],
		[restartBatchesMax, restartBatchesMax],
		[restartBatchesMax + 1, restartBatchesMax],
	])("of %d batches that it holds takes %d before it closes", (held, taken) => {
		const source = new FakeSource();
		const { watch, log } = watched([source, new FakeSource()]);
		source.batches = held;
		watch.restart();
		expect(log.consumed).toBe(taken);
	});

	test("is opened anew at once when it breaks while what it holds is taken", () => {
		const source = new FakeSource();
		const { watch, log, pass } = watched([source, new FakeSource()]);
		source.fault = fault;
		watch.restart();
		expect([watch.up, watch.reopened, log.opened]).toEqual([true, 1, 2]);
		expect(pass()).toBe(false);
	});

	test("tells why it cannot be opened, and tries again", () => {
		const { watch, log, pass } = watched([new FakeSource(), fault, new FakeSource()]);
		watch.restart();
		expect({ up: watch.up, broke: log.broke, delays: log.delays }).toEqual({
			up: false,
			broke: ["gone"],
			delays: [reopenDelayMinMs],
		});
		pass();
		expect(watch.up).toBe(true);
	});

	test("waits no longer for what the old configuration named", () => {
		const source = new FakeSource();
		const { watch, log, pass } = watched([source, fault, fault, new FakeSource()]);
		source.fault = fault;
		watch.drainOnce();
		pass();
		pass();
		watch.restart();
		expect({ up: watch.up, opened: log.opened }).toEqual({ up: true, opened: 2 });
		expect(pass()).toBe(false);
	});

	test("is not opened once it was stopped", () => {
		const { watch, log } = watched([new FakeSource(), new FakeSource()]);
		watch.stop();
		watch.restart();
		expect({ up: watch.up, opened: log.opened }).toEqual({ up: false, opened: 1 });
	});
});

describe("a capture is alive", () => {
	test("while it is open, and while it waits to be opened again; not once it was stopped", () => {
		const source = new FakeSource();
		const { watch } = watched([source]);
		expect(watch.isAlive()).toBe(true);
		source.fault = fault;
		watch.drainOnce();
		expect(watch.isAlive()).toBe(true);
		watch.stop();
		expect(watch.isAlive()).toBe(false);
	});

	test("not when frames lie there at three checks in a row and none of them woke it", () => {
		const source = new FakeSource();
		const { watch } = watched([source]);
		source.batches = 100;
		expect([watch.isAlive(), watch.isAlive(), watch.isAlive()]).toEqual([true, true, false]);
		source.wake();
		expect(watch.isAlive()).toBe(true);
	});

	test("when nothing comes for a long time", () => {
		const { watch } = watched([new FakeSource()]);
		for (let checks = 0; checks < 10; checks++) expect(watch.isAlive()).toBe(true);
	});
});
