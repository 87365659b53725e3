import { describe, expect, test } from "bun:test";
import type { LiveSource } from "../../src/capture/live.ts";
import { CaptureError, type FrameBatch, linkTypes } from "../../src/capture/source.ts";
import { reopenDelayMaxMs, reopenDelayMinMs, Watch } from "../../src/capture/watch.ts";

/** A source whose frames and faults are the test's. */
class FakeSource implements LiveSource {
	readonly interfaceName = "fake0";
	readonly linkType = linkTypes.RAW;
	readonly batch: FrameBatch = { bytes: new Uint8Array(8), words: new Uint32Array(2) };
	batches = 0;
	fault: Error | null = null;
	received = 0;
	closed = false;
	armed = 0;
	wake = () => {};

	read(): number {
		if (this.fault !== null) throw this.fault;
		if (this.batches === 0) return 0;
		this.batches--;
		this.received++;
		return 8;
	}
	onReadable(callback: () => void): void {
		this.wake = callback;
	}
	arm(): void {
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
	const log = { broke: [] as string[], opened: 0, consumed: 0, delays: [] as number[] };
	let work: (() => void) | null = null;
	const watch = new Watch({
		open() {
			const next = opens.shift() ?? new CaptureError("still away");
			if (next instanceof Error) throw next;
			return next;
		},
		opened: () => log.opened++,
		consume: () => log.consumed++,
		broke: (fault) => log.broke.push(fault.message),
		later(given, delayMs) {
			log.delays.push(delayMs);
			work = given;
			return () => {
				work = null;
			};
		},
	});
	/** Lets the time of the wait pass; false if nothing waits. */
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
		expect(log.delays).toEqual([100, 200, 100]);
		expect(log.broke).toEqual(["gone", "gone"]);
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
