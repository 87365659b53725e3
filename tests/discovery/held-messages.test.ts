import { expect, spyOn, test } from "bun:test";
import { LinkType } from "../../src/capture/source.ts";
import { HeldMessages } from "../../src/discovery/held-messages.ts";
import { createPlacelessEngine } from "../../src/engine/placeless.ts";
import { Unrelated } from "../../src/wasm/shared/fault.ts";
import { dnsQuery, udpPacket } from "../support/frames.ts";
import { batchOfBytes, fillBatch } from "../support/observed.ts";

const bytes = udpPacket({
	...{ source: "203.0.113.1", destination: "198.51.100.1", sourcePort: 40_000, destinationPort: 53 },
	payload: dnsQuery({ name: "a.example" }),
});
const records = [1n, 2n, 3n].map((timeNs) => ({ timeNs, bytes }));
const recordBytes = 16 + bytes.length;
const extent = (index: number) => [index * recordBytes, (index + 1) * recordBytes] as const;

test("an engine observes the records that are held, and not the others", () => {
	const batch = batchOfBytes(1_000);
	fillBatch(batch, records);
	const held = new HeldMessages(1_000);
	for (const index of [0, 2]) held.add(batch, ...extent(index));
	held.endBatch(LinkType.RAW);
	batch.bytes.fill(0);
	const observed = () => {
		const engine = createPlacelessEngine([], [1, 2, 3, 4]);
		held.replay(engine, [53]);
		return engine.tracker.unrelatedOf(Unrelated.Domain);
	};
	expect(observed()).toBe(2);
	held.clear();
	expect(observed()).toBe(0);
});

test("they are full once the bound is reached, and empty again when they are cleared", () => {
	const batch = batchOfBytes(1_000);
	fillBatch(batch, records);
	const held = new HeldMessages(2 * recordBytes);
	held.add(batch, ...extent(0));
	expect(held.isFull).toBe(false);
	held.add(batch, ...extent(1));
	expect(held.isFull).toBe(true);
	held.clear();
	expect(held.isFull).toBe(false);
});

test("as many are kept as the bound says, of several link types and in their order", () => {
	const held = new HeldMessages(8 * 1024 * 1024);
	const batch = batchOfBytes(300_000);
	const many = Array.from({ length: 1_000 }, (_, index) => ({ timeNs: BigInt(index), bytes }));
	const used = fillBatch(batch, many);
	let batches = 0;
	for (; !held.isFull; batches++) {
		held.add(batch, 0, used);
		held.endBatch(batches % 2 === 0 ? LinkType.RAW : LinkType.EN10MB);
	}
	const engine = createPlacelessEngine([], [1, 2, 3, 4]);
	held.replay(engine, [53]);
	expect(batches).toBe(Math.ceil((8 * 1024 * 1024) / used));
	expect(engine.tracker.unrelatedOf(Unrelated.Domain)).toBe(Math.ceil(batches / 2) * 1_000);
});

test("batches of few messages or none, as of a host with other traffic, are read again in few", () => {
	const batch = batchOfBytes(1_000);
	fillBatch(batch, records);
	const held = new HeldMessages(4 * 1024 * 1024);
	for (let index = 0; index < 1_000; index++) {
		if (index % 10 === 0) held.add(batch, ...extent(0));
		held.endBatch(LinkType.LINUX_SLL2);
	}
	const engine = createPlacelessEngine([], [1, 2, 3, 4]);
	const observe = spyOn(engine, "observe");
	held.replay(engine, [53]);
	expect(observe.mock.calls).toEqual([[100 * recordBytes]]);
});
