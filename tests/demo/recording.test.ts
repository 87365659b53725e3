import { describe, expect, test } from "bun:test";
import { stampUsAt } from "../../src/capture/source.ts";
import {
	freshKey,
	type RecordedMessage,
	readRecording,
	recordedDomain,
	withFreshId,
	withLaterStamps,
	writeRecordedFrames,
} from "../../src/demo/recording.ts";
import { Outcome } from "../../src/wasm/shared/fault.ts";
import { expectedCounts } from "../main/captures.ts";
import { udpPacket } from "../support/frames.ts";
import { batchOfBytes } from "../support/observed.ts";
import { decoderOf } from "../wasm/decode/decoding.ts";

const decoder = decoderOf({ domains: [recordedDomain] });

/** The outcome and client id of a message. */
function read(bytes: Uint8Array, toServer: boolean): [Outcome, string] {
	const [sourcePort, destinationPort] = toServer ? [4000, 53] : [53, 4000];
	const addresses = { source: "192.0.2.1", destination: "192.0.2.2" };
	const packet = udpPacket({ ...addresses, sourcePort, destinationPort, payload: bytes });
	const outcome = decoder.decode(packet, 0, packet.length);
	return [outcome, `${decoder.observation.idHigh},${decoder.observation.idLow}`];
}

const outcomeOf = ({ toServer }: RecordedMessage) => (toServer ? Outcome.Query : Outcome.Response);

describe("the recording", () => {
	test("is written to a batch as frames with the same messages, as many as there is room for", async () => {
		const messages = await readRecording();
		for (const [bytes, expected] of [
			[1_000_000, messages.length],
			[1_000, 5],
		] as const) {
			const batch = batchOfBytes(bytes);
			const used = await writeRecordedFrames(batch);
			let at = 0;
			let index = 0;
			for (; at < used; index++) {
				const { bytes: message = new Uint8Array(), afterMs = Number.NaN } = messages[index] ?? {};
				const end = at + 16 + batch.view.getUint32(at + 8, true);
				expect(batch.bytes.slice(end - message.length, end)).toEqual(Uint8Array.from(message));
				const [first, time] = [0, at].map((start) => stampUsAt(batch, start)) as [number, number];
				expect(time - first).toBeCloseTo(afterMs * 1_000, 0);
				at = end;
			}
			expect([at, index]).toEqual([used, expected]);
		}
	});

	test("has the messages of the capture, in order, with the bytes that were counted in it", async () => {
		const messages = await readRecording();
		const expected = await expectedCounts("direct-ipv4");
		const bytes = (toServer: boolean) =>
			messages
				.filter((message) => message.toServer === toServer)
				.reduce((sum, message) => sum + message.bytes.length, 0);
		expect(messages).toHaveLength(expected.queries + expected.responses);
		expect([bytes(true), bytes(false)]).toEqual([expected.bytes_in, expected.bytes_out]);
		expect(new Set(messages.map(({ client }) => client))).toEqual(new Set([0, 1, 2]));
		const times = messages.map(({ afterMs }) => afterMs);
		expect(times).toEqual(times.toSorted((a, b) => a - b));
		expect([times[0], Math.round(times.at(-1) ?? 0)]).toEqual([0, 7100]);
	});
});

describe("a fresh id", () => {
	test("is one and the same for all messages of a client, and other than the recorded", async () => {
		const messages = await readRecording();
		const key = freshKey().map((turn) => turn | 1);
		const before = new Map<number, string>();
		const after = new Map<number, string>();
		for (const message of messages) {
			const [, recorded] = read(message.bytes, message.toServer);
			const [outcome, id] = read(withFreshId(message.bytes, key), message.toServer);
			expect(outcome).toBe(outcomeOf(message));
			expect(id).toBe(after.get(message.client) ?? id);
			before.set(message.client, recorded);
			after.set(message.client, id);
		}
		expect(new Set([...before.values(), ...after.values()]).size).toBe(6);
	});

	test("leaves the recorded message and its length as they are", async () => {
		const [first] = await readRecording();
		if (first === undefined) throw new Error("no message");
		const copy = first.bytes.slice();
		const fresh = withFreshId(first.bytes, freshKey());
		expect(first.bytes).toEqual(copy);
		expect(fresh).toHaveLength(copy.length);
		expect(withFreshId(fresh, new Array<number>(12).fill(0))).toEqual(fresh);
	});

	test("comes of a key of 12 numbers below 32, another each time", () => {
		const keys = Array.from({ length: 50 }, freshKey);
		for (const key of keys) {
			expect(key).toHaveLength(12);
			expect(key.every((turn) => Number.isInteger(turn) && turn >= 0 && turn < 32)).toBe(true);
		}
		expect(new Set(keys.map(String)).size).toBe(50);
	});
});

describe("later stamps", () => {
	/** The segments of a message and how many of its packets are malformed. */
	function segmentsOf(message: RecordedMessage, bytes: Uint8Array) {
		read(bytes, message.toServer);
		const { segments, packets, packetBytes } = decoder.observation;
		const columns = Array.from({ length: segments.count }, (_, index) => ({
			command: segments.command[index],
			stampMs: segments.stampMs[index] as number,
			sequence: segments.sequence[index],
		}));
		return { columns, malformed: segments.malformed, packets, packetBytes };
	}

	test.each([
		["of the next round", 8_100],
		["that wrap around", 2 ** 32 - 1],
		["of many rounds", 2 ** 32 + 3],
	])("%s are in all segments, both ways, and nothing else is changed in them", async (_, shiftMs) => {
		const commands = new Map<string, number>();
		for (const message of await readRecording()) {
			const recorded = segmentsOf(message, message.bytes);
			const later = segmentsOf(message, withLaterStamps(message.bytes, shiftMs));
			const columns = recorded.columns.map((segment) => ({ ...segment, stampMs: (segment.stampMs + shiftMs) >>> 0 }));
			expect(later).toEqual({ ...recorded, columns });
			for (const { command } of columns) {
				const key = `${command} ${message.toServer ? "up" : "down"}`;
				commands.set(key, (commands.get(key) ?? 0) + 1);
			}
		}
		// Pushes and acknowledgements: 34 and 580 of the former, as an independent reader of the capture counts too.
		expect([commands.get("81 up"), commands.get("81 down")]).toEqual([34, 580]);
		expect(commands.get("82 up")).toBeGreaterThan(0);
		expect(commands.get("82 down")).toBeGreaterThan(0);
	});

	test("are in the name of a response as in that of its query", async () => {
		const named = new Set<string>();
		const nameOf = (bytes: Uint8Array) => Buffer.from(bytes.subarray(12, bytes.indexOf(0, 12))).toString("latin1");
		for (const { bytes, toServer } of await readRecording()) {
			const name = nameOf(withLaterStamps(bytes, 8_100));
			if (toServer) named.add(name);
			else expect(named).toContain(name);
		}
		expect(named.size).toBeGreaterThan(500);
	});

	test("leave the recorded message as it is, and later by nothing are the message itself", async () => {
		for (const { bytes } of await readRecording()) {
			const copy = bytes.slice();
			withLaterStamps(bytes, 8_100);
			expect(bytes).toEqual(copy);
			expect(withLaterStamps(bytes, 0)).toEqual(copy);
		}
	});
});
