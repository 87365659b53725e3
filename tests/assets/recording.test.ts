import { describe, expect, test } from "bun:test";
import {
	freshKey,
	type RecordedMessage,
	readRecording,
	recordedDomain,
	withFreshId,
} from "../../src/assets/recording.ts";
import { linkTypes } from "../../src/capture/source.ts";
import { Decoder } from "../../src/decode/decoder.ts";
import { Outcome } from "../../src/decode/fault.ts";
import { expectedCounts } from "../main/captures.ts";
import { udpPacket } from "../support/frames.ts";

const decoder = new Decoder({ linkType: linkTypes.RAW, domains: [recordedDomain], ports: [53] });

/** The outcome and client id of a message. */
function read(bytes: Uint8Array, toServer: boolean): [Outcome, string] {
	const [sourcePort, destinationPort] = toServer ? [4000, 53] : [53, 4000];
	const addresses = { source: "192.0.2.1", destination: "192.0.2.2" };
	const packet = udpPacket({ ...addresses, sourcePort, destinationPort, payload: bytes });
	const outcome = decoder.decode(packet, 0, packet.length);
	return [outcome, `${decoder.seen.idHigh},${decoder.seen.idLow}`];
}

const outcomeOf = ({ toServer }: RecordedMessage) => (toServer ? Outcome.Query : Outcome.Response);

describe("the recording", () => {
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
