import { expect, test } from "bun:test";
import { LinkType } from "../../src/capture/source.ts";
import { writeSyntheticFrame } from "../../src/demo/synthetic-frame.ts";
import { Outcome } from "../../src/wasm/shared/fault.ts";
import { dnsttQuery } from "../support/messages.ts";
import { batchOfBytes } from "../support/observed.ts";
import { decoderOf } from "../wasm/decode/decoding.ts";

const datagram = {
	timeUs: 1_700_000_000_123_456,
	source: 0xc0000201,
	destination: 0xc6336401,
	sourcePort: 40_000,
	destinationPort: 53,
	payload: dnsttQuery({ id: 7, clientId: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }),
};

test("a synthetic frame is decoded as the query that it carries, at its time", () => {
	const batch = batchOfBytes(4_096);
	const next = writeSyntheticFrame(batch, 0, datagram);
	expect([batch.view.getUint32(0, true), batch.view.getUint32(4, true)]).toEqual([1_700_000_000, 123_456_000]);
	const captured = batch.view.getUint32(8, true);
	expect(batch.view.getUint32(12, true)).toBe(captured);
	expect(next).toBe(16 + captured);
	const decoder = decoderOf({ linkType: LinkType.NULL });
	expect(decoder.decode(batch.bytes, 16, 16 + captured)).toBe(Outcome.Query);
	const { resolver3, resolverPort, idHigh, idLow, messageBytes } = decoder.observation;
	expect([resolver3 >>> 0, resolverPort, idHigh, idLow]).toEqual([0xc0000201, 40_000, 0x01020304, 0x05060708]);
	expect(messageBytes).toBe(datagram.payload.length);
});

test("one that fits to the byte is written, one byte less of room and it is not", () => {
	const bytes = writeSyntheticFrame(batchOfBytes(4_096), 0, datagram);
	expect(writeSyntheticFrame(batchOfBytes(bytes), 0, datagram)).toBe(bytes);
	expect(writeSyntheticFrame(batchOfBytes(bytes - 1), 0, datagram)).toBe(0);
});
