import { describe, expect, test } from "bun:test";
import type { LiveSource } from "../../src/capture/live.ts";
import { CaptureError, type FrameBatch, LinkType, stampUsAt, type TimeRange } from "../../src/capture/source.ts";
import {
	CaptureSupervisor,
	type InterfaceCounts,
	idleMsMax,
	reopenDelayMaxMs,
	reopenDelayMinMs,
	replaceDelayMaxMs,
	replaceDelayMs,
	turnMsMax,
	turnMsMin,
} from "../../src/capture/supervisor.ts";
import { batchOfBytes } from "../support/observed.ts";

const beginUs = 1_700_000_000_000_000;

/** A source whose frames and faults are the test's. */
class FakeSource implements LiveSource {
	readonly linkType = LinkType.RAW;
	readonly ports = [53];
	batches = 0;
	/** The stamp of the next batch's first frame, which goes up by 1 ms with each batch. */
	stampUs = beginUs;
	fault: Error | null = null;
	received = 0;
	closed = false;
	bufferBytes = 16 << 20;
	batchBytes = 16;

	constructor(readonly interfaceName = "fake0") {}

	read({ view }: FrameBatch): number {
		if (this.fault !== null) throw this.fault;
		if (this.batches === 0) return 0;
		this.batches--;
		this.received++;
		view.setUint32(0, Math.floor(this.stampUs / 1e6), true);
		view.setUint32(4, (this.stampUs % 1e6) * 1_000, true);
		this.stampUs += 1_000;
		return this.batchBytes;
	}
	statistics() {
		return { received: this.received, droppedByKernel: this.received * 2, droppedByInterface: 0 };
	}
	close(): void {
		this.closed = true;
	}
}

/** A supervisor over fake sources; `opens` are what opening gives next: a source, or a fault. */
function supervised(opens: (FakeSource | Error)[]) {
	const log = {
		broke: [] as string[],
		opened: 0,
		news: [] as string[],
		consumed: [] as (TimeRange & { readonly stampUs: number })[],
		delays: [] as number[],
		/** Between two times that the source is read. */
		pauses: [] as number[],
	};
	/** The time by both clocks, and how long taking a batch takes. */
	const clock = { nowUs: beginUs, batchUs: 0 };
	const works = new Set<() => void>();
	let turn: (() => void) | null = null;
	const batch = batchOfBytes(64);
	const supervisor = new CaptureSupervisor({
		open() {
			const next = opens.shift() ?? new CaptureError("still away");
			if (next instanceof Error) throw next;
			return next;
		},
		opened(_, isFirst) {
			log.opened++;
			if (isFirst) log.news.push("open");
		},
		batch,
		consume(_, range) {
			log.consumed.push({ ...range, stampUs: stampUsAt(batch, 0) });
			clock.nowUs += clock.batchUs;
		},
		failed(fault, isFirst) {
			log.broke.push(fault.message);
			if (isFirst) log.news.push(fault.message);
		},
		schedule(given, delayMs) {
			if (delayMs <= idleMsMax) {
				log.pauses.push(delayMs);
				turn = given;
				return () => {
					turn = null;
				};
			}
			log.delays.push(delayMs);
			const work = () => {
				works.delete(work);
				given();
			};
			works.add(work);
			return () => works.delete(work);
		},
		wallUs: () => clock.nowUs,
		monotonicUs: () => clock.nowUs,
	});
	/** Lets the time of the last wait pass; false if nothing waits. */
	const pass = () => {
		const due = [...works].at(-1);
		due?.();
		return due !== undefined;
	};
	/** Lets the time to the next reading pass; false if there is none. */
	const read = () => {
		const due = turn;
		turn = null;
		due?.();
		return due !== null;
	};
	const waiting = () => works.size;
	return { supervisor, log, pass, read, clock, waiting };
}

function countsOf(supervisor: CaptureSupervisor, interfaceName = "fake0"): InterfaceCounts {
	const counts = supervisor.counts().get(interfaceName);
	if (counts === undefined) throw new Error(`nothing was counted of ${interfaceName}`);
	return counts;
}

const fault = new CaptureError("gone");

