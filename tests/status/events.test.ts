import { describe, expect, test } from "bun:test";
import {
	Events,
	statusMs,
	viewersMax,
	viewersPerLocalMax,
	viewersPerNetworkMax,
	waitingMax,
} from "../../src/status/events.ts";

/** Events over a clock that the test turns, and how often the status was made. */
function eventsOf() {
	let statuses = 0;
	const timers = new Set<() => void>();
	const events = new Events({
		history: () => ({ hour: [], day: [] }),
		status: () => ({ number: ++statuses }),
		every(work, intervalMs) {
			expect(intervalMs).toBe(statusMs);
			timers.add(work);
			return () => timers.delete(work);
		},
	});
	return {
		events,
		timers,
		statuses: () => statuses,
		tick: () => {
			for (const work of timers) work();
		},
	};
}

let networks = 0;

/** A viewer of a network of its own that reads one event at a time. */
function viewerOf(events: Events, network = `network ${++networks}`) {
	const stream = events.open(network, false);
	if (stream === null) throw new Error("no room for the viewer");
	const reader = stream.getReader();
	return {
		read: async () => new TextDecoder().decode((await reader.read()).value),
		closed: reader.closed,
		leave: () => reader.cancel(),
	};
}

describe("events", () => {
	test("make nothing while nobody looks", () => {
		const { timers, statuses } = eventsOf();
		expect([timers.size, statuses()]).toEqual([0, 0]);
	});

	test("give a viewer the history and the status at once, and then the status at each tick", async () => {
		const { events, tick } = eventsOf();
		const viewer = viewerOf(events);
		expect(await viewer.read()).toBe('event: history\ndata: {"hour":[],"day":[]}\n\n');
		expect(await viewer.read()).toBe('event: status\ndata: {"number":1}\n\n');
		tick();
		expect(await viewer.read()).toBe('event: status\ndata: {"number":2}\n\n');
		events.send("point", { hour: [1] });
		expect(await viewer.read()).toBe('event: point\ndata: {"hour":[1]}\n\n');
	});

	test("make one status at a tick, however many look, and none once all have gone", async () => {
		const { events, tick, timers, statuses } = eventsOf();
		const viewers = Array.from({ length: 7 }, () => viewerOf(events));
		expect([timers.size, statuses()]).toEqual([1, 7]);
		tick();
		expect(statuses()).toBe(8);
		for (const viewer of viewers) await viewer.leave();
		expect(timers.size).toBe(0);
		viewerOf(events);
		expect(timers.size).toBe(1);
	});

	test("have room for viewersMax, refuse one more, and have room again when one left", async () => {
		const { events } = eventsOf();
		const viewers = Array.from({ length: viewersMax }, () => viewerOf(events));
		expect(events.open("192.0.2.1", false)).toBeNull();
		expect(events.open("127.0.0.1", true)).toBeNull();
		await viewers[0]?.leave();
		expect(events.open("192.0.2.1", false)).not.toBeNull();
	});

	test("have room for viewersPerLocalMax of one address of this host, and for others besides", () => {
		const { events } = eventsOf();
		for (let n = 0; n < viewersPerLocalMax; n++) expect(events.open("127.0.0.1", true)).not.toBeNull();
		expect(events.open("127.0.0.1", true)).toBeNull();
		expect(events.open("127.0.0.2", true)).not.toBeNull();
		for (let n = 1; n < viewersPerNetworkMax; n++) expect(events.open("192.0.2.1", false)).not.toBeNull();
		expect(events.open("192.0.2.1", false)).toBeNull();
	});

	test("have room for viewersPerNetworkMax of one network, refuse one more of it, and no other's", async () => {
		const { events } = eventsOf();
		const viewers = Array.from({ length: viewersPerNetworkMax }, () => viewerOf(events, "192.0.2.1"));
		expect(events.open("192.0.2.1", false)).toBeNull();
		expect(events.open("192.0.2.2", false)).not.toBeNull();
		await viewers[0]?.leave();
		expect(events.open("192.0.2.1", false)).not.toBeNull();
	});

	test("cut off a viewer that does not read once waitingMax events wait for it, and no other", async () => {
		const { events, tick, timers } = eventsOf();
		const slow = viewerOf(events);
		const quick = viewerOf(events);
		const slowEnd = slow.closed.then(
			() => "closed",
			(error: Error) => error.message,
		);
		await quick.read();
		await quick.read();
		for (let waiting = 2; waiting < waitingMax; waiting++) {
			tick();
			await quick.read();
		}
		const state = await Promise.race([slowEnd, Bun.sleep(20).then(() => "open")]);
		expect(state).toBe("open");
		tick();
		await quick.read();
		expect(await slowEnd).toBe("too slow a reader");
		expect(timers.size).toBe(1);
	});

	test("send everyone away at the end", async () => {
		const { events, timers } = eventsOf();
		const viewer = viewerOf(events);
		await viewer.read();
		await viewer.read();
		events.close();
		await viewer.closed;
		expect(timers.size).toBe(0);
	});
});
