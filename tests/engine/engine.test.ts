import { describe, expect, test } from "bun:test";
import { LinkType } from "../../src/capture/source.ts";
import { openStages } from "../../src/exporter/stages.ts";
import { dnsttQuery, paddedEthernetFrame, udpPacket } from "../support/frames.ts";
import { configOf, createDependencies, fillBatch, observed } from "../support/observed.ts";
import type { CaptureRecord } from "../support/pcapfile.ts";

const second = 1_000_000_000n;

function packet(paddingBytes = 8, clientId = new Uint8Array(8)): Uint8Array {
	const payload = dnsttQuery({ clientId, padding: [new Uint8Array(paddingBytes)] });
	const [source, destination] = ["192.0.2.1", "198.51.100.1"];
	return udpPacket({ source, destination, sourcePort: 4000, destinationPort: 53, payload });
}

const at = (timeNs: bigint, bytes = packet()): CaptureRecord => ({ timeNs, bytes });

describe("a batch", () => {
	test("is read record for record, whatever their lengths leave to the next multiple of 4", async () => {
		const { tracker, send } = await observed();
		const records = Array.from({ length: 25 }, (_, padding) => at(second, packet(padding)));
		expect(new Set(records.map(({ bytes }) => bytes.length % 4))).toEqual(new Set([0, 1, 2, 3]));
		const span = send(records);
		expect(span.frames).toBe(25);
		expect(tracker.queries.at(0)).toBe(25);
		expect(tracker.bytesIn.at(0)).toBe(records.reduce((sum, { bytes }) => sum + bytes.length - 28, 0));
	});

	test("of nothing is nothing, though bytes of an earlier read are there", async () => {
		const { tracker, send } = await observed();
		expect(send([])).toEqual({ frames: 0, firstUs: 0, lastUs: 0 });
		expect(tracker.sets.size).toBe(0);
	});

	test("tells the times of its first and last frame, in whole microseconds", async () => {
		const { send } = await observed();
		const span = send([at(5n * second + 1_999n), at(6n * second), at(7n * second + 999_999_999n)]);
		expect(span).toEqual({ frames: 3, firstUs: 5_000_001, lastUs: 7_999_999 });
	});

	test("tells the earliest and the latest time of frames in any order", async () => {
		const { send } = await observed();
		const span = send([7n, 9n, 5n, 8n].map((time) => at(time * second)));
		expect(span).toEqual({ frames: 4, firstUs: 5_000_000, lastUs: 9_000_000 });
	});

	test("of frames that break off or are padded does not spill into the next record", async () => {
		const { tracker, send } = await observed();
		const whole = paddedEthernetFrame(packet());
		const cut = { timeNs: second, bytes: whole.subarray(0, 40), originalLength: whole.length };
		expect(
			send([cut, at(second, whole), { timeNs: second, bytes: new Uint8Array() }], undefined, LinkType.EN10MB).frames,
		).toBe(3);
		expect(tracker.queries.at(0)).toBe(1);
		expect(tracker.bytesIn.at(0)).toBe(packet().length - 28);
	});
});

test("a sampler has its turn in front of the frame that reaches its moment, and is told that frame's stamp", async () => {
	const config = configOf();
	const { engine } = await openStages(config, createDependencies());
	engine.lookFor(LinkType.RAW, config.dnstt.ports);
	const reached: [stampUs: number, queries: number][] = [];
	const sampler = {
		nextUs: 6_000_000,
		reach(stampUs: number) {
			reached.push([stampUs, engine.tracker.queries.at(0)]);
			this.nextUs = stampUs + 1_000_000;
		},
	};
	const records = [at(5n * second), at(6n * second + 123_456_999n), at(7n * second), at(8n * second)];
	engine.observe(fillBatch(engine.batch, records), undefined, sampler);
	expect(reached).toEqual([
		[6_123_456, 1],
		[8_000_000, 3],
	]);
});

describe("a time range", () => {
	test.each<[title: string, timeNs: bigint, counts: boolean]>([
		["one microsecond before the first moment is out", 10n * second - 1_000n, false],
		["the first moment is in", 10n * second, true],
		["one microsecond before the second moment is in", 20n * second - 1_000n, true],
		["the second moment is out", 20n * second, false],
	])("%s", async (_, timeNs, counts) => {
		const { tracker, send } = await observed();
		const span = send([at(timeNs)], { fromUs: 10_000_000, toUs: 20_000_000 });
		expect(span.frames).toBe(counts ? 1 : 0);
		expect(tracker.sets.size).toBe(counts ? 1 : 0);
	});

	test("has the times of the frames in it", async () => {
		const { send } = await observed();
		const span = send(
			[9n, 10n, 15n, 19n, 20n].map((time) => at(time * second)),
			{ fromUs: 10_000_000, toUs: 20_000_000 },
		);
		expect(span).toEqual({ frames: 3, firstUs: 10_000_000, lastUs: 19_000_000 });
	});
});

test("sessions are active by the frames' own time", async () => {
	const { tracker, send } = await observed(configOf({ "session.active-window": "30s" }));
	const id = (last: number) => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, last);
	send([at(100n * second, packet(8, id(1))), at(130n * second, packet(8, id(2)))]);
	expect([tracker.activeByDomain.at(0), tracker.peakByDomain.at(0)]).toEqual([2, 2]);
	send([at(130n * second + 1_000n, packet(8, id(3)))]);
	expect([tracker.activeByDomain.at(0), tracker.peakByDomain.at(0)]).toEqual([2, 2]);
});