describe("a capture that breaks", () => {
	test("is opened again with growing waits up to the longest, and told once", () => {
		const source = new FakeSource();
		const { supervisor, log, pass, read } = supervised([source]);
		source.fault = fault;
		expect(read()).toBe(true);
		expect({ up: supervisor.up, closed: source.closed, broke: log.broke }).toEqual({
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
		const { supervisor, log, pass } = supervised([sources[0], new CaptureError("away"), sources[1]]);
		sources[0].batches = 1;
		supervisor.catchUp();
		sources[0].fault = fault;
		supervisor.catchUp();
		pass();
		pass();
		expect({ up: supervisor.up, reopened: countsOf(supervisor).reopened, opened: log.opened }).toEqual({
			up: true,
			reopened: 1,
			opened: 2,
		});
		sources[1].batches = 1;
		supervisor.catchUp();
		expect(countsOf(supervisor)).toEqual({ received: 2, droppedByKernel: 4, droppedByInterface: 0, reopened: 1 });
		sources[1].fault = fault;
		supervisor.catchUp();
		// Open after a break it is on trial for the longest wait.
		expect(log.delays).toEqual([100, 200, 5000, 100]);
		expect(log.news).toEqual(["open", "gone", "open", "gone"]);
		expect(log.broke).toEqual(["gone", "gone"]);
	});

	test("at once whenever it was opened is waited for as one that stays away, and told once", () => {
		const sources = Array.from({ length: 9 }, () => new FakeSource());
		const { supervisor, log, pass, read } = supervised([...sources]);
		for (const source of sources.slice(0, 8)) {
			source.fault = fault;
			read();
			pass();
		}
		expect(log.delays.filter((_, index) => index % 2 === 0)).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
		expect(log.news).toEqual(["open", "gone", "open"]);
		expect({ broke: log.broke.length, opened: log.opened, up: supervisor.up }).toEqual({
			broke: 8,
			opened: 9,
			up: true,
		});
		// It stayed open for the longest wait.
		pass();
		(sources[8] as FakeSource).fault = fault;
		supervisor.catchUp();
		expect([log.delays.at(-1), log.news.at(-1)]).toEqual([reopenDelayMinMs, "gone"]);
	});

	test("is not opened again once it was stopped", () => {
		const source = new FakeSource();
		const { supervisor, pass } = supervised([source]);
		source.fault = fault;
		supervisor.catchUp();
		supervisor.stop();
		expect(pass()).toBe(false);
	});

	test("a fault of this program's own is thrown", () => {
		const source = new FakeSource();
		const { supervisor } = supervised([source]);
		source.fault = new TypeError("ours");
		expect(() => supervisor.catchUp()).toThrow("ours");
	});

	test("that cannot be opened the first time is thrown", () => {
		expect(() => supervised([fault])).toThrow("gone");
	});
});

/** A moment that is surely ahead when the wall clock is read in milliseconds. */
const cutUs = beginUs + 1_000;

describe("a capture that is replaced for another configuration", () => {
	test("gives all from before a moment, its successor what comes a gap later, and is closed only then", () => {
		const [old, next] = [new FakeSource(), new FakeSource()];
		const { supervisor, log, pass } = supervised([old]);
		old.batches = 3;
		next.batches = 2;
		next.stampUs = beginUs - 1_000;
		void supervisor.replace(() => next);
		expect({ closed: old.closed, up: supervisor.up, opened: log.opened, delays: log.delays }).toEqual({
			...{ closed: false, up: true, opened: 1, delays: [replaceDelayMs] },
		});
		supervisor.catchUp();
		// The batch from the moment on is the successor's.
		expect({ closed: old.closed, opened: log.opened, news: log.news }).toEqual({
			...{ closed: true, opened: 2, news: ["open", "open"] },
		});
		expect(log.consumed).toEqual([
			{ stampUs: beginUs, fromUs: Number.NEGATIVE_INFINITY, toUs: cutUs },
			{ stampUs: beginUs - 1_000, fromUs: cutUs + 100, toUs: Number.POSITIVE_INFINITY },
			{ stampUs: beginUs, fromUs: cutUs + 100, toUs: Number.POSITIVE_INFINITY },
		]);
		// It was not broken.
		expect([log.broke, countsOf(supervisor).reopened]).toEqual([[], 0]);
		// Stamps decide nothing any more after a while: the wall clock may have been set.
		expect(log.delays).toEqual([replaceDelayMs, replaceDelayMaxMs]);
		pass();
		next.batches = 1;
		supervisor.catchUp();
		expect(log.consumed.at(-1)).toMatchObject({ fromUs: Number.NEGATIVE_INFINITY });
	});

	test("that has nothing more to give is closed when its last block was handed over, not before", async () => {
		const [old, next] = [new FakeSource(), new FakeSource()];
		const { supervisor, pass } = supervised([old]);
		let isReplaced = false;
		const replaced = supervisor
			.replace(() => next)
			.then(() => {
				isReplaced = true;
			});
		supervisor.catchUp();
		await Promise.resolve();
		expect([old.closed, isReplaced]).toEqual([false, false]);
		old.batches = 1;
		pass();
		expect([old.closed, old.received, supervisor.up]).toEqual([true, 1, true]);
		await replaced;
	});

	test("that has more from before than can be read is closed after a while", () => {
		const [old, next] = [new FakeSource(), new FakeSource()];
		const { supervisor, log, pass, clock } = supervised([old]);
		Object.assign(old, { batches: 1e6, stampUs: beginUs - 1e9 });
		clock.batchUs = 1_000;
		void supervisor.replace(() => next);
		pass();
		expect(old.closed).toBe(false);
		expect(log.delays.at(-1)).toBe(replaceDelayMaxMs);
		pass();
		expect([old.closed, supervisor.up, log.opened]).toEqual([true, true, 2]);
	});

	test("by one that cannot be opened stays as it was", () => {
		const old = new FakeSource();
		const { supervisor, log } = supervised([old]);
		const open = () => {
			throw fault;
		};
		expect(() => supervisor.replace(open)).toThrow("gone");
		expect([old.closed, supervisor.up, log.broke, log.delays]).toEqual([false, true, [], []]);
		old.batches = 1;
		supervisor.catchUp();
		expect(log.consumed).toEqual([
			{ stampUs: beginUs, fromUs: Number.NEGATIVE_INFINITY, toUs: Number.POSITIVE_INFINITY },
		]);
	});

	test("and breaks meanwhile leaves the field to its successor at once", () => {
		const [old, next] = [new FakeSource(), new FakeSource()];
		const { supervisor, log } = supervised([old]);
		void supervisor.replace(() => next);
		old.fault = fault;
		supervisor.catchUp();
		expect([old.closed, supervisor.up, log.opened, log.broke]).toEqual([true, true, 2, []]);
	});

	test("twice in a row is closed twice, the one in between too", () => {
		const sources = Array.from({ length: 3 }, () => new FakeSource());
		const [old, between, last] = sources as [FakeSource, FakeSource, FakeSource];
		const { supervisor, pass } = supervised([old]);
		void supervisor.replace(() => between);
		void supervisor.replace(() => last);
		expect(sources.map(({ closed }) => closed)).toEqual([true, false, false]);
		pass();
		expect([sources.map(({ closed }) => closed), supervisor.up]).toEqual([[true, true, false], true]);
	});

	test("soon after the time before leaves out what its successor gives, to the end", () => {
		const [old, between, last] = [new FakeSource(), new FakeSource(), new FakeSource()];
		const { supervisor, log, pass, waiting } = supervised([old]);
		void supervisor.replace(() => between);
		pass();
		// What ends the first replacement must not end the second.
		void supervisor.replace(() => last);
		expect(waiting()).toBe(1);
		between.batches = 1;
		supervisor.catchUp();
		expect(log.consumed).toEqual([{ stampUs: beginUs, fromUs: cutUs + 100, toUs: cutUs }]);
	});

	test("is closed with its successor when it is stopped", () => {
		const [old, next] = [new FakeSource(), new FakeSource()];
		const { supervisor, pass } = supervised([old]);
		void supervisor.replace(() => next);
		supervisor.stop();
		expect([old.closed, next.closed, supervisor.up, pass()]).toEqual([true, true, false, false]);
	});

	test("counts by interface, and what both captured once", () => {
		const [eth0, eth1, again] = [new FakeSource("eth0"), new FakeSource("eth1"), new FakeSource("eth0")];
		const { supervisor, pass } = supervised([eth0]);
		const received = () => [...supervisor.counts()].map(([name, counts]) => [name, counts.received]);
		eth0.received = 5;
		eth1.received = 2;
		void supervisor.replace(() => eth1);
		// Until both are open one counts, from then on the other.
		eth0.received += 10;
		eth1.received += 10;
		expect(received()).toEqual([
			["eth0", 5],
			["eth1", 10],
		]);
		pass();
		void supervisor.replace(() => again);
		pass();
		again.received++;
		expect(received()).toEqual([
			["eth0", 6],
			["eth1", 10],
		]);
	});

	test("while it is closed tries the other configuration at once, and again later", () => {
		const source = new FakeSource();
		const { supervisor, log, pass } = supervised([source, fault, new FakeSource()]);
		source.fault = fault;
		supervisor.catchUp();
		pass();
		expect(log.delays).toEqual([100, 200]);
		void supervisor.replace(() => {
			throw fault;
		});
		expect([supervisor.up, log.delays]).toEqual([false, [100, 200, reopenDelayMinMs]]);
		pass();
		expect([supervisor.up, log.opened, countsOf(supervisor).reopened]).toEqual([true, 2, 1]);
	});

	test("waits no longer for what the old configuration named", () => {
		const source = new FakeSource();
		const { supervisor, log, pass } = supervised([source, fault, fault]);
		source.fault = fault;
		supervisor.catchUp();
		pass();
		pass();
		void supervisor.replace(() => new FakeSource());
		expect({ up: supervisor.up, opened: log.opened, reopened: countsOf(supervisor).reopened }).toEqual({
			...{ up: true, opened: 2, reopened: 1 },
		});
		expect(pass()).toBe(false);
	});

	test("is not opened once it was stopped", () => {
		const { supervisor, log } = supervised([new FakeSource()]);
		supervisor.stop();
		void supervisor.replace(() => new FakeSource());
		expect({ up: supervisor.up, opened: log.opened }).toEqual({ up: false, opened: 1 });
	});
});

describe("reading", () => {
	test("says after a turn's time that there is more", () => {
		const source = new FakeSource();
		const { supervisor, log, clock } = supervised([source]);
		source.batches = turnMsMin + 1;
		clock.batchUs = 1_000;
		expect([supervisor.catchUp(), log.consumed.length]).toEqual([false, turnMsMin]);
		expect([supervisor.catchUp(), log.consumed.length]).toEqual([true, turnMsMin + 1]);
	});

	test("takes as much of the time as others do, within bounds, and lets them have their turn", async () => {
		const source = new FakeSource();
		const { log, clock, read } = supervised([source]);
		source.batches = 1_000;
		clock.batchUs = 1_000;
		read();
		// Nobody knows what others did before.
		const taken = [log.consumed.length];
		for (const othersMs of [0, turnMsMin + 3, turnMsMax + 3]) {
			clock.nowUs += othersMs * 1_000;
			const before = log.consumed.length;
			await new Promise((resolve) => setImmediate(resolve));
			taken.push(log.consumed.length - before);
		}
		expect(taken).toEqual([turnMsMax, turnMsMin, turnMsMin + 3, turnMsMax]);
	});
});

describe("between two times that everything was read", () => {
	test.each<[title: string, bufferBytes: number, pauseMs: number]>([
		["of the default size takes to be filled by the fastest flood", 16 << 20, 41.94304],
		["that is large would take longer for, so that frames are not held for longer than the clock waits", 256 << 20, 90],
		[
			"that is small would take less for, so that an idle process wakes two hundred times a second at most",
			512 << 10,
			5,
		],
	])("passes what a buffer %s", (_, bufferBytes, pauseMs) => {
		const source = new FakeSource();
		source.bufferBytes = bufferBytes;
		const { log } = supervised([source]);
		expect(log.pauses).toEqual([pauseMs]);
	});

	test("an eighth of the buffer is filled, whether by many small frames or by few large ones", () => {
		const source = new FakeSource();
		const { log, clock, read } = supervised([source]);
		const pauseOf = (bytes: number, elapsedMs: number) => {
			source.batches = 1;
			source.batchBytes = bytes;
			clock.nowUs += elapsedMs * 1_000;
			expect(read()).toBe(true);
			return log.pauses.at(-1);
		};
		const eighth = 2 << 20;
		pauseOf(0, 40);
		expect([pauseOf(eighth * 2, 40), pauseOf(eighth * 2, 20), pauseOf(eighth * 2, 10)]).toEqual([20, 10, 5]);
		expect(pauseOf(eighth, 5)).toBe(5);
		expect(pauseOf(eighth / 2, 5)).toBe(10);
		expect(pauseOf(eighth * 100, 5)).toBe(1);
		expect(pauseOf(1_000, 10)).toBe(41.94304);
	});

	test("nothing is read once the capture is closed", () => {
		const { supervisor, read } = supervised([new FakeSource()]);
		supervisor.stop();
		expect(read()).toBe(false);
	});
});

describe("a capture is alive", () => {
	test("while it is open, and while it waits to be opened again; not once it was stopped", () => {
		const source = new FakeSource();
		const { supervisor } = supervised([source]);
		expect(supervisor.isAlive()).toBe(true);
		source.fault = fault;
		supervisor.catchUp();
		expect(supervisor.isAlive()).toBe(true);
		supervisor.stop();
		expect(supervisor.isAlive()).toBe(false);
	});

	test("when nothing comes for a long time", () => {
		const { supervisor } = supervised([new FakeSource()]);
		for (let checks = 0; checks < 10; checks++) expect(supervisor.isAlive()).toBe(true);
	});
});
